"""Whether ``may`` covers every effect the steps can reach."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from runner.catalogue.manifest import Manifest
from runner.core.diagnostics import did_you_mean
from runner.core.money import CONTEXT, ZERO, AmountInvalid, Money, amount_text, money_from_text
from runner.core.record import record
from runner.core.source import Span
from runner.core.types import MONEY
from runner.playbook.build import Draft
from runner.playbook.expressions.template import Template
from runner.playbook.expressions.tree import InputName, Items, Text
from runner.playbook.model import Call, Effect, Input, May, Step, parts_of
from runner.playbook.reading import Findings


@record
class _Reached:
    """One effect step the playbook can come to.

    Shapes: ``times`` is how often at least, as far as the file says it; ``place`` is where the file
        that is checked speaks of it, which for a called playbook is the call.
    """

    step: Step
    times: int
    place: Span
    is_called: bool


def check_may(draft: Draft, manifests: Mapping[str, Manifest], findings: Findings) -> None:
    """Hold the effect steps against ``may``, and ``may`` against the actions there are.

    Shapes: every step counts, whatever its ``if``, and those of called playbooks; a loop counts as
        often as its list has items where that is written out, else once; of the amounts, those
        that are written out.
    """
    playbook, gaps = draft.playbook, draft.gaps
    by_action: dict[str, list[_Reached]] = {}
    for reached in _reached(playbook.steps, 1, None):
        assert isinstance(reached.step.verb, Effect), "nothing else is limited"
        by_action.setdefault(reached.step.verb.manifest.name, []).append(reached)
    for action, found in by_action.items():
        limit = playbook.may.get(action)
        if limit is not None:
            _check_count(found, limit, findings)
            if limit.total:
                _check_total(found, limit, findings)
        elif action not in gaps.may:
            _refuse_uncovered(action, found, draft, findings)
    for limit in playbook.may.values():
        # A step whose action is misspelt may be the one that this entry is for.
        is_unused = limit.action not in by_action and not gaps.steps
        _check_entry(limit, manifests, findings, is_unused=is_unused)


def _reached(steps: Iterable[Step], times: int, call: Span | None) -> Iterator[_Reached]:
    for step in steps:
        inside = times * (written_length(step) or 1)
        match step.verb:
            case Effect():
                place = call or step.span
                yield _Reached(step=step, times=inside, place=place, is_called=call is not None)
            case Call(playbook=playbook):
                yield from _reached(playbook.steps, inside, call or step.span)
            case _:
                yield from _reached(parts_of(step), inside, call)


def _check_count(found: Sequence[_Reached], limit: May, findings: Findings) -> None:
    count = 0
    total = sum(each.times for each in found)
    for each in found:
        count += each.times
        if count > limit.count:
            what = f"{total} steps use {limit.action}"
            if total != len(found):
                what = f"the steps use {limit.action} {total} times"
            findings.add(
                "may-exceeded",
                f"{what}, and may allows {limit.count}",
                each.place,
                hint=f"write count: {total} there if all of them are meant",
            )
            return


def _check_total(found: Sequence[_Reached], limit: May, findings: Findings) -> None:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for each in found:
        template = amount_of(each.step)
        money = None if template is None else _written_money(template)
        if template is None or money is None:
            continue
        cap = limit.total.get(money.coin, ZERO)
        before = sums[money.coin]
        sums[money.coin] = CONTEXT.add(before, CONTEXT.multiply(money.amount, each.times))
        if before <= cap < sums[money.coin]:
            place = each.place if each.is_called else template.span
            _refuse_amount(place, Money(sums[money.coin], money.coin), limit, findings)


def _refuse_amount(place: Span, reached: Money, limit: May, findings: Findings) -> None:
    cap = limit.total.get(reached.coin)
    if cap is None:
        findings.add(
            "may-exceeded",
            f"may allows {limit.action} no {reached.coin}",
            place,
            hint=f"add {reached} to its total if that is meant",
        )
        return
    findings.add(
        "may-exceeded",
        f"the steps can move {reached} by {limit.action}, "
        f"and may allows {amount_text(cap)} {reached.coin}",
        place,
        hint=f"raise its total to {reached} if that is meant",
    )


def _refuse_uncovered(
    action: str, found: Sequence[_Reached], draft: Draft, findings: Findings
) -> None:
    count = sum(each.times for each in found)
    limits = f"count: {count}"
    if _has_amounts(found):
        limits += f", total: {_total_text(found, draft.playbook.inputs)}"
    line = f"{action}: {{{limits}}}"
    where = "add this line to may" if draft.playbook.may else "add may: at the top, with this line"
    findings.add(
        "may-missing", f"may does not allow {action}", found[0].place, hint=f"{where}: {line}"
    )


def _has_amounts(found: Sequence[_Reached]) -> bool:
    verbs = (each.step.verb for each in found)
    return any(isinstance(verb, Effect) and moves_money(verb.manifest) for verb in verbs)


def _total_text(found: Sequence[_Reached], inputs: Mapping[str, Input]) -> str:
    """Spell a total that covers the amounts of the file and its defaults, or stand in for it."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for each in found:
        template = None if each.is_called else amount_of(each.step)
        money = None if template is None else _likely_money(template, inputs)
        if money is None:
            return "AMOUNT COIN"
        amount = CONTEXT.multiply(money.amount, each.times)
        sums[money.coin] = CONTEXT.add(sums[money.coin], amount)
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


def amount_of(step: Step) -> Template | None:
    """Return the argument of an effect that is an amount of money, if it has one."""
    assert isinstance(step.verb, Effect), "only effects are limited"
    for argument in step.verb.manifest.arguments:
        if argument.type == MONEY:
            return step.verb.arguments.get(argument.name)
    return None


def written_length(step: Step) -> int | None:
    """Return how often a step is done: 1 without a loop, None where its list is not written out.

    Shapes: at least 1, so that an empty list is not held against a limit.
    """
    if step.foreach is None:
        return 1
    if not isinstance(step.foreach.source.tree, Items):
        return None
    return max(len(step.foreach.source.tree.items), 1)


def _written_money(template: Template) -> Money | None:
    lone = template.lone
    text = template.text if template.is_literal else ""
    if lone is not None and isinstance(lone.tree, Text):
        text = lone.tree.value
    try:
        return money_from_text(text)
    except AmountInvalid:
        return None


def most_money(template: Template, inputs: Mapping[str, Input]) -> Money | None:
    """Return the most an amount can be: written out, or the bound of an input; None if unknown."""
    lone = template.lone
    if lone is not None and isinstance(lone.tree, InputName):
        declared = inputs.get(lone.tree.name)
        most = None if declared is None else declared.maximum
        return most if isinstance(most, Money) else None
    return _written_money(template)


def _likely_money(template: Template, inputs: Mapping[str, Input]) -> Money | None:
    lone = template.lone
    if lone is not None and isinstance(lone.tree, InputName):
        declared = inputs.get(lone.tree.name)
        default = None if declared is None else declared.default
        return default if isinstance(default, Money) else None
    return _written_money(template)
