"""What a condition says about steps that may have been skipped."""

from runner.playbook.expressions.parse import Expression
from runner.playbook.expressions.tree import Call, Logic, Member, Node, Not, StepName

_NONE: frozenset[str] = frozenset()


def steps_ran_when_true(expression: Expression) -> frozenset[str]:
    """Return the names of steps that surely ran where this condition holds.

    Shapes: a step whose ``if`` is ``ran(steps.x) and ...`` may read ``steps.x`` everywhere else; a
        step inside a group is named ``group.x``, and where it ran the group did.
    """
    return steps_ran(expression.tree, holds=True)


def steps_ran(node: Node, *, holds: bool) -> frozenset[str]:
    """Return the names of steps that surely ran if a condition holds, or if it does not."""
    if isinstance(node, Not):
        return steps_ran(node.operand, holds=not holds)
    if isinstance(node, Logic) and (node.operator == "and") == holds:
        return _NONE.union(*(steps_ran(operand, holds=holds) for operand in node.operands))
    if holds and isinstance(node, Call) and node.function == "ran":
        return _NONE.union(*(_with_owners(step_path(each)) for each in node.arguments))
    return _NONE


def step_path(node: Node) -> tuple[str, ...]:
    """Return the parts of ``steps.group.x`` after the first word; nothing for any other node."""
    parts: list[str] = []
    while isinstance(node, Member):
        parts.append(node.key)
        node = node.of
    return (node.name, *reversed(parts)) if isinstance(node, StepName) else ()


def _with_owners(parts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(".".join(parts[:count]) for count in range(1, len(parts) + 1))
