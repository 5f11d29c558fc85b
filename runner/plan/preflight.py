"""Whether today's dry run still says what the plan pinned, and if not, where it differs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import TypeAlias

from runner.core.clock import timestamp_text
from runner.core.jsonvalue import JsonValue, parse_strict_json
from runner.core.money import Money, amount_from_text, amount_text
from runner.plan.drift import Drift
from runner.plan.fee import FeeBasis, PlannedFee
from runner.plan.model import (
    CarriedEffect,
    Plan,
    PlannedEffect,
    PlannedStep,
    effect_totals,
    fee_totals,
)
from runner.playbook.model import Drift as Allowed

Names: TypeAlias = Mapping[str, Mapping[str, str]]
"""Directory entries as plans hold them: each as texts, by kind and name."""

_OWN_WAY = frozenset({"effects", "steps", "names", "not_after", "totals", "fees", "carried"})
_MAY_DIFFER = frozenset(
    {
        *("git_commit", "created_by", "controls_digest", "controls_commit"),
        *("balances", "verdicts", "warnings", "store_id", "store_mark"),
    }
)
"""What a plan records and nobody relies on, or what matters only through what it decides: policy is
never compared, it is evaluated afresh. Whether the journal is the plan's is asked before."""


def drift_between(planned: Plan, now: Plan) -> tuple[Drift, ...]:
    """Compare two plans of one occurrence: effects, every step's decision, and all beside them.

    A digest proves that a plan was not damaged, not who made it: whatever people approved it by has
    to be what we would write ourselves. Results of reads and balances may differ; they matter only
    through what they decide.
    """
    return (
        *_effects(planned, now),
        *_carried(planned, now),
        *_steps(planned, now),
        *_rest(planned, now),
    )


def beside_drift(planned: Plan, now: Plan) -> tuple[Drift, ...]:
    """Return what has changed and is no drift by itself, but may say where one comes from.

    Shapes: balances that effects touch, then what reads showed, field by field.
    """
    today = {(each.account, each.coin): each.before for each in now.balances}
    found = [
        Drift(
            path=each.account,
            what=f"balance in {each.coin}",
            planned=_balance(each.before),
            now=_balance(today[each.account, each.coin]),
        )
        for each in planned.balances
        if (each.account, each.coin) in today and today[each.account, each.coin] != each.before
    ]
    results = {step.path: step.result for step in now.steps}
    for step in planned.steps:
        if step.result is not None and step.path in results:
            found += _fields(step.path, "", step.result, results[step.path])
    return tuple(found)


def _balance(amount: Decimal | None) -> str:
    return "not known" if amount is None else amount_text(amount)


def _fields(path: str, name: str, before: JsonValue, after: JsonValue) -> Iterator[Drift]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {**before, **after}:
            inner = f"{name}.{key}" if name else str(key)
            yield from _fields(path, inner, before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True), start=1):
            yield from _fields(path, f"{name}[{number}]", one, other)
    elif before != after:
        yield Drift(path=path, what=name, planned=_words(before), now=_words(after))


def name_changes(planned: Names, now: Names) -> tuple[Drift, ...]:
    """Compare the directory entries that effects used, by what they are called there."""
    return tuple(
        Drift(path=name, what="the directory entry", planned=str(entry), now=str(today))
        for name in sorted({*planned, *now})
        if (entry := planned.get(name)) != (today := now.get(name))
    )


def _effects(planned: Plan, now: Plan) -> Iterator[Drift]:
    before = {effect.path: effect for effect in planned.effects}
    after = {effect.path: effect for effect in now.effects}
    for path, effect in before.items():
        today = after.get(path)
        if today is not None:
            yield from _one_effect(effect, today)
        elif effect.drift != Allowed.AT_MOST:
            yield Drift(path=path, what="the effect", planned="planned", now="no longer there")
    for path, effect in after.items():
        if path not in before and effect.drift != Allowed.AT_MOST:
            yield Drift(path=path, what="the effect", planned="not planned", now="there")
    yield from _order(
        "effects",
        [path for path in before if path in after],
        [path for path in after if path in before],
    )


def _carried(planned: Plan, now: Plan) -> Iterator[Drift]:
    before = {each.path: each for each in planned.carried}
    after = {each.path: each for each in now.carried}
    for path in [*before, *(path for path in after if path not in before)]:
        said, done = before.get(path), after.get(path)
        if said != done:
            yield Drift(path=path, what="what was done", planned=_done(said), now=_done(done))
    if len(before) < len(planned.carried):
        yield Drift(path="plan", what="what was done", planned="said twice", now="said once")


def _done(effect: CarriedEffect | None) -> str:
    if effect is None:
        return "nothing"
    ids = f"requestId {effect.request_id}, order {effect.order_id or 'unknown'}"
    moved = f", {effect.money}" if effect.money is not None else ""
    return f"{effect.action}{moved} by {effect.run_id}, {ids}, {effect.body}"


def _order(what: str, before: Sequence[str], now: Sequence[str]) -> Iterator[Drift]:
    if list(before) != list(now):
        shown = ", ".join(before), ", ".join(now)
        yield Drift(path=what, what="their order", planned=shown[0], now=shown[1])


def _one_effect(planned: PlannedEffect, now: PlannedEffect) -> Iterator[Drift]:
    may_differ = planned.drift != Allowed.EXACT and _without_amount(planned) == _without_amount(now)
    if not may_differ:
        yield from _body(planned, now)
    for what, before, after in (
        ("the requestId", planned.request_id, now.request_id),
        ("the operation", planned.operation, now.operation),
        ("the method", planned.method, now.method),
        ("the request path", planned.url_path, now.url_path),
        ("the lock", planned.lock, now.lock),
        ("whether it is decided", str(planned.decided), str(now.decided)),
        ("its drift", planned.drift, now.drift),
    ):
        if before != after:
            yield Drift(path=planned.path, what=what, planned=before, now=after)
    if planned.body == now.body or may_differ:
        yield from _beside_the_body(planned, now)
        yield from _fee(planned, now)


def _body(planned: PlannedEffect, now: PlannedEffect) -> Iterator[Drift]:
    """Compare what is sent, member by member."""
    if planned.body == now.body:
        return
    before, after = _members(planned), _members(now)
    differ = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    for name in differ:
        texts = (_member(members.get(name)) for members in (before, after))
        said, says = texts
        yield Drift(path=planned.path, what=f"{name} in the body", planned=said, now=says)
    if not differ:
        # The same members, written in another way: what is sent are the bytes.
        yield Drift(path=planned.path, what="the body's text", planned=planned.body, now=now.body)


def _member(value: object) -> str:
    return "not there" if value is None else str(value)


def _fee(planned: PlannedEffect, now: PlannedEffect) -> Iterator[Drift]:
    """Tell whether more would be taken on top than was planned, or from elsewhere.

    A figure is the custodian's estimate and moves with its network. Less than was planned harms
    nobody; more has to be approved anew, unless the step's ``drift`` is ``planned``. What people
    approved without knowing it cannot have become worse.
    """
    before, today = planned.fee, now.fee
    if before == today or (before is not None and before.basis == FeeBasis.UNKNOWN):
        return
    if planned.drift == Allowed.PLANNED and before is not None and today is not None:
        return
    if before is not None and today is not None and _is_no_more(today, before):
        return
    yield Drift(path=planned.path, what="its fee", planned=fee_words(before), now=fee_words(today))


def _is_no_more(today: PlannedFee, before: PlannedFee) -> bool:
    if today.amount is None or before.amount is None or today.coin != before.coin:
        return False
    if today.amount == 0:
        return today.source == before.source
    # All but the figures has to be what people have read.
    alike = replace(today, amount=before.amount, estimate=before.estimate) == before
    return alike and today.amount <= before.amount


def fee_words(fee: PlannedFee | None) -> str:
    """Say a fee in a few words."""
    if fee is None or fee.basis == FeeBasis.NONE:
        return "none"
    if fee.amount is None:
        return f"not known ({fee.reason})" if fee.reason else "not known"
    words = f"{Money(fee.amount, fee.coin)} from {fee.debit or 'an account that is not known'}"
    return f"{words}, as ordered" if fee.basis == FeeBasis.ORDERED else words


def _beside_the_body(planned: PlannedEffect, now: PlannedEffect) -> Iterator[Drift]:
    # The body is what counts; a plan that says something else beside it has misled its readers.
    for name in _BESIDE_THE_BODY:
        before, after = getattr(planned, name), getattr(now, name)
        if name == "amount" and planned.body != now.body and now.amount is not None:
            before, after = planned.amount, _amount_in(planned) or now.amount
        if before != after:
            what = f"its {name.replace('_', ' ')}"
            yield Drift(path=planned.path, what=what, planned=_spoken(before), now=_spoken(after))


_BESIDE_THE_BODY = (
    "title",
    "action",
    "found_by",
    "subject_id",
    "kind",
    "coin",
    "network",
    "amount",
    "details",
    "parts",
    "lines",
    "debit",
    "credit",
    "certainty",
    "confirm",
)
"""What else an effect says; its fee is compared in a way of its own."""


def _spoken(value: object) -> str:
    if isinstance(value, Decimal):
        return amount_text(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {text}" for name, text in sorted(value.items())) or "empty"
    if isinstance(value, tuple):
        return "; ".join(f"{each.label} {each.text}" for each in value) or "empty"
    return str(value) or "empty"


def _amount_in(effect: PlannedEffect) -> Decimal | None:
    amount = _members(effect).get("amount")
    return amount_from_text(amount) if isinstance(amount, str) else None


def _without_amount(effect: PlannedEffect) -> object:
    return {name: value for name, value in _members(effect).items() if name != "amount"}


def _members(effect: PlannedEffect) -> dict[str, object]:
    body = parse_strict_json(effect.body.encode("utf-8"))
    assert isinstance(body, dict), "a body is an object"
    return body


def _steps(planned: Plan, now: Plan) -> Iterator[Drift]:
    before = {step.path: step for step in planned.steps}
    after = {step.path: step for step in now.steps}
    free = {e.path for e in (*planned.effects, *now.effects) if e.drift == Allowed.AT_MOST}
    for path in [*before, *(path for path in after if path not in before)]:
        step, today = before.get(path), after.get(path)
        was, is_now = _state(step), _state(today)
        if path in free and was != is_now and _is_left_out(was, is_now):
            # Whether the effect happens is what its drift leaves open.
            continue
        if was != is_now:
            yield Drift(path=path, what="the step", planned=was, now=is_now)
            if step is not None and today is not None:
                yield from _conditions(step, today)
        elif step is not None and today is not None:
            yield from _one_step(step, today)
    yield from _order(
        "steps",
        [step.path for step in planned.steps if step.path in after],
        [step.path for step in now.steps if step.path in before],
    )


def _is_left_out(before: str, now: str) -> bool:
    """Tell whether two states of a step differ by nothing but whether its effect happens."""
    both = {before, now}
    return both <= _HAPPENS | _DOES_NOT and bool(both & _DOES_NOT)


_HAPPENS = frozenset({"done", "assumed"})
"""A step is assumed where its assert looks at what only the run will know."""
_DOES_NOT = frozenset({"skipped", "absent"})


def _one_step(planned: PlannedStep, now: PlannedStep) -> Iterator[Drift]:
    if (said := _said(planned)) != (says := _said(now)):
        yield Drift(path=planned.path, what="what it says", planned=said, now=says)
    before = [each.rpartition(": ") for each in planned.conditions]
    after = [each.rpartition(": ") for each in now.conditions]
    if [each[0] for each in before] != [each[0] for each in after]:
        texts = ("; ".join(step.conditions) or "none" for step in (planned, now))
        said, says = texts
        yield Drift(path=planned.path, what="its conditions", planned=said, now=says)
        return
    yield from _conditions(planned, now)


def _conditions(planned: PlannedStep, now: PlannedStep) -> Iterator[Drift]:
    """Compare what the conditions were found to be, as far as both came to the same ones."""
    for before, after in zip(planned.conditions, now.conditions, strict=False):
        condition, _, held = before.rpartition(": ")
        again, _, holds = after.rpartition(": ")
        if condition == again and held != holds:
            yield Drift(path=planned.path, what=condition, planned=held, now=holds)


def _state(step: PlannedStep | None) -> str:
    return "absent" if step is None else step.state


def _said(step: PlannedStep) -> str:
    return f"{step.title!r} {step.kind} {step.action} {step.message!r}"


def _rest(planned: Plan, now: Plan) -> Iterator[Drift]:
    for name in (field.name for field in fields(Plan)):
        before, after = getattr(planned, name), getattr(now, name)
        if name not in _OWN_WAY | _MAY_DIFFER and before != after:
            words = f"its {name.replace('_', ' ')}"
            yield Drift(path="plan", what=words, planned=_words(before), now=_words(after))
    sums = effect_totals(planned.effects)
    if planned.totals != sums:
        said, added = _words(planned.totals), _words(sums)
        yield Drift(path="plan", what="its totals", planned=said, now=added)
    fees = fee_totals(effect.fee for effect in planned.effects)
    if planned.fees != fees:
        yield Drift(path="plan", what="its fees", planned=_words(planned.fees), now=_words(fees))
    if planned.not_after > now.not_after:
        # Earlier is no harm: a plan made while plans lived shorter.
        last = timestamp_text(planned.not_after), timestamp_text(now.not_after)
        yield Drift(path="plan", what="its end", planned=last[0], now=last[1])


def _words(value: object) -> str:
    text = str(value)
    return text if len(text) <= _WORDS_MAX else f"{text[:_WORDS_MAX]}…"


_WORDS_MAX = 200
