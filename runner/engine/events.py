"""What happened, as frozen facts; screens, logs and reports are made from these alone."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from runner.core.errors import ExitCode
from runner.core.jsonvalue import JsonValue
from runner.core.record import record


class StepState(StrEnum):
    """How a step ended."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    SUSPENDED = "suspended"
    ASSUMED = "assumed"
    """Dry run only: a wait, or an assert on values that only the run can know."""


@record
class RunStarted:
    """A walk over a playbook began; ``resumed`` when an earlier process had begun it."""

    at: datetime
    run_id: str
    playbook: str
    labels: Mapping[str, str]
    dry: bool
    resumed: bool
    step_count: int


@record
class StepStarted:
    """A step began; ``kind`` is ``use``, ``notify``, ``effect``, ``wait`` or ``bare``."""

    at: datetime
    path: str
    title: str
    kind: str
    action: str


@record
class WaitLooked:
    """A wait looked once; ``holds`` is what ``until`` said, ``next_in_s`` the pause to come."""

    at: datetime
    path: str
    look_number: int
    holds: bool
    next_in_s: float
    deadline: datetime


@record
class NoticeTried:
    """A notice was tried to be delivered, or was not; ``attempt_number`` counts from 1."""

    at: datetime
    path: str
    action: str
    target: str
    delivered: bool
    reason: str
    attempt_number: int


@record
class EffectChanged:
    """An effect made a durable transition."""

    at: datetime
    path: str
    action: str
    state: str
    request_id: str
    order_id: str
    status: str
    attempt_number: int
    reason: str
    evidence: JsonValue = None


@record
class StepFinished:
    """A step ended; ``reused`` when an earlier process had finished it.

    Shapes: ``conditions`` says of each `if`, `assert`, `until` and `fail_if` that was met what it
        was found to be: ``assert result.normal: true``; empty for a step that is reused.
    """

    at: datetime
    path: str
    title: str
    kind: str
    action: str
    state: StepState
    duration_s: float
    reused: bool
    message: str = ""
    result: JsonValue = None
    conditions: tuple[str, ...] = ()


@record
class RunFinished:
    """The walk ended; ``message`` says why in a sentence, ``suspended`` that ``resume`` goes on."""

    at: datetime
    run_id: str
    exit_code: ExitCode
    suspended: bool
    message: str
    duration_s: float
    outputs: Mapping[str, JsonValue]


Event: TypeAlias = (
    RunStarted | StepStarted | WaitLooked | NoticeTried | EffectChanged | StepFinished | RunFinished
)
Emit: TypeAlias = Callable[[Event], None]
"""The engine's only way to speak; it must not raise and must not block."""
