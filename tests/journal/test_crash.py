"""What a killed process, or a full disk, leaves behind."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from runner.core.clock import SystemClock
from runner.core.errors import JournalFailed, LockHeld
from runner.effects.model import EffectState
from runner.journal.connection import Connection, open_connection
from runner.journal.sqlite import journal_in_memory, open_journal

CHILD = Path(__file__).with_name("driven_child.py")


@contextmanager
def child(repository: Path, mode: str, state_file: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(CHILD), mode, str(state_file)],
        env={**os.environ, "PYTHONPATH": str(repository)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def take_twice(connection: Connection) -> None:
    with connection.writing("transition") as sql:
        sql.execute("INSERT INTO lock (name, run_id, at) VALUES ('a', 'R-1', '')")
        sql.execute("INSERT INTO lock (name, run_id, at) VALUES ('a', 'R-1', '')")


def take_and_stumble(connection: Connection) -> None:
    with connection.writing("transition") as sql:
        sql.execute("INSERT INTO lock (name, run_id, at) VALUES ('a', 'R-1', '')")
        raise KeyError("a")


@pytest.mark.parametrize("mode", ["attempt", "transaction"])
async def test_killed_process_leaves_its_attempt_and_frees_its_run(
    repository: Path, state_file: Path, mode: str
) -> None:
    with child(repository, mode, state_file) as process:
        assert line_of(process) == "ready"
        journal = open_journal(state_file, clock=SystemClock())
        with pytest.raises(LockHeld) as held:
            async with journal.own_run("R-1"):
                pass
        assert held.value.owner == f"process {process.pid}"

        process.kill()
        process.wait()

        async with journal.own_run("R-1"):
            row = await journal.effect("R-1", "pay")
            await journal.release_locks("R-1", ())
    journal.close()
    assert row is not None
    assert (row.state, row.order_id, len(row.attempts)) == (EffectState.SENDING, "", 1)


async def test_what_was_acknowledged_before_a_kill_is_there(
    repository: Path, state_file: Path
) -> None:
    with child(repository, "loop", state_file) as process:
        acknowledged = [line_of(process) for _ in range(200)]
        process.kill()
        process.wait()
        assert process.stdout is not None
        acknowledged += process.stdout.read().split()

    journal = open_journal(state_file, clock=SystemClock())
    written = list(await journal.step_outcomes("R-1"))
    journal.close()
    assert written[: len(acknowledged)] == acknowledged
    assert len(written) - len(acknowledged) in {0, 1}


async def test_failed_commit_ends_the_process_and_loses_nothing_older(
    repository: Path, state_file: Path
) -> None:
    with child(repository, "full", state_file) as process:
        first, again = line_of(process), line_of(process)

    assert first.startswith("70 the journal")
    assert again.startswith("70 the journal")
    assert "failed earlier in this process" in again
    journal = open_journal(state_file, clock=SystemClock())
    assert await journal.run("R-1") is not None
    assert set(await journal.step_outcomes("R-1")) <= {"a"}
    journal.close()


async def test_failed_journal_refuses_every_later_call(
    state_file: Path, at: Callable[[float], datetime]
) -> None:
    open_journal(state_file, clock=SystemClock()).close()
    sql = sqlite3.connect(state_file, isolation_level=None)
    journal = journal_in_memory(sql, clock=SystemClock())
    (pages,) = sql.execute("PRAGMA page_count").fetchone()
    sql.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(JournalFailed, match="full"):
        await journal.take_locks("R-1", tuple("x" * 4000 + str(n) for n in range(9)), at=at(0))

    for call in (journal.runs(limit=1), journal.run("R-1"), journal.release_locks("R-1", ())):
        with pytest.raises(JournalFailed, match="failed earlier"):
            await call
    journal.close()


async def test_failed_transaction_does_not_block_other_processes(
    state_file: Path, at: Callable[[float], datetime]
) -> None:
    connection = open_connection(state_file, clock=SystemClock())
    other = open_journal(state_file, clock=SystemClock())

    with pytest.raises(JournalFailed):
        take_twice(connection)

    await other.take_locks("R-2", ("a",), at=at(0))
    other.close()
    connection.close()


async def test_exception_inside_a_transaction_rolls_back(state_file: Path) -> None:
    connection = open_connection(state_file, clock=SystemClock())

    with pytest.raises(KeyError):
        take_and_stumble(connection)

    with connection.reading() as sql:
        assert sql.execute("SELECT count(*) FROM lock").fetchone() == (0,)
    connection.close()
