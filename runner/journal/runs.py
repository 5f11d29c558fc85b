"""The rows of runs and steps: every function works inside a transaction its caller has opened."""

from collections.abc import Mapping
from datetime import datetime

from runner.core.clock import moment_from_text
from runner.core.errors import ExitCode, StoreRefused
from runner.engine.ports import OutcomeState, RunRow, StepOutcome
from runner.journal.codec import (
    Column,
    json_text,
    json_value,
    moment_text,
    optional_moment,
    optional_moment_text,
)
from runner.journal.records import (
    ANEW,
    RUN,
    RUN_FILE,
    STEP,
    STEP_START,
    enter_written,
    insert_row,
)
from runner.journal.register import enter_register
from runner.journal.sql import Sql
from runner.journal.transaction import Transaction

_RUN = (
    "SELECT run_id, digest, plan, playbook, host, entity, occurrence, revision, created_at,"
    " EXISTS (SELECT 1 FROM claim WHERE claim.run_id = run.run_id), exit_code, message,"
    " finished_at, tool_version FROM run"
)
_STEP = "SELECT path, state, result, message, exit_code, started_at, finished_at FROM step"


def register_run(transaction: Transaction, run: RunRow, files: Mapping[str, bytes]) -> RunRow:
    """Write a run, or return the claimed one as it stands; an unclaimed one starts anew.

    Errors: ``StoreRefused`` when the id belongs to another plan.
    """
    sql = transaction.sql
    known = run_row(sql, run.run_id)
    if known is not None:
        if known.digest != run.digest:
            raise StoreRefused(f"run {run.run_id} belongs to another plan, {known.digest}")
        if known.claimed or _is_kept(sql, run.run_id):
            return known
        # Files, steps, intents and their transitions go with it: nothing of it was ever sent.
        sql.execute("DELETE FROM run WHERE run_id = ?", (run.run_id,))
        transaction.chain.add(ANEW, (), "")
    moment = moment_text(run.created_at)
    values = (
        run.digest,
        run.plan,
        run.playbook,
        run.host,
        run.entity,
        run.occurrence,
        run.revision,
        moment,
        run.tool_version,
        None,
        "",
        None,
    )
    insert_row(transaction, "run", RUN, values)
    for name, data in files.items():
        insert_row(transaction, "file", RUN_FILE, (name, data))
    enter_register(sql, "run", run.run_id, {"digest": run.digest}, run.created_at)
    written = run_row(sql, run.run_id)
    assert written is not None, "the row was written a moment ago"
    return written


def _is_kept(sql: Sql, run_id: str) -> bool:
    # Handed back before its first send, or decided about by a person: it is gone on with as it is.
    return any(
        sql.execute(f"SELECT 1 FROM {table} WHERE run_id = ? LIMIT 1", (run_id,)).fetchone()  # noqa: S608  # constants
        for table in ("suspension", "decision")
    )


def run_row(sql: Sql, run_id: str) -> RunRow | None:
    """Return a run, or None."""
    found = sql.execute(f"{_RUN} WHERE run_id = ?", (run_id,)).fetchone()
    return None if found is None else _run(found)


def run_rows(sql: Sql, limit: int) -> tuple[RunRow, ...]:
    """Return the newest runs, newest first."""
    found = sql.execute(f"{_RUN} ORDER BY seq DESC LIMIT ?", (limit,)).fetchall()
    return tuple(_run(each) for each in found)


def run_ids(sql: Sql, host: str, entity: str) -> tuple[str, ...]:
    """Return the ids of an account's runs, oldest first."""
    found = sql.execute(
        "SELECT run_id FROM run WHERE host = ? AND entity = ? ORDER BY seq", (host, entity)
    ).fetchall()
    return tuple(run_id for (run_id,) in found)


def unfinished_rows(sql: Sql, host: str, entity: str) -> tuple[RunRow, ...]:
    """Return the runs of an account that have not ended, oldest first."""
    where = "WHERE exit_code IS NULL AND host = ? AND entity = ? ORDER BY seq"
    return tuple(_run(each) for each in sql.execute(f"{_RUN} {where}", (host, entity)).fetchall())


def run_counts(sql: Sql) -> tuple[int, int]:
    """Return how many runs there are, and how many of them have not ended."""
    (every,) = sql.execute("SELECT count(*) FROM run").fetchone()
    (unfinished,) = sql.execute("SELECT count(*) FROM run WHERE exit_code IS NULL").fetchone()
    return every, unfinished


def run_files(sql: Sql, run_id: str) -> Mapping[str, bytes]:
    """Return the bytes of a run's files, by name."""
    return dict(
        sql.execute("SELECT name, bytes FROM run_file WHERE run_id = ? ORDER BY name", (run_id,))
    )


def finish_run(transaction: Transaction, exit_code: ExitCode, message: str, at: datetime) -> None:
    """Write a run's end and the head of its chain into the register, unless it has one."""
    sql, run_id = transaction.sql, transaction.run_id
    written = sql.execute(
        "UPDATE run SET exit_code = ?, message = ?, finished_at = ?"
        " WHERE run_id = ? AND exit_code IS NULL",
        (int(exit_code), message, moment_text(at), run_id),
    ).rowcount
    if written == 1:
        enter_written(transaction, "end", RUN, ())
        chain = transaction.chain
        ended: dict[str, int | str] = {
            "exit_code": int(exit_code),
            "head": chain.head,
            "number": chain.number,
        }
        enter_register(sql, "end", run_id, ended, at)


def occurrence_owner(sql: Sql, occurrence: tuple[str, str, str, str, int]) -> str | None:
    """Return the run that claimed (host, entity, playbook, occurrence, revision), or None."""
    found = sql.execute(
        "SELECT run_id FROM claim WHERE host = ? AND entity = ? AND playbook = ?"
        " AND occurrence = ? AND revision = ?",
        occurrence,
    ).fetchone()
    return None if found is None else found[0]


def started_step(
    transaction: Transaction, path: str, at: datetime, deadline: datetime | None
) -> tuple[datetime, datetime | None]:
    """Write a step's first entry, unless it has one, and return what stands."""
    values = (path, moment_text(at), optional_moment_text(deadline))
    insert_row(transaction, "start", STEP_START, values)
    found = step_start(transaction.sql, transaction.run_id, path)
    assert found is not None, "the row was written a moment ago"
    return found


def step_start(sql: Sql, run_id: str, path: str) -> tuple[datetime, datetime | None] | None:
    """Return a step's first entry, or None."""
    found = sql.execute(
        "SELECT at, deadline FROM step_start WHERE run_id = ? AND path = ?", (run_id, path)
    ).fetchone()
    return None if found is None else (moment_from_text(found[0]), optional_moment(found[1]))


def step_outcome(sql: Sql, run_id: str, path: str) -> StepOutcome | None:
    """Return a step's end, or None."""
    found = sql.execute(f"{_STEP} WHERE run_id = ? AND path = ?", (run_id, path)).fetchone()
    return None if found is None else _outcome(found)


def step_outcomes(sql: Sql, run_id: str) -> Mapping[str, StepOutcome]:
    """Return every end of the run by path, in the order they were written."""
    return {
        found[0]: _outcome(found)
        for found in sql.execute(f"{_STEP} WHERE run_id = ? ORDER BY seq", (run_id,))
    }


def record_step(transaction: Transaction, path: str, outcome: StepOutcome) -> None:
    """Write a step's end, unless it has one."""
    values = (
        path,
        outcome.state,
        json_text(outcome.result),
        outcome.message,
        int(outcome.exit_code),
        moment_text(outcome.started_at),
        moment_text(outcome.finished_at),
    )
    insert_row(transaction, "step", STEP, values)


def _run(found: tuple[Column, ...]) -> RunRow:
    return RunRow(
        run_id=str(found[0]),
        digest=str(found[1]),
        plan=str(found[2]),
        playbook=str(found[3]),
        host=str(found[4]),
        entity=str(found[5]),
        occurrence=str(found[6]),
        revision=int(found[7] or 0),
        created_at=moment_from_text(str(found[8])),
        claimed=bool(found[9]),
        exit_code=None if found[10] is None else ExitCode(int(found[10])),
        message=str(found[11]),
        finished_at=None if found[12] is None else moment_from_text(str(found[12])),
        tool_version=str(found[13]),
    )


def _outcome(found: tuple[str, str, str, str, int, str, str]) -> StepOutcome:
    return StepOutcome(
        state=OutcomeState(found[1]),
        result=json_value(found[2]),
        message=found[3],
        exit_code=ExitCode(found[4]),
        started_at=moment_from_text(found[5]),
        finished_at=moment_from_text(found[6]),
    )
