"""The static check: types, and every diagnostic with the text it underlines."""

import pytest

from runner.core.types import BOOL, DECIMAL, INT, MONEY, STRING, ListOf, Type, type_from_text
from runner.playbook.expressions.check import Scope, check_condition, check_expression, fits
from runner.playbook.expressions.guards import steps_ran_when_true
from tests.playbook.expressions.world import World

WELL_TYPED = {
    "1": "int",
    "0.5": "decimal",
    "-0.5": "decimal",
    "true": "bool",
    '"a"': "string",
    "now": "timestamp",
    "excess": "money",
    "inputs.link": "mirror_link",
    "result.from": "string",
    "result.by_coin": "map<coin, money>",
    "result.by_coin.USDT": "money",
    'result.by_coin["USDT"]': "money",
    "result.by_coin[inputs.coin]": "money",
    "result.rows[0].coin": "coin",
    "inputs.amount.coin": "coin",
    "inputs.amount.amount": "decimal",
    "1 + 2": "int",
    "1 + 2.0": "decimal",
    "inputs.band * inputs.count": "decimal",
    "inputs.amount + excess": "money",
    "-inputs.amount": "money",
    "inputs.amount * 0.5": "money",
    "2 * inputs.amount": "money",
    "round_down(inputs.amount / 3, 6)": "money",
    "round_down(inputs.amount / excess, 6)": "decimal",
    "round_up((1 + inputs.amount / excess) * 2 / 3, inputs.count)": "decimal",
    "now - steps.order.created_at": "duration",
    "now + inputs.patience * 2": "timestamp",
    "inputs.day - inputs.days[0]": "duration",
    "inputs.amount > 0": "bool",
    "0 <= inputs.amount <= excess": "bool",
    "inputs.amount == 0.0": "bool",
    'inputs.coin == "USDT"': "bool",
    '"USDT" != inputs.coin': "bool",
    'inputs.link == "acme/arb-01"': "bool",
    'steps.order.order == "12"': "bool",
    'result.rows[0].network in ["ETH", "BSC"]': "bool",
    'inputs.day < "2026-12-24"': "bool",
    'inputs.day in ["2026-12-24"]': "bool",
    '"2026-12-24" in inputs.days': "bool",
    '"USDT" in result.by_coin': "bool",
    "inputs.amount in inputs.targets": "bool",
    "1 == 1.0": "bool",
    "inputs.targets == inputs.later_list": "bool",
    "inputs.targets == []": "bool",
    'inputs.coin == ("USDT" if inputs.urgent else "ETH")': "bool",
    'inputs.coin if inputs.urgent else "ETH"': "coin",
    "1 if inputs.urgent else 0.5": "decimal",
    "[1, 0.5]": "list<decimal>",
    '[inputs.coin, "ETH"]': "list<coin>",
    "[r.amount for r in result.rows]": "list<money>",
    '[r.amount for r in result.rows if r.coin == "USDT"]': "list<money>",
    "all(t > 0 for t in inputs.targets)": "bool",
    "[[s for s in inputs.targets if s > t] for t in inputs.targets]": "list<list<money>>",
    'get(steps.order, "fee.payer", "us")': "string",
    'get(steps.order, "fee.amount", money(0, "USDT"))': "money",
    'get(result.by_coin, "ETH", money("0 ETH"))': "money",
    "get(result.by_coin, inputs.coin, excess)": "money",
    'get(result.rows[0], "memo", "")': "string",
    'ran(steps.top_up) and steps.top_up.status == "success"': "bool",
    'inputs.urgent and ran(steps.top_up) and steps.top_up.status == "a"': "bool",
    'not ran(steps.top_up) or steps.top_up.status == "success"': "bool",
    'steps.top_up.status if ran(steps.top_up) else "none"': "string",
    '"none" if not ran(steps.top_up) else steps.top_up.status': "string",
    'steps.top_up.status if inputs.urgent and ran(steps.top_up) else ""': "string",
    '[t for t in inputs.targets if ran(steps.top_up) if steps.top_up.status == "a"]': (
        "list<money>"
    ),
    "ran(steps.silent)": "bool",
}


@pytest.mark.parametrize("text", WELL_TYPED)
def test_check_finds_the_type(world: World, text: str) -> None:
    checked = world.check(text)

    assert checked.diagnostics == ()
    assert checked.type == type_from_text(WELL_TYPED[text])


WRONG = {
    # names
    "amuont": [("unknown-name", "amuont")],
    "inputs": [("unknown-name", "inputs")],
    "inputs.amuont": [("unknown-input", "amuont")],
    "steps.befor.rows": [("unknown-step", "befor")],
    "result.rosw": [("unknown-field", "rosw")],
    "result.rows.coin": [("unknown-field", "coin")],
    "inputs.amount.currency": [("unknown-field", "currency")],
    "inputs.amount.__class__": [("unknown-field", "__class__")],
    "summ(inputs.targets)": [("unknown-function", "summ")],
    "summ(a)": [("unknown-function", "summ"), ("unknown-name", "a")],
    '"ééé" == inputs.amuont': [("unknown-input", "amuont")],
    # steps
    "steps.after.rows": [("step-not-finished", "steps.after")],
    "ran(steps.after)": [("step-not-finished", "steps.after")],
    "steps.silent": [("type-mismatch", "steps.silent")],
    "steps.top_up.status": [("step-may-be-skipped", "steps.top_up")],
    'ran(steps.top_up) or steps.top_up.status == "a"': [("step-may-be-skipped", "steps.top_up")],
    'steps.top_up.status == "a" and ran(steps.top_up)': [("step-may-be-skipped", "steps.top_up")],
    '"a" if ran(steps.top_up) else steps.top_up.status': [("step-may-be-skipped", "steps.top_up")],
    'not ran(steps.top_up) and steps.top_up.status == "a"': [
        ("step-may-be-skipped", "steps.top_up")
    ],
    "ran(inputs.link)": [("type-mismatch", "inputs.link")],
    "ran(steps.top_up, 1)": [("type-mismatch", "ran(steps.top_up, 1)")],
    # fields that may be missing
    "result.rows[0].memo": [("field-may-be-missing", "memo")],
    "steps.order.fee.payer": [("field-may-be-missing", "fee"), ("field-may-be-missing", "payer")],
    'get(result, "rosw", 1)': [("unknown-field", '"rosw"')],
    'get(result, inputs.ticket, "")': [("type-mismatch", "inputs.ticket")],
    'get(result.rows[0], "memo", 1)': [("type-mismatch", "1")],
    'get(inputs.targets, "memo", 1)': [("type-mismatch", '"memo"')],
    'get(result.by_coin, "ETH", money("0 USDT"))': [("coin-mismatch", 'money("0 USDT")')],
    # arithmetic
    "inputs.amount + 5": [("type-mismatch", "inputs.amount + 5")],
    "inputs.amount * excess": [("type-mismatch", "inputs.amount * excess")],
    "1 - inputs.amount": [("type-mismatch", "1 - inputs.amount")],
    "inputs.ticket + inputs.ticket": [("type-mismatch", "inputs.ticket + inputs.ticket")],
    "-inputs.ticket": [("type-mismatch", "-inputs.ticket")],
    "-now": [("type-mismatch", "-now")],
    "inputs.amount / 3": [("type-mismatch", "inputs.amount / 3")],
    "round_down(1, 2) + 1 / 3": [("type-mismatch", "1 / 3")],
    "round_down(min(1 / 3, 1), 2)": [("type-mismatch", "1 / 3")],
    "round_down(1 / 0, 2)": [("type-mismatch", "1 / 0")],
    "round_down(1 / 3, 41)": [("type-mismatch", "41")],
    "round_down(1 / 3, 0.5)": [("type-mismatch", "0.5")],
    'money("1 USDT") + money("1 BTC")': [("coin-mismatch", 'money("1 USDT") + money("1 BTC")')],
    'balance(result, "USDT") - money(1, "BTC")': [
        ("coin-mismatch", 'balance(result, "USDT") - money(1, "BTC")')
    ],
    "result.by_coin.USDT > result.by_coin.ETH": [
        ("coin-mismatch", "result.by_coin.USDT > result.by_coin.ETH")
    ],
    'min(money("1 USDT"), money("1 BTC"))': [
        ("coin-mismatch", 'min(money("1 USDT"), money("1 BTC"))')
    ],
    # comparisons
    "inputs.amount > 5": [("type-mismatch", "inputs.amount > 5")],
    "inputs.amount > -0": [("type-mismatch", "inputs.amount > -0")],
    "inputs.ticket > inputs.ticket": [("type-mismatch", "inputs.ticket > inputs.ticket")],
    "true < false": [("type-mismatch", "true < false")],
    "inputs.count == inputs.ticket": [("type-mismatch", "inputs.count == inputs.ticket")],
    "inputs.coin == inputs.ticket": [("type-mismatch", "inputs.coin == inputs.ticket")],
    "inputs.day < now": [("type-mismatch", "inputs.day < now")],
    "1 < 2 < inputs.ticket": [("type-mismatch", "2 < inputs.ticket")],
    'inputs.coin == "usdt"': [("literal-invalid", '"usdt"')],
    'inputs.coin in ["USDT", "Tether US"]': [("literal-invalid", '"Tether US"')],
    'inputs.day == "2026-02-30"': [("literal-invalid", '"2026-02-30"')],
    "result.by_coin.usdt": [("literal-invalid", "usdt")],
    '"a" in inputs.ticket': [("type-mismatch", '"a" in inputs.ticket')],
    '"rows" in result': [("type-mismatch", '"rows" in result')],
    # literals of functions
    'money("5")': [("amount-invalid", '"5"')],
    'money("1e3 USDT")': [("amount-invalid", '"1e3 USDT"')],
    'money(5, "usdt")': [("literal-invalid", '"usdt"')],
    "money(inputs.ticket)": [("type-mismatch", "inputs.ticket")],
    "money(inputs.amount, inputs.coin)": [("type-mismatch", "inputs.amount")],
    'decimal("0.1.2")': [("amount-invalid", '"0.1.2"')],
    'duration("soon")': [("literal-invalid", '"soon"')],
    'timestamp("2026-11-22")': [("literal-invalid", '"2026-11-22"')],
    # functions
    "len()": [("type-mismatch", "len()")],
    "max(inputs.urgent, inputs.urgent)": [("type-mismatch", "max(inputs.urgent, inputs.urgent)")],
    "money(inputs.ticket, inputs.coin)": [("type-mismatch", "inputs.ticket")],
    "money(1, inputs.ticket)": [("type-mismatch", "inputs.ticket")],
    "round_down(inputs.ticket, 2)": [("type-mismatch", "inputs.ticket")],
    "days(inputs.count, 1)": [("type-mismatch", "inputs.count")],
    "[summ(1), 2]": [("unknown-function", "summ")],
    "-amuont + 1": [("unknown-name", "amuont")],
    "amuont if true else 1": [("unknown-name", "amuont")],
    "get(amuont, 'a', 1)": [("unknown-name", "amuont")],
    "result.by_coin[amuont]": [("unknown-name", "amuont")],
    "inputs.amount / (1 - 1) * 2 > excess": [("type-mismatch", "inputs.amount / (1 - 1)")],
    "len(1)": [("type-mismatch", "1")],
    "sum(result.rows)": [("type-mismatch", "result.rows")],
    "sum(inputs.targets, 0)": [("type-mismatch", "sum(inputs.targets, 0)")],
    "all(inputs.targets)": [("type-mismatch", "inputs.targets")],
    "max(1, inputs.ticket)": [("type-mismatch", "max(1, inputs.ticket)")],
    "min(inputs.urgent)": [("type-mismatch", "inputs.urgent")],
    "sorted([true])": [("type-mismatch", "[true]")],
    "abs(inputs.ticket)": [("type-mismatch", "inputs.ticket")],
    "balance(result.by_coin, inputs.coin)": [("type-mismatch", "result.by_coin")],
    "balance(result, inputs.ticket)": [("type-mismatch", "inputs.ticket")],
    "places(inputs.ticket)": [("type-mismatch", "inputs.ticket")],
    "days(inputs.day)": [("type-mismatch", "inputs.day")],
    "days(inputs.day, 0.5)": [("type-mismatch", "0.5")],
    "days(inputs.patience, 1)": [("type-mismatch", "inputs.patience")],
    "contains(inputs.targets, excess)": [("type-mismatch", "inputs.targets")],
    # conditions
    "not inputs.count": [("condition-not-boolean", "inputs.count")],
    "inputs.urgent and inputs.amount": [("condition-not-boolean", "inputs.amount")],
    "1 if inputs.targets else 2": [("condition-not-boolean", "inputs.targets")],
    "[t for t in inputs.targets if t]": [("condition-not-boolean", "t")],
    # lists and parts
    'inputs.day if true else "2026-11-22"': [
        ("type-mismatch", 'inputs.day if true else "2026-11-22"')
    ],
    '[inputs.day, "2026-11-22"]': [("type-mismatch", '[inputs.day, "2026-11-22"]')],
    "[1, inputs.ticket]": [("type-mismatch", "[1, inputs.ticket]")],
    "[]": [("type-mismatch", "[]")],
    "1 if true else inputs.ticket": [("type-mismatch", "1 if true else inputs.ticket")],
    "inputs.targets[0.5]": [("type-mismatch", "0.5")],
    'inputs.targets["a"]': [("type-mismatch", '"a"')],
    'result["rows"]': [("type-mismatch", '"rows"')],
    "result.by_coin[0]": [("type-mismatch", "0")],
    "unknown[inputs.nothing]": [("unknown-name", "unknown"), ("unknown-input", "nothing")],
    "[c for c in result]": [("type-mismatch", "result")],
    "[result for result in inputs.targets]": [("expression-refused", "result")],
    "[[t for t in inputs.targets] for t in inputs.targets]": [("expression-refused", "t")],
    # a part that is wrong is reported once, and the rest is still checked
    "amuont + inputs.cuont > inputs.ticket + 1": [
        ("unknown-name", "amuont"),
        ("unknown-input", "cuont"),
        ("type-mismatch", "inputs.ticket + 1"),
    ],
}


@pytest.mark.parametrize("text", WRONG)
def test_check_finds_what_is_wrong(world: World, text: str) -> None:
    assert world.found(text) == WRONG[text]


HINTS = {
    "amount": 'did you mean "inputs.amount"?',
    "before": 'did you mean "steps.before"?',
    "len": "it is a function: len(list<T>) -> int",
    "exces": 'did you mean "excess"?',
    "inputs": "write inputs.NAME",
    "inputs.amuont": 'did you mean "amount"?',
    "steps.befor.rows": 'did you mean "before"?',
    "result.rosw": 'did you mean "rows"?',
    "summ(inputs.targets)": 'did you mean "sum"?',
    "inputs.amount.coni": 'did you mean "coin"?',
    "result.rows.coin": "take one item: x[0], or every item: [x.key for x in list]",
    "steps.after.rows": "read only steps that stand before this one",
    "steps.top_up.status": ("write ran(steps.top_up) and ..., or a if ran(steps.top_up) else b"),
    "result.rows[0].memo": 'write get(result.rows[0], "memo", default)',
    "inputs.amount / 3": (
        "write round_down(inputs.amount / 3, 6); to compare a ratio, multiply the other side"
    ),
    "inputs.amount + 5": "an amount of money needs a coin: money(5, coin)",
    "inputs.amount > 5": "money compares with money and with a bare 0: money(5, coin)",
    "not inputs.amount": "compare it: x > 0",
    "not inputs.targets": "ask for its length: len(x) > 0",
    'inputs.day if true else "2026-11-22"': 'a date written out is days("2026-11-22", 0)',
    "max()": "write max(list<T>) -> T or max(T, T, ...) -> T",
}


@pytest.mark.parametrize("text", HINTS)
def test_check_shows_the_way_out(world: World, text: str) -> None:
    assert [d.hint for d in world.check(text).diagnostics] == [HINTS[text]]


def test_places_span_lines(world: World) -> None:
    text = "inputs.urgent and\n  inputs.amuont"

    (found,) = world.check(text).diagnostics

    assert (found.span.line, found.span.column, found.span.end_column) == (2, 10, 16)


def test_an_expression_without_inputs_says_so(world: World) -> None:
    text = "inputs.a"
    scope = Scope(names={}, inputs={}, steps={})

    (found,) = check_expression(world.parse(text), scope).diagnostics

    assert found.hint == "the playbook declares no inputs"


def test_condition_must_be_boolean(world: World) -> None:
    checked = check_condition(world.parse("inputs.amount"), world.scope)

    assert [d.code for d in checked.diagnostics] == ["condition-not-boolean"]
    assert not checked.is_valid


def test_condition_that_is_boolean_passes(world: World) -> None:
    checked = check_condition(world.parse("inputs.amount > 0"), world.scope)

    assert checked.is_valid
    assert checked.type == BOOL


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("ran(steps.a)", {"a"}),
        ("ran(steps.a) and inputs.urgent and ran(steps.b)", {"a", "b"}),
        ("ran(steps.a) or ran(steps.b)", set()),
        ("not (not ran(steps.a) or not ran(steps.b))", {"a", "b"}),
        ("not ran(steps.a)", set()),
    ],
)
def test_guards_tell_which_steps_ran(world: World, text: str, steps: set[str]) -> None:
    assert steps_ran_when_true(world.parse(text)) == steps


@pytest.mark.parametrize(
    ("actual", "wanted", "expected"),
    [
        (INT, DECIMAL, True),
        (DECIMAL, INT, False),
        (MONEY, MONEY, True),
        (MONEY, DECIMAL, False),
        (type_from_text("coin"), STRING, True),
        (STRING, type_from_text("coin"), False),
        (BOOL, INT, False),
        (ListOf(INT), ListOf(DECIMAL), True),
        (ListOf(INT), INT, False),
        (type_from_text("map<coin, int>"), type_from_text("map<coin, decimal>"), True),
        (type_from_text("map<coin, int>"), type_from_text("map<string, int>"), False),
    ],
    ids=str,
)
def test_fits(actual: Type, wanted: Type, expected: bool) -> None:
    assert fits(actual, wanted) is expected
