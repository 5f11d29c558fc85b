"""Bugs to be planted: programs that are wrong in one point each, which the harness has to catch.

Each replaces a part of what an effect is driven with, through the same ports and the same record of
rules that the program uses; the program itself knows nothing of them and cannot be switched to one.
Source: RELIABILITY 2.2, "Test the tests".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from runner.core.errors import JournalFailed
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.effects import machine
from runner.effects.classify import Verdict, VerdictKind, classify
from runner.effects.decisions import Judged, Move, Reading, Send, Wait
from runner.effects.hits import adopt, near_matches
from runner.effects.model import (
    Attempt,
    EffectOrder,
    EffectRow,
    EffectState,
    SendKind,
    SendReport,
    Sighting,
)
from runner.effects.ports import Change, EffectStore, EffectTransport, Resolver
from runner.effects.rules import Rules
from runner.effects.session import Equipment
from runner.journal.chain import Chain
from runner.journal.journal import Journal
from runner.journal.sql import Sql
from runner.journal.transaction import Writer
from tests.faults.judge import Fault

Alter = Callable[[Equipment], Equipment]


@record
class Planted:
    """One wrong program.

    Shapes: ``rule`` is what of DESIGN section 6 it breaks; ``tier`` the cheapest tier that must
        catch it; ``case`` is a case of tier A in which it does the harm ``harm``, and empty where
        one process cannot.
    """

    rule: str
    tier: str
    alter: Alter
    case: str = ""
    harm: Fault | None = None


def _ruled(**changed: object) -> Alter:
    """Change the rules alone."""
    return lambda equipment: replace(equipment, rules=replace(Rules(), **changed))  # type: ignore[arg-type]  # by name


# Decisions.


def _duplicate_is_failure(row: EffectRow, verdict: Verdict, *, can_repeat: bool) -> Judged:
    if verdict.kind is VerdictKind.SEEN:
        move = Move(state=EffectState.REJECTED, reason=verdict.reason)
        return Judged(move=move, proven_not_executed=True)
    return machine.after_answer(row, verdict, can_repeat=can_repeat)


def _second_refusal_believed(row: EffectRow, verdict: Verdict, *, can_repeat: bool) -> Judged:
    if verdict.kind is VerdictKind.NOT_EXECUTED:
        move = Move(state=EffectState.REJECTED, reason=verdict.reason)
        return Judged(move=move, proven_not_executed=True)
    return machine.after_answer(row, verdict, can_repeat=can_repeat)


def _adopted_by_match(
    row: EffectRow, sighting: Sighting, reading: Reading, *, claimed: frozenset[str]
) -> Move | Wait | Send:
    near = near_matches(row, sighting, claimed)
    if near:
        return adopt(near[0][0], reason="it looks the same")
    return machine.after_look(row, sighting, reading, claimed=claimed)


def _believed_at_once(
    row: EffectRow, sighting: Sighting, reading: Reading, *, claimed: frozenset[str]
) -> Move | Wait | Send:
    at_once = replace(reading, believed=sighting.complete)
    return machine.after_look(row, sighting, at_once, claimed=claimed)


def _time_is_failure(row: EffectRow) -> Move:
    return Move(state=EffectState.FAILED, status="failed", reason=f"{row.order_id} took too long")


def _sent_again_at_start() -> Move:
    return Move(state=EffectState.INTENT, reason="nobody has an answer, so it is sent")


def _500_is_failure(report: SendReport, order: EffectOrder, **more: object) -> Verdict:
    if report.status is not None and report.status >= 500:
        return Verdict(kind=VerdictKind.NOT_EXECUTED, reason=f"HTTP {report.status}")
    return classify(report, order, **more)  # type: ignore[arg-type]  # passed on


def _unlisted_is_failure(report: SendReport, order: EffectOrder, **more: object) -> Verdict:
    verdict = classify(report, order, **more)  # type: ignore[arg-type]  # passed on
    if verdict.refusal:
        return replace(verdict, kind=VerdictKind.NOT_EXECUTED)
    return verdict


# The wire.


@dataclass(kw_only=True)
class _Wire:
    """Passes everything on; the bugs of the wire change what is sent."""

    inner: EffectTransport
    sends: int = 0

    @property
    def key_fingerprint(self) -> str:
        return self.inner.key_fingerprint

    async def timestamp_ms(self) -> int:
        return await self.inner.timestamp_ms()

    async def send(self, order: EffectOrder, timestamp_ms: int) -> SendReport:
        self.sends += 1
        return await self.inner.send(self.changed(order), timestamp_ms)

    def changed(self, order: EffectOrder) -> EffectOrder:
        return order

    def resync(self, server_date: str) -> None:
        self.inner.resync(server_date)


class _NewIdOnRetry(_Wire):
    def changed(self, order: EffectOrder) -> EffectOrder:
        if self.sends == 1:
            return order
        other = str(int(order.request_id) + self.sends)
        return replace(order, request_id=other, body=order.body.replace(order.request_id, other))


class _OtherPayloadOnRetry(_Wire):
    def changed(self, order: EffectOrder) -> EffectOrder:
        if self.sends == 1:
            return order
        other = order.body.replace('"amount":"', '"amount":"1')
        assert other != order.body, "every body of the matrix has an amount in quotes"
        return replace(order, body=other)


class _RetriesByItself(_Wire):
    async def send(self, order: EffectOrder, timestamp_ms: int) -> SendReport:
        for _ in range(3):
            report = await self.inner.send(order, timestamp_ms)
            if report.kind is not SendKind.LOST:
                break
            timestamp_ms = await self.inner.timestamp_ms()
        return report


# The eyes.


@dataclass(kw_only=True)
class _BelievesPushes:
    """Takes the custodian's webhook for the end: it said success, so nobody reads the status."""

    inner: Resolver

    async def look(self, order: EffectOrder, *, since: datetime) -> Sighting:
        return await self.inner.look(order, since=since)

    async def look_own(self, order: EffectOrder, *, since: datetime) -> Sighting:
        sighting = await self.inner.look_own(order, since=since)
        rows = tuple(replace(row, status="success", status_code="30") for row in sighting.rows)
        return replace(sighting, rows=rows)


def _believing(equipment: Equipment) -> Equipment:
    eyes = equipment.resolver_for
    return replace(equipment, resolver_for=lambda order: _BelievesPushes(inner=eyes(order)))


# The journal.


@dataclass(kw_only=True)
class _Store:
    """Passes everything on; the bugs of the journal change how attempts are written."""

    inner: EffectStore

    async def effect(self, run_id: str, path: str) -> EffectRow | None:
        return await self.inner.effect(run_id, path)

    async def insert_intent(
        self, order: EffectOrder, *, known_order_ids: tuple[str, ...], at: datetime
    ) -> EffectRow:
        return await self.inner.insert_intent(order, known_order_ids=known_order_ids, at=at)

    async def begin_attempt(self, order: EffectOrder, attempt: Attempt) -> EffectRow:
        return await self.inner.begin_attempt(order, attempt)

    async def record_answer(
        self,
        order: EffectOrder,
        attempt_number: int,
        answer: JsonValue,
        *,
        proven_not_executed: bool,
        change: Change,
    ) -> EffectRow:
        return await self.inner.record_answer(
            order, attempt_number, answer, proven_not_executed=proven_not_executed, change=change
        )

    async def change_effect(self, order: EffectOrder, change: Change) -> EffectRow:
        return await self.inner.change_effect(order, change)

    async def claimed_order_ids(self) -> frozenset[str]:
        return await self.inner.claimed_order_ids()


def _as_if_sending(row: EffectRow | None, attempt: Attempt) -> EffectRow:
    assert row is not None, "an attempt follows an intent"
    return replace(row, state=EffectState.SENDING, attempts=(*row.attempts, attempt))


class _SwallowsCommitErrors(_Store):
    async def begin_attempt(self, order: EffectOrder, attempt: Attempt) -> EffectRow:
        row = await self.inner.effect(order.run_id, order.path)
        try:
            return await self.inner.begin_attempt(order, attempt)
        except JournalFailed:
            return _as_if_sending(row, attempt)


@dataclass(kw_only=True)
class _WritesAttemptsLater(_Store):
    waiting: list[Attempt] = field(default_factory=list)

    async def begin_attempt(self, order: EffectOrder, attempt: Attempt) -> EffectRow:
        self.waiting.append(attempt)
        return _as_if_sending(await self.inner.effect(order.run_id, order.path), attempt)

    async def record_answer(
        self,
        order: EffectOrder,
        attempt_number: int,
        answer: JsonValue,
        *,
        proven_not_executed: bool,
        change: Change,
    ) -> EffectRow:
        await self.inner.begin_attempt(order, self.waiting.pop())
        return await self.inner.record_answer(
            order, attempt_number, answer, proven_not_executed=proven_not_executed, change=change
        )


def _unsynced(equipment: Equipment) -> Equipment:
    """Tell SQLite not to wait for the disk."""
    journal = equipment.store
    assert isinstance(journal, Journal)
    with journal._database.reading() as sql:  # noqa: SLF001 - no port lets anybody do this
        sql.execute("COMMIT")
        sql.execute("PRAGMA synchronous = OFF")
        sql.execute("BEGIN")
    return equipment


class _ChecksTheOwnerBefore(Writer):
    """Looks at the epoch when a run is taken over, and no more when it is written to."""

    def require_epoch(self, sql: Sql, chain: Chain) -> None:
        """Let everybody through: whoever owned the run once is believed for ever."""


def unfenced(journal: Journal) -> Journal:
    """Return the journal with the owner's epoch checked outside of its transactions."""
    writer = journal._writer  # noqa: SLF001 - no port lets anybody do this
    journal._writer = _ChecksTheOwnerBefore(database=writer.database)  # noqa: SLF001 - as above
    return journal


def _unfenced(equipment: Equipment) -> Equipment:
    assert isinstance(equipment.store, Journal)
    unfenced(equipment.store)
    return equipment


def _sending_by(wire: type[_Wire]) -> Alter:
    return lambda equipment: replace(equipment, transport=wire(inner=equipment.transport))


def _writing_by(store: type[_Store]) -> Alter:
    return lambda equipment: replace(equipment, store=store(inner=equipment.store))


PLANTED: Mapping[str, Planted] = MappingProxyType(
    {
        "new-id-on-retry": Planted(
            rule="8: one id",
            tier="A",
            alter=_sending_by(_NewIdOnRetry),
            case="mirrorx.delegate/reset-after/ok/bare,reject,remembered,alone/-",
            harm=Fault.DUPLICATE,
        ),
        "duplicate-is-failure": Planted(
            rule="SEEN: G20015 never means failure",
            tier="A",
            alter=_ruled(after_answer=_duplicate_is_failure),
            case="mirrorx.delegate/g20015-after/ok/ids,reject,known,alone/-",
            harm=Fault.FALSE_VERDICT,
        ),
        "no-fence": Planted(
            rule="7: not found is believed only past the fence",
            tier="A",
            alter=_ruled(after_look=_believed_at_once),
            case="mirrorx.delegate/reset-late-in-window+g20022/ok/ids-late,reject,remembered,alone/-",
            harm=Fault.FALSE_VERDICT,
        ),
        "adopted-by-match": Planted(
            rule="9: a matching row is evidence, never a hit",
            tier="A",
            alter=_ruled(after_look=_adopted_by_match),
            case="mirrorx.delegate/reset-before/ok/bare,reject,known,twin-after/-",
            harm=Fault.FALSE_VERDICT,
        ),
        "commit-error-swallowed": Planted(
            rule="2: a failing COMMIT is a crash",
            tier="A",
            alter=_writing_by(_SwallowsCommitErrors),
            case="mirrorx.delegate/ok/ok/ids,reject,known,alone/eio-lost:before-attempt#1",
            harm=Fault.BROKEN_RULE,
        ),
        "synchronous-off": Planted(
            rule="1: rows are on the disk before a byte is sent",
            tier="A",
            alter=_unsynced,
            case="mirrorx.delegate/ok/ok/ids,reject,known,alone/-",
            harm=Fault.BROKEN_RULE,
        ),
        "attempt-after-send": Planted(
            rule="1: the attempt is written before it is made",
            tier="A",
            alter=_writing_by(_WritesAttemptsLater),
            case="mirrorx.delegate/ok/ok/ids,reject,known,alone/-",
            harm=Fault.BROKEN_RULE,
        ),
        "sending-is-resent": Planted(
            rule="SENDING found at start-up is UNKNOWN",
            tier="A",
            alter=_ruled(found_sending=_sent_again_at_start, why_not_resent=lambda *_: ""),
            case="mirrorx.delegate/ok/ok/bare-late,none,known,alone/after-send#1",
            harm=Fault.DUPLICATE,
        ),
        "client-retries": Planted(
            rule="8: the client makes one attempt",
            tier="A",
            alter=_sending_by(_RetriesByItself),
            case="mirrorx.delegate/reset-after/ok/bare,none,known,alone/-",
            harm=Fault.DUPLICATE,
        ),
        "second-refusal-believed": Planted(
            rule="5: a rejection of attempt k>1",
            tier="A",
            alter=_ruled(after_answer=_second_refusal_believed),
            case="mirrorx.delegate/reset-after+g20022/ok/bare,reject,remembered,alone/-",
            harm=Fault.FALSE_VERDICT,
        ),
        "payload-changed": Planted(
            rule="8: one id, one payload",
            tier="A",
            alter=_sending_by(_OtherPayloadOnRetry),
            case="mirrorx.delegate/reset-before/ok/ids,reject,remembered,alone/-",
            harm=Fault.BROKEN_RULE,
        ),
        "owner-checked-outside": Planted(
            rule="11: the epoch is checked in the transaction that writes the attempt",
            tier="E",
            alter=_unfenced,
        ),
        "poll-timeout-is-failure": Planted(
            rule="ACCEPTED: only the custodian's status ends it",
            tier="A",
            alter=_ruled(out_of_time=_time_is_failure),
            case="mirrorx.delegate/stuck/ok/ids,reject,known,alone/-",
            harm=Fault.FALSE_VERDICT,
        ),
        "500-is-failure": Planted(
            rule="4: a 5xx is UNKNOWN",
            tier="A",
            alter=_ruled(classify=_500_is_failure),
            case="mirrorx.delegate/http-500-after/ok/ids,reject,known,alone/-",
            harm=Fault.FALSE_VERDICT,
        ),
        "webhook-is-success": Planted(
            rule="ACCEPTED: a webhook is a hint to read, never evidence",
            tier="A",
            alter=_believing,
            case="mirrorx.delegate/fails-later/ok/ids,reject,known,alone/-",
            harm=Fault.FALSE_VERDICT,
        ),
        "resent-without-facts": Planted(
            rule="8: a resend needs the facts of deduplication",
            tier="A",
            alter=_ruled(why_not_resent=lambda *_: ""),
            case="mirrorx.delegate/reset-after/ok/bare,none,known,alone/-",
            harm=Fault.DUPLICATE,
        ),
        "unlisted-code-is-failure": Planted(
            rule="4: only listed answers are definite",
            tier="A",
            alter=_ruled(classify=_unlisted_is_failure),
            case="mirrorx.delegate/g29999-after/ok/ids,reject,known,alone/-",
            harm=Fault.FALSE_VERDICT,
        ),
    }
)
"""Every bug by its name."""
