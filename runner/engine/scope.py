"""The values a playbook's expressions see at one point of the walk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from runner.core.types import Scalar
from runner.core.values import Unknown, Value, value_from_text
from runner.engine.ports import Ports
from runner.playbook.expressions.evaluate import SKIPPED, Environment, Skipped, evaluate
from runner.playbook.expressions.filling import evaluate_template
from runner.playbook.expressions.parse import Expression
from runner.playbook.model import Effect, Playbook, Step, Use, Wait


@dataclass(slots=True, kw_only=True)
class Scope:
    """What has become known so far: inputs, and the values of the steps that have ended.

    Shapes: ``steps`` is keyed by id; ``certain`` names those that surely run, whatever their value
        will be; ``now`` is when the plan was made, in every walk of it.
    """

    inputs: Mapping[str, Value]
    now: datetime
    ports: Ports
    steps: dict[str, Value | Skipped] = field(default_factory=dict)
    certain: set[str] = field(default_factory=set)

    def environment(self, names: Mapping[str, Value]) -> Environment:
        """Return what an expression sees, with some local names."""
        return Environment(
            names=names,
            inputs=self.inputs,
            steps=self.steps,
            now=self.now,
            places=self.ports.places,
            certain=self.certain,
        )

    def keep(self, step: Step, value: Value | None, *, certain: bool = True) -> None:
        """Remember a step's value under its id; None stands for a step that was skipped.

        Shapes: ``certain`` is False where only the run knows whether the step runs at all.
        """
        if not step.id:
            return
        self.steps[step.id] = SKIPPED if value is None else value
        if certain and value is not None:
            self.certain.add(step.id)

    def locals(self, step: Step) -> dict[str, Value]:
        """Evaluate a step's ``let`` names in order, each seeing those before it.

        Errors: ``ExpressionFailed``.
        """
        names: dict[str, Value] = {}
        for let in step.lets:
            names[let.name] = evaluate(let.value, self.environment(names))
        return names

    def arguments(self, step: Step, names: Mapping[str, Value]) -> dict[str, Value]:
        """Evaluate a step's ``with``, defaults of the manifest included.

        Errors: ``ExpressionFailed``.
        """
        assert isinstance(step.verb, Use | Effect | Wait)
        environment = self.environment(names)
        result: dict[str, Value] = {}
        for argument in step.verb.manifest.arguments:
            template = step.verb.arguments.get(argument.name)
            if template is not None:
                result[argument.name] = evaluate_template(template, argument.type, environment)
            elif argument.default is not None:
                assert isinstance(argument.type, Scalar)
                result[argument.name] = value_from_text(argument.default, argument.type)
        return result

    def holds(self, expression: Expression, names: Mapping[str, Value]) -> bool | None:
        """Evaluate a condition: True, False, or None where only the run can know.

        Errors: ``ExpressionFailed``.
        """
        value = evaluate(expression, self.environment(names))
        if isinstance(value, Unknown):
            return None
        assert isinstance(value, bool)
        return value

    def outputs(self, playbook: Playbook) -> dict[str, Value]:
        """Evaluate the playbook's outputs.

        Errors: ``ExpressionFailed``.
        """
        environment = self.environment({})
        return {
            output.name: evaluate_template(output.value, output.type, environment)
            for output in playbook.outputs.values()
        }
