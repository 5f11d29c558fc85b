"""One connection to one journal file: opened with suspicion, durable, and dead after a failure."""

import os
import secrets
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runner.core.boundary import Boundary, no_boundary
from runner.core.clock import Clock
from runner.core.errors import JournalFailed, StoreRefused
from runner.journal.codec import moment_text
from runner.journal.schema import APPLICATION_ID, MIGRATIONS, VERSION

BUSY_TIMEOUT_MS = 30_000
_SYNCHRONOUS_FULL = 2


class Connection:
    """A SQLite connection that commits with fsync and refuses to work after any failure.

    A failed COMMIT may or may not have happened, so nothing this process believes can be trusted
    any more: every later call raises ``JournalFailed`` and only a new process may go on.
    Source: DESIGN section 6, rules 1 and 2.
    """

    def __init__(
        self, sql: sqlite3.Connection, path: Path, *, boundary: Boundary = no_boundary
    ) -> None:
        """Take an open connection in autocommit mode."""
        self._sql = sql
        self._path = path
        self._boundary = boundary
        self._failure: str | None = None

    @contextmanager
    def writing(self, edge: str) -> Iterator[sqlite3.Connection]:
        """Run one transaction; it is durable when the block has been left.

        An exception of the block's own rolls back and leaves the journal usable.

        Shapes: ``edge`` is the name of a boundary without its ``before-`` or ``after-``.
        Errors: ``JournalFailed`` when SQLite fails anywhere, the commit included.
        """
        sql = self._usable()
        try:
            sql.execute("BEGIN IMMEDIATE")
            yield sql
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
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Run one read. Errors: ``JournalFailed``."""
        sql = self._usable()
        try:
            yield sql
        except sqlite3.Error as exc:
            raise self._fail(exc) from exc

    def close(self) -> None:
        """Close; calling twice is safe."""
        with suppress(sqlite3.Error):
            self._sql.close()

    def _usable(self) -> sqlite3.Connection:
        if self._failure is not None:
            raise JournalFailed(
                f"the journal {self._path} failed earlier in this process: {self._failure}",
                hint="start a new process: it reads what really happened",
            )
        return self._sql

    def _fail(self, exc: sqlite3.Error) -> JournalFailed:
        self._failure = str(exc)
        # Other processes must not wait for the lock of a transaction that will never end.
        with suppress(sqlite3.Error):
            self._sql.execute("ROLLBACK")
        return JournalFailed(
            f"the journal {self._path} failed: {exc}",
            hint="what its last transaction did is unknown until a new process reads it again",
        )


def open_connection(path: Path, *, clock: Clock, boundary: Boundary = no_boundary) -> Connection:
    """Open a journal, making it where there is none.

    Errors: ``StoreRefused`` for a file or folder others could have written, a foreign or newer
        file, or a place where SQLite cannot promise durability.
    """
    _prepare_folder(path.parent)
    _prepare_file(path)
    try:
        sql = sqlite3.connect(path, isolation_level=None, cached_statements=256)
    except sqlite3.Error as exc:
        raise StoreRefused(f"the journal {path} cannot be opened: {exc}") from exc
    try:
        _configure(sql, path)
        _migrate(sql, clock)
    except sqlite3.Error as exc:
        sql.close()
        raise StoreRefused(f"the journal {path} cannot be used: {exc}") from exc
    except BaseException:
        sql.close()
        raise
    return Connection(sql, path, boundary=boundary)


def _prepare_folder(folder: Path) -> None:
    missing = []
    parent = folder
    while not parent.exists() and not parent.is_symlink():
        missing.append(parent)
        parent = parent.parent
    for each in reversed(missing):
        with suppress(FileExistsError):
            each.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise StoreRefused(f"{folder} is not a folder: the journal's folder must not be a link")
    if found.st_uid != os.geteuid():
        raise StoreRefused(f"the journal's folder {folder} belongs to another user")
    if found.st_mode & 0o022:
        raise StoreRefused(
            f"others may write to the journal's folder {folder}", hint=f"chmod 700 {folder}"
        )


def _prepare_file(path: Path) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(FileExistsError):
        os.close(os.open(path, flags, 0o600))
    # Never opened by us when it exists: closing a descriptor would drop the locks of any other
    # connection of this process (SQLite, "How to corrupt", 2.2).
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        with suppress(FileNotFoundError):
            _check_file(name)


def _check_file(path: Path) -> None:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise StoreRefused(f"the journal {path} is not a plain file: links are not followed")
    if found.st_uid != os.geteuid():
        raise StoreRefused(f"the journal {path} belongs to another user")
    if found.st_mode & 0o077:
        raise StoreRefused(f"others may read or write the journal {path}", hint=f"chmod 600 {path}")


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


def _migrate(sql: sqlite3.Connection, clock: Clock) -> None:
    if _pragma(sql, "user_version") == VERSION:
        return
    sql.execute("BEGIN IMMEDIATE")
    try:
        # Read again under the lock: another process may have migrated meanwhile.
        version = _pragma(sql, "user_version")
        assert isinstance(version, int)
        for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
            for statement in statements:
                sql.execute(statement)
            sql.execute(f"PRAGMA user_version = {number}")
        if version == 0:
            sql.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            sql.executemany(
                "INSERT INTO meta (key, value) VALUES (?, ?)",
                (
                    ("store_id", f"S-{secrets.token_hex(8)}"),
                    ("created_at", moment_text(clock.now())),
                ),
            )
        sql.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            sql.execute("ROLLBACK")
        raise
