import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.documents.files import FILE_BYTES_MAX, check_text, read_source, source_from_bytes


def _refusals(name: str, data: bytes) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        source_from_bytes(name, data)
    return [(found.code, str(found.span)) for found in caught.value.diagnostics]


def test_read_source_returns_the_text_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_bytes("a: é\r\nb:\t😀\n".encode())

    assert read_source(path, name="plain.yaml") == SourceFile(
        name="plain.yaml", text="a: é\r\nb:\t😀\n"
    )


def test_read_source_names_the_file_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text("a")

    assert read_source(path).name == str(path)


def test_read_source_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"cannot read gone\.yaml: no such file") as caught:
        read_source(tmp_path / "gone.yaml", name="gone.yaml")

    assert caught.value.diagnostics[0].code == "file-unreadable"


def test_read_source_refuses_a_directory(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="it is a directory"):
        read_source(tmp_path)


def test_read_source_refuses_a_pipe_without_waiting_for_a_writer(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    with pytest.raises(InvalidInput, match="not a regular file"):
        read_source(pipe)


def test_read_source_refuses_a_path_that_is_none() -> None:
    with pytest.raises(InvalidInput, match="not a usable path"):
        read_source(Path("a\0b"), name="odd")


def test_read_source_measures_before_it_reads(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(FILE_BYTES_MAX * 1000)

    with pytest.raises(InvalidInput, match="larger than 8 MiB") as caught:
        read_source(path, name="huge.yaml")

    assert caught.value.diagnostics[0].code == "file-too-large"


def test_read_source_takes_a_file_of_exactly_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "full.yaml"
    path.write_bytes(b"#" * FILE_BYTES_MAX)

    assert len(read_source(path).text) == FILE_BYTES_MAX


def test_check_text_measures_bytes_and_not_characters() -> None:
    with pytest.raises(InvalidInput, match="larger than 8 MiB"):
        check_text("f", "€" * (FILE_BYTES_MAX // 3 + 1))


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"\xff", "f:1:1"),
        ("é\nab".encode() + b"\xc3(", "f:2:3"),
        (b"a\r\n\xed\xa0\x80", "f:2:1"),
        (b"\xc0\x80", "f:1:1"),
        ("a".encode("utf-16"), "f:1:1"),
    ],
    ids=["byte", "cut-off", "surrogate", "overlong", "utf-16"],
)
def test_source_from_bytes_places_what_is_not_utf8(data: bytes, place: str) -> None:
    assert _refusals("f", data) == [("not-utf8", place)]


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\0", "U+0000 NUL"),
        ("\x08", "U+0008 BACKSPACE"),
        ("\x1b", "U+001B ESCAPE"),
        ("\x7f", "U+007F DELETE"),
        ("\x85", "U+0085 NEXT LINE"),
        ("\x9b", "U+009B CONTROL CHARACTER"),
        ("\xad", "U+00AD SOFT HYPHEN"),
        ("\u061c", "U+061C ARABIC LETTER MARK"),
        ("\u200b", "U+200B ZERO WIDTH SPACE"),
        ("\u200d", "U+200D ZERO WIDTH JOINER"),
        ("\u2028", "U+2028 LINE SEPARATOR"),
        ("\u2029", "U+2029 PARAGRAPH SEPARATOR"),
        ("\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("\u2066", "U+2066 LEFT-TO-RIGHT ISOLATE"),
        ("\ue000", "U+E000 PRIVATE USE CHARACTER"),
        ("\ufeff", "U+FEFF BYTE ORDER MARK"),
        ("\uffff", "U+FFFF UNASSIGNED CHARACTER"),
        ("\U000e0041", "U+E0041 TAG LATIN CAPITAL LETTER A"),
        ("\U0010fffd", "U+10FFFD PRIVATE USE CHARACTER"),
    ],
)
def test_check_text_names_and_places_a_refused_character(character: str, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_text("f", f"a: é\n# {character}\n")

    (found,) = caught.value.diagnostics
    assert (found.code, found.summary, str(found.span)) == (
        "character-refused",
        f"{name} is refused",
        "f:2:3",
    )
    assert found.hint


@pytest.mark.parametrize("text", ["a\rb", "\r", "a\r\r\n"])
def test_check_text_refuses_a_carriage_return_without_a_line_feed(text: str) -> None:
    with pytest.raises(InvalidInput, match="CARRIAGE RETURN") as caught:
        check_text("f", text)

    assert len(caught.value.diagnostics) == 1


def test_check_text_refuses_a_lone_surrogate() -> None:
    with pytest.raises(InvalidInput, match=r"U\+D800 SURROGATE"):
        check_text("f", "a: \ud800")


@pytest.mark.parametrize("text", ["", "\t\n\r\n", "é€😀", "\xa0\u3000", "e\u0301", "العربية"])
def test_check_text_keeps_what_people_write(text: str) -> None:
    assert check_text("f", text).text == text


def test_check_text_reports_every_place_in_order() -> None:
    assert _refusals("f", "\u200b\n \u202e\u200b".encode()) == [
        ("character-refused", "f:1:1"),
        ("character-refused", "f:2:2"),
        ("character-refused", "f:2:3"),
    ]


def test_check_text_stops_counting_in_a_file_that_is_no_text() -> None:
    assert len(_refusals("f", b"\0" * 1000)) == 21


@given(st.binary(max_size=200))
def test_source_from_bytes_gives_a_source_or_says_why_not(data: bytes) -> None:
    try:
        source = source_from_bytes("f", data)
    except InvalidInput as refused:
        files = {found.span.file for found in refused.diagnostics}
    else:
        files = {source.name}
        assert source.text.encode() == data

    assert files == {"f"}
