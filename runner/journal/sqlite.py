"""The journal in one SQLite file: the Store port, each method one short transaction.

Methods are asynchronous because the port is; they run SQLite inline and never suspend, so no other
task of the loop can come between the statements of a transaction and no cancellation can cut one.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from pathlib import Path

from runner.controls.guard import SpentAsked
from runner.controls.policy import Spent
from runner.core.boundary import Boundary, no_boundary
from runner.core.clock import Clock
from runner.core.errors import ExitCode
from runner.core.jsonvalue import JsonValue
from runner.effects.model import FINAL_STATES, Attempt, EffectOrder, EffectRow
from runner.effects.policy import PolicyPort
from runner.effects.ports import Change
from runner.engine.ports import RunRow, StepOutcome
from runner.journal import effects, locks, log, ownership, runs, spending
from runner.journal.connection import Connection, open_connection
from runner.journal.policed import PolicedEffects


def open_journal(path: Path, *, clock: Clock, boundary: Boundary = no_boundary) -> "SqliteJournal":
    """Open the journal in a file, making file and folder where there are none.

    Shapes: the file is made with mode 0600, missing folders with 0700; lock files of runs go to
        the folder ``runs`` beside it.
    Errors: ``StoreRefused`` for a file or folder others could have written, a foreign or newer
        file, or a place where SQLite cannot promise durability.
    """
    connection = open_connection(path, clock=clock, boundary=boundary)
    try:
        with connection.reading() as sql:
            (store_id,) = sql.execute("SELECT value FROM meta WHERE key = 'store_id'").fetchone()
    except BaseException:
        connection.close()
        raise
    return SqliteJournal(connection, store_id=store_id, runs_folder=path.parent / "runs")


class SqliteJournal:
    """The Store port on SQLite.

    Errors: every method raises ``JournalFailed`` when SQLite fails, and from then on always.
    """

    def __init__(self, connection: Connection, *, store_id: str, runs_folder: Path) -> None:
        """Take an open connection."""
        self._connection = connection
        self._store_id = store_id
        self._runs_folder = runs_folder

    @property
    def store_id(self) -> str:
        """Return the id drawn when this journal was made."""
        return self._store_id

    def close(self) -> None:
        """Close the file; calling twice is safe."""
        self._connection.close()

    def own_run(self, run_id: str) -> AbstractContextManager[None]:
        """Own a run while the returned block lasts; the kernel frees it when the process dies.

        Errors: ``LockHeld`` naming the process that owns the run.
        """
        return ownership.own_run(self._runs_folder, run_id)

    async def register_run(self, run: RunRow, files: Mapping[str, bytes]) -> RunRow:
        """Write the run and its files, or return it as it stands; an unclaimed one starts anew."""
        with self._connection.writing("run") as sql:
            return runs.register_run(sql, run, files)

    async def run(self, run_id: str) -> RunRow | None:
        """Return the run, or None."""
        with self._connection.reading() as sql:
            return runs.run_row(sql, run_id)

    async def runs(self, *, limit: int) -> tuple[RunRow, ...]:
        """Return the newest runs, newest first."""
        with self._connection.reading() as sql:
            return runs.run_rows(sql, limit)

    async def run_files(self, run_id: str) -> Mapping[str, bytes]:
        """Return the bytes of the files the run's plan read."""
        with self._connection.reading() as sql:
            return runs.run_files(sql, run_id)

    async def finish_run(
        self, run_id: str, *, exit_code: ExitCode, message: str, at: datetime
    ) -> None:
        """Write a run's end; a run that has ended keeps its first end."""
        with self._connection.writing("finish") as sql:
            runs.finish_run(sql, run_id, exit_code, message, at)

    async def occurrence_owner(
        self, *, host: str, entity: str, playbook: str, occurrence: str, revision: int
    ) -> str | None:
        """Return the run that has used up the occurrence, or None."""
        with self._connection.reading() as sql:
            return runs.occurrence_owner(sql, (host, entity, playbook, occurrence, revision))

    async def effects(self, run_id: str) -> tuple[EffectRow, ...]:
        """Return the run's effects in the order of their intents."""
        with self._connection.reading() as sql:
            return effects.effect_rows(sql, run_id)

    async def started_step(
        self, run_id: str, path: str, *, at: datetime, deadline: datetime | None
    ) -> tuple[datetime, datetime | None]:
        """Write a step's first entry, or return the one already written: start and deadline."""
        with self._connection.reading() as sql:
            known = runs.step_start(sql, run_id, path)
        if known is not None:
            return known
        with self._connection.writing("entry") as sql:
            return runs.started_step(sql, run_id, path, at, deadline)

    async def step_start(self, run_id: str, path: str) -> tuple[datetime, datetime | None] | None:
        """Return a step's first entry, or None."""
        with self._connection.reading() as sql:
            return runs.step_start(sql, run_id, path)

    async def step_outcome(self, run_id: str, path: str) -> StepOutcome | None:
        """Return the step's end, or None."""
        with self._connection.reading() as sql:
            return runs.step_outcome(sql, run_id, path)

    async def step_outcomes(self, run_id: str) -> Mapping[str, StepOutcome]:
        """Return every journalled end of the run, by path, in the order they were written."""
        with self._connection.reading() as sql:
            return runs.step_outcomes(sql, run_id)

    async def record_step(self, run_id: str, path: str, outcome: StepOutcome) -> None:
        """Write a step's end; a step that has ended keeps its first end."""
        with self._connection.writing("step") as sql:
            runs.record_step(sql, run_id, path, outcome)

    async def take_locks(self, run_id: str, names: tuple[str, ...], *, at: datetime) -> None:
        """Take all locks in sorted order in one transaction, or none.

        Errors: ``LockHeld`` naming the owner.
        """
        is_driven = partial(ownership.is_owned, self._runs_folder)
        with self._connection.writing("locks") as sql:
            locks.take_locks(sql, run_id, names, at=at, is_driven=is_driven)

    async def release_locks(self, run_id: str, names: tuple[str, ...]) -> None:
        """Give locks back; a lock behind which an effect is not final stays."""
        with self._connection.writing("release") as sql:
            locks.release_locks(sql, run_id, names)

    async def log_rows(self, run_id: str) -> tuple[log.LogRow, ...]:
        """Return what happened in a run, oldest first."""
        with self._connection.reading() as sql:
            return log.log_rows(sql, run_id)

    async def effect(self, run_id: str, path: str) -> EffectRow | None:
        """Return the effect's row, or None before its intent."""
        with self._connection.reading() as sql:
            return effects.effect_row(sql, run_id, path)

    async def insert_intent(
        self, order: EffectOrder, *, known_order_ids: tuple[str, ...], at: datetime
    ) -> EffectRow:
        """Write the INTENT row; one requestId has one payload for ever.

        Errors: ``StoreRefused`` when the requestId is bound to another payload.
        """
        with self._connection.writing("intent") as sql:
            return effects.insert_intent(sql, order, known_order_ids, at)

    async def begin_attempt(self, order: EffectOrder, attempt: Attempt) -> EffectRow:
        """Write the attempt row and move INTENT to SENDING, in one transaction.

        Errors: ``PlanRefused`` naming the run that holds the occurrence; ``LockHeld``.
        """
        with self._connection.writing("attempt") as sql:
            return effects.begin_attempt(sql, order, attempt)

    async def record_answer(
        self,
        order: EffectOrder,
        attempt_number: int,
        answer: JsonValue,
        *,
        proven_not_executed: bool,
        change: Change,
    ) -> EffectRow:
        """Write what an attempt gave and the transition it causes, in one transaction."""
        with self._connection.writing("answer") as sql:
            attempt = (attempt_number, answer, proven_not_executed)
            return effects.record_answer(sql, order, attempt, change)

    async def change_effect(self, order: EffectOrder, change: Change) -> EffectRow:
        """Make one transition durable."""
        edge = "final" if change.state in FINAL_STATES else "transition"
        with self._connection.writing(edge) as sql:
            return effects.change_effect(sql, order, change)

    def held_to(self, policy: PolicyPort) -> PolicedEffects:
        """Return the side for effects on which every intent and first attempt asks a policy."""
        return PolicedEffects(self, self._connection, policy)

    async def spent(self, asked: SpentAsked, *, run_id: str) -> tuple[Spent, ...]:
        """Return the spent effects that were asked for; ``run_id`` is whose own run is meant."""
        with self._connection.reading() as sql:
            return spending.spent_rows(sql, asked, run_id=run_id)

    async def claimed_order_ids(self) -> frozenset[str]:
        """Return every custodian order id that any effect of any run has as its own."""
        with self._connection.reading() as sql:
            return effects.claimed_order_ids(sql)
