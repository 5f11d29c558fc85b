import pytest

from runner.reporting.table import Column, render_table
from runner.reporting.terminal import Terminal

COLUMNS = (Column(title="name"), Column(title="amount", is_number=True), Column(title="note"))
ROWS = [("a", "1000", ""), ("名前", "0.5", "so so")]


def test_table_aligns_words_left_and_numbers_right() -> None:
    assert render_table(COLUMNS, ROWS, Terminal(), indent="  ") == (
        "  name  amount  note\n  a       1000\n  名前     0.5  so so\n"
    )


def test_table_wider_than_a_tty_becomes_cards() -> None:
    assert render_table(COLUMNS, ROWS, Terminal(is_tty=True, width=15)) == (
        "a\n  amount  1000\n名前\n  amount  0.5\n  note    so so\n"
    )


def test_table_off_a_tty_is_never_broken_up() -> None:
    assert render_table(COLUMNS, ROWS, Terminal(width=15)).count("\n") == 3


def test_no_rows_give_no_text() -> None:
    assert render_table(COLUMNS, [], Terminal()) == ""


@pytest.mark.parametrize("unicode", [True, False])
def test_cells_of_others_cannot_move_the_cursor(*, unicode: bool) -> None:
    actual = render_table(COLUMNS, [("a\x1b[2J\n", "1", "é")], Terminal(unicode=unicode))

    assert "\x1b" not in actual
    assert actual.count("\n") == 2
    assert actual.isascii() is not unicode
