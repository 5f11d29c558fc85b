"""The interpreter: one walk over a playbook, the same for the dry run and the real one.

A step's end is journalled under its path before the next step begins, so that resuming is looking
up, not replaying: a resumed walk sees exactly the values the first one journalled.
"""

from collections.abc import Mapping
from datetime import datetime

from runner.core.errors import ExitCode, ExpressionFailed
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.core.values import Unknown, Value, value_from_json, value_to_json
from runner.engine.events import Emit, StepFinished, StepStarted, StepState
from runner.engine.ports import OutcomeState, Ports, StepOutcome
from runner.engine.scope import Scope
from runner.engine.steps import StepRunner, Stopped, step_kind, step_type
from runner.engine.verdict import Cause, WalkEnd
from runner.playbook.model import Playbook, Step


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
        self._emit = emit
        self._scope = Scope(inputs=walk.inputs, now=walk.now, ports=ports)
        self._steps = StepRunner(scope=self._scope, ports=ports, emit=emit)

    async def run(self) -> WalkEnd:
        """Walk from the first step that has no journalled end to the last, or to where it stops.

        Errors: none of ours; what a step raises becomes the end of the walk.
        """
        for step in self._walk.playbook.steps:
            try:
                await self._step(step)
            except Stopped as stop:
                return await self._stopped(step, stop)
        try:
            await self._steps.settle()
            outputs = self._scope.outputs(self._walk.playbook)
        except Stopped as stop:
            return WalkEnd(cause=stop.cause, message=stop.message, outputs={})
        except ExpressionFailed as error:
            return WalkEnd(cause=Cause.ENDED, message=f"outputs: {error}", outputs={})
        return WalkEnd(cause=Cause.DONE, outputs={k: value_to_json(v) for k, v in outputs.items()})

    async def _stopped(self, step: Step, stop: Stopped) -> WalkEnd:
        end = WalkEnd(cause=stop.cause, path=step.path, message=stop.message, outputs={})
        if end.resumable:
            return end
        try:
            # A run that ends leaves nothing behind that is only accepted.
            await self._steps.settle()
        except Stopped as unsettled:
            if unsettled.cause not in {Cause.DRIFTED, stop.cause}:
                message = f"{unsettled.message} (the run stopped at {step.path}: {stop.message})"
                return WalkEnd(cause=unsettled.cause, path=step.path, message=message, outputs={})
        return end

    async def _step(self, step: Step) -> None:
        outcome = await self._ports.journal.outcome(step.path)
        if outcome is not None:
            self._reuse(step, outcome)
            return
        started_at = self._ports.clock.now()
        started_s = self._ports.clock.monotonic_s()
        kind, action = step_kind(step)
        self._emit(
            StepStarted(at=started_at, path=step.path, title=step.title, kind=kind, action=action)
        )
        try:
            ended = await self._steps.run(step)
        except Stopped as stop:
            await self._stop(step, stop, started_at, started_s)
            raise
        result = None if ended.value is None else value_to_json(ended.value)
        skipped = ended.state is StepState.SKIPPED
        await self._ports.journal.finished(
            step.path,
            StepOutcome(
                state=OutcomeState.SKIPPED if skipped else OutcomeState.DONE,
                result=result,
                message=ended.message,
                exit_code=ExitCode.DONE,
                started_at=started_at,
                finished_at=self._ports.clock.now(),
            ),
        )
        if skipped:
            self._scope.keep(step, None)
        elif ended.value is not None:
            # Decoded from what was journalled, so that live and resumed walks cannot differ.
            self._scope.keep(step, value_from_json(result, step_type(step)), certain=ended.certain)
        else:
            # A step without a verb has no value, and yet it ran.
            nothing: Value = {} if ended.certain else Unknown(step_type(step))
            self._scope.keep(step, nothing, certain=ended.certain)
        self._finished(
            step,
            ended.state,
            self._since_s(started_s),
            message=ended.message,
            result=result,
            conditions=ended.conditions,
        )

    async def _stop(
        self, step: Step, stop: Stopped, started_at: datetime, started_s: float
    ) -> None:
        end = WalkEnd(cause=stop.cause, outputs={})
        if end.resumable:
            self._finished(
                step, StepState.SUSPENDED, self._since_s(started_s), message=stop.message
            )
            return
        await self._ports.journal.finished(
            step.path,
            StepOutcome(
                state=OutcomeState.FAILED,
                result={"cause": stop.cause.value},
                message=stop.message,
                exit_code=ExitCode.FAILED,
                started_at=started_at,
                finished_at=self._ports.clock.now(),
            ),
        )
        self._finished(step, StepState.FAILED, self._since_s(started_s), message=stop.message)

    def _reuse(self, step: Step, outcome: StepOutcome) -> None:
        self._finished(
            step,
            _STATES[outcome.state],
            (outcome.finished_at - outcome.started_at).total_seconds(),
            message=outcome.message,
            result=outcome.result,
            reused=True,
        )
        if outcome.state is OutcomeState.FAILED:
            assert isinstance(outcome.result, Mapping)
            raise Stopped(Cause(str(outcome.result["cause"])), outcome.message)
        if outcome.state is OutcomeState.SKIPPED:
            self._scope.keep(step, None)
        elif outcome.result is not None:
            self._scope.keep(step, value_from_json(outcome.result, step_type(step)))
        else:
            self._scope.keep(step, {})

    def _since_s(self, started_s: float) -> float:
        return self._ports.clock.monotonic_s() - started_s

    def _finished(  # noqa: PLR0913 - each is a field of the event
        self,
        step: Step,
        state: StepState,
        duration_s: float,
        *,
        message: str = "",
        result: JsonValue = None,
        reused: bool = False,
        conditions: tuple[str, ...] = (),
    ) -> None:
        kind, action = step_kind(step)
        self._emit(
            StepFinished(
                at=self._ports.clock.now(),
                path=step.path,
                title=step.title,
                kind=kind,
                action=action,
                state=state,
                duration_s=duration_s,
                reused=reused,
                message=message,
                result=result,
                conditions=conditions,
            )
        )


_STATES = {
    OutcomeState.DONE: StepState.DONE,
    OutcomeState.SKIPPED: StepState.SKIPPED,
    OutcomeState.FAILED: StepState.FAILED,
}
