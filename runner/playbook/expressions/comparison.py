"""What comparisons do with values: by exact Python types, three-valued, and total."""

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypeAlias

from runner.core.money import Money
from runner.core.types import DATE
from runner.core.values import LiteralInvalid, Unknown, Value, value_from_text
from runner.playbook.expressions.arithmetic import (
    NUMBERS,
    UNKNOWN_BOOL,
    Operand,
    Trouble,
    name_of,
    require_same_coin,
)

Spend: TypeAlias = Callable[[int], None]
"""Counts work on list items; raises ``Trouble`` where it is too much."""


def compare(sign: str, left: Operand, right: Operand, spend: Spend) -> bool | Unknown:
    """Compare two values with any operator of a comparison.

    Errors: ``Trouble``.
    """
    if sign in _ORDERS:
        return is_ordered(sign, left, right)
    result = is_in(left, right, spend) if sign in _MEMBERSHIP else is_equal(left, right, spend)
    if sign in _NEGATED and isinstance(result, bool):
        return not result
    return result


def is_equal(left: Value, right: Value, spend: Spend) -> bool | Unknown:
    """Compare two values of one type, part by part.

    Shapes: unknown where a part that decides is unknown; ``spend`` is told of every list and map.
    Errors: ``Trouble`` for different types or coins.
    """
    kind, other = type(left), type(right)
    if kind is Unknown or other is Unknown:
        return UNKNOWN_BOOL
    first: Operand = left
    second: Operand = right
    if kind is tuple and other is tuple:
        return _are_equal_items(first, second, spend)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return _are_equal_maps(left, right, spend)
    if kind is str and other is str:
        return left == right
    if kind is bool and other is bool:
        return left is right
    return bool(operator.eq(*_comparable(left, right)))


def is_ordered(sign: str, left: Value, right: Value) -> bool | Unknown:
    """Compare two values with one of ``< <= > >=``.

    Errors: ``Trouble``.
    """
    if type(left) is Unknown or type(right) is Unknown:
        return UNKNOWN_BOOL
    first, second = _comparable(left, right)
    return bool(_ORDERS[sign](first, second))


def is_in(item: Value, container: Value, spend: Spend) -> bool | Unknown:
    """Tell whether a list holds an item, or a map a key.

    Errors: ``Trouble``.
    """
    if type(item) is Unknown or type(container) is Unknown:
        return UNKNOWN_BOOL
    if isinstance(container, Mapping):
        return item in container
    if type(container) is not tuple:
        raise Trouble(f'type mismatch: "in" needs a list or a map, not {name_of(container)}')
    spend(len(container))
    result: bool | Unknown = False
    for each in container:
        same = is_equal(item, each, spend)
        if same is True:
            return True
        if same is not False:
            result = same
    return result


def _comparable(left: Operand, right: Operand) -> tuple[Operand, Operand]:
    kinds = (type(left), type(right))
    if kinds in _SAME_ORDER:
        return left, right
    if kinds == (Money, Money):
        require_same_coin(left, right)
        return left.amount, right.amount
    if kinds[0] is Money and kinds[1] in NUMBERS and right == 0:
        return left.amount, 0
    if kinds[1] is Money and kinds[0] in NUMBERS and left == 0:
        return 0, right.amount
    # A date beside a text: the checker lets only a text written out come here.
    if kinds == (date, str):
        return left, date_from(right)
    if kinds == (str, date):
        return date_from(left), right
    raise Trouble(f"type mismatch: {name_of(left)} does not compare with {name_of(right)}")


def date_from(value: Operand) -> date:
    """Return a date, read from a text where it is still one.

    Errors: ``Trouble``.
    """
    if type(value) is date:
        return value
    if type(value) is str:
        try:
            found = value_from_text(value, DATE)
        except LiteralInvalid as exc:
            raise Trouble(f"type mismatch: {exc}") from exc
        assert type(found) is date
        return found
    raise Trouble(f"type mismatch: {name_of(value)} is not a date")


def _are_equal_items(
    left: Sequence[Operand], right: Sequence[Operand], spend: Spend
) -> bool | Unknown:
    if len(left) != len(right):
        return False
    spend(len(left))
    result: bool | Unknown = True
    for first, second in zip(left, right, strict=True):
        same = is_equal(first, second, spend)
        if same is False:
            return False
        if same is not True:
            result = same
    return result


def _are_equal_maps(
    left: Mapping[str, Value], right: Mapping[str, Value], spend: Spend
) -> bool | Unknown:
    if left.keys() != right.keys():
        return False
    return _are_equal_items(tuple(left.values()), tuple(right[key] for key in left), spend)


_MEMBERSHIP = frozenset({"in", "not in"})
_NEGATED = frozenset({"!=", "not in"})
_ORDERS: dict[str, Callable[[Operand, Operand], Operand]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SAME_ORDER = frozenset(
    {(a, b) for a in NUMBERS for b in NUMBERS}
    | {(kind, kind) for kind in (date, datetime, timedelta)}
)
