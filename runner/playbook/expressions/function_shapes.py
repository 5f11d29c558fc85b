"""What each function gives, by the types of its arguments; else ``RuleBroken``."""

from collections.abc import Callable, Sequence

from runner.core.money import Money
from runner.core.types import (
    BOOL,
    COIN,
    DATE,
    DECIMAL,
    DURATION,
    INT,
    MONEY,
    TIMESTAMP,
    ListOf,
    MapOf,
    Record,
    Scalar,
    Type,
)
from runner.core.values import value_from_text
from runner.playbook.expressions.arithmetic import PLACES_MAX
from runner.playbook.expressions.rules import (
    SUMMABLE,
    RuleBroken,
    Shape,
    arithmetic_shape,
    is_measure,
    is_numeric,
    is_text,
    joined,
    require_one_coin,
)


def _wrong(shapes: Sequence[Shape], index: int, wanted: str, hint: str = "") -> RuleBroken:
    return RuleBroken(
        f"{wanted} is needed here, not {shapes[index].type}", hint=hint, argument=index
    )


def always_shape(result: Type, *wanted: Type) -> Callable[[Sequence[Shape]], Shape]:
    """Make the shape of a function whose types never vary."""

    def shape(shapes: Sequence[Shape]) -> Shape:
        for index, each in enumerate(shapes):
            if joined((each.type, wanted[index])) != wanted[index]:
                raise _wrong(shapes, index, str(wanted[index]))
        return Shape(type=result)

    return shape


def extreme_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``min`` and ``max``."""
    if len(shapes) == 1:
        kind = shapes[0].type
        if not isinstance(kind, ListOf) or not is_measure(kind.item):
            raise _wrong(shapes, 0, "a list of values that have an order")
        return Shape(type=kind.item, coin=shapes[0].coin)
    kind_of_all = joined(each.type for each in shapes)
    if kind_of_all is None or not is_measure(kind_of_all):
        listed = ", ".join(str(each.type) for each in shapes)
        raise RuleBroken(f"values of one type that has an order are needed here, not {listed}")
    return Shape(type=kind_of_all, coin=require_one_coin(shapes))


def size_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``abs``."""
    kind = shapes[0].type
    if not (is_numeric(kind) or kind in {MONEY, DURATION}):
        raise _wrong(shapes, 0, "a number, money or a duration")
    return Shape(type=kind, coin=shapes[0].coin)


def sum_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``sum``."""
    kind = shapes[0].type
    item = kind.item if isinstance(kind, ListOf) else None
    if not isinstance(item, Scalar) or item.name not in SUMMABLE:
        raise _wrong(shapes, 0, "a list of numbers, money or durations")
    total = Shape(type=item, coin=shapes[0].coin)
    return total if len(shapes) == 1 else arithmetic_shape("+", shapes[1], total)


def length_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``len``."""
    if not (isinstance(shapes[0].type, ListOf | MapOf) or is_text(shapes[0].type)):
        raise _wrong(shapes, 0, "a list, a map or a text")
    return Shape(type=INT)


def keys_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``keys``."""
    kind = shapes[0].type
    if not isinstance(kind, MapOf):
        raise _wrong(shapes, 0, "a map")
    return Shape(type=ListOf(kind.key))


def values_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``values``."""
    kind = shapes[0].type
    if not isinstance(kind, MapOf):
        raise _wrong(shapes, 0, "a map")
    return Shape(type=ListOf(kind.value))


def sorted_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``sorted``."""
    kind = shapes[0].type
    if not isinstance(kind, ListOf) or not (is_measure(kind.item) or is_text(kind.item)):
        raise _wrong(shapes, 0, "a list of values that have an order")
    return Shape(type=kind, coin=shapes[0].coin)


def rounded_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``round_down`` and ``round_up``."""
    kind = shapes[0].type
    if not (is_numeric(kind) or kind == MONEY):
        raise _wrong(shapes, 0, "a number or money")
    if shapes[1].type != INT:
        raise _wrong(shapes, 1, "int", "the number of decimals to keep, like places(coin)")
    literal = shapes[1].literal
    if isinstance(literal, int) and literal > PLACES_MAX:
        raise _wrong(shapes, 1, f"a number of decimals from 0 to {PLACES_MAX}")
    return Shape(type=MONEY if kind == MONEY else DECIMAL, coin=shapes[0].coin)


def places_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``places``."""
    if shapes[0].type not in {COIN, MONEY}:
        raise _wrong(shapes, 0, "a coin or money")
    return Shape(type=INT)


def balance_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``balance``."""
    kind = shapes[0].type
    if not isinstance(kind, Record) or not _has_balances(kind):
        raise _wrong(
            shapes,
            0,
            "a result with complete and by_coin",
            "give balance the step itself: balance(steps.before, coin)",
        )
    if shapes[1].type != COIN:
        raise _wrong(shapes, 1, "coin")
    return Shape(type=MONEY, coin=_literal_text(shapes[1]))


def _has_balances(kind: Record) -> bool:
    complete, by_coin = kind.field("complete"), kind.field("by_coin")
    return (
        complete is not None
        and complete.type == BOOL
        and by_coin is not None
        and by_coin.type == MapOf(COIN, MONEY)
    )


def _literal_text(shape: Shape) -> str:
    return shape.literal if isinstance(shape.literal, str) else ""


def _from_text(shapes: Sequence[Shape], wanted: Scalar, example: str) -> Shape:
    text = shapes[0].literal
    if not isinstance(text, str):
        raise _wrong(
            shapes, 0, f'a text written out, like {wanted}("{example}"),', "declare it as an input"
        )
    try:
        value = value_from_text(text, wanted)
    except ValueError as exc:
        code = "amount-invalid" if wanted in {MONEY, DECIMAL} else "literal-invalid"
        raise RuleBroken(str(exc), code=code, argument=0) from exc
    return Shape(type=wanted, coin=value.coin if isinstance(value, Money) else "")


def money_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``money``."""
    if len(shapes) == 1:
        return _from_text(shapes, MONEY, "5 USDT")
    if not is_numeric(shapes[0].type):
        raise _wrong(shapes, 0, "a number")
    if shapes[1].type != COIN:
        raise _wrong(shapes, 1, "coin")
    return Shape(type=MONEY, coin=_literal_text(shapes[1]))


def decimal_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``decimal``."""
    if is_numeric(shapes[0].type) or shapes[0].type == MONEY:
        return Shape(type=DECIMAL)
    return _from_text(shapes, DECIMAL, "0.05")


def duration_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``duration``."""
    return _from_text(shapes, DURATION, "10m")


def timestamp_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``timestamp``."""
    if shapes[0].type == DATE:
        return Shape(type=TIMESTAMP)
    return _from_text(shapes, TIMESTAMP, "2026-11-22T10:00:00Z")


def days_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``days``."""
    if len(shapes) == 1:
        if shapes[0].type != DURATION:
            raise _wrong(shapes, 0, "duration", "the days between two dates are days(a - b)")
        return Shape(type=INT)
    if shapes[0].type != DATE:
        raise _wrong(shapes, 0, "date")
    if shapes[1].type != INT:
        raise _wrong(shapes, 1, "int")
    return Shape(type=DATE)


def part_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of ``startswith`` and ``contains``."""
    for index in (0, 1):
        if not is_text(shapes[index].type):
            hint = '"in" finds an item of a list' if isinstance(shapes[0].type, ListOf) else ""
            raise _wrong(shapes, index, "a text", hint)
    return Shape(type=BOOL)


def special_shape(_shapes: Sequence[Shape]) -> Shape:
    """Stand where the checker has its own rule: ``get`` and ``ran``."""
    raise AssertionError("the checker knows this function by its arguments as written")
