"""The fee of a planned effect in words: how much, whose account, and who says so."""

from runner.core.money import CONTEXT, Money
from runner.plan.fee import FeeBasis, PlannedFee
from runner.plan.model import PlannedEffect
from runner.reporting.terminal import Tone

_NO_FEE = "none: the API has no fee for these"


def fee_rows(effect: PlannedEffect) -> list[tuple[str, str, Tone | None]]:
    """Return the rows of a plan about an effect's fee; none where no money moves."""
    if effect.money is None:
        return []
    fee = effect.fee
    if fee is None:
        return [("fee", _NO_FEE, None)]
    if fee.basis == FeeBasis.NONE:
        return [("fee", f"none, by {fee.source}", None)]
    if fee.basis == FeeBasis.UNKNOWN or fee.money is None:
        words = f"NOT KNOWN: {fee.reason}; the balances it may come from are not known either"
        return [("fee", words, Tone.CAREFUL)]
    payer = f"from {fee.debit}" if fee.debit else f"from an account not known: {fee.reason}"
    rows: list[tuple[str, str, Tone | None]] = [
        ("fee", f"{fee.money} on top, {_basis(fee)}", Tone.STRONG),
        ("", f"{payer} to {fee.credit}", None if fee.debit else Tone.CAREFUL),
    ]
    return rows


def _basis(fee: PlannedFee) -> str:
    if fee.basis != FeeBasis.ORDERED or fee.amount is None:
        return f"an estimate by {fee.source}"
    if fee.estimate is None:
        return "as ordered"
    more = CONTEXT.subtract(fee.amount, fee.estimate)
    figure = f"the custodian's figure of {Money(fee.estimate, fee.coin)} ({fee.source})"
    if not more:
        return f"as ordered, which is {figure}"
    word = "more" if more > 0 else "less"
    return f"as ordered, {Money(abs(more), fee.coin)} {word} than {figure}"
