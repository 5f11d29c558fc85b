"""One case played to its end: processes that die and start again, until the effect stands still.

The client, the driver, the resolvers, the journal and the sandbox are the program's own; only time,
the disk and the wire are ours.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache

from runner.actions.custodian import Custodian as CustodianPort
from runner.actions.resolvers import resolver_for
from runner.actions.wire import ClientTransport
from runner.catalogue.api import WriteOutcome
from runner.catalogue.load import load_api
from runner.client.client import Client
from runner.client.rate import RateWindow
from runner.client.transport import HttpTransport
from runner.client.wire import Transport
from runner.core.errors import JournalFailed, LockHeld, RemoteError, RunnerError
from runner.core.record import record
from runner.effects.driver import EffectDriver
from runner.effects.model import FINAL_STATES, EffectRow, EffectState, Until
from runner.effects.pacing import Timing
from runner.effects.session import Equipment
from runner.sandbox.books import LoggedRequest
from tests.faults.cases import IN_FLIGHT_S, NO_CRASH, Case
from tests.faults.clock import StoryClock
from tests.faults.custodian import Custodian, Made
from tests.faults.disk import Disk
from tests.faults.faulty import READ_FAULTS, SEND_FAULTS
from tests.faults.subjects import SUBJECTS, base_directory
from tests.faults.wire import Carrier, Crash, Post, Wire

TIMING = Timing(every_s=60.0, every_s_max=900.0, within_s=1800.0, patience_s=900.0)
PROCESSES_MAX = 8
"""After so many processes whatever has not ended never will."""
RESTART_S = 1.0
UNREACHABLE_S = 300.0
"""How long somebody waits before trying again what could not be reached."""
AFTERWARDS_S = 86_400.0
"""How long time runs on, so that whatever is under way arrives."""

Alter = Callable[[Equipment], Equipment]
"""Replaces parts of what an effect is driven with: how a bug is planted."""


@record
class Outcome:
    """What became of one case.

    Shapes: ``end`` is a state, or ``unreachable`` or ``locked`` where nothing was ever sent;
        ``row`` is None without an intent; ``orders`` is what our key has done, ``others`` how many
        orders anybody else has placed; ``edges`` are the boundaries the first process passed, with
        the number of each call; ``reached`` tells whether the crash and every send fault of the
        case was; ``repeated`` whether the sandbox was asked the same twice, so that the model's
        answer to it matters.
    """

    case: Case
    end: str
    row: EffectRow | None
    orders: tuple[Made, ...]
    others: int
    posts: tuple[Post, ...]
    requests: tuple[LoggedRequest, ...]
    edges: tuple[str, ...]
    reached: bool
    repeated: bool
    took_s: float
    processes: int
    journal: bytes = b""
    problems: tuple[str, ...] = ()


class Edges:
    """The boundary of a process: notes what is passed, and ends the process at one point."""

    def __init__(self, crash: str, disk: Disk, tell: Callable[[str], None] | None) -> None:
        self.passed: list[str] = []
        self.died = False
        self._disk = disk
        self._tell = tell
        self._counts: Counter[str] = Counter()
        self._failing, _, self._point = crash.rpartition(":")

    def __call__(self, name: str) -> None:
        self._counts[name] += 1
        point = f"{name}#{self._counts[name]}"
        self.passed.append(point)
        if point != self._point:
            return
        self.died = True
        if self._failing:
            self._note(f"{point}: the commit fails, {self._failing}")
            self._disk.fail_commit(kept=self._failing == "eio-kept")
            return
        self._note(f"{point}: the process dies")
        raise Crash

    def _note(self, text: str) -> None:
        if self._tell is not None:
            self._tell(text)


@dataclass(kw_only=True)
class Stage:
    """Where all cases of one process are played.

    Shapes: ``fresh`` is a journal with the run registered; ``alter`` and ``synchronous`` plant a
        bug; ``real_http`` puts httpx between client and sandbox; ``keep_journal`` puts the
        journal's bytes into the outcome; ``tell`` is told the story.
    """

    custodian: Custodian
    fresh: bytes
    alter: Alter | None = None
    synchronous: str = "FULL"
    real_http: bool = False
    keep_journal: bool = False
    tell: Callable[[str], None] | None = None

    async def play(self, case: Case) -> Outcome:
        """Play one case to its end, and the day after it."""
        play = Playing(stage=self, case=case)
        return await play.run()


@dataclass(kw_only=True)
class Playing:
    """A case while it is played, process after process."""

    stage: Stage
    case: Case
    clock: StoryClock = field(init=False)
    disk: Disk = field(init=False)
    wire: Wire = field(init=False)
    transport: Transport = field(init=False)
    edges: list[Edges] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    in_flight: bool = False

    def __post_init__(self) -> None:
        case, stage = self.case, self.stage
        self.clock = StoryClock()
        self.disk = Disk(stage.fresh, self.clock, synchronous=stage.synchronous)
        stage.custodian.reset(case.model, self.clock)
        sends = tuple(SEND_FAULTS[name] for name in case.sends)
        self.whole = any(fault.whole for fault in sends)
        self.limits_known = any(fault.limits_known for fault in sends)
        self.order = SUBJECTS[case.action].order(whole=self.whole)
        self.wire = Wire(
            custodian=stage.custodian,
            clock=self.clock,
            order=self.order,
            sends=sends,
            read=READ_FAULTS[case.read],
            twin=case.model.twin,
            dies_after_s=IN_FLIGHT_S.get(case.crash),
            is_durable=self._is_durable,
            tell=self._told if stage.tell is not None else None,
        )
        if stage.real_http:
            self.transport = HttpTransport("http://127.0.0.1:1", mount=self.wire)
        else:
            self.transport = Carrier(self.wire)

    async def run(self) -> Outcome:
        """Play the case that it is."""
        self.wire.begin()
        end = ""
        for number in range(PROCESSES_MAX):
            row, trouble = await self.process(self.case.crash if number == 0 else NO_CRASH)
            end = trouble or str(row.state if row else "")
            if row is not None and row.state in {*FINAL_STATES, EffectState.HALTED}:
                break
            await self.clock.sleep(UNREACHABLE_S if trouble in PATIENT else RESTART_S)
        took_s = self.clock.elapsed_s - self.wire.quiet_since_s
        await self.clock.sleep(AFTERWARDS_S)
        if end == "halted":
            # What arrived meanwhile a resume has to find.
            self.wire.calm()
            row, trouble = await self.process(NO_CRASH)
            end = trouble or str(row.state if row else "")
        return await self.outcome(end, took_s)

    async def process(self, crash: str) -> tuple[EffectRow | None, str]:
        """Be one process: return the row it ended with, or what kept it from that."""
        edges = Edges(crash, self.disk, self._told if self.stage.tell else None)
        self.edges.append(edges)
        self._note(f"process {len(self.edges)} starts")
        journal = self.disk.journal(edges)
        clock = self.clock
        subject = SUBJECTS[self.case.action]
        client = Client(
            load_api(),
            self.transport,
            self.stage.custodian.signer,
            clock,
            rate=RateWindow(count=100_000, clock=clock),
        )
        seen = CustodianPort(api=load_api(), client=client, directory=base_directory(), clock=clock)
        facts = self.case.model.facts()
        equipment = Equipment(
            store=journal,
            resolver_for=lambda order: resolver_for(seen, order),
            transport=ClientTransport(client),
            clock=clock,
            random=lambda: 0.5,
            facts=replace(facts, rate_limited_not_executed=self.limits_known),
            codes=_codes(),
            notice=self._noticed,
            boundary=edges,
        )
        if self.stage.alter is not None:
            equipment = self.stage.alter(equipment)
        driver = EffectDriver(**{each.name: getattr(equipment, each.name) for each in _PARTS})
        row: EffectRow | None = None
        trouble = ""
        try:
            async with journal.own_run(self.order.run_id):
                row = await driver.run(
                    self.order,
                    until=Until.FINAL,
                    timing=TIMING,
                    acceptance=subject.acceptance,
                    not_after=None,
                )
        except Crash:
            self.in_flight = self.in_flight or crash in IN_FLIGHT_S
            trouble = "crashed"
        except JournalFailed as error:
            trouble = "crashed"
            self._note(str(error))
        except LockHeld as error:
            trouble = "locked"
            self._note(str(error))
        except RemoteError as error:
            trouble = "unreachable"
            self._note(str(error))
        except RunnerError as error:
            trouble = f"stopped: {type(error).__name__}"
            self.problems.append(f"{type(error).__name__}: {error}")
        if row is not None:
            self._note(f"it ends {row.state}: {row.reason}")
        return row, trouble

    async def _noticed(self, row: EffectRow) -> None:
        self._note(f"    {row.state}: {row.reason}")

    async def outcome(self, end: str, took_s: float) -> Outcome:
        """Return what has become of it."""
        row = await self.disk.journal().effect(self.order.run_id, self.order.path)
        requests = self.stage.custodian.ledger.requests()
        died = self.edges[0].died or self.in_flight
        return Outcome(
            case=self.case,
            end=end,
            row=row,
            orders=self.stage.custodian.made_by_key(),
            others=self.stage.custodian.made_by_others(),
            posts=tuple(self.wire.posts),
            requests=requests,
            edges=tuple(self.edges[0].passed),
            reached=(died or self.case.crash == NO_CRASH)
            and len(self.wire.posts) >= len(self.case.sends),
            repeated=any(request.duplicate for request in requests) or self._asked_twice(requests),
            took_s=took_s,
            processes=len(self.edges),
            journal=self.disk.content if self.stage.keep_journal else b"",
            problems=tuple(self.problems),
        )

    def _asked_twice(self, requests: tuple[LoggedRequest, ...]) -> bool:
        ours = [
            request.request_id
            for request in requests
            if request.operation == self.order.operation and request.code == "000000"
        ]
        return len(ours) != len(set(ours))

    def _is_durable(self, timestamp_ms: int) -> bool:
        found = self.disk.durable_rows(
            "SELECT 1 FROM attempt JOIN effect USING (run_id, path) WHERE timestamp_ms = ?",
            (timestamp_ms,),
        )
        return bool(found)

    def _told(self, text: str) -> None:
        self._note(text)

    def _note(self, text: str) -> None:
        if self.stage.tell is not None:
            self.stage.tell(f"{self.clock.elapsed_s:>9.1f} s  {text}")


@cache
def _codes() -> Mapping[str, WriteOutcome]:
    return {each.code: each.write_outcome for each in load_api().error_codes.values()}


PATIENT = frozenset({"unreachable", "locked"})
_PARTS = fields(Equipment)
