"""The functions of the language: a closed table.

``now`` is a name, not a function: it is one moment for the whole plan. ``get`` and ``ran`` look at
how their argument is written, so checker and evaluator know them; they stand here for their words.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from runner.core.record import record
from runner.core.types import BOOL, COIN, DATE, STRING, ListOf, Type
from runner.core.values import Unknown
from runner.playbook.expressions.arithmetic import Operand
from runner.playbook.expressions.function_calls import (
    Arguments,
    Tools,
    balance_of,
    contains_part,
    days_of,
    decimal_of,
    duration_of,
    extreme_of,
    keys_of,
    length_of,
    money_of,
    places_of,
    quantifier,
    rounding,
    size_of,
    sorted_items,
    special_call,
    starts_with,
    sum_of,
    timestamp_of,
    values_of,
)
from runner.playbook.expressions.function_shapes import (
    always_shape,
    balance_shape,
    days_shape,
    decimal_shape,
    duration_shape,
    extreme_shape,
    keys_shape,
    length_shape,
    money_shape,
    part_shape,
    places_shape,
    rounded_shape,
    size_shape,
    sorted_shape,
    special_shape,
    sum_shape,
    timestamp_shape,
    values_shape,
)
from runner.playbook.expressions.rules import RuleBroken, Shape, joined, type_of_value


@record
class Function:
    """One function.

    Shapes: it takes from ``least`` to ``most`` arguments (inclusive; ``most`` None is no limit);
        ``expects`` is the type a text written out at that position stands for; ``alike`` says that
        all arguments have one type; ``rounds`` that the first may be a division; ``literal`` that
        a text argument must be written out. ``shape`` may raise ``RuleBroken``, ``call``
        ``Trouble``; ``call`` never sees an unknown argument unless ``partial``.
    """

    name: str
    signatures: tuple[str, ...]
    summary: str
    example: str
    least: int
    most: int | None
    shape: Callable[[Sequence[Shape]], Shape]
    call: Callable[[Tools, Arguments], Operand]
    expects: tuple[Type | None, ...] = ()
    alike: bool = False
    rounds: bool = False
    partial: bool = False


def shape_of_call(function: Function, arguments: Sequence[Shape]) -> Shape:
    """Return what a call gives.

    Errors: ``RuleBroken`` for a wrong number or wrong types of arguments.
    """
    count = len(arguments)
    if count < function.least or (function.most is not None and count > function.most):
        raise RuleBroken(
            f'"{function.name}" cannot take {count} argument{"" if count == 1 else "s"}',
            hint=_usage(function),
        )
    return function.shape(arguments)


def call_function(function: Function, tools: Tools, arguments: Arguments) -> Operand:
    """Call a function; an unknown argument makes the result unknown.

    Errors: ``Trouble``.
    """
    if not function.partial and _has_unknown(arguments):
        return _unknown_result(function, arguments)
    return function.call(tools, arguments)


def _usage(function: Function) -> str:
    return f"write {' or '.join(function.signatures)}"


def _has_unknown(arguments: Arguments) -> bool:
    for argument in arguments:
        if type(argument) is Unknown:
            return True
        if type(argument) is tuple and any(type(item) is Unknown for item in argument):
            return True
    return False


def _unknown_result(function: Function, arguments: Arguments) -> Operand:
    shapes = [_shape_of(function, index, each) for index, each in enumerate(arguments)]
    try:
        kind = function.shape(shapes).type
    except RuleBroken:
        # An empty list has no type of its own; the unknown argument then says it.
        kind = next(each.type for each in arguments if type(each) is Unknown)
    return Unknown(kind)


def _shape_of(function: Function, index: int, value: Operand) -> Shape:
    kind = type_of_value(value)
    if type(value) is tuple and value:
        kind = ListOf(joined(type_of_value(item) for item in value) or type_of_value(value[0]))
    # A value at hand does not say that its text is a coin; the table does.
    if kind == STRING and index < len(function.expects):
        kind = function.expects[index] or kind
    return Shape(type=kind)


_TABLE = (
    Function(
        name="min",
        signatures=("min(list<T>) -> T", "min(T, T, ...) -> T"),
        summary="The smallest of some numbers, amounts, dates, moments or durations.",
        example='min(inputs.amount, balance(steps.before, "USDT"))',
        least=1,
        most=None,
        shape=extreme_shape,
        call=extreme_of("min", "<"),
        alike=True,
    ),
    Function(
        name="max",
        signatures=("max(list<T>) -> T", "max(T, T, ...) -> T"),
        summary="The largest of some numbers, amounts, dates, moments or durations.",
        example="max(row.amount for row in steps.before.rows)",
        least=1,
        most=None,
        shape=extreme_shape,
        call=extreme_of("max", ">"),
        alike=True,
    ),
    Function(
        name="abs",
        signatures=("abs(T) -> T",),
        summary="A number, an amount or a duration without its sign.",
        example="abs(after - before) <= inputs.tolerance",
        least=1,
        most=1,
        shape=size_shape,
        call=size_of,
    ),
    Function(
        name="sum",
        signatures=("sum(list<T>) -> T", "sum(list<T>, T) -> T"),
        summary="A list added up; an empty one needs a start, because it has no coin.",
        example='sum((row.amount for row in steps.before.rows), money(0, "USDT"))',
        least=1,
        most=2,
        shape=sum_shape,
        call=sum_of,
    ),
    Function(
        name="len",
        signatures=("len(list<T>) -> int", "len(map<K, V>) -> int", "len(string) -> int"),
        summary="How many items a list, keys a map, or characters a text has.",
        example="len(steps.before.rows) > 0",
        least=1,
        most=1,
        shape=length_shape,
        call=length_of,
        partial=True,
    ),
    Function(
        name="keys",
        signatures=("keys(map<K, V>) -> list<K>",),
        summary="The keys of a map, in its order.",
        example="len(keys(steps.before.by_coin)) > 0",
        least=1,
        most=1,
        shape=keys_shape,
        call=keys_of,
    ),
    Function(
        name="values",
        signatures=("values(map<K, V>) -> list<V>",),
        summary="The values of a map, in its order.",
        example="all(amount >= 0 for amount in values(steps.before.by_coin))",
        least=1,
        most=1,
        shape=values_shape,
        call=values_of,
    ),
    Function(
        name="any",
        signatures=("any(list<bool>) -> bool",),
        summary="Whether at least one condition of a list holds.",
        example='any(row.coin == "USDT" for row in steps.before.rows)',
        least=1,
        most=1,
        shape=always_shape(BOOL, ListOf(BOOL)),
        call=quantifier("any", decides=True),
        partial=True,
    ),
    Function(
        name="all",
        signatures=("all(list<bool>) -> bool",),
        summary="Whether every condition of a list holds; of none, it does.",
        example="all(row.amount > 0 for row in steps.before.rows)",
        least=1,
        most=1,
        shape=always_shape(BOOL, ListOf(BOOL)),
        call=quantifier("all", decides=False),
        partial=True,
    ),
    Function(
        name="sorted",
        signatures=("sorted(list<T>) -> list<T>",),
        summary="A list in rising order; texts by code point.",
        example="sorted(row.amount for row in steps.before.rows)[0]",
        least=1,
        most=1,
        shape=sorted_shape,
        call=sorted_items,
    ),
    Function(
        name="round_down",
        signatures=("round_down(decimal, int) -> decimal", "round_down(money, int) -> money"),
        summary="A number or amount cut to some decimals, towards zero; the place for a division.",
        example='round_down(inputs.amount / 3, places("USDT"))',
        least=2,
        most=2,
        shape=rounded_shape,
        call=rounding(up=False),
        rounds=True,
    ),
    Function(
        name="round_up",
        signatures=("round_up(decimal, int) -> decimal", "round_up(money, int) -> money"),
        summary="A number or amount raised to some decimals, away from zero.",
        example="round_up(inputs.amount / 3, 2)",
        least=2,
        most=2,
        shape=rounded_shape,
        call=rounding(up=True),
        rounds=True,
    ),
    Function(
        name="places",
        signatures=("places(coin) -> int", "places(money) -> int"),
        summary="How many decimals a coin has, by the directory.",
        example="round_down(inputs.amount * 0.5, places(inputs.amount))",
        least=1,
        most=1,
        shape=places_shape,
        call=places_of,
        expects=(COIN,),
    ),
    Function(
        name="balance",
        signatures=("balance(result, coin) -> money",),
        summary="A coin's balance in a result; zero only if the list was read completely.",
        example='balance(steps.before, "USDT") >= inputs.amount',
        least=2,
        most=2,
        shape=balance_shape,
        call=balance_of,
        expects=(None, COIN),
        partial=True,
    ),
    Function(
        name="get",
        signatures=(
            'get(record, "path", default) -> T',
            "get(map<K, V>, key, default) -> V",
        ),
        summary="A field that may be missing, by its path; the default where it is.",
        example='get(steps.order, "fee", money(0, "USDT"))',
        least=3,
        most=3,
        shape=special_shape,
        call=special_call,
    ),
    Function(
        name="ran",
        signatures=("ran(steps.ID) -> bool",),
        summary="Whether a step was carried out, not skipped.",
        example='ran(steps.top_up) and steps.top_up.status == "success"',
        least=1,
        most=1,
        shape=special_shape,
        call=special_call,
    ),
    Function(
        name="money",
        signatures=('money("5 USDT") -> money', "money(decimal, coin) -> money"),
        summary="An amount of a coin, written out or put together.",
        example="money(inputs.count * 10, inputs.coin)",
        least=1,
        most=2,
        shape=money_shape,
        call=money_of,
        expects=(None, COIN),
    ),
    Function(
        name="decimal",
        signatures=("decimal(money) -> decimal", "decimal(int) -> decimal"),
        summary="The number of an amount without its coin, or an int as a decimal.",
        example="decimal(inputs.amount) <= 1000",
        least=1,
        most=1,
        shape=decimal_shape,
        call=decimal_of,
    ),
    Function(
        name="duration",
        signatures=('duration("1h30m") -> duration',),
        summary="A duration written out.",
        example='now - steps.order.created_at < duration("1h")',
        least=1,
        most=1,
        shape=duration_shape,
        call=duration_of,
    ),
    Function(
        name="timestamp",
        signatures=(
            'timestamp("2026-11-22T10:00:00Z") -> timestamp',
            "timestamp(date) -> timestamp",
        ),
        summary="A moment written out, or the first moment of a date, in UTC.",
        example="now >= timestamp(inputs.day)",
        least=1,
        most=1,
        shape=timestamp_shape,
        call=timestamp_of,
    ),
    Function(
        name="days",
        signatures=("days(date, int) -> date", "days(duration) -> int"),
        summary="A date some days later, or the whole days of a duration, towards zero.",
        example="days(inputs.end - inputs.start) <= 30",
        least=1,
        most=2,
        shape=days_shape,
        call=days_of,
        expects=(DATE,),
    ),
    Function(
        name="startswith",
        signatures=("startswith(string, string) -> bool",),
        summary="Whether a text starts with another.",
        example='startswith(inputs.ticket, "TRS-")',
        least=2,
        most=2,
        shape=part_shape,
        call=starts_with,
    ),
    Function(
        name="contains",
        signatures=("contains(string, string) -> bool",),
        summary="Whether a text holds another somewhere.",
        example='contains(steps.order.note, "urgent")',
        least=2,
        most=2,
        shape=part_shape,
        call=contains_part,
    ),
)

FUNCTIONS: Mapping[str, Function] = MappingProxyType({each.name: each for each in _TABLE})
"""Every function, by name."""
