"""One connection to one journal file: opened with suspicion, durable, and dead after a failure."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runner.core.boundary import Boundary, no_boundary
from runner.core.clock import Clock
from runner.core.errors import JournalFailed, StoreRefused
from runner.journal.migrations import migrate
from runner.journal.private_files import prepare_file, prepare_folder
from runner.journal.schema import APPLICATION_ID, VERSION
from runner.journal.sql import Sql

BUSY_TIMEOUT_MS = 30_000
_SYNCHRONOUS_FULL = 2


class Connection:
    """A SQLite connection that commits with fsync and refuses to work after any failure.

    A failed COMMIT may or may not have happened, so nothing this process believes can be trusted
    any more: every later call raises ``JournalFailed`` and only a new process may go on.
    Source: DESIGN section 6, rules 1 and 2.
    """

    def __init__(
        self, sql: sqlite3.Connection, place: str, *, boundary: Boundary = no_boundary
    ) -> None:
        """Take an open connection in autocommit mode."""
        self._sql = sql
        self._statements = Sql(run=sql.execute)
        self._place = place
        self._boundary = boundary
        self._failure: str | None = None

    @property
    def place(self) -> str:
        """Return the file's name."""
        return self._place

    @contextmanager
    def writing(self, edge: str, *, across: bool = False) -> Iterator[Sql]:
        """Run one transaction, as ``Database`` says; SQLite has one writer at a time anyway."""
        del across
        sql = self._usable()
        try:
            sql.execute("BEGIN IMMEDIATE")
            yield self._statements
            self._boundary(f"before-{edge}")
            sql.execute("COMMIT")
        except sqlite3.Error as exc:
            raise self._fail(exc) from exc
        except BaseException:
            with suppress(sqlite3.Error):
                sql.execute("ROLLBACK")
            raise
        self._boundary(f"after-{edge}")

    @contextmanager
    def reading(self) -> Iterator[Sql]:
        """Run reads that all see one moment. Errors: ``JournalFailed``."""
        sql = self._usable()
        try:
            sql.execute("BEGIN")
            yield self._statements
            sql.execute("COMMIT")
        except sqlite3.Error as exc:
            raise self._fail(exc) from exc
        except BaseException:
            with suppress(sqlite3.Error):
                sql.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close; calling twice is safe."""
        with suppress(sqlite3.Error):
            self._sql.close()

    def _usable(self) -> sqlite3.Connection:
        if self._failure is not None:
            raise JournalFailed(
                f"the journal {self._place} failed earlier in this process: {self._failure}",
                hint="start a new process: it reads what really happened",
            )
        return self._sql

    def _fail(self, exc: sqlite3.Error) -> JournalFailed:
        self._failure = str(exc)
        # Other processes must not wait for the lock of a transaction that will never end.
        with suppress(sqlite3.Error):
            self._sql.execute("ROLLBACK")
        return JournalFailed(
            f"the journal {self._place} failed: {exc}",
            hint="what its last transaction did is unknown until a new process reads it again",
        )


def open_connection(path: Path, *, clock: Clock, boundary: Boundary = no_boundary) -> Connection:
    """Open a journal, making it where there is none.

    Errors: ``StoreRefused`` for a file or folder others could have written, a foreign or newer
        file, or a place where SQLite cannot promise durability.
    """
    prepare_folder(path.parent)
    prepare_file(path)
    try:
        sql = sqlite3.connect(path, isolation_level=None, cached_statements=256)
    except sqlite3.Error as exc:
        raise StoreRefused(f"the journal {path} cannot be opened: {exc}") from exc
    try:
        _configure(sql, path)
        migrate_file(sql, clock)
    except sqlite3.Error as exc:
        sql.close()
        raise StoreRefused(f"the journal {path} cannot be used: {exc}") from exc
    except BaseException:
        sql.close()
        raise
    return Connection(sql, str(path), boundary=boundary)


def _configure(sql: sqlite3.Connection, path: Path) -> None:
    application_id, version = _pragma(sql, "application_id"), _pragma(sql, "user_version")
    has_tables = sql.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0
    if application_id != APPLICATION_ID and (application_id or version or has_tables):
        raise StoreRefused(f"{path} is a database, but not a journal of ours")
    if isinstance(version, int) and version > VERSION:
        raise StoreRefused(
            f"the journal {path} was written by a newer version (schema {version}, here {VERSION})",
            hint="use the version that wrote it, or a newer one",
        )
    sql.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    sql.execute("PRAGMA journal_mode = WAL")
    sql.execute("PRAGMA synchronous = FULL")
    sql.execute("PRAGMA foreign_keys = ON")
    # macOS: fsync alone does not reach the disk. Elsewhere these two change nothing.
    sql.execute("PRAGMA fullfsync = ON")
    sql.execute("PRAGMA checkpoint_fullfsync = ON")
    assert_durable(sql, path)


def assert_durable(sql: sqlite3.Connection, path: Path) -> None:
    """Read the settings back; a setting that did not take is a journal that could forget.

    Errors: ``StoreRefused`` naming the first setting that is not as it must be.
    """
    wanted: dict[str, int | str] = {
        "journal_mode": "wal",
        "synchronous": _SYNCHRONOUS_FULL,
        "foreign_keys": 1,
        "fullfsync": 1,
        "checkpoint_fullfsync": 1,
        "busy_timeout": BUSY_TIMEOUT_MS,
    }
    for name, value in wanted.items():
        found = _pragma(sql, name)
        if found != value:
            raise StoreRefused(
                f"the journal {path} cannot promise durability: {name} is {found}, not {value}",
                hint="keep it on a local disk",
            )


def _pragma(sql: sqlite3.Connection, name: str) -> int | str:
    value: int | str = sql.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def migrate_file(sql: sqlite3.Connection, clock: Clock) -> None:
    """Bring a file's tables to this version, in one transaction or not at all."""
    if _pragma(sql, "user_version") == VERSION:
        return
    sql.execute("BEGIN IMMEDIATE")
    try:
        # Read again under the lock: another process may have migrated meanwhile.
        version = _pragma(sql, "user_version")
        assert isinstance(version, int)
        if version < VERSION:
            migrate(Sql(run=sql.execute), version, at=clock.now())
            sql.execute(f"PRAGMA user_version = {VERSION}")
            sql.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        sql.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            sql.execute("ROLLBACK")
        raise
