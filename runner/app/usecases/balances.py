"""The balances a run's effects touch, before, as projected, and after; and what was charged."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from runner.app.desk import Desk
from runner.core.errors import RemoteError
from runner.core.money import CONTEXT, ZERO, Money
from runner.effects.model import OPEN_STATES, EffectRow, EffectState
from runner.plan.build import seed_missing
from runner.plan.model import Plan, PlannedEffect
from runner.plan.projection import ProjectedLedger
from runner.reporting.charged import Charged, fee_remark
from runner.reporting.recap import BalanceLine


async def balance_lines(
    desk: Desk, plan: Plan, rows: Sequence[EffectRow] = (), charged: Sequence[Charged] = ()
) -> tuple[BalanceLine, ...]:
    """Look at every account the plan's effects touch, as it is now.

    Shapes: ``rows`` are the run's effects and ``charged`` what their fees came to: they explain
        what is not as projected. ``after`` is None for all where the custodian cannot be asked now;
        a recap without it is better than none.
    """
    ledger = ProjectedLedger()
    try:
        await seed_missing(ledger, plan.touched(), desk.reads, desk.manifests)
    except RemoteError:
        ledger = ProjectedLedger()
    coming = _in_transit(plan, rows)
    return tuple(
        BalanceLine(
            account=line.account,
            coin=line.coin,
            before=line.before,
            projected=line.after,
            after=ledger.opening(line.account, line.coin),
            remark="; ".join(
                words
                for words in (
                    _coming_words(coming.get((line.account, line.coin), ZERO), line.coin),
                    fee_remark(line.account, line.coin, charged),
                )
                if words
            ),
        )
        for line in plan.balances
    )


async def charged_fees(desk: Desk, plan: Plan, rows: Iterable[EffectRow]) -> tuple[Charged, ...]:
    """Read what the custodian charged for every effect that is done and has a planned fee.

    What cannot be read now is left out: a recap without it is better than none.
    """
    planned = {effect.path: effect for effect in plan.effects}
    found = []
    for row in rows:
        effect = planned.get(row.order.path)
        if effect is None or effect.fee is None or row.state is not EffectState.CONFIRMED:
            continue
        actual = await _charged(desk, effect, row)
        if actual is not None:
            found.append(Charged(path=effect.path, planned=effect.fee, actual=actual))
    return tuple(found)


async def _charged(desk: Desk, effect: PlannedEffect, row: EffectRow) -> Money | None:
    movement = desk.manifests[effect.action].movement
    if movement is None or not movement.charged_read:
        return None
    try:
        value = await desk.reads.read(
            desk.manifests[movement.charged_read], {"order": row.order_id}
        )
    except RemoteError:
        return None
    fee = value.get("fee") if isinstance(value, Mapping) else None
    return fee if isinstance(fee, Money) else None


def _in_transit(plan: Plan, rows: Sequence[EffectRow]) -> Mapping[tuple[str, str], Decimal]:
    """Return what accepted or open effects are yet to bring, by account and coin."""
    planned = {effect.path: effect for effect in plan.effects}
    coming: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        effect, money = planned.get(row.order.path), row.order.expectation.money
        if effect is None or money is None:
            continue
        if row.state is EffectState.ACCEPTED or row.state in OPEN_STATES:
            key = effect.credit, money.coin
            coming[key] = CONTEXT.add(coming.get(key, ZERO), money.amount)
    return coming


def _coming_words(amount: Decimal, coin: str) -> str:
    return f"{Money(amount, coin)} may still be on its way" if amount else ""
