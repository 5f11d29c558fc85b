"""Runs that were handed back, and when they are due: a present that changes, outside the chain."""

from runner.core.clock import moment_from_text
from runner.engine.ports import Suspension
from runner.journal.codec import moment_text
from runner.journal.sql import Sql


def suspend(sql: Sql, suspension: Suspension) -> None:
    """Write when a run is due, in the place of an earlier moment."""
    sql.execute(
        "INSERT INTO suspension (run_id, path, at, due_at) VALUES (?,?,?,?)"
        " ON CONFLICT (run_id) DO UPDATE SET path = excluded.path, at = excluded.at,"
        " due_at = excluded.due_at",
        (
            suspension.run_id,
            suspension.path,
            moment_text(suspension.at),
            moment_text(suspension.due),
        ),
    )


def suspension(sql: Sql, run_id: str) -> Suspension | None:
    """Return when a run is due, or None where it was not handed back."""
    found = sql.execute(
        "SELECT path, at, due_at FROM suspension WHERE run_id = ?", (run_id,)
    ).fetchone()
    if found is None:
        return None
    path, at, due = found
    return Suspension(run_id=run_id, path=path, at=moment_from_text(at), due=moment_from_text(due))


def wake(sql: Sql, run_id: str) -> None:
    """Forget that a run was handed back."""
    sql.execute("DELETE FROM suspension WHERE run_id = ?", (run_id,))
