import enum
import json
import math
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from runner.core.jsonvalue import (
    MAX_DEPTH,
    MAX_EXACT_INTEGER,
    JsonInvalid,
    NumberText,
    canonical_json,
    parse_strict_json,
)

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_EXACT_INTEGER, MAX_EXACT_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=30,
)


def _numbers(value: object) -> object:
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return int(value) if isinstance(value, NumberText) else value


# Reading


@given(TREES)
def test_canonical_json_is_read_back_as_it_was(tree: object) -> None:
    assert _numbers(parse_strict_json(canonical_json(tree))) == tree


@given(TREES)
def test_json_of_others_is_read_as_they_meant_it(tree: object) -> None:
    indented = json.dumps(tree, indent=2).encode("utf-8")

    assert _numbers(parse_strict_json(indented)) == tree


@given(TREES)
def test_numbers_are_never_python_numbers(tree: object) -> None:
    stack = [parse_strict_json(canonical_json(tree))]
    while stack:
        item = stack.pop()
        assert item is None or type(item) in {dict, list, str, bool, NumberText}
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


@pytest.mark.parametrize(
    "text",
    ["0", "-0", "1e3", "1E+400", "0.10", "333333333.33333329", "9" * 5000, "-0.0e-0"],
    ids=lambda text: text[:20],
)
def test_number_keeps_every_digit_as_written(text: str) -> None:
    value = parse_strict_json(text.encode("ascii"))

    assert isinstance(value, NumberText)
    assert value == text


REFUSED = {
    "empty": b"",
    "blanks": b" \n",
    "byte order mark": b"\xef\xbb\xbf{}",
    "byte order mark inside": b"[\xef\xbb\xbf1]",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "Latin-1": b'"\xe9"',
    "overlong": b'"\xc0\xaf"',
    "encoded surrogate": b'"\xed\xa0\x80"',
    "above Unicode": b'"\xf4\x90\x80\x80"',
    "cut off sequence": b'"\xe2\x82"',
    "text after the value": b"{} x",
    "second value": b"{}{}",
    "second value on its line": b"1\n2",
    "trailing NUL": b"{}\x00",
    "trailing comma in object": b'{"a":1,}',
    "trailing comma in array": b"[1,]",
    "leading comma": b"[,1]",
    "missing comma": b"[1 2]",
    "missing value": b'{"a":}',
    "single quotes": b"{'a':1}",
    "bare key": b"{a:1}",
    "number key": b"{1:1}",
    "comment": b"{} // x",
    "block comment": b"/* x */{}",
    "NaN": b"NaN",
    "NaN inside": b'{"a":[NaN]}',
    "Infinity": b"Infinity",
    "negative Infinity": b"[-Infinity]",
    "capital literal": b"True",
    "undefined": b"undefined",
    "leading zero": b"01",
    "plus sign": b"+1",
    "no digit before the point": b".5",
    "no digit after the point": b"1.",
    "empty exponent": b"1e",
    "hexadecimal": b"0x1",
    "separator": b"1_000",
    "foreign digit": "\u0661".encode(),
    "minus alone": b"-",
    "line break in text": b'"a\nb"',
    "tab in text": b'"a\tb"',
    "NUL in text": b'"a\x00b"',
    "unknown escape": b'"\\x41"',
    "cut off escape": b'"\\u12"',
    "escape with a sign": b'"\\u+123"',
    "escape with a blank": b'"\\u 123"',
    "cut off text": b'"abc',
    "cut off after a backslash": b'"abc\\',
    "cut off object": b'{"a":1',
    "cut off array": b"[1",
    "wrong bracket": b"[1}",
    "closing bracket alone": b"]",
    "form feed as a blank": b"\x0c1",
    "no-break space as a blank": "\u00a01".encode(),
    "line separator as a blank": "\u20281".encode(),
    "duplicate key": b'{"a":1,"a":1}',
    "duplicate key among others": b'{"a":1,"b":2,"c":3,"a":4}',
    "duplicate key inside": b'[{"x":{"a":1,"a":2}}]',
    "duplicate key by an escape": b'{"a":1,"\\u0061":2}',
    "duplicate empty key": b'{"":1,"":2}',
    "lone surrogate alone": b'"\\ud800"',
    "lone low surrogate": b'"\\udfff"',
    "lone surrogate in capitals": b'"\\uD8FF"',
    "surrogates in the wrong order": b'"\\udc00\\ud800"',
    "lone surrogate before a letter": b'"\\ud800a"',
    "lone surrogate in an object": b'{"a":"\\ud800"}',
    "lone surrogate as a key": b'{"\\ud800":1}',
    "lone surrogate in an array": b'["ok","\\ud800"]',
    "lone surrogate deep in arrays": b'{"a":[1,[["\\udbff"]]]}',
    "lone surrogate in an object in an array": b'[[{"a":["b",{"\\udc00":[]}]}]]',
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_strict_json_is_refused(data: bytes) -> None:
    with pytest.raises(JsonInvalid):
        parse_strict_json(data)


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        parse_strict_json(data)
    except JsonInvalid:
        return


@given(st.text(alphabet='[]{}",:\\u0019dDaAbB8eE.+-ntfl \n', max_size=40))
def test_what_we_read_json_reads_too(text: str) -> None:
    try:
        value = parse_strict_json(text.encode("ascii"))
    except JsonInvalid:
        return
    expected = json.loads(text, parse_int=NumberText, parse_float=NumberText)
    assert value == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'"\\ud83d\\ude02"', "😂"),
        (b'["\\ud83d\\ude02",{"\\uD83D\\uDE02":1}]', ["😂", {"😂": "1"}]),
        (b'"\\\\ud800"', "\\ud800"),
        (b'["a\\\\ud800"]', ["a\\ud800"]),
        (b'"\\u0000"', "\x00"),
        ('"\u2028\ufeff"'.encode(), "\u2028\ufeff"),
        (b' \t\r\n{"a" : [ true , false , null ] } \n', {"a": [True, False, None]}),
        (b'{"a":1,"A":2,"a ":3}', {"a": "1", "A": "2", "a ": "3"}),
    ],
)
def test_strict_json_is_read(data: bytes, expected: object) -> None:
    assert parse_strict_json(data) == expected


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_nesting_of_100_000_is_refused_without_a_crash(opening: bytes) -> None:
    with pytest.raises(JsonInvalid, match="nested deeper than 64"):
        parse_strict_json(opening * 100_000)


@pytest.mark.parametrize("depth_max", [1, 2, 64, 128])
def test_depth_counts_brackets_from_one(depth_max: int) -> None:
    parse_strict_json(b"[" * depth_max + b"]" * depth_max, depth_max=depth_max)

    with pytest.raises(JsonInvalid):
        parse_strict_json(b"[" * (depth_max + 1) + b"]" * (depth_max + 1), depth_max=depth_max)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    data = b"[" + b",".join([b'{"a":[]}'] * 10_000) + b"]"

    value = parse_strict_json(data)

    assert isinstance(value, list)
    assert len(value) == 10_000


@pytest.mark.parametrize("text", ["[" * 100_000, '\\"[{' * 1000, "\\\\", '\\\\\\"' + "[" * 70])
def test_brackets_inside_texts_are_no_nesting(text: str) -> None:
    data = json.dumps([text]).encode("ascii")

    assert parse_strict_json(data) == [text]


def test_closing_brackets_do_not_pay_for_opening_ones() -> None:
    with pytest.raises(JsonInvalid):
        parse_strict_json(b"]" * 100_000 + b"[" * 100_000)


def test_long_text_beside_deep_brackets_is_read_in_linear_time() -> None:
    data = json.dumps([["\\" * 500_000 + '"' * 500_000], *[[]] * MAX_DEPTH]).encode("ascii")

    assert len(data) > 2_000_000
    assert isinstance(parse_strict_json(data), list)


# Writing


@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_canonical_form_is_that_of_the_corpus(shared_corpora: Path, name: str) -> None:
    """Numbers of the corpus are doubles, which ours refuse; they stand in as texts."""
    folder = shared_corpora / "jcs"
    source = (folder / "input" / f"{name}.json").read_bytes()
    expected = (folder / "output" / f"{name}.json").read_bytes().strip()
    tree = json.loads(source, parse_float=lambda text: f"number {float(text)!r}")
    wanted = expected.decode("utf-8")
    for value in _floats(json.loads(source)):
        written = rfc8785.dumps(value).decode("ascii")
        wanted = wanted.replace(written, f'"number {value!r}"', 1)

    assert canonical_json(tree).decode("utf-8") == wanted


@pytest.mark.parametrize("name", ["arrays", "french", "unicode", "weird"])
def test_canonical_bytes_are_those_of_the_corpus(shared_corpora: Path, name: str) -> None:
    folder = shared_corpora / "jcs"
    source = (folder / "input" / f"{name}.json").read_bytes()
    expected = bytes.fromhex((folder / "outhex" / f"{name}.txt").read_text(encoding="ascii"))

    assert canonical_json(_numbers(parse_strict_json(source))) == expected


def _floats(value: object) -> list[float]:
    if isinstance(value, float):
        return [value]
    if isinstance(value, dict):
        return [number for item in value.values() for number in _floats(item)]
    if isinstance(value, list):
        return [number for item in value for number in _floats(item)]
    return []


def test_keys_are_ordered_by_utf_16_units() -> None:
    """U+1F602 is two units that begin with D83D, so it comes before U+FB33."""
    assert canonical_json({"\ufb33": 1, "\U0001f602": 2, "b": 3, "B": 4, "": 5}) == (
        '{"":5,"B":4,"b":3,"\U0001f602":2,"\ufb33":1}'.encode()
    )


@given(TREES)
def test_canonical_form_does_not_depend_on_the_order_of_keys(tree: object) -> None:
    assert canonical_json(_backwards(tree)) == canonical_json(tree)


def _backwards(value: object) -> object:
    if isinstance(value, dict):
        return {key: _backwards(value[key]) for key in reversed(list(value))}
    return [_backwards(item) for item in value] if isinstance(value, list) else value


@given(TREES)
def test_frozen_mappings_and_tuples_are_written_like_dicts_and_lists(tree: object) -> None:
    assert canonical_json(_frozen(tree)) == canonical_json(tree)


def _frozen(value: object) -> object:
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _nested(depth: int) -> object:
    value: object = []
    for _ in range(depth):
        value = [value]
    return value


class _Word(enum.StrEnum):
    YES = "yes"


def test_word_of_an_enumeration_is_its_text() -> None:
    assert canonical_json({"a": _Word.YES}) == b'{"a":"yes"}'


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        0.0,
        math.nan,
        math.inf,
        [1.5],
        (1.5,),
        {"a": {"b": [1.5]}},
        MappingProxyType({"a": 1.5}),
        2**53,
        -(2**53),
        {"a": [10**30]},
        "\ud800",
        {"\ud800": 1},
        ["\udfff"],
        {1: 2},
        {None: 2},
        {b"a": 1},
        b"bytes",
        Decimal(1),
        {1, 2},
        object(),
        [object()],
        _nested(100_000),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(JsonInvalid):
        canonical_json(value)


def test_largest_exact_integers_are_written() -> None:
    assert canonical_json([MAX_EXACT_INTEGER, -MAX_EXACT_INTEGER]) == (
        b"[9007199254740991,-9007199254740991]"
    )
