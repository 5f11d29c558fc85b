"""The table of functions: its words, and what each function does with values."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from runner.core.errors import ExpressionFailed
from runner.core.money import Money
from runner.core.values import Value
from runner.playbook.expressions.functions import FUNCTIONS
from tests.playbook.expressions.world import World, usdt

NAMES = [
    "min",
    "max",
    "abs",
    "sum",
    "len",
    "keys",
    "values",
    "any",
    "all",
    "sorted",
    "round_down",
    "round_up",
    "places",
    "balance",
    "get",
    "ran",
    "money",
    "decimal",
    "duration",
    "timestamp",
    "days",
    "startswith",
    "contains",
]


def test_the_table_is_closed() -> None:
    assert list(FUNCTIONS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_function_says_what_it_does(name: str) -> None:
    function = FUNCTIONS[name]

    assert function.summary.endswith(".")
    assert all(signature.startswith(f"{name}(") for signature in function.signatures)
    assert f"{name}(" in function.example


@pytest.mark.parametrize("name", NAMES)
def test_every_example_can_be_read(world: World, name: str) -> None:
    world.parse(FUNCTIONS[name].example)


VALUES: dict[str, Value] = {
    "min(3, 1, 2)": 1,
    "min([2, 0.5])": Decimal("0.5"),
    "max(inputs.amount, excess)": usdt("10"),
    "max(inputs.days)": date(2026, 12, 24),
    "max(t.amount for t in inputs.targets)": Decimal(2),
    "min(inputs.patience, duration('5m'))": timedelta(minutes=5),
    "abs(-1)": 1,
    "abs(0.5 - 1)": Decimal("0.5"),
    "abs(excess)": usdt("2.5"),
    "abs(steps.order.created_at - now)": timedelta(minutes=30),
    "sum([1, 2, 3])": 6,
    "sum([1, 0.5])": Decimal("1.5"),
    "sum(inputs.targets)": usdt("3"),
    "sum(inputs.targets, inputs.amount)": usdt("13"),
    'sum([t for t in inputs.targets if false], money(0, "USDT"))': usdt("0"),
    "sum([], 0)": 0,
    "sum([inputs.patience, inputs.patience])": timedelta(hours=3),
    "len(result.rows)": 3,
    "len(result.by_coin)": 2,
    "len('ééé')": 3,
    "any([false, true])": True,
    "all([true, false])": False,
    "sorted([3, 0.5, 2])": (Decimal("0.5"), 2, 3),
    "sorted([inputs.amount, excess])": (usdt("-2.5"), usdt("10")),
    "sorted(r.coin for r in result.rows)": ("ETH", "USDT", "USDT"),
    "sorted([])": (),
    'places("ETH")': 8,
    "places(inputs.amount)": 6,
    'balance(result, "USDT")': usdt("7"),
    'balance(result, "BTC")': Money(Decimal(0), "BTC"),
    'balance(steps.partial, "USDT")': usdt("7"),
    'money("5.50 USDT")': usdt("5.5"),
    'money(5, "USDT")': usdt("5"),
    "money(inputs.band, inputs.coin)": usdt("0.02"),
    "decimal(inputs.amount)": Decimal(10),
    "decimal(3)": Decimal(3),
    'decimal("-0.05")': Decimal("-0.05"),
    'duration("1h30m")': timedelta(minutes=90),
    'timestamp("2026-11-22T10:00:00+01:00")': datetime(2026, 11, 22, 9, tzinfo=UTC),
    "timestamp(inputs.day)": datetime(2026, 11, 22, tzinfo=UTC),
    "days(inputs.day, 10)": date(2026, 12, 2),
    "days(inputs.day, -22)": date(2026, 10, 31),
    'days("2026-02-28", 1)': date(2026, 3, 1),
    "days(inputs.days[1] - inputs.day)": 32,
    "days(inputs.patience * -17)": -1,
    'startswith(inputs.ticket, "TRS-")': True,
    'contains(inputs.ticket, "XYZ")': False,
}


@pytest.mark.parametrize("text", VALUES)
def test_functions_give(world: World, text: str) -> None:
    value = world.evaluate(text)

    assert value == VALUES[text]
    assert type(value) is type(VALUES[text])


FAILING = {
    "min([])": "empty list: it has no min",
    "max(inputs.targets, 1)": "type mismatch: int does not compare with a list",
    "min(5)": "type mismatch: min needs a list, not int",
    "max(inputs.amount, result.by_coin.ETH)": "coin mismatch: 0.5 ETH and 10 USDT",
    "sum([])": "empty list: its sum has no type and no coin",
    "sum(r.amount for r in result.rows)": "coin mismatch: 7 USDT and 0.5 ETH",
    "sum(5)": "type mismatch: sum needs a list, not int",
    "abs('a')": "type mismatch: string has no negative",
    "len(1)": "type mismatch: int has no length",
    "sorted(r.amount for r in result.rows)": "coin mismatch: 3 USDT and 0.5 ETH",
    "sorted([1, 'a'])": "type mismatch: int does not compare with string",
    'places("BTC")': "unknown coin: the directory has no BTC",
    "places(1)": "type mismatch: a text is needed here, not int",
    'balance(steps.partial, "BTC")': (
        "incomplete list: BTC is not in it, and that does not prove a balance of zero"
    ),
    'balance(result.by_coin, "BTC")': (
        "missing field: balance needs a result with complete and by_coin"
    ),
    'money("5")': "type mismatch: '5' is not money: write amount and coin, like 250000 USDT",
    'money("a", "USDT")': "type mismatch: a number is needed here, not string",
    "decimal(now)": "type mismatch: a text is needed here, not timestamp",
    "duration('soon')": "type mismatch: 'soon' is not a duration: write 90s, 10m, 1h30m or 2d",
    "days(1)": "type mismatch: int is not a duration",
    "days(1, 1)": "type mismatch: int is not a date",
    "days(inputs.day, 0.5)": "type mismatch: decimal is not a number of days",
    "contains(1, 'a')": "type mismatch: a text is needed here, not int",
}


@pytest.mark.parametrize("text", FAILING)
def test_functions_fail_with_a_reason(world: World, text: str) -> None:
    with pytest.raises(ExpressionFailed) as caught:
        world.evaluate(text)

    assert caught.value.message.split(": ", 1)[1] == FAILING[text]


def test_the_sum_of_nothing_shows_the_way_out(world: World) -> None:
    with pytest.raises(ExpressionFailed) as caught:
        world.evaluate("sum([])")

    assert caught.value.hint == (
        'give the sum a start: sum(list, 0) or sum(list, money(0, "USDT"))'
    )
