"""The journal: the Store port on either database, each method one short transaction.

Methods are asynchronous because the port is; they run their statements inline and never suspend, so
no other task of the loop can come between the statements of a transaction and no cancellation can
cut one.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import partial

from runner.controls.guard import SpentAsked
from runner.controls.kill_switch import KillSwitch, Stop
from runner.controls.policy import Spent
from runner.core.errors import ExitCode
from runner.core.jsonvalue import JsonValue
from runner.effects.model import FINAL_STATES, Attempt, EffectOrder, EffectRow
from runner.effects.policy import PolicyPort
from runner.effects.ports import Change, Decision, StoreMark
from runner.engine.ports import RunRow, StepOutcome, Suspension
from runner.journal import (
    decisions,
    effects,
    holding,
    locks,
    log,
    register,
    runs,
    spending,
    stopping,
    suspensions,
)
from runner.journal.chain import open_chain
from runner.journal.holding import LockRow
from runner.journal.ownership import Ownership
from runner.journal.policed import PolicedEffects
from runner.journal.sql import Database
from runner.journal.transaction import Writer
from runner.journal.verification import Verified, verify_journal, verify_run


class Journal:
    """The Store port.

    Errors: every method raises ``JournalFailed`` when the database fails, and from then on always;
        every method that writes about a run raises ``LeaseLost`` where another owner has it.
    """

    def __init__(
        self, database: Database, writer: Writer, ownership: Ownership, *, store_id: str
    ) -> None:
        """Take an open database, and who writes to it."""
        self._database = database
        self._writer = writer
        self._ownership = ownership
        self._store_id = store_id

    @property
    def store_id(self) -> str:
        """Return the id drawn when this journal was made."""
        return self._store_id

    @property
    def place(self) -> str:
        """Return where this journal is, in words that hold no secret."""
        return self._database.place

    def close(self) -> None:
        """Close it; calling twice is safe."""
        self._database.close()

    def own_run(self, run_id: str) -> AbstractAsyncContextManager[None]:
        """Own a run while the returned block lasts, under an epoch no owner had before.

        Errors: ``LockHeld`` naming the process that owns the run; the block ends with ``LeaseLost``
            as soon as another owner is known to have taken the run over.
        """
        return self._ownership.own_run(run_id)

    def high_water(self) -> StoreMark:
        """Return how far the register has come."""
        with self._database.reading() as sql:
            return register.mark(sql)

    async def holds_mark(self, wanted: StoreMark) -> bool:
        """Tell whether the register has come by a mark."""
        with self._database.reading() as sql:
            return register.holds_mark(sql, wanted)

    async def verify(self, run_id: str = "") -> Verified | None:
        """Hold the journal, or one run, against the chains; None for a run without any trace."""
        with self._database.reading() as sql:
            return verify_run(sql, run_id) if run_id else verify_journal(sql)

    async def chain_head(self, run_id: str) -> StoreMark:
        """Return where a run's chain ends."""
        with self._database.reading() as sql:
            chain = open_chain(sql, run_id)
        return StoreMark(number=chain.number, head=chain.head)

    async def lock_rows(self) -> tuple[LockRow, ...]:
        """Return every lock there is, sorted by name."""
        with self._database.reading() as sql:
            return tuple(
                LockRow(
                    name=name,
                    run_id=run_id,
                    at=at,
                    is_driven=self._ownership.is_driven(sql, run_id),
                    effects=behind,
                )
                for name, run_id, at, behind in holding.locks_held(sql)
            )

    async def break_lock(self, name: str, decision: Decision) -> None:
        """Take a lock from the run a decision is about, which this process must own.

        Errors: as ``holding.break_lock``.
        """
        with self._writer.writing("decision", decision.run_id, across=True) as transaction:
            holding.break_lock(transaction, name, decision)

    async def record_decision(self, decision: Decision) -> None:
        """Write what a person decided about a run, or about the whole journal."""
        if decision.run_id:
            with self._writer.writing("decision", decision.run_id, across=True) as transaction:
                decisions.insert_decision(transaction, decision)
        else:
            with self._database.writing("decision", across=True) as sql:
                decisions.register_decision(sql, decision)

    async def is_driven(self, run_id: str) -> bool:
        """Tell whether some process, this one included, drives a run now."""
        with self._database.reading() as sql:
            return self._ownership.is_driven(sql, run_id)

    async def ask_cancel(self, decision: Decision) -> None:
        """Write that a person wants a run's end, whoever drives it."""
        with self._writer.writing(
            "decision", decision.run_id, across=True, owned=False
        ) as transaction:
            decisions.insert_decision(transaction, decision)

    async def cancel_asked(self, run_id: str) -> Decision | None:
        """Return the strongest cancel of a run, or None."""
        with self._database.reading() as sql:
            return decisions.cancel_asked(sql, run_id)

    async def suspend(self, suspension: Suspension) -> None:
        """Write when a run that is handed back is due."""
        with self._writer.writing("suspension", suspension.run_id) as transaction:
            suspensions.suspend(transaction.sql, suspension)

    async def suspension(self, run_id: str) -> Suspension | None:
        """Return when a run is due that was handed back, or None."""
        with self._database.reading() as sql:
            return suspensions.suspension(sql, run_id)

    async def wake(self, run_id: str) -> None:
        """Forget that a run was handed back: it goes on."""
        if await self.suspension(run_id) is not None:
            with self._writer.writing("suspension", run_id) as transaction:
                suspensions.wake(transaction.sql, run_id)

    async def unfinished(self, *, host: str, entity: str) -> tuple[RunRow, ...]:
        """Return the runs of an account that have not ended, oldest first."""
        with self._database.reading() as sql:
            return runs.unfinished_rows(sql, host, entity)

    async def decisions(self, run_id: str) -> tuple[Decision, ...]:
        """Return what was decided about a run, or with an empty id about the whole journal."""
        with self._database.reading() as sql:
            return decisions.decisions(sql, run_id)

    async def register_run(self, run: RunRow, files: Mapping[str, bytes]) -> RunRow:
        """Write the run and its files, or return it as it stands; an unclaimed one starts anew."""
        with self._writer.writing("run", run.run_id, across=True) as transaction:
            return runs.register_run(transaction, run, files)

    async def run(self, run_id: str) -> RunRow | None:
        """Return the run, or None."""
        with self._database.reading() as sql:
            return runs.run_row(sql, run_id)

    async def runs(self, *, limit: int) -> tuple[RunRow, ...]:
        """Return the newest runs, newest first."""
        with self._database.reading() as sql:
            return runs.run_rows(sql, limit)

    async def run_counts(self) -> tuple[int, int]:
        """Return how many runs there are, and how many of them have not ended."""
        with self._database.reading() as sql:
            return runs.run_counts(sql)

    async def run_files(self, run_id: str) -> Mapping[str, bytes]:
        """Return the bytes of the files the run's plan read."""
        with self._database.reading() as sql:
            return runs.run_files(sql, run_id)

    async def finish_run(
        self, run_id: str, *, exit_code: ExitCode, message: str, at: datetime
    ) -> None:
        """Write a run's end; a run that has ended keeps its first end."""
        with self._writer.writing("finish", run_id, across=True) as transaction:
            runs.finish_run(transaction, exit_code, message, at)

    async def occurrence_owner(
        self, *, host: str, entity: str, playbook: str, occurrence: str, revision: int
    ) -> str | None:
        """Return the run that has used up the occurrence, or None."""
        with self._database.reading() as sql:
            return runs.occurrence_owner(sql, (host, entity, playbook, occurrence, revision))

    async def effects(self, run_id: str) -> tuple[EffectRow, ...]:
        """Return the run's effects in the order of their intents."""
        with self._database.reading() as sql:
            return effects.effect_rows(sql, run_id)

    async def account_effects(self, *, host: str, entity: str) -> tuple[EffectRow, ...]:
        """Return the effects of every run of an account, oldest run first."""
        with self._database.reading() as sql:
            ids = runs.run_ids(sql, host, entity)
            return tuple(row for run_id in ids for row in effects.effect_rows(sql, run_id))

    async def started_step(
        self, run_id: str, path: str, *, at: datetime, deadline: datetime | None
    ) -> tuple[datetime, datetime | None]:
        """Write a step's first entry, or return the one already written: start and deadline."""
        with self._database.reading() as sql:
            known = runs.step_start(sql, run_id, path)
        if known is not None:
            return known
        with self._writer.writing("entry", run_id) as transaction:
            return runs.started_step(transaction, path, at, deadline)

    async def step_start(self, run_id: str, path: str) -> tuple[datetime, datetime | None] | None:
        """Return a step's first entry, or None."""
        with self._database.reading() as sql:
            return runs.step_start(sql, run_id, path)

    async def step_outcome(self, run_id: str, path: str) -> StepOutcome | None:
        """Return the step's end, or None."""
        with self._database.reading() as sql:
            return runs.step_outcome(sql, run_id, path)

    async def step_outcomes(self, run_id: str) -> Mapping[str, StepOutcome]:
        """Return every journalled end of the run, by path, in the order they were written."""
        with self._database.reading() as sql:
            return runs.step_outcomes(sql, run_id)

    async def record_step(self, run_id: str, path: str, outcome: StepOutcome) -> None:
        """Write a step's end; a step that has ended keeps its first end."""
        with self._writer.writing("step", run_id) as transaction:
            runs.record_step(transaction, path, outcome)

    async def take_locks(self, run_id: str, names: tuple[str, ...], *, at: datetime) -> None:
        """Take all locks in sorted order in one transaction, or none.

        Errors: ``LockHeld`` naming the owner.
        """
        with self._writer.writing("locks", run_id, across=True) as transaction:
            sql = transaction.sql
            is_driven = partial(self._ownership.is_driven, sql)
            locks.take_locks(sql, run_id, names, at=at, is_driven=is_driven)

    async def release_locks(self, run_id: str, names: tuple[str, ...]) -> None:
        """Give locks back; a lock behind which an effect is not final stays."""
        with self._writer.writing("release", run_id, across=True) as transaction:
            locks.release_locks(transaction.sql, run_id, names)

    async def log_rows(self, run_id: str) -> tuple[log.LogRow, ...]:
        """Return what happened in a run, oldest first."""
        with self._database.reading() as sql:
            return log.log_rows(sql, run_id)

    async def transitions(self, run_id: str) -> tuple[log.Transition, ...]:
        """Return every change of a run's effects, oldest first."""
        with self._database.reading() as sql:
            return log.transition_rows(sql, run_id)

    async def effect(self, run_id: str, path: str) -> EffectRow | None:
        """Return the effect's row, or None before its intent."""
        with self._database.reading() as sql:
            return effects.effect_row(sql, run_id, path)

    async def insert_intent(
        self, order: EffectOrder, *, known_order_ids: tuple[str, ...], at: datetime
    ) -> EffectRow:
        """Write the INTENT row; one requestId has one payload for ever.

        Errors: ``StoreRefused`` when the requestId is bound to another payload.
        """
        with self._writer.writing("intent", order.run_id, across=True) as transaction:
            return effects.insert_intent(transaction, order, known_order_ids, at)

    async def begin_attempt(self, order: EffectOrder, attempt: Attempt) -> EffectRow:
        """Write the attempt row and move INTENT to SENDING, in one transaction.

        Errors: ``PlanRefused`` naming the run that holds the occurrence; ``LockHeld``.
        """
        with self._writer.writing("attempt", order.run_id, across=True) as transaction:
            return effects.begin_attempt(transaction, order, attempt)

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
        with self._writer.writing("answer", order.run_id, across=True) as transaction:
            attempt = (attempt_number, answer, proven_not_executed)
            return effects.record_answer(transaction, order, attempt, change)

    async def change_effect(
        self, order: EffectOrder, change: Change, *, decision: Decision | None = None
    ) -> EffectRow:
        """Make one transition durable, and in the same transaction the decision that led to it."""
        edge = "final" if change.state in FINAL_STATES else "transition"
        edge = edge if decision is None else "decision"
        with self._writer.writing(edge, order.run_id, across=True) as transaction:
            return effects.change_effect(transaction, order, change, decision)

    def held_to(self, policy: PolicyPort, switch: KillSwitch | None = None) -> PolicedEffects:
        """Return the side for effects on which every intent and attempt asks a policy.

        Shapes: without ``switch`` only flags in the journal that stop everything are looked at.
        """
        return PolicedEffects(self, self._writer, policy, switch or KillSwitch())

    async def stops(self) -> tuple[Stop, ...]:
        """Return the flags of the kill switch that are in force."""
        with self._database.reading() as sql:
            return stopping.flags(sql)

    async def spent(self, asked: SpentAsked, *, run_id: str) -> tuple[Spent, ...]:
        """Return the spent effects that were asked for; ``run_id`` is whose own run is meant."""
        with self._database.reading() as sql:
            return spending.spent_rows(sql, asked, run_id=run_id)

    async def claimed_order_ids(self) -> frozenset[str]:
        """Return every custodian order id that any effect of any run has as its own."""
        with self._database.reading() as sql:
            return effects.claimed_order_ids(sql)
