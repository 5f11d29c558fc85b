"""One call of the driver: the effect's row, and every act on it that must not be cut in two."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from runner.catalogue.api import WriteOutcome
from runner.catalogue.manifest import Acceptance
from runner.core.boundary import Boundary, no_boundary
from runner.core.clock import Clock
from runner.core.errors import RemoteError
from runner.core.record import record
from runner.effects.classify import Verdict, VerdictKind, answer_record
from runner.effects.machine import Move, is_repeatable, is_unsent
from runner.effects.matching import needs_claims
from runner.effects.model import (
    Attempt,
    EffectOrder,
    EffectRow,
    EffectState,
    SendKind,
    SendReport,
    Sighting,
)
from runner.effects.pacing import Limits, Pace, Timing
from runner.effects.ports import Change, EffectStore, EffectTransport, Facts, Notice, Resolver
from runner.effects.resending import Copy
from runner.effects.rules import Rules

_T = TypeVar("_T")


@record
class Equipment:
    """What every effect is driven with.

    Shapes: ``random`` gives numbers from 0 inclusive to 1 exclusive; ``codes`` maps every
        documented business code to what it says about a write.
    """

    store: EffectStore
    resolver_for: Callable[[EffectOrder], Resolver]
    transport: EffectTransport
    clock: Clock
    random: Callable[[], float]
    facts: Facts
    codes: Mapping[str, WriteOutcome]
    notice: Notice
    limits: Limits = field(default_factory=Limits)
    boundary: Boundary = no_boundary
    rules: Rules = field(default_factory=Rules)


@dataclass(slots=True, kw_only=True)
class Session:
    """The driver's hands on one effect.

    Shapes: ``row`` is the effect as last made durable, None before its intent; ``last_error`` is
        what the last look met, None after a good one.
    """

    order: EffectOrder
    equipment: Equipment
    resolver: Resolver
    timing: Timing
    acceptance: Acceptance
    row: EffectRow | None
    last_error: RemoteError | None = None
    last_verdict: Verdict | None = None
    _sent_at_s: float = field(init=False)
    _driven_since_s: float = field(init=False)
    _pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        """Start with the first pause; until it sends, a process measures from its own start."""
        self._sent_at_s = self._driven_since_s = self.equipment.clock.monotonic_s()
        self.restart_pace()

    @property
    def state(self) -> EffectState:
        """Return where the effect stands."""
        return EffectState.PLANNED if self.row is None else self.row.state

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Return the attempts so far."""
        return () if self.row is None else self.row.attempts

    @property
    def known_row(self) -> EffectRow:
        """Return the row of an effect that has one."""
        assert self.row is not None, "an effect is only driven on from its intent"
        return self.row

    async def ensure_intent(self, known_order_ids: tuple[str, ...]) -> None:
        """Write the intent unless an earlier process did."""
        if self.row is None:
            store, at = self.equipment.store, self.equipment.clock.now()
            self.row = await store.insert_intent(self.order, known_order_ids=known_order_ids, at=at)
            await self.equipment.notice(self.row)

    async def move(self, move: Move) -> None:
        """Make a transition durable."""
        change = self._change(self.known_row.state, move)
        self.row = await self.equipment.store.change_effect(self.order, change)
        await self.equipment.notice(self.row)

    async def look(self, *, since: datetime, own_only: bool = False) -> Sighting | None:
        """Look once; None, with ``last_error`` set, when the custodian gave no usable answer."""
        looking = self.resolver.look_own if own_only else self.resolver.look
        try:
            sighting = await looking(self.order, since=since)
        except RemoteError as exc:
            self.last_error = exc
            return None
        self.equipment.boundary("after-look")
        self.last_error = None
        return sighting

    async def look_back(self) -> Sighting | None:
        """Look at everything that could be this effect, or stand in its way."""
        lookback = self.equipment.limits.open_order_lookback
        return await self.look(since=self.order.planned_at - lookback)

    async def look_at_own(self) -> Sighting | None:
        """Look at the effect's own order, and at others only where that cannot be told apart."""
        lookback = self.equipment.limits.open_order_lookback
        return await self.look(since=self.order.planned_at - lookback, own_only=True)

    async def look_at_recent(self) -> Sighting | None:
        """Look at orders younger than the plan, allowing for clocks that differ."""
        skew = self.equipment.facts.clock_skew
        margin = self.equipment.limits.assumed_skew if skew is None else skew
        return await self.look(since=self.order.planned_at - margin)

    async def claimed_ids(self, sighting: Sighting) -> frozenset[str]:
        """Return the order ids our effects have, read only when a listed order makes it matter."""
        if not needs_claims(self.order, sighting):
            return frozenset()
        return await self.equipment.store.claimed_order_ids()

    async def pause(self, *, at_most_s: float | None = None) -> None:
        """Wait before the next look, longer each time."""
        delay_s = self._pace.next_s()
        if at_most_s is not None:
            delay_s = min(delay_s, max(at_most_s, 0.0))
        await self.equipment.clock.sleep(delay_s)

    def restart_pace(self) -> None:
        """Begin with the first pause again."""
        self._pace = Pace(self.timing, self.equipment.random)

    def is_past_fence(self) -> bool:
        """Tell whether no attempt can be executed, or be executed and not be listed, any more.

        The server's time now is the last signed timestamp and the time that has passed since, so
        what has passed on our clock decides; and what this process has measured since its own
        send, or its start, so that a clock set forward does not open the fence.
        Source: DESIGN section 6, rule 7.
        """
        age_s = min(self.age_of_last_attempt_s(), self._since_s(self._sent_at_s))
        return self.equipment.rules.is_past_fence(self.equipment.facts, age_s)

    def age_of_last_attempt_s(self) -> float:
        """Return how long ago the last attempt began, by the wall clock; zero without one."""
        now = self.equipment.clock.now()
        last = max((each.started_at for each in self.attempts), default=now)
        return (now - last).total_seconds()

    def _since_s(self, start_s: float) -> float:
        return self.equipment.clock.monotonic_s() - start_s

    def resend_barred(self) -> str:
        """Return why what may have been executed must not be sent again now; empty where it may."""
        now = self.equipment.clock.now()
        unproven = [each.started_at for each in self.attempts if not each.proven_not_executed]
        first_age_s = (now - min(unproven, default=now)).total_seconds()
        if first_age_s >= 0:
            # A clock set back a little makes the attempt look younger than this process knows.
            first_age_s = max(first_age_s, self._since_s(self._driven_since_s))
        return self.equipment.rules.why_not_resent(
            self.order,
            self.attempts,
            self.equipment.facts,
            Copy(
                key_fingerprint=self.equipment.transport.key_fingerprint,
                first_age_s=first_age_s,
                last_age_s=self.age_of_last_attempt_s(),
            ),
        )

    async def attempt(self) -> bool:
        """Send once and make durable what came of it, also when this task is cancelled meanwhile.

        Shapes: False where nothing was attempted, because waiting for the rate window has made a
            copy unsafe.

        Errors: what the journal raises; an attempt without a durable answer is found as SENDING by
        the next process.
        """
        timestamp_ms = await self.equipment.transport.timestamp_ms()
        if not is_unsent(self.attempts) and not is_repeatable(self.order) and self.resend_barred():
            return False
        await finish_before_cancelling(self._attempt(timestamp_ms))
        return True

    async def _attempt(self, timestamp_ms: int) -> None:
        transport, clock = self.equipment.transport, self.equipment.clock
        attempt = Attempt(
            number=len(self.attempts) + 1,
            timestamp_ms=timestamp_ms,
            started_at=clock.now(),
            key_fingerprint=transport.key_fingerprint,
        )
        begun_s = clock.monotonic_s()
        self.row = await self.equipment.store.begin_attempt(self.order, attempt)
        await self.equipment.notice(self.row)
        # A process may have been stopped here for hours: what it signed then must not go out now.
        if self._since_s(begun_s) > self.equipment.limits.send_delay_s_max:
            report = SendReport(
                kind=SendKind.NOT_SENT, reason="the process was held up before it could send"
            )
        else:
            self.equipment.boundary("before-send")
            self._sent_at_s = clock.monotonic_s()
            report = await transport.send(self.order, attempt.timestamp_ms)
            self.equipment.boundary("after-send")
            self._sent_at_s = clock.monotonic_s()
        await self._record(attempt, report)

    async def _record(self, attempt: Attempt, report: SendReport) -> None:
        verdict = self.equipment.rules.classify(
            report,
            self.order,
            codes=self.equipment.codes,
            facts=self.equipment.facts,
            acceptance=self.acceptance,
        )
        self.last_verdict = verdict
        can_repeat = verdict.kind is VerdictKind.REPEATABLE and bool(report.server_date)
        if can_repeat:
            self.equipment.transport.resync(report.server_date)
        judged = self.equipment.rules.after_answer(self.known_row, verdict, can_repeat=can_repeat)
        self.row = await self.equipment.store.record_answer(
            self.order,
            attempt.number,
            answer_record(report, verdict),
            proven_not_executed=judged.proven_not_executed,
            change=self._change(EffectState.SENDING, judged.move),
        )
        await self.equipment.notice(self.row)

    def _change(self, expected: EffectState, move: Move) -> Change:
        return Change(
            expected=expected,
            state=move.state,
            order_id=move.order_id,
            status=move.status,
            status_code=move.status_code,
            reason=move.reason,
            evidence=move.evidence,
            at=self.equipment.clock.now(),
        )


async def finish_before_cancelling(work: Awaitable[_T]) -> _T:
    """Await some work to its end whatever happens to this task, then be cancelled.

    Errors: ``asyncio.CancelledError`` after work that ended well; else the work's own error.
    """
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            # Unlike awaiting the task, this leaves it alone when we are cancelled.
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    result = task.result()
    if cancelled:
        raise asyncio.CancelledError
    return result
