"""What the state machine needs from outside."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.effects.model import (
    Attempt,
    EffectOrder,
    EffectRow,
    EffectState,
    SendReport,
    Sighting,
)


@record
class Facts:
    """What the profile knows about the custodian; None means unknown, and unknown means halt.

    Shapes: a "not found" is believed only past ``timestamp_window`` + ``clock_skew`` + ``read_lag``
        after the last attempt. ``dedupes_request_id`` tells that a second request with a requestId
        is never executed, for ``dedupe_lifetime`` after the first; ``dedupe_across_keys`` that this
        holds whatever key signed it; ``rejected_keeps_id`` that a rejected request does not use up
        its requestId, so that a duplicate is one of a request that was executed.
        ``rate_limited_not_executed`` tells whether 429 and G20012 prove that a write was not
        executed.
    Source: DESIGN section 6, rules 4, 7 and 8, and the state SEEN.
    """

    timestamp_window: timedelta | None = None
    clock_skew: timedelta | None = None
    read_lag: timedelta | None = None
    dedupes_request_id: bool = False
    dedupe_lifetime: timedelta | None = None
    dedupe_across_keys: bool = False
    rejected_keeps_id: bool = False
    rate_limited_not_executed: bool = False


@record
class Change:
    """One transition to be made durable.

    Shapes: ``expected`` is the state the row must be in, else the store refuses; empty texts leave
        what the row has.
    """

    expected: EffectState
    state: EffectState
    order_id: str = ""
    status: str = ""
    status_code: str = ""
    reason: str = ""
    evidence: JsonValue = None
    at: datetime


@record
class Decision:
    """What a person decided, kept for ever beside what it is about.

    Shapes: ``run_id`` is empty for what is about the whole journal, ``path`` for what is about no
        effect; ``kind`` is a verb's word, such as ``adopt``, ``not-executed``, ``cancel``,
        ``break-lock``; ``reason`` is theirs, ``who`` names them, ``payload`` is whatever else was
        decided or shown.
    """

    run_id: str = ""
    path: str = ""
    kind: str
    reason: str
    who: str
    at: datetime
    payload: JsonValue = None


@record
class StoreMark:
    """How far a journal's register has come: its last number, and the head that stands there."""

    number: int
    head: str


class EffectStore(Protocol):
    """The durable side of effects.

    Every method that writes returns only after the write is durable (fsync) or raises; a raised
    commit is a crash: the caller stops and re-reads in a new process. Nothing may be reordered.
    """

    async def effect(self, run_id: str, path: str) -> EffectRow | None:
        """Return the effect's row, or None before its intent."""
        ...

    async def insert_intent(
        self, order: EffectOrder, *, known_order_ids: tuple[str, ...], at: datetime
    ) -> EffectRow:
        """Write the INTENT row; one requestId has one payload for ever.

        Errors: ``StoreRefused`` when the requestId is bound to another payload.
        """
        ...

    async def begin_attempt(self, order: EffectOrder, attempt: Attempt) -> EffectRow:
        """Write the attempt row and move INTENT to SENDING, in one transaction.

        An effect that is sent again goes to SENDING from UNKNOWN, a repeatable one from SEEN as
        well: what may have been executed never looks as if it had not been sent.

        The first attempt of a run claims its plan and occurrence in the same transaction.

        Errors: ``PlanRefused`` naming the run that holds the occurrence.
        """
        ...

    async def record_answer(
        self,
        order: EffectOrder,
        attempt_number: int,
        answer: JsonValue,
        *,
        proven_not_executed: bool,
        change: Change,
    ) -> EffectRow:
        """Write what an attempt gave and the transition it causes, in one transaction."""
        ...

    async def change_effect(self, order: EffectOrder, change: Change) -> EffectRow:
        """Make one transition durable."""
        ...

    async def claimed_order_ids(self) -> frozenset[str]:
        """Return every custodian order id that any effect of any run has as its own."""
        ...


class EffectTransport(Protocol):
    """The wire, for writes: one attempt a call, no retries."""

    @property
    def key_fingerprint(self) -> str:
        """Return the fingerprint of the signing key."""
        ...

    async def timestamp_ms(self) -> int:
        """Wait for the rate window, then return the next send's timestamp, in the server's time."""
        ...

    async def send(self, order: EffectOrder, timestamp_ms: int) -> SendReport:
        """Sign and send once; never raises for what the network or the server does."""
        ...

    def resync(self, server_date: str) -> None:
        """Set the offset to the server's clock from its Date header."""
        ...


class Resolver(Protocol):
    """The eyes: how what became of one kind of effect is found."""

    async def look(self, order: EffectOrder, *, since: datetime) -> Sighting:
        """Show whatever could be the effect or stand in its way.

        Of orders: all of the effect's subject and coin made at or after ``since``, of every kind,
        because an open order of another kind can stand in the way as well. Of wallets and entries:
        all of them. Calling twice is safe. Errors: ``RemoteError``.
        """
        ...

    async def look_own(self, order: EffectOrder, *, since: datetime) -> Sighting:
        """Show the effect's own order, whatever else comes with it.

        Calling twice is safe. Errors: ``RemoteError``.
        """
        ...


Notice = Callable[[EffectRow], Awaitable[None]]
"""Called after each durable transition, for progress and logs; it must not raise."""
