"""What a reader of a plan must not overlook, the gravest first."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from runner.core.money import CONTEXT, ZERO
from runner.core.record import record
from runner.plan.fee import FeeBasis
from runner.plan.model import Plan, effect_totals, fee_totals
from runner.reporting.plan_text import UNPLANNED_WORDS

if TYPE_CHECKING:
    from decimal import Decimal

_LISTED: Final = 12


@record
class Sign:
    """One thing to see; ``tone`` is ``bad``, ``careful`` or ``good``."""

    tone: str
    title: str
    words: str
    details: tuple[str, ...] = ()


def plan_signs(plan: Plan) -> tuple[Sign, ...]:
    """Return the signs of a plan, ``bad`` before ``careful``, and one that is good for none."""
    found = (
        *_offline(plan),
        *_contradictions(plan),
        *_verdicts(plan),
        *_before(plan),
        *_doubts(plan),
    )
    ordered = sorted(found, key=lambda sign: sign.tone != "bad")
    if ordered:
        return tuple(ordered)
    return (Sign(tone="good", title="Nothing stands out", words=_GOOD),)


def _offline(plan: Plan) -> Iterator[Sign]:
    offline = plan.offline
    if offline is None:
        return
    title = "Made offline: it can never be applied"
    yield Sign(tone="bad", title=title, words="It rests on this:", details=offline.assumed)
    if offline.unread:
        title = f"{_count(len(offline.unread), 'read')} nobody made"
        yield Sign(tone="careful", title=title, words="", details=_some(offline.unread))
    if offline.unplanned:
        title = f"{_count(len(offline.unplanned), 'step')} could not be planned"
        details = _some(offline.unplanned)
        yield Sign(tone="bad", title=title, words=UNPLANNED_WORDS, details=details)


def _contradictions(plan: Plan) -> Iterator[Sign]:
    totals, fees = effect_totals(plan.effects), fee_totals(each.fee for each in plan.effects)
    said = {action: dict(coins) for action, coins in plan.totals.items()}
    if said != totals or dict(plan.fees) != fees:
        words = "The totals written in this plan are not those of its effects."
        yield Sign(tone="bad", title="Do not approve this plan", words=words)
    sums: dict[str, Decimal] = {}
    for line in plan.balances:
        if line.change is not None:
            sums[line.coin] = CONTEXT.add(sums.get(line.coin, ZERO), line.change)
    unknown = {line.coin for line in plan.balances if line.change is None}
    odd = [coin for coin, total in sums.items() if total and coin not in unknown]
    if odd:
        words = f"The changes of {', '.join(odd)} do not add up to zero."
        yield Sign(tone="bad", title="Do not approve this plan", words=words)


def _verdicts(plan: Plan) -> Iterator[Sign]:
    denied = [each for each in plan.verdicts if each.verdict == "deny"]
    if denied:
        details = _some(tuple(f"{each.path}: {each.reason}" for each in denied))
        title = f"Denied by policy: {_count(len(denied), 'effect')}"
        yield Sign(tone="bad", title=title, words="", details=details)
    asked = [each for each in plan.verdicts if each.verdict == "approve"]
    if asked:
        details = _some(
            tuple(f"{each.path}: {each.count} of {', '.join(each.groups)}" for each in asked)
        )
        title = f"Approval needed: {_count(len(asked), 'effect')}"
        yield Sign(tone="careful", title=title, words="", details=details)


def _before(plan: Plan) -> Iterator[Sign]:
    if plan.supersedes:
        title = f"Goes on with what {plan.supersedes} left undone"
        words = f"{_count(len(plan.carried), 'effect')} of it, done before, not sent again."
        yield Sign(tone="careful", title=title, words=words)
    if plan.again:
        title = f"Done before and asked for again: {_count(len(plan.again), 'effect')}"
        yield Sign(tone="bad", title=title, words=_AGAIN, details=_some(tuple(plan.again)))


def _doubts(plan: Plan) -> Iterator[Sign]:
    open_paths = tuple(each.path for each in plan.effects if not each.decided)
    if open_paths:
        title = f"Undecided: {_count(len(open_paths), 'effect')}"
        words = "Only the run can tell whether they happen; they count fully in the totals."
        yield Sign(tone="careful", title=title, words=words, details=_some(open_paths))
    inferred = tuple(each.path for each in plan.effects if each.certainty != "stated")
    if inferred:
        title = f"Not documented by the custodian: {_count(len(inferred), 'effect')}"
        words = "Path and body are inferred; outside a sandbox the controls have to confirm them."
        yield Sign(tone="careful", title=title, words=words, details=_some(inferred))
    fees = tuple(
        f"{each.path}: {each.fee.reason}"
        for each in plan.effects
        if each.fee is not None and each.fee.basis == FeeBasis.UNKNOWN
    )
    if fees:
        title = f"Fee not known: {_count(len(fees), 'effect')}"
        yield Sign(tone="careful", title=title, words="", details=_some(fees))
    if plan.warnings:
        yield Sign(tone="careful", title="Warnings", words="", details=_some(plan.warnings))


def _some(texts: tuple[str, ...]) -> tuple[str, ...]:
    more = len(texts) - _LISTED
    return (*texts[:_LISTED], f"and {more} more") if more > 0 else texts


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


_AGAIN: Final = "What is planned for them is sent once more."
_GOOD: Final = (
    "Every effect is decided, documented and let through, and all changes add up to zero."
)
