"""Findings as JSON, for programs: ``schemas/diagnostics.schema.json`` has every field.

Source: OpenTofu ``internal/command/views/json/diagnostic.go``: every field says from where it
counts, and a place comes with the text it points at.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

import runner
from runner.core.diagnostics import Diagnostic
from runner.core.source import SourceFile
from runner.reporting.checked import FileChecked, all_findings
from runner.reporting.diagnostics import SourceOf

FORMAT_VERSION: Final = "runner.diagnostics/1"
"""What a reader looks at first: a later number may take fields away, this one only gains some."""


def findings_json(files: Sequence[FileChecked], source_of: SourceOf) -> str:
    """Return one JSON document about all files.

    Shapes: ASCII alone, so that no character of a file reaches a terminal as itself; ends with a
        line break. Lines and columns of ``range`` count from 1, its end is exclusive; the offsets
        of ``snippet`` count from 0, the end is exclusive. Columns and offsets are code points.
    """
    found = all_findings(files)
    sources = {name: source_of(name) for name in dict.fromkeys(each.span.file for each in found)}
    document = {
        "format": FORMAT_VERSION,
        "tool": {"name": "runner", "version": runner.__version__},
        "valid": not any(file.errors for file in files),
        "errors": sum(file.errors for file in files),
        "warnings": sum(file.warnings for file in files),
        "files": [_file(file) for file in files],
        "diagnostics": [_diagnostic(each, sources[each.span.file]) for each in found],
    }
    return json.dumps(document, indent=2) + "\n"


def _file(file: FileChecked) -> Mapping[str, object]:
    return {
        "name": file.name,
        "valid": not file.errors,
        "errors": file.errors,
        "warnings": file.warnings,
        "steps": file.steps,
        "effects": file.effects,
    }


def _diagnostic(found: Diagnostic, source: SourceFile | None) -> Mapping[str, object]:
    span = found.span
    return {
        "severity": found.severity.value,
        "code": found.code,
        "summary": found.summary,
        "hint": found.hint or None,
        "file": span.file,
        "range": {
            "start": {"line": span.line, "column": span.column},
            "end": {"line": span.end_line, "column": span.end_column},
        },
        "snippet": None if source is None else _snippet(found, source),
    }


def _snippet(found: Diagnostic, source: SourceFile) -> Mapping[str, object] | None:
    line = source.line(found.span.line)
    if not found.quotable or not line.strip():
        return None
    start = min(found.span.column - 1, len(line))
    end = found.span.end_column - 1 if found.span.end_line == found.span.line else len(line)
    return {"text": line, "start": start, "end": max(min(end, len(line)), start)}
