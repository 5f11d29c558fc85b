"""The static check of a built playbook: references, types and conditions, step by step.

What could not be built is a gap. An expression that speaks of a gap is left alone: whatever is said
about it would follow from what was said about the gap.
"""

from collections import ChainMap
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final

from runner.catalogue.manifest import Argument, Manifest
from runner.core.diagnostics import did_you_mean
from runner.core.types import STRING, Type
from runner.playbook.build import Draft
from runner.playbook.expressions.check import (
    Checked,
    Scope,
    StepScope,
    StepState,
    check_condition,
    check_expression,
)
from runner.playbook.expressions.guards import steps_ran_when_true
from runner.playbook.expressions.parse import Expression
from runner.playbook.expressions.template import Template, check_template
from runner.playbook.expressions.tree import Choice, InputName, Name, Node, StepName, Text
from runner.playbook.may import check_may
from runner.playbook.mentions import mentions
from runner.playbook.model import Bare, Effect, Input, Step, Use, Wait
from runner.playbook.reading import Findings

FINDINGS_MAX: Final = 100
"""After so many findings the check of further steps is left for the next time."""


def check_playbook(draft: Draft, manifests: Mapping[str, Manifest], findings: Findings) -> None:
    """Check everything that needs more than one place of the file."""
    walk = _Walk(draft, findings)
    walk.check_ids()
    walk.check_inputs_alone()
    for step in draft.playbook.steps:
        if len(findings.found) > FINDINGS_MAX:
            # Nobody reads on, and the names that are compared for a hint are as many as the steps.
            return
        walk.check_step(step)
    walk.check_outputs()
    check_may(draft, manifests, findings)


class _Walk:
    """One pass over the steps in order; ``_steps`` always says how far it has come."""

    def __init__(self, draft: Draft, findings: Findings) -> None:
        self._playbook = draft.playbook
        self._gaps = draft.gaps
        self._findings = findings
        self._inputs = {name: each.type for name, each in draft.playbook.inputs.items()}
        self._steps: dict[str, StepScope] = {
            step.id: StepScope(type=_result_of(step), state="later")
            for step in draft.playbook.steps
            if step.id
        }

    def check_ids(self) -> None:
        """Refuse an id that stands twice."""
        first: dict[str, Step] = {}
        for step in self._playbook.steps:
            if step.id and step.id in first:
                # Which of the two an expression means cannot be known.
                self._gaps.steps.add(step.id)
                self._findings.add(
                    "duplicate-id",
                    f'two steps have the id "{step.id}"',
                    step.span,
                    hint=f"the first is on line {first[step.id].span.line}; rename one of them",
                )
            first.setdefault(step.id, step)

    def check_inputs_alone(self) -> None:
        """Check labels and ``once``: they are texts made of inputs, before anything has run."""
        scope = self._scope({})
        templates = [("a label", template) for template in self._playbook.labels.values()]
        if self._playbook.once is not None:
            templates.append(("once", self._playbook.once))
        for what, template in templates:
            for expression in template.expressions:
                self._refuse_now(expression, what)
            self._check_template(template, STRING, scope, "")

    def check_step(self, step: Step) -> None:
        """Check one step, and note that it has run."""
        names: dict[str, Type] = {}
        self._check_lets(step, names)
        if step.condition is not None:
            self._check_condition(step.condition, self._scope(names), step.path)
        steps = self._steps_inside(step)
        scope = self._scope(names, steps)
        result = _result_of(step)
        seen = scope if result is None else self._scope({**names, "result": result}, steps)
        match step.verb:
            case Use() | Effect():
                self._check_arguments(step, step.verb, scope)
                message_scope = seen
            case Wait():
                self._check_arguments(step, step.verb, scope)
                for expression in (step.verb.until, step.verb.fail_if):
                    if expression is not None:
                        self._check_condition(expression, seen, step.path)
                # A wait may have run out of time before it ever saw a result.
                message_scope = scope
            case Bare():
                message_scope = scope
        for expression in step.asserts:
            self._check_condition(expression, seen, step.path)
        if step.message is not None:
            self._check_template(step.message, STRING, message_scope, step.path)
        if step.id:
            state: StepState = "done" if step.condition is None else "maybe_skipped"
            self._steps[step.id] = StepScope(type=result, state=state)

    def check_outputs(self) -> None:
        """Check the outputs, which see every step."""
        scope = self._scope({})
        for output in self._playbook.outputs.values():
            self._check_template(output.value, output.type, scope, "")

    def _refuse_now(self, expression: Expression, what: str) -> None:
        for node in mentions(expression.tree):
            if isinstance(node, Name) and node.name == "now":
                self._findings.add(
                    "unknown-name",
                    f"{what} is made of inputs alone, and now is none",
                    expression.span_of(node),
                    hint="give the day as an input of type date",
                )

    def _check_lets(self, step: Step, names: dict[str, Type]) -> None:
        for let in step.lets:
            checked = None
            if not self._is_blurred((let.value,), step.path):
                checked = check_expression(let.value, self._scope(names))
                self._findings.extend(checked.diagnostics)
            if checked is None or checked.type is None:
                self._gaps.lets.add((step.path, let.name))
            else:
                names[let.name] = checked.type

    def _steps_inside(self, step: Step) -> Mapping[str, StepScope]:
        """Return the steps as the inside of a step sees them, its ``if`` being true."""
        if step.condition is None:
            return self._steps
        surely = {
            id_: StepScope(type=self._steps[id_].type, state="done")
            for id_ in steps_ran_when_true(step.condition)
            if id_ in self._steps and self._steps[id_].state == "maybe_skipped"
        }
        return ChainMap(surely, self._steps)

    def _scope(
        self, names: Mapping[str, Type], steps: Mapping[str, StepScope] | None = None
    ) -> Scope:
        return Scope(
            names=dict(names), inputs=self._inputs, steps=self._steps if steps is None else steps
        )

    def _check_arguments(self, step: Step, verb: Use | Effect | Wait, scope: Scope) -> None:
        for name, template in verb.arguments.items():
            argument = verb.manifest.argument(name)
            assert argument is not None, "building refuses other arguments"
            is_right = self._check_template(template, argument.type, scope, step.path)
            if is_right and argument.choices:
                self._check_choices(template, argument)

    def _check_choices(self, template: Template, argument: Argument) -> None:
        listed = " or ".join(argument.choices)
        words = _possible_words(template, self._playbook.inputs)
        if words is None:
            self._findings.add(
                "type-mismatch",
                f"{argument.name} must be {listed}, and this could be something else",
                template.span,
                hint="write the word itself, or take it from an input that has these choices",
            )
            return
        for word in words:
            if word not in argument.choices:
                self._findings.add(
                    "literal-invalid",
                    f'{argument.name} cannot be "{word}"',
                    template.span,
                    hint=did_you_mean(word, argument.choices),
                )

    def _check_template(self, template: Template, wanted: Type, scope: Scope, path: str) -> bool:
        if self._is_blurred(template.expressions, path):
            return False
        return self._kept(check_template(template, wanted, scope))

    def _check_condition(self, expression: Expression, scope: Scope, path: str) -> None:
        if not self._is_blurred((expression,), path):
            self._kept(check_condition(expression, scope))

    def _kept(self, checked: Checked) -> bool:
        self._findings.extend(checked.diagnostics)
        return checked.is_valid

    def _is_blurred(self, expressions: Iterable[Expression], path: str) -> bool:
        """Tell whether expressions of a step speak of a gap."""
        if self._gaps.is_empty:
            return False
        names = chain.from_iterable(mentions(expression.tree) for expression in expressions)
        return any(self._is_gap(node, path) for node in names)

    def _is_gap(self, node: Name | InputName | StepName, path: str) -> bool:
        if isinstance(node, InputName):
            return node.name in self._gaps.inputs
        if isinstance(node, StepName):
            return node.name in self._gaps.steps
        is_result = node.name == "result" and path in self._gaps.steps
        return is_result or (path, node.name) in self._gaps.lets


def _result_of(step: Step) -> Type | None:
    return None if isinstance(step.verb, Bare) else step.verb.manifest.result


def _possible_words(template: Template, inputs: Mapping[str, Input]) -> tuple[str, ...] | None:
    """Return every text a template can become, or None where that cannot be listed."""
    if template.is_literal:
        return (template.text,)
    lone = template.lone
    return None if lone is None else _words_of(lone.tree, inputs)


def _words_of(node: Node, inputs: Mapping[str, Input]) -> tuple[str, ...] | None:
    if isinstance(node, Text):
        return (node.value,)
    if isinstance(node, InputName):
        return inputs[node.name].choices or None
    if isinstance(node, Choice):
        first, second = _words_of(node.then, inputs), _words_of(node.otherwise, inputs)
        return None if first is None or second is None else first + second
    return None
