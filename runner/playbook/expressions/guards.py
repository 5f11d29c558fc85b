"""What a condition says about steps that may have been skipped."""

from runner.playbook.expressions.parse import Expression
from runner.playbook.expressions.tree import Call, Logic, Node, Not, StepName

_NONE: frozenset[str] = frozenset()


def steps_ran_when_true(expression: Expression) -> frozenset[str]:
    """Return the ids of steps that surely ran where this condition holds.

    Shapes: a step whose ``if`` is ``ran(steps.x) and ...`` may read ``steps.x`` everywhere else.
    """
    return steps_ran(expression.tree, holds=True)


def steps_ran(node: Node, *, holds: bool) -> frozenset[str]:
    """Return the ids of steps that surely ran if a condition holds, or if it does not."""
    if isinstance(node, Not):
        return steps_ran(node.operand, holds=not holds)
    if isinstance(node, Logic) and (node.operator == "and") == holds:
        return _NONE.union(*(steps_ran(operand, holds=holds) for operand in node.operands))
    if holds and isinstance(node, Call) and node.function == "ran":
        return frozenset(each.name for each in node.arguments if isinstance(each, StepName))
    return _NONE
