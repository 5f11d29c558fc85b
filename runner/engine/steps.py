"""One step done: its names, its condition, its verb and its asserts."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from runner.catalogue.manifest import ActionKind
from runner.core.errors import (
    ConfirmationRefused,
    ExpressionFailed,
    LockHeld,
    PlanRefused,
    PolicyDenied,
    RemoteError,
    RemoteRefused,
    RequestInvalid,
    RunCancelled,
    SendingStopped,
    StoreRefused,
)
from runner.core.record import record
from runner.core.values import Unknown, Value, duration_text, value_text
from runner.effects.model import OPEN_STATES, EffectState
from runner.engine.events import Emit, StepState
from runner.engine.gate import Stopped
from runner.engine.naps import Alarm
from runner.engine.ports import EffectRequest, EffectResult, Ports
from runner.engine.reading import read_patiently
from runner.engine.scope import Deadline, Scope
from runner.engine.telling import ASSUMED as NOT_TOLD
from runner.engine.telling import Telling, tell, words_of
from runner.engine.verdict import Cause
from runner.engine.waiting import Waiting, wait_until
from runner.playbook.expressions.evaluate import evaluate
from runner.playbook.expressions.filling import evaluate_template
from runner.playbook.expressions.parse import Expression
from runner.playbook.model import (
    Bare,
    Call,
    Confirm,
    Effect,
    Group,
    Parallel,
    Pause,
    Step,
    Try,
    Use,
    Verb,
    Wait,
    has_effect,
)
from runner.playbook.results import NOTHING, item_type

READ_TIMEOUT_S: Final = 120.0
KINDS: Final = ("assert", "wait", "effect", "read", "unreachable", "expression", "timeout")
"""What ``error.kind`` can be in a rescue."""


@record
class Spot:
    """One step at one place of the walk.

    Shapes: ``path`` is the step's, from the root, its key included; ``names`` are the locals of the
        steps around it, and the item of its loop.
    """

    step: Step
    path: str
    title: str
    scope: Scope
    names: Mapping[str, Value]


Compound: TypeAlias = Callable[[Spot], Awaitable[Value]]
"""Does the steps inside a step and returns what they gave."""


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


class _PassedOver(Exception):
    """An effect does not happen, by its ``drift``; control flow inside this module."""


@record
class StepRunner:
    """Does steps, one call a step."""

    ports: Ports
    emit: Emit
    alarm: Alarm
    compound: Compound

    async def run(self, spot: Spot) -> Ended:
        """Do what the step says.

        Errors: ``Stopped``, whatever went wrong; ``Withdrawn`` where it was not to go on.
        """
        return await self.translated(spot, lambda: self._verb(spot))

    async def translated(self, spot: Spot, work: Callable[[], Awaitable[Ended]]) -> Ended:
        """Do some work at a step, and turn what it meets into the end of the walk.

        Errors: as ``run``.
        """
        try:
            return await work()
        except ExpressionFailed as error:
            raise Stopped(Cause.ENDED, str(error), kind="expression") from error
        except (PlanRefused, StoreRefused) as error:
            raise Stopped(Cause.DRIFTED, str(error)) from error
        except RunCancelled as error:
            raise Stopped(Cause.CANCELLED, str(error)) from error
        except LockHeld as error:
            raise Stopped(Cause.LOCKED, str(error)) from error
        except SendingStopped as error:
            raise Stopped(Cause.STOPPED, str(error)) from error
        except PolicyDenied as error:
            raise Stopped(Cause.DENIED, str(error)) from error
        except ConfirmationRefused as error:
            raise Stopped(Cause.UNAPPROVED, str(error)) from error
        except RemoteError as error:
            raise _remote_stop(spot, error) from error

    async def _verb(self, spot: Spot) -> Ended:
        step, scope = spot.step, spot.scope
        names = scope.locals(step.lets, spot.names)
        decided = None if step.condition is None else scope.holds(step.condition, names)
        found = [] if step.condition is None else [_found("if", step.condition, decided)]
        if decided is False:
            return await self._skipped(spot, "`if` is false", found)
        undecided = step.condition is not None and decided is None
        notes: list[str] = []
        try:
            value = await self._value(spot, names, notes, undecided=undecided)
        except _PassedOver as passed:
            return Ended(
                state=StepState.SKIPPED, value=None, message=str(passed), conditions=tuple(found)
            )
        if isinstance(step.verb, Wait):
            found += _awaited(step.verb, assumed=self.ports.assume_waits)
        assumed = self._assert(spot, names, value, found)
        if isinstance(step.verb, Wait | Pause) and self.ports.assume_waits:
            assumed = _ASSUMED[type(step.verb)]
        tells = is_notice(step.verb)
        if tells and self.ports.assume_waits:
            assumed = NOT_TOLD
        if undecided:
            assumed = "only the run can decide `if`; planned as if it holds"
            value = None if value is None else Unknown(item_type(step) or NOTHING)
        state = StepState.ASSUMED if assumed else StepState.DONE
        return Ended(
            state=state,
            value=value,
            message=assumed or "; ".join([words_of(value)] if tells else notes),
            certain=not undecided,
            conditions=tuple(found),
        )

    async def _skipped(self, spot: Spot, why: str, found: list[str]) -> Ended:
        done = None
        if has_effect(spot.step):
            done = await self.ports.effects.pass_over(spot.path)
        if done is not None:
            words = f"{done.note}; {why} now"
            return Ended(
                state=StepState.DONE, value=done.value, message=words, conditions=tuple(found)
            )
        return Ended(state=StepState.SKIPPED, value=None, message=why, conditions=tuple(found))

    async def _value(
        self, spot: Spot, names: Mapping[str, Value], notes: list[str], *, undecided: bool
    ) -> Value | None:
        match spot.step.verb:
            case Use() as verb:
                return await self._use(spot, verb, names)
            case Effect() as verb:
                undecided = undecided or spot.scope.undecided
                result = await self._effect(spot, verb, names, undecided=undecided)
                notes += [result.note] if result.note else []
                return result.value
            case Wait() as verb:
                return await self._wait(spot, verb, names)
            case Pause() as verb:
                await self._pause(spot, verb, names)
                return None
            case Bare():
                return None
            case _:
                return await self.compound(_inside(spot, names, undecided=undecided))

    async def _use(self, spot: Spot, verb: Use, names: Mapping[str, Value]) -> Value:
        if is_notice(verb):
            return await tell(
                Telling(
                    path=spot.path,
                    span=spot.step.span,
                    verb=verb,
                    failure=spot.scope.failure,
                    left_s=self._time_left_s(spot),
                    arguments=lambda: spot.scope.arguments(verb, names),
                ),
                self.ports,
                self.emit,
            )
        arguments = spot.scope.arguments(verb, names)
        return await read_patiently(
            self.ports,
            verb.manifest,
            arguments,
            timeout_s=self._time_left_s(spot),
            retry=verb.retry,
        )

    def _time_left_s(self, spot: Spot) -> float:
        own = spot.step.timeout
        left_s = READ_TIMEOUT_S if own is None else own.total_seconds()
        deadline = spot.scope.deadline
        if deadline is not None:
            left_s = min(left_s, (deadline.at - self.ports.clock.now()).total_seconds())
        return left_s

    async def _effect(
        self, spot: Spot, verb: Effect, names: Mapping[str, Value], *, undecided: bool
    ) -> EffectResult:
        last = await self._last_moment(spot)
        result = await self.ports.effects.perform(
            EffectRequest(
                path=spot.path,
                title=spot.title,
                span=spot.step.span,
                manifest=verb.manifest,
                arguments=spot.scope.arguments(verb, names),
                until_final=verb.confirm is Confirm.FINAL,
                within_s=verb.within.total_seconds(),
                every_s=verb.every.start.total_seconds(),
                every_s_max=verb.every.end.total_seconds(),
                drift=verb.drift,
                not_after=None if last is None else last.at,
                timed_by="" if last is None else last.owner,
                undecided=undecided,
            )
        )
        if result.skipped:
            raise _PassedOver(result.reason)
        if (
            result.state is EffectState.CANCELLED
            and not result.decided
            and last is not None
            and self.ports.clock.now() > last.at
        ):
            words = f"{last.owner} timed out before {spot.path} was sent"
            owner = "" if last.owner == spot.path else last.owner
            raise Stopped(Cause.ENDED, words, kind="timeout", owner=owner)
        enough = {EffectState.PLANNED, EffectState.CONFIRMED}
        # A result for another path is the effect that stands in this one's way.
        if verb.confirm is Confirm.ACCEPTED and result.path == spot.path:
            enough.add(EffectState.ACCEPTED)
        _raise_unless(enough, result)
        return result

    async def _last_moment(self, spot: Spot) -> Deadline | None:
        """Return when the effect may no longer be sent for the first time, if anything says so."""
        outer = spot.scope.deadline
        if spot.step.timeout is None or self.ports.assume_waits:
            return outer
        own = await self._entered(spot, spot.step.timeout)
        if outer is not None and outer.at < own:
            return outer
        return Deadline(at=own, owner=spot.path)

    async def _entered(self, spot: Spot, length: timedelta) -> datetime:
        """Return the end of a stretch of time that began at the step's first entry."""
        now = self.ports.clock.now()
        _, deadline = await self.ports.journal.started(spot.path, at=now, deadline=now + length)
        assert deadline is not None, "it was written with one"
        return deadline

    async def _wait(self, spot: Spot, verb: Wait, names: Mapping[str, Value]) -> Value:
        if self.ports.assume_waits:
            return Unknown(verb.manifest.result)
        deadline, owner = _earlier(await self._entered(spot, verb.timeout), spot.scope)
        scope = spot.scope
        arguments = scope.arguments(verb, names)
        fail_if = verb.fail_if
        began_s = self.ports.clock.monotonic_s()
        end = await wait_until(
            Waiting(
                path=spot.path,
                look=lambda: self.ports.reads.read(verb.manifest, arguments),
                holds=lambda value: scope.holds(verb.until, {**names, "result": value}) is True,
                fails=lambda value: (
                    fail_if is not None and scope.holds(fail_if, {**names, "result": value}) is True
                ),
                every=verb.every,
                deadline=deadline,
                rest=lambda delay_s: self._rest(spot, delay_s, began_s=began_s),
            ),
            self.ports,
            self.emit,
        )
        if not end.held:
            words = self._words(spot, names, end.reason)
            raise Stopped(Cause.ENDED, words, kind="wait", owner=owner)
        assert end.value is not None
        return end.value

    async def _rest(self, spot: Spot, delay_s: float, *, began_s: float) -> None:
        """Let time pass, unless that would hold this process longer than it may be held.

        Shapes: ``began_s`` is when this process began to wait here.
        Errors: ``Stopped`` with the moment at which the run is due; ``Withdrawn``.
        """
        held_s = self.ports.clock.monotonic_s() - began_s
        longest_s = self.ports.hold_max_s
        if longest_s is not None and held_s + delay_s > longest_s:
            due = self.ports.clock.now() + timedelta(seconds=delay_s)
            words = f"handed back: due again at {due:%Y-%m-%d %H:%M:%S} UTC"
            raise Stopped(Cause.SUSPENDED, words, due=due)
        await self.alarm.nap(self.ports.clock, spot.scope.gate, delay_s)

    async def _pause(self, spot: Spot, verb: Pause, names: Mapping[str, Value]) -> None:
        end = verb.length
        if verb.until is not None:
            moment = evaluate(verb.until, spot.scope.environment(names))
            if isinstance(moment, Unknown):
                return
            assert isinstance(moment, datetime), "the check has seen to that"
            end = moment - self.ports.clock.now()
        assert end is not None, "a pause has one or the other"
        if self.ports.assume_waits:
            return
        deadline, owner = _earlier(await self._entered(spot, end), spot.scope)
        while (left_s := (deadline - self.ports.clock.now()).total_seconds()) > 0:
            await self._rest(spot, left_s, began_s=self.ports.clock.monotonic_s())
        if owner:
            words = f"{owner} timed out before the pause was over"
            raise Stopped(Cause.ENDED, words, kind="timeout", owner=owner)

    def _assert(
        self, spot: Spot, names: Mapping[str, Value], value: Value | None, found: list[str]
    ) -> str:
        seen = dict(names) if value is None else {**names, "result": value}
        unknown = 0
        for expression in spot.step.asserts:
            holds = spot.scope.holds(expression, seen)
            if holds is False:
                reason = f"assert failed: {expression.text.strip()}"
                raise Stopped(Cause.ENDED, self._words(spot, seen, reason), kind="assert")
            unknown += holds is None
            found.append(_found("assert", expression, holds))
        return "only the run can decide its assert" if unknown else ""

    def _words(self, spot: Spot, names: Mapping[str, Value], reason: str) -> str:
        if spot.step.message is None:
            return reason
        try:
            value = evaluate_template(spot.step.message, None, spot.scope.environment(names))
            return f"{value_text(value)} ({reason})"
        except (ExpressionFailed, TypeError):
            # A message that cannot be made must not hide the reason it was meant to explain.
            return reason

    async def settle(self) -> None:
        """Take every accepted effect to its end.

        Errors: ``Stopped`` when one did not end well, or has not ended yet.
        """
        for result in await self._settled(""):
            _raise_unless({EffectState.PLANNED, EffectState.CONFIRMED}, result)

    async def settle_inside(self, path: str) -> None:
        """Take every effect of a step that was sent to its end, good or bad.

        Errors: ``Stopped`` when one has not ended yet.
        """
        for result in await self._settled(path):
            if result.state is EffectState.ACCEPTED or result.state in OPEN_STATES:
                _raise_unless(set(), result)

    async def _settled(self, path: str) -> list[EffectResult]:
        try:
            results = await self.ports.effects.settle_all(path)
        except RemoteError as error:
            raise Stopped(Cause.NOT_FINAL, str(error)) from error
        return sorted(results, key=lambda each: _OPENNESS.get(each.state, 1))


def _earlier(own: datetime, scope: Scope) -> tuple[datetime, str]:
    """Return the earlier of two ends, and whose it is where it is not the step's own."""
    outer = scope.deadline
    if outer is None or own <= outer.at:
        return own, ""
    return outer.at, outer.owner


def _inside(spot: Spot, names: Mapping[str, Value], *, undecided: bool) -> Spot:
    scope = spot.scope
    if undecided and not scope.undecided:
        scope = scope.as_undecided()
    return Spot(step=spot.step, path=spot.path, title=spot.title, scope=scope, names=names)


def _remote_stop(spot: Spot, error: RemoteError) -> Stopped:
    refused = isinstance(error, RemoteRefused | RequestInvalid) and not error.retryable
    if refused:
        return Stopped(Cause.ENDED, str(error), kind="read")
    if spot.scope.guarded and not isinstance(spot.step.verb, Effect):
        return Stopped(Cause.ENDED, str(error), kind="unreachable")
    return Stopped(Cause.UNREACHABLE, str(error))


_ASSUMED: Final = {
    Wait: "assumed to succeed; the run will wait",
    Pause: "not waited for in a plan; the run will pause",
}


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
    if result.decided:
        raise Stopped(Cause.EFFECT_FAILED, f"{result.path}: {result.reason}", kind="effect")
    if result.state is EffectState.CANCELLED:
        raise Stopped(Cause.DRIFTED, f"{result.path}: {result.reason}")
    if result.state in {EffectState.REJECTED, EffectState.FAILED}:
        raise Stopped(Cause.EFFECT_FAILED, f"{result.path}: {result.reason}", kind="effect")
    raise Stopped(Cause.NOT_FINAL, f"{result.path}: accepted, not final yet")


def is_notice(verb: Verb) -> bool:
    """Tell whether a verb tells somebody something."""
    return isinstance(verb, Use) and verb.manifest.kind is ActionKind.NOTIFY


def step_kind(step: Step) -> tuple[str, str]:
    """Return the word for a step's verb and the action or playbook it names, or empty."""
    match step.verb:
        case Use(manifest=manifest):
            return "notify" if is_notice(step.verb) else "use", manifest.name
        case Effect(manifest=manifest):
            return "effect", manifest.name
        case Wait(manifest=manifest):
            return "wait", manifest.name
        case Call(playbook=playbook):
            return "call", playbook.name
        case verb:
            return _KINDS[type(verb)], ""


_KINDS: Final = {
    Bare: "bare",
    Group: "group",
    Parallel: "parallel",
    Try: "try",
    Pause: "pause",
}
