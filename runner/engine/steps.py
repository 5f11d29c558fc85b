"""One step done: its names, its condition, its verb and its asserts."""

from collections.abc import Mapping

from runner.core.errors import (
    ConfirmationRefused,
    ExpressionFailed,
    LockHeld,
    PlanRefused,
    PolicyDenied,
    RemoteError,
    RemoteRefused,
    RequestInvalid,
    StoreRefused,
)
from runner.core.record import record
from runner.core.types import Record
from runner.core.values import Unknown, Value, duration_text, value_text
from runner.effects.model import OPEN_STATES, EffectState
from runner.engine.events import Emit, StepState
from runner.engine.ports import EffectRequest, EffectResult, Ports
from runner.engine.reading import read_patiently
from runner.engine.scope import Scope
from runner.engine.verdict import Cause
from runner.engine.waiting import Waiting, wait_until
from runner.playbook.expressions.filling import evaluate_template
from runner.playbook.expressions.parse import Expression
from runner.playbook.model import Bare, Confirm, Effect, Step, Use, Wait

READ_TIMEOUT_S = 120.0
_EMPTY = Record("nothing", ())


class Stopped(Exception):
    """Ends the walk at a step, with what the verdict needs; control flow, never shown as it is."""

    def __init__(self, cause: Cause, message: str) -> None:
        """Keep why, and the sentence for people."""
        super().__init__(message)
        self.cause = cause
        self.message = message


@record
class Ended:
    """How a step came out.

    Shapes: ``value`` is None for a step that was skipped or has no verb; ``certain`` is False in a
        dry run where only the run knows whether the step runs at all; ``conditions`` are those of
        ``StepFinished``.
    """

    state: StepState
    value: Value | None
    message: str = ""
    certain: bool = True
    conditions: tuple[str, ...] = ()


@record
class StepRunner:
    """Does steps, one call a step, in the scope of one walk."""

    scope: Scope
    ports: Ports
    emit: Emit

    async def run(self, step: Step) -> Ended:
        """Do what the step says.

        Errors: ``Stopped``, whatever went wrong.
        """
        try:
            return await self._verb(step)
        except ExpressionFailed as error:
            raise Stopped(Cause.ENDED, str(error)) from error
        except (PlanRefused, StoreRefused) as error:
            raise Stopped(Cause.DRIFTED, str(error)) from error
        except LockHeld as error:
            raise Stopped(Cause.LOCKED, str(error)) from error
        except PolicyDenied as error:
            raise Stopped(Cause.DENIED, str(error)) from error
        except ConfirmationRefused as error:
            raise Stopped(Cause.UNAPPROVED, str(error)) from error
        except RemoteError as error:
            refused = isinstance(error, RemoteRefused | RequestInvalid) and not error.retryable
            raise Stopped(Cause.ENDED if refused else Cause.UNREACHABLE, str(error)) from error

    async def _verb(self, step: Step) -> Ended:
        names = self.scope.locals(step)
        decided = None if step.condition is None else self.scope.holds(step.condition, names)
        found = [] if step.condition is None else [_found("if", step.condition, decided)]
        if decided is False:
            if isinstance(step.verb, Effect):
                await self.ports.effects.pass_over(step.path)
            return Ended(
                state=StepState.SKIPPED,
                value=None,
                message="`if` is false",
                conditions=tuple(found),
            )
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
        if isinstance(step.verb, Wait):
            found += _awaited(step.verb, assumed=self.ports.assume_waits)
        assumed = self._assert(step, names, value, found)
        if isinstance(step.verb, Wait) and self.ports.assume_waits:
            assumed = "assumed to succeed; the run will wait"
        if undecided:
            assumed = "only the run can decide `if`; planned as if it holds"
            value = None if value is None else Unknown(step_type(step))
        state = StepState.ASSUMED if assumed else StepState.DONE
        return Ended(
            state=state,
            value=value,
            message=assumed,
            certain=not undecided,
            conditions=tuple(found),
        )

    async def _use(self, step: Step, verb: Use, names: Mapping[str, Value]) -> Value:
        timeout_s = READ_TIMEOUT_S if verb.timeout is None else verb.timeout.total_seconds()
        arguments = self.scope.arguments(step, names)
        return await read_patiently(self.ports, verb.manifest, arguments, timeout_s=timeout_s)

    async def _effect(
        self, step: Step, verb: Effect, names: Mapping[str, Value], *, undecided: bool
    ) -> Value:
        result = await self.ports.effects.perform(
            EffectRequest(
                path=step.path,
                manifest=verb.manifest,
                arguments=self.scope.arguments(step, names),
                until_final=verb.confirm is Confirm.FINAL,
                within_s=verb.within.total_seconds(),
                every_s=verb.every.start.total_seconds(),
                every_s_max=verb.every.end.total_seconds(),
                undecided=undecided,
            )
        )
        enough = {EffectState.PLANNED, EffectState.CONFIRMED}
        # A result for another path is the effect that stands in this one's way.
        if verb.confirm is Confirm.ACCEPTED and result.path == step.path:
            enough.add(EffectState.ACCEPTED)
        _raise_unless(enough, result)
        return result.value

    async def _wait(self, step: Step, verb: Wait, names: Mapping[str, Value]) -> Value:
        if self.ports.assume_waits:
            return Unknown(verb.manifest.result)
        now = self.ports.clock.now()
        _, deadline = await self.ports.journal.started(
            step.path, at=now, deadline=now + verb.timeout
        )
        assert deadline is not None
        arguments = self.scope.arguments(step, names)
        fail_if = verb.fail_if
        end = await wait_until(
            Waiting(
                path=step.path,
                look=lambda: self.ports.reads.read(verb.manifest, arguments),
                holds=lambda value: (
                    self.scope.holds(verb.until, {**names, "result": value}) is True
                ),
                fails=lambda value: (
                    fail_if is not None
                    and self.scope.holds(fail_if, {**names, "result": value}) is True
                ),
                every=verb.every,
                deadline=deadline,
            ),
            self.ports,
            self.emit,
        )
        if not end.held:
            raise Stopped(Cause.ENDED, self._words(step, names, end.reason))
        assert end.value is not None
        return end.value

    def _assert(
        self, step: Step, names: Mapping[str, Value], value: Value | None, found: list[str]
    ) -> str:
        seen = dict(names) if value is None else {**names, "result": value}
        unknown = 0
        for expression in step.asserts:
            holds = self.scope.holds(expression, seen)
            if holds is False:
                reason = f"assert failed: {expression.text.strip()}"
                raise Stopped(Cause.ENDED, self._words(step, seen, reason))
            unknown += holds is None
            found.append(_found("assert", expression, holds))
        return "only the run can decide its assert" if unknown else ""

    def _words(self, step: Step, names: Mapping[str, Value], reason: str) -> str:
        if step.message is None:
            return reason
        try:
            value = evaluate_template(step.message, None, self.scope.environment(names))
            return f"{value_text(value)} ({reason})"
        except (ExpressionFailed, TypeError):
            # A message that cannot be made must not hide the reason it was meant to explain.
            return reason

    async def settle(self) -> None:
        """Take every accepted effect to its end.

        Errors: ``Stopped`` when one did not end well, or has not ended yet.
        """
        try:
            results = await self.ports.effects.settle_all()
        except RemoteError as error:
            raise Stopped(Cause.NOT_FINAL, str(error)) from error
        for result in sorted(results, key=lambda each: _OPENNESS.get(each.state, 1)):
            _raise_unless({EffectState.PLANNED, EffectState.CONFIRMED}, result)


_OPENNESS = {
    **dict.fromkeys(OPEN_STATES, 0),
    EffectState.REJECTED: 2,
    EffectState.FAILED: 2,
    EffectState.CANCELLED: 3,
    EffectState.CONFIRMED: 4,
}
"""What is most open decides how a run stands; 1 is for effects that are not final yet."""


def _found(word: str, expression: Expression, holds: bool | None) -> str:  # noqa: FBT001
    said = "only the run knows" if holds is None else str(holds).lower()
    return f"{word} {_one_line(expression)}: {said}"


def _awaited(verb: Wait, *, assumed: bool) -> list[str]:
    found = [f"until {_one_line(verb.until)}: {'assumed' if assumed else 'true'}"]
    if verb.fail_if is not None:
        found.append(f"fail_if {_one_line(verb.fail_if)}: {'not assumed' if assumed else 'false'}")
    return [*found, f"for at most {duration_text(verb.timeout)}"]


def _one_line(expression: Expression) -> str:
    return " ".join(expression.text.split())


def _raise_unless(enough: set[EffectState], result: EffectResult) -> None:
    if result.state in enough:
        return
    if result.state in OPEN_STATES:
        raise Stopped(Cause.OUTCOME_UNKNOWN, f"{result.path}: {result.reason}")
    if result.state is EffectState.CANCELLED:
        raise Stopped(Cause.DRIFTED, f"{result.path}: {result.reason}")
    if result.state in {EffectState.REJECTED, EffectState.FAILED}:
        raise Stopped(Cause.EFFECT_FAILED, f"{result.path}: {result.reason}")
    raise Stopped(Cause.NOT_FINAL, f"{result.path}: accepted, not final yet")


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
