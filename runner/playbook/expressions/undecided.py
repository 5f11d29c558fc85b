"""Branches and loops where a condition, or the list itself, is not known yet."""

from collections.abc import Callable

from runner.core.errors import ExpressionFailed
from runner.core.types import ListOf
from runner.core.values import Unknown
from runner.playbook.expressions.arithmetic import Operand
from runner.playbook.expressions.environment import Program, State
from runner.playbook.expressions.lookup import list_type
from runner.playbook.expressions.rules import joined, type_of_value


def collected(
    items: Operand, item: Program, holds: Callable[[State], bool | None], local: str, state: State
) -> Operand:
    """Return the items a comprehension keeps; unknown where a condition is undecided."""
    outside = state.locals
    result = []
    undecided = False
    for each in items:
        state.locals = {**outside, local: each}
        kept = holds(state)
        if kept is False:
            continue
        try:
            result.append(item(state))
        except ExpressionFailed:
            # Nobody knows whether this item is kept at all.
            if kept is not None:
                raise
        undecided = undecided or kept is None
    return Unknown(list_type(result)) if undecided else tuple(result)


def unknown_items(items: Unknown, item: Program, local: str, state: State) -> Unknown:
    """Return what a comprehension over a list that is not known yet gives."""
    assert isinstance(items.type, ListOf)
    state.locals = {**state.locals, local: Unknown(items.type.item)}
    return Unknown(ListOf(type_of_value(item(state))))


def either(state: State, then: Program, otherwise: Program) -> Unknown:
    """Return an unknown of the type of either branch; one that fails may never be reached."""
    try:
        first = type_of_value(then(state))
    except ExpressionFailed:
        return Unknown(type_of_value(otherwise(state)))
    try:
        second = type_of_value(otherwise(state))
    except ExpressionFailed:
        return Unknown(first)
    return Unknown(joined((first, second)) or first)
