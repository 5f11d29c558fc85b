import pytest
from hypothesis import example, given, reject
from hypothesis import strategies as st

from runner.core.errors import InvalidInput
from runner.core.source import Span
from runner.documents.files import check_text
from runner.documents.nodes import MappingNode, Node, ScalarNode, SequenceNode
from runner.documents.offsets import source_ranges
from runner.documents.yaml import read_yaml


def read(text: str) -> Node:
    return read_yaml(check_text("f", text))


def scalars(node: Node) -> list[ScalarNode]:
    if isinstance(node, ScalarNode):
        return [node]
    if isinstance(node, SequenceNode):
        return [found for item in node.items for found in scalars(item)]
    return [found for entry in node.entries for found in (entry.key, *scalars(entry.value))]


def slice_of(text: str, span: Span) -> str:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return text[
        starts[span.line - 1] + span.column - 1 : starts[span.end_line - 1] + span.end_column - 1
    ]


def value_of(text: str) -> ScalarNode:
    node = read(text)
    assert isinstance(node, MappingNode)
    value = node.entries[-1].value
    assert isinstance(value, ScalarNode)
    return value


@pytest.mark.parametrize(
    ("text", "slices"),
    [
        ("é: 😀 ü\n", ["é", "😀 ü"]),
        ("a:\tb\t# c\n", ["a", "b"]),
        ("a: 'b'\r\nc: \"d\"\r\n", ["a", "'b'", "c", '"d"']),
        ("a: [b,  c ]\n", ["a", "b", "c"]),
        ("a: |\n  b\n  c\n\nd: e", ["a", "|\n  b\n  c", "d", "e"]),
        ("a: b\n  c\n", ["a", "b\n  c"]),
    ],
)
def test_span_covers_exactly_the_scalar(text: str, slices: list[str]) -> None:
    assert [slice_of(text, node.span) for node in scalars(read(text))] == slices


def test_span_of_a_block_ends_with_its_last_part() -> None:
    text = "a:\n  b: [c]\n  d:\n  - e\n\n# x\nf: g\n"
    node = read(text)

    assert isinstance(node, MappingNode)
    inner = node.get("a")
    assert inner is not None
    assert slice_of(text, inner.span) == "b: [c]\n  d:\n  - e"


def test_span_of_a_flow_mapping_has_its_braces() -> None:
    text = "a: { b: [c, ] } # x\n"
    node = read(text)

    assert isinstance(node, MappingNode)
    inner = node.get("a")
    assert inner is not None
    assert slice_of(text, inner.span) == "{ b: [c, ] }"


@pytest.mark.parametrize(
    ("text", "wanted", "spelled", "place"),
    [
        ("é: 😀 steps.x", "steps", "steps", "f:1:6"),
        ("a: one\n  two\n\n  three", "three", "three", "f:4:3"),
        ("a: one\n  two", " ", "\n  ", "f:1:7"),
        ("a: 'it''s ok'", "s", "s", "f:1:9"),
        ("a: 'it''s ok'", "'", "''", "f:1:7"),
        ("a: 'one\n\n  two'", "two", "two", "f:3:3"),
        ('a: "\\u00e9 \\"x\\" y"', "y", "y", "f:1:18"),
        ('a: "\\u00e9 x"', "é", "\\u00e9", "f:1:5"),
        ('a: "one\\\n   two \\  three"', "three", "three", "f:2:11"),
        ('a: "one  \r\n\r\n  two"', "two", "two", "f:3:3"),
        ('a: "one\\\n\n  two"', "two", "two", "f:3:3"),
        ("a: |\n   one\n\n     two\n", "two", "two", "f:4:6"),
        ("a: |\n   one\n\n     two\n", "  two", "  two", "f:4:4"),
        ("a: |2-\n   one\n  two\n", " one", " one", "f:2:3"),
        ("a: |\n\n\n  one\r\n", "one", "one", "f:4:3"),
        ("a: >\n  one\n  two\n\n  three\n", "three", "three", "f:5:3"),
        ("a: >\n  one\n  two\n\n  three\n", "two", "two", "f:3:3"),
        ("a: >-\n\n  one\n    more\n  last", "more", "more", "f:4:5"),
        ("a: >1\n   one\n   two\n  three", "three", "three", "f:4:3"),
        ("a: >+ # why\n  é\n  two\n\n", "two", "two", "f:3:3"),
    ],
)  # fmt: skip
def test_locate_finds_a_part_of_the_text(text: str, wanted: str, spelled: str, place: str) -> None:
    node = value_of(text)
    start = node.text.index(wanted)

    span = node.locate(start, start + len(wanted))

    assert (slice_of(text, span), str(span)) == (spelled, place)


@pytest.mark.parametrize("text", ["a: bc", "a: 'bc'", 'a: "bc"', "a: |\n  bc", "a: >-\n  bc\n"])
def test_locate_of_nothing_is_a_place_without_width(text: str) -> None:
    node = value_of(text)

    for offset in range(3):
        span = node.locate(offset, offset)
        assert (span.line, span.column) == (span.end_line, span.end_column)
        assert slice_of(text, node.locate(0, offset)) == "bc"[:offset]


WRITTEN = st.text(alphabet=st.sampled_from("ab é😀\t\n'\"\\#:$"), max_size=30)


@given(WRITTEN, st.sampled_from(["|", ">"]), st.sampled_from(["", "+", "-"]), st.integers(0, 9))
@example(" ", "|", "+", 0)
@example("", ">", "+", 0)
def test_locate_is_exact_in_blocks_of_text(
    text: str, header: str, chomping: str, explicit: int
) -> None:
    indent = explicit or 2
    lines = "".join(f"{' ' * indent}{line}\n" if line else "\n" for line in text.split("\n"))
    _check(f"k: {header}{explicit or ''}{chomping}\n{lines}")


@given(WRITTEN, st.booleans())
def test_locate_is_exact_in_quotes(text: str, is_double: bool) -> None:
    if is_double:
        _check('k: "' + text.replace("\n", "\n ").replace('"', '\\"') + '"\n')
    else:
        _check("k: '" + text.replace("\n", "\n ").replace("'", "''") + "'\n")


@given(WRITTEN)
def test_locate_is_exact_in_plain_text(text: str) -> None:
    _check("k: " + text.replace("\n", "\n ") + "\n")


@given(WRITTEN)
def test_locate_is_exact_with_both_line_endings(text: str) -> None:
    body = text.replace("\n", "\n  ")
    _check(
        f"a: |\n  x{body}\nb: >\n  x{body}\nk: 'x{body.replace(chr(39), '')}'\n".replace(
            "\n", "\r\n"
        )
    )


def _check(text: str) -> None:
    """Hold the second reading of every scalar to the parser's text, character by character."""
    try:
        node = read(text)
    except InvalidInput:
        reject()
    for scalar in scalars(node):
        ranges = source_ranges(scalar.text, scalar.style, text, scalar.start, scalar.end)
        assert ranges is not None
        for index, character in enumerate(scalar.text):
            spelled = slice_of(text, scalar.locate(index, index + 1))
            if spelled != character:
                assert scalar.style != "literal" or spelled == "\r\n"
                assert spelled[0] in "\n\r \t\\'", (spelled, character)
