"""A run in a shared database: its owner's lease, who may take it over, and what then happens."""

import asyncio
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count

import psycopg
import pytest

from runner.controls.state_place import PostgresPlace, postgres_place
from runner.core.errors import JournalFailed, LeaseLost, LockHeld, StoreRefused
from runner.core.record import record
from runner.core.secret import Secret
from runner.journal.journal import Journal
from runner.journal.opening import open_store
from runner.journal.postgres import assert_durable
from tests.journal.conftest import StillClock

_NUMBERS = count(1)
PASSWORD = b"hunter2-canary"


@record
class Shared:
    """One schema of the server, its journals, and a way in beside them."""

    place: PostgresPlace
    sql: "psycopg.Connection[tuple[object, ...]]"
    opened: list[Journal]

    def open(self, *, renewed_often: bool = False) -> Journal:
        place = self.place
        if renewed_often:
            place = replace(place, lease=timedelta(seconds=0.15))
        self.opened.append(open_store(place, clock=StillClock()))
        return self.opened[-1]

    def heads(self) -> list[tuple[int, int]]:
        found = self.sql.execute("SELECT epoch, lease_until_ms FROM run_head").fetchall()
        return [(int(str(epoch)), int(str(until_ms))) for epoch, until_ms in found]

    def let_leases_end(self) -> None:
        """Do what time does to the lease of an owner that renews it no more."""
        self.sql.execute("UPDATE run_head SET lease_until_ms = 1")


@pytest.fixture
def shared(postgres: str) -> Iterator[Shared]:
    schema = f"lease_{next(_NUMBERS)}"
    with psycopg.connect(postgres, autocommit=True) as sql:
        sql.execute(f"SET search_path = {schema}".encode())
        made = Shared(place=postgres_place(f"{postgres}&schema={schema}"), sql=sql, opened=[])
        yield made
    for journal in made.opened:
        journal.close()


async def test_run_whose_lease_is_running_has_one_owner(shared: Shared) -> None:
    first, second = shared.open(), shared.open()
    async with first.own_run("R-1"):
        with pytest.raises(LockHeld, match=r"lease ends in (29|30) s unless it is renewed"):
            async with second.own_run("R-1"):
                pass

    async with second.own_run("R-1"):
        pass


async def wait_while_another_takes_over(shared: Shared, first: Journal, second: Journal) -> None:
    async with first.own_run("R-1"):
        shared.let_leases_end()
        async with second.own_run("R-1"):
            await asyncio.Event().wait()


async def test_run_whose_lease_has_ended_is_taken_over_and_its_owner_is_stopped(
    shared: Shared,
) -> None:
    """As soon as the first hears of it, it stops whatever it was waiting for."""
    first, second = shared.open(renewed_often=True), shared.open()

    with pytest.raises(LeaseLost, match="taken over by process"):
        await wait_while_another_takes_over(shared, first, second)


async def test_lease_is_renewed_while_its_owner_lives(shared: Shared) -> None:
    journal = shared.open(renewed_often=True)
    async with journal.own_run("R-1"):
        shared.let_leases_end()

        # Nothing tells of a row that another connection has written; looking is the only way.
        while shared.heads() == [(1, 1)]:  # noqa: ASYNC110
            await asyncio.sleep(0)

        ((epoch, until_ms),) = shared.heads()
    assert epoch == 1
    assert until_ms > 1


async def lose_the_database(shared: Shared, journal: Journal) -> None:
    async with journal.own_run("R-1"):
        shared.sql.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'ceffu-runner'"
        )
        await asyncio.Event().wait()


async def test_owner_that_loses_the_database_is_stopped(shared: Shared) -> None:
    with pytest.raises(JournalFailed):
        await lose_the_database(shared, shared.open(renewed_often=True))


def test_schema_of_somebody_else_is_refused_and_left_alone(shared: Shared) -> None:
    shared.sql.execute(f"CREATE SCHEMA {shared.place.schema}".encode())
    shared.sql.execute("CREATE TABLE theirs (x int)")

    with pytest.raises(StoreRefused, match="not a journal of ours"):
        shared.open()

    tables = "SELECT tablename FROM pg_tables WHERE schemaname = %s"
    assert shared.sql.execute(tables, (shared.place.schema,)).fetchall() == [("theirs",)]


def test_newer_schema_is_refused(shared: Shared) -> None:
    shared.open()
    shared.sql.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")

    with pytest.raises(StoreRefused, match="newer version"):
        shared.open()


def test_two_that_open_an_empty_schema_make_one_journal(shared: Shared) -> None:
    assert shared.open().store_id == shared.open().store_id


@pytest.mark.parametrize("weak", ["off", "local", "remote_write"])
def test_weak_commits_are_made_durable_for_this_session(shared: Shared, weak: str) -> None:
    """A database's or a user's default must not decide how much of the journal may be lost."""
    shared.sql.execute(f"ALTER ROLE postgres SET synchronous_commit = {weak}".encode())
    try:
        journal = shared.open()
        with journal._database.reading() as sql:  # noqa: SLF001 - a session's setting is seen in it alone
            found = sql.execute("SELECT current_setting('synchronous_commit')").fetchone()
    finally:
        shared.sql.execute("ALTER ROLE postgres RESET synchronous_commit")

    assert found == ("on",)


def test_settings_that_could_forget_are_refused(shared: Shared) -> None:
    assert_durable(shared.sql, "here")  # type: ignore[arg-type]  # rows of any type

    shared.sql.execute("SET synchronous_commit = off")

    with pytest.raises(StoreRefused, match="durability: synchronous_commit is off"):
        assert_durable(shared.sql, "here")  # type: ignore[arg-type]  # rows of any type


def test_unreachable_database_is_refused_without_its_password() -> None:
    place = postgres_place("postgresql://nobody@127.0.0.1:1/none?connect_timeout=2")

    with pytest.raises(StoreRefused, match="cannot be opened") as refused:
        open_store(place, clock=StillClock(), password=Secret(PASSWORD))

    shown = "".join(traceback.format_exception(refused.value))
    assert "PostgreSQL 127.0.0.1:1/none" in shown
    assert PASSWORD.decode() not in shown
