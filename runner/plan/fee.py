"""The fee that is expected on top of an effect's amount: how much, whose account, by whose word."""

from decimal import Decimal
from enum import StrEnum
from typing import Final

from runner.core.money import Money
from runner.core.record import record

FEES: Final = "fees:custodian"
"""The projected account of what the custodian takes."""


class FeeBasis(StrEnum):
    """What a fee's figure rests on."""

    ESTIMATE = "estimate"
    """The custodian's own figure, read for this plan; what it charges may differ."""
    ORDERED = "ordered"
    """The author's own, sent with the effect."""
    NONE = "none"
    """The custodian says that it takes nothing."""
    UNKNOWN = "unknown"
    """Nobody can say before; every balance it may come from is not known either."""


@record
class PlannedFee:
    """What the custodian is expected to take on top of one effect's amount.

    Shapes: ``basis`` is a word of ``FeeBasis``; ``amount`` is None and ``coin`` empty where the fee
        is unknown; ``debit`` is the projected account that pays it, empty where there is no fee or
        nobody can say which account pays; ``credit`` is the custodian's, and empty without a fee;
        ``estimate`` is the custodian's own figure beside an ordered one, or None; ``source`` names
        the read the figure comes from; ``reason`` says why something is not known, or is empty.
    """

    basis: str
    amount: Decimal | None
    coin: str
    debit: str
    credit: str
    estimate: Decimal | None
    source: str
    reason: str = ""

    @property
    def money(self) -> Money | None:
        """Return what is taken, or None where that is nothing or not known."""
        return None if not self.amount else Money(self.amount, self.coin)


def unknown_fee(source: str, reason: str) -> PlannedFee:
    """Return a fee that nobody knows, and why."""
    return PlannedFee(
        basis=FeeBasis.UNKNOWN.value,
        amount=None,
        coin="",
        debit="",
        credit=FEES,
        estimate=None,
        source=source,
        reason=reason,
    )
