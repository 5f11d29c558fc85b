"""Accepted writes: what they move, and what becomes of them with time.

The archived Mirror calls them records and MirrorX orders; here both are orders.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from runner.core.record import record
from runner.sandbox.world import Timing

IN_PROGRESS = 20
SUCCESS = 30


class Family(StrEnum):
    """The two kinds of order, by the operation that lists them."""

    MIRROR_RECORD = "mirror_record"
    MIRRORX_ORDER = "mirrorx_order"

    @property
    def accepted_status(self) -> int:
        """Return the status of an order just accepted.

        Source: operations.yaml, the examples of mirror.asset.settle (0) and the enum
        MirrorXOrderStatus (10).
        """
        return 0 if self is Family.MIRROR_RECORD else 10


class AccountKind(StrEnum):
    """What an account stands for; only ``opening`` may go below zero."""

    CUSTODY = "custody"
    """Held by a wallet (owner: wallet id)."""
    MIRRORED = "mirrored"
    """Mirrored through a mirror link (owner: mirrorLinkId)."""
    DELEGATED = "delegated"
    """Delegated through a MirrorX link (owner: mirrorXLinkId)."""
    EXCHANGE = "exchange"
    """Held by a Binance UID besides what was delegated (owner: the UID)."""
    OPENING = "opening"
    """Where opening balances come from (owner: the entity)."""


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """The name of one account; ``network`` is empty where the owner has no networks."""

    kind: AccountKind
    owner: str
    coin: str
    network: str = ""

    def __str__(self) -> str:
        """Spell it ``custody/374671162262925312/USDT/ETH``."""
        return "/".join(filter(None, (self.kind, self.owner, self.coin, self.network)))


@record
class NewOrder:
    """A write that passed every check, about to be accepted.

    Shapes: ``type`` is the number the API gives the operation (1, 2, 3 or 10, 20); ``amount`` will
        leave ``debit`` for ``credit`` when the order succeeds and is reserved until then.
    """

    family: Family
    type: int
    link_id: str
    request_id: str
    key_name: str
    debit: Account
    credit: Account
    amount: Decimal
    timing: Timing


@record
class Order:
    """An accepted write.

    Shapes: ``id`` has 26 digits and is unique over both families; ``number`` counts from 1.
    Units: milliseconds since the epoch. ``in_progress_ms`` and ``success_ms`` are when the status
        changes, inclusive, fixed at acceptance.
    """

    number: int
    id: str
    family: Family
    type: int
    link_id: str
    request_id: str
    key_name: str
    debit: Account
    credit: Account
    amount: Decimal
    status: int
    accepted_ms: int
    in_progress_ms: int
    success_ms: int


def status_at(order: Order, now_ms: int) -> int:
    """Return the status an order has at a moment, if nothing but time passes.

    A clock that was set back changes nothing: a status never goes backwards.
    """
    reached = order.status
    if now_ms >= order.success_ms:
        reached = SUCCESS
    elif now_ms >= order.in_progress_ms:
        reached = IN_PROGRESS
    return max(reached, order.status)


def order_id(accepted_ms: int, day: str, number: int) -> str:
    """Spell the id of an order: 26 digits, the day first as in the documentation's examples.

    Shapes: ``day`` is ``YYMMDD``; ``number`` counts orders from 1 and makes the id unique.
    """
    return f"{day}{accepted_ms % 10**13:013d}{number % 10**7:07d}"
