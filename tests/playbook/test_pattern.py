import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.playbook.pattern import PATTERN_MAX, TEXT_MAX, PatternInvalid, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("TRS-[0-9]{4,}", "TRS-0017"),
        ("^TRS-[0-9]{4,}$", "TRS-0017"),
        ("[A-Z]{2,4}-[0-9]+", "ABC-1"),
        ("(desk|book)-[a-z]+", "desk-arb"),
        ("([a-z]+-)?[0-9]+", "17"),
        ("(?:ab)+", "abab"),
        (r"\w+\.\d+", "a.1"),
        ("[]a]+", "]a"),
        ("[^]]", "a"),
        (r"a\{2}", "a{2}"),
        ("a{}", "a{}"),
        (".*", ""),
        (r"\(x\)+", "(x))"),
    ],
)
def test_pattern_matches_as_regular_expressions_do(pattern: str, text: str) -> None:
    assert compile_pattern(pattern).fullmatch(text)


def test_pattern_knows_ascii_digits_alone() -> None:
    assert not compile_pattern(r"\d").fullmatch("٣")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a+)+", "repeats a group"),
        ("(a+){20}", "repeats a group"),
        ("(a|aa)+", "repeats a group"),
        ("((a*)b)*", "repeats a group"),
        ("(a?){30}", "repeats a group"),
        ("a*a*a*a*a*", "more repeats"),
        ("a{0,99}a{0,99}a{0,99}a{0,99}a{0,99}", "more repeats"),
        ("a?" * 29, "more repeats"),
        (r"(a)\1", "refer back"),
        ("(?P<x>a)", "plain groups"),
        ("(?=a)a", "plain groups"),
        ("(?i)a", "plain groups"),
        ("[", "not a regular expression"),
        ("a{2,1}", "not a regular expression"),
        ("[[a]", "not a regular expression"),
        ("a" * (PATTERN_MAX + 1), "at most 200 characters"),
    ],
)
def test_pattern_that_could_run_long_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(PatternInvalid, match=reason):
        compile_pattern(pattern)


_PIECES = st.sampled_from(
    ["a", "b", "[ab]", ".", "(", "(?:", ")", "|", "*", "+", "?", "{2}", "{1,3}", "{2,}", "\\d"]
)


@given(st.lists(_PIECES, max_size=14).map("".join))
def test_pattern_that_is_accepted_ends(pattern: str) -> None:
    try:
        compiled = compile_pattern(pattern)
    except PatternInvalid:
        return
    compiled.fullmatch("a" * (TEXT_MAX - 1) + "!")


@given(st.text(max_size=60))
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    with contextlib.suppress(PatternInvalid):
        compile_pattern(text)
