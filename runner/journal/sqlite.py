"""The journal in one SQLite file, or in memory for whoever studies crashes."""

import sqlite3
from pathlib import Path

from runner.core.boundary import Boundary, no_boundary
from runner.core.clock import Clock
from runner.journal.connection import Connection, migrate_file, open_connection
from runner.journal.journal import Journal
from runner.journal.ownership import FileOwnership
from runner.journal.transaction import Writer


def open_journal(path: Path, *, clock: Clock, boundary: Boundary = no_boundary) -> Journal:
    """Open the journal in a file, making file and folder where there are none.

    Shapes: the file is made with mode 0600, missing folders with 0700; lock files of runs go to
        the folder ``runs`` beside it. ``boundary`` is called around every commit.
    Errors: ``StoreRefused`` for a file or folder others could have written, a foreign or newer
        file, or a place where SQLite cannot promise durability.
    """
    connection = open_connection(path, clock=clock, boundary=boundary)
    return _journal(connection, folder=path.parent / "runs", clock=clock)


def journal_in_memory(
    sql: sqlite3.Connection, *, clock: Clock, boundary: Boundary = no_boundary
) -> Journal:
    """Put a journal on a connection whose durability nobody relies on.

    For studies of crashes: the connection may be to memory, and be serialized between commits. It
    must be in autocommit mode (``isolation_level=None``).
    """
    sql.execute("PRAGMA foreign_keys = ON")
    migrate_file(sql, clock)
    return _journal(Connection(sql, ":memory:", boundary=boundary), folder=None, clock=clock)


def _journal(connection: Connection, *, folder: Path | None, clock: Clock) -> Journal:
    try:
        with connection.reading() as sql:
            (store_id,) = sql.execute("SELECT value FROM meta WHERE key = 'store_id'").fetchone()
    except BaseException:
        connection.close()
        raise
    writer = Writer(database=connection)
    ownership = FileOwnership(folder=folder, writer=writer, clock=clock)
    return Journal(connection, writer, ownership, store_id=store_id)
