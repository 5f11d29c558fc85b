import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.documents.files import check_text
from runner.documents.nodes import MappingNode, Node, ScalarNode, SequenceNode, to_json
from runner.documents.yaml import read_yaml


def read(text: str) -> Node:
    return read_yaml(check_text("f", text))


def findings(text: str) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        read(text)
    for found in caught.value.diagnostics:
        assert found.summary
        assert found.hint or found.code in {"yaml-empty", "yaml-too-deep", "yaml-too-many-nodes"}
        assert "Error" not in found.summary
    return [(found.code, str(found.span)) for found in caught.value.diagnostics]


def test_read_yaml_reads_mappings_lists_and_scalars() -> None:
    text = """\
# a comment
---
plain: 250000 USDT
single: 'it''s'
double: "a\\tb\\u00e9"
literal: |
  one
  two
folded: >-
  one
  two
numbers: [1, -2, 0.50]
flags: {up: true, down: false}
list:
- a
- - b
expression: ${{ inputs.link }}
empty: [{}, [], ""]
"""

    assert to_json(read(text)) == {
        "plain": "250000 USDT",
        "single": "it's",
        "double": "a\tbé",
        "literal": "one\ntwo\n",
        "folded": "one two",
        "numbers": [1, -2, Decimal("0.50")],
        "flags": {"up": True, "down": False},
        "list": ["a", ["b"]],
        "expression": "${{ inputs.link }}",
        "empty": [{}, [], ""],
    }


def test_read_yaml_keeps_quoted_numbers_and_words_as_text() -> None:
    assert to_json(read("""['1', "no", "1.50", 'true', "", '2026-11-22']""")) == [
        "1",
        "no",
        "1.50",
        "true",
        "",
        "2026-11-22",
    ]


def test_read_yaml_keeps_the_digits_of_a_decimal() -> None:
    node = read("100000000000000000000.000000001")

    assert to_json(node) == Decimal("100000000000000000000.000000001")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x b", [("yaml-feature-refused", "f:1:4")]),
        ("a: &x\n  b: c", [("yaml-feature-refused", "f:1:4")]),
        ("a: &x [b]", [("yaml-feature-refused", "f:1:4")]),
        ("a: *x", [("yaml-feature-refused", "f:1:4")]),
        ("<<: {a: b}", [("yaml-feature-refused", "f:1:1")]),
        ("a: !!str b", [("yaml-feature-refused", "f:1:4")]),
        ("a: !x [b]", [("yaml-feature-refused", "f:1:4")]),
        ("a: !<tag:x> b", [("yaml-feature-refused", "f:1:4")]),
        ("a: ! b", [("yaml-feature-refused", "f:1:4")]),
        ("a: !e!x b", [("yaml-feature-refused", "f:1:4")]),
        ("if: !done", [("yaml-feature-refused", "f:1:5")]),
        ("%YAML 1.2\n---\na: b", [("yaml-feature-refused", "f:1:1")]),
        ("# c\n%YAML 1.1\n---\na: b", [("yaml-feature-refused", "f:2:1")]),
        ("%YAML 3.0\n---\na: b", [("yaml-feature-refused", "f:1:1")]),
        ("%TAG !e! x\n---\na: b", [("yaml-feature-refused", "f:1:1")]),
        ("a: b\n---\nc: d", [("yaml-feature-refused", "f:2:1")]),
        ("a: b\n...\n---\nc: d", [("yaml-feature-refused", "f:3:1")]),
        ("a: 1\nb: 2\na: 3", [("yaml-duplicate-key", "f:3:1")]),
        ("""{a: 1, "a": 2, 'a': 3}""", [("yaml-duplicate-key", f"f:1:{c}") for c in (8, 16)]),
        ("x:\n  é: 1\n  é: 2", [("yaml-duplicate-key", "f:3:3")]),
        ("? [a]\n: b", [("yaml-key-not-text", "f:1:3")]),
        ("? {a: b}\n: c", [("yaml-key-not-text", "f:1:3")]),
        ("? |\n  a\n: b", [("yaml-key-not-text", "f:1:3")]),
        ("12: a", [("yaml-key-not-text", "f:1:1")]),
        ("true: a", [("yaml-key-not-text", "f:1:1")]),
        ("no: a", [("yaml-ambiguous-scalar", "f:1:1")]),
        ("{?a: b}", [("yaml-ambiguous-scalar", "f:1:2")]),
        ("[?a: b]", [("yaml-ambiguous-scalar", "f:1:2")]),
        ("a:", [("yaml-ambiguous-scalar", "f:1:3")]),
        ("- a\n-", [("yaml-ambiguous-scalar", "f:2:2")]),
        ("{a}", [("yaml-ambiguous-scalar", "f:1:3")]),
        ("a: {b: ${{ x }}}", [("expression-delimiters", "f:1:8")]),
        ("a: [${{ x }}, b]", [("expression-delimiters", "f:1:5")]),
        ("a: {b: c-${{ x }}, d: e}", [("expression-delimiters", "f:1:10")]),
        ("a: {{ x: b }: c}", [("expression-delimiters", "f:1:5")]),
        ("", [("yaml-empty", "f:1:1")]),
        ("# only a comment\n", [("yaml-empty", "f:1:1")]),
        ("--- # c\n", [("yaml-ambiguous-scalar", "f:2:1")]),
        ('a: "\\u202E"', [("character-refused", "f:1:5")]),
        ('a: "é\\0\\x1b"', [("character-refused", "f:1:6"), ("character-refused", "f:1:8")]),
        ('a: "\\L\\N\\r"', [("character-refused", p) for p in ("f:1:5", "f:1:7", "f:1:9")]),
    ],
)  # fmt: skip
def test_read_yaml_refuses_with_the_place(text: str, expected: list[tuple[str, str]]) -> None:
    assert findings(text) == expected


GLUED = "a # right behind something else starts no comment in YAML 1.2"
OUTDENTED = "a line that is not indented deeper than what it belongs to"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: b: c", "f:1:5", "a colon and a blank inside a value, or a key indented too far"),
        (": a", "f:1:1", "a line that is no key of this mapping"),
        ("[a:b]", "f:1:3", "a colon inside { } or [ ] without a blank after it"),
        ("{a: b?c}", "f:1:6", 'a "?" inside { } or [ ] must be quoted'),
        ("a:\n\tb: c", "f:2:1", "a tab where a value or a key should start"),
        ('a: "b', "f:1:4", "this quote is never closed"),
        ("a: 'b\nc: d", "f:1:4", "this quote is never closed"),
        ('a: "b" == c', "f:1:8", "a line that is no key of this mapping"),
        ('a: "\\q"', "f:1:5", "a backslash that starts no known escape"),
        ('a: "\\uD800"', "f:1:7", "an escape for something that is no character"),
        ("a: @b", "f:1:4", 'a value cannot start with "@"'),
        ("a: `b`", "f:1:4", 'a value cannot start with "`"'),
        ("a: [b\nc: d", "f:2:2", 'a list in brackets goes on without "," or "]"'),
        ("a: {b: c\nd: e", "f:2:2", 'a mapping in braces goes on without "," or "}"'),
        ("a: b\n c", "f:1:1", ""),
        ("a: b\nc", "f:2:1", "a key without a colon"),
        ("a: | b", "f:1:6", "text on the line that starts a block of text"),
        ("a: |\n  b\n\tc", "f:3:1", "a tab in the indentation"),
        ("a:\n  - b\n - c", "f:3:2", "a line that is no key of this mapping"),
        ("- a\nb: c", "f:2:1", "a line that is neither an item of this list nor part of one"),
        ("{a: b} c", "f:1:8", "text after the end of the document"),
        ('a: "b"# c', "f:1:7", GLUED),
        ('"a"# c', "f:1:4", GLUED),
        ("[a, b]#c", "f:1:7", GLUED),
        ("[a,#b\n]", "f:1:4", GLUED),
        ("a: [#b\n c]", "f:1:5", GLUED),
        ("a: ># b\n  c", "f:1:5", GLUED),
        ("a: [b,\nc]", "f:2:1", OUTDENTED),
        ("a: {\n  b: c\n}", "f:3:1", OUTDENTED),
        ('a: "b\nc"', "f:2:1", OUTDENTED),
        ('- a: "b\n  c"', "f:2:3", OUTDENTED),
        ('a: "b\n\tc"', "f:2:1", OUTDENTED),
        ("- [\n\ta,\n b\n ]", "f:2:1", OUTDENTED),
        ("- |+\n   ", "f:2:4", "the last line has blanks and no line break"),
    ],
)
def test_read_yaml_words_syntax_for_people(text: str, place: str, words: str) -> None:
    if not words:
        assert to_json(read(text)) == {"a": "b c"}
        return
    with pytest.raises(InvalidInput) as caught:
        read(text)

    found = caught.value.diagnostics[-1]
    assert (found.code, str(found.span), found.summary) == ("yaml-syntax", place, words)


def test_read_yaml_says_how_to_keep_an_ambiguous_text() -> None:
    with pytest.raises(InvalidInput) as caught:
        read("country: no")

    (found,) = caught.value.diagnostics
    assert found.summary == '"no" without quotes is true or false to some YAML readers'
    assert found.hint == 'quote it: "no"'
    assert (found.span.column, found.span.end_column) == (10, 12)


def test_read_yaml_reports_everything_before_a_syntax_error() -> None:
    assert findings("a: no\na: 1e3\nb: &x c\nd: !t e\nf: [") == [
        ("yaml-ambiguous-scalar", "f:1:4"),
        ("yaml-duplicate-key", "f:2:1"),
        ("yaml-ambiguous-scalar", "f:2:4"),
        ("yaml-feature-refused", "f:3:4"),
        ("yaml-feature-refused", "f:4:4"),
        ("yaml-syntax", "f:5:5"),
    ]


def test_read_yaml_stops_after_a_hundred_findings() -> None:
    assert len(findings("- no\n" * 10_000)) == 100


def test_read_yaml_refuses_the_alias_bomb_at_its_first_anchor() -> None:
    """332 bytes that other readers expand to a billion leaves."""
    lines = ["a: &a [" + ", ".join(["lol"] * 9) + "]"]
    for above, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [" + ",".join([f"*{above}"] * 9) + "]")
    bomb = "\n".join(lines)

    found = findings(bomb)

    assert found[0] == ("yaml-feature-refused", "f:1:4")
    assert {code for code, _ in found} == {"yaml-feature-refused"}


@pytest.mark.parametrize("unit", ["[", "{a: ", "- ", "? ", "[[{b: ", "{? "])
def test_read_yaml_refuses_a_hundred_thousand_levels(unit: str) -> None:
    assert "yaml-too-deep" in {code for code, _ in findings(unit * 100_000)}


def test_read_yaml_takes_64_levels_and_no_more() -> None:
    assert isinstance(read("[" * 64 + "]" * 64), SequenceNode)
    assert findings("[" * 65 + "]" * 65) == [("yaml-too-deep", "f:1:65")]


def test_read_yaml_takes_a_million_values_and_no_more() -> None:
    # The list itself is one of them.
    node = read("[" + "a," * 999_999 + "]")

    assert isinstance(node, SequenceNode)
    assert len(node) == 999_999
    assert findings("[" + "a," * 1_000_000 + "]") == [("yaml-too-many-nodes", "f:1:2000000")]


def test_read_yaml_refuses_an_unchecked_text_instead_of_failing() -> None:
    with pytest.raises(InvalidInput, match=r"U\+D800"):
        read_yaml(SourceFile(name="f", text="a: \ud800"))
    with pytest.raises(InvalidInput, match=r"U\+0007"):
        read_yaml(SourceFile(name="f", text="a: \x07"))


YAML_LIKE = st.text(
    alphabet=st.sampled_from("ab1-.:,[]{}#&*!|>'\"%@`~?$ \t\n\\é😀") | st.characters(), max_size=60
)


@given(YAML_LIKE)
@example("{a: ${{ x }}}")
@example("a: \u2028")
@example('"\\U0010FFFF"')
@example("\ud800")
@example("- |+\n\n\n")
def test_read_yaml_gives_nodes_or_says_why_not(text: str) -> None:
    try:
        read(text)
    except InvalidInput as refused:
        for found in refused.diagnostics:
            assert found.span.line <= text.count("\n") + 1


@given(YAML_LIKE)
def test_read_yaml_agrees_with_a_second_reader(text: str) -> None:
    """What we accept, ruamel.yaml's own pure YAML 1.2 reader accepts, and reads as the same."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        ours = to_json(read(text))
    except InvalidInput:
        return

    try:
        theirs = YAML(typ="base", pure=True).load(text)
    except YAMLError:
        return  # it knows less of YAML 1.2 than it says (a bare document after a comment, for one)
    assert _words(ours) == _words(theirs)


def _words(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _words(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_words(item) for item in value]
    return str(value).lower()


def _naughty(corpora: Path) -> list[str]:
    strings: list[str] = json.loads((corpora / "blns.json").read_bytes())
    return strings


def test_read_yaml_gives_naughty_strings_back_or_refuses_them(shared_corpora: Path) -> None:
    for text in _naughty(shared_corpora):
        try:
            check_text("f", text)
        except InvalidInput:
            spelled = f"value: {json.dumps(text)}"
            assert {code for code, _ in findings(spelled)} & {"character-refused", "yaml-syntax"}
            continue
        single = text.replace("'", "''")
        for spelled in (json.dumps(text, ensure_ascii=False), f"'{single}'"):
            assert to_json(read(f"value: {spelled}\n")) == {"value": text}


def test_read_yaml_never_changes_a_naughty_plain_string(shared_corpora: Path) -> None:
    for text in _naughty(shared_corpora):
        try:
            node = read(f"- {text}\n")
        except InvalidInput:
            continue
        assert isinstance(node, SequenceNode)
        (item,) = node.items
        if isinstance(item, ScalarNode) and item.style == "plain":
            # A comment and the blanks around are the only things a plain scalar may lose.
            assert text.strip(" \t").startswith(item.text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('# c\na: "b" # c', {"a": "b"}),
        ("[a, # b,#c\n d #e\n] # f", ["a", "d"]),
        ("a: [ # b\n c]", {"a": ["c"]}),
        ("a: |+ # b\n  c\n# d", {"a": "c\n"}),
        ("a: |+\n  c\n  ", None),
        ("a: |\n  c\n  ", {"a": "c\n"}),
        ("a: [b,\n c\n # d\n# e\n\n ]", {"a": ["b", "c"]}),
        ('a: "b\n\n c"', {"a": "b\nc"}),
        ("[\na\n]", ["a"]),
        ('"a\nb"', "a b"),
        ("a:\n- [b,\n c]", {"a": [["b", "c"]]}),
        ("a: b#c", {"a": "b#c"}),
        ("a: 'b #c'", {"a": "b #c"}),
    ],
)
def test_read_yaml_takes_comments_and_lines_where_yaml_has_them(text: str, value: object) -> None:
    if value is None:
        assert findings(text) == [("yaml-syntax", "f:3:3")]
    else:
        assert to_json(read(text)) == value


@pytest.mark.parametrize("text", ["a: b\r\nc:\r\n  - d\r\n", "a: b\nc:\n  - d"])
def test_read_yaml_reads_both_line_endings_alike(text: str) -> None:
    assert to_json(read(text)) == {"a": "b", "c": ["d"]}


def test_mapping_node_finds_keys_and_entries() -> None:
    node = read("b: 1\na: 2")

    assert isinstance(node, MappingNode)
    assert [entry.key.text for entry in node.entries] == ["b", "a"]
    assert node.get("c") is None
    assert "a" in node
    found = node.get("a")
    assert isinstance(found, ScalarNode)
    assert found.value == 2
