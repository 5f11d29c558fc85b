"""The static check of one expression: names, order of steps, types, coins."""

from runner.core.diagnostics import Diagnostic, has_errors, sorted_diagnostics
from runner.core.record import record
from runner.core.types import BOOL, Type
from runner.playbook.expressions.check_calls import CALL_RULES
from runner.playbook.expressions.check_names import NAME_RULES
from runner.playbook.expressions.check_operators import OPERATOR_RULES, infer_condition
from runner.playbook.expressions.check_walk import Scope, StepScope, StepState, Walk
from runner.playbook.expressions.parse import Expression
from runner.playbook.expressions.rules import fits

__all__ = [
    "Checked",
    "Scope",
    "StepScope",
    "StepState",
    "check_condition",
    "check_expression",
    "fits",
]

_RULES = {**NAME_RULES, **OPERATOR_RULES, **CALL_RULES}


@record
class Checked:
    """What the check found; ``type`` is None where it cannot be told."""

    type: Type | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def is_valid(self) -> bool:
        """Tell whether the expression may be evaluated."""
        return not has_errors(self.diagnostics)


def check_expression(expression: Expression, scope: Scope) -> Checked:
    """Find the type of an expression and everything that is wrong with it."""
    walk = Walk(expression, scope, _RULES)
    shape = walk.infer(expression.tree)
    return Checked(
        type=None if shape is None else shape.type,
        diagnostics=sorted_diagnostics(walk.diagnostics),
    )


def check_condition(expression: Expression, scope: Scope) -> Checked:
    """Check an expression that must be true or false."""
    walk = Walk(expression, scope, _RULES)
    infer_condition(walk, expression.tree)
    return Checked(type=BOOL, diagnostics=sorted_diagnostics(walk.diagnostics))
