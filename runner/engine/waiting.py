"""Waiting for a condition: look, and look again, until it holds or time is up."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from runner.core.errors import RemoteError
from runner.core.record import record
from runner.core.values import Value
from runner.engine.events import Emit, WaitLooked
from runner.engine.ports import Ports
from runner.engine.reading import jittered
from runner.playbook.model import Every

PAUSE_FACTOR = 1.6


@record
class WaitEnd:
    """How a wait ended: it ``held``, with the value that held, or not, with the reason."""

    held: bool
    value: Value | None = None
    reason: str = ""


@record
class Waiting:
    """What one wait looks at and how it judges.

    Shapes: ``holds`` and ``fails`` judge a value that was read; ``deadline`` is the journalled one,
        so that a restart neither shortens nor lengthens the wait; ``rest`` lets some seconds pass.
    """

    path: str
    look: Callable[[], Awaitable[Value]]
    holds: Callable[[Value], bool]
    fails: Callable[[Value], bool]
    every: Every
    deadline: datetime
    rest: Callable[[float], Awaitable[None]]


async def wait_until(waiting: Waiting, ports: Ports, emit: Emit) -> WaitEnd:
    """Look until the condition holds, fails, or the deadline has passed.

    The first look comes before any judgement of time: after a restart a wait whose deadline has
    passed meanwhile still looks once. A look that cannot be taken says nothing and is taken again;
    one that the custodian refuses for good ends the wait.
    Errors: a ``RemoteError`` that is not retryable.
    """
    pause_s = waiting.every.start.total_seconds()
    last = "the condition did not hold"
    look_number = 0
    while True:
        look_number += 1
        try:
            value = await waiting.look()
        except RemoteError as error:
            if not error.retryable:
                raise
            last = f"the last look failed: {error}"
        else:
            last = "the condition did not hold"
            if waiting.fails(value):
                return WaitEnd(held=False, value=value, reason="`fail_if` holds")
            if waiting.holds(value):
                return WaitEnd(held=True, value=value)
        left_s = (waiting.deadline - ports.clock.now()).total_seconds()
        if left_s <= 0:
            return WaitEnd(held=False, reason=f"timed out after {look_number} looks: {last}")
        next_in_s = min(jittered(pause_s, ports.random()), left_s)
        emit(
            WaitLooked(
                at=ports.clock.now(),
                path=waiting.path,
                look_number=look_number,
                holds=False,
                next_in_s=next_in_s,
                deadline=waiting.deadline,
            )
        )
        await waiting.rest(next_in_s)
        pause_s = min(pause_s * PAUSE_FACTOR, waiting.every.end.total_seconds())
