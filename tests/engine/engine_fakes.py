"""Tiny ports for the interpreter: time that obeys, reads from a list, effects that end as told."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from runner.catalogue.manifest import Manifest
from runner.catalogue.manifests import MANIFESTS
from runner.core.errors import PlanRefused
from runner.core.money import Money
from runner.core.source import Span
from runner.core.values import Value
from runner.documents.files import source_from_bytes
from runner.effects.model import EffectState
from runner.engine.events import Event, StepFinished
from runner.engine.paths import is_under
from runner.engine.ports import (
    EffectRequest,
    EffectResult,
    NotifyPort,
    Ports,
    Silence,
    StepOutcome,
)
from runner.engine.run import Interpreter, Walk
from runner.engine.verdict import WalkEnd
from runner.playbook.load import load_playbook
from runner.playbook.model import May, Playbook

START = datetime(2026, 11, 22, 10, tzinfo=UTC)


class FakeClock:
    """Time moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self.elapsed_s)

    def monotonic_s(self) -> float:
        return self.elapsed_s

    async def sleep(self, delay_s: float) -> None:
        self.sleeps.append(delay_s)
        self.elapsed_s += max(delay_s, 0.0)


@dataclass
class FakeReads:
    """Gives the next answer of an action; the last one again and again; raises what is an error."""

    answers: Mapping[str, Iterable[Value | Exception]]
    calls: list[tuple[str, Mapping[str, Value]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._left = {name: list(answers) for name, answers in self.answers.items()}

    async def read(self, manifest: Manifest, arguments: Mapping[str, Value]) -> Value:
        self.calls.append((manifest.name, arguments))
        left = self._left[manifest.name]
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class FakeEffects:
    """Takes each effect to the state it is told; settling takes it to the next one."""

    states: Mapping[str, EffectState | Exception] = field(default_factory=dict)
    settled: Mapping[str, EffectState] = field(default_factory=dict)
    settle_error: Exception | None = None
    answers_with: Mapping[str, str] = field(default_factory=dict)
    requests: list[EffectRequest] = field(default_factory=list)
    settle_count: int = 0
    decided: frozenset[str] = frozenset()
    amount: Value | None = None
    passed_over: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    calls: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    complete_count: int = 0
    settled_under: list[str] = field(default_factory=list)

    async def perform(self, request: EffectRequest) -> EffectResult:
        self.requests.append(request)
        state = self.states.get(request.path, EffectState.CONFIRMED)
        if isinstance(state, Exception):
            raise state
        path = self.answers_with.get(request.path, request.path)
        amount = request.arguments["amount"] if self.amount is None else self.amount
        return _result(path, state, amount)

    async def pass_over(self, path: str) -> None:
        self.passed_over.append(path)
        if path in self.decided:
            raise PlanRefused(f"{path}: pinned")

    async def give_up(self, path: str) -> None:
        self.given_up.append(path)

    async def cannot_plan(
        self, path: str, code: str, message: str, *, hint: str, span: Span
    ) -> None:
        del hint, span
        raise PlanRefused(f"{path}: {code}: {message}")

    async def call_ended(self, path: str, may: Mapping[str, May]) -> None:
        self.calls.append((path, tuple(may)))

    async def require_complete(self) -> None:
        self.complete_count += 1

    async def settle_all(self, under: str = "") -> tuple[EffectResult, ...]:
        self.settle_count += 1
        self.settled_under.append(under)
        if self.settle_error is not None:
            raise self.settle_error
        return tuple(
            _result(path, state, Money(Decimal(1), "USDT"))
            for path, state in self.settled.items()
            if not under or is_under(path, under)
        )


def _result(path: str, state: EffectState, amount: Value) -> EffectResult:
    value: Value = {
        "record": f"record-{path}",
        "status": "accepted",
        "status_code": "10",
        "request_id": "77",
        "amount": amount,
    }
    return EffectResult(path=path, state=state, value=value, reason=f"it is {state.value}")


@dataclass
class MemoryJournal:
    """Keeps what a run's steps did, across walks."""

    outcomes: dict[str, StepOutcome] = field(default_factory=dict)
    entries: dict[str, tuple[datetime, datetime | None]] = field(default_factory=dict)

    async def outcome(self, path: str) -> StepOutcome | None:
        return self.outcomes.get(path)

    async def started(
        self, path: str, *, at: datetime, deadline: datetime | None
    ) -> tuple[datetime, datetime | None]:
        return self.entries.setdefault(path, (at, deadline))

    async def has_begun(self, path: str) -> bool:
        return any(is_under(each, path) for each in (*self.entries, *self.outcomes))

    async def finished(self, path: str, outcome: StepOutcome) -> None:
        self.outcomes.setdefault(path, outcome)


@dataclass
class Stage:
    """One playbook with ports around it; every walk is a new process over the same journal."""

    playbook: Playbook
    reads: FakeReads
    effects: FakeEffects
    inputs: Mapping[str, Value] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    events: list[Event] = field(default_factory=list)
    random: Callable[[], float] = lambda: 0.999_999
    notices: NotifyPort = field(default_factory=Silence)
    hold_max_s: float | None = None

    async def walk(self, *, assume_waits: bool = False) -> WalkEnd:
        self.events.clear()
        ports = Ports(
            journal=self.journal,
            reads=self.reads,
            effects=self.effects,
            clock=self.clock,
            random=self.random,
            places=lambda _: 6,
            assume_waits=assume_waits,
            notices=self.notices,
            hold_max_s=self.hold_max_s,
        )
        walk = Walk(playbook=self.playbook, inputs=self.inputs, now=START)
        return await Interpreter(walk, ports, self.events.append).run()

    def states(self) -> list[str]:
        """Return how each step of the last walk ended."""
        return [
            f"{event.path} {event.state.value}{' again' if event.reused else ''}"
            for event in self.events
            if isinstance(event, StepFinished)
        ]

    def messages(self) -> list[str]:
        """Return what the steps of the last walk said, without those that said nothing."""
        return [e.message for e in self.events if isinstance(e, StepFinished) and e.message]


def playbook_of(steps: str, *, head: str = "") -> Playbook:
    """Load a playbook with these steps; effects are allowed as far as any test goes."""
    may = "".join(
        f"  {action}: {{count: 9, total: 1000000 USDT}}\n"
        for action in ("mirror.apply", "mirror.settle", "withdrawal.create")
        if action in steps
    )
    may += "  wallet.create: {count: 9}\n" if "wallet.create" in steps else ""
    text = (
        "apiVersion: runner/v1\nkind: Playbook\nname: t\nsummary: A test.\n"
        + head
        + ("once: x\nmay:\n" + may if may else "")
        + "steps:\n"
        + steps
    )
    loaded = load_playbook(source_from_bytes("t.yaml", text.encode("utf-8")), MANIFESTS)
    assert loaded.playbook is not None, [d.summary for d in loaded.diagnostics]
    return loaded.playbook


def positions(amount: str) -> Value:
    """Return what ``mirror.positions`` shows of one USDT position."""
    money = Money(Decimal(amount), "USDT")
    row: Value = {"coin": "USDT", "network": "ETH", "amount": money, "amount_btc": Decimal(0)}
    return {"rows": (row,), "by_coin": {"USDT": money}, "complete": True}


def record(status: str) -> Value:
    """Return what ``mirror.record`` shows of one record."""
    return {"found": True, "record": "r", "status": status}


def assets(amount: str) -> Value:
    """Return what ``wallet.assets`` shows of some USDT on ETH."""
    money = Money(Decimal(amount), "USDT")
    row: Value = {
        "coin": "USDT",
        "network": "ETH",
        "amount": money,
        "available": money,
        "with_mirror": money,
    }
    return {"rows": (row,), "by_coin": {"USDT": money}, "complete": True}
