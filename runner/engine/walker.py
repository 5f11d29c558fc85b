"""The walk over steps and what stands inside them: sequences, loops, branches, attempts, calls.

A step's end is journalled under its path before the next step begins, so that resuming is looking
up, not replaying. What stands inside a step that has ended is looked up again as well: a group's
value is made from what the journal has of its parts.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from runner.core.errors import ExitCode, ExpressionFailed
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.core.values import Unknown, Value, value_from_json, value_text, value_to_json
from runner.engine.events import Emit, StepFinished, StepStarted, StepState
from runner.engine.gate import Gate, Stopped, Withdrawn
from runner.engine.naps import Alarm
from runner.engine.paths import encoded_key, key_problem
from runner.engine.ports import OutcomeState, Ports, StepOutcome
from runner.engine.scope import Deadline, Scope
from runner.engine.steps import Ended, Spot, StepRunner, step_kind
from runner.engine.together import Together
from runner.engine.verdict import Cause
from runner.playbook.bounds import bound_problem
from runner.playbook.expressions.evaluate import evaluate
from runner.playbook.expressions.filling import evaluate_template
from runner.playbook.model import (
    Bare,
    Call,
    Effect,
    Foreach,
    Group,
    OnFailure,
    Parallel,
    Pause,
    Step,
    Try,
    Use,
    Wait,
    has_effect,
)
from runner.playbook.results import NOTHING, item_type, result_type

_LEAVES = (Use, Effect, Wait, Pause, Bare)
_RESCUED = frozenset({Cause.ENDED, Cause.EFFECT_FAILED, Cause.ITEM_FAILED})
"""What a rescue catches: failures that have ended, and of which nothing is open."""


@record
class Kept:
    """What a step leaves behind: None where it was skipped."""

    value: Value | None
    certain: bool


@record
class _Task:
    """One thing that is journalled: a step, or the loop around its items.

    Shapes: a leaf is done once and looked up ever after; everything else is walked again.
    """

    spot: Spot
    kind: str
    action: str
    is_leaf: bool


class Walker:
    """Walks steps; one object serves one walk."""

    def __init__(
        self,
        ports: Ports,
        emit: Emit,
        alarm: Alarm,
        notice_cancel: Callable[[], Awaitable[None]],
    ) -> None:
        """Take what to reach out with, where to report, and how a cancel is heard of."""
        self._alarm = alarm
        self._notice_cancel = notice_cancel
        self._ports = ports
        self._emit = emit
        self.steps = StepRunner(ports=ports, emit=emit, alarm=alarm, compound=self._compound)

    async def sequence(self, steps: Sequence[Step], scope: Scope) -> None:
        """Walk steps one after the other; their values are then in the scope.

        Errors: ``Stopped`` at the first that ends the walk, ``Withdrawn`` where it must not go on.
        """
        for step in steps:
            kept = await self._step(step, scope)
            scope.keep(step, kept.value, certain=kept.certain)

    async def _step(self, step: Step, scope: Scope) -> Kept:
        path = scope.prefix + step.segment
        spot = Spot(step=step, path=path, title=step.title, scope=scope, names=scope.names)
        if step.foreach is not None:
            return await self._loop(spot, step.foreach)
        return await self._once(spot)

    async def _once(self, spot: Spot) -> Kept:
        kind, action = step_kind(spot.step)
        is_leaf = isinstance(spot.step.verb, _LEAVES)
        task = _Task(spot=spot, kind=kind, action=action, is_leaf=is_leaf)
        return await self._journalled(task, partial(self.steps.run, spot))

    # what every step has in common

    async def _journalled(self, task: _Task, work: Callable[[], Awaitable[Ended]]) -> Kept:
        spot = task.spot
        outcome = await self._ports.journal.outcome(spot.path)
        if outcome is not None and (task.is_leaf or outcome.state is not OutcomeState.DONE):
            return self._reuse(task, outcome)
        if outcome is None:
            await self._require_leave(task)
        started_at = self._ports.clock.now()
        started_s = self._ports.clock.monotonic_s()
        self._emit(
            StepStarted(
                at=started_at,
                path=spot.path,
                title=spot.title,
                kind=task.kind,
                action=task.action,
            )
        )
        try:
            ended = await work()
        except Stopped as stop:
            if stop.cause is Cause.CANCELLED:
                # The store refused a send; whoever stands around it must hear of it as well.
                await self._notice_cancel()
            raise await self._stopped(task, stop, started_at, started_s) from stop
        except Withdrawn as withdrawn:
            words = f"not gone on with: {withdrawn.by.path or 'the run'} has ended it"
            self._finished(task, StepState.SUSPENDED, self._since_s(started_s), message=words)
            raise
        result = value_to_json(ended.value) if task.is_leaf and ended.value is not None else None
        if outcome is None:
            await self._keep(task, ended, result, started_at)
        self._finished(
            task,
            ended.state,
            self._since_s(started_s),
            message=ended.message,
            result=result,
            conditions=ended.conditions,
            reused=outcome is not None,
        )
        if task.is_leaf and ended.value is not None:
            # Decoded from what was journalled, so that live and resumed walks cannot differ.
            value = value_from_json(result, item_type(spot.step) or NOTHING)
            return Kept(value=value, certain=ended.certain)
        if ended.value is None and ended.state is not StepState.SKIPPED:
            # A step without a value ran all the same.
            nothing: Value = {} if ended.certain else Unknown(NOTHING)
            return Kept(value=nothing, certain=ended.certain)
        return Kept(value=ended.value, certain=ended.certain)

    async def _require_leave(self, task: _Task) -> None:
        """Let a step begin, unless something has ended what it is part of.

        What was begun and has steps inside goes on into them: each of those asks for itself, and a
        try has its end to look at.
        Errors: ``Withdrawn``; ``Stopped`` once a ``timeout`` further out has passed.
        """
        await self._notice_cancel()
        scope, path = task.spot.scope, task.spot.path
        if self._alarm.rung_hard_by is not None and task.is_leaf:
            raise Withdrawn(self._alarm.rung_hard_by)
        if scope.gate.closed_by is not None and (
            task.is_leaf or not await self._ports.journal.has_begun(path)
        ):
            scope.gate.require_open()
        deadline = scope.deadline
        if task.is_leaf and deadline is not None and self._ports.clock.now() > deadline.at:
            raise Stopped(
                Cause.ENDED,
                f"{deadline.owner} timed out before {path} began",
                kind="timeout",
                path=deadline.owner,
                owner=deadline.owner,
            )

    async def _keep(
        self, task: _Task, ended: Ended, result: JsonValue, started_at: datetime
    ) -> None:
        skipped = ended.state is StepState.SKIPPED
        await self._ports.journal.finished(
            task.spot.path,
            StepOutcome(
                state=OutcomeState.SKIPPED if skipped else OutcomeState.DONE,
                result=result,
                message=ended.message,
                exit_code=ExitCode.DONE,
                started_at=started_at,
                finished_at=self._ports.clock.now(),
            ),
        )

    async def _stopped(
        self, task: _Task, stop: Stopped, started_at: datetime, started_s: float
    ) -> Stopped:
        """Journal a failure and return it with its place."""
        path = stop.path or task.spot.path
        placed = Stopped(
            stop.cause, stop.message, kind=stop.kind, path=path, owner=stop.owner, due=stop.due
        )
        words = stop.message if path == task.spot.path else f"ended by {path}"
        if stop.resumable:
            self._finished(task, StepState.SUSPENDED, self._since_s(started_s), message=words)
            return placed
        await self._ports.journal.finished(
            task.spot.path,
            StepOutcome(
                state=OutcomeState.FAILED,
                result={
                    "cause": stop.cause.value,
                    "kind": stop.kind,
                    "path": path,
                    "owner": stop.owner,
                },
                message=stop.message,
                exit_code=ExitCode.FAILED,
                started_at=started_at,
                finished_at=self._ports.clock.now(),
            ),
        )
        self._finished(task, StepState.FAILED, self._since_s(started_s), message=words)
        return placed

    def _reuse(self, task: _Task, outcome: StepOutcome) -> Kept:
        self._finished(
            task,
            _STATES[outcome.state],
            (outcome.finished_at - outcome.started_at).total_seconds(),
            message=outcome.message,
            result=outcome.result,
            reused=True,
        )
        if outcome.state is OutcomeState.FAILED:
            raise _stop_from(outcome)
        if outcome.state is OutcomeState.SKIPPED:
            return Kept(value=None, certain=True)
        if outcome.result is None:
            return Kept(value={}, certain=True)
        value = value_from_json(outcome.result, item_type(task.spot.step) or NOTHING)
        return Kept(value=value, certain=True)

    def _since_s(self, started_s: float) -> float:
        return self._ports.clock.monotonic_s() - started_s

    def _finished(  # noqa: PLR0913 - each is a field of the event
        self,
        task: _Task,
        state: StepState,
        duration_s: float,
        *,
        message: str = "",
        result: JsonValue = None,
        reused: bool = False,
        conditions: tuple[str, ...] = (),
    ) -> None:
        self._emit(
            StepFinished(
                at=self._ports.clock.now(),
                path=task.spot.path,
                title=task.spot.title,
                kind=task.kind,
                action=task.action,
                state=state,
                duration_s=duration_s,
                reused=reused,
                message=message,
                result=result,
                conditions=conditions,
            )
        )

    # loops

    async def _loop(self, spot: Spot, foreach: Foreach) -> Kept:
        _, action = step_kind(spot.step)
        task = _Task(spot=spot, kind="foreach", action=action, is_leaf=False)
        items = partial(self._items, spot, foreach)
        return await self._journalled(task, partial(self.steps.translated, spot, items))

    async def _items(self, spot: Spot, foreach: Foreach) -> Ended:
        """Do the step for each item, and gather what those gave that were not skipped."""
        step, scope = spot.step, spot.scope
        items = evaluate(foreach.source, scope.environment(spot.names))
        keys = None if isinstance(items, Unknown) else self._keys(spot, foreach, items)
        if keys is None:
            return await self._unknown(spot)
        assert isinstance(items, tuple), "the check has seen to that"
        problem = _duplicate(keys)
        if problem:
            await self._refuse(spot, "loop-key-invalid", problem)
            raise Stopped(Cause.ENDED, problem, kind="expression")
        gate = Gate(scope.gate)
        inner = replace(scope, gate=gate, certain=set(scope.certain))
        spots = [
            Spot(
                step=step,
                path=f"{spot.path}[{encoded_key(key)}]",
                title=f"{step.title}[{encoded_key(key)}]",
                scope=inner,
                names={**spot.names, foreach.local: item},
            )
            for key, item in zip(keys, items, strict=True)
        ]
        kept = await self._together(spot, spots, gate, limit=step.max_parallel or 1)
        if result_type(step) is None:
            return Ended(state=StepState.DONE, value=None)
        if not all(each.certain for each in kept):
            return Ended(
                state=StepState.ASSUMED,
                value=Unknown(result_type(step) or NOTHING),
                message="only the run can decide which items happen",
            )
        there = [(k, e.value) for k, e in zip(keys, kept, strict=True) if e.value is not None]
        gathered = dict(there) if step.key is not None else tuple(value for _, value in there)
        return Ended(state=StepState.DONE, value=gathered)

    def _keys(self, spot: Spot, foreach: Foreach, items: Value) -> list[str] | None:
        """Return each item's name for its path; None where one is not known yet.

        Errors: ``ExpressionFailed`` for a key that cannot be a name.
        """
        assert isinstance(items, tuple), "the check has seen to that"
        key = spot.step.key
        if key is None:
            return [str(number) for number in range(1, len(items) + 1)]
        keys = []
        for item in items:
            names = {**spot.names, foreach.local: item}
            value = evaluate(key, spot.scope.environment(names))
            if isinstance(value, Unknown):
                return None
            keys.append(value_text(value))
        return keys

    async def _unknown(self, spot: Spot) -> Ended:
        """Go past a loop whose items only the run can know."""
        if has_effect(spot.step):
            await self._refuse(
                spot,
                "loop-unknown",
                "the list, or a key, depends on a value that only the run can know",
                hint="loop over inputs, or over what was read before any effect",
            )
        kind = result_type(spot.step)
        return Ended(
            state=StepState.ASSUMED,
            value=None if kind is None else Unknown(kind),
            message="the items are known to the run alone; none of them is shown here",
        )

    async def _refuse(self, spot: Spot, code: str, message: str, *, hint: str = "") -> None:
        hint = hint or "give each item a text of its own"
        await self._ports.effects.cannot_plan(
            spot.path, code, message, hint=hint, span=spot.step.span
        )

    async def _together(
        self, owner: Spot, spots: Sequence[Spot], gate: Gate, *, limit: int
    ) -> list[Kept]:
        """Do items or branches, each in document order where nothing is really waited for."""
        on_failure = owner.step.on_failure
        if on_failure is OnFailure.STOP:
            # An earlier process may have died between a failure and its news to the others.
            for spot in spots:
                outcome = await self._ports.journal.outcome(spot.path)
                if outcome is not None and outcome.state is OutcomeState.FAILED:
                    gate.close(_stop_from(outcome))
        limit = 1 if self._ports.assume_waits else limit
        children = [partial(self._once, spot) for spot in spots]
        return await Together[Kept](gate, limit=limit, on_failure=on_failure).walk(children)

    # steps inside a step

    async def _compound(self, spot: Spot) -> Value:
        scope = await self._bounded(spot)
        inside = replace(spot, scope=scope)
        match spot.step.verb:
            case Group(steps=steps):
                inner = scope.inside(spot.path, spot.names)
                await self.sequence(steps, inner)
                return scope.take(spot.step, inner)
            case Parallel(branches=branches):
                return await self._parallel(inside, branches)
            case Try() as verb:
                return await self._try(inside, verb)
            case Call() as verb:
                return await self._call(inside, verb)
            case _:
                raise AssertionError("a leaf has nothing inside")

    async def _bounded(self, spot: Spot) -> Scope:
        """Return the scope with the step's own ``timeout``, counted from its first entry."""
        timeout, scope = spot.step.timeout, spot.scope
        if timeout is None or self._ports.assume_waits:
            return scope
        now = self._ports.clock.now()
        _, deadline = await self._ports.journal.started(spot.path, at=now, deadline=now + timeout)
        assert deadline is not None, "it was written with one"
        if scope.deadline is not None and scope.deadline.at < deadline:
            return scope
        return replace(scope, deadline=Deadline(at=deadline, owner=spot.path))

    async def _parallel(self, spot: Spot, branches: Sequence[Step]) -> Value:
        gate = Gate(spot.scope.gate)
        inner = replace(spot.scope.inside(spot.path, spot.names), gate=gate)
        spots = [
            Spot(
                step=branch,
                path=inner.prefix + branch.segment,
                title=branch.title,
                # No branch sees another: each has a scope of its own, where nothing is kept.
                scope=replace(inner, certain=set(inner.certain)),
                names=spot.names,
            )
            for branch in branches
        ]
        limit = spot.step.max_parallel or len(branches)
        kept = await self._together(spot, spots, gate, limit=limit)
        for each, done in zip(spots, kept, strict=True):
            inner.certain |= each.scope.certain
            inner.keep(each.step, done.value, certain=done.certain)
        return spot.scope.take(spot.step, inner)

    async def _call(self, spot: Spot, verb: Call) -> Value:
        inputs = _inputs_of(verb, spot.scope, spot.names)
        inner = spot.scope.apart(spot.path, inputs)
        await self.sequence(verb.playbook.steps, inner)
        await self._ports.effects.call_ended(spot.path, verb.playbook.may)
        return inner.outputs(verb.playbook)

    async def _try(self, spot: Spot, verb: Try) -> Value:
        """Walk the body; where it fails for good, the rescue; in the end what is to be looked at.

        What may yet go on, or be open, passes through: nothing after it runs before it is settled.
        """
        if not self._ports.assume_waits:
            now = self._ports.clock.now()
            await self._ports.journal.started(spot.path, at=now, deadline=None)
        guarded = spot.scope.guarded or bool(verb.rescue)
        body = replace(spot.scope.inside(spot.path, spot.names), guarded=guarded)
        failure: Stopped | None = None
        try:
            await self._body(spot, verb, body)
        except Stopped as stop:
            if stop.resumable:
                raise
            failure = stop
        except Withdrawn as withdrawn:
            if not withdrawn.by.resumable:
                await self.steps.settle_inside(spot.path)
                await self._finally(spot, verb, body, withdrawn.by)
            raise
        await self._finally(spot, verb, body, failure)
        if failure is not None:
            raise failure
        return spot.scope.take(spot.step, body)

    async def _body(self, spot: Spot, verb: Try, body: Scope) -> None:
        try:
            await self.sequence(verb.body, body)
        except Stopped as stop:
            if stop.resumable:
                raise
            await self.steps.settle_inside(spot.path)
            is_own = not stop.owner or stop.owner.startswith(f"{spot.path}/")
            if not verb.rescue or stop.cause not in _RESCUED or not is_own:
                raise
            error: Value = {"kind": stop.kind, "message": stop.message}
            rescue = replace(
                spot.scope.after(body, verb.body),
                prefix=f"{spot.path}/rescue/",
                names={**spot.names, "error": error},
                failure=stop.message,
            )
            await self.sequence(verb.rescue, rescue)
            await self._ports.effects.give_up(spot.path)

    async def _finally(self, spot: Spot, verb: Try, body: Scope, failure: Stopped | None) -> None:
        if not verb.final or self._alarm.rung_hard_by is not None:
            return
        final = replace(
            spot.scope.after(body, verb.body),
            prefix=f"{spot.path}/finally/",
            names=spot.names,
            gate=Gate(),
            deadline=None,
            guarded=True,
            failure=spot.scope.failure if failure is None else failure.message,
        )
        try:
            await self.sequence(verb.final, final)
        except Stopped as stop:
            # It has been journalled and shown; the verdict is that of the body.
            if stop.resumable:
                raise


def _stop_from(outcome: StepOutcome) -> Stopped:
    assert isinstance(outcome.result, Mapping), "a failure was written with its cause"
    said = {key: str(value) for key, value in outcome.result.items()}
    return Stopped(
        Cause(said["cause"]),
        outcome.message,
        kind=said.get("kind", ""),
        path=said.get("path", ""),
        owner=said.get("owner", ""),
    )


def _duplicate(keys: Sequence[str]) -> str:
    """Say what is wrong with the keys of a loop, or nothing."""
    seen = set()
    for key in keys:
        problem = key_problem(key)
        if problem:
            return f"the key {key!r} cannot name an item: {problem}"
        if key in seen:
            return f"the key {key!r} is there twice"
        seen.add(key)
    return ""


def _inputs_of(verb: Call, scope: Scope, names: Mapping[str, Value]) -> Mapping[str, Value]:
    """Evaluate what a called playbook is given, defaults included.

    Errors: ``ExpressionFailed``, also for a value outside its bounds.
    """
    environment = scope.environment(names)
    values: dict[str, Value] = {}
    for declared in verb.playbook.inputs.values():
        template = verb.arguments.get(declared.name)
        if template is None:
            assert declared.default is not None, "building refuses a call without it"
            values[declared.name] = declared.default
            continue
        value = evaluate_template(template, declared.type, environment)
        problem, hint = bound_problem(declared, value)
        if problem:
            raise ExpressionFailed(f"{template.span}: {declared.name}: {problem}", hint=hint)
        values[declared.name] = value
    return values


_STATES = {
    OutcomeState.DONE: StepState.DONE,
    OutcomeState.SKIPPED: StepState.SKIPPED,
    OutcomeState.FAILED: StepState.FAILED,
}
