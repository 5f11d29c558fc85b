"""Opening a journal wherever it is."""

from pathlib import Path

from runner.controls.state_place import StatePlace
from runner.core.boundary import Boundary, no_boundary
from runner.core.clock import Clock
from runner.core.errors import StoreRefused
from runner.core.secret import Secret
from runner.journal.journal import Journal


def open_store(
    place: StatePlace,
    *,
    clock: Clock,
    password: Secret | None = None,
    boundary: Boundary = no_boundary,
) -> Journal:
    """Open a journal, making it where there is none.

    Errors: ``StoreRefused``, also where the library for PostgreSQL is not installed.
    """
    if isinstance(place, Path):
        # Each database's library is only paid for by journals that are in it.
        from runner.journal.sqlite import open_journal

        return open_journal(place, clock=clock, boundary=boundary)
    try:
        from runner.journal.postgres import open_postgres_journal
    except ImportError as exc:
        raise StoreRefused(
            f"the journal {place} needs a library that is not installed: {exc}",
            hint="pip install 'ceffu-runner[postgres]'",
        ) from None
    return open_postgres_journal(place, clock=clock, password=password, boundary=boundary)


def sqlite_version() -> str:
    """Return the version of the SQLite library that journals in files are written by."""
    import sqlite3

    return sqlite3.sqlite_version
