"""The driver: takes one effect from its intent to its end through the rules of the machine.

Each phase is a loop of look, decide, make durable, wait. What it decides comes from ``machine``;
what it does is in ``session``; here is only the order of things.
Source: DESIGN section 6.
"""

from datetime import datetime

from runner.catalogue.manifest import Acceptance, FoundBy
from runner.core.errors import (
    ConfirmationRefused,
    LockHeld,
    NotSent,
    OutcomeUnknown,
    PolicyDenied,
    RemoteError,
    RemoteRefused,
    ReplyRefused,
    RunnerError,
    StoreRefused,
)
from runner.core.record import record
from runner.effects.classify import VerdictKind
from runner.effects.machine import (
    Blocked,
    LookCloser,
    Move,
    Reading,
    Send,
    Wait,
    is_unsent,
)
from runner.effects.model import (
    EffectOrder,
    EffectRow,
    EffectState,
    SeenOrder,
    Sighting,
    Until,
)
from runner.effects.pacing import Timing
from runner.effects.session import Equipment, Session

_LOOKS_MIN = 2
"""An unknown outcome is never halted on fewer looks than this, also after a restart."""


@record
class EffectDriver(Equipment):
    """Drives effects, one call an effect; calls for effects of different locks may overlap."""

    async def run(
        self,
        order: EffectOrder,
        *,
        until: Until,
        timing: Timing,
        acceptance: Acceptance,
        not_after: datetime | None,
        too_late: str = "the plan expired",
    ) -> EffectRow:
        """Take an effect as far as asked, or as far as it goes.

        Calling again, in this process or a later one, goes on with the same effect.

        Shapes: the row returned is final, HALTED, or ACCEPTED: because that was asked for, or
            because ``within_s`` passed without an end. ``acceptance`` says what the answer to an
            accepted effect holds. An effect none of whose attempts can have been executed is
            CANCELLED once ``not_after`` has passed; ``too_late`` says what has happened then.
        Errors: ``LockHeld`` when the custodian lists an open order on the same link and coin, or
            another run holds the lock; ``RemoteError`` when nothing was sent and the custodian
            cannot be reached; ``PolicyDenied`` and ``ConfirmationRefused`` when nothing was
            executed and policy lets nothing go; ``OutcomeUnknown`` when what may have been
            executed was to be sent again and could not or may not be; ``PlanRefused`` when the
            occurrence belongs to another run; ``StoreRefused`` when the journal holds another
            payload for this effect.
        """
        session = await self._open(order, timing=timing, acceptance=acceptance)
        if session.state is EffectState.SENDING:
            await session.move(self.rules.found_sending())
        if session.state in {EffectState.PLANNED, EffectState.INTENT}:
            await self._send(session, not_after, too_late)
        elif session.state is EffectState.HALTED:
            await self._look_at_halted(session)
        await self._settle(session)
        if session.state is EffectState.ACCEPTED and until is Until.FINAL:
            await self._confirm(session)
        return session.known_row

    async def _open(self, order: EffectOrder, *, timing: Timing, acceptance: Acceptance) -> Session:
        row = await self.store.effect(order.run_id, order.path)
        if row is not None and row.order != order:
            raise StoreRefused(
                f"[requestId {row.order.request_id}] the journal holds another payload for"
                f" {order.path} of run {order.run_id}"
            )
        return Session(
            order=order,
            equipment=self,
            resolver=self.resolver_for(order),
            timing=timing,
            acceptance=acceptance,
            row=row,
        )

    async def _send(self, session: Session, not_after: datetime | None, too_late: str) -> None:
        """Look, then attempt until something is known or this process has tried enough."""
        await self._look_before_sending(session, not_after, too_late)
        session.restart_pace()
        tries = 0
        while session.state is EffectState.INTENT:
            if tries >= self.limits.tries_max:
                raise _given_up(session)
            if tries and not _is_repeatable(session):
                await session.pause()
            if self._is_expired(session, not_after):
                await session.move(
                    Move(
                        state=EffectState.CANCELLED,
                        reason=f"{too_late} before anything was executed",
                    )
                )
                return
            await session.attempt()
            tries += 1

    async def _look_before_sending(
        self, session: Session, not_after: datetime | None, too_late: str
    ) -> None:
        """Leave the effect in INTENT, ready to be sent, or wherever the look took it (rule 6)."""
        reason = "the custodian's list of orders could not be read completely"
        for tries in range(self.limits.tries_max):
            if tries:
                await session.pause()
            sighting = await session.look_back()
            if sighting is not None:
                decision = await self._decide_before_sending(session, sighting, not_after, too_late)
                if not isinstance(decision, Wait):
                    await session.ensure_intent(_ids(sighting))
                    if isinstance(decision, Move):
                        await session.move(decision)
                    return
                reason = decision.reason
            error = session.last_error
            if error is not None and not error.retryable:
                break
        raise session.last_error or ReplyRefused(
            reason,
            method=session.order.method,
            path=session.order.url_path,
            request_id=session.order.request_id,
            hint="nothing was sent",
        )

    async def _decide_before_sending(
        self, session: Session, sighting: Sighting, not_after: datetime | None, too_late: str
    ) -> Move | Wait | Send:
        claimed = await session.claimed_ids(sighting)
        expired = self._is_expired(session, not_after)
        decision = self.rules.before_sending(
            session.order,
            session.attempts,
            sighting,
            claimed=claimed,
            expired=expired,
        )
        if expired and isinstance(decision, Move) and decision.state is EffectState.CANCELLED:
            return Move(state=decision.state, reason=f"{too_late} before anything was sent")
        if isinstance(decision, Blocked):
            raise _blocked(session.order, decision.seen)
        if not isinstance(decision, LookCloser):
            return decision
        recent = await session.look_at_recent()
        if recent is None:
            return Wait(reason="the custodian's list could not be read")
        claimed |= await session.claimed_ids(recent)
        return self.rules.among_recent(session.order, session.attempts, recent, claimed=claimed)

    def _is_expired(self, session: Session, not_after: datetime | None) -> bool:
        return (
            not_after is not None and is_unsent(session.attempts) and self.clock.now() > not_after
        )

    async def _settle(self, session: Session) -> None:
        """Read what became of an effect; where that is safe, send it again."""
        sends = 0
        while session.state in {EffectState.UNKNOWN, EffectState.SEEN}:
            if await self._is_to_be_sent_again(session):
                if sends >= self.limits.tries_max:
                    raise _given_up(session)
                try:
                    sends += int(await session.attempt())
                except (PolicyDenied, ConfirmationRefused) as error:
                    raise _not_sent_again(session, error) from error

    async def _is_to_be_sent_again(self, session: Session) -> bool:
        """Read until the outcome is known, the fence proves there was none, or patience ends.

        What comes back with True is still not settled.
        """
        session.restart_pace()
        if session.order.found_by is FoundBy.NOTHING:
            await session.pause()
        started_s = self.clock.monotonic_s()
        looks = looks_complete = looks_past_fence = 0
        sighting: Sighting | None = None
        while True:
            past_fence = session.is_past_fence()
            seen = await session.look_back()
            over = self._is_patience_over(session, started_s)
            if seen is not None:
                sighting = seen
                looks += 1
                looks_complete += int(seen.complete)
                looks_past_fence += int(past_fence and seen.complete)
                reading = Reading(
                    believed=looks_past_fence >= _LOOKS_MIN,
                    patience_over=over and looks >= _LOOKS_MIN,
                    looked_enough=looks_complete >= self._looks_needed(session),
                    resend_barred=session.resend_barred(),
                    duplicate_landed=(
                        self.facts.dedupes_request_id and self.facts.rejected_keeps_id
                    ),
                )
                claimed = await session.claimed_ids(seen)
                decision = self.rules.after_look(session.known_row, seen, reading, claimed=claimed)
                if isinstance(decision, Move):
                    await session.move(decision)
                    return False
                if isinstance(decision, Send):
                    return True
            elif self._since_s(started_s) > session.timing.patience_s:
                await session.move(self.rules.out_of_patience(session.known_row, sighting))
                return False
            await session.pause()

    def _looks_needed(self, session: Session) -> int:
        return 1 if session.order.found_by is FoundBy.NOTHING else _LOOKS_MIN

    def _is_patience_over(self, session: Session, started_s: float) -> bool:
        # Either clock may say so: a wall clock that was set back must not read for ever.
        age_s = max(session.age_of_last_attempt_s(), self._since_s(started_s))
        return age_s > session.timing.patience_s

    async def _confirm(self, session: Session) -> None:
        """Follow an accepted order to its end, or until ``within_s`` has passed."""
        session.restart_pace()
        started_s = self.clock.monotonic_s()
        while True:
            sighting = await session.look_at_own()
            if sighting is not None:
                decision = self.rules.after_poll(session.known_row, sighting)
                if isinstance(decision, Move):
                    await session.move(decision)
            if session.state is not EffectState.ACCEPTED:
                return
            left_s = session.timing.within_s - self._since_s(started_s)
            if left_s <= 0:
                await self._hand_back(session, started_s)
                return
            await session.pause(at_most_s=left_s)

    async def _hand_back(self, session: Session, started_s: float) -> None:
        """Leave an accepted order that is not final, unless the custodian never listed it."""
        last: Move | Wait = Wait(reason="there is time left to see it")
        if self._is_patience_over(session, started_s):
            last = self.rules.never_listed(session.known_row, await session.look_back())
        if isinstance(last, Wait):
            last = self.rules.out_of_time(session.known_row)
        if isinstance(last, Move):
            await session.move(last)

    async def _look_at_halted(self, session: Session) -> None:
        """Give a halted effect the one look a resume owes it."""
        sighting = await session.look_back()
        if sighting is not None:
            claimed = await session.claimed_ids(sighting)
            decision = self.rules.after_halt(session.known_row, sighting, claimed=claimed)
            if isinstance(decision, Move):
                await session.move(decision)

    def _since_s(self, start_s: float) -> float:
        return self.clock.monotonic_s() - start_s


def _is_repeatable(session: Session) -> bool:
    # After a look at the server's clock there is nothing to wait for.
    verdict = session.last_verdict
    return verdict is not None and verdict.kind is VerdictKind.REPEATABLE


def _given_up(session: Session) -> RemoteError:
    order, verdict = session.order, session.last_verdict
    assert verdict is not None, "giving up follows an attempt"
    kind: type[RemoteError] = NotSent if verdict.kind is VerdictKind.NOT_SENT else RemoteRefused
    known = "nothing was executed"
    if not is_unsent(session.attempts):
        kind, known = OutcomeUnknown, "one of them may have been executed"
    return kind(
        f"{verdict.reason}; tried {len(session.attempts)} times, {known}",
        method=order.method,
        path=order.url_path,
        request_id=order.request_id,
        hint=f"runner resume {order.run_id} tries again",
    )


def _not_sent_again(session: Session, error: RunnerError) -> OutcomeUnknown:
    """Keep an effect open that may not be sent again: a denial does not undo what was sent."""
    order = session.order
    return OutcomeUnknown(
        f"{error}; not sent again, and nobody knows what became of what was sent before",
        method=order.method,
        path=order.url_path,
        request_id=order.request_id,
        hint=f"runner resume {order.run_id} looks again, and sends again once it may",
    )


def _blocked(order: EffectOrder, seen: SeenOrder) -> LockHeld:
    whose = f" (requestId {seen.request_id})" if seen.request_id else ""
    return LockHeld(
        f"{order.lock}: the custodian lists the open order {seen.order_id}{whose},"
        f" {seen.kind}, status {seen.status_code or seen.status}",
        owner=f"order {seen.order_id}",
        hint="wait until it is final, then try again",
    )


def _ids(sighting: Sighting) -> tuple[str, ...]:
    return tuple(dict.fromkeys(seen.order_id for seen in sighting.rows))
