"""Tree + values -> value. Every failure is ``ExpressionFailed``."""

from runner.core.values import Value
from runner.playbook.expressions.arithmetic import Trouble, require_storable
from runner.playbook.expressions.compile import compile_expression, failure
from runner.playbook.expressions.environment import SKIPPED, Environment, Skipped, State
from runner.playbook.expressions.parse import Expression

__all__ = ["SKIPPED", "Environment", "Skipped", "evaluate"]


def evaluate(expression: Expression, environment: Environment) -> Value:
    """Evaluate an expression.

    Shapes: and, or, not, all and any are three-valued; any other operation on an unknown value
        gives an unknown one of the result's type.
    Errors: ``ExpressionFailed``, with the place; no other exception.
    """
    program = expression.program
    if program is None:
        program = compile_expression(expression)
        # A cache on a frozen object: every thread would put the same thing there.
        object.__setattr__(expression, "program", program)
    value = program(State(environment))
    try:
        require_storable(value)
    except Trouble as trouble:
        raise failure(expression, expression.tree, trouble) from None
    return value  # type: ignore[no-any-return]  # the closures are untyped on purpose
