"""Double entry in SQLite: one file, opened, and one transaction for each request.

Everything one request does, its line in the request log included, is one transaction, so a kill at
any point leaves either all of it or nothing. Several processes may hold one ledger open: each
transaction takes the write lock first and brings the orders up to the present before it looks.
What the tables mean stands in ``books``; whether they agree with each other is told by ``audit``.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Self, TypeAlias

from runner.core.clock import Clock
from runner.core.errors import SettingsInvalid
from runner.sandbox.audit import audit
from runner.sandbox.books import Balance, Books, Entry, LoggedRequest, Row
from runner.sandbox.clock import ClockRow
from runner.sandbox.clock_row import SELECT_ROW, row_from_columns
from runner.sandbox.orders import Order
from runner.sandbox.tables import TABLES

_BUSY_TIMEOUT_S = 15.0
_VERSION = "3"


AfterStage: TypeAlias = Callable[[Books, Order], None]
"""What follows when an order has reached a stage; it runs inside the transaction."""


class LedgerRefused(SettingsInvalid):
    """A ledger file cannot be used: damaged, of another version, or made from another world."""


class Ledger:
    """One ledger file, opened; use from one thread."""

    def __init__(
        self, connection: sqlite3.Connection, clock: Clock, after_stage: AfterStage
    ) -> None:
        """Take an open connection; ``open`` is the way to get one."""
        self._db = connection
        self._clock = clock
        self._after_stage = after_stage

    @classmethod
    def create(
        cls, path: Path, *, now: datetime, seed: Callable[[Books], None], world_digest: str
    ) -> None:
        """Make a ledger file that holds what ``seed`` writes at the moment ``now``, nothing else.

        The file appears under its name when it is complete, never before. The caller holds the
        folder's lock.
        """
        draft = path.with_name(f"{path.name}.new")
        for leftover in path.parent.glob(f"{draft.name}*"):
            leftover.unlink()
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(draft, isolation_level=None)) as db:
            # The mode is kept in the file. Two processes that changed it at their first opening
            # could meet, and SQLite then refuses one of them without waiting.
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("BEGIN")
            for statement in TABLES:
                db.execute(statement)
            db.executemany(
                "INSERT INTO meta VALUES (?, ?)",
                [("version", _VERSION), ("world", world_digest)],
            )
            seed(Books(partial(_run, db), now=now))
            db.execute("COMMIT")
        draft.rename(path)

    @classmethod
    def open(
        cls, path: Path, *, clock: Clock, world_digest: str, after_stage: AfterStage | None = None
    ) -> Self:
        """Open a ledger file that ``create`` made.

        Shapes: ``after_stage`` is what follows when an order has reached a stage.
        Errors: ``LedgerRefused`` if it is no ledger of ours or was made from another world.
        """
        db = _connect(path)
        try:
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA foreign_keys=ON")
            ((mode,),) = db.execute("PRAGMA journal_mode")
            meta = dict(db.execute("SELECT key, value FROM meta"))
        except sqlite3.DatabaseError as exc:
            db.close()
            raise LedgerRefused(f"{path} is not a sandbox ledger: {exc}") from exc
        if mode != "wal" or meta != {"version": _VERSION, "world": world_digest}:
            db.close()
            raise LedgerRefused(
                f"{path} was made from another world or by another version",
                hint="reset the sandbox, or use another name",
            )
        return cls(db, clock, after_stage or _nothing_follows)

    def close(self) -> None:
        """Let go of the file; calling twice is safe."""
        self._db.close()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Books]:
        """Hold the write lock for one request: all of what happens inside, or nothing, is kept.

        Orders are brought up to the present before the body runs. Nothing may be awaited inside.
        With ``durable`` it is on the disk when this returns. Without, a power cut may take it back,
        a killed process never: for reads, which move nothing, and whose line in the request log is
        not worth the wait. The next durable one takes it to the disk along with itself.
        """
        self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            # The time is read under the lock, so that it never runs against the order of commits.
            books = Books(partial(_run, self._db), now=self._clock.now())
            books.catch_up(self._after_stage)
            yield books
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def balances(self) -> tuple[Balance, ...]:
        """Return every account, the opening ones included, sorted by name."""
        with self.transaction() as books:
            return books.balances()

    def orders(self) -> tuple[Order, ...]:
        """Return every order, first to last."""
        with self.transaction() as books:
            return books.orders()

    def entries(self) -> tuple[Entry, ...]:
        """Return every entry with its postings, first to last; the opening comes first."""
        with self.transaction() as books:
            return books.entries()

    def requests(self) -> tuple[LoggedRequest, ...]:
        """Return every request that arrived, first to last."""
        with self.transaction() as books:
            return books.requests()

    def check(self) -> tuple[str, ...]:
        """Return what does not add up, one sentence each; nothing when all is well."""
        with self.transaction() as books:
            return audit(
                balances=books.balances(),
                entries=books.entries(),
                orders=books.orders(),
                requests=books.requests(),
            )


class RowReader:
    """A second connection to a ledger, for the clock's row alone."""

    def __init__(self, path: Path) -> None:
        """Open a ledger that exists."""
        # Only read from; but the first connection to a ledger makes the files beside it.
        self._db = _connect(path)

    def close(self) -> None:
        """Let go of the file; calling twice is safe."""
        self._db.close()

    def __call__(self) -> ClockRow:
        """Return the row as it was committed last."""
        with closing(self._db.execute(SELECT_ROW)) as cursor:
            return row_from_columns(*cursor.fetchone())


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        timeout=_BUSY_TIMEOUT_S,
    )


def _run(db: sqlite3.Connection, statement: str, values: Sequence[object] = ()) -> list[Row]:
    return db.execute(statement, values).fetchall()


def _nothing_follows(books: Books, order: Order) -> None:
    del books, order
