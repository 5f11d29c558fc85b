"""Which types go together, and what comes out.

The checker asks before the run; the evaluator asks for the type of a result that is not known yet.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from runner.core.money import Money
from runner.core.record import positional_record, record
from runner.core.types import (
    BOOL,
    DATE,
    DECIMAL,
    DURATION,
    INT,
    MONEY,
    STRING,
    TEXT_LIKE,
    TIMESTAMP,
    Field,
    ListOf,
    MapOf,
    Record,
    Scalar,
    Type,
)
from runner.core.values import Unknown, Value

if TYPE_CHECKING:
    from fractions import Fraction

NUMBERS = frozenset({"int", "decimal"})
MEASURES = NUMBERS | {"money", "date", "timestamp", "duration"}
"""Scalars that have an order."""
SUMMABLE = NUMBERS | {"money", "duration"}


class RuleBroken(Exception):
    """Types that do not go together.

    Shapes: ``argument`` is the index of the operand that is wrong, or None for all of them.
    """

    def __init__(
        self,
        summary: str,
        *,
        code: str = "type-mismatch",
        hint: str = "",
        argument: int | None = None,
    ) -> None:
        super().__init__(summary)
        self.code = code
        self.summary = summary
        self.hint = hint
        self.argument = argument


@record
class Shape:
    """What is known about a value before it exists.

    Shapes: ``coin`` is the coin of a money where the text says it, else empty; ``ratio`` marks a
        quotient that is exact only as a fraction and must be rounded; ``literal`` is the value of a
        text or number written out, else None.
    """

    type: Type
    coin: str = ""
    ratio: bool = False
    literal: str | int | Decimal | None = None

    @property
    def is_zero(self) -> bool:
        """Tell whether this is a bare ``0``, which compares with every money."""
        return self.literal is not None and self.literal == 0


def fits(actual: Type, wanted: Type) -> bool:
    """Tell whether a value of one type can stand where another is wanted.

    Shapes: an int fits decimal; what is a text inside (coin, network, names, order_id) fits string,
        never the other way round; lists and maps fit by their parts, records by being equal.
    """
    if actual == wanted:
        return True
    if isinstance(actual, Scalar) and isinstance(wanted, Scalar):
        return (actual == INT and wanted == DECIMAL) or (
            wanted == STRING and actual.name in TEXT_LIKE
        )
    if isinstance(actual, ListOf) and isinstance(wanted, ListOf):
        return fits(actual.item, wanted.item)
    if isinstance(actual, MapOf) and isinstance(wanted, MapOf):
        return actual.key == wanted.key and fits(actual.value, wanted.value)
    return False


def joined(types: Iterable[Type]) -> Type | None:
    """Return the one type that values of all these types have, or None.

    Shapes: int and decimal give decimal; lists and maps join by their parts.
    """
    result: Type | None = None
    for each in types:
        result = each if result is None else _joined_pair(result, each)
        if result is None:
            return None
    return result


def _joined_pair(left: Type, right: Type) -> Type | None:
    if left == right:
        return left
    if is_numeric(left) and is_numeric(right):
        return DECIMAL
    if isinstance(left, ListOf) and isinstance(right, ListOf):
        item = _joined_pair(left.item, right.item)
        return None if item is None else ListOf(item)
    if isinstance(left, MapOf) and isinstance(right, MapOf) and left.key == right.key:
        value = _joined_pair(left.value, right.value)
        return None if value is None else MapOf(left.key, value)
    return None


def is_numeric(kind: Type) -> bool:
    """Tell whether a type is int or decimal."""
    return isinstance(kind, Scalar) and kind.name in NUMBERS


def is_measure(kind: Type) -> bool:
    """Tell whether values of a type have an order that ``<`` may ask for."""
    return isinstance(kind, Scalar) and kind.name in MEASURES


def is_text(kind: Type) -> bool:
    """Tell whether a value of the type is a text inside."""
    return isinstance(kind, Scalar) and kind.name in TEXT_LIKE


_SUMS: dict[tuple[str, Type, Type], Type] = {
    ("+", INT, INT): INT,
    ("-", INT, INT): INT,
    ("*", INT, INT): INT,
    ("/", INT, INT): DECIMAL,
    ("/", MONEY, MONEY): DECIMAL,
    ("+", MONEY, MONEY): MONEY,
    ("-", MONEY, MONEY): MONEY,
    ("+", DURATION, DURATION): DURATION,
    ("-", DURATION, DURATION): DURATION,
    ("*", DURATION, INT): DURATION,
    ("*", INT, DURATION): DURATION,
    ("+", TIMESTAMP, DURATION): TIMESTAMP,
    ("+", DURATION, TIMESTAMP): TIMESTAMP,
    ("-", TIMESTAMP, DURATION): TIMESTAMP,
    ("-", TIMESTAMP, TIMESTAMP): DURATION,
    ("-", DATE, DATE): DURATION,
}
for _number in (INT, DECIMAL):
    _SUMS["*", MONEY, _number] = _SUMS["*", _number, MONEY] = _SUMS["/", MONEY, _number] = MONEY
    for _sign in "+-*/":
        _SUMS[_sign, DECIMAL, _number] = _SUMS[_sign, _number, DECIMAL] = DECIMAL


def arithmetic_type(operator: str, left: Type, right: Type) -> Type | None:
    """Return the type of ``left operator right``, or None where there is none."""
    return _SUMS.get((operator, left, right))


def arithmetic_shape(operator: str, left: Shape, right: Shape) -> Shape:
    """Return what ``left operator right`` gives.

    Errors: ``RuleBroken``.
    """
    kind = arithmetic_type(operator, left.type, right.type)
    if kind is None:
        raise RuleBroken(
            f"{left.type} {operator} {right.type} has no meaning",
            hint=_arithmetic_hint(operator, left.type, right.type),
        )
    if left.type == right.type == MONEY:
        require_one_coin((left, right))
    coin = (left.coin or right.coin) if kind == MONEY else ""
    ratio = operator == "/" or left.ratio or right.ratio
    return Shape(type=kind, coin=coin, ratio=ratio)


def require_one_coin(shapes: Iterable[Shape]) -> str:
    """Return the coin of some amounts where any of them says it.

    Errors: ``RuleBroken`` when two of them say different coins.
    """
    coin = ""
    for shape in shapes:
        if coin and shape.coin and shape.coin != coin:
            raise RuleBroken(
                f"an amount of {coin} meets an amount of {shape.coin}",
                code="coin-mismatch",
                hint="amounts of different coins are never added or compared",
            )
        coin = coin or shape.coin
    return coin


def check_comparison(operator: str, left: Shape, right: Shape) -> None:
    """Check one link of a comparison.

    Errors: ``RuleBroken``.
    """
    if operator in {"in", "not in"}:
        _check_in(operator, left, right)
        return
    if (left.type == MONEY and right.is_zero) or (left.is_zero and right.type == MONEY):
        return
    if joined((left.type, right.type)) is None:
        raise RuleBroken(
            f"{left.type} {operator} {right.type} compares different types",
            hint=_comparison_hint(left.type, right.type),
        )
    if left.type == right.type == MONEY:
        require_one_coin((left, right))
    if operator not in {"==", "!="} and not is_measure(left.type):
        raise RuleBroken(
            f"{left.type} has no order", hint='only "==" and "!=" compare values of this type'
        )


def _check_in(operator: str, left: Shape, right: Shape) -> None:
    if isinstance(right.type, ListOf) and joined((left.type, right.type.item)) is not None:
        return
    if isinstance(right.type, MapOf) and fits(left.type, right.type.key):
        return
    hint = ""
    if right.type == STRING:
        hint = 'a part of a text is found with contains(text, "part")'
    elif isinstance(right.type, Record):
        hint = 'a field that may be missing is read with get(x, "path", default)'
    raise RuleBroken(f"{left.type} {operator} {right.type} has no meaning", hint=hint)


def _arithmetic_hint(operator: str, left: Type, right: Type) -> str:
    if MONEY in (left, right) and (is_numeric(left) or is_numeric(right)) and operator in "+-":
        return "an amount of money needs a coin: money(5, coin)"
    if is_text(left) and is_text(right) and operator == "+":
        return "texts are put together by a template: ${{ a }}-${{ b }}"
    if left == right == MONEY:
        return "multiply money by a number"
    if DATE in (left, right):
        return "move a date with days(date, 3)"
    return ""


def _comparison_hint(left: Type, right: Type) -> str:
    if MONEY in (left, right) and (is_numeric(left) or is_numeric(right)):
        return "money compares with money and with a bare 0: money(5, coin)"
    if DATE in (left, right) and TIMESTAMP in (left, right):
        return "turn the date into a moment: timestamp(date)"
    return ""


@positional_record
class Ratio:
    """A quotient before it is rounded; of money where ``coin`` is not empty."""

    number: "Fraction"
    coin: str


_TYPES_OF_VALUES: dict[type, Type] = {
    str: STRING,
    int: INT,
    Decimal: DECIMAL,
    bool: BOOL,
    date: DATE,
    timedelta: DURATION,
    datetime: TIMESTAMP,
    Money: MONEY,
}


def type_of_value(value: "Value | Ratio") -> Type:
    """Return the nearest type of a value at hand; a coin is then just a string.

    Shapes: an empty list counts as ``list<string>``; a map and a record are both a record.
    """
    known = _TYPES_OF_VALUES.get(type(value))
    if known is not None:
        return known
    if isinstance(value, Unknown):
        return value.type
    if isinstance(value, Ratio):
        return MONEY if value.coin else DECIMAL
    if isinstance(value, tuple):
        return ListOf(type_of_value(value[0]) if value else STRING)
    assert isinstance(value, Mapping)
    return Record("record", tuple(Field(key, type_of_value(item)) for key, item in value.items()))
