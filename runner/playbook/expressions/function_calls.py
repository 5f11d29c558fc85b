"""What each function does with its values; ``Trouble`` where it cannot."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Protocol, TypeAlias

from runner.core.money import CONTEXT, Money
from runner.core.types import COIN, DECIMAL, DURATION, INT, MONEY, TIMESTAMP, Scalar
from runner.core.values import Unknown, value_from_text
from runner.playbook.expressions.arithmetic import (
    UNKNOWN_BOOL,
    Operand,
    Trouble,
    compute,
    name_of,
    negated,
    rounded,
)
from runner.playbook.expressions.comparison import date_from, is_ordered


class Tools(Protocol):
    """What the evaluator lends to functions."""

    def places(self, coin: str) -> int:
        """Return the decimals of a coin, by the directory; unknown coins raise ``Trouble``."""
        ...

    def spend(self, items: int) -> None:
        """Count work on a list; too much of it raises ``Trouble``."""
        ...


Arguments: TypeAlias = Sequence[Operand]
"""Values, or ``Ratio`` where the function rounds."""


def _listed(arguments: Arguments, tools: Tools, name: str) -> Sequence[Operand]:
    items = arguments if len(arguments) > 1 else arguments[0]
    if type(items) is not tuple:
        raise Trouble(f"type mismatch: {name} needs a list, not {name_of(items)}")
    tools.spend(len(items))
    return items


def extreme_of(name: str, sign: str) -> Callable[[Tools, Arguments], Operand]:
    """Make ``min`` or ``max``: the first of the best."""

    def call(tools: Tools, arguments: Arguments) -> Operand:
        items = _listed(tuple(arguments), tools, name)
        if not items:
            raise Trouble(f"empty list: it has no {name}")
        best = items[0]
        for item in items[1:]:
            if is_ordered(sign, item, best) is True:
                best = item
        return best

    return call


def size_of(_tools: Tools, arguments: Arguments) -> Operand:
    """Drop the sign."""
    value = arguments[0]
    if type(value) is Money:
        return Money(abs(value.amount), value.coin)
    if type(value) in {int, Decimal, timedelta}:
        return abs(value) if type(value) is not Decimal else CONTEXT.abs(value)
    return negated(value)


def sum_of(tools: Tools, arguments: Arguments) -> Operand:
    """Add a list up; an empty one needs a start, because it has no coin."""
    items = _listed(arguments[:1], tools, "sum")
    if len(arguments) > 1:
        total = arguments[1]
    elif items:
        total, items = items[0], items[1:]
    else:
        raise Trouble(
            "empty list: its sum has no type and no coin",
            hint='give the sum a start: sum(list, 0) or sum(list, money(0, "USDT"))',
        )
    for item in items:
        total = compute("+", total, item)
    return total


def length_of(_tools: Tools, arguments: Arguments) -> Operand:
    """Count items, keys or characters."""
    value = arguments[0]
    if type(value) is tuple or type(value) is str or isinstance(value, Mapping):
        return len(value)
    if type(value) is Unknown:
        return Unknown(INT)
    raise Trouble(f"type mismatch: {name_of(value)} has no length")


def keys_of(tools: Tools, arguments: Arguments) -> Operand:
    """List the keys of a map."""
    return tuple(_mapped(arguments, tools, "keys"))


def values_of(tools: Tools, arguments: Arguments) -> Operand:
    """List the values of a map."""
    return tuple(_mapped(arguments, tools, "values").values())


def _mapped(arguments: Arguments, tools: Tools, name: str) -> Mapping[str, Operand]:
    value = arguments[0]
    if not isinstance(value, Mapping):
        raise Trouble(f"type mismatch: {name} needs a map, not {name_of(value)}")
    tools.spend(len(value))
    return value


def quantifier(name: str, *, decides: bool) -> Callable[[Tools, Arguments], Operand]:
    """Make ``all`` or ``any``: three-valued over the items."""

    def call(tools: Tools, arguments: Arguments) -> Operand:
        if type(arguments[0]) is Unknown:
            return UNKNOWN_BOOL
        result: Operand = not decides
        for item in _listed(arguments, tools, name):
            if item is decides:
                return decides
            if type(item) is Unknown:
                result = UNKNOWN_BOOL
            elif type(item) is not bool:
                raise Trouble(f"type mismatch: {name} needs conditions, not {name_of(item)}")
        return result

    return call


def sorted_items(tools: Tools, arguments: Arguments) -> Operand:
    """Sort upwards."""
    items = _listed(arguments, tools, "sorted")
    if not all(type(item) is str for item in items):
        for item in items[1:]:
            is_ordered("<", items[0], item)
    if items and type(items[0]) is Money:
        return tuple(sorted(items, key=lambda money: money.amount))
    return tuple(sorted(items))


def rounding(*, up: bool) -> Callable[[Tools, Arguments], Operand]:
    """Make ``round_down`` or ``round_up``."""

    def call(_tools: Tools, arguments: Arguments) -> Operand:
        return rounded(arguments[0], arguments[1], up=up)

    return call


def places_of(tools: Tools, arguments: Arguments) -> Operand:
    """Ask the directory for a coin's decimals."""
    value = arguments[0]
    return tools.places(value.coin if type(value) is Money else _text(value))


def balance_of(_tools: Tools, arguments: Arguments) -> Operand:
    """Read a coin's balance; zero only if the list was read completely."""
    record, coin = arguments
    if type(record) is Unknown:
        return Unknown(MONEY)
    if not isinstance(record, Mapping) or "by_coin" not in record or "complete" not in record:
        raise Trouble("missing field: balance needs a result with complete and by_coin")
    by_coin, complete = record["by_coin"], record["complete"]
    if type(by_coin) is Unknown or type(coin) is Unknown:
        return Unknown(MONEY)
    if _text(coin) in by_coin:
        return by_coin[coin]
    if type(complete) is Unknown:
        return Unknown(MONEY)
    if complete is not True:
        raise Trouble(
            f"incomplete list: {coin} is not in it, and that does not prove a balance of zero"
        )
    return Money(Decimal(0), coin)


def _text(value: Operand) -> str:
    if type(value) is str:
        return value
    raise Trouble(f"type mismatch: a text is needed here, not {name_of(value)}")


def _read(text: Operand, wanted: Scalar) -> Operand:
    try:
        return value_from_text(_text(text), wanted)
    except ValueError as exc:
        raise Trouble(f"type mismatch: {exc}") from exc


def money_of(_tools: Tools, arguments: Arguments) -> Operand:
    """Build money from a text, or from a number and a coin."""
    if len(arguments) == 1:
        return _read(arguments[0], MONEY)
    number = arguments[0]
    if type(number) not in {int, Decimal}:
        raise Trouble(f"type mismatch: a number is needed here, not {name_of(number)}")
    coin = _read(arguments[1], COIN)
    return Money(Decimal(number), coin)


def decimal_of(_tools: Tools, arguments: Arguments) -> Operand:
    """Take the number out of money, an int or a text."""
    value = arguments[0]
    if type(value) is Money:
        return value.amount
    if type(value) in {int, Decimal}:
        return Decimal(value)
    return _read(value, DECIMAL)


def duration_of(_tools: Tools, arguments: Arguments) -> Operand:
    """Read a duration."""
    return _read(arguments[0], DURATION)


def timestamp_of(_tools: Tools, arguments: Arguments) -> Operand:
    """Read a moment, or the first moment of a date in UTC."""
    if type(arguments[0]) is date:
        return datetime.combine(arguments[0], time(), UTC)
    return _read(arguments[0], TIMESTAMP)


def days_of(_tools: Tools, arguments: Arguments) -> Operand:
    """Move a date, or count the whole days of a duration, towards zero."""
    if len(arguments) == 1:
        if type(arguments[0]) is not timedelta:
            raise Trouble(f"type mismatch: {name_of(arguments[0])} is not a duration")
        whole = abs(arguments[0]) // timedelta(days=1)
        return -whole if arguments[0] < timedelta(0) else whole
    start, count = date_from(arguments[0]), arguments[1]
    if type(count) is not int:
        raise Trouble(f"type mismatch: {name_of(count)} is not a number of days")
    try:
        return start + timedelta(days=count)
    except OverflowError as exc:
        raise Trouble("overflow: there is no such date") from exc


def starts_with(_tools: Tools, arguments: Arguments) -> Operand:
    """Tell whether a text starts with another."""
    return _text(arguments[0]).startswith(_text(arguments[1]))


def contains_part(_tools: Tools, arguments: Arguments) -> Operand:
    """Tell whether a text holds another."""
    return _text(arguments[1]) in _text(arguments[0])


def special_call(_tools: Tools, _arguments: Arguments) -> Operand:
    """Stand where the evaluator has its own way: ``get`` and ``ran``."""
    raise AssertionError("the evaluator knows this function by its arguments as written")
