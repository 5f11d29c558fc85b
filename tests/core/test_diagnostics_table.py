import re
from pathlib import Path

import pytest

from runner.core.diagnostics import (
    CODES,
    Diagnostic,
    Severity,
    did_you_mean,
    has_errors,
    sorted_diagnostics,
)
from runner.core.source import Span

PLACE = Span(file="a.yaml", line=1, column=1, end_line=1, end_column=2)


def _found(
    summary: str = "wrong", line: int = 1, severity: Severity = Severity.ERROR
) -> Diagnostic:
    span = Span(file="a.yaml", line=line, column=1, end_line=line, end_column=2)
    return Diagnostic(code="wrong-value", summary=summary, span=span, severity=severity)


@pytest.mark.parametrize(("code", "sentence"), CODES.items(), ids=CODES.keys())
def test_code_is_kebab_case_and_has_a_sentence(code: str, sentence: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
    assert sentence.endswith(".")
    assert sentence[0].isupper() or sentence[0] == "`"


def test_sentences_differ() -> None:
    assert len(set(CODES.values())) == len(CODES)


def test_code_nobody_can_look_up_is_refused() -> None:
    with pytest.raises(AssertionError, match="no-such-code"):
        Diagnostic(code="no-such-code", summary="x", span=PLACE)


def test_codes_written_in_the_program_are_in_the_table(repository: Path) -> None:
    written = {
        code
        for file in (repository / "runner").rglob("*.py")
        for code in re.findall(r'\bcode="([a-z-]+)"', file.read_text(encoding="utf-8"))
    }

    assert written
    assert written <= set(CODES)


def test_findings_are_sorted_by_place_and_repeats_dropped() -> None:
    later, first, again = _found(line=9), _found(line=2), _found(line=2)

    assert sorted_diagnostics([later, first, again]) == (first, later)


def test_lines_are_ordered_as_numbers() -> None:
    assert [d.span.line for d in sorted_diagnostics([_found(line=10), _found(line=9)])] == [9, 10]


def test_warnings_alone_stop_nothing() -> None:
    assert not has_errors([])
    assert not has_errors([_found(severity=Severity.WARNING)])
    assert has_errors([_found(severity=Severity.WARNING), _found()])


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("amout", ["amount", "coin"], 'did you mean "amount"?'),
        ("zzz", ["coin", "amount", "coin"], "known here: amount, coin"),
        ("zzz", [], ""),
        ("", ["a"], "known here: a"),
    ],
)
def test_hint_names_the_nearest_word_or_the_known_ones(
    word: str, known: list[str], expected: str
) -> None:
    assert did_you_mean(word, known) == expected


def test_hint_shows_no_more_than_twelve_words() -> None:
    hint = did_you_mean("zzz", [f"w{n:02d}" for n in range(13)])

    assert hint.endswith("w11, …")
