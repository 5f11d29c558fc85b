"""Findings as JUnit XML: a file is a test case, and one with errors is a failed one.

Source: github.com/testmoapp/junitxml, the conventions that CI services agree on.
"""

from collections.abc import Sequence
from pathlib import PurePath
from xml.sax.saxutils import escape, quoteattr

from runner.core.diagnostics import Severity
from runner.reporting.checked import FileChecked
from runner.reporting.diagnostics import SourceOf, count_line, render_diagnostics
from runner.reporting.escape import visible
from runner.reporting.terminal import Terminal

_PLAIN = Terminal()


def junit_xml(files: Sequence[FileChecked], source_of: SourceOf) -> str:
    """Return one test suite over all files.

    Shapes: a case has at most one failure, because some readers take only the first; it holds every
        error of the file as text. Warnings are the case's output. ASCII alone: what XML cannot hold
        is spelt out, what ASCII cannot is a character reference. Ends with a line break.
    """
    failures = sum(bool(file.errors) for file in files)
    counts = f'tests="{len(files)}" failures="{failures}" errors="0" skipped="0"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="runner validate" {counts}>',
        f'  <testsuite name="runner validate" {counts} time="0">',
        *(_case(file, source_of) for file in files),
        "  </testsuite>",
        "</testsuites>",
    ]
    return "".join(f"{line}\n" for line in lines).encode("ascii", "xmlcharrefreplace").decode()


def _case(file: FileChecked, source_of: SourceOf) -> str:
    folder = visible(PurePath(file.name).parent.as_posix())
    name = visible(file.name)
    head = f"    <testcase classname={quoteattr(folder)} name={quoteattr(name)}"
    head += f' file={quoteattr(name)} time="0"'
    errors = [each for each in file.diagnostics if each.severity is Severity.ERROR]
    warnings = [each for each in file.diagnostics if each.severity is not Severity.ERROR]
    inner = []
    if errors:
        first = min(errors, key=lambda each: each.span)
        words = visible(first.summary)
        if len(errors) > 1:
            words = f"{count_line(errors)}; the first: {words}"
        text = escape(render_diagnostics(errors, _PLAIN, source_of))
        inner.append(
            f"      <failure type={quoteattr(first.code)} message={quoteattr(words)}>"
            f"{text}</failure>"
        )
    if warnings:
        text = escape(render_diagnostics(warnings, _PLAIN, source_of))
        inner.append(f"      <system-out>{text}</system-out>")
    if not inner:
        return f"{head}/>"
    return "\n".join([f"{head}>", *inner, "    </testcase>"])
