"""One run's steps in the journal, looked up from memory after one read at the start."""

from datetime import datetime
from typing import Self

from runner.engine.paths import owners_of
from runner.engine.ports import StepOutcome, Store


class RunJournal:
    """The journal as one run's interpreter sees it."""

    def __init__(self, store: Store, run_id: str, known: dict[str, StepOutcome]) -> None:
        """Take the store and what it already knows of the run; see ``load``."""
        self._store = store
        self._run_id = run_id
        self._known = known
        self._begun = {owner for path in known for owner in owners_of(path)}

    @classmethod
    async def load(cls, store: Store, run_id: str) -> Self:
        """Read every step outcome of the run, once, however long the run is."""
        return cls(store, run_id, dict(await store.step_outcomes(run_id)))

    async def outcome(self, path: str) -> StepOutcome | None:
        """Return a step's end, or None while it has none."""
        return self._known.get(path)

    async def started(
        self, path: str, *, at: datetime, deadline: datetime | None
    ) -> tuple[datetime, datetime | None]:
        """Keep a step's first entry, or return the one already kept."""
        return await self._store.started_step(self._run_id, path, at=at, deadline=deadline)

    async def has_begun(self, path: str) -> bool:
        """Tell whether anything is kept of a step, or of what stands in it."""
        if path in self._begun or path in self._known:
            return True
        return await self._store.step_start(self._run_id, path) is not None

    async def finished(self, path: str, outcome: StepOutcome) -> None:
        """Keep a step's end."""
        await self._store.record_step(self._run_id, path, outcome)
        self._known.setdefault(path, outcome)
        self._begun.update(owners_of(path))
