"""What the controls say about the effects of a plan, and of its run."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from runner.controls.approvals import Ballots
from runner.controls.guard import Guard, SpentAsked, stricter
from runner.controls.policy import Approval, EffectFacts, Spent, Verdict, VerdictKind
from runner.core.errors import ConfirmationRefused, PolicyDenied
from runner.core.money import ZERO
from runner.core.record import record
from runner.core.values import duration_from_text, duration_text
from runner.effects.model import EffectOrder
from runner.plan.model import Plan, PlannedEffect, PlannedVerdict

Count: TypeAlias = Callable[[datetime], Awaitable[Ballots]]
"""Reads anew whose approvals count at a moment."""

_APPROVE_HINT = (
    "runner plan FILE -o PLAN, runner approve PLAN by each of them, then runner apply PLAN"
)
_CHANGE_HINT = "change the inputs, or the rule in a reviewed commit of the controls"


@record
class Judged:
    """One effect of a plan and the verdict about it.

    Shapes: ``also`` are approvals that are asked for beside the verdict's own.
    """

    path: str
    verdict: Verdict
    also: tuple[Approval, ...] = ()

    @property
    def approvals(self) -> tuple[Approval, ...]:
        """Return everything that has to be approved, each once."""
        own = () if self.verdict.approval is None else (self.verdict.approval,)
        return tuple(dict.fromkeys((*own, *self.also)))


def effect_facts(effect: PlannedEffect, playbook: str) -> EffectFacts:
    """Return what rules can see of a planned effect.

    Shapes: ``wallet`` is the one the money leaves: what an effect is from, behind its link, or
        about; ``destination`` is where it goes, by the directory's name of a destination or wallet.
    """
    parts = effect.parts
    return EffectFacts(
        action=effect.action,
        coin=effect.coin,
        amount=effect.amount or ZERO,
        network=effect.network,
        wallet=parts.get("from") or parts.get("wallet", ""),
        link=parts.get("link", ""),
        destination=parts.get("to", ""),
        playbook=playbook,
    )


def spent_asked(guard: Guard, plan: Plan, at: datetime) -> SpentAsked:
    """Say which spent effects are needed to decide all effects of a plan."""
    asked = [guard.asked(effect_facts(each, plan.playbook), at) for each in plan.effects]
    return SpentAsked(
        since=min((each.since for each in asked if each.since is not None), default=None),
        own_run=any(each.own_run for each in asked),
    )


def judge(
    guard: Guard, plan: Plan, spent: Iterable[Spent], at: datetime, *, run_id: str
) -> tuple[Judged, ...]:
    """Decide the effects of a plan in their order; each counts for those after it.

    Shapes: ``spent`` is what the journal counts already, without effects of this run; ``run_id`` is
        empty before the plan has an id.
    """
    books = list(spent)
    judged = []
    for effect in plan.effects:
        facts = effect_facts(effect, plan.playbook)
        verdict = guard.verdict(facts, at, books, run_id=run_id)
        judged.append(Judged(path=effect.path, verdict=verdict))
        books.append(Spent(facts=facts, at=at, run_id=run_id))
    return tuple(judged)


def with_verdicts(plan: Plan, judged: Iterable[Judged]) -> Plan:
    """Write verdicts into a plan."""
    return replace(plan, verdicts=tuple(_planned(each) for each in judged))


def planned_verdicts(plan: Plan) -> tuple[Judged, ...]:
    """Read the verdicts a plan records.

    Errors: ``ValueError`` for a verdict that is none.
    """
    return tuple(Judged(path=each.path, verdict=_verdict(each)) for each in plan.verdicts)


def stricter_of(planned: Iterable[Judged], today: Iterable[Judged]) -> tuple[Judged, ...]:
    """Return today's verdicts, each as strict as the plan's at least.

    Where both ask for an approval, both have to be given: none of two groups is the stricter one.
    """
    before = {each.path: each.verdict for each in planned}
    return tuple(_stricter(each, before.get(each.path, each.verdict)) for each in today)


def _stricter(today: Judged, before: Verdict) -> Judged:
    verdict = stricter(today.verdict, before)
    both = VerdictKind.APPROVE is today.verdict.kind is before.kind
    also = (before.approval,) if both and before.approval is not None else ()
    return Judged(path=today.path, verdict=verdict, also=also)


def require_allowed(
    judged: Iterable[Judged],
    *,
    approvals: bool,
    ballots: Ballots | None = None,
    at: datetime | None = None,
) -> None:
    """Insist that every effect is let through.

    Shapes: ``approvals`` tells whether a missing approval stops as well; ``ballots`` are those that
        were given until ``at``, or None where nobody could give any.
    Errors: ``PolicyDenied`` with every effect that is denied; else ``ConfirmationRefused`` with
        every effect whose approval is missing.
    """
    known = tuple(judged)
    denied = [each for each in known if each.verdict.kind is VerdictKind.DENY]
    if denied:
        raise PolicyDenied("\n".join(map(_denial, denied)), hint=_CHANGE_HINT)
    if not approvals:
        return
    missing = [words for each in known if (words := _missing(each, ballots, at))]
    if known and ballots is not None and ballots.unsigned:
        missing.insert(0, ballots.unsigned)
    if missing:
        problems = () if ballots is None else ballots.problems
        raise ConfirmationRefused("\n".join((*missing, *problems)), hint=_APPROVE_HINT)


class PlanPolicy:
    """The PolicyPort for the run of one plan."""

    def __init__(
        self, guard: Guard, plan: Plan, run_id: str, *, count: Count | None = None
    ) -> None:
        """Take what decides, the effects it decides about, and what counts approvals."""
        self._guard = guard
        self._count = count
        self._ballots: Ballots | None = None
        self._run_id = run_id
        self._facts: Mapping[str, EffectFacts] = {
            effect.path: effect_facts(effect, plan.playbook) for effect in plan.effects
        }
        self._planned = {each.path: each.verdict for each in planned_verdicts(plan)}
        self._may_ask = asks_approval(guard, plan)

    async def look(self, order: EffectOrder, at: datetime) -> None:
        """Count the approvals anew, where one could be asked for."""
        del order
        if self._count is not None and self._may_ask:
            self._ballots = await self._count(at)

    def facts(self, order: EffectOrder) -> EffectFacts:
        """Return the planned facts, with the amount that will be sent."""
        return replace(self._facts[order.path], amount=order.expectation.amount or ZERO)

    def asked(self, order: EffectOrder, at: datetime) -> SpentAsked:
        """Say which spent effects an answer needs."""
        return self._guard.asked(self.facts(order), at)

    def require(self, order: EffectOrder, at: datetime, spent: Iterable[Spent]) -> None:
        """Hold an effect to the stricter of the plan's verdict and that of this moment.

        Errors: ``PolicyDenied``, ``ConfirmationRefused``.
        """
        verdict = self._guard.verdict(self.facts(order), at, spent, run_id=self._run_id)
        judged = Judged(path=order.path, verdict=verdict)
        planned = Judged(path=order.path, verdict=self._planned.get(order.path, verdict))
        require_allowed(
            stricter_of([planned], [judged]), approvals=True, ballots=self._ballots, at=at
        )


def asks_approval(guard: Guard, plan: Plan) -> bool:
    """Tell whether a signature may be asked for: by the plan, or by the policy of today."""
    rules = () if guard.policy is None else guard.policy.rules
    if guard.policy is not None and guard.policy.control.is_plan_signed:
        return True
    asked = VerdictKind.APPROVE
    return any(each.verdict == asked.value for each in plan.verdicts) or any(
        each.verdict is asked for each in rules
    )


def _denial(judged: Judged) -> str:
    verdict = judged.verdict
    by = f" by {verdict.rule} ({verdict.place})" if verdict.rule else ""
    return f"{judged.path} is denied{by}: {verdict.reason}"


def _missing(judged: Judged, ballots: Ballots | None, at: datetime | None) -> str:
    """Say which approval an effect lacks, or nothing where it lacks none."""
    verdict = judged.verdict
    if verdict.kind is not VerdictKind.APPROVE:
        return ""
    for approval in judged.approvals:
        lacking = "" if ballots is None or at is None else ballots.lacking(approval, at)
        if ballots is None or lacking:
            whose = f"{approval.count} of {', '.join(approval.groups)}"
            return (
                f"{judged.path} needs the approval of {whose}, by {verdict.rule}"
                f" ({verdict.place}): {verdict.reason}{f' ({lacking})' if lacking else ''}"
            )
    return ""


def _planned(judged: Judged) -> PlannedVerdict:
    verdict = judged.verdict
    approval = verdict.approval
    return PlannedVerdict(
        path=judged.path,
        verdict=verdict.kind.value,
        rule=verdict.rule,
        place=verdict.place,
        reason=verdict.reason,
        groups=() if approval is None else approval.groups,
        count=0 if approval is None else approval.count,
        delay="" if approval is None else duration_text(approval.delay),
    )


def _verdict(planned: PlannedVerdict) -> Verdict:
    kind = VerdictKind(planned.verdict)
    approval = None
    if kind is VerdictKind.APPROVE:
        approval = Approval(
            groups=planned.groups, count=planned.count, delay=duration_from_text(planned.delay)
        )
    return Verdict(
        kind=kind,
        rule=planned.rule,
        reason=planned.reason,
        place=planned.place,
        approval=approval,
    )
