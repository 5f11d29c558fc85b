"""The journal in a schema of a PostgreSQL database, for hosts that share it.

The only importer of psycopg, and imported only by a journal that is in a database.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import lru_cache
from typing import TypeAlias

import psycopg
from psycopg.conninfo import make_conninfo

from runner.controls.state_place import PostgresPlace
from runner.core.boundary import Boundary, no_boundary
from runner.core.clock import Clock
from runner.core.errors import JournalFailed, StoreRefused
from runner.core.secret import Secret
from runner.journal.codec import Column
from runner.journal.journal import Journal
from runner.journal.leases import LeaseOwnership
from runner.journal.migrations import migrate
from runner.journal.postgres_schema import as_postgres
from runner.journal.schema import VERSION
from runner.journal.sql import Rows, Sql
from runner.journal.transaction import Writer

APPLICATION = "ceffu-runner journal"
"""In ``meta``: what tells a journal's schema from any other."""
SERVER_VERSION_MIN = 140000
_VERSION_KEY, _APPLICATION_KEY = "schema_version", "application"

_CONNECTED = {
    "application_name": "ceffu-runner",
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
_SESSION = {
    "client_encoding": "UTF8",
    "default_transaction_read_only": "off",
    "default_transaction_isolation": "read committed",
    "lock_timeout": "30s",
    "statement_timeout": "60s",
    # A process that is stopped in the middle of a transaction must not hold up every other host.
    "idle_in_transaction_session_timeout": "30s",
}
_Link: TypeAlias = "psycopg.Connection[tuple[Column, ...]]"

_DURABLE = {"fsync": ("on",), "full_page_writes": ("on",)}
_SYNCHRONOUS = ("on", "remote_apply")


def open_postgres_journal(
    place: PostgresPlace,
    *,
    clock: Clock,
    password: Secret | None = None,
    boundary: Boundary = no_boundary,
) -> Journal:
    """Open the journal in a database, making its schema and tables where there are none.

    Errors: ``StoreRefused`` for a database that cannot be reached or used, a foreign or newer
        schema, or a server that cannot promise durability.
    """
    connection = _connect(place, password)
    try:
        _configure(connection, place)
        _migrate(connection, place, clock)
        found = connection.execute("SELECT value FROM meta WHERE key = 'store_id'").fetchone()
    except psycopg.Error as exc:
        connection.close()
        raise StoreRefused(f"the journal {place} cannot be used: {_words(exc)}") from None
    except BaseException:
        connection.close()
        raise
    assert found is not None, "a journal draws its id when it is made"
    database = PostgresDatabase(connection, str(place), boundary=boundary)
    writer = Writer(database=database)
    ownership = LeaseOwnership(
        database=database, writer=writer, clock=clock, lease_s=place.lease / timedelta(seconds=1)
    )
    return Journal(database, writer, ownership, store_id=str(found[0]))


class PostgresDatabase:
    """One connection that commits durably and refuses to work after any failure.

    A connection that is lost during COMMIT says nothing about what happened: as with a file, only
    a new process may go on.

    Transactions see what others have committed; what must not change meanwhile is locked, row by
    row: the head of the run that is written and, where several runs are looked at, the row that
    holds the store's id. So there is one writer of such things at a time, as in a file.
    Source: DESIGN section 6, rules 1, 2 and 11; section 7, Policy.
    """

    def __init__(
        self,
        connection: _Link,
        place: str,
        *,
        boundary: Boundary,
    ) -> None:
        """Take an open connection in autocommit mode."""
        self._connection = connection
        self._writes = Sql(run=self._run, row_lock=" FOR UPDATE")
        self._reads = Sql(run=self._run)
        self._place = place
        self._boundary = boundary
        self._failure: str | None = None

    @property
    def place(self) -> str:
        """Return server, database and schema."""
        return self._place

    @contextmanager
    def writing(self, edge: str, *, across: bool = False) -> Iterator[Sql]:
        """Run one transaction, as ``Database`` says."""
        self._require_usable()
        try:
            self._connection.execute("BEGIN")
            if across:
                self._connection.execute("SELECT 1 FROM meta WHERE key = 'store_id' FOR UPDATE")
            yield self._writes
            self._boundary(f"before-{edge}")
            ended = self._connection.execute("COMMIT").statusmessage
        except psycopg.Error as exc:
            raise self._fail(_words(exc)) from None
        except BaseException:
            self._roll_back()
            raise
        if ended != "COMMIT":
            # What PostgreSQL says about the commit of a transaction that had failed.
            raise self._fail(f"its commit ended in {ended}")
        self._boundary(f"after-{edge}")

    @contextmanager
    def reading(self) -> Iterator[Sql]:
        """Run reads that all see one moment. Errors: ``JournalFailed``."""
        self._require_usable()
        try:
            self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield self._reads
            self._connection.execute("COMMIT")
        except psycopg.Error as exc:
            raise self._fail(_words(exc)) from None
        except BaseException:
            self._roll_back()
            raise

    def close(self) -> None:
        """Close; calling twice is safe."""
        self._connection.close()

    def _run(self, statement: str, values: Sequence[Column]) -> Rows:
        return self._connection.execute(
            _spelt(statement), [_bound(value) for value in values] or None
        )

    def _roll_back(self) -> None:
        # A failure here shows in the next call; what the block raised is what matters.
        with suppress(psycopg.Error):
            self._connection.execute("ROLLBACK")

    def _require_usable(self) -> None:
        if self._failure is not None:
            raise JournalFailed(
                f"the journal {self._place} failed earlier in this process: {self._failure}",
                hint="start a new process: it reads what really happened",
            )

    def _fail(self, words: str) -> JournalFailed:
        self._failure = words
        # Others must not wait for the locks of a transaction that will never end.
        with suppress(psycopg.Error):
            self._connection.close()
        return JournalFailed(
            f"the journal {self._place} failed: {words}",
            hint="what its last transaction did is unknown until a new process reads it again",
        )


def _connect(place: PostgresPlace, password: Secret | None) -> _Link:
    given = {
        "host": place.host,
        "port": "" if place.port is None else str(place.port),
        "dbname": place.database,
        "user": place.user,
        "password": "" if password is None else password.reveal().decode("utf-8"),
        **dict(place.parameters),
    }
    given = {name: text for name, text in given.items() if text}
    try:
        return psycopg.connect(make_conninfo(**{**_CONNECTED, **given}), autocommit=True)
    except psycopg.Error as exc:
        # Without a cause: a frame of it holds the password.
        raise StoreRefused(
            f"the journal {place} cannot be opened: {_words(exc)}",
            hint="nothing was sent; see whether the server runs and lets this user in",
        ) from None


def _configure(connection: _Link, place: PostgresPlace) -> None:
    if connection.info.server_version < SERVER_VERSION_MIN:
        raise StoreRefused(f"the journal {place} needs PostgreSQL 14 or newer")
    for name, text in _SESSION.items():
        connection.execute(f"SET {name} = '{text}'".encode())
    connection.execute(f'SET search_path = "{place.schema}", pg_temp'.encode())
    if _setting(connection, "synchronous_commit") not in _SYNCHRONOUS:
        connection.execute("SET synchronous_commit = on")
    assert_durable(connection, str(place))


def assert_durable(connection: _Link, place: str) -> None:
    """Read the settings back; a server that could forget keeps no journal.

    Errors: ``StoreRefused`` naming the first setting that is not as it must be.
    """
    wanted = {**_DURABLE, "synchronous_commit": _SYNCHRONOUS, "server_encoding": ("UTF8",)}
    for name, allowed in wanted.items():
        found = _setting(connection, name)
        if found not in allowed:
            raise StoreRefused(
                f"the journal {place} cannot promise durability: {name} is {found},"
                f" not {' or '.join(allowed)}",
                hint="set it in the server's configuration",
            )
    if connection.execute("SELECT pg_is_in_recovery()").fetchone() != (False,):
        raise StoreRefused(
            f"the journal {place} is a standby that only reads", hint="name the primary server"
        )


def _setting(connection: _Link, name: str) -> str:
    found = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
    assert found is not None, "a function gives one row"
    return str(found[0])


def _migrate(connection: _Link, place: PostgresPlace, clock: Clock) -> None:
    """Bring the schema to this version, in one transaction or not at all."""
    if _version(connection, place) == VERSION:
        return
    database = PostgresDatabase(connection, str(place), boundary=no_boundary)
    with database.writing("migration") as sql:
        key = int.from_bytes(hashlib.sha256(place.schema.encode()).digest()[:8], signed=True)
        sql.execute("SELECT pg_advisory_xact_lock(?)", (key,))
        # Read again under the lock: another process may have migrated meanwhile.
        version = _version(connection, place)
        if version == VERSION:
            return
        if version == 0:
            sql.execute(f'CREATE SCHEMA IF NOT EXISTS "{place.schema}"')
        migrate(sql, version, at=clock.now())
        for name, value in ((_APPLICATION_KEY, APPLICATION), (_VERSION_KEY, str(VERSION))):
            sql.execute(
                "INSERT INTO meta (key, value) VALUES (?,?)"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (name, value),
            )


def _version(connection: _Link, place: PostgresPlace) -> int:
    """Return the version of the tables, 0 where there are none.

    Errors: ``StoreRefused`` for a schema that is not ours, or newer.
    """
    tables = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s", (place.schema,)
    ).fetchall()
    if not tables:
        return 0
    known: dict[Column, Column] = {}
    if ("meta",) in tables:
        known = dict(connection.execute("SELECT key, value FROM meta").fetchall())  # type: ignore[arg-type]  # two columns
    if known.get(_APPLICATION_KEY) != APPLICATION:
        raise StoreRefused(f"{place} holds tables, but not a journal of ours")
    version = int(str(known[_VERSION_KEY]))
    if version > VERSION:
        raise StoreRefused(
            f"the journal {place} was written by a newer version"
            f" (schema {version}, here {VERSION})",
            hint="use the version that wrote it, or a newer one",
        )
    return version


@lru_cache(maxsize=512)
def _spelt(statement: str) -> bytes:
    return as_postgres(statement).encode()


def _bound(value: Column) -> Column:
    # psycopg tells types by the class: an enumeration's members must be plain texts.
    if isinstance(value, str):
        # A NUL is the one character PostgreSQL cannot keep in a text.
        return str.__str__(value).replace("\0", "\N{REPLACEMENT CHARACTER}")
    return value


def _words(exc: psycopg.Error) -> str:
    return " ".join(str(exc).split()) or type(exc).__name__
