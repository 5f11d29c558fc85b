"""Accepted writes and deposits: what they move, and what becomes of them with time.

Whatever has a status that changes by itself is an order here: the records of the archived Mirror,
MirrorX orders, withdrawals, deposits and transfers. An order has *legs*, each an amount that leaves
one account for another, all of them together or none; and *stages*, the statuses it takes and
when, fixed at acceptance.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.sandbox.world import Timing

PENDING = 10
IN_PROGRESS = 20
SUCCESS = 30
CONFIRMED = 40
FAILED = 99


class Family(StrEnum):
    """The kinds of order, by the operations that list them."""

    MIRROR_RECORD = "mirror_record"
    MIRRORX_ORDER = "mirrorx_order"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    INTERNAL_TRANSFER = "internal_transfer"
    EXCHANGE_TRANSFER = "exchange_transfer"

    @property
    def accepted_status(self) -> int:
        """Return the status of an order just accepted.

        Source: operations.yaml, the examples of mirror.asset.settle (0), and the enums
        TransactionStatus, TransferStatus and MirrorXOrderStatus (10).
        """
        return 0 if self is Family.MIRROR_RECORD else PENDING


class AccountKind(StrEnum):
    """What an account stands for; ``opening`` and ``outside`` may go below zero."""

    CUSTODY = "custody"
    """Held by a wallet (owner: wallet id)."""
    MIRRORED = "mirrored"
    """Mirrored through a mirror link (owner: mirrorLinkId)."""
    DELEGATED = "delegated"
    """Delegated through a MirrorX link (owner: mirrorXLinkId)."""
    EXCHANGE = "exchange"
    """Held by a Binance UID besides what was delegated (owner: the UID)."""
    OUTSIDE = "outside"
    """Everybody else: where deposits come from and withdrawals go to (owner: ``world``)."""
    FEES = "fees"
    """What the custodian took (owner: ``world``)."""
    OPENING = "opening"
    """Where opening balances come from (owner: ``world``)."""

    @property
    def may_be_negative(self) -> bool:
        """Tell whether more may leave such an account than ever entered it."""
        return self in {AccountKind.OPENING, AccountKind.OUTSIDE}


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
class Leg:
    """An amount that leaves ``debit`` for ``credit`` when the order is settled."""

    debit: Account
    credit: Account
    amount: Decimal


@record
class Stage:
    """A status, and the moment it is reached, inclusive, in milliseconds since the epoch."""

    at_ms: int
    status: int


@record
class NewOrder:
    """A write that passed every check, about to be accepted.

    Shapes: ``type`` is the number the API gives the operation or direction (1, 2, 3 or 10, 20 ...);
        ``owner`` is what lists show it under, a link's or a wallet's id, and ``other_owner`` a
        second one (the receiving wallet of a transfer) or empty; ``request_id`` is empty where
        nobody gave one. What the legs move is reserved until the order is settled. The order is
        settled when it reaches ``settles_at``. ``coin``, ``network`` and ``amount`` are what lists
        show; ``details`` are further fields of its rows. ``stages`` come in the order of time;
        ``stages_of`` builds the usual ones.
    """

    family: Family
    type: int
    entity: str
    owner: str
    other_owner: str = ""
    request_id: str = ""
    key_name: str = ""
    coin: str
    network: str = ""
    amount: Decimal
    legs: tuple[Leg, ...]
    stages: tuple[Stage, ...]
    settles_at: int = SUCCESS
    details: Mapping[str, JsonValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "details", MappingProxyType(dict(self.details)))


@record
class Order:
    """An accepted write.

    Shapes: as ``NewOrder``; ``id`` has 26 digits and is unique over all families; ``number`` counts
        from 1; ``settled`` tells whether its legs were posted.
    Units: milliseconds since the epoch.
    """

    number: int
    id: str
    family: Family
    type: int
    entity: str
    owner: str
    other_owner: str
    request_id: str
    key_name: str
    coin: str
    network: str
    amount: Decimal
    legs: tuple[Leg, ...]
    stages: tuple[Stage, ...]
    settles_at: int
    details: Mapping[str, JsonValue]
    status: int
    settled: bool
    accepted_ms: int
    changed_ms: int

    @property
    def debit(self) -> Account:
        """Return the account the first leg takes from."""
        return self.legs[0].debit

    @property
    def credit(self) -> Account:
        """Return the account the first leg gives to."""
        return self.legs[0].credit

    @property
    def is_open(self) -> bool:
        """Tell whether its legs are still reserved: neither posted nor given up."""
        return not self.settled and self.status != FAILED


def stages_of(
    accepted_ms: int, timing: Timing, *, confirms: bool = False, fails: bool = False
) -> tuple[Stage, ...]:
    """Return the stages after acceptance: in progress, success, and confirmed on a blockchain.

    Shapes: ``fails`` puts FAILED (99) in the place of success and ends there.
    """
    in_progress_ms = accepted_ms + timing.in_progress_after_ms
    success_ms = in_progress_ms + timing.success_after_ms
    stages = [Stage(at_ms=in_progress_ms, status=IN_PROGRESS)]
    if fails:
        return (*stages, Stage(at_ms=success_ms, status=FAILED))
    stages.append(Stage(at_ms=success_ms, status=SUCCESS))
    if confirms:
        stages.append(Stage(at_ms=success_ms + timing.confirmed_after_ms, status=CONFIRMED))
    return tuple(stages)


def order_id(accepted_ms: int, day: str, number: int) -> str:
    """Spell the id of an order: 26 digits, the day first as in the documentation's examples.

    Shapes: ``day`` is ``YYMMDD``; ``number`` counts orders from 1 and makes the id unique.
    """
    return f"{day}{accepted_ms % 10**13:013d}{number % 10**7:07d}"
