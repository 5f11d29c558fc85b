"""What the controls say about the effects of a plan."""

from collections.abc import Iterable
from datetime import datetime

from runner.controls.guard import Guard
from runner.controls.policy import EffectFacts, Spent, Verdict
from runner.plan.model import PlannedEffect


def effect_facts(effect: PlannedEffect, playbook: str) -> EffectFacts:
    """Return what rules can see of a planned effect."""
    return EffectFacts(
        action=effect.action,
        coin=effect.coin,
        amount=effect.amount,
        network=effect.network,
        wallet=effect.wallet,
        link=effect.link,
        playbook=playbook,
    )


def judge(
    guard: Guard,
    effects: Iterable[EffectFacts],
    spent: Iterable[Spent],
    at: datetime,
    *,
    run_id: str,
) -> tuple[Verdict, ...]:
    """Decide effects in their order; each counts for those after it, whatever its verdict.

    Shapes: ``spent`` is what the journal counts already; ``run_id`` is the run they will belong to,
        or empty before it has an id.
    """
    books = list(spent)
    verdicts = []
    for facts in effects:
        verdicts.append(guard.verdict(facts, at, books, run_id=run_id))
        books.append(Spent(facts=facts, at=at, run_id=run_id))
    return tuple(verdicts)
