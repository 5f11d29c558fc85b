"""The interpreter: one walk over a playbook, the same for the dry run and the real one.

A step's end is journalled under its path before the next step begins, so that resuming is looking
up, not replaying: a resumed walk sees exactly the values the first one journalled.
"""

from collections.abc import Mapping
from datetime import datetime

from runner.core.errors import ExpressionFailed, PlanRefused
from runner.core.record import record
from runner.core.values import Value, value_to_json
from runner.engine.events import Emit
from runner.engine.gate import Gate, Stopped, Withdrawn
from runner.engine.naps import Alarm
from runner.engine.ports import Ports
from runner.engine.scope import Scope
from runner.engine.verdict import Cause, WalkEnd
from runner.engine.walker import Walker
from runner.playbook.model import Playbook


@record
class Walk:
    """What is walked: a playbook, its inputs, and the moment its expressions call ``now``."""

    playbook: Playbook
    inputs: Mapping[str, Value]
    now: datetime


class Interpreter:
    """Walks one playbook once; a new walk needs a new interpreter."""

    def __init__(self, walk: Walk, ports: Ports, emit: Emit) -> None:
        """Take what to walk, what to reach out with, and where to report."""
        self._walk = walk
        self._ports = ports
        self._gate = Gate()
        self._alarm = Alarm()
        self._scope = Scope(inputs=walk.inputs, now=walk.now, ports=ports, gate=self._gate)
        self._walker = Walker(ports, emit, self._alarm, self.notice_cancel)

    def cancel(self, reason: str, *, hard: bool = False) -> None:
        """End the walk softly: effects under way are followed to their end, nothing new begins.

        Waits and pauses end at once. Every ``finally`` whose body was begun runs, unless it is
        ``hard``. Calling twice is safe; the first reason stays.
        """
        self._gate.close(Stopped(Cause.CANCELLED, reason))
        by = self._gate.closed_by
        assert by is not None, "it was closed a moment ago"
        self._alarm.ring(by, hard=hard)

    async def notice_cancel(self) -> None:
        """Look whether a person has cancelled the run, and end the walk if so."""
        asked = await self._ports.cancels.asked()
        if asked is not None:
            self.cancel(asked.reason, hard=asked.hard)

    async def run(self) -> WalkEnd:
        """Walk from the first step that has no journalled end to the last, or to where it stops.

        Errors: none of ours; what a step raises becomes the end of the walk.
        """
        try:
            await self._walker.sequence(self._walk.playbook.steps, self._scope)
        except Stopped as stop:
            return await self._stopped(stop)
        except Withdrawn as withdrawn:
            return await self._stopped(withdrawn.by)
        try:
            await self._walker.steps.settle()
            await self._ports.effects.require_complete()
            outputs = self._scope.outputs(self._walk.playbook)
        except Stopped as stop:
            return WalkEnd(cause=stop.cause, message=stop.message, outputs={})
        except PlanRefused as error:
            return WalkEnd(cause=Cause.DRIFTED, message=str(error), outputs={})
        except ExpressionFailed as error:
            return WalkEnd(cause=Cause.ENDED, message=f"outputs: {error}", outputs={})
        return WalkEnd(cause=Cause.DONE, outputs={k: value_to_json(v) for k, v in outputs.items()})

    async def _stopped(self, stop: Stopped) -> WalkEnd:
        end = WalkEnd(
            cause=stop.cause, path=stop.path, message=stop.message, due=stop.due, outputs={}
        )
        if end.resumable:
            return end
        try:
            # A run that ends leaves nothing behind that is only accepted, or open.
            await self._walker.steps.settle()
        except Stopped as unsettled:
            if unsettled.cause not in {Cause.DRIFTED, stop.cause}:
                where = stop.path or "the run"
                message = f"{unsettled.message} (the run stopped at {where}: {stop.message})"
                return WalkEnd(cause=unsettled.cause, path=stop.path, message=message, outputs={})
        return end
