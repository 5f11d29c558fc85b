"""The balances a run's effects touch, before, as projected, and after."""

from runner.app.desk import Desk
from runner.core.errors import RemoteError
from runner.plan.build import seed_missing
from runner.plan.model import Plan
from runner.plan.projection import ProjectedLedger
from runner.reporting.recap import BalanceLine


async def balance_lines(desk: Desk, plan: Plan) -> tuple[BalanceLine, ...]:
    """Look at every account the plan's effects touch, as it is now.

    Shapes: ``after`` is None for all where the custodian cannot be asked now; a recap without it is
        better than none.
    """
    ledger = ProjectedLedger()
    try:
        await seed_missing(ledger, plan.touched(), desk.reads, desk.manifests)
    except RemoteError:
        ledger = ProjectedLedger()
    return tuple(
        BalanceLine(
            account=line.account,
            coin=line.coin,
            before=line.before,
            projected=line.after,
            after=ledger.opening(line.account, line.coin),
        )
        for line in plan.balances
    )
