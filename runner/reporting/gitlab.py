"""Findings as a GitLab Code Quality report.

Source: docs.gitlab.com/ci/testing/code_quality, "Code Quality report format".
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from runner.core.diagnostics import Diagnostic, Severity
from runner.reporting.checked import FileChecked, all_findings, fingerprint, path_in_checkout
from runner.reporting.diagnostics import SourceOf
from runner.reporting.escape import visible

_SEVERITIES: Final = {Severity.ERROR: "major", Severity.WARNING: "minor"}


def code_quality(files: Sequence[FileChecked], source_of: SourceOf, cwd: Path) -> str:
    """Return the report: a list with one object for each finding.

    Shapes: lines count from 1; two findings never have one fingerprint. ASCII alone; ends with a
        line break.
    """
    seen: set[str] = set()
    report = []
    for found in all_findings(files):
        path = path_in_checkout(found.span.file, cwd)
        source = source_of(found.span.file)
        number = 1
        while (known := fingerprint(found, path, source, number=number)) in seen:
            number += 1
        seen.add(known)
        report.append(_issue(found, path, known))
    return json.dumps(report, indent=2) + "\n"


def _issue(found: Diagnostic, path: str, known: str) -> Mapping[str, object]:
    words = visible(found.summary)
    if found.hint:
        words += f"; {visible(found.hint)}"
    return {
        "description": words,
        "check_name": found.code,
        "fingerprint": known,
        "severity": _SEVERITIES[found.severity],
        "location": {"path": path, "lines": {"begin": found.span.line}},
    }
