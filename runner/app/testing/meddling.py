"""What goes wrong in a case and what others do meanwhile, at the moments that the case says."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runner.app.testing.model import Case, Happening
from runner.core.errors import RunnerError
from runner.core.record import record
from runner.core.source import Span
from runner.engine.events import Event, RunStarted, StepFinished, StepStarted
from runner.plan.model import Plan
from runner.sandbox.directory import Sandbox
from runner.sandbox.faults import Fault, FaultKind
from runner.sandbox.steering import FaultRules
from runner.sandbox.steward import Steward

_OTHERS: Final = frozenset({FaultKind.STRANGER, FaultKind.PORTAL_ORDER})


@record
class Refusal:
    """Something that should have happened and could not."""

    words: str
    span: Span


class Meddler:
    """Plays a case's faults and lets its happenings happen."""

    def __init__(self, case: Case, sandbox: Sandbox, interrupt: Callable[[], None]) -> None:
        """Take the case; ``interrupt`` ends the run as Ctrl-C does."""
        self._case = case
        self._sandbox = sandbox
        self._steward = Steward(sandbox=sandbox)
        self._interrupt = interrupt
        self._aimed: dict[str, list[Fault]] = {}
        self._aimed_steps: set[str] = set()
        self._calls: Counter[str] = Counter()
        self._waiting: list[asyncio.Task[None]] = []
        self._started: set[str] = set()
        self._ended: set[str] = set()
        self.refusals: list[Refusal] = []
        self.was_interrupted = False

    @property
    def has_meddled(self) -> bool:
        """Tell whether anybody but the run may have moved money."""
        others = any(each.what in {"deposit", "portal", "settle"} for each in self._case.happenings)
        return others or any(each.fault.kind in _OTHERS for each in self._case.faults)

    def begin(self) -> None:
        """Make the faults that count from the beginning."""
        for each in self._case.faults:
            if not each.step:
                self._play(each.fault)

    async def planned(self, plan: Plan) -> None:
        """Do what happens between plan and apply, and aim the faults of effects at their ids."""
        ids = {effect.path: effect.request_id for effect in plan.effects}
        for each in self._case.faults:
            if _carries(plan, each.step):
                self._aimed.setdefault(ids[each.step], []).append(each.fault)
                self._aimed_steps.add(each.step)
        for happening in self._case.happenings:
            if happening.moment.planned and happening.what == "pass":
                await self._sandbox.clock.sleep(happening.length.total_seconds())
            elif happening.moment.planned:
                self._do(happening)

    def emit(self, event: Event) -> None:
        """Look at what the run does, and meddle."""
        match event:
            case RunStarted(resumed=False):
                for each in self._case.happenings:
                    if each.moment.since is not None:
                        self._waiting.append(asyncio.ensure_future(self._later(each)))
            case StepStarted(path=path) if path not in self._started:
                self._started.add(path)
                self._step_started(path)
            case StepFinished(path=path, reused=False) if path not in self._ended:
                self._ended.add(path)
                self._step_ended(path)
            case _:
                pass

    def _step_started(self, path: str) -> None:
        for each in self._case.faults:
            if each.step == path and path not in self._aimed_steps:
                self._play(each.fault)
        self._happen(lambda each: each.moment.before == path)
        stop = self._case.interruption
        if stop is not None and stop.during == path:
            self.was_interrupted = True
            self._interrupt()

    def _step_ended(self, path: str) -> None:
        self._happen(lambda each: each.moment.after == path)
        stop = self._case.interruption
        if stop is not None and stop.after == path:
            self.was_interrupted = True
            self._interrupt()

    def _happen(self, is_due: Callable[[Happening], bool]) -> None:
        for each in self._case.happenings:
            if is_due(each):
                self._do(each)

    async def _later(self, happening: Happening) -> None:
        assert happening.moment.since is not None, "it was asked"
        await self._sandbox.clock.sleep(happening.moment.since.total_seconds())
        self._do(happening)

    def _do(self, happening: Happening) -> None:
        steward = self._steward
        deeds: Mapping[str, Callable[[Mapping[str, object]], object]] = {
            "deposit": steward.deposit,
            "portal": steward.portal,
            "settle": steward.settle,
            "fault": steward.add_fault,
        }
        try:
            deeds[happening.what](happening.asked)
        except RunnerError as error:
            words = f"{happening.what} was refused: {error}"
            self.refusals.append(Refusal(words=words, span=happening.span))

    def _play(self, fault: Fault) -> None:
        with self._sandbox.ledger.transaction(durable=False) as books:
            FaultRules(books=books).add(fault)

    def close(self) -> None:
        """Let nothing more happen."""
        for each in self._waiting:
            each.cancel()

    def in_front_of(self, app: ASGIApp) -> ASGIApp:
        """Return an application that plays the faults aimed at a requestId, and no other call's."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["method"] != "POST" or not self._aimed:
                await app(scope, receive, send)
                return
            messages = await _whole(receive)
            self._aim(b"".join(each.get("body", b"") for each in messages))
            # Nothing is awaited between the rule and the transaction that plays it: the body is
            # here, so that no other call comes in between.
            await app(scope, _replayed(messages, receive), send)

        return answer

    def _aim(self, body: bytes) -> None:
        request_id = _request_id(body)
        faults = self._aimed.get(request_id, [])
        if not faults:
            return
        self._calls[request_id] += 1
        number = self._calls[request_id]
        for fault in faults:
            is_over = fault.calls is not None and number >= fault.first_call + fault.calls
            if number >= fault.first_call and not is_over:
                self._play(replace(fault, first_call=1, calls=1))


def _carries(plan: Plan, path: str) -> bool:
    """Tell whether an effect's body carries its requestId."""
    return any(
        effect.path == path and _request_id(effect.body.encode()) == effect.request_id
        for effect in plan.effects
    )


def _request_id(body: bytes) -> str:
    try:
        data = json.loads(body)
    except ValueError:
        return ""
    return str(data.get("requestId", "")) if isinstance(data, dict) else ""


async def _whole(receive: Receive) -> list[Message]:
    messages = [await receive()]
    while messages[-1]["type"] == "http.request" and messages[-1].get("more_body", False):
        messages.append(await receive())
    return messages


def _replayed(messages: list[Message], receive: Receive) -> Receive:
    left = list(messages)

    async def replayed() -> Message:
        return left.pop(0) if left else await receive()

    return replayed
