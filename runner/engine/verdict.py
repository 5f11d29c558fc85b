"""How a walk over a playbook ended, and the exit code that says so."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from runner.core.errors import ExitCode
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.effects.model import OPEN_STATES, EffectState


class Cause(StrEnum):
    """Why a walk stopped."""

    DONE = "done"
    ENDED = "ended"
    """An assert, a wait, a read or an expression ended it."""
    EFFECT_FAILED = "effect_failed"
    ITEM_FAILED = "item_failed"
    """An item or a branch failed, and the others were finished."""
    DRIFTED = "drifted"
    """An effect was no longer what the plan pinned, or came too late."""
    NOT_FINAL = "not_final"
    SUSPENDED = "suspended"
    """A wait or a pause would have held the process longer than it may be held."""
    OUTCOME_UNKNOWN = "outcome_unknown"
    DENIED = "denied"
    """Policy or a cap said no, before this effect was sent."""
    STOPPED = "stopped"
    """The kill switch is on, and this effect was not sent."""
    UNAPPROVED = "unapproved"
    """An approval that policy asks for is missing, was refused, or holds no more."""
    UNREACHABLE = "unreachable"
    LOCKED = "locked"
    INTERRUPTED = "interrupted"
    TERMINATED = "terminated"
    CANCELLED = "cancelled"
    """A person has asked that nothing more begins."""


RESUMABLE = frozenset(
    {
        Cause.NOT_FINAL,
        Cause.SUSPENDED,
        Cause.OUTCOME_UNKNOWN,
        Cause.STOPPED,
        Cause.UNAPPROVED,
        Cause.UNREACHABLE,
        Cause.LOCKED,
        Cause.INTERRUPTED,
        Cause.TERMINATED,
    }
)
"""Causes after which the run is still owned and ``resume`` goes on."""


_WORST_FIRST = (
    Cause.OUTCOME_UNKNOWN,
    Cause.NOT_FINAL,
    Cause.SUSPENDED,
    Cause.TERMINATED,
    Cause.INTERRUPTED,
    Cause.STOPPED,
    Cause.UNAPPROVED,
    Cause.DENIED,
    Cause.EFFECT_FAILED,
    Cause.ITEM_FAILED,
    Cause.DRIFTED,
    Cause.CANCELLED,
    Cause.ENDED,
    Cause.LOCKED,
    Cause.UNREACHABLE,
    Cause.DONE,
)


def worst_first(cause: Cause) -> int:
    """Return where a cause stands in the order of precedence; the smallest number decides.

    Source: DESIGN section 8, the precedence of exit codes.
    """
    return _WORST_FIRST.index(cause)


@record
class WalkEnd:
    """What the interpreter returns.

    Shapes: ``path`` is the step it stopped at, or empty; ``message`` is a sentence; ``outputs`` are
        the playbook's, in JSON, and empty unless the walk is done; ``due`` is when a suspended
        walk is to be gone on with.
    """

    cause: Cause
    path: str = ""
    message: str = ""
    due: datetime | None = None
    outputs: Mapping[str, JsonValue]

    @property
    def resumable(self) -> bool:
        """Tell whether the run goes on with ``resume``."""
        return self.cause in RESUMABLE


_STOPPED = {
    Cause.INTERRUPTED: ExitCode.INTERRUPTED,
    Cause.TERMINATED: ExitCode.TERMINATED,
    Cause.LOCKED: ExitCode.LOCKED,
    Cause.UNREACHABLE: ExitCode.UNREACHABLE,
}


def exit_code(cause: Cause, states: Iterable[EffectState], *, sent: bool) -> ExitCode:
    """Return the exit code of a walk.

    Shapes: ``states`` are those of every effect of the run; ``sent`` tells whether any attempt of
        the run may have left.
    Source: DESIGN section 8, the table and its precedence.
    """
    seen = frozenset(states)
    if seen & OPEN_STATES or cause is Cause.OUTCOME_UNKNOWN:
        return ExitCode.OUTCOME_UNKNOWN
    if EffectState.ACCEPTED in seen or cause in {Cause.NOT_FINAL, Cause.SUSPENDED}:
        return ExitCode.NOT_FINAL
    if cause in {Cause.INTERRUPTED, Cause.TERMINATED}:
        return _STOPPED[cause]
    if cause in {Cause.DENIED, Cause.STOPPED, Cause.UNAPPROVED}:
        return ExitCode.NOT_APPROVED if cause is Cause.UNAPPROVED else ExitCode.DENIED
    if cause is Cause.EFFECT_FAILED or seen & {EffectState.REJECTED, EffectState.FAILED}:
        return ExitCode.FAILED
    if cause is Cause.ITEM_FAILED and sent:
        return ExitCode.FAILED
    if cause is Cause.DRIFTED:
        return ExitCode.ENDED_AFTER_SENDING if sent else ExitCode.PLAN_REFUSED
    if cause in {Cause.ENDED, Cause.ITEM_FAILED, Cause.CANCELLED}:
        return ExitCode.ENDED_AFTER_SENDING if sent else ExitCode.ENDED_BEFORE_SENDING
    return _STOPPED.get(cause, ExitCode.DONE)
