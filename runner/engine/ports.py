"""What the interpreter needs from outside; the dry run and the real run differ in these alone."""

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from runner.catalogue.manifest import Manifest
from runner.core.boundary import Boundary, no_boundary
from runner.core.clock import Clock
from runner.core.errors import ExitCode
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.core.source import Span
from runner.core.values import Value
from runner.effects.model import EffectRow, EffectState
from runner.effects.ports import EffectStore
from runner.playbook.model import Drift, May


class OutcomeState(StrEnum):
    """How a step ended, as journalled."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@record
class StepOutcome:
    """The journalled end of a step; its value is plain JSON, decoded alike live and resumed."""

    state: OutcomeState
    result: JsonValue
    message: str
    exit_code: ExitCode
    started_at: datetime
    finished_at: datetime


@record
class RunRow:
    """A run as the journal knows it.

    Shapes: ``plan`` is the plan file's canonical bytes as text; ``exit_code`` is None until the run
        has ended for good; ``claimed`` tells whether a first attempt has used up its occurrence.
    """

    run_id: str
    digest: str
    plan: str
    playbook: str
    host: str
    entity: str
    occurrence: str
    revision: int
    created_at: datetime
    claimed: bool
    exit_code: ExitCode | None
    message: str
    finished_at: datetime | None
    tool_version: str


@record
class Suspension:
    """A run that was handed back at the step ``path``, and is due again at a moment."""

    run_id: str
    path: str
    at: datetime
    due: datetime


class Store(EffectStore, Protocol):
    """The journal: what a run did, durable before anyone relies on it."""

    @property
    def store_id(self) -> str:
        """Return the id drawn when this journal was made."""
        ...

    async def register_run(self, run: RunRow, files: Mapping[str, bytes]) -> RunRow:
        """Write the run with the bytes of every file its plan read, or return it as it stands.

        A run that was registered but never claimed starts anew: its step outcomes are dropped.
        """
        ...

    async def run(self, run_id: str) -> RunRow | None:
        """Return the run, or None."""
        ...

    async def runs(self, *, limit: int) -> tuple[RunRow, ...]:
        """Return the newest runs, newest first."""
        ...

    async def run_files(self, run_id: str) -> Mapping[str, bytes]:
        """Return the bytes of the files the run's plan read."""
        ...

    async def finish_run(
        self, run_id: str, *, exit_code: ExitCode, message: str, at: datetime
    ) -> None:
        """Write a run's end; a run that has ended keeps its first end."""
        ...

    async def occurrence_owner(
        self, *, host: str, entity: str, playbook: str, occurrence: str, revision: int
    ) -> str | None:
        """Return the run that has used up the occurrence, or None."""
        ...

    async def effects(self, run_id: str) -> tuple[EffectRow, ...]:
        """Return the run's effects in the order of their intents."""
        ...

    async def started_step(
        self, run_id: str, path: str, *, at: datetime, deadline: datetime | None
    ) -> tuple[datetime, datetime | None]:
        """Write a step's first entry, or return the one already written: start and deadline."""
        ...

    async def step_start(self, run_id: str, path: str) -> tuple[datetime, datetime | None] | None:
        """Return a step's first entry as it was written: start and deadline; or None."""
        ...

    async def step_outcome(self, run_id: str, path: str) -> StepOutcome | None:
        """Return the step's end, or None."""
        ...

    async def step_outcomes(self, run_id: str) -> Mapping[str, StepOutcome]:
        """Return every journalled end of the run, by path, in the order they were written."""
        ...

    async def record_step(self, run_id: str, path: str, outcome: StepOutcome) -> None:
        """Write a step's end; a step that has ended keeps its first end."""
        ...

    async def take_locks(self, run_id: str, names: tuple[str, ...], *, at: datetime) -> None:
        """Take all locks in sorted order in one transaction, or none.

        Locks left by a dead run that never claimed anything are taken over.

        Errors: ``LockHeld`` naming the owner.
        """
        ...

    async def release_locks(self, run_id: str, names: tuple[str, ...]) -> None:
        """Give locks back; a lock of a HALTED effect stays."""
        ...


class StepJournal(Protocol):
    """The journal as one run's interpreter sees it: what a step did, by its path."""

    async def outcome(self, path: str) -> StepOutcome | None:
        """Return a step's end, or None while it has none."""
        ...

    async def started(
        self, path: str, *, at: datetime, deadline: datetime | None
    ) -> tuple[datetime, datetime | None]:
        """Keep a step's first entry, or return the one already kept: start and deadline."""
        ...

    async def has_begun(self, path: str) -> bool:
        """Tell whether anything is kept of a step, or of what stands in it."""
        ...

    async def finished(self, path: str, outcome: StepOutcome) -> None:
        """Keep a step's end; a step that has ended keeps its first end."""
        ...


class ReadPort(Protocol):
    """How ``uses`` and ``wait`` look at the world."""

    async def read(self, manifest: Manifest, arguments: Mapping[str, Value]) -> Value:
        """Read once.

        Errors: ``RemoteError``, or ``ExpressionFailed`` for an argument the action refuses.
        """
        ...


@record
class EffectRequest:
    """What a step asks to be done, with its arguments evaluated.

    Shapes: ``undecided`` is True in a dry run whose step has a condition only the run can decide;
        ``not_after`` is when an enclosing ``timeout`` forbids a first attempt, or None, and
        ``timed_by`` is the path of the step it belongs to; ``title`` and ``span`` are the step's.
    Units: seconds.
    """

    path: str
    title: str
    span: Span
    manifest: Manifest
    arguments: Mapping[str, Value]
    until_final: bool
    within_s: float
    every_s: float
    every_s_max: float
    drift: Drift = Drift.EXACT
    not_after: datetime | None = None
    timed_by: str = ""
    undecided: bool = False


@record
class EffectResult:
    """Where an effect stands when its step returns.

    Shapes: ``state`` PLANNED means a dry run; ``value`` is of the manifest's result type;
        ``skipped`` tells that by its ``drift`` the effect does not happen, as if its `if` were
        false; ``reason`` then says why. ``decided`` tells that a person has decided that it was not
        executed: its step has failed. ``note`` is what is to be said of it though it went well.
    """

    path: str
    state: EffectState
    value: Value
    reason: str = ""
    skipped: bool = False
    decided: bool = False
    note: str = ""


class EffectPort(Protocol):
    """How ``effect`` steps act: the dry run records intents, the real run drives them."""

    async def perform(self, request: EffectRequest) -> EffectResult:
        """Take one effect as far as asked.

        Calling again for the same path goes on with the same effect, never a second one.

        Errors: ``PlanRefused`` when the effect is not what the plan pinned; ``RemoteError`` when
        nothing was sent and the custodian cannot be reached; ``LockHeld``.
        """
        ...

    async def pass_over(self, path: str) -> EffectResult | None:
        """Take note that a step's condition is false, so that no effect at or in it is asked for.

        Shapes: what the step gives all the same where an earlier run has done its effect, or None.
        Errors: ``PlanRefused`` when the plan has decided that one of them happens.
        """
        ...

    async def give_up(self, path: str) -> None:
        """Take note that what is left in a step is not done, because it failed and was rescued."""
        ...

    async def cannot_plan(
        self, path: str, code: str, message: str, *, hint: str, span: Span
    ) -> None:
        """Refuse a step whose effects cannot be known; ``code`` is a diagnostic's.

        Errors: ``PlanRefused`` in a real run.
        """
        ...

    async def call_ended(self, path: str, may: Mapping[str, May]) -> None:
        """Hold the effects of one call against the called playbook's own bounds."""
        ...

    async def settle_all(self, under: str = "") -> tuple[EffectResult, ...]:
        """Take every effect that was sent on to its end, and say where each stands.

        Shapes: of the effects in the step ``under`` alone, or of all.
        """
        ...

    async def require_complete(self) -> None:
        """Insist that everything the plan has decided was asked for, or passed over for a reason.

        Errors: ``PlanRefused``.
        """
        ...


@record
class Notice:
    """Something to tell somebody.

    Shapes: ``path`` is the step's; ``failure`` says in words what had failed where the step stands
        in a rescue or a finally, and is empty everywhere else.
    """

    path: str
    target: str
    text: str
    failure: str


@record
class Delivery:
    """What became of one try to deliver a notice.

    Shapes: ``reason`` says why it was not delivered; ``again`` tells that another try might do
        better.
    """

    delivered: bool
    reason: str = ""
    again: bool = False


class NotifyPort(Protocol):
    """How notices leave; nothing that happens to one may end a run."""

    def knows(self, target: str) -> bool:
        """Tell whether there is a target of that name."""
        ...

    async def deliver(self, notice: Notice) -> Delivery:
        """Try once, within ten seconds; whatever goes wrong is the answer and never an error."""
        ...


class Silence:
    """Tells nobody anything, and takes every name for a target."""

    def knows(self, target: str) -> bool:
        """Take every name."""
        del target
        return True

    async def deliver(self, notice: Notice) -> Delivery:
        """Deliver nothing."""
        del notice
        return Delivery(delivered=False, reason="nothing is delivered from here")


@record
class CancelAsked:
    """That a person has asked for the run's end: why, and whether ``finally`` blocks count too."""

    reason: str
    hard: bool = False


class CancelPort(Protocol):
    """Where it is seen that a person has cancelled the run; asked before every step."""

    async def asked(self) -> CancelAsked | None:
        """Return what was asked for, or None."""
        ...


class NobodyCancels:
    """A run that nobody can cancel."""

    async def asked(self) -> CancelAsked | None:
        """Return that nobody has."""
        return None


@record
class Ports:
    """Everything the interpreter reaches out with.

    Shapes: ``random`` gives numbers from 0 inclusive to 1 exclusive; ``places`` gives a coin's
        decimals; ``assume_waits`` makes waits succeed unlooked at, and sends no notices (the dry
        run); ``hold_max_s`` is how long one wait or pause may hold this process, None for as long
        as it takes; ``boundary`` is called around each notice.
    """

    journal: StepJournal
    reads: ReadPort
    effects: EffectPort
    clock: Clock
    random: Callable[[], float]
    places: Callable[[str], int]
    assume_waits: bool = False
    notices: NotifyPort = field(default_factory=Silence)
    cancels: CancelPort = field(default_factory=NobodyCancels)
    hold_max_s: float | None = None
    boundary: Boundary = no_boundary
