"""A custodian with a list of its own, and a driver's other ports, all in virtual time.

The custodian is the judge: what it executed is true, whatever any journal says.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from runner.catalogue.api import WriteOutcome
from runner.catalogue.manifest import ORDER_STATUSES, Acceptance, FoundBy
from runner.core.errors import OutcomeUnknown, RemoteError
from runner.core.jsonvalue import JsonValue
from runner.effects.driver import EffectDriver
from runner.effects.model import (
    Attempt,
    EffectOrder,
    EffectRow,
    Expectation,
    SeenOrder,
    SendKind,
    SendReport,
    Sighting,
)
from runner.effects.pacing import Timing
from runner.effects.ports import Change, Facts
from runner.engine.ports import RunRow
from runner.journal.journal import Journal
from runner.journal.sqlite import open_journal

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
WINDOW = timedelta(seconds=60)
SKEW = timedelta(seconds=5)
LAG = timedelta(seconds=20)
ALL_FACTS = Facts(timestamp_window=WINDOW, clock_skew=SKEW, read_lag=LAG)
NO_FACTS = Facts()
MEMORY = timedelta(days=1)
DEDUPE_FACTS = replace(
    ALL_FACTS, dedupes_request_id=True, dedupe_lifetime=MEMORY, rejected_keeps_id=True
)
FENCE_S = (WINDOW + SKEW + LAG).total_seconds()
TIMING = Timing(every_s=2.0, every_s_max=30.0, within_s=600.0, patience_s=900.0)

CODES: Mapping[str, WriteOutcome] = {
    "000000": WriteOutcome.DONE,
    "G20001": WriteOutcome.UNKNOWN,
    "G20007": WriteOutcome.REPEATABLE,
    "G20012": WriteOutcome.RATE_LIMITED,
    "G20015": WriteOutcome.ALREADY_RECEIVED,
    "G20022": WriteOutcome.NOT_EXECUTED,
}
ORDER = EffectOrder(
    run_id="R-1",
    path="pay",
    action="mirrorx.delegate",
    operation="mirrorx.order.create",
    method="POST",
    url_path="/open-api/v1/mirrorX/order",
    body='{"amount":"10","coinSymbol":"USDT","mirrorXLinkId":33,"orderType":10,"requestId":"41"}',
    request_id="41",
    lock="mirrorx/33/USDT",
    expectation=Expectation(
        subject_id="33", kind="delegate", coin="USDT", network="", amount=Decimal(10)
    ),
    planned_at=START,
)
ACCEPTANCE = Acceptance(order_field="orderViewId", echoes_request_id=True, statuses=ORDER_STATUSES)
RUN = RunRow(
    run_id="R-1",
    digest="sha256:1",
    plan="{}",
    playbook="trim",
    host="sandbox:x",
    entity="acme",
    occurrence="one",
    revision=0,
    created_at=START,
    claimed=False,
    exit_code=None,
    message="",
    finished_at=None,
    tool_version="0",
)


class VirtualClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.wall = START + timedelta(seconds=1)
        self.elapsed_s = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.wall

    def monotonic_s(self) -> float:
        return self.elapsed_s

    def advance(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.elapsed_s += seconds

    async def sleep(self, delay_s: float) -> None:
        assert delay_s >= 0
        self.slept.append(delay_s)
        self.advance(delay_s)
        await asyncio.sleep(0)


@dataclass(kw_only=True)
class Executed:
    """One order the custodian really made."""

    seen: SeenOrder
    made_at: datetime
    ours: bool


@dataclass(kw_only=True)
class Custodian:
    """Executes what it is sent, answers as told, and lists what it did.

    Shapes: ``behaviours`` are taken one a send, the last one again and again; ``end`` is the status
        every order takes ``final_after_s`` after it was made. ``remembers_s`` is how long an
        executed requestId is known again, None for not at all; a copy is answered G20015 then.
    """

    clock: VirtualClock
    subject: EffectOrder = ORDER
    behaviours: list[str] = field(default_factory=lambda: ["ok"])
    shows_request_ids: bool = True
    visible_after_s: float = 0.0
    final_after_s: float = 3.0
    end: str = "success"
    remembers_s: float | None = None
    made: list[Executed] = field(default_factory=list)
    sends: list[tuple[EffectOrder, int]] = field(default_factory=list)
    _late: list[tuple[datetime, EffectOrder]] = field(default_factory=list)

    def executions(self) -> list[Executed]:
        self._arrive()
        return [each for each in self.made if each.ours]

    def place(
        self,
        *,
        request_id: str = "",
        amount: str = "10",
        kind: str = "",
        age_s: float = 0.0,
        order_id: str = "",
        details: Mapping[str, str] | None = None,
    ) -> str:
        """Make somebody else's order, or one that a lost journal had made."""
        wanted = self.subject.expectation
        seen = SeenOrder(
            order_id=order_id or f"7{len(self.made):05}",
            request_id=request_id,
            subject_id=wanted.subject_id,
            kind=kind or wanted.kind,
            coin=wanted.coin,
            network=wanted.network,
            amount=None if wanted.amount is None else Decimal(amount),
            details=wanted.details if details is None else details,
            status="accepted",
            status_code="10",
        )
        made_at = self.clock.now() - timedelta(seconds=age_s)
        self.made.append(Executed(seen=seen, made_at=made_at, ours=False))
        return seen.order_id

    def receive(self, order: EffectOrder, timestamp_ms: int) -> SendReport:
        behaviour = self.behaviours[min(len(self.sends), len(self.behaviours) - 1)]
        self.sends.append((order, timestamp_ms))
        if self._knows(order):
            return refused("G20015")
        return getattr(self, f"_{behaviour}")(order)  # type: ignore[no-any-return]  # by name

    def listed(self, since: datetime) -> tuple[SeenOrder, ...]:
        self._arrive()
        now = self.clock.now()
        rows = []
        for each in self.made:
            age_s = (now - each.made_at).total_seconds()
            if each.made_at < since or age_s < self.visible_after_s:
                continue
            seen = each.seen
            if age_s >= self.final_after_s:
                code = "30" if self.end == "success" else "99"
                seen = replace(seen, status=self.end, status_code=code)
            rows.append(seen if self.shows_request_ids else replace(seen, request_id=""))
        return tuple(rows)

    def _knows(self, order: EffectOrder) -> bool:
        self._arrive()
        return self.remembers_s is not None and any(
            each.seen.request_id == order.request_id
            and (self.clock.now() - each.made_at).total_seconds() < self.remembers_s
            for each in self.made
        )

    def _arrive(self) -> None:
        for due, order in list(self._late):
            if due <= self.clock.now():
                self._late.remove((due, order))
                if not self._knows(order):
                    self._execute(order)

    def _execute(self, order: EffectOrder) -> str:
        wanted = order.expectation
        seen = SeenOrder(
            order_id=f"9{len(self.made):05}",
            request_id=order.request_id,
            subject_id=wanted.subject_id,
            kind=wanted.kind,
            coin=wanted.coin,
            network=wanted.network,
            amount=wanted.amount,
            details=wanted.details,
            status="accepted",
            status_code="10",
        )
        self.made.append(Executed(seen=seen, made_at=self.clock.now(), ours=True))
        return seen.order_id

    def _ok(self, order: EffectOrder) -> SendReport:
        order_id = self._execute(order)
        return accepted(order, order_id)

    def _not_sent(self, order: EffectOrder) -> SendReport:
        return SendReport(kind=SendKind.NOT_SENT, reason="the name could not be resolved")

    def _lost_before(self, order: EffectOrder) -> SendReport:
        return SendReport(kind=SendKind.LOST, reason="the connection was reset")

    def _lost_after(self, order: EffectOrder) -> SendReport:
        self._execute(order)
        return self._lost_before(order)

    def _lost_late(self, order: EffectOrder) -> SendReport:
        self._late.append((self.clock.now() + WINDOW, order))
        return self._lost_before(order)

    def _500_before(self, order: EffectOrder) -> SendReport:
        return SendReport(kind=SendKind.ANSWERED, status=500, reason="HTML")

    def _500_after(self, order: EffectOrder) -> SendReport:
        self._execute(order)
        return self._500_before(order)

    def _g20001_before(self, order: EffectOrder) -> SendReport:
        return refused("G20001", status=500)

    def _g20001_after(self, order: EffectOrder) -> SendReport:
        self._execute(order)
        return refused("G20001", status=200)

    def _wrong_id(self, order: EffectOrder) -> SendReport:
        report = self._ok(order)
        return replace(report, data={**(report.data or {}), "requestId": "4242"})

    def _no_order_id(self, order: EffectOrder) -> SendReport:
        report = self._ok(order)
        kept = {n: v for n, v in (report.data or {}).items() if n in {"requestId", "status"}}
        return replace(report, data=None if report.data is None else kept)

    def _undocumented(self, order: EffectOrder) -> SendReport:
        return refused("G99999")

    def _undocumented_after(self, order: EffectOrder) -> SendReport:
        self._execute(order)
        return self._undocumented(order)

    def _undocumented_late(self, order: EffectOrder) -> SendReport:
        self._lost_late(order)
        return self._undocumented(order)

    def _others_answer(self, order: EffectOrder) -> SendReport:
        """A stranger's equal order is made, and its answer is handed to us.

        What is known by its name cannot be equal: the stranger's has another.
        """
        details = dict(order.expectation.details)
        details |= {"name": "other"} if "name" in details else {}
        order_id = self.place(request_id="4242", details=details)
        return accepted(replace(order, request_id="4242"), order_id)

    def _refused(self, order: EffectOrder) -> SendReport:
        return refused("G20022")

    def _expired(self, order: EffectOrder) -> SendReport:
        return replace(refused("G20007"), server_date="Sun, 22 Nov 2026 10:00:02 GMT")

    def _expired_undated(self, order: EffectOrder) -> SendReport:
        return refused("G20007")

    def _limited(self, order: EffectOrder) -> SendReport:
        return refused("G20012", status=429)

    def _seen_after(self, order: EffectOrder) -> SendReport:
        self._execute(order)
        return refused("G20015")

    def _seen_before(self, order: EffectOrder) -> SendReport:
        return refused("G20015")


def accepted(order: EffectOrder, order_id: str, *, status: str = "10") -> SendReport:
    """Return the answer the documentation promises."""
    data: dict[FoundBy, dict[str, str]] = {
        FoundBy.LIST: {
            "orderViewId": order_id,
            "requestId": order.request_id,
            "status": status,
        },
        FoundBy.REQUEST_ID: {"orderViewId": order_id, "status": status},
        FoundBy.NAME: {"walletIdStr": order_id},
        FoundBy.STATE: {},
    }
    return SendReport(
        kind=SendKind.ANSWERED,
        status=200,
        code="000000",
        message="Success",
        data=data.get(order.found_by),
        value="true" if order.found_by is FoundBy.NOTHING else "",
    )


def refused(code: str, *, status: int = 200) -> SendReport:
    """Return a well-formed answer with a business code."""
    return SendReport(kind=SendKind.ANSWERED, status=status, code=code, message="no")


@dataclass(kw_only=True)
class Wire:
    """The transport: every send reaches the custodian, in an order that is kept."""

    custodian: Custodian
    key_fingerprint: str = "SHA256:test"
    resyncs: list[str] = field(default_factory=list)
    before_answer: Callable[[], Awaitable[None]] | None = None

    async def timestamp_ms(self) -> int:
        return int(self.custodian.clock.now().timestamp() * 1000)

    async def send(self, order: EffectOrder, timestamp_ms: int) -> SendReport:
        report = self.custodian.receive(order, timestamp_ms)
        if self.before_answer is not None:
            await self.before_answer()
        return report

    def resync(self, server_date: str) -> None:
        self.resyncs.append(server_date)


@dataclass(kw_only=True)
class Eyes:
    """The resolver: ``faults`` are taken one a look, then every look is good."""

    custodian: Custodian
    faults: list[str] = field(default_factory=list)
    looks: list[datetime] = field(default_factory=list)

    async def look(self, order: EffectOrder, *, since: datetime) -> Sighting:
        self.looks.append(since)
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "error":
            raise OutcomeUnknown("timed out", method="GET", path="/list")
        if fault == "forbidden":
            raise RemoteError("not allowed", method="GET", path="/list", code="G20016")
        rows = () if fault == "incomplete" else self.custodian.listed(since)
        return Sighting(rows=rows, complete=fault != "incomplete", at=self.custodian.clock.now())

    async def look_own(self, order: EffectOrder, *, since: datetime) -> Sighting:
        return await self.look(order, since=since)


class Crash(BaseException):
    """The process ends here; nothing of ours may catch it."""


@dataclass(kw_only=True)
class CrashingStore:
    """The journal, until the n-th write: the process dies before or after it is durable."""

    journal: Journal
    dies_at: int
    after: bool
    writes: int = 0

    async def effect(self, run_id: str, path: str) -> EffectRow | None:
        return await self.journal.effect(run_id, path)

    async def claimed_order_ids(self) -> frozenset[str]:
        return await self.journal.claimed_order_ids()

    async def insert_intent(
        self, order: EffectOrder, *, known_order_ids: tuple[str, ...], at: datetime
    ) -> EffectRow:
        return await self._write(
            lambda: self.journal.insert_intent(order, known_order_ids=known_order_ids, at=at)
        )

    async def begin_attempt(self, order: EffectOrder, attempt: Attempt) -> EffectRow:
        return await self._write(lambda: self.journal.begin_attempt(order, attempt))

    async def record_answer(
        self,
        order: EffectOrder,
        attempt_number: int,
        answer: JsonValue,
        *,
        proven_not_executed: bool,
        change: Change,
    ) -> EffectRow:
        return await self._write(
            lambda: self.journal.record_answer(
                order,
                attempt_number,
                answer,
                proven_not_executed=proven_not_executed,
                change=change,
            )
        )

    async def change_effect(self, order: EffectOrder, change: Change) -> EffectRow:
        return await self._write(lambda: self.journal.change_effect(order, change))

    async def _write(self, write: Callable[[], Awaitable[EffectRow]]) -> EffectRow:
        self.writes += 1
        if self.writes == self.dies_at and not self.after:
            raise Crash
        row = await write()
        if self.writes == self.dies_at:
            raise Crash
        return row


@dataclass(kw_only=True)
class Bench:
    """Everything one effect needs, on a real journal."""

    path: Path
    facts: Facts = ALL_FACTS
    subject: EffectOrder = ORDER
    eyes_of: "type[Eyes] | None" = None
    clock: VirtualClock = field(default_factory=VirtualClock)
    custodian: Custodian = field(init=False)
    wire: Wire = field(init=False)
    eyes: Eyes = field(init=False)
    journal: Journal = field(init=False)
    noticed: list[EffectRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.custodian = Custodian(clock=self.clock, subject=self.subject)
        self.wire = Wire(custodian=self.custodian)
        self.eyes = (self.eyes_of or Eyes)(custodian=self.custodian)
        self.open()

    def open(self) -> None:
        self.journal = open_journal(self.path, clock=self.clock)

    def reopen(self) -> None:
        """Do what the death of a process and the start of the next one do."""
        self.journal.close()
        self.open()

    def driver(self, store: CrashingStore | None = None) -> EffectDriver:
        async def notice(row: EffectRow) -> None:
            self.noticed.append(row)

        return EffectDriver(
            store=store or self.journal,
            transport=self.wire,
            resolver_for=lambda _: self.eyes,
            clock=self.clock,
            random=lambda: 0.5,
            facts=self.facts,
            codes=CODES,
            notice=notice,
        )

    @property
    def states(self) -> list[str]:
        """The states that were made durable, in order."""
        return [str(row.state) for row in self.noticed]
