"""How a process that drives a run hears that somebody else has cancelled it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from runner.core.clock import Clock
from runner.core.errors import RunnerError
from runner.effects.person_decision import DecisionKind
from runner.engine.ports import CancelAsked
from runner.journal.journal import Journal

WATCH_EVERY_S = 0.5
"""How often the journal is asked while a run waits; before each step it is asked anyway. By the
machine's clock: a sandbox whose time stands still can be cancelled too."""


class JournalledCancels:
    """The CancelPort over one run's decisions."""

    def __init__(self, store: Journal, run_id: str) -> None:
        """Take the journal and the run."""
        self._store = store
        self._run_id = run_id

    async def asked(self) -> CancelAsked | None:
        """Return what a person has asked for, or None."""
        decision = await self._store.cancel_asked(self._run_id)
        if decision is None:
            return None
        return CancelAsked(
            reason=f"cancelled by {decision.who}: {decision.reason}",
            hard=decision.kind == DecisionKind.CANCEL_NOW.value,
        )


@asynccontextmanager
async def watching(notice: Callable[[], Awaitable[None]], real: Clock) -> AsyncIterator[None]:
    """Look again and again, while the block lasts, whether the run was cancelled."""

    async def watch() -> None:
        # A journal that fails is the run's to tell.
        with suppress(RunnerError):
            while True:
                await real.sleep(WATCH_EVERY_S)
                await notice()

    task = asyncio.ensure_future(watch())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
