"""Playbook tests for programs: NDJSON, annotations of GitHub Actions, JUnit XML.

Source of the JUnit shape: github.com/testmoapp/junitxml, the conventions that CI services agree on.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from xml.sax.saxutils import escape, quoteattr

import runner
from runner.reporting.case_report import failure_text, place_words
from runner.reporting.case_results import CaseResult, CasesRun, Coverage, Mismatch
from runner.reporting.escape import visible
from runner.reporting.github import annotation, capped
from runner.reporting.terminal import Terminal

_PLAIN = Terminal()


def cases_json(run: CasesRun, *, exit_code: int) -> str:
    """Return NDJSON: the version, a line for each case, one for each playbook covered, the end."""
    lines: list[Mapping[str, object]] = [{"type": "version", "runner": runner.__version__}]
    lines += map(_case_json, run.cases)
    lines += map(_coverage_json, run.coverage)
    passed = len(run.cases) - run.failed
    lines.append({"type": "result", "exit": exit_code, "passed": passed, "failed": run.failed})
    return "".join(f"{json.dumps(line)}\n" for line in lines)


def _case_json(case: CaseResult) -> Mapping[str, object]:
    return {
        "type": "case",
        "file": case.file,
        "line": case.place.line,
        "playbook": case.playbook,
        "name": case.name,
        "passed": case.passed,
        "summary": case.summary,
        "duration_s": round(case.duration_s, 3),
        "virtual_s": round(case.virtual_s, 3),
        "mismatches": [
            {
                "what": each.what,
                "expected": each.expected,
                "actual": each.actual,
                "file": each.place.file,
                "line": each.place.line,
                "column": each.place.column,
            }
            for each in case.mismatches
        ],
    }


def _coverage_json(coverage: Coverage) -> Mapping[str, object]:
    return {
        "type": "coverage",
        "playbook": coverage.playbook,
        "percent": coverage.percent,
        "covered": coverage.covered,
        "total": coverage.total,
        "missing": [
            {"path": each.path, "what": each.what, "line": each.place.line, "file": each.place.file}
            for each in coverage.missing
        ],
    }


def cases_github(run: CasesRun, cwd: Path) -> str:
    """Return annotations: each expectation that was not met, and what is covered too little.

    Shapes: one line each; nothing where all is well. Capped, as ``capped`` says.
    """
    errors, warnings = tuple(_unmet(run, cwd)), tuple(_uncovered(run, cwd))
    return capped("error", errors) + capped("warning", warnings)


def _unmet(run: CasesRun, cwd: Path) -> Iterator[str]:
    for case in run.cases:
        for each in case.mismatches:
            lines = [
                case.name,
                f"expected: {_flat(each.expected)}",
                f"actual: {_flat(each.actual)}",
            ]
            yield annotation("error", each.what, each.place, lines, cwd)


def _uncovered(run: CasesRun, cwd: Path) -> Iterator[str]:
    for coverage in run.poorly_covered:
        for missing in coverage.missing:
            title = f"{coverage.percent} % covered"
            yield annotation(
                "warning", title, missing.place, [f"{missing.path}: {missing.what}"], cwd
            )


def _flat(text: str) -> str:
    return " ".join(text.split())


def cases_junit(run: CasesRun) -> str:
    """Return one test suite for each file of tests.

    Shapes: a case has at most one failure, because some readers take only the first; it holds all
        mismatches and the end of the run as text. ASCII alone; ends with a line break.
    Units: ``time`` is seconds of the machine.
    """
    files: dict[str, list[CaseResult]] = {}
    for case in run.cases:
        files.setdefault(case.file, []).append(case)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="runner test" {_counts(list(run.cases))}>',
    ]
    for name, cases in files.items():
        lines.append(f"  <testsuite name={quoteattr(visible(name))} {_counts(cases)}>")
        lines += map(_case_xml, cases)
        lines.append("  </testsuite>")
    lines.append("</testsuites>")
    return "".join(f"{line}\n" for line in lines).encode("ascii", "xmlcharrefreplace").decode()


def _counts(cases: list[CaseResult]) -> str:
    failures = sum(not case.passed for case in cases)
    seconds = sum(case.duration_s for case in cases)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="0"'
    return f'{counts} time="{seconds:.3f}"'


def _case_xml(case: CaseResult) -> str:
    group = visible(PurePath(case.file).with_suffix("").as_posix())
    head = f"    <testcase classname={quoteattr(group)} name={quoteattr(visible(case.name))}"
    head += f' file={quoteattr(visible(case.file))} line="{case.place.line}"'
    head += f' time="{case.duration_s:.3f}"'
    if case.passed:
        return f"{head}/>"
    words = quoteattr(visible(_summary(case.mismatches)))
    text = escape(failure_text(case, _PLAIN))
    return (
        f'{head}>\n      <failure type="mismatch" message={words}>{text}</failure>\n    </testcase>'
    )


def _summary(mismatches: tuple[Mismatch, ...]) -> str:
    first = mismatches[0]
    words = f"{first.what}: expected {_flat(first.expected)}, got {_flat(first.actual)}"
    more = f" (and {len(mismatches) - 1} more)" if len(mismatches) > 1 else ""
    return f"{place_words(first.place)}: {words}{more}"
