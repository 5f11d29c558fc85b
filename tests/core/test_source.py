import pytest

from runner.core.source import SourceFile, Span


def _span(line: int, column: int, file: str = "a.yaml") -> Span:
    return Span(file=file, line=line, column=column, end_line=line, end_column=column)


def test_place_is_spelt_for_people() -> None:
    assert str(_span(14, 7)) == "a.yaml:14:7"


def test_places_are_ordered_by_file_line_and_column() -> None:
    places = [_span(1, 1, "b.yaml"), _span(10, 1), _span(9, 20), _span(9, 3)]

    assert sorted(places) == [places[3], places[2], places[1], places[0]]


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1, "a"), (2, "b\x0bc\u2028d\x85"), (3, ""), (4, "e\rf"), (5, ""), (0, ""), (-1, ""), (6, "")],
)
def test_lines_end_at_line_feeds_alone(number: int, expected: str) -> None:
    source = SourceFile(name="a.yaml", text="a\r\nb\x0bc\u2028d\x85\n\ne\rf\n")

    assert source.line(number) == expected


def test_file_as_a_whole_is_its_first_character() -> None:
    assert str(SourceFile(name="a.yaml", text="").whole()) == "a.yaml:1:1"
