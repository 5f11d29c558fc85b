from pathlib import Path

import pytest

from runner.core.diagnostics import Diagnostic, Severity
from runner.core.errors import InvalidInput, PlanRefused
from runner.core.source import SourceFile, Span
from runner.reporting.diagnostics import (
    count_line,
    render_diagnostic,
    render_diagnostics,
    render_error,
    source_from_disk,
)
from runner.reporting.terminal import Terminal

FILE = "playbooks/payout.yaml"
PLAIN = Terminal()


def _span(line: int, column: int, end_column: int, *, end_line: int | None = None) -> Span:
    return Span(
        file=FILE, line=line, column=column, end_line=end_line or line, end_column=end_column
    )


def _found(span: Span, **more: object) -> Diagnostic:
    facts: dict[str, object] = {"code": "unknown-key", "summary": "no such key", "span": span}
    return Diagnostic(**(facts | more))  # type: ignore[arg-type]  # facts of one test case


def _rendered(text: str, span: Span, terminal: Terminal = PLAIN, **more: object) -> str:
    return render_diagnostic(_found(span, **more), SourceFile(name=FILE, text=text), terminal)


def test_diagnostic_shows_place_line_caret_and_way_out() -> None:
    text = "\n" * 13 + "      amout: 5 USDT\n"

    actual = _rendered(
        text,
        _span(14, 7, 12),
        summary='step "pay" has no key "amout"',
        hint='did you mean "amount"?',
    )

    assert actual == (
        'error[unknown-key]: step "pay" has no key "amout"\n'
        "  --> playbooks/payout.yaml:14:7\n"
        "   |\n"
        "14 |       amout: 5 USDT\n"
        "   |       ^^^^^\n"
        '   = help: did you mean "amount"?\n'
    )


@pytest.mark.parametrize(
    ("line", "column", "end_column", "shown", "caret"),
    [
        ("\tkey: 1", 2, 5, "    key: 1", "    ^^^"),
        ("a\tkey", 3, 6, "a   key", "    ^^^"),
        ("名前: amout", 5, 10, "名前: amout", "      ^^^^^"),
        ("e\u0301: amout", 5, 10, "e\u0301: amout", "   ^^^^^"),
        ("amout", 1, 6, "amout", "^^^^^"),
        ("x: ", 4, 4, "x:", "   ^"),
        ("x: 1", 99, 99, "x: 1", "    ^"),
        ("a\u202eb: 1", 3, 4, "a\\u202eb: 1", "       ^"),
        ("a\x1b[31m: 1", 1, 2, "a\\x1b[31m: 1", "^"),
    ],
    ids=[
        "tab first",
        "tab inside",
        "wide characters",
        "combining mark",
        "whole line",
        "empty span at the end",
        "column past the end",
        "bidirectional mark",
        "terminal escape",
    ],
)
def test_caret_stands_under_what_is_meant(
    line: str, column: int, end_column: int, shown: str, caret: str
) -> None:
    lines = _rendered(line, _span(1, column, end_column)).splitlines()

    assert lines[3:5] == [f"1 | {shown}", f"  | {caret}"]


def test_span_over_several_lines_shows_its_first() -> None:
    lines = _rendered("steps:  \n  - id: a\n", _span(1, 1, 5, end_line=2)).splitlines()

    assert lines[3:] == ["1 | steps:", "  | ^^^^^^"]


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("column", [1, 60, 150, 296])
def test_long_line_is_cut_around_the_caret(column: int, *, unicode: bool) -> None:
    line = "".join(f"{n:04d}-" for n in range(60))
    terminal = Terminal(width=60, unicode=unicode)

    lines = _rendered(line, _span(1, column, column + 4), terminal).splitlines()

    shown, caret = lines[3], lines[4]
    assert len(shown) <= 60
    place = caret.index("^")
    assert shown[place : place + 4] == line[column - 1 : column + 3]
    assert ("…" in shown) is unicode


def test_caret_of_a_long_span_ends_with_the_cut_line() -> None:
    lines = _rendered("x" * 300, _span(1, 1, 301), Terminal(width=60)).splitlines()

    assert len(lines[3]) == len(lines[4]) == 60


def test_line_that_may_hold_a_secret_is_not_shown() -> None:
    actual = _rendered("  file: hunter2", _span(1, 9, 16), quotable=False)

    assert "hunter2" not in actual
    assert "playbooks/payout.yaml:1:9" in actual


def test_diagnostic_without_its_source_shows_the_place_alone() -> None:
    actual = render_diagnostic(_found(_span(3, 1, 2)), None, PLAIN)

    assert actual == "error[unknown-key]: no such key\n --> playbooks/payout.yaml:3:1\n"


def test_text_of_others_cannot_move_the_cursor() -> None:
    actual = _rendered("x", _span(1, 1, 2), summary="evil\x1b[2J\r\nline", hint="\u202eback")

    assert "\x1b" not in actual
    assert "evil\\x1b[2J\\r\\nline" in actual
    assert "\\u202eback" in actual


def test_findings_are_sorted_and_counted() -> None:
    found = [
        _found(_span(9, 1, 2), summary="later"),
        _found(_span(2, 1, 2), summary="first", severity=Severity.WARNING),
        _found(_span(5, 1, 2), summary="middle"),
    ]

    actual = render_diagnostics(found, PLAIN)

    assert [line for line in actual.splitlines() if line.startswith(("error", "warning"))] == [
        "warning[unknown-key]: first",
        "error[unknown-key]: middle",
        "error[unknown-key]: later",
    ]
    assert actual.endswith("\n\n2 errors, 1 warning\n")


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        ([], "no findings"),
        ([Severity.ERROR], "1 error"),
        ([Severity.WARNING, Severity.WARNING], "2 warnings"),
    ],
)
def test_count_line_leaves_out_what_there_is_none_of(
    severities: list[Severity], expected: str
) -> None:
    found = [_found(_span(1, 1, 1), severity=severity) for severity in severities]

    assert count_line(found) == expected


def test_no_findings_give_no_text() -> None:
    assert render_diagnostics([], PLAIN) == ""


def test_colour_is_used_only_where_it_is_wanted() -> None:
    span = _span(1, 1, 2)

    assert "\x1b[1;31merror" in _rendered("x: 1", span, Terminal(colour=True))
    assert "\x1b" not in _rendered("x: 1", span, Terminal(colour=False))


def test_stream_without_unicode_gets_ascii() -> None:
    actual = _rendered("名: x", _span(1, 4, 5), Terminal(unicode=False), hint="known: a, …")

    assert actual.isascii()
    assert actual.splitlines()[3:5] == ["1 | \\u540d: x", "  |         ^"]


def test_error_of_ours_shows_sentence_and_hint() -> None:
    error = PlanRefused("the plan has expired", hint="make a new one")

    assert render_error(error, PLAIN) == "error: the plan has expired\nhint: make a new one\n"


def test_invalid_input_is_rendered_as_diagnostics() -> None:
    error = InvalidInput((_found(_span(1, 1, 2)),))

    assert render_error(error, PLAIN).startswith("error[unknown-key]: no such key\n")


def test_source_is_read_again_from_disk(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"a: \xff\r\nb\n")

    source = source_from_disk(str(file))

    assert source is not None
    assert source.text == "a: \ufffd\r\nb\n"


@pytest.mark.parametrize("name", ["--input", "", "missing.yaml", "nul\0byte", "."])
def test_name_that_is_no_file_has_no_source(name: str) -> None:
    assert source_from_disk(name) is None
