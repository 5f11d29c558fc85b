"""What must hold of whole runs at any moment, judged by the sandbox's ledger and request log.

What a process or our journal said of a run is the accused here, never the judge.
"""

from collections.abc import Iterator

from runner.effects.model import EffectRow, EffectState
from runner.plan.model import PlannedEffect
from runner.sandbox.orders import FAILED, Order
from tests.faults.runs import Applied, Household

NONE_SENT = frozenset({EffectState.REJECTED, EffectState.CANCELLED})
HALTED = "10"
DONE = "0"


def wrongs(household: Household) -> Iterator[str]:
    """Say everything that must not be, a sentence each."""
    ledger = household.sandbox.ledger
    orders = ledger.orders()
    yield from ledger.check()
    yield from _beside_the_plans(household)
    for plan in household.plans:
        for number, effect in enumerate(plan.file.plan.effects):
            made = [each for each in orders if each.request_id == effect.request_id]
            if len(made) > 1:
                yield f"{effect.path} of {plan.file.run_id} was executed {len(made)} times"
            for order in made:
                yield from _otherwise(plan, number, effect, order)
            yield from _false_verdicts(plan, effect, made)
        yield from _unnamed(plan)


def _beside_the_plans(household: Household) -> Iterator[str]:
    """Yield what was sent, and by no plan that somebody had applied."""
    begun = [plan for plan in household.plans if plan.begun]
    known = {e.request_id: e.operation for plan in begun for e in plan.file.plan.effects}
    for request in household.sandbox.ledger.requests():
        if request.method == "POST" and known.get(request.request_id) != request.operation:
            yield f"{request.operation} was sent with requestId {request.request_id or 'none'}"


def _otherwise(plan: Applied, number: int, effect: PlannedEffect, order: Order) -> Iterator[str]:
    leg = order.legs[0]
    expected = (*plan.script.moves[number], effect.amount)
    actual = (str(leg.debit), str(leg.credit), leg.amount)
    if actual != expected:
        yield f"{effect.path} has moved {actual}, not {expected}"


def _false_verdicts(plan: Applied, effect: PlannedEffect, made: list[Order]) -> Iterator[str]:
    if plan.is_forgotten:
        # A journal put back before the send can say nothing of it; that nothing is sent twice is
        # what is left of the promise.
        return
    well = [order for order in made if order.settled and order.status != FAILED]
    row = next((row for row in plan.rows if row.order.path == effect.path), None)
    if plan.end == DONE and not well:
        yield f"{plan.file.run_id} ended with 0, and {effect.path} was not executed"
    if not plan.is_known and made:
        yield f"{effect.path} was executed, and the journal has no run"
    if row is None:
        if plan.is_known and made:
            yield f"{effect.path} was executed, and the journal has no effect"
    elif row.state is EffectState.CONFIRMED and not well:
        yield f"{effect.path} is confirmed, and was not executed"
    elif row.state in NONE_SENT and made:
        yield f"{effect.path} is {row.state}, and was executed"
    elif row.state is EffectState.FAILED and well:
        yield f"{effect.path} is failed, and was executed"


def halted(plan: Applied) -> tuple[EffectRow, ...]:
    """Return the effects of a plan that nobody but a person can settle."""
    return tuple(row for row in plan.rows if row.state is EffectState.HALTED)


def _unnamed(plan: Applied) -> Iterator[str]:
    """Yield halts that a process ended with and did not name."""
    if plan.end != HALTED:
        return
    for row in halted(plan):
        if row.order.request_id not in plan.words:
            yield f"{row.order.path} has halted, and its requestId was not told: {plan.words}"
