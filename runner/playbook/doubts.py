"""Warnings: what is legal in a playbook, and probably not what somebody meant.

Nothing here refuses a file, so every rule leans to silence: where it cannot be sure, it says
nothing. Names are looked for in the words of expressions, not in their meaning; a text that only
looks like a use counts as one. Expressions are found wherever the model keeps them. Each file is
judged by itself: a called playbook has had its warnings when it was loaded, and is for its caller
one step that may send effects and may verify.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from runner.catalogue.manifest import ActionKind, Manifest
from runner.core.source import SourceFile, Span
from runner.playbook.expressions.parse import Expression
from runner.playbook.expressions.template import Template
from runner.playbook.limits import find_wide_limits
from runner.playbook.model import (
    Effect,
    Input,
    May,
    Parallel,
    Playbook,
    Step,
    Try,
    Use,
    Wait,
    every_step,
    has_effect,
    parts_of,
)
from runner.playbook.reading import Findings

_OPAQUE: Final = (str, Manifest, SourceFile, Span, Input, May, Playbook)
"""Parts of the model in which no expression of this file stands."""

_REFERENCE: Final = re.compile(r"\b(inputs|steps)\s*\.\s*([A-Za-z_]\w*)")
_WORD: Final = re.compile(r"[A-Za-z_]\w*")

Rule: TypeAlias = "Callable[[_Reading, Findings], None]"
"""Looks at a playbook and notes what is doubtful."""


class _Reading:
    """A playbook, and what the rules ask of it, worked out once.

    Shapes: ``steps`` are those of this file in its order, each before its parts.
    """

    def __init__(self, playbook: Playbook) -> None:
        self.playbook = playbook
        self.steps = tuple(_own_steps(playbook.steps))
        texts = [
            expression.text
            for part in (playbook.labels, playbook.once, playbook.steps, playbook.outputs)
            for expression in _expressions_in(part)
        ]
        self.references = frozenset(each for text in texts for each in _REFERENCE.findall(text))
        self.words = frozenset(each for text in texts for each in _WORD.findall(text))

    def looks_at(self, step: Step) -> bool:
        """Tell whether an expression reads what a step ends with.

        What stands inside another step is also reached through it, as in ``steps.outer.inner`` or
        ``result.inner``; wherever its id is a word, it counts.
        """
        if "/" in step.path:
            return step.id in self.words
        return ("steps", step.id) in self.references


def find_doubts(playbook: Playbook, findings: Findings) -> None:
    """Warn of everything doubtful in a playbook that has no error."""
    reading = _Reading(playbook)
    for rule in _RULES:
        rule(reading, findings)


def _unused_inputs(reading: _Reading, findings: Findings) -> None:
    for name, declared in reading.playbook.inputs.items():
        if ("inputs", name) not in reading.references:
            findings.warn(
                "input-unused",
                f'nothing reads the input "{name}"',
                declared.span,
                hint=f"use it as inputs.{name}, or delete it",
            )


def _unused_lets(reading: _Reading, findings: Findings) -> None:
    for step in reading.steps:
        if not step.lets:
            continue
        expressions = tuple(_expressions_in(step))
        for let in step.lets:
            others = (each for each in expressions if each is not let.value)
            if not any(let.name in _WORD.findall(each.text) for each in others):
                findings.warn(
                    "let-unused",
                    f'nothing in the step reads "{let.name}"',
                    let.value.span_of(let.value.tree),
                    hint="use it in the step, or delete it",
                )


def _unused_results(reading: _Reading, findings: Findings) -> None:
    behind: list[Step] = []
    _collect_reads_behind(reading.playbook.steps, behind, is_behind=False)
    for step in behind:
        if not step.asserts and not reading.looks_at(step):
            findings.warn(
                "result-unused",
                f'nothing looks at what step "{step.path}" reads behind an effect',
                step.span,
                hint="add an assert, show it in outputs, or delete the step",
            )


def _collect_reads_behind(steps: Iterable[Step], found: list[Step], *, is_behind: bool) -> bool:
    """Collect the reads that run behind an effect; tell whether one stands behind these steps.

    A read before the effects tells the plan what there is; behind them it can only verify. What
    ``rescue`` and ``finally`` read is there for who looks into the journal.
    """
    for step in steps:
        match step.verb:
            case Use(manifest=manifest):
                if is_behind and manifest.kind is ActionKind.READ:
                    found.append(step)
            case Parallel(branches=branches):
                # Branches run side by side: none is behind another.
                for branch in branches:
                    _collect_reads_behind((branch,), found, is_behind=is_behind)
            case Try(body=body):
                _collect_reads_behind(body, found, is_behind=is_behind)
            case _:
                _collect_reads_behind(parts_of(step), found, is_behind=is_behind)
        is_behind = is_behind or has_effect(step)
    return is_behind


def _endless_waits(reading: _Reading, findings: Findings) -> None:
    for step in reading.steps:
        verb = step.verb
        if not isinstance(verb, Wait) or verb.fail_if is not None:
            continue
        has_status = verb.manifest.result.field("status") is not None
        words = _WORD.findall(verb.until.text)
        if has_status and "status" in words and "failed" not in words:
            findings.warn(
                "wait-without-fail-if",
                f'step "{step.path}" waits on although the order may have failed',
                step.span,
                hint='add fail_if: result.status == "failed" under wait',
            )


def _unverified_effects(reading: _Reading, findings: Findings) -> None:
    for step in _unverified(reading.playbook.steps):
        findings.warn(
            "effect-unverified",
            f'nothing verifies what the effect "{step.path}" has done',
            step.span,
            hint="add an assert to it, or read behind it and assert what must hold",
        )


def _unverified(steps: Iterable[Step]) -> list[Step]:
    """Return the effects among steps that no assert and no wait among them stands behind."""
    waiting: list[Step] = []
    for step in steps:
        if isinstance(step.verb, Effect):
            waiting.append(step)
        elif _verifies(step):
            waiting = []
        waiting += _unverified(parts_of(step))
        if step.asserts:
            # They hold after the verb, and so after everything inside.
            waiting = []
    return waiting


def _verifies(step: Step) -> bool:
    """Tell whether a step may look at what the effects before it have done."""
    inside = every_step((step,))
    return any(each.asserts or isinstance(each.verb, Wait) for each in inside)


def _wide_limits(reading: _Reading, findings: Findings) -> None:
    find_wide_limits(reading.playbook, findings)


def _own_steps(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield steps and all inside them in the same file, in its order."""
    for step in steps:
        yield step
        yield from _own_steps(parts_of(step))


def _expressions_in(part: object) -> Iterator[Expression]:
    """Yield every expression in a part of the model."""
    waiting = [part]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Expression):
            yield found
        elif isinstance(found, Template):
            yield from found.expressions
        else:
            waiting.extend(_parts(found))


def _parts(part: object) -> Iterable[object]:
    """Take a part of the model apart; most, such as texts, hold nothing."""
    if isinstance(part, tuple):
        return part
    if part is None or isinstance(part, _OPAQUE):
        return ()
    # What ``dataclasses.fields`` reads, without its cost for every part of a long playbook.
    names: Iterable[str] | None = getattr(part, "__dataclass_fields__", None)
    if names is not None:
        return [getattr(part, name) for name in names]
    return part.values() if isinstance(part, Mapping) else ()


_RULES: Final[tuple[Rule, ...]] = (
    _unused_inputs,
    _unused_lets,
    _unused_results,
    _endless_waits,
    _unverified_effects,
    _wide_limits,
)
