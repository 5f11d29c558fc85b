"""Findings as a GitLab Code Quality report.

Source: docs.gitlab.com/ci/testing/code_quality, "Code Quality report format".
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from runner.core.diagnostics import Diagnostic, Severity
from runner.reporting.checked import FileChecked, all_findings, path_in_checkout
from runner.reporting.diagnostics import SourceOf
from runner.reporting.escape import visible

_SEVERITIES: Final = {Severity.ERROR: "major", Severity.WARNING: "minor"}


def code_quality(files: Sequence[FileChecked], source_of: SourceOf, cwd: Path) -> str:
    """Return the report: a list with one object for each finding.

    Shapes: lines count from 1. A fingerprint is made of path, code, words and the text of the line,
        never of its number, so that it stays while other lines come and go; the second of two that
        are alike is made of that too. ASCII alone; ends with a line break.
    """
    seen: dict[str, int] = {}
    report = []
    for found in all_findings(files):
        path = path_in_checkout(found.span.file, cwd)
        source = source_of(found.span.file)
        line = source.line(found.span.line).strip() if source is not None else ""
        identity = "\0".join((path, found.code, found.summary, line))
        seen[identity] = seen.get(identity, 0) + 1
        report.append(_issue(found, path, f"{identity}\0{seen[identity]}"))
    return json.dumps(report, indent=2) + "\n"


def _issue(found: Diagnostic, path: str, identity: str) -> Mapping[str, object]:
    words = visible(found.summary)
    if found.hint:
        words += f"; {visible(found.hint)}"
    return {
        "description": words,
        "check_name": found.code,
        "fingerprint": sha256(identity.encode("utf-8", "surrogatepass")).hexdigest(),
        "severity": _SEVERITIES[found.severity],
        "location": {"path": path, "lines": {"begin": found.span.line}},
    }
