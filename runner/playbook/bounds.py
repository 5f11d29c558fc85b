"""Whether a value keeps what its input declares; the same for defaults and for given values."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

from runner.core.diagnostics import did_you_mean
from runner.core.money import Money
from runner.core.values import Value, value_text
from runner.playbook.model import Input

BOUNDED_NAMES: Final = frozenset({"int", "decimal", "money", "date", "duration"})
"""The types whose inputs can have ``min`` and ``max``."""

_Ordered: TypeAlias = "int | Decimal | date | timedelta"


def bound_problem(declared: Input, value: Value, *, check_maximum: bool = True) -> tuple[str, str]:
    """Say what is wrong with a value of the right type: a sentence and the way out, or nothing.

    Shapes: bounds are inclusive; a money bound holds for its coin alone, so that an amount of
        another coin is outside.
    """
    problem = _limit_problem(value, declared.minimum, "min")
    if not problem and check_maximum:
        problem = _limit_problem(value, declared.maximum, "max")
    if problem:
        return problem, ""
    if declared.choices and value not in declared.choices:
        shown = value_text(value)
        return f'"{shown}" is not one of the choices', did_you_mean(shown, declared.choices)
    if declared.pattern:
        return _pattern_problem(declared.pattern, value_text(value)), ""
    return "", ""


def _limit_problem(value: Value, limit: "Value | None", name: str) -> str:
    if limit is None:
        return ""
    if isinstance(value, Money) and isinstance(limit, Money) and value.coin != limit.coin:
        return f"{value} is in {value.coin}, and {name} is in {limit.coin}"
    number, bound = _ordered(value), _ordered(limit)
    # Both have the input's type, so the comparison is between two of one kind.
    kept = number >= bound if name == "min" else number <= bound  # type: ignore[operator]  # see above
    if kept:
        return ""
    side = "below" if name == "min" else "above"
    return f"{value_text(value)} is {side} {name}, which is {value_text(limit)}"


def _ordered(value: Value) -> _Ordered:
    if isinstance(value, Money):
        return value.amount
    assert isinstance(value, int | Decimal | date | timedelta), "bounds go with ordered types alone"
    return value


def _pattern_problem(pattern: str, text: str) -> str:
    # Few inputs have one.
    from runner.playbook.pattern import TEXT_MAX

    if len(text) > TEXT_MAX:
        return f"the text has {len(text)} characters; with a pattern it may have {TEXT_MAX}"
    if re.fullmatch(pattern, text, re.ASCII) is None:
        return f'"{text}" does not match the pattern {pattern}'
    return ""
