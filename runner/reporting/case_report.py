"""Playbook tests on a screen: a line for each case, and all that is known of those that failed."""

from collections.abc import Iterable
from typing import Final

from runner.core.source import Span
from runner.reporting.case_results import CaseResult, CasesRun, Coverage, Mismatch
from runner.reporting.escape import display_width, padded, visible
from runner.reporting.terminal import Terminal, Tone, fitted, painted
from runner.reporting.words import spoken_duration

STORY_LINES: Final = 24
"""How much of a failed case's run is shown, from its end."""
_SIDE_BY_SIDE_MIN: Final = 24


def case_line(result: CaseResult, terminal: Terminal) -> str:
    """Return the one line of a case."""
    mark, tone = ("ok  ", Tone.GOOD) if result.passed else ("FAIL", Tone.BAD)
    virtual = spoken_duration(result.virtual_s)
    words = f"{result.file}: {result.name} ({result.summary}, {virtual} in its world)"
    return fitted(f"{painted(mark, tone, terminal)}  {visible(words)}\n", terminal)


def render_failures(run: CasesRun, terminal: Terminal) -> str:
    """Show every case that has failed: what was expected, what came of it, and the run's end."""
    return "".join(failure_text(case, terminal) for case in run.cases if not case.passed)


def render_summary(run: CasesRun, terminal: Terminal) -> str:
    """Show coverage where it was asked for, and the count of cases."""
    lines = [_coverage(each, run.coverage_min, terminal) for each in run.coverage]
    passed = len(run.cases) - run.failed
    words = f"{passed} passed, {run.failed} failed"
    if run.deselected:
        words += f", {run.deselected} not chosen"
    poor = len(run.poorly_covered)
    if poor:
        words += f", {poor} covered below {run.coverage_min} %"
    tone = Tone.BAD if run.failed or poor else Tone.GOOD
    return fitted(f"{''.join(lines)}{painted(words, tone, terminal)}\n", terminal)


def failure_text(case: CaseResult, terminal: Terminal) -> str:
    """Show one case that has failed."""
    head = painted(f"FAIL  {visible(case.name)}", Tone.BAD, terminal)
    lines = [f"\n{head}\n      {visible(place_words(case.place))}\n"]
    lines += [_mismatch(each, terminal) for each in case.mismatches]
    story = case.story.strip("\n").splitlines()
    if story:
        cut = "" if len(story) <= STORY_LINES else f", the last {STORY_LINES} lines"
        lines.append(f"\n      the run{cut}:\n")
        lines += [f"      | {visible(line)}".rstrip() + "\n" for line in story[-STORY_LINES:]]
    return fitted("".join(lines), terminal)


def place_words(place: Span) -> str:
    """Spell a place as ``file:line``."""
    return f"{place.file}:{place.line}"


def _mismatch(found: Mismatch, terminal: Terminal) -> str:
    head = f"\n      {visible(found.what)}  {visible(place_words(found.place))}\n"
    expected, actual = found.expected.splitlines() or [""], found.actual.splitlines() or [""]
    room = (terminal.width - 10) // 2
    left = ["expected", *map(visible, expected)]
    right = ["actual", *map(visible, actual)]
    if room >= _SIDE_BY_SIDE_MIN and max(map(display_width, left)) <= room:
        height = max(len(left), len(right))
        left += [""] * (height - len(left))
        right += [""] * (height - len(right))
        width = max(map(display_width, left)) + 3
        rows = (f"        {padded(a, width)}{b}" for a, b in zip(left, right, strict=True))
    else:
        rows = (f"        {line}" for line in [*_labelled(left), *_labelled(right)])
    return head + "".join(f"{row.rstrip()}\n" for row in rows)


def _labelled(lines: Iterable[str]) -> list[str]:
    label, *texts = lines
    return [f"{label}: {texts[0]}", *(f"  {text}" for text in texts[1:])]


def _coverage(coverage: Coverage, least: int, terminal: Terminal) -> str:
    tone = Tone.BAD if coverage.percent < least else Tone.STRONG
    words = f"{coverage.playbook}: {coverage.covered} of {coverage.total} shown"
    lines = [f"{painted(f'{coverage.percent:3} %', tone, terminal)}  {visible(words)}\n"]
    lines += [
        f"       {visible(place_words(each.place))}  {visible(each.path)}: {each.what}\n"
        for each in coverage.missing
    ]
    return "".join(lines)
