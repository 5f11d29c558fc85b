"""Text to tree: what is accepted, what is refused, where, and how fast."""

from decimal import Decimal

import pytest

from runner.playbook.expressions.parse import ExpressionInvalid, parse_expression
from runner.playbook.expressions.tree import (
    Arithmetic,
    Comparison,
    InputName,
    Member,
    Name,
    Number,
    StepName,
    Text,
    Truth,
)
from tests.playbook.expressions.world import World


def refused(world: World, text: str) -> list[tuple[str, str, str]]:
    """Return line:column, code and hint of everything that is wrong."""
    with pytest.raises(ExpressionInvalid) as caught:
        parse_expression(text, world.locate(text))
    return [
        (f"{d.span.line}:{d.span.column}-{d.span.end_column}", d.code, d.hint)
        for d in caught.value.diagnostics
    ]


def first_refused(world: World, text: str) -> tuple[str, str]:
    place, code, _ = refused(world, text)[0]
    return place, code


ACCEPTED = (
    "1",
    "0.05",
    "true",
    "'single'",
    '"double"',
    "result",
    "inputs.link",
    "steps.before.by_coin",
    "a.b.c",
    "a[0]",
    'a["USDT"]',
    "a[b.c]",
    "[]",
    "[a, b,]",
    "-a",
    "--1",
    "not a",
    "not not a",
    "a + b - c * d / e",
    "a and b or not c",
    "a if b else c if d else e",
    "1 < a <= 2 != 3",
    "a in b and c not in d",
    "f()",
    "f(a, b)",
    "f(a for a in b)",
    "f((a for a in b), c)",
    "[a for a in b if c if d]",
    "((a))",
    "(a\n  + b)",
    "a\n+ b\n",
    "\t a \r\n",
    '"}" == "{" or "lambda" == "\N{SNOWMAN}"',
    "match.case.type",
    "'it is \"quoted\"'",
)


@pytest.mark.parametrize("text", ACCEPTED)
def test_parse_accepts(world: World, text: str) -> None:
    assert world.parse(text).text == text


REFUSED = {
    # nothing, and too little
    "": ("1:1-1", "expression-syntax"),
    " \n ": ("1:1-2", "expression-syntax"),
    "a +": ("1:4-4", "expression-syntax"),
    "a.": ("1:3-3", "expression-syntax"),
    "not": ("1:4-4", "expression-syntax"),
    "a if b": ("1:3-5", "expression-syntax"),
    "(a": ("1:1-2", "expression-syntax"),
    "a)": ("1:2-3", "expression-syntax"),
    "(a]": ("1:3-4", "expression-syntax"),
    "a b": ("1:3-4", "expression-syntax"),
    "5 USDT": ("1:3-7", "expression-syntax"),
    "a..b": ("1:3-4", "expression-syntax"),
    "f(a,,b)": ("1:5-6", "expression-syntax"),
    "* a": ("1:1-2", "expression-syntax"),
    '"open': ("1:1-2", "expression-syntax"),
    "'a' 'b'": ("1:5-8", "expression-syntax"),
    '"""a"""': ("1:3-6", "expression-syntax"),
    # numbers
    "1e3": ("1:1-4", "expression-syntax"),
    "1_000": ("1:1-6", "expression-syntax"),
    "0x10": ("1:1-5", "expression-syntax"),
    "1j": ("1:1-3", "expression-syntax"),
    "007": ("1:1-4", "expression-syntax"),
    ".5": ("1:1-3", "expression-syntax"),
    "5.": ("1:1-3", "expression-syntax"),
    "0.1.2": ("1:1-6", "expression-syntax"),
    "1if a else b": ("1:1-4", "expression-syntax"),
    "0.1234567890123456789": ("1:1-22", "expression-syntax"),
    # words and operators of other languages
    "a && b": ("1:3-5", "expression-refused"),
    "a || b": ("1:3-5", "expression-refused"),
    "!a": ("1:1-2", "expression-refused"),
    "a = b": ("1:3-4", "expression-refused"),
    "a <> b": ("1:3-5", "expression-refused"),
    "a is b": ("1:3-5", "expression-refused"),
    "a ? b : c": ("1:3-4", "expression-refused"),
    "null": ("1:1-5", "expression-refused"),
    "None": ("1:1-5", "expression-refused"),
    "True": ("1:1-5", "expression-refused"),
    "FALSE": ("1:1-6", "expression-refused"),
    "a ** b": ("1:3-5", "expression-refused"),
    "a // b": ("1:3-5", "expression-refused"),
    "a % b": ("1:3-4", "expression-refused"),
    "a @ b": ("1:3-4", "expression-refused"),
    "~a": ("1:1-2", "expression-refused"),
    "a | b": ("1:3-4", "expression-refused"),
    "a # why": ("1:3-4", "expression-refused"),
    "a; b": ("1:2-3", "expression-refused"),
    # what Python has and the language has not
    "+a": ("1:1-3", "expression-refused"),
    "a, b": ("1:1-5", "expression-refused"),
    "()": ("1:1-3", "expression-refused"),
    "().__class__": ("1:1-3", "expression-refused"),
    "f(*a)": ("1:3-5", "expression-refused"),
    "f(**a)": ("1:3-5", "expression-refused"),
    "f(a=b)": ("1:4-5", "expression-refused"),
    "a.f()": ("1:1-6", "expression-refused"),
    "a[0]()": ("1:1-7", "expression-refused"),
    '"a".format(b)': ("1:1-14", "expression-refused"),
    "a[1:2]": ("1:4-5", "expression-refused"),
    "{}": ("1:1-2", "expression-refused"),
    "{a}": ("1:1-2", "expression-refused"),
    "{a: b}": ("1:1-2", "expression-refused"),
    "lambda: a": ("1:1-7", "expression-refused"),
    "(a := b)": ("1:4-6", "expression-refused"),
    "await a": ("1:1-6", "expression-refused"),
    "yield": ("1:1-6", "expression-refused"),
    "(a for a in b)": ("1:1-15", "expression-refused"),
    "[a for a in b for c in d]": ("1:1-26", "expression-refused"),
    "[a for a, b in c]": ("1:8-12", "expression-refused"),
    "[a async for a in b]": ("1:4-9", "expression-refused"),
    "[now for now in b]": ("1:10-13", "expression-refused"),
    'f"{a}"': ("1:1-7", "expression-refused"),
    'rb"a"': ("1:1-6", "expression-refused"),
    r'"\n"': ("1:1-5", "expression-refused"),
    "a \\ b": ("1:3-4", "expression-refused"),
    '"a\nb"': ("1:1-3", "expression-refused"),
    '"\x00"': ("1:1-4", "expression-refused"),
    '"\ud800"': ("1:1-4", "expression-refused"),
    "é": ("1:1-2", "expression-refused"),
    "a\u00a0+ b": ("1:2-3", "expression-refused"),
    "${{ a }}": ("1:1-4", "expression-delimiters"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_parse_refuses(world: World, text: str) -> None:
    assert first_refused(world, text) == REFUSED[text]


HINTS = {
    "a && b": 'write "and"',
    "a || b": 'write "or"',
    "!a": 'write "not", or "!=" for "is not equal"',
    "a = b": 'write "==" to compare',
    "null": 'nothing is null; a field that may be missing is read with get(x, "path", default)',
    "None": 'nothing is null; a field that may be missing is read with get(x, "path", default)',
    "True": 'write "true"',
    "1e3": "write digits and at most one point, like 250000 or 0.05",
    "5 USDT": 'an amount of money is written money("5 USDT")',
    "a.lower()": "a function is called by its name: lower(x)",
    "a, b": "a list is written [a, b]",
}


@pytest.mark.parametrize("text", HINTS)
def test_parse_shows_the_way_out(world: World, text: str) -> None:
    assert refused(world, text)[0][2] == HINTS[text]


def test_parse_reports_everything_at_once(world: World) -> None:
    assert refused(world, "a && !b ==\n null") == [
        ("1:3-5", "expression-refused", 'write "and"'),
        ("1:6-7", "expression-refused", 'write "not", or "!=" for "is not equal"'),
        ("2:2-6", "expression-refused", HINTS["null"]),
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('"ééé\N{SNOWMAN}\N{GRINNING FACE}" == a.f()', "1:12-17"),
        ('  "ééé" == a.f()', "1:12-17"),
        ('"é" ==\n  a.f()', "2:3-8"),
        ('"é" == f(*a)', "1:10-12"),
    ],
)
def test_places_count_characters_not_bytes(world: World, text: str, place: str) -> None:
    assert first_refused(world, text)[0] == place


def test_places_of_nodes_count_in_the_text_as_given(world: World) -> None:
    expression = world.parse('\n "é" == inputs.from ')

    assert isinstance(expression.tree, Comparison)
    assert [expression.source_of(node) for node in expression.tree.operands] == [
        '"é"',
        "inputs.from",
    ]


def test_numbers_are_read_from_the_text(world: World) -> None:
    assert world.parse("0.10").tree == Number(start=0, end=4, value=Decimal("0.10"))
    big = "123456789012345678901234567890.123456789012345678"
    assert world.parse(big).tree == Number(start=0, end=49, value=Decimal(big))


def test_an_integer_is_an_int(world: World) -> None:
    tree = world.parse("12").tree

    assert isinstance(tree, Number)
    assert type(tree.value) is int


def test_inputs_and_steps_have_nodes_of_their_own(world: World) -> None:
    assert world.parse("inputs.a").tree == InputName(start=0, end=8, name="a")
    assert world.parse("steps.b.c").tree == Member(
        start=0, end=9, of=StepName(start=0, end=7, name="b"), key="c"
    )


@pytest.mark.parametrize("key", ["from", "class", "is", "None", "lambda", "if", "true"])
def test_a_key_may_be_any_word(world: World, key: str) -> None:
    assert world.parse(f"a.{key}").tree == Member(
        start=0, end=2 + len(key), of=Name(start=0, end=1, name="a"), key=key
    )


def test_texts_and_truths(world: World) -> None:
    assert world.parse("'a'").tree == Text(start=0, end=3, value="a")
    assert world.parse("true").tree == Truth(start=0, end=4, value=True)


def test_multiplication_binds_before_addition(world: World) -> None:
    tree = world.parse("1 + 2 * 3").tree

    assert isinstance(tree, Arithmetic)
    assert tree.operator == "+"


def test_expressions_are_the_same_only_if_they_are_one_object(world: World) -> None:
    first, second = world.parse("1"), world.parse("1")

    assert len({first, second, first}) == 2


@pytest.mark.parametrize(
    "text",
    [
        "+".join(["1"] * 20_000),
        "+".join(["1"] * 1_000),
        "1+" * 40 + "1",
        "-" * 1_999 + "1",
        "-" * 41 + "1",
        "not " * 499 + "a",
        "a if b else " * 160 + "c",
        "(" * 1_000 + ")" * 1_000,
        "[" * 41 + "]" * 41,
        "f(" * 41 + ")" * 41,
        "a[" * 40 + "0" + "]" * 40,
        "a" + ".a" * 400,
        "[" + "1," * 400 + "1]",
        "1" + "<1" * 401,
        "[x for x in " * 39 + "y" + "]" * 39,
        '"' + "a" * 10_000 + '"',
        "a" * 2_001,
    ],
    ids=lambda text: f"{text[:12]}*{len(text)}",
)
def test_hostile_sizes_are_refused(world: World, text: str) -> None:
    _, code = first_refused(world, text)

    assert code == "expression-too-large"


@pytest.mark.parametrize(
    "text",
    [
        "lambda:" * 250,
        "{" * 2_000,
        "é" * 2_000,
        'f"' * 900,
        "await " * 300,
        ":=" * 900,
        "1 " * 1_000,
        "'" * 1_999,
        "(,)" * 600,
        "=" * 2_000,
        "\\" * 2_000,
        "\x00" * 2_000,
    ],
    ids=lambda text: f"{text[:6]!r}",
)
def test_hostile_words_are_refused_briefly(world: World, text: str) -> None:
    assert 1 <= len(refused(world, text)) <= 20


def test_limits_are_reachable(world: World) -> None:
    world.parse("1" + "+1" * 39)
    world.parse("(" * 40 + "1" + ")" * 40)
    world.parse("[" + ", ".join(["1"] * 399) + "]")
    world.parse('"' + "a" * 1_998 + '"')
