"""The rows of runs and steps: every function works inside a transaction its caller has opened."""

import sqlite3
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

_RUN = (
    "SELECT run_id, digest, plan, playbook, host, entity, occurrence, revision, created_at,"
    " EXISTS (SELECT 1 FROM claim WHERE claim.run_id = run.run_id), exit_code, message,"
    " finished_at, tool_version FROM run"
)
_STEP = "SELECT path, state, result, message, exit_code, started_at, finished_at FROM step"


def register_run(sql: sqlite3.Connection, run: RunRow, files: Mapping[str, bytes]) -> RunRow:
    """Write a run, or return the claimed one as it stands; an unclaimed one starts anew.

    Errors: ``StoreRefused`` when the id belongs to another plan.
    """
    known = run_row(sql, run.run_id)
    if known is not None:
        if known.digest != run.digest:
            raise StoreRefused(f"run {run.run_id} belongs to another plan, {known.digest}")
        if known.claimed:
            return known
        # Files, steps, intents and their transitions go with it: nothing of it was ever sent.
        sql.execute("DELETE FROM run WHERE run_id = ?", (run.run_id,))
    sql.execute(
        "INSERT INTO run (run_id, digest, plan, playbook, host, entity, occurrence, revision,"
        " created_at, tool_version, exit_code, message, finished_at)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,NULL,'',NULL)",
        (
            run.run_id,
            run.digest,
            run.plan,
            run.playbook,
            run.host,
            run.entity,
            run.occurrence,
            run.revision,
            moment_text(run.created_at),
            run.tool_version,
        ),
    )
    sql.executemany(
        "INSERT INTO run_file (run_id, name, bytes) VALUES (?,?,?)",
        [(run.run_id, name, data) for name, data in files.items()],
    )
    written = run_row(sql, run.run_id)
    assert written is not None, "the row was written a moment ago"
    return written


def run_row(sql: sqlite3.Connection, run_id: str) -> RunRow | None:
    """Return a run, or None."""
    found = sql.execute(f"{_RUN} WHERE run_id = ?", (run_id,)).fetchone()
    return None if found is None else _run(found)


def run_rows(sql: sqlite3.Connection, limit: int) -> tuple[RunRow, ...]:
    """Return the newest runs, newest first."""
    found = sql.execute(f"{_RUN} ORDER BY seq DESC LIMIT ?", (limit,)).fetchall()
    return tuple(_run(each) for each in found)


def run_files(sql: sqlite3.Connection, run_id: str) -> Mapping[str, bytes]:
    """Return the bytes of a run's files, by name."""
    return dict(
        sql.execute("SELECT name, bytes FROM run_file WHERE run_id = ? ORDER BY name", (run_id,))
    )


def finish_run(
    sql: sqlite3.Connection, run_id: str, exit_code: ExitCode, message: str, at: datetime
) -> None:
    """Write a run's end, unless it has one."""
    sql.execute(
        "UPDATE run SET exit_code = ?, message = ?, finished_at = ?"
        " WHERE run_id = ? AND exit_code IS NULL",
        (int(exit_code), message, moment_text(at), run_id),
    )


def occurrence_owner(
    sql: sqlite3.Connection, occurrence: tuple[str, str, str, str, int]
) -> str | None:
    """Return the run that claimed (host, entity, playbook, occurrence, revision), or None."""
    found = sql.execute(
        "SELECT run_id FROM claim WHERE host = ? AND entity = ? AND playbook = ?"
        " AND occurrence = ? AND revision = ?",
        occurrence,
    ).fetchone()
    return None if found is None else found[0]


def started_step(
    sql: sqlite3.Connection, run_id: str, path: str, at: datetime, deadline: datetime | None
) -> tuple[datetime, datetime | None]:
    """Write a step's first entry, unless it has one, and return what stands."""
    sql.execute(
        "INSERT INTO step_start (run_id, path, at, deadline) VALUES (?,?,?,?)"
        " ON CONFLICT (run_id, path) DO NOTHING",
        (run_id, path, moment_text(at), optional_moment_text(deadline)),
    )
    found = step_start(sql, run_id, path)
    assert found is not None, "the row was written a moment ago"
    return found


def step_start(
    sql: sqlite3.Connection, run_id: str, path: str
) -> tuple[datetime, datetime | None] | None:
    """Return a step's first entry, or None."""
    found = sql.execute(
        "SELECT at, deadline FROM step_start WHERE run_id = ? AND path = ?", (run_id, path)
    ).fetchone()
    return None if found is None else (moment_from_text(found[0]), optional_moment(found[1]))


def step_outcome(sql: sqlite3.Connection, run_id: str, path: str) -> StepOutcome | None:
    """Return a step's end, or None."""
    found = sql.execute(f"{_STEP} WHERE run_id = ? AND path = ?", (run_id, path)).fetchone()
    return None if found is None else _outcome(found)


def step_outcomes(sql: sqlite3.Connection, run_id: str) -> Mapping[str, StepOutcome]:
    """Return every end of the run by path, in the order they were written."""
    return {
        found[0]: _outcome(found)
        for found in sql.execute(f"{_STEP} WHERE run_id = ? ORDER BY seq", (run_id,))
    }


def record_step(sql: sqlite3.Connection, run_id: str, path: str, outcome: StepOutcome) -> None:
    """Write a step's end, unless it has one."""
    sql.execute(
        "INSERT INTO step (run_id, path, state, result, message, exit_code, started_at,"
        " finished_at) VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (run_id, path) DO NOTHING",
        (
            run_id,
            path,
            outcome.state,
            json_text(outcome.result),
            outcome.message,
            int(outcome.exit_code),
            moment_text(outcome.started_at),
            moment_text(outcome.finished_at),
        ),
    )


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
