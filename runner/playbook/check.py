"""The static check of a built playbook: references, types and conditions, step by step.

What could not be built is a gap. An expression that speaks of a gap is left alone: whatever is said
about it would follow from what was said about the gap.
"""

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from runner.catalogue.manifest import ActionKind, Manifest
from runner.core.record import record
from runner.core.source import Span
from runner.core.types import MONEY, STRING, TIMESTAMP, Field, ListOf, MapOf, Record, Scalar, Type
from runner.core.values import Value, value_from_text
from runner.playbook.bounds import bound_problem
from runner.playbook.build import Draft
from runner.playbook.choices import check_choices
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
from runner.playbook.expressions.rules import is_text
from runner.playbook.expressions.template import Template, check_template
from runner.playbook.expressions.tree import InputName, Name, StepName
from runner.playbook.may import check_may
from runner.playbook.mentions import mentions
from runner.playbook.model import (
    Bare,
    Call,
    Effect,
    Foreach,
    Group,
    Input,
    Parallel,
    Pause,
    Step,
    Try,
    Use,
    Wait,
)
from runner.playbook.reading import Findings
from runner.playbook.results import NOTHING, can_be_skipped, item_type, result_type
from runner.playbook.rules import check_effect_rules
from runner.playbook.targets import target_words
from runner.playbook.words import TARGET, Word, words_in_text
from runner.playbook.workshop import ANY_NAME

FINDINGS_MAX: Final = 100
"""After so many findings the check of further steps is left for the next time."""

ERROR: Final = Record("error", (Field("kind", STRING), Field("message", STRING)))
"""What a rescue sees of the failure it was made for."""


def check_playbook(
    draft: Draft, manifests: Mapping[str, Manifest], findings: Findings, words: list[Word]
) -> None:
    """Check everything that needs more than one place of the file.

    Shapes: ``words`` collects what only controls know.
    """
    walk = _Walk(draft, findings, words)
    walk.check_inputs_alone()
    walk.check()
    check_effect_rules(draft.playbook.steps, findings)
    check_may(draft, manifests, findings)


@record
class _Frame:
    """What the expressions at one place may name.

    Shapes: ``steps`` is changed as the walk goes on; ``ran`` is as in ``Scope``; ``blurred`` are
        local names of which nothing is known.
    """

    steps: MutableMapping[str, StepScope]
    names: Mapping[str, Type]
    ran: frozenset[str] = frozenset()
    blurred: frozenset[str] = frozenset()


class _Walk:
    """One pass over the steps in order; a frame always says how far it has come."""

    def __init__(self, draft: Draft, findings: Findings, words: list[Word]) -> None:
        self._playbook = draft.playbook
        self._gaps = draft.gaps
        self._findings = findings
        self._words = words
        self._inputs = {name: each.type for name, each in draft.playbook.inputs.items()}

    def check(self) -> None:
        """Check the steps, then the outputs, which see every one of them."""
        frame = _Frame(steps={}, names={})
        self._check_steps(self._playbook.steps, frame)
        if len(self._findings.found) > FINDINGS_MAX:
            return
        for output in self._playbook.outputs.values():
            self._check_template(output.value, output.type, frame)

    def check_inputs_alone(self) -> None:
        """Check labels and ``once``: they are texts made of inputs, before anything has run."""
        frame = _Frame(steps=self._later(self._playbook.steps), names={})
        templates = [("a label", template) for template in self._playbook.labels.values()]
        if self._playbook.once is not None:
            templates.append(("once", self._playbook.once))
        for what, template in templates:
            for expression in template.expressions:
                self._refuse_now(expression, what)
            self._check_template(template, STRING, frame)

    def _later(self, steps: Iterable[Step]) -> dict[str, StepScope]:
        return {
            step.id: StepScope(type=result_type(step), state="later") for step in steps if step.id
        }

    def _check_steps(self, steps: Sequence[Step], frame: _Frame) -> None:
        """Check steps that follow each other; afterwards the frame knows all of them."""
        self._check_ids(steps, frame)
        frame.steps.update(self._later(steps))
        for step in steps:
            if len(self._findings.found) > FINDINGS_MAX:
                # Nobody reads on, and the names compared for a hint are as many as the steps.
                return
            self._check_step(step, frame)

    def _check_ids(self, steps: Sequence[Step], frame: _Frame) -> None:
        """Refuse an id that stands twice, or that hides a step further out."""
        first: dict[str, Step] = {}
        for step in steps:
            if not step.id:
                continue
            if step.id in first:
                self._refuse_id(step, f"the first is on line {first[step.id].span.line};")
            elif step.id in frame.steps:
                self._refuse_id(step, "the other stands around this one;")
            first.setdefault(step.id, step)

    def _refuse_id(self, step: Step, where: str) -> None:
        # Which of the two an expression means cannot be known.
        self._gaps.steps.add(step.id)
        self._findings.add(
            "duplicate-id",
            f'two steps have the id "{step.id}"',
            step.span,
            hint=f"{where} rename one of them",
        )

    def _check_step(self, step: Step, frame: _Frame) -> None:
        """Check one step, and note that it has run."""
        inner = self._frame_of(step, frame)
        self._check_verb(step, inner)
        if step.asserts or step.message is not None:
            self._check_words(step, inner)
        if step.id:
            state: StepState = "maybe_skipped" if can_be_skipped(step) else "done"
            frame.steps[step.id] = StepScope(type=result_type(step), state=state)

    def _check_words(self, step: Step, inner: _Frame) -> None:
        """Check what holds after the verb, and what is said where it does not."""
        result = item_type(step)
        seen = inner
        if result is not None:
            seen = replace(inner, names={**inner.names, "result": result})
        for expression in step.asserts:
            self._check_condition(expression, seen, step.path)
        if step.message is not None:
            # What may fail before it has a result cannot show one.
            sees_result = isinstance(step.verb, Use | Effect)
            place = seen if sees_result else inner
            self._check_template(step.message, STRING, place, step.path)

    def _frame_of(self, step: Step, frame: _Frame) -> _Frame:
        """Check loop, locals and condition, and return what the inside of the step sees."""
        inner = frame
        if unknown := self._gaps.lets.get(step.path):
            inner = replace(frame, blurred=frame.blurred | unknown)
        if step.foreach is not None:
            inner = self._with_item(step, step.foreach, inner)
        for let in step.lets:
            inner = self._with_name(let.name, let.value, inner, step.path)
        if step.condition is None:
            return inner
        self._check_condition(step.condition, inner, step.path)
        return replace(inner, ran=inner.ran | steps_ran_when_true(step.condition))

    def _with_item(self, step: Step, foreach: Foreach, frame: _Frame) -> _Frame:
        checked = self._checked(foreach.source, frame)
        kind = None if checked is None else checked.type
        if kind is not None and not isinstance(kind, ListOf):
            self._findings.add(
                "type-mismatch",
                f"foreach needs a list, not {kind}",
                foreach.source.span_of(foreach.source.tree),
                hint="take the values of a map: values(x)" if isinstance(kind, MapOf) else "",
            )
        item = kind.item if isinstance(kind, ListOf) else None
        inner = self._named(foreach.local, item, frame, foreach.source)
        if step.key is not None:
            self._check_key(step.key, inner)
        return inner

    def _check_key(self, key: Expression, frame: _Frame) -> None:
        checked = self._checked(key, frame)
        if checked is not None and checked.type is not None and not is_text(checked.type):
            hint = "take its coin: x.coin" if checked.type == MONEY else ""
            self._findings.add(
                "type-mismatch",
                f"a key is a text, not {checked.type}",
                key.span_of(key.tree),
                hint=hint,
            )

    def _with_name(self, name: str, value: Expression, frame: _Frame, path: str) -> _Frame:
        checked = self._checked(value, frame, path)
        return self._named(name, None if checked is None else checked.type, frame, value)

    def _named(self, name: str, kind: Type | None, frame: _Frame, place: Expression) -> _Frame:
        if name in frame.names:
            self._findings.add(
                "expression-refused",
                f'the name "{name}" is already taken here',
                place.span_of(place.tree),
                hint="choose another name",
            )
        if kind is None:
            return replace(frame, blurred=frame.blurred | {name})
        return replace(frame, names={**frame.names, name: kind})

    def _check_verb(self, step: Step, frame: _Frame) -> None:
        match step.verb:
            case Use() | Effect():
                self._check_arguments(step, step.verb, frame)
            case Wait():
                self._check_wait(step, step.verb, frame)
            case Group(steps=steps):
                self._check_steps(steps, self._inside(frame))
            case Parallel(branches=branches):
                self._check_branches(branches, frame)
            case Try():
                self._check_try(step.verb, frame)
            case Pause(until=until):
                if until is not None:
                    self._check_moment(until, frame, step.path)
            case Call():
                self._check_call(step, step.verb, frame)
            case Bare():
                pass

    def _inside(self, frame: _Frame, *more: Mapping[str, StepScope]) -> _Frame:
        steps = ChainMap[str, StepScope]({}, *map(dict, more), frame.steps)
        return replace(frame, steps=steps)

    def _check_wait(self, step: Step, verb: Wait, frame: _Frame) -> None:
        self._check_arguments(step, verb, frame)
        seen = replace(frame, names={**frame.names, "result": verb.manifest.result})
        for expression in (verb.until, verb.fail_if):
            if expression is not None:
                self._check_condition(expression, seen, step.path)

    def _check_branches(self, branches: Sequence[Step], frame: _Frame) -> None:
        """Check branches, none of which sees another."""
        self._check_ids(branches, frame)
        for branch in branches:
            others = self._later(branches)
            self._check_step(branch, self._inside(frame, others))

    def _check_try(self, verb: Try, frame: _Frame) -> None:
        self._check_steps(verb.body, self._inside(frame))
        perhaps = {
            step.id: StepScope(type=result_type(step) or NOTHING, state="maybe_skipped")
            for step in verb.body
            if step.id
        }
        rescue = self._inside(frame, perhaps)
        self._check_steps(verb.rescue, replace(rescue, names={**frame.names, "error": ERROR}))
        self._check_steps(verb.final, self._inside(frame, perhaps))

    def _check_moment(self, until: Expression, frame: _Frame, path: str) -> None:
        checked = self._checked(until, frame, path)
        if checked is not None and checked.type is not None and checked.type != TIMESTAMP:
            self._findings.add(
                "type-mismatch",
                f"a pause ends at a timestamp, not {checked.type}",
                until.span_of(until.tree),
                hint='like timestamp("2026-11-22T10:00:00Z"), or now + duration("1h")',
            )

    def _check_call(self, step: Step, verb: Call, frame: _Frame) -> None:
        for name, template in verb.arguments.items():
            declared = verb.playbook.inputs[name]
            if self._check_template(template, declared.type, frame, step.path):
                self._check_bounds(template, declared)

    def _check_bounds(self, template: Template, declared: Input) -> None:
        value = _written_value(template, declared.type)
        if value is None:
            return
        problem, hint = bound_problem(declared, value)
        if problem:
            words = f"{declared.name}: {problem}"
            self._findings.add("literal-invalid", words, template.span, hint=hint)

    def _check_arguments(self, step: Step, verb: Use | Effect | Wait, frame: _Frame) -> None:
        for name, template in verb.arguments.items():
            argument = verb.manifest.argument(name)
            assert argument is not None, "building refuses other arguments"
            is_right = self._check_template(template, argument.type, frame, step.path)
            if is_right and verb.manifest.kind is ActionKind.NOTIFY and name == TARGET:
                self._words.extend(target_words(template, self._playbook.inputs))
            if is_right and argument.choices:
                check_choices(template, argument, self._playbook.inputs, self._findings)

    def _refuse_now(self, expression: Expression, what: str) -> None:
        for node in mentions(expression.tree):
            if isinstance(node, Name) and node.name == "now":
                self._findings.add(
                    "unknown-name",
                    f"{what} is made of inputs alone, and now is none",
                    expression.span_of(node),
                    hint="give the day as an input of type date",
                )

    def _scope(self, frame: _Frame) -> Scope:
        return Scope(
            names=frame.names,
            inputs=self._inputs,
            steps=frame.steps,
            ran=frame.ran,
            note=self._note,
        )

    def _note(self, text: str, wanted: Type, place: Callable[[], Span]) -> None:
        self._words.extend(words_in_text(text, wanted, place))

    def _check_template(
        self, template: Template, wanted: Type, frame: _Frame, path: str = ""
    ) -> bool:
        if self._is_blurred(template.expressions, frame, path):
            return False
        return self._kept(check_template(template, wanted, self._scope(frame)))

    def _check_condition(self, expression: Expression, frame: _Frame, path: str) -> None:
        if not self._is_blurred((expression,), frame, path):
            self._kept(check_condition(expression, self._scope(frame)))

    def _checked(self, expression: Expression, frame: _Frame, path: str = "") -> Checked | None:
        """Check an expression of any type; None where nothing can be said about it."""
        if self._is_blurred((expression,), frame, path):
            return None
        checked = check_expression(expression, self._scope(frame))
        self._findings.extend(checked.diagnostics)
        return checked

    def _kept(self, checked: Checked) -> bool:
        self._findings.extend(checked.diagnostics)
        return checked.is_valid

    def _is_blurred(self, expressions: Iterable[Expression], frame: _Frame, path: str) -> bool:
        """Tell whether expressions of a step speak of a gap."""
        if self._gaps.is_empty and not frame.blurred:
            return False
        names = chain.from_iterable(mentions(expression.tree) for expression in expressions)
        return any(self._is_gap(node, frame, path) for node in names)

    def _is_gap(self, node: Name | InputName | StepName, frame: _Frame, path: str) -> bool:
        if isinstance(node, InputName):
            return node.name in self._gaps.inputs
        if isinstance(node, StepName):
            return node.name in self._gaps.steps
        if node.name == "result" and path in self._gaps.steps:
            return True
        is_foreign = ANY_NAME in frame.blurred and node.name not in {*frame.names, "now", "result"}
        return is_foreign or node.name in frame.blurred


def _written_value(template: Template, kind: Type) -> "Value | None":
    if not template.is_literal or not isinstance(kind, Scalar):
        return None
    return value_from_text(template.text, kind)
