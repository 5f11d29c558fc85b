"""The projected balances of a plan as a table."""

from decimal import Decimal

from runner.core.money import CONTEXT, ZERO, amount_text
from runner.plan.model import Plan, PlannedBalance
from runner.reporting.sheet import Sheet
from runner.reporting.table import Column
from runner.reporting.terminal import Tone

NOT_KNOWN = "not known"

_COLUMNS = (
    Column(title="account"),
    Column(title="coin"),
    Column(title="before", is_number=True),
    Column(title="change", is_number=True),
    Column(title="after", is_number=True),
)
_UNCHANGED = (
    "Every effect takes from one account what it gives to another, its fee too: the sum over the "
    "accounts of a coin stays as it is."
)


def balance_lines(sheet: Sheet, plan: Plan) -> None:
    """Add every account the effects touch, before and after, with numbers exactly as they are."""
    if not plan.balances:
        return
    sheet.heading("Projected balances")
    rows = [
        (
            line.account,
            line.coin,
            _known(line.before),
            NOT_KNOWN if line.change is None else _signed(line.change),
            _known(line.after),
        )
        for line in plan.balances
    ]
    sheet.table(_COLUMNS, rows)
    open_coins = {line.coin for line in plan.balances if line.change is None}
    odd = [coin for coin, total in _sums(plan.balances).items() if total and coin not in open_coins]
    if odd:
        words = f"The changes of {', '.join(odd)} do not add up to zero: do not approve this plan."
        sheet.prose(words, indent=2, tone=Tone.BAD)
    else:
        sheet.prose(_UNCHANGED, indent=2)


def _sums(balances: tuple[PlannedBalance, ...]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for line in balances:
        if line.change is not None:
            sums[line.coin] = CONTEXT.add(sums.get(line.coin, ZERO), line.change)
    return sums


def _known(amount: Decimal | None) -> str:
    return NOT_KNOWN if amount is None else amount_text(amount)


def _signed(amount: Decimal) -> str:
    return f"+{amount_text(amount)}" if amount > 0 else amount_text(amount)
