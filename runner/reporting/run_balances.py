"""The balances a report of a run can show: those that were looked at, else those of its plan."""

from runner.reporting.recap import BalanceLine
from runner.reporting.run_facts import RunFacts


def known_balances(facts: RunFacts) -> tuple[BalanceLine, ...]:
    """Return the balances of a run, after it where somebody looked when it ended."""
    return facts.balances or tuple(
        BalanceLine(
            account=line.account,
            coin=line.coin,
            before=line.before,
            projected=line.after,
            after=None,
        )
        for line in facts.file.plan.balances
    )
