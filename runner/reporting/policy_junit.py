"""Cases of a policy as JUnit XML: a file is a suite, and a verdict nobody expected a failure.

Source: github.com/testmoapp/junitxml, the conventions that CI services agree on.
"""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from runner.controls.policy_cases import CaseResult
from runner.reporting.escape import visible
from runner.reporting.policies import expected_words, verdict_words


def policy_cases_junit(files: Mapping[str, Sequence[CaseResult]]) -> str:
    """Return one test suite for each file of cases.

    Shapes: ``files`` are results by the file's name. ASCII alone; ends with a line break.
    """
    everything = [result for results in files.values() for result in results]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="runner policy test" {_counts(everything)}>',
    ]
    for name, results in files.items():
        lines.append(f"  <testsuite name={quoteattr(visible(name))} {_counts(results)}>")
        lines += (_case(name, result) for result in results)
        lines.append("  </testsuite>")
    lines.append("</testsuites>")
    return "".join(f"{line}\n" for line in lines).encode("ascii", "xmlcharrefreplace").decode()


def _counts(results: Sequence[CaseResult]) -> str:
    failures = sum(not each.passed for each in results)
    return f'tests="{len(results)}" failures="{failures}" errors="0" skipped="0" time="0"'


def _case(file: str, result: CaseResult) -> str:
    span = result.case.span
    head = f"    <testcase classname={quoteattr(visible(file))}"
    head += f" name={quoteattr(visible(result.case.name))}"
    head += f' file={quoteattr(visible(span.file))} line="{span.line}" time="0"'
    if result.passed:
        return f"{head}/>"
    words = f"expected {expected_words(result)}, got {verdict_words(result.verdict)}"
    return (
        f'{head}>\n      <failure type="verdict" message={quoteattr(visible(words))}>'
        f"{escape(visible(result.verdict.reason))}</failure>\n    </testcase>"
    )
