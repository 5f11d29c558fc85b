import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.reporting.escape import cut, display_width, padded, visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text", "plain text"),
        ("größe 名前", "größe 名前"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\x85\x9b", "\\x85\\x9b"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("a\u2028b\u00a0", "a\\u2028b\\xa0"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_visible_spells_out_what_cannot_be_seen(text: str, expected: str) -> None:
    assert visible(text) == expected


@given(st.text(alphabet=st.characters()))
def test_visible_text_is_printable_and_stays_as_it_is(text: str) -> None:
    shown = visible(text)

    assert shown.isprintable()
    assert visible(shown) == shown


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"])), st.integers(4, 30))
def test_cut_text_fits(text: str, width: int) -> None:
    assert display_width(cut(text, width)) <= width


def test_cut_counts_wide_characters_twice() -> None:
    assert cut("名前名前", 6) == "名前…"


def test_padding_counts_columns() -> None:
    assert padded("名", 4) == "名  "
