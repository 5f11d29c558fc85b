"""Values: what expressions give, what they refuse to give, and what stays unknown."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from runner.core.errors import ExpressionFailed
from runner.core.money import Money
from runner.core.types import (
    BOOL,
    COIN,
    DATE,
    DECIMAL,
    INT,
    MONEY,
    NETWORK,
    STRING,
    TIMESTAMP,
    ListOf,
)
from runner.core.values import Unknown, Value
from runner.playbook.expressions.evaluate import Environment, evaluate
from tests.playbook.expressions.world import POSITIONS_NOW, World, usdt

KNOWN: dict[str, Value] = {
    "1": 1,
    "0.50": Decimal("0.5"),
    "true": True,
    "'a'": "a",
    "now": datetime(2026, 11, 22, 10, tzinfo=UTC),
    "excess": usdt("-2.5"),
    "inputs.link": "acme/arb-01",
    "result.from": "ceffu",
    "result.by_coin.USDT": usdt("7"),
    'result.by_coin["ETH"]': Money(Decimal("0.5"), "ETH"),
    "result.by_coin[inputs.coin]": usdt("7"),
    "result.rows[2].coin": "ETH",
    "inputs.amount.amount": Decimal(10),
    "inputs.amount.coin": "USDT",
    "[1, 2][1]": 2,
    # arithmetic
    "1 + 2 * 3 - 4": 3,
    "0.1 + 0.2": Decimal("0.3"),
    "1 - 0.9": Decimal("0.1"),
    "-(1 - 3)": 2,
    "- -2": 2,
    "inputs.amount + excess": usdt("7.5"),
    "inputs.amount - excess * 2": usdt("15"),
    "0.5 * inputs.amount": usdt("5"),
    "-excess": usdt("2.5"),
    "-inputs.patience * -1": timedelta(minutes=90),
    "now - steps.order.created_at": timedelta(minutes=30),
    "now + inputs.patience": datetime(2026, 11, 22, 11, 30, tzinfo=UTC),
    "inputs.days[1] - inputs.day": timedelta(days=32),
    "round_down(2 / 3, 4)": Decimal("0.6666"),
    "round_up(2 / 3, 4)": Decimal("0.6667"),
    "round_down(-2 / 3, 4)": Decimal("-0.6666"),
    "round_up(-2 / 3, 4)": Decimal("-0.6667"),
    "round_down(inputs.amount / 3, 6)": usdt("3.333333"),
    "round_down(inputs.amount / excess, 0)": Decimal(-4),
    "round_down((inputs.amount / 3) * 3, 6)": usdt("10"),
    "round_down(1 / 3 + 2 / 3, 40)": Decimal(1),
    "round_down(1 / 3 - inputs.band, 3)": Decimal("0.313"),
    "round_down(-(1 / 3), 2)": Decimal("-0.33"),
    "round_up(inputs.amount * 0.1234567, 6)": usdt("1.234567"),
    "round_up(1.001, 2)": Decimal("1.01"),
    "round_down(7, 2)": Decimal(7),
    # comparisons
    "1 == 1.0": True,
    "1 < 2 <= 2 < 3": True,
    "1 < 2 > 2": False,
    "inputs.amount > 0": True,
    "0 > excess": True,
    "inputs.amount == 0": False,
    'inputs.amount >= money("10.0 USDT")': True,
    'inputs.day == "2026-11-22"': True,
    '"2026-12-24" > inputs.day': True,
    '"2026-12-24" in inputs.days': True,
    'inputs.day not in ["2026-12-24"]': True,
    '"BTC" in result.by_coin': False,
    '"BTC" not in result.by_coin': True,
    'inputs.coin in ["ETH", "USDT"]': True,
    "true == false": False,
    "true != false": True,
    "now >= steps.order.created_at": True,
    "inputs.targets == inputs.targets": True,
    "inputs.targets == [excess]": False,
    "result.by_coin == result.by_coin": True,
    "result.by_coin == steps.before.by_coin": True,
    "inputs.targets != [inputs.amount, excess]": True,
    # logic and choice
    "inputs.urgent and not false": True,
    "false or 1 == 2": False,
    "false and result.by_coin.BTC > 0": False,
    "true or result.by_coin.BTC > 0": True,
    "1 if inputs.urgent else result.rows[9]": 1,
    "result.rows[9] if not inputs.urgent else 2": 2,
    # comprehensions
    "[t * 2 for t in inputs.targets]": (usdt("2"), usdt("4")),
    "[t for t in inputs.targets if t > inputs.amount]": (),
    '[r.coin for r in result.rows if r.coin == "USDT" if r.amount.amount > 3]': ("USDT",),
    "[[s + t for s in inputs.targets] for t in inputs.targets]": (
        (usdt("2"), usdt("3")),
        (usdt("3"), usdt("4")),
    ),
    "all(any(s > t for s in inputs.targets) for t in inputs.targets)": False,
    # steps
    "ran(steps.before)": True,
    "ran(steps.top_up)": False,
    'ran(steps.top_up) and steps.top_up.status == "success"': False,
    'steps.top_up.status if ran(steps.top_up) else "none"': "none",
    # get
    'get(steps.order, "fee.amount", money(0, "USDT"))': usdt("0"),
    'get(steps.order, "status", "none")': "success",
    'get(result, "by_coin.ETH", excess)': Money(Decimal("0.5"), "ETH"),
    "get(result.by_coin, inputs.coin, excess)": usdt("7"),
    'get(result.by_coin, "BTC", money(0, "BTC"))': Money(Decimal(0), "BTC"),
    'get(result, "from.nothing", 1)': 1,
}


@pytest.mark.parametrize("text", KNOWN)
def test_evaluate_gives(world: World, text: str) -> None:
    value = world.evaluate(text)

    assert value == KNOWN[text]
    assert type(value) is type(KNOWN[text])


FAILING = {
    "nothing": '1:1: unknown name: "nothing"',
    "inputs.nothing": '1:1: unknown input: "nothing"',
    "steps.nothing": '1:1: unknown step: "nothing"',
    "ran(steps.nothing)": '1:1: unknown step: "nothing"',
    "steps.after.rows": '1:1: unknown step: "after"',
    "steps.top_up.status": '1:1: step "top_up" was skipped',
    "nothing(1)": '1:1: unknown function: "nothing"',
    "result.nothing": '1:8: missing field: there is no "nothing"',
    "result.by_coin.BTC": '1:16: missing field: there is no "BTC"',
    'result.by_coin["BTC"]': '1:1: missing field: there is no "BTC"',
    "inputs.later_row.nothing": '1:18: missing field: row has no "nothing"',
    "inputs.ticket.upper": '1:15: type mismatch: string has no part "upper"',
    "inputs.amount.__class__": '1:15: type mismatch: money has no part "__class__"',
    "result.rows[3]": "1:1: index out of range: item 3 of 3, counted from 0",
    "result.rows[0 - 1]": "1:1: index out of range: item -1 of 3, counted from 0",
    "result.rows[true]": "1:1: type mismatch: bool is not the number of an item",
    "result.rows['a']": "1:1: type mismatch: string is not the number of an item",
    "result[0]": "1:1: type mismatch: int is not a key of a record or map",
    "inputs.amount + result.by_coin.ETH": "1:1: coin mismatch: 10 USDT and 0.5 ETH",
    "inputs.amount < result.by_coin.ETH": "1:1: coin mismatch: 10 USDT and 0.5 ETH",
    "inputs.amount == result.by_coin.ETH": "1:1: coin mismatch: 10 USDT and 0.5 ETH",
    "round_down(inputs.amount / result.by_coin.ETH, 2)": "1:12: coin mismatch: USDT / ETH",
    "inputs.amount + 1": "1:1: type mismatch: money + int has no meaning",
    "inputs.amount > 1": "1:1: type mismatch: money does not compare with int",
    "true + 1": "1:1: type mismatch: bool + int has no meaning",
    "true == 1": "1:1: type mismatch: bool does not compare with int",
    "true < false": "1:1: type mismatch: bool does not compare with bool",
    "'a' + 'b'": "1:1: type mismatch: string + string has no meaning",
    "'a' < 'b'": "1:1: type mismatch: string does not compare with string",
    "inputs.targets == 1": "1:1: type mismatch: a list does not compare with int",
    "-inputs.ticket": "1:1: type mismatch: string has no negative",
    "1 / 3": "1:1: inexact result: a division must be rounded",
    "[1 / 3]": "1:1: inexact result: a division must be rounded",
    "1 / 3 > 0": "1:1: type mismatch: a division that is not rounded does not compare with int",
    "round_down(1 / 0, 2)": "1:12: division by zero",
    "round_down(1 / (1 - 1.0), 2)": "1:12: division by zero",
    "round_down(inputs.amount / (excess * 0), 2)": "1:12: division by zero",
    "round_down(1 / inputs.amount, 2)": "1:12: type mismatch: a number / money has no meaning",
    "round_down(inputs.amount / 3 + 1 / 3, 2)": (
        "1:12: type mismatch: money + a number has no meaning"
    ),
    "round_down(inputs.amount / 3 * inputs.amount, 2)": (
        "1:12: type mismatch: money * money has no meaning"
    ),
    "round_down(now / 3, 2)": "1:12: type mismatch: timestamp cannot be divided",
    "round_down(now, 2)": "1:1: type mismatch: timestamp cannot be rounded",
    "round_down(1, 41)": "1:1: out of range: places is a whole number from 0 to 40",
    "round_down(1, 0 - 1)": "1:1: out of range: places is a whole number from 0 to 40",
    "999999999999999999999999999999 + 1": "1:1: overflow: the result is too large",
    "now + duration('3650d') * 999999": "1:7: overflow: the result is too large",
    "now + duration('3650d') * 9999": "1:1: overflow: the result is too large",
    "steps.order.created_at - now": "1:1: overflow: a duration is from 0s to ten years",
    "duration('3650d') * 2": "1:1: overflow: a duration is from 0s to ten years",
    "days(inputs.day, 99999999)": "1:1: overflow: there is no such date",
    "not 1": "1:5: type mismatch: int is not true or false",
    "true and 1": "1:10: type mismatch: int is not true or false",
    "1 if 'a' else 2": "1:6: type mismatch: string is not true or false",
    "[1 for t in 5]": '1:13: type mismatch: "for" needs a list, not int',
    "[1 for t in inputs.later_amount]": '1:13: type mismatch: "for" needs a list, not money',
    "1 in 2": '1:1: type mismatch: "in" needs a list or a map, not int',
    "all([1])": "1:1: type mismatch: all needs conditions, not int",
    "get(result, 1, 2)": "1:1: type mismatch: int is not a path",
    "get(result, 1)": "1:1: type mismatch: get takes a value, a path and a default",
    "inputs.later_amount + 1": "1:1: type mismatch: money + int has no meaning",
    "inputs.day == 'soon'": "1:1: type mismatch: 'soon' is not a date: write it like 2026-11-22",
    "inputs\n  .count +\n true": "1:1: type mismatch: int + bool has no meaning",
    "1 +\n nothing": '2:2: unknown name: "nothing"',
}


@pytest.mark.parametrize("text", FAILING)
def test_evaluate_fails_with_place_and_reason(world: World, text: str) -> None:
    with pytest.raises(ExpressionFailed) as caught:
        world.evaluate(text)

    assert caught.value.message == f"playbook.yaml:{FAILING[text]}"


NINES = "9" * 30 + "." + "9" * 18


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (" * ".join([f"{NINES[:30]}.0"] * 3), "overflow: more than 60 digits before the point"),
        (
            " * ".join(["0.000000000000000001"] * 4),
            "inexact result: more than 60 decimals",
        ),
        (
            f"round_down({' * '.join([f'{NINES[:30]}.0'] * 3)} / 0.7, 40)",
            "overflow: more than 60 digits before the point",
        ),
        (
            f"round_down({' * '.join([f'{NINES[:30]}.0'] * 3)}, 40)",
            "overflow: the result is too large",
        ),
        (
            " * ".join([NINES] * 3),
            "inexact result: it has more digits than can be kept exactly",
        ),
    ],
)
def test_results_that_cannot_be_written_down_are_refused(
    world: World, text: str, reason: str
) -> None:
    with pytest.raises(ExpressionFailed, match=reason):
        world.evaluate(text)


def test_decimals_that_do_not_matter_are_not_counted(world: World) -> None:
    assert world.evaluate("round_down(0.5, 40) * 1.000000000000000000") == Decimal("0.5")


def test_work_on_lists_is_bounded(world: World) -> None:
    rows = tuple(range(2_000))
    environment = replace(world.environment, names={"rows": rows})
    expression = world.parse("[[[1 for a in rows] for b in rows] for c in rows]")

    with pytest.raises(ExpressionFailed, match="too much work: more than 1,000,000 list items"):
        evaluate(expression, environment)


@pytest.mark.parametrize(
    "text", ["all(rows == rows for r in rows)", "all(r in rows for r in rows)"]
)
def test_comparing_lists_counts_as_work(world: World, text: str) -> None:
    environment = replace(world.environment, names={"rows": tuple(range(2_000))})

    with pytest.raises(ExpressionFailed, match="too much work"):
        evaluate(world.parse(text), environment)


def test_an_expression_is_compiled_once_and_sees_new_values(world: World) -> None:
    expression = world.parse("inputs.count + 1")

    first = evaluate(expression, world.environment)
    program = expression.program
    second = evaluate(expression, replace(world.environment, inputs={"count": 7}))

    assert (first, second) == (4, 8)
    assert expression.program is program


T, F = "true", "false"
U = "inputs.maybe"
AND = {
    (T, T): True, (T, F): False, (T, U): None,
    (F, T): False, (F, F): False, (F, U): False,
    (U, T): None, (U, F): False, (U, U): None,
}  # fmt: skip
OR = {
    (T, T): True, (T, F): True, (T, U): True,
    (F, T): True, (F, F): False, (F, U): None,
    (U, T): True, (U, F): None, (U, U): None,
}  # fmt: skip


def kleene(value: Value) -> Value | None:
    return None if value == Unknown(BOOL) else value


@pytest.mark.parametrize("pair", AND)
def test_and_is_kleene(world: World, pair: tuple[str, str]) -> None:
    assert kleene(world.evaluate(" and ".join(pair))) is AND[pair]


@pytest.mark.parametrize("pair", OR)
def test_or_is_kleene(world: World, pair: tuple[str, str]) -> None:
    assert kleene(world.evaluate(" or ".join(pair))) is OR[pair]


@pytest.mark.parametrize(("operand", "expected"), [(T, False), (F, True), (U, None)])
def test_not_is_kleene(world: World, operand: str, expected: bool | None) -> None:
    assert kleene(world.evaluate(f"not {operand}")) is expected


@pytest.mark.parametrize("pair", AND)
def test_all_agrees_with_and(world: World, pair: tuple[str, str]) -> None:
    assert kleene(world.evaluate(f"all([{pair[0]}, {pair[1]}])")) is AND[pair]


@pytest.mark.parametrize("pair", OR)
def test_any_agrees_with_or(world: World, pair: tuple[str, str]) -> None:
    assert kleene(world.evaluate(f"any([{pair[0]}, {pair[1]}])")) is OR[pair]


UNKNOWN = {
    "inputs.later_amount": MONEY,
    "inputs.later_amount + excess": MONEY,
    "inputs.later_amount * 2": MONEY,
    "-inputs.later_amount": MONEY,
    "round_down(inputs.later_amount / excess, 2)": DECIMAL,
    "round_down(excess / 3 + inputs.later_amount, 2)": MONEY,
    "inputs.later_amount > 0": BOOL,
    "inputs.later_amount == excess": BOOL,
    "0 < 1 < 2 and 0 < excess * -1 < inputs.later_amount": BOOL,
    "inputs.later_amount.coin": COIN,
    "inputs.later_amount.amount": DECIMAL,
    "inputs.later_row.coin": COIN,
    "inputs.later_row.network": NETWORK,
    "inputs.later_positions.rows[0].coin": COIN,
    "inputs.later_positions.by_coin.USDT": MONEY,
    "inputs.later_positions.by_coin[inputs.later_coin]": MONEY,
    "result.by_coin[inputs.later_coin]": MONEY,
    "inputs.targets[len(inputs.later_list)]": MONEY,
    "inputs.later_list[0]": MONEY,
    "inputs.later_list": ListOf(MONEY),
    "[t * 2 for t in inputs.later_list]": ListOf(MONEY),
    "[t > 0 for t in inputs.later_list]": ListOf(BOOL),
    "[t for t in inputs.targets if inputs.maybe]": ListOf(MONEY),
    "[t for t in [] if inputs.maybe] == []": None,
    "all(t > 0 for t in inputs.later_list)": BOOL,
    "any(inputs.later_flags) and all(inputs.later_flags)": BOOL,
    "sum(inputs.later_list)": MONEY,
    "sum([excess, inputs.later_amount])": MONEY,
    "sum([], inputs.later_amount)": MONEY,
    "min([1, 2]) + len(inputs.later_list)": INT,
    "max(excess, inputs.later_amount)": MONEY,
    "sorted(inputs.later_list)": ListOf(MONEY),
    "sorted([excess, inputs.later_amount])": ListOf(MONEY),
    "places(inputs.later_coin)": INT,
    "places(inputs.coin if inputs.maybe else 'ETH') + 1": INT,
    "money(1, inputs.coin if inputs.maybe else 'ETH') + excess": MONEY,
    "balance(inputs.later_positions, inputs.coin)": MONEY,
    "balance(result, inputs.later_coin)": MONEY,
    "money(5, inputs.later_coin)": MONEY,
    "decimal(inputs.later_amount)": DECIMAL,
    "1 if inputs.maybe else 2": INT,
    "1 if inputs.maybe else 0.5": DECIMAL,
    "result.rows[9].amount if inputs.maybe else excess": MONEY,
    "excess if inputs.maybe else result.rows[9].amount": MONEY,
    "inputs.maybe and result.rows[9].amount > 0": BOOL,
    "[result.rows[9].amount for t in inputs.targets if inputs.maybe]": ListOf(STRING),
    "excess in inputs.later_list": BOOL,
    "excess in [inputs.later_amount]": BOOL,
    "[inputs.later_amount] == [excess]": BOOL,
    "ran(steps.undecided)": BOOL,
    "steps.undecided.status": STRING,
    "now - steps.undecided.created_at > inputs.patience": BOOL,
    "steps.undecided.created_at + inputs.patience": TIMESTAMP,
    "days(inputs.day, len(inputs.later_list))": DATE,
    'get(steps.undecided, "fee.amount", excess)': MONEY,
    "get(result.by_coin, inputs.later_coin, excess)": MONEY,
    "contains(steps.undecided.status, 'a')": BOOL,
}


@pytest.mark.parametrize("text", [text for text, kind in UNKNOWN.items() if kind is not None])
def test_unknown_values_flow_on(world: World, text: str) -> None:
    assert world.evaluate(text) == Unknown(UNKNOWN[text])  # type: ignore[arg-type]  # filtered


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("excess in [inputs.later_amount, excess]", True),
        ("[inputs.later_amount, excess] == [excess]", False),
        ("[inputs.later_amount, 1] == [excess, 2]", False),
        ("inputs.maybe and 1 == 2", False),
        ("len([inputs.later_amount])", 1),
        ("1 > 2 > inputs.later_amount.amount", False),
        ("[1 for t in inputs.targets if inputs.maybe and false]", ()),
        ("all([])", True),
        ("any([])", False),
    ],
)
def test_what_is_known_in_spite_of_unknowns_is_told(
    world: World, text: str, expected: Value
) -> None:
    assert world.evaluate(text) == expected


def test_an_unknown_result_of_a_step_that_surely_runs_counts_as_run(world: World) -> None:
    environment: Environment = replace(world.environment, certain=frozenset({"undecided"}))

    assert evaluate(world.parse("ran(steps.undecided)"), environment) is True


def test_a_balance_is_unknown_while_completeness_is(world: World) -> None:
    record: dict[str, Value] = {**POSITIONS_NOW, "complete": Unknown(BOOL)}
    environment = replace(world.environment, names={"result": record})

    assert evaluate(world.parse('balance(result, "BTC")'), environment) == Unknown(MONEY)
    assert evaluate(world.parse('balance(result, "USDT")'), environment) == usdt("7")


def test_loop_names_do_not_leak_after_a_failure(world: World) -> None:
    text = "inputs.maybe and [t for t in result.rows if t.nothing][0].coin == 'a' or excess < 0"

    assert world.evaluate(text) is True


def test_values_are_not_changed(world: World) -> None:
    before = date(2026, 11, 22)

    assert world.evaluate("days(inputs.day, 1)") == date(2026, 11, 23)
    assert world.environment.inputs["day"] == before
