"""Whether ``may`` covers every effect the steps can reach."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from runner.catalogue.manifest import Manifest
from runner.core.diagnostics import did_you_mean
from runner.core.money import CONTEXT, ZERO, AmountInvalid, Money, amount_text, money_from_text
from runner.core.types import MONEY
from runner.playbook.build import Draft
from runner.playbook.expressions.template import Template
from runner.playbook.expressions.tree import InputName, Text
from runner.playbook.model import Effect, Input, May, Step
from runner.playbook.reading import Findings


def check_may(draft: Draft, manifests: Mapping[str, Manifest], findings: Findings) -> None:
    """Hold the effect steps against ``may``, and ``may`` against the actions there are.

    Shapes: every step counts, whatever its ``if``; of the amounts, those that are written out.
    """
    playbook, gaps = draft.playbook, draft.gaps
    by_action: dict[str, list[Step]] = {}
    for step in playbook.steps:
        if isinstance(step.verb, Effect):
            by_action.setdefault(step.verb.manifest.name, []).append(step)
    for action, steps in by_action.items():
        limit = playbook.may.get(action)
        if limit is not None:
            _check_count(steps, limit, findings)
            if limit.total:
                _check_total(steps, limit, findings)
        elif action not in gaps.may:
            _refuse_uncovered(action, steps, draft, findings)
    for limit in playbook.may.values():
        # A step whose action is misspelt may be the one that this entry is for.
        is_unused = limit.action not in by_action and not gaps.steps
        _check_entry(limit, manifests, findings, is_unused=is_unused)


def _check_count(steps: Sequence[Step], limit: May, findings: Findings) -> None:
    if len(steps) > limit.count:
        findings.add(
            "may-exceeded",
            f"{len(steps)} steps use {limit.action}, and may allows {limit.count}",
            steps[limit.count].span,
            hint=f"write count: {len(steps)} there if all of them are meant",
        )


def _check_total(steps: Sequence[Step], limit: May, findings: Findings) -> None:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for step in steps:
        template = _amount_of(step)
        money = None if template is None else _written_money(template)
        if template is None or money is None:
            continue
        cap = limit.total.get(money.coin, ZERO)
        before = sums[money.coin]
        sums[money.coin] = CONTEXT.add(before, money.amount)
        if before <= cap < sums[money.coin]:
            _refuse_amount(template, Money(sums[money.coin], money.coin), limit, findings)


def _refuse_amount(template: Template, reached: Money, limit: May, findings: Findings) -> None:
    cap = limit.total.get(reached.coin)
    if cap is None:
        findings.add(
            "may-exceeded",
            f"may allows {limit.action} no {reached.coin}",
            template.span,
            hint=f"add {reached} to its total if that is meant",
        )
        return
    findings.add(
        "may-exceeded",
        f"the steps can move {reached} by {limit.action}, "
        f"and may allows {amount_text(cap)} {reached.coin}",
        template.span,
        hint=f"raise its total to {reached} if that is meant",
    )


def _refuse_uncovered(action: str, steps: Sequence[Step], draft: Draft, findings: Findings) -> None:
    total = _total_text(steps, draft.playbook.inputs) if _has_amounts(steps) else ""
    limits = f"count: {len(steps)}, total: {total}" if total else f"count: {len(steps)}"
    line = f"{action}: {{{limits}}}"
    where = "add this line to may" if draft.playbook.may else "add may: at the top, with this line"
    findings.add(
        "may-missing", f"may does not allow {action}", steps[0].span, hint=f"{where}: {line}"
    )


def _has_amounts(steps: Sequence[Step]) -> bool:
    return any(isinstance(s.verb, Effect) and moves_money(s.verb.manifest) for s in steps)


def _total_text(steps: Sequence[Step], inputs: Mapping[str, Input]) -> str:
    """Spell a total that covers the amounts of the file and its defaults, or stand in for it."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for step in steps:
        template = _amount_of(step)
        money = None if template is None else _likely_money(template, inputs)
        if money is None:
            return "AMOUNT COIN"
        sums[money.coin] = CONTEXT.add(sums[money.coin], money.amount)
    listed = [str(Money(amount, coin)) for coin, amount in sums.items()]
    return listed[0] if len(listed) == 1 else f"[{', '.join(listed)}]"


def _check_entry(
    limit: May, manifests: Mapping[str, Manifest], findings: Findings, *, is_unused: bool
) -> None:
    manifest = manifests.get(limit.action)
    if manifest is None:
        effects = [each.name for each in manifests.values() if each.is_effect]
        findings.add(
            "unknown-action",
            f'no action has the name "{limit.action}"',
            limit.span,
            hint=did_you_mean(limit.action, effects),
        )
    elif not manifest.is_effect:
        findings.add(
            "action-kind",
            f"{limit.action} moves nothing, so may does not limit it",
            limit.span,
            hint="delete the entry",
        )
    else:
        _check_has_total(limit, manifest, findings)
        if is_unused:
            _warn_unused(limit, findings)


def _check_has_total(limit: May, manifest: Manifest, findings: Findings) -> None:
    if moves_money(manifest) and not limit.total:
        findings.add(
            "missing-key",
            f"may of {limit.action} has no total",
            limit.span,
            hint="add total: the most that may be moved, like 250000 USDT",
        )
    elif limit.total and not moves_money(manifest):
        findings.add(
            "unknown-key",
            f"{limit.action} moves no money, so may of it has no total",
            limit.span,
            hint="write count alone",
        )


def moves_money(manifest: Manifest) -> bool:
    """Tell whether an action has an amount, which ``may`` then limits."""
    return any(argument.type == MONEY for argument in manifest.arguments)


def _warn_unused(limit: May, findings: Findings) -> None:
    findings.warn(
        "may-unused",
        f"no step uses {limit.action}",
        limit.span,
        hint="delete the entry, so that may says no more than the steps can do",
    )


def _amount_of(step: Step) -> Template | None:
    """Return the argument of an effect that is an amount of money, if it has one."""
    assert isinstance(step.verb, Effect), "only effects are limited"
    for argument in step.verb.manifest.arguments:
        if argument.type == MONEY:
            return step.verb.arguments.get(argument.name)
    return None


def _written_money(template: Template) -> Money | None:
    lone = template.lone
    text = template.text if template.is_literal else ""
    if lone is not None and isinstance(lone.tree, Text):
        text = lone.tree.value
    try:
        return money_from_text(text)
    except AmountInvalid:
        return None


def _likely_money(template: Template, inputs: Mapping[str, Input]) -> Money | None:
    lone = template.lone
    if lone is not None and isinstance(lone.tree, InputName):
        declared = inputs.get(lone.tree.name)
        default = None if declared is None else declared.default
        return default if isinstance(default, Money) else None
    return _written_money(template)
