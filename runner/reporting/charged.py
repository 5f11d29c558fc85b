"""What the custodian charged for effects, held against what the plan expected."""

from collections.abc import Iterable
from decimal import Decimal

from runner.core.money import CONTEXT, Money
from runner.core.record import record
from runner.plan.fee import PlannedFee


@record
class Charged:
    """One effect's fee as the custodian shows it, beside the planned one."""

    path: str
    planned: PlannedFee
    actual: Money

    @property
    def difference(self) -> Decimal | None:
        """Return how much more was charged than planned; None where that cannot be said."""
        planned = self.planned
        if planned.amount is None or planned.coin != self.actual.coin:
            return None
        return CONTEXT.subtract(self.actual.amount, planned.amount)


def charged_words(charged: Charged) -> str:
    """Say what was charged; empty where it is what was planned."""
    planned, difference = charged.planned, charged.difference
    if difference is None:
        before = "which the plan could not know"
        if planned.amount is not None:
            before = f"and {Money(planned.amount, planned.coin)} was planned"
        return f"the fee was {charged.actual}, {before}"
    if not difference:
        return ""
    word = "more" if difference > 0 else "less"
    by = Money(abs(difference), charged.actual.coin)
    return f"the fee was {charged.actual}, {by} {word} than planned"


def fee_remark(account: str, coin: str, all_charged: Iterable[Charged]) -> str:
    """Say of an account which fees came to other than planned; empty where none did."""
    found = [
        f"{each.path}: {words}"
        for each in all_charged
        if (words := charged_words(each))
        and coin in {each.actual.coin, each.planned.coin}
        and account in {each.planned.debit, each.planned.credit}
    ]
    return "; ".join(found)
