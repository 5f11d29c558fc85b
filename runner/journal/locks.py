"""Locks over runs: what no two runs may touch at once."""

from collections.abc import Callable
from datetime import datetime

from runner.journal.codec import moment_text
from runner.journal.effects import held_by_open_effect, lock_held
from runner.journal.sql import Sql


def take_locks(
    sql: Sql,
    run_id: str,
    names: tuple[str, ...],
    *,
    at: datetime,
    is_driven: Callable[[str], bool],
) -> None:
    """Take every lock, or raise before the transaction changes anything that lasts.

    A lock of another run is taken over only when that run has claimed nothing and no process drives
    it: it never sent anything and never will under this lock.
    Errors: ``LockHeld`` naming the run that holds the first lock that is not free.
    """
    for name in sorted(set(names)):
        found = sql.execute("SELECT run_id FROM lock WHERE name = ?", (name,)).fetchone()
        if found is not None and found[0] != run_id:
            owner: str = found[0]
            claimed = sql.execute("SELECT 1 FROM claim WHERE run_id = ?", (owner,)).fetchone()
            if claimed is not None or is_driven(owner):
                raise lock_held(name, owner)
        sql.execute(
            "INSERT INTO lock (name, run_id, at) VALUES (?,?,?) ON CONFLICT (name)"
            " DO UPDATE SET run_id = excluded.run_id, at = excluded.at"
            " WHERE lock.run_id <> excluded.run_id",
            (name, run_id, moment_text(at)),
        )


def release_locks(sql: Sql, run_id: str, names: tuple[str, ...]) -> None:
    """Give back the run's locks among these, except those an open effect of it stands behind."""
    for name in names:
        if not held_by_open_effect(sql, run_id, name):
            sql.execute("DELETE FROM lock WHERE name = ? AND run_id = ?", (name, run_id))
