"""Texts with expressions inside: finding them, checking them, and what they become."""

from dataclasses import replace
from datetime import date, timedelta
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
    MIRROR_LINK,
    MONEY,
    ORDER_ID,
    STRING,
    ListOf,
    MapOf,
    Type,
)
from runner.core.values import Unknown, Value
from runner.playbook.expressions.filling import evaluate_template
from runner.playbook.expressions.parse import Expression, ExpressionInvalid
from runner.playbook.expressions.template import (
    Template,
    check_template,
    parse_bare,
    parse_template,
)
from tests.playbook.expressions.world import POSITIONS_NOW, World, usdt


def template_of(world: World, text: str) -> Template:
    return parse_template(text, world.locate(text))


def shown(template: Template) -> list[str]:
    return [
        f"<{part.text.strip()}>" if isinstance(part, Expression) else part
        for part in template.parts
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("plain", ["plain"]),
        ("a }} b $ {{ c", ["a }} b $ {{ c"]),
        ("${{ now }}", ["<now>"]),
        ("${{now}}", ["<now>"]),
        ("a ${{ now }} b", ["a ", "<now>", " b"]),
        ("${{ now }}${{ excess }}", ["<now>", "<excess>"]),
        ('${{ "}}" }}!', ['<"}}">', "!"]),
        ("${{ '${{' }}", ["<'${{'>"]),
        ("$${{ now }}", ["$", "<now>"]),
        ("${{ a\n and b }}", ["<a\n and b>"]),
    ],
)
def test_templates_are_split(world: World, text: str, parts: list[str]) -> None:
    assert shown(template_of(world, text)) == parts


@pytest.mark.parametrize(
    ("text", "is_literal", "is_lone"),
    [
        ("plain", True, False),
        ("", True, False),
        ("${{ now }}", False, True),
        (" ${{ now }}\n", False, True),
        ("x${{ now }}", False, False),
        ("${{ now }}${{ now }}", False, False),
    ],
)
def test_templates_know_their_kind(
    world: World, text: str, is_literal: bool, is_lone: bool
) -> None:
    template = template_of(world, text)

    assert template.is_literal is is_literal
    assert (template.lone is not None) is is_lone


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("é ${{ now", [("expression-delimiters", "1:3-6", "end the expression with }}")]),
        (
            '${{ "now }}',
            [("expression-delimiters", "1:1-4", "a quote inside the expression is not closed")],
        ),
        ("${{ }}", [("expression-syntax", "1:4-5", "")]),
        (
            "é ${{ a && b }} ${{ !c }}",
            [
                ("expression-refused", "1:9-11", 'write "and"'),
                (
                    "expression-refused",
                    "1:21-22",
                    'write "not", or "!=" for "is not equal"',
                ),
            ],
        ),
        (
            "${{ ${{ now }} }}",
            [("expression-delimiters", "1:5-8", "write the expression alone")],
        ),
    ],
)
def test_templates_report_with_places(
    world: World, text: str, found: list[tuple[str, str, str]]
) -> None:
    with pytest.raises(ExpressionInvalid) as caught:
        template_of(world, text)

    assert [
        (d.code, f"{d.span.line}:{d.span.column}-{d.span.end_column}", d.hint)
        for d in caught.value.diagnostics
    ] == found


def test_bare_fields_refuse_delimiters_with_the_way_out(world: World) -> None:
    text = "${{ inputs.amount > 0 }}"

    with pytest.raises(ExpressionInvalid) as caught:
        parse_bare(text, world.locate(text))

    (found,) = caught.value.diagnostics
    assert found.code == "expression-delimiters"
    assert found.hint == "write it without delimiters: inputs.amount > 0"
    assert (found.span.column, found.span.end_column) == (1, 4)


def test_bare_fields_refuse_delimiters_inside(world: World) -> None:
    text = "1 < ${{ 2 }}"

    with pytest.raises(ExpressionInvalid) as caught:
        parse_bare(text, world.locate(text))

    assert "expression-delimiters" in {d.code for d in caught.value.diagnostics}


def test_bare_fields_are_expressions(world: World) -> None:
    assert parse_bare("1 < 2", world.locate("1 < 2")).text == "1 < 2"


GOOD: list[tuple[str, Type | None, Value]] = [
    ("plain", None, "plain"),
    ("plain", STRING, "plain"),
    ("12", INT, 12),
    ("0.05", DECIMAL, Decimal("0.05")),
    ("true", BOOL, True),
    ("5 USDT", MONEY, usdt("5")),
    ("USDT", COIN, "USDT"),
    ("2026-11-22", DATE, date(2026, 11, 22)),
    ("acme/arb-01", MIRROR_LINK, "acme/arb-01"),
    ("${{ inputs.amount }}", MONEY, usdt("10")),
    ("${{ inputs.amount }}", None, usdt("10")),
    ("${{ inputs.count }}", DECIMAL, Decimal(3)),
    ("${{ inputs.link }}", MIRROR_LINK, "acme/arb-01"),
    ("${{ inputs.link }}", STRING, "acme/arb-01"),
    ("${{ inputs.day }}", STRING, "2026-11-22"),
    ("${{ inputs.day }}", DATE, date(2026, 11, 22)),
    ('${{ "2026-11-22" }}', DATE, date(2026, 11, 22)),
    ('${{ "USDT" }}', COIN, "USDT"),
    ('${{ "a ${{ b }} c" }}', STRING, "a ${{ b }} c"),
    ("${{ inputs.targets }}", ListOf(MONEY), (usdt("1"), usdt("2"))),
    ("${{ [1, 2] }}", ListOf(DECIMAL), (Decimal(1), Decimal(2))),
    ("${{ result.by_coin }}", MapOf(COIN, MONEY), POSITIONS_NOW["by_coin"]),
    ("${{ inputs.link }} ${{ inputs.day }}", STRING, "acme/arb-01 2026-11-22"),
    ("${{ inputs.count }}/${{ inputs.band }}/${{ inputs.urgent }}", STRING, "3/0.02/true"),
    ("at ${{ now }}", None, "at 2026-11-22T10:00:00.000Z"),
    ("in ${{ inputs.patience }}", STRING, "in 1h30m"),
    ("${{ inputs.coin }} ${{ result.rows[0].network }}", STRING, "USDT ETH"),
    ("order ${{ steps.order.order }}", STRING, "order 900719925474099312345"),
    ("W${{ inputs.coin }}", COIN, "WUSDT"),
    ("1${{ inputs.count }}", ORDER_ID, "13"),
]


@pytest.mark.parametrize(("text", "wanted", "expected"), GOOD, ids=str)
def test_templates_check_and_evaluate(
    world: World, text: str, wanted: Type | None, expected: Value
) -> None:
    template = template_of(world, text)

    checked = check_template(template, wanted, world.scope)
    value = evaluate_template(template, wanted, world.environment)

    assert checked.diagnostics == ()
    assert value == expected
    assert type(value) is type(expected)


BAD: list[tuple[str, Type | None, list[tuple[str, str]]]] = [
    ("1e3", DECIMAL, [("amount-invalid", "1e3")]),
    ("0.1.2", DECIMAL, [("amount-invalid", "0.1.2")]),
    ("NaN", DECIMAL, [("amount-invalid", "NaN")]),
    ("-5 USDT", MONEY, [("amount-invalid", "-5 USDT")]),
    ("5", MONEY, [("amount-invalid", "5")]),
    ("many", INT, [("literal-invalid", "many")]),
    ("usdt", COIN, [("literal-invalid", "usdt")]),
    ("2026-02-30", DATE, [("literal-invalid", "2026-02-30")]),
    ('${{ "usdt" }}', COIN, [("literal-invalid", '"usdt"')]),
    ("plain", ListOf(INT), [("type-mismatch", "plain")]),
    ("${{ inputs.count }}", MONEY, [("type-mismatch", "inputs.count")]),
    ("${{ inputs.amount }}", DECIMAL, [("type-mismatch", "inputs.amount")]),
    ("${{ inputs.amount }}", STRING, [("type-mismatch", "inputs.amount")]),
    ("${{ inputs.targets }}", MONEY, [("type-mismatch", "inputs.targets")]),
    ("${{ inputs.ticket }}", COIN, [("type-mismatch", "inputs.ticket")]),
    ("${{ inputs.amuont }}", MONEY, [("unknown-input", "amuont")]),
    ("é ${{ inputs.amount }}", STRING, [("type-mismatch", "inputs.amount")]),
    ("é ${{ inputs.targets }}", None, [("type-mismatch", "inputs.targets")]),
    ("é ${{ result }}", STRING, [("type-mismatch", "result")]),
    ("${{ inputs.amuont }} é ${{ nothing }}", STRING, [
        ("unknown-input", "amuont"),
        ("unknown-name", "nothing"),
    ]),
    ("${{ inputs.count }} USDT", MONEY, [("type-mismatch", "${{ inputs.count }} USDT")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted", "found"), BAD, ids=str)
def test_templates_are_refused(
    world: World, text: str, wanted: Type | None, found: list[tuple[str, str]]
) -> None:
    checked = check_template(template_of(world, text), wanted, world.scope)

    assert [
        (d.code, text[d.span.column - 1 : d.span.end_column - 1]) for d in checked.diagnostics
    ] == found
    assert not checked.is_valid


@pytest.mark.parametrize(
    ("text", "wanted", "hint"),
    [
        ("${{ inputs.count }}", MONEY, "give it a coin: money(x, coin)"),
        ("${{ inputs.amount }}", DECIMAL, "take its number: decimal(x)"),
        ("${{ inputs.targets }}", MONEY, "take one item: x[0]"),
        ("a ${{ inputs.amount }}", STRING, "show its number: decimal(x)"),
        ("a ${{ inputs.targets }}", STRING, "show its length: len(x)"),
        ("a ${{ result }}", STRING, "show one of its fields"),
        ("${{ 5 }} USDT", MONEY, 'build it in the expression: ${{ money(x, "USDT") }}'),
    ],
)
def test_templates_show_the_way_out(world: World, text: str, wanted: Type, hint: str) -> None:
    (found,) = check_template(template_of(world, text), wanted, world.scope).diagnostics

    assert found.hint == hint


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("${{ inputs.later_amount }}", MONEY, Unknown(MONEY)),
        ("${{ inputs.later_coin }}", STRING, Unknown(STRING)),
        ("${{ [excess, inputs.later_amount] }}", ListOf(MONEY), (usdt("-2.5"), Unknown(MONEY))),
    ],
)
def test_lone_unknowns_keep_flowing(world: World, text: str, wanted: Type, expected: Value) -> None:
    assert evaluate_template(template_of(world, text), wanted, world.environment) == expected


@pytest.mark.parametrize(
    ("text", "wanted", "reason"),
    [
        ("a ${{ inputs.later_coin }}", STRING, "a value that is not known yet has no text"),
        ("a ${{ inputs.amount }}", STRING, "money has no place between words"),
        ("a ${{ inputs.targets }}", STRING, "a list has no place between words"),
        ("a ${{ result }}", STRING, "a record or map has no place between words"),
        ("${{ inputs.amount }}", DECIMAL, "decimal is needed here, not money"),
        ("${{ inputs.amount }}", ListOf(MONEY), "list<money> is needed here, not money"),
        ("${{ inputs.urgent }}", INT, "int is needed here, not bool"),
        ("${{ inputs.amount }}", COIN, "coin is needed here, not money"),
        ("a-${{ inputs.coin }}", COIN, "'a-USDT' is not a coin"),
        ("soon", DATE, "'soon' is not a date"),
        ("soon", ListOf(DATE), "list<date> is needed here, not a text"),
    ],
)
def test_templates_fail_with_place_and_reason(
    world: World, text: str, wanted: Type, reason: str
) -> None:
    with pytest.raises(ExpressionFailed) as caught:
        evaluate_template(template_of(world, text), wanted, world.environment)

    assert caught.value.message.startswith("playbook.yaml:1:")
    assert reason in caught.value.message


def test_a_value_is_never_read_again(world: World) -> None:
    environment = replace(world.environment, inputs={"ticket": "${{ nothing }}"})

    value = evaluate_template(template_of(world, "x ${{ inputs.ticket }}"), STRING, environment)

    assert value == "x ${{ nothing }}"


def test_durations_are_written_as_playbooks_do(world: World) -> None:
    environment = replace(world.environment, inputs={"patience": timedelta(days=2, seconds=5)})

    value = evaluate_template(template_of(world, "${{ inputs.patience }}"), STRING, environment)

    assert value == "2d5s"


def test_money_keeps_every_digit(world: World) -> None:
    exact = Decimal("123456789012345678901234567890.123456789012345678")
    environment = replace(world.environment, inputs={"amount": Money(exact, "USDT")})

    value = evaluate_template(template_of(world, "${{ inputs.amount }}"), MONEY, environment)

    assert value == Money(exact, "USDT")
