"""Warnings: what is legal in a playbook, and probably not what somebody meant.

Nothing here refuses a file, so every rule leans to silence: where it cannot be sure, it says
nothing. Names are looked for in the words of expressions, not in their meaning; a text that only
looks like a use counts as one. Steps and expressions are found wherever the model keeps them, so
that a new kind of step needs no new rule.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Final, TypeAlias

from runner.catalogue.manifest import Manifest
from runner.core.money import CONTEXT, Money, amount_text
from runner.core.source import SourceFile, Span
from runner.playbook.expressions.parse import Expression
from runner.playbook.expressions.template import Template
from runner.playbook.may import amount_of, most_money
from runner.playbook.model import Effect, Input, May, Playbook, Step, Use, Wait
from runner.playbook.reading import Findings

_OPAQUE: Final = (str, Manifest, SourceFile, Span, Input, May)
"""Parts of the model in which no step and no expression stands."""

_SINGLE_FIELDS: Final = frozenset(
    {"path", "id", "title", "verb", "lets", "condition", "asserts", "message", "span"}
)
"""Fields of a step that never make it run more than once; any other may."""

_REFERENCE: Final = re.compile(r"\b(inputs|steps)\s*\.\s*([A-Za-z_]\w*)")
_WORD: Final = re.compile(r"[A-Za-z_]\w*")

Rule: TypeAlias = "Callable[[_Reading, Findings], None]"
"""Looks at a playbook and notes what is doubtful."""


class _Reading:
    """A playbook, and what the rules ask of it, worked out once."""

    def __init__(self, playbook: Playbook) -> None:
        self.playbook = playbook
        self.steps = tuple(_steps_in(playbook.steps))
        self.references = frozenset(
            reference
            for expression in _expressions_in(playbook)
            for reference in _REFERENCE.findall(expression.text)
        )
        self.effects = [i for i, step in enumerate(self.steps) if isinstance(step.verb, Effect)]


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
    for position, step in enumerate(reading.steps):
        if not isinstance(step.verb, Use) or step.asserts:
            continue
        # A read before the effects tells the plan what there is; behind them it can only verify.
        is_behind = bool(reading.effects) and position > reading.effects[0]
        if is_behind and ("steps", step.id) not in reading.references:
            findings.warn(
                "result-unused",
                f'nothing looks at what step "{step.path}" reads behind an effect',
                step.span,
                hint="add an assert, show it in outputs, or delete the step",
            )


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
    last = -1
    for position, step in enumerate(reading.steps):
        # Its own assert verifies an effect, a wait only the effects before it.
        if step.asserts or isinstance(step.verb, Wait):
            last = position
    for position in reading.effects:
        if position > last:
            step = reading.steps[position]
            findings.warn(
                "effect-unverified",
                f'nothing verifies what the effect "{step.path}" has done',
                step.span,
                hint="add an assert to it, or read behind it and assert what must hold",
            )


def _wide_limits(reading: _Reading, findings: Findings) -> None:
    by_action: defaultdict[str, list[Step]] = defaultdict(list)
    for position in reading.effects:
        step = reading.steps[position]
        assert isinstance(step.verb, Effect), "the positions are those of effects"
        by_action[step.verb.manifest.name].append(step)
    top = {id(step) for step in reading.playbook.steps}
    for action, steps in by_action.items():
        limit = reading.playbook.may.get(action)
        if limit is not None and all(id(step) in top and _is_single(step) for step in steps):
            _check_count(limit, steps, findings)
            _check_total(limit, steps, reading.playbook.inputs, findings)


def _check_count(limit: May, steps: Sequence[Step], findings: Findings) -> None:
    if limit.count > len(steps):
        findings.warn(
            "may-too-wide",
            f"may allows {limit.count} times {limit.action}, and the steps can reach {len(steps)}",
            limit.span,
            hint=f"write count: {len(steps)}",
        )


def _check_total(
    limit: May, steps: Sequence[Step], inputs: Mapping[str, Input], findings: Findings
) -> None:
    """Hold the total against the most the steps can move, where that is known."""
    reach: defaultdict[str, Decimal] = defaultdict(Decimal)
    for step in steps:
        template = amount_of(step)
        money = None if template is None else most_money(template, inputs)
        if money is None:
            return
        reach[money.coin] = CONTEXT.add(reach[money.coin], money.amount)
    for coin, cap in limit.total.items():
        if cap > reach[coin]:
            findings.warn(
                "may-too-wide",
                f"may allows {limit.action} {amount_text(cap)} {coin}, "
                f"and the steps can reach {Money(reach[coin], coin)}",
                limit.span,
                hint=f"lower it to {Money(reach[coin], coin)}"
                if reach[coin]
                else f"delete {coin} from its total",
            )


def _is_single(step: Step) -> bool:
    return not any(getattr(step, f.name) for f in fields(step) if f.name not in _SINGLE_FIELDS)


def _steps_in(part: object) -> Iterator[Step]:
    """Yield every step in a part of the model, in the order of the file."""
    if isinstance(part, Step):
        yield part
        yield from _steps_in(part.verb)
    elif not isinstance(part, Template | Expression):
        for inner in _parts(part):
            yield from _steps_in(inner)


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
