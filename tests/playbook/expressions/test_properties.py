"""What holds for any text and for any well-typed expression."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from runner.core.errors import ExpressionFailed
from runner.core.money import Money, amount_text
from runner.core.types import BOOL, COIN, DECIMAL, INT, MONEY, STRING, ListOf, Scalar, Type
from runner.core.values import Unknown, Value, value_from_json, value_to_json
from runner.playbook.expressions.check import Scope, check_condition, check_expression
from runner.playbook.expressions.evaluate import Environment, evaluate
from runner.playbook.expressions.parse import Expression, ExpressionInvalid, parse_expression
from runner.playbook.expressions.template import check_template, parse_template
from tests.playbook.expressions.world import build_world, locate_in, usdt

WORLD = build_world()

WORDS = st.sampled_from(
    (
        *[
            "inputs",
            "steps",
            "now",
            "result",
            "excess",
            "inputs.amount",
            "inputs.count",
            "steps.before",
        ],
        *[
            "steps.top_up",
            "result.rows",
            "len",
            "sum",
            "all",
            "get",
            "ran",
            "money",
            "balance",
            "round_down",
            "places",
        ],
        *[
            "min",
            "from",
            "__class__",
            "import",
            "and",
            "or",
            "not",
            "in",
            "if",
            "else",
            "for",
            "true",
            "false",
            "null",
            "None",
        ],
        *[
            "lambda",
            "await",
            'f"',
            "'",
            '"',
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ",",
            ".",
            ":",
            "=",
            "==",
            "!=",
            "<",
            "<=",
            ">",
            ">=",
            "+",
            "-",
            "*",
            "/",
            "**",
            "//",
        ],
        *[
            "%",
            "&",
            "|",
            "!",
            "?",
            "#",
            "\\",
            ";",
            "${{",
            "}}",
            "0",
            "1",
            "0.5",
            "1e3",
            '"USDT"',
            "'a'",
            "é",
            "\u2028",
            "\n",
            "\t",
        ],
    )
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(WORDS, max_size=14).map(" ".join),
    st.lists(WORDS, max_size=14).map("".join),
)


def parsed(text: str) -> Expression | None:
    try:
        return parse_expression(text, locate_in(text))
    except ExpressionInvalid as exc:
        for found in exc.diagnostics:
            assert found.span.line >= 1
            assert (found.span.line, found.span.column) <= (
                found.span.end_line,
                found.span.end_column,
            )
        return None


@given(TEXTS)
@example("1if 1else 1")
@example("0_0")
@example("a\x0cb")
@example("'\r'")
@example("a.\n5")
def test_any_text_is_an_expression_or_invalid(text: str) -> None:
    expression = parsed(text)

    if expression is not None:
        check_expression(expression, WORLD.scope)
        check_condition(expression, WORLD.scope)


def outcome(expression: Expression) -> tuple[Value | None, str]:
    try:
        return evaluate(expression, WORLD.environment), ""
    except ExpressionFailed as exc:
        return None, exc.message


@given(TEXTS)
def test_any_expression_has_a_value_or_fails(text: str) -> None:
    expression = parsed(text)

    if expression is not None:
        value, failure = outcome(expression)
        assert value is not None or failure.startswith("playbook.yaml:")


@given(TEXTS)
def test_any_text_is_a_template_or_invalid(text: str) -> None:
    try:
        template = parse_template(text, locate_in(text))
    except ExpressionInvalid:
        return
    for wanted in (None, STRING, MONEY, ListOf(MONEY)):
        check_template(template, wanted, WORLD.scope)


# well-typed expressions by construction


def amounts(*, negative: bool = False) -> st.SearchStrategy[Decimal]:
    return st.decimals(
        min_value=-(10**9) if negative else 0, max_value=10**9, places=6, allow_nan=False
    )


def written(number: Decimal) -> str:
    return f"({amount_text(number)})"


LEAVES: dict[Type, st.SearchStrategy[str]] = {
    INT: st.one_of(
        st.integers(0, 10**9).map(str), st.sampled_from(["inputs.count", "len(inputs.targets)"])
    ),
    DECIMAL: st.one_of(
        amounts().map(lambda d: amount_text(d) if "." in amount_text(d) else f"{d:.1f}"),
        st.sampled_from(["inputs.band", "inputs.amount.amount", "inputs.later_amount.amount"]),
    ),
    MONEY: st.one_of(
        amounts().map(lambda d: f'money("{amount_text(d)} USDT")'),
        st.sampled_from(["inputs.amount", "excess", "inputs.targets[0]", "inputs.later_amount"]),
    ),
    BOOL: st.sampled_from(["true", "false", "inputs.urgent", "inputs.maybe"]),
    COIN: st.sampled_from(["inputs.coin", "inputs.amount.coin", "inputs.later_coin"]),
    ListOf(MONEY): st.sampled_from(["inputs.targets", "inputs.later_list"]),
}


FORMS: dict[Type, tuple[str, ...]] = {
    INT: (
        "(INT + INT)",
        "-(INT - INT)",
        "min(INT, INT)",
        "places(COIN)",
        "len(LIST)",
    ),
    DECIMAL: (
        "(DECIMAL - INT)",
        "(DECIMAL * DECIMAL)",
        "round_down(DECIMAL / DECIMAL, 6)",
        "round_up(MONEY / MONEY * 2, 6)",
        "decimal(MONEY)",
        "abs(DECIMAL)",
    ),
    MONEY: (
        "(MONEY + MONEY)",
        "(-MONEY - MONEY)",
        "(MONEY * DECIMAL)",
        "round_down(MONEY / INT, places(COIN))",
        "max(MONEY, MONEY)",
        "sum(LIST, MONEY)",
        "get(result.by_coin, COIN, MONEY)",
        "balance(result, COIN)",
    ),
    BOOL: (
        "(BOOL and BOOL)",
        "(not BOOL or BOOL)",
        "(MONEY < MONEY <= MONEY)",
        "(0 != MONEY)",
        "(DECIMAL > INT)",
        '(COIN in ["USDT", "ETH"])',
        "(MONEY not in LIST)",
        "all([BOOL, BOOL])",
        "any(LOOP > MONEY for LOOP in LIST)",
    ),
    COIN: ("MONEY.coin",),
    ListOf(MONEY): (
        "[MONEY, MONEY]",
        "[LOOP * DECIMAL for LOOP in LIST]",
        "[LOOP for LOOP in LIST if LOOP > 0]",
        "sorted(LIST)",
    ),
}
KINDS: dict[str, Type] = {
    "INT": INT, "DECIMAL": DECIMAL, "MONEY": MONEY, "BOOL": BOOL, "COIN": COIN,
    "LIST": ListOf(MONEY),
}  # fmt: skip
KIND = re.compile("|".join(KINDS))


@st.composite
def expressions(draw: st.DrawFn, kind: Type, depth: int = 3) -> str:
    """Fill a form with smaller expressions, each of the type its word names."""
    if depth == 0:
        return draw(LEAVES[kind])
    name = next(name for name, each in KINDS.items() if each == kind)
    choice = f"({name} if BOOL else {name})"
    form = draw(st.one_of(LEAVES[kind], st.sampled_from((*FORMS[kind], choice))))
    form = form.replace("LOOP", f"t{depth}")
    filled = []
    at = 0
    for word in KIND.finditer(form):
        filled.append(form[at : word.start()])
        filled.append(draw(expressions(KINDS[word.group()], depth - 1)))
        at = word.end()
    return "".join((*filled, form[at:]))


PYTHON = {"int": int, "decimal": Decimal, "money": Money, "bool": bool, "coin": str}


def is_of(value: Value, kind: Type) -> bool:
    if isinstance(value, Unknown):
        return True
    if isinstance(kind, ListOf):
        return type(value) is tuple and all(is_of(item, kind.item) for item in value)
    assert isinstance(kind, Scalar)
    return type(value) is PYTHON[kind.name] or (kind == DECIMAL and type(value) is int)


def with_kind(kind: Type) -> st.SearchStrategy[tuple[Type, str]]:
    return st.tuples(st.just(kind), expressions(kind))


@given(st.sampled_from(tuple(LEAVES)).flatmap(with_kind))
def test_well_typed_expressions_have_values_of_their_type(case: tuple[Type, str]) -> None:
    kind, text = case
    expression = parsed(text)
    if expression is None:  # larger than the caps
        return
    checked = check_expression(expression, WORLD.scope)
    assert [d for d in checked.diagnostics if d.summary != "a division by 0 has no result"] == []

    value, failure = outcome(expression)
    if value is None:
        assert failure.split(": ")[1] in {"division by zero", "overflow", "inexact result"}
        return

    assert checked.type == kind
    assert is_of(value, kind)
    if not isinstance(value, Unknown | tuple):
        assert value_from_json(value_to_json(value), kind) == value


@st.composite
def computations(draw: st.DrawFn, depth: int = 3) -> tuple[str, Fraction]:
    """Return a text over decimals and what fractions make of it."""
    if depth == 0:
        number = draw(amounts(negative=True))
        return written(number), Fraction(number)
    sign = draw(st.sampled_from("+-*/"))
    (left, x), (right, y) = draw(computations(depth - 1)), draw(computations(depth - 1))
    if sign == "/" and y == 0:
        sign = "+"
    result = {"+": x.__add__, "-": x.__sub__, "*": x.__mul__}
    return f"({left} {sign} {right})", x / y if sign == "/" else Fraction(result[sign](y))


@given(computations(), st.integers(0, 18), st.booleans())
def test_arithmetic_agrees_with_fractions(
    case: tuple[str, Fraction], places: int, up: bool
) -> None:
    text, exact = case
    value = evaluate_or_overflow(f"round_{'up' if up else 'down'}({text}, {places})")

    if value is not None:
        scaled = abs(exact) * 10**places
        whole = -(-scaled.numerator // scaled.denominator) if up else int(scaled)
        expected = Fraction(whole if exact >= 0 else -whole, 10**places)
        assert isinstance(value, Decimal)
        assert Fraction(value) == expected


@given(st.lists(amounts(negative=True), min_size=1, max_size=6), amounts(negative=True))
def test_money_agrees_with_fractions(numbers: list[Decimal], factor: Decimal) -> None:
    environment = replace(
        WORLD.environment,
        names={"all_of_them": tuple(Money(n, "USDT") for n in numbers), "factor": factor},
    )
    text = "sum(all_of_them) * factor - all_of_them[0]"

    value = evaluate(parse_expression(text, locate_in(text)), environment)

    total = sum((Fraction(n) for n in numbers), Fraction(0))
    assert isinstance(value, Money)
    assert Fraction(value.amount) == total * Fraction(factor) - Fraction(numbers[0])


@given(amounts(negative=True), amounts(negative=True))
def test_money_is_ordered_as_its_numbers(left: Decimal, right: Decimal) -> None:
    environment = Environment(
        names={"a": usdt(str(left)), "b": usdt(str(right))},
        inputs={},
        steps={},
        now=datetime(2026, 11, 22, tzinfo=UTC),
        places={"USDT": 6}.__getitem__,
    )
    for sign, expected in (("<", left < right), ("==", left == right), (">=", left >= right)):
        text = f"a {sign} b"
        assert evaluate(parse_expression(text, locate_in(text)), environment) is expected


def evaluate_or_overflow(text: str) -> Value | None:
    expression = parsed(text)
    if expression is None:  # larger than the caps
        return None
    value, failure = outcome(expression)
    assert value is not None or "overflow" in failure or "inexact" in failure
    return value


def test_an_empty_scope_knows_nothing() -> None:
    scope = Scope(names={}, inputs={}, steps={})
    expression = parse_expression("steps.a", locate_in("steps.a"))

    assert [d.code for d in check_expression(expression, scope).diagnostics] == ["unknown-step"]
