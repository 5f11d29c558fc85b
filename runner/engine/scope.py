"""The values a playbook's expressions see at one point of the walk."""

from collections import ChainMap
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from runner.core.types import Scalar
from runner.core.values import Unknown, Value, value_from_text
from runner.engine.gate import Gate
from runner.engine.ports import Ports
from runner.playbook.expressions.evaluate import SKIPPED, Environment, Skipped, evaluate
from runner.playbook.expressions.filling import evaluate_template
from runner.playbook.expressions.parse import Expression
from runner.playbook.model import Effect, Let, Playbook, Step, Use, Wait


@dataclass(slots=True, kw_only=True)
class Deadline:
    """When a step may no longer begin, and the path of the step whose ``timeout`` says so."""

    at: datetime
    owner: str


@dataclass(slots=True, kw_only=True)
class Scope:
    """What has become known so far, in one list of steps and in those around it.

    Shapes: ``steps`` is keyed by id; ``certain`` names those that surely run, whatever their value
        will be, kept for unknown values alone; ``now`` is when the plan was made, in every walk of
        it; ``prefix`` is what the path of every step here begins with; ``names`` are the locals of
        the steps around. ``undecided`` tells that only the run knows whether any of it happens;
        ``guarded`` that a failure here ends nothing but the steps around it, so that a read that
        cannot be made is a failure and not a reason to suspend the run; ``failure`` says what has
        failed, in a rescue or a finally.
    """

    inputs: Mapping[str, Value]
    now: datetime
    ports: Ports
    prefix: str = ""
    names: Mapping[str, Value] = field(default_factory=dict)
    steps: MutableMapping[str, Value | Skipped] = field(default_factory=dict)
    certain: set[str] = field(default_factory=set)
    gate: Gate = field(default_factory=Gate)
    deadline: Deadline | None = None
    undecided: bool = False
    guarded: bool = False
    failure: str = ""

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

    def inside(self, path: str, names: Mapping[str, Value]) -> "Scope":
        """Return the scope of the steps inside a step: they see what is here, and more."""
        return replace(
            self,
            prefix=f"{path}/",
            names=names,
            steps=ChainMap({}, self.steps),
            certain=set(self.certain),
        )

    def after(self, body: "Scope", steps: Iterable[Step]) -> "Scope":
        """Return the scope of steps that see how far a body came: what did not run was skipped."""
        seen: dict[str, Value | Skipped] = {step.id: SKIPPED for step in steps if step.id}
        seen.update(own_steps(body))
        return replace(
            self, steps=ChainMap({}, seen, self.steps), certain=set(self.certain | body.certain)
        )

    def apart(self, path: str, inputs: Mapping[str, Value]) -> "Scope":
        """Return the scope of a called playbook, which sees its inputs and nothing else."""
        return replace(self, prefix=f"{path}/", inputs=inputs, names={}, steps={}, certain=set())

    def as_undecided(self) -> "Scope":
        """Return the same scope for steps of which only the run knows whether they happen."""
        return replace(self, undecided=True)

    def keep(self, step: Step, value: Value | None, *, certain: bool = True) -> None:
        """Remember a step's value under its id; None stands for a step that was skipped.

        Shapes: ``certain`` is False where only the run knows whether the step runs at all.
        """
        if not step.id:
            return
        self.steps[step.id] = SKIPPED if value is None else value
        if certain and isinstance(value, Unknown):
            self.certain.add(step.id)

    def take(self, step: Step, inner: "Scope") -> Mapping[str, Value]:
        """Return what the steps inside a step gave, those that ran, and what is sure of them."""
        own = {id_: value for id_, value in own_steps(inner).items() if value is not SKIPPED}
        sure = (name for name in inner.certain if name.partition(".")[0] in own)
        self.certain.update(f"{step.id}.{name}" for name in sure)
        return own

    def locals(self, lets: Iterable[Let], names: Mapping[str, Value]) -> dict[str, Value]:
        """Evaluate ``let`` names in order, each seeing those before it.

        Errors: ``ExpressionFailed``.
        """
        seen = dict(names)
        for let in lets:
            seen[let.name] = evaluate(let.value, self.environment(seen))
        return seen

    def arguments(self, verb: Use | Effect | Wait, names: Mapping[str, Value]) -> dict[str, Value]:
        """Evaluate a step's ``with``, defaults of the manifest included.

        Errors: ``ExpressionFailed``.
        """
        environment = self.environment(names)
        result: dict[str, Value] = {}
        for argument in verb.manifest.arguments:
            template = verb.arguments.get(argument.name)
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


def own_steps(scope: Scope) -> Mapping[str, Value | Skipped]:
    """Return the steps of a scope itself, without those around it."""
    return scope.steps.maps[0] if isinstance(scope.steps, ChainMap) else scope.steps
