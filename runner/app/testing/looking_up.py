"""A walk over a finished run that only looks up: what its steps gave, for one more question."""

from collections.abc import Mapping

from runner.app.desk import Desk
from runner.app.usecases.planning import Occasion
from runner.core.record import record
from runner.core.source import Span
from runner.engine.events import Event
from runner.engine.journalled import RunJournal
from runner.engine.ports import EffectRequest, EffectResult, Ports
from runner.engine.run import Interpreter, Walk
from runner.engine.verdict import WalkEnd
from runner.playbook.model import May, Playbook


async def walk_again(desk: Desk, run_id: str, occasion: Occasion, playbook: Playbook) -> WalkEnd:
    """Walk a finished run again under a playbook with the same steps and other outputs.

    Shapes: every step is looked up in the journal; nothing is read, waited for or sent.
    """
    ports = Ports(
        journal=await RunJournal.load(desk.store, run_id),
        reads=desk.reads,
        effects=_Finished(),
        clock=desk.clock,
        random=desk.random,
        places=desk.places,
    )
    walk = Walk(playbook=playbook, inputs=occasion.bound.values, now=occasion.now)
    return await Interpreter(walk, ports, _silent).run()


def _silent(event: Event) -> None:
    """Take an event, and say nothing: it has been told when it happened."""
    del event


@record
class _Finished:
    """Effects of a run that has ended: there is nothing left to do about them."""

    async def perform(self, request: EffectRequest) -> EffectResult:
        raise AssertionError(f"{request.path} has no end in the journal of a finished run")

    async def pass_over(self, path: str) -> None:
        del path

    async def give_up(self, path: str) -> None:
        del path

    async def cannot_plan(
        self, path: str, code: str, message: str, *, hint: str, span: Span
    ) -> None:
        del code, hint, span
        raise AssertionError(f"{path}: {message}")

    async def call_ended(self, path: str, may: Mapping[str, May]) -> None:
        del path, may

    async def settle_all(self, under: str = "") -> tuple[EffectResult, ...]:
        del under
        return ()

    async def require_complete(self) -> None:
        return
