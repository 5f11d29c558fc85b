"""Our journal on a disk of its own: SQLite in memory, and what a crash leaves of it.

A process that dies leaves what was committed, and of that only what was synced: a commit under
another setting than ``synchronous = FULL`` is lost with the machine. A commit that the disk fails
may be there afterwards or not; both are tried (RELIABILITY C10).
"""

import re
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from runner.core.boundary import Boundary, no_boundary
from runner.core.clock import Clock
from runner.engine.ports import RunRow
from runner.journal.journal import Journal
from runner.journal.sqlite import journal_in_memory, open_journal

_FULL = "2"
_SYNCHRONOUS = re.compile(r"PRAGMA synchronous\s*=\s*(\w+)", re.IGNORECASE)
_LEVELS: Mapping[str, str] = {"OFF": "0", "NORMAL": "1", "FULL": "2", "EXTRA": "3"}


class Disk:
    """The durable bytes of one case, and the connection of the process that runs now."""

    def __init__(self, fresh: bytes, clock: Clock, *, synchronous: str = "FULL") -> None:
        self._synchronous = synchronous
        self._bytes = fresh
        self._clock = clock
        self._open: DiskConnection | None = None

    def journal(self, boundary: Boundary = no_boundary) -> Journal:
        """Open the journal, as a process that has just started does."""
        self.lose_power()
        sql = sqlite3.connect(
            ":memory:", isolation_level=None, cached_statements=256, factory=DiskConnection
        )
        sql.deserialize(self._bytes)
        sql.execute(f"PRAGMA synchronous = {self._synchronous}")
        self._open = sql
        return journal_in_memory(sql, clock=self._clock, boundary=boundary)

    def lose_power(self) -> None:
        """End the process that had the journal open, and keep what had reached the disk."""
        if self._open is not None:
            self._bytes = self._open.on_disk()
            self._open.close()
            self._open = None

    def restore(self, content: bytes) -> None:
        """Put an older content in the place of what is there, as somebody with a backup does."""
        self.lose_power()
        self._bytes = content

    def fail_commit(self, *, kept: bool) -> None:
        """Let the next commit fail, after it has reached the disk or without that."""
        assert self._open is not None, "a journal is open while a process runs"
        self._open.fails = "kept" if kept else "lost"

    def durable_rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """Return what a query finds of what would be there if the power went now.

        Shapes: asked while no transaction is open.
        """
        assert self._open is not None, "a journal is open while a process runs"
        return self._open.durable_rows(query, values)

    @property
    def content(self) -> bytes:
        """Return the bytes as they are on the disk now."""
        self.lose_power()
        return self._bytes


class DiskConnection(sqlite3.Connection):
    """A connection that knows which of its commits a crash would leave."""

    fails = ""
    synchronous = _FULL
    saved: bytes | None = None
    """What the disk has while later commits are not synced; None while all are."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:  # noqa: ANN401 - SQLite's
        if sql == "COMMIT" and self.fails:
            kept, self.fails = self.fails == "kept", ""
            super().execute("COMMIT" if kept else "ROLLBACK")
            raise sqlite3.OperationalError("disk I/O error")
        found = _SYNCHRONOUS.match(sql)
        if found is not None:
            self.synchronous = _LEVELS.get(found[1].upper(), found[1])
        if sql.startswith("BEGIN") and self.synchronous < _FULL and self.saved is None:
            self.saved = self.serialize()
        cursor = super().execute(sql, parameters)
        if sql == "COMMIT" and self.synchronous >= _FULL:
            self.saved = None
        return cursor

    def on_disk(self) -> bytes:
        if self.in_transaction:
            self.rollback()
        return self.serialize() if self.saved is None else self.saved

    def durable_rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        assert not self.in_transaction, "a request must not be sent inside a transaction"
        if self.saved is None:
            return self.execute(query, values).fetchall()
        with closing(sqlite3.connect(":memory:")) as other:
            other.deserialize(self.saved)
            return other.execute(query, values).fetchall()


async def fresh_journal(run: RunRow, clock: Clock) -> bytes:
    """Make a journal with one run registered the way the program does, and return its file."""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        path = Path(folder) / "state.sqlite"
        journal = open_journal(path, clock=clock)
        await journal.register_run(run, {})
        journal.close()
        with closing(sqlite3.connect(path)) as sql:
            # A database in memory knows no write-ahead log.
            sql.execute("PRAGMA journal_mode = DELETE")
        return path.read_bytes()
