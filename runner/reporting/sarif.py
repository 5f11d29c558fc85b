"""Findings as SARIF, which code hosts and editors show beside the code.

Source: OASIS SARIF 2.1.0, sections 3.14 (run), 3.27 (result), 3.30 (region), 3.49 (rule).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import runner
from runner.core.diagnostics import CODES, Diagnostic, Severity
from runner.core.errors import ExitCode
from runner.core.source import SourceFile
from runner.reporting.checked import FileChecked, all_findings, fingerprint, path_in_checkout
from runner.reporting.diagnostics import SourceOf
from runner.reporting.escape import visible
from runner.reporting.explaining import load_explanation

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning"}
_ROOT: Final = "SRCROOT"


def sarif_log(files: Sequence[FileChecked], source_of: SourceOf, cwd: Path) -> str:
    """Return a log of one run.

    Shapes: lines and columns of a region count from 1, code points, its end column is exclusive, as
        SARIF has it. Rules are the codes that were found. ASCII alone; ends with a line break.
    """
    found = all_findings(files)
    codes = sorted({each.code for each in found})
    sources = {name: source_of(name) for name in dict.fromkeys(each.span.file for each in found)}
    failed = any(file.errors for file in files)
    run = {
        "tool": {
            "driver": {
                "name": "runner",
                "version": runner.__version__,
                "rules": [_rule(code) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "where the runner was started"}}},
        "invocations": [
            {
                # It says whether the tool could do its work, and not what it found.
                "executionSuccessful": True,
                "exitCode": int(ExitCode.INVALID if failed else ExitCode.DONE),
            }
        ],
        "results": [_result(each, codes, sources[each.span.file], cwd) for each in found],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str) -> Mapping[str, object]:
    explained = load_explanation(code)
    return {
        "id": code,
        "shortDescription": {"text": CODES[code]},
        "fullDescription": {"text": explained.why},
        "help": {"text": f"{explained.why}\n\nrunner explain {code} shows an example."},
        "defaultConfiguration": {"level": _LEVELS[explained.severity]},
    }


def _result(
    found: Diagnostic, codes: Sequence[str], source: SourceFile | None, cwd: Path
) -> Mapping[str, object]:
    words = visible(found.summary) + (f"\n{visible(found.hint)}" if found.hint else "")
    line = source.line(found.span.line) if source is not None and found.quotable else ""
    path = path_in_checkout(found.span.file, cwd)
    region: dict[str, object] = {
        "startLine": found.span.line,
        "startColumn": found.span.column,
        "endLine": found.span.end_line,
        "endColumn": found.span.end_column,
    }
    if line:
        region["snippet"] = {"text": line}
    return {
        "ruleId": found.code,
        "ruleIndex": codes.index(found.code),
        "level": _LEVELS[found.severity],
        "message": {"text": words},
        "locations": [
            {"physicalLocation": {"artifactLocation": _artifact(path), "region": region}}
        ],
        "partialFingerprints": {"lineWithoutNumber/v1": fingerprint(found, path, source)},
    }


def _artifact(path: str) -> Mapping[str, str]:
    # A name of bytes that are no UTF-8 holds surrogates here; each byte is escaped as itself.
    spelled = quote(path.encode("utf-8", "surrogateescape"))
    if path.startswith("/"):
        return {"uri": f"file://{spelled}"}
    # Without it a colon in the first part would look like the end of a scheme.
    return {"uri": spelled.replace(":", "%3A"), "uriBaseId": _ROOT}
