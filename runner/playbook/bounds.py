"""Whether a value keeps what its input declares; the same for defaults and for given values."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

from runner.core.diagnostics import did_you_mean
from runner.core.money import Money
from runner.core.values import Unknown, Value, value_text
from runner.playbook.model import Input

BOUNDED_NAMES: Final = frozenset({"int", "decimal", "money", "date", "duration", "timestamp"})
"""The types whose inputs can have ``min`` and ``max``."""

_Ordered: TypeAlias = "int | Decimal | date | timedelta"


def bound_problem(declared: Input, value: Value, *, check_maximum: bool = True) -> tuple[str, str]:
    """Say what is wrong with a value of the right type: a sentence and the way out, or nothing.

    Shapes: bounds are inclusive; a money bound holds for its coin alone, so that an amount of
        another coin is outside. The bounds of a list hold for each of its items. What a dry run
        does not know yet is not judged.
    """
    if isinstance(value, Unknown):
        return "", ""
    if isinstance(value, tuple):
        return _list_problem(declared, value)
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


def _list_problem(declared: Input, items: tuple[Value, ...]) -> tuple[str, str]:
    has_bounds = declared.minimum is not None or declared.maximum is not None
    if has_bounds or declared.choices or declared.pattern:
        for number, item in enumerate(items, start=1):
            problem, hint = bound_problem(declared, item)
            if problem:
                return f"item {number}: {problem}", hint
    seen: set[Value] = set()
    for item in items if declared.unique_by else ():
        part = _part_of(item, declared.unique_by)
        if part is None or isinstance(part, Unknown):
            continue
        if part in seen:
            shown = value_text(part)
            return f"two items have the {declared.unique_by} {shown}", "give each once"
        seen.add(part)
    return "", ""


def _part_of(item: Value, name: str) -> "Value | None":
    if isinstance(item, Money):
        return item.coin if name == "coin" else item.amount
    return item.get(name) if isinstance(item, Mapping) else item


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
