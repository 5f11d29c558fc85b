"""What the operators do with values: exact, closed over our types, and total.

Every rule is found under the exact Python types of its operands, so a bool is never an int. What no
rule covers, what overflows and what would have to be rounded raises ``Trouble``.
"""

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_UP, Context, Decimal, DecimalException, Inexact
from typing import TYPE_CHECKING, Any, TypeAlias

from runner.core.money import CONTEXT, Money
from runner.core.types import BOOL
from runner.core.values import Unknown
from runner.playbook.expressions.rules import Ratio, arithmetic_type, type_of_value

if TYPE_CHECKING:
    from fractions import Fraction

INT_DIGITS = 30
PLACES_MAX = 40
"""The most decimals that rounding can keep; what the custodian sends has no more."""
STORED_DIGITS = 60
"""Decimals that leave an expression have at most this many digits on each side of the point."""
DURATION_MAX = timedelta(days=3650)
NUMBERS = (int, Decimal)
"""The Python types of numbers."""
_INT_LIMIT = 10**INT_DIGITS
_DECIMAL_LIMIT = Decimal(10) ** STORED_DIGITS
_TO_KEEP = Context(prec=200, Emin=-999, Emax=999, traps=[])
UNKNOWN_BOOL = Unknown(BOOL)


class Trouble(Exception):
    """An operation met values it cannot work with; ``evaluate`` adds the place."""

    def __init__(self, reason: str, *, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


Operand: TypeAlias = Any
"""A ``Value`` or a ``Ratio``, told apart by its exact Python type and never by a declared one."""


def compute(sign: str, left: Operand, right: Operand) -> Operand:
    """Compute ``left sign right`` for one of ``+ - * /``.

    Shapes: a division, and anything computed with one, is a ``Ratio``; an unknown operand makes
        the result unknown.
    Errors: ``Trouble``.
    """
    rule = _RULES.get((sign, type(left), type(right)))
    if rule is None:
        return _compute_other(sign, left, right)
    try:
        return rule(left, right)
    except Inexact as exc:
        raise Trouble("inexact result: it has more digits than can be kept exactly") from exc
    except (DecimalException, OverflowError) as exc:
        raise Trouble("overflow: the result is too large") from exc


def negated(value: Operand) -> Operand:
    """Compute ``-value``.

    Errors: ``Trouble``.
    """
    kind = type(value)
    if kind is int or kind is timedelta:
        return -value
    if kind is Decimal:
        return CONTEXT.minus(value)
    if kind is Money:
        return Money(CONTEXT.minus(value.amount), value.coin)
    if kind is Ratio:
        return Ratio(-value.number, value.coin)
    if kind is Unknown:
        return value
    raise Trouble(f"type mismatch: {name_of(value)} has no negative")


def rounded(value: Operand, places: int, *, up: bool) -> Operand:
    """Round to a number of decimals, towards zero, or away from it with ``up``.

    Errors: ``Trouble``.
    """
    if type(places) is not int or not 0 <= places <= PLACES_MAX:
        raise Trouble(f"out of range: places is a whole number from 0 to {PLACES_MAX}")
    kind = type(value)
    if kind is Ratio:
        number = _rounded_ratio(value.number, places, up=up)
        return Money(number, value.coin) if value.coin else number
    if kind is Money:
        return Money(_rounded_decimal(value.amount, places, up=up), value.coin)
    if kind is int or kind is Decimal:
        return _rounded_decimal(Decimal(value), places, up=up)
    raise Trouble(f"type mismatch: {name_of(value)} cannot be rounded")


def require_storable(value: Operand) -> None:
    """Check that a result can be written down and read back.

    Errors: ``Trouble`` for a division nobody rounded, too many digits, or a duration below zero.
    """
    kind = type(value)
    if kind is Decimal:
        _require_digits(value)
    elif kind is Money:
        _require_digits(value.amount)
    elif kind is tuple:
        for item in value:
            require_storable(item)
    elif kind is Ratio:
        raise Trouble("inexact result: a division must be rounded", hint="round_down(a / b, 6)")
    elif kind is timedelta and not timedelta(0) <= value <= DURATION_MAX:
        raise Trouble("overflow: a duration is from 0s to ten years")


def name_of(value: Operand) -> str:
    """Name the type of a value for people."""
    if isinstance(value, Mapping):
        return "a record or map"
    if type(value) is tuple:
        return "a list"
    if type(value) is Ratio:
        return "a division that is not rounded"
    return str(type_of_value(value))


def _require_digits(number: Decimal) -> None:
    if abs(number) >= _DECIMAL_LIMIT:
        raise Trouble(f"overflow: more than {STORED_DIGITS} digits before the point")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -STORED_DIGITS:
        kept = number.normalize(_TO_KEEP).as_tuple().exponent
        if isinstance(kept, int) and kept < -STORED_DIGITS:
            raise Trouble(
                f"inexact result: more than {STORED_DIGITS} decimals", hint="use round_down"
            )


def _compute_other(sign: str, left: Operand, right: Operand) -> Operand:
    if type(left) is Unknown or type(right) is Unknown:
        kind = arithmetic_type(sign, type_of_value(left), type_of_value(right))
        if kind is not None:
            return Unknown(kind)
    elif Ratio in (type(left), type(right)) or sign == "/":
        return _compute_ratio(sign, _as_ratio(left), _as_ratio(right))
    raise Trouble(f"type mismatch: {name_of(left)} {sign} {name_of(right)} has no meaning")


def _as_ratio(value: Operand) -> Ratio:
    # Few playbooks divide.
    from fractions import Fraction

    kind = type(value)
    if kind is Ratio:
        return value  # type: ignore[no-any-return]  # narrowed by the exact type
    if kind is Money:
        return Ratio(Fraction(value.amount), value.coin)
    if kind in NUMBERS:
        return Ratio(Fraction(value), "")
    raise Trouble(f"type mismatch: {name_of(value)} cannot be divided")


def _compute_ratio(sign: str, left: Ratio, right: Ratio) -> Ratio:
    if left.coin and right.coin and left.coin != right.coin:
        raise Trouble(f"coin mismatch: {left.coin} {sign} {right.coin}")
    if sign in "+-" and left.coin != right.coin:
        raise Trouble(f"type mismatch: money {sign} a number has no meaning")
    if sign == "*":
        if left.coin and right.coin:
            raise Trouble("type mismatch: money * money has no meaning")
        return Ratio(left.number * right.number, left.coin or right.coin)
    if sign == "/":
        if right.coin and not left.coin:
            raise Trouble("type mismatch: a number / money has no meaning")
        if right.number == 0:
            raise Trouble("division by zero")
        return Ratio(left.number / right.number, "" if right.coin else left.coin)
    number = left.number + right.number if sign == "+" else left.number - right.number
    return Ratio(number, left.coin)


def _rounded_ratio(number: "Fraction", places: int, *, up: bool) -> Decimal:
    whole, rest = divmod(abs(number.numerator) * 10**places, number.denominator)
    if up and rest:
        whole += 1
    # The constructor is exact whatever the context; a result too large is refused where it is kept.
    return Decimal(f"{-whole if number < 0 else whole}E-{places}")


def _rounded_decimal(number: Decimal, places: int, *, up: bool) -> Decimal:
    try:
        return number.quantize(
            Decimal(1).scaleb(-places), rounding=ROUND_UP if up else ROUND_DOWN, context=_ROUNDING
        )
    except DecimalException as exc:
        raise Trouble("overflow: the result is too large") from exc


def require_same_coin(left: Money, right: Money) -> None:
    """Refuse two amounts of different coins.

    Errors: ``Trouble``.
    """
    if left.coin != right.coin:
        raise Trouble(
            f"coin mismatch: {left} and {right}",
            hint="amounts of different coins are never added or compared",
        )


def _money_rule(
    rule: Callable[[Decimal, Decimal], Decimal],
) -> Callable[[Operand, Operand], Operand]:
    def apply(left: Money, right: Money) -> Money:
        if left.coin != right.coin:
            require_same_coin(left, right)
        return Money(rule(left.amount, right.amount), left.coin)

    return apply


def _int_rule(rule: Callable[[int, int], int]) -> Callable[[Operand, Operand], Operand]:
    def apply(left: int, right: int) -> int:
        result = rule(left, right)
        if not -_INT_LIMIT < result < _INT_LIMIT:
            raise OverflowError
        return result

    return apply


_ROUNDING = Context(
    prec=CONTEXT.prec,
    Emin=-999,
    Emax=999,
    traps=[trap for trap, on in CONTEXT.traps.items() if on and trap is not Inexact],
)


def _rules() -> dict[tuple[str, type, type], Callable[[Operand, Operand], Operand]]:
    rules: dict[tuple[str, type, type], Callable[[Operand, Operand], Operand]] = {
        ("+", timedelta, timedelta): operator.add,
        ("-", timedelta, timedelta): operator.sub,
        ("*", timedelta, int): operator.mul,
        ("*", int, timedelta): operator.mul,
        ("+", datetime, timedelta): operator.add,
        ("+", timedelta, datetime): operator.add,
        ("-", datetime, timedelta): operator.sub,
        ("-", datetime, datetime): operator.sub,
        ("-", date, date): operator.sub,
    }
    for sign, whole, exact in (
        ("+", operator.add, CONTEXT.add),
        ("-", operator.sub, CONTEXT.subtract),
        ("*", operator.mul, CONTEXT.multiply),
    ):
        rules[sign, int, int] = _int_rule(whole)
        rules[sign, Decimal, Decimal] = exact
        rules[sign, Decimal, int] = exact
        rules[sign, int, Decimal] = exact
        if sign != "*":
            rules[sign, Money, Money] = _money_rule(exact)
    for kind in NUMBERS:
        rules["*", Money, kind] = lambda m, n: Money(CONTEXT.multiply(m.amount, n), m.coin)
        rules["*", kind, Money] = lambda n, m: Money(CONTEXT.multiply(m.amount, n), m.coin)
    return rules


_RULES = _rules()
