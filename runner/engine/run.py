"""The interpreter: one walk over a playbook, the same for the dry run and the real one.

A step's end is journalled under its path before the next step begins, so that resuming is looking
up, not replaying: a resumed walk sees exactly the values the first one journalled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from runner.core.errors import (
    ExitCode,
    ExpressionFailed,
    LockHeld,
    PlanRefused,
    RemoteError,
    RemoteRefused,
)
from runner.core.jsonvalue import JsonValue
from runner.core.types import Record
from runner.core.values import Unknown, Value, value_from_json, value_text, value_to_json
from runner.effects.model import OPEN_STATES, EffectState
from runner.engine.events import Emit, StepFinished, StepStarted, StepState
from runner.engine.ports import EffectRequest, EffectResult, OutcomeState, Ports, StepOutcome
from runner.engine.reading import read_patiently
from runner.engine.scope import Scope
from runner.engine.verdict import Cause, WalkEnd
from runner.engine.waiting import Waiting, wait_until
from runner.playbook.expressions.template import evaluate_template
from runner.playbook.model import Bare, Confirm, Effect, Playbook, Step, Use, Wait

READ_TIMEOUT_S = 120.0
_EMPTY = Record("nothing", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What is walked: a playbook, its inputs, and the moment its expressions call ``now``."""

    playbook: Playbook
    inputs: Mapping[str, Value]
    now: datetime


class _Stopped(Exception):
    """Ends the walk at a step, with what the verdict needs."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause = cause
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """How a step's verb and asserts came out."""

    state: StepState
    value: Value | None
    message: str = ""
    certain: bool = True


class Interpreter:
    """Walks one playbook once; a new walk needs a new interpreter."""

    def __init__(self, walk: Walk, ports: Ports, emit: Emit) -> None:
        """Take what to walk, what to reach out with, and where to report."""
        self._walk = walk
        self._ports = ports
        self._emit = emit
        self._scope = Scope(inputs=walk.inputs, now=walk.now, ports=ports)

    async def run(self) -> WalkEnd:
        """Walk from the first step that has no journalled end to the last, or to where it stops.

        Errors: none of ours; what a step raises becomes the end of the walk.
        """
        for step in self._walk.playbook.steps:
            try:
                await self._step(step)
            except _Stopped as stop:
                return await self._stopped(step, stop)
        try:
            await self._settle()
            outputs = self._scope.outputs(self._walk.playbook)
        except _Stopped as stop:
            return WalkEnd(cause=stop.cause, message=stop.message, outputs={})
        except ExpressionFailed as error:
            return WalkEnd(cause=Cause.ENDED, message=f"outputs: {error}", outputs={})
        return WalkEnd(cause=Cause.DONE, outputs={k: value_to_json(v) for k, v in outputs.items()})

    async def _stopped(self, step: Step, stop: _Stopped) -> WalkEnd:
        end = WalkEnd(cause=stop.cause, path=step.path, message=stop.message, outputs={})
        if end.resumable:
            return end
        try:
            # A run that ends leaves nothing behind that is only accepted.
            await self._settle()
        except _Stopped as unsettled:
            if unsettled.cause is not Cause.DRIFTED:
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
            ended = await self._attempt(step)
        except _Stopped as stop:
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
        self._finished(step, ended.state, started_s, message=ended.message, result=result)

    async def _stop(
        self, step: Step, stop: _Stopped, started_at: datetime, started_s: float
    ) -> None:
        end = WalkEnd(cause=stop.cause, outputs={})
        if end.resumable:
            self._finished(step, StepState.SUSPENDED, started_s, message=stop.message)
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
        self._finished(step, StepState.FAILED, started_s, message=stop.message)

    def _reuse(self, step: Step, outcome: StepOutcome) -> None:
        state = {
            OutcomeState.DONE: StepState.DONE,
            OutcomeState.SKIPPED: StepState.SKIPPED,
            OutcomeState.FAILED: StepState.FAILED,
        }[outcome.state]
        kind, action = step_kind(step)
        self._emit(
            StepFinished(
                at=self._ports.clock.now(),
                path=step.path,
                title=step.title,
                kind=kind,
                action=action,
                state=state,
                duration_s=(outcome.finished_at - outcome.started_at).total_seconds(),
                reused=True,
                message=outcome.message,
                result=outcome.result,
            )
        )
        if outcome.state is OutcomeState.FAILED:
            assert isinstance(outcome.result, Mapping)
            raise _Stopped(Cause(str(outcome.result["cause"])), outcome.message)
        if outcome.state is OutcomeState.SKIPPED:
            self._scope.keep(step, None)
        elif outcome.result is not None:
            self._scope.keep(step, value_from_json(outcome.result, step_type(step)))

    def _finished(
        self,
        step: Step,
        state: StepState,
        started_s: float,
        *,
        message: str = "",
        result: JsonValue = None,
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
                duration_s=self._ports.clock.monotonic_s() - started_s,
                reused=False,
                message=message,
                result=result,
            )
        )

    async def _attempt(self, step: Step) -> _Ended:
        try:
            return await self._verb(step)
        except ExpressionFailed as error:
            raise _Stopped(Cause.ENDED, str(error)) from error
        except PlanRefused as error:
            raise _Stopped(Cause.DRIFTED, str(error)) from error
        except LockHeld as error:
            raise _Stopped(Cause.LOCKED, str(error)) from error
        except RemoteError as error:
            refused = isinstance(error, RemoteRefused) and not error.retryable
            raise _Stopped(Cause.ENDED if refused else Cause.UNREACHABLE, str(error)) from error

    async def _verb(self, step: Step) -> _Ended:
        names = self._scope.locals(step)
        decided = None if step.condition is None else self._scope.holds(step.condition, names)
        if decided is False:
            return _Ended(state=StepState.SKIPPED, value=None, message="`if` is false")
        undecided = step.condition is not None and decided is None
        value: Value | None = None
        match step.verb:
            case Use():
                value = await self._use(step, step.verb, names)
            case Effect():
                value = await self._effect(step, step.verb, names, undecided=undecided)
            case Wait():
                value = await self._wait(step, step.verb, names)
            case Bare():
                pass
        assumed = self._assert(step, names, value)
        if isinstance(step.verb, Wait) and self._ports.assume_waits:
            assumed = "assumed to succeed; the run will wait"
        if undecided:
            assumed = "only the run can decide `if`; planned as if it holds"
            value = None if value is None else Unknown(step_type(step))
        state = StepState.ASSUMED if assumed else StepState.DONE
        return _Ended(state=state, value=value, message=assumed, certain=not undecided)

    async def _use(self, step: Step, verb: Use, names: Mapping[str, Value]) -> Value:
        timeout_s = READ_TIMEOUT_S if verb.timeout is None else verb.timeout.total_seconds()
        arguments = self._scope.arguments(step, names)
        return await read_patiently(self._ports, verb.manifest, arguments, timeout_s=timeout_s)

    async def _effect(
        self, step: Step, verb: Effect, names: Mapping[str, Value], *, undecided: bool
    ) -> Value:
        result = await self._ports.effects.perform(
            EffectRequest(
                path=step.path,
                manifest=verb.manifest,
                arguments=self._scope.arguments(step, names),
                until_final=verb.confirm is Confirm.FINAL,
                within_s=verb.within.total_seconds(),
                every_s=verb.every.start.total_seconds(),
                every_s_max=verb.every.end.total_seconds(),
                undecided=undecided,
            )
        )
        enough = {EffectState.PLANNED, EffectState.CONFIRMED}
        if verb.confirm is Confirm.ACCEPTED:
            enough.add(EffectState.ACCEPTED)
        _raise_unless(enough, result)
        return result.value

    async def _wait(self, step: Step, verb: Wait, names: Mapping[str, Value]) -> Value:
        if self._ports.assume_waits:
            return Unknown(verb.manifest.result)
        now = self._ports.clock.now()
        _, deadline = await self._ports.journal.started(
            step.path, at=now, deadline=now + verb.timeout
        )
        assert deadline is not None
        arguments = self._scope.arguments(step, names)
        fail_if = verb.fail_if
        end = await wait_until(
            Waiting(
                path=step.path,
                look=lambda: self._ports.reads.read(verb.manifest, arguments),
                holds=lambda value: (
                    self._scope.holds(verb.until, {**names, "result": value}) is True
                ),
                fails=lambda value: (
                    fail_if is not None
                    and self._scope.holds(fail_if, {**names, "result": value}) is True
                ),
                every=verb.every,
                deadline=deadline,
            ),
            self._ports,
            self._emit,
        )
        if not end.held:
            raise _Stopped(Cause.ENDED, self._words(step, names, end.reason))
        assert end.value is not None
        return end.value

    def _assert(self, step: Step, names: Mapping[str, Value], value: Value | None) -> str:
        seen = dict(names) if value is None else {**names, "result": value}
        unknown = 0
        for expression in step.asserts:
            holds = self._scope.holds(expression, seen)
            if holds is False:
                reason = f"assert failed: {expression.text.strip()}"
                raise _Stopped(Cause.ENDED, self._words(step, seen, reason))
            unknown += holds is None
        return "only the run can decide its assert" if unknown else ""

    def _words(self, step: Step, names: Mapping[str, Value], reason: str) -> str:
        if step.message is None:
            return reason
        try:
            value = evaluate_template(step.message, None, self._scope.environment(names))
            return f"{value_text(value)} ({reason})"
        except (ExpressionFailed, TypeError):
            # A message that cannot be made must not hide the reason it was meant to explain.
            return reason

    async def _settle(self) -> None:
        try:
            results = await self._ports.effects.settle_all()
        except RemoteError as error:
            raise _Stopped(Cause.NOT_FINAL, str(error)) from error
        for result in results:
            _raise_unless({EffectState.PLANNED, EffectState.CONFIRMED}, result)


def _raise_unless(enough: set[EffectState], result: EffectResult) -> None:
    if result.state in enough:
        return
    if result.state in OPEN_STATES:
        raise _Stopped(Cause.OUTCOME_UNKNOWN, f"{result.path}: {result.reason}")
    if result.state is EffectState.CANCELLED:
        raise _Stopped(Cause.DRIFTED, f"{result.path}: {result.reason}")
    if result.state in {EffectState.REJECTED, EffectState.FAILED}:
        raise _Stopped(Cause.EFFECT_FAILED, f"{result.path}: {result.reason}")
    raise _Stopped(Cause.NOT_FINAL, f"{result.path}: accepted, not final yet")


def step_kind(step: Step) -> tuple[str, str]:
    """Return the word for a step's verb and the action it names, or empty."""
    match step.verb:
        case Use(manifest=manifest):
            return "use", manifest.name
        case Effect(manifest=manifest):
            return "effect", manifest.name
        case Wait(manifest=manifest):
            return "wait", manifest.name
        case _:
            return "bare", ""


def step_type(step: Step) -> Record:
    """Return the type of the value a step ends with."""
    match step.verb:
        case Use(manifest=manifest) | Effect(manifest=manifest) | Wait(manifest=manifest):
            return manifest.result
        case _:
            return _EMPTY
