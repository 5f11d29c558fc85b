"""What the journal alone costs: a durable step in either database, and taking 10,000 up again.

The floor of a step is one bare commit of a row as large, by the same library, flushed alike: what
is above it are the epoch, the hash chain and the rows that hold them. Taking up is what a resumed
run reads before its first step.
"""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from benchmarks.measure import Row
from benchmarks.postgres_server import serving_postgres
from runner.controls.state_place import StatePlace, postgres_place
from runner.core.clock import SystemClock
from runner.core.errors import ExitCode
from runner.engine.journalled import RunJournal
from runner.engine.ports import OutcomeState, RunRow, StepOutcome
from runner.journal.journal import Journal
from runner.journal.opening import open_store

STEPS = 500
ROUNDS = 3
FINISHED = 10_000
GOAL_RESUME_S = 0.3
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
RUN_ID = "R-1"
RESULT = {"amount": "10.5", "coin": "USDT", "rows": ["x" * 40] * 5}
OUTCOME = StepOutcome(
    state=OutcomeState.DONE,
    result=RESULT,
    message="",
    exit_code=ExitCode.DONE,
    started_at=AT,
    finished_at=AT,
)
RUN = RunRow(
    run_id=RUN_ID,
    digest="sha256:1",
    plan="{}",
    playbook="bench",
    host="sandbox:x",
    entity="bench",
    occurrence="one",
    revision=0,
    created_at=AT,
    claimed=False,
    exit_code=None,
    message="",
    finished_at=None,
    tool_version="0",
)
_TABLE = "CREATE TABLE bare (run_id TEXT, path TEXT, result TEXT, PRIMARY KEY (run_id, path))"
_TEXT = "x" * 300

Commit = Callable[[int], None]
"""Commits one row of its own."""


def measure() -> list[Row]:
    """Measure both databases."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(_bare_file(folder / "bare.sqlite")) as bare:
            commit = _committing_to_file(bare)
            rows += _measure("SQLite", folder / "state.sqlite", commit)
    with serving_postgres() as url, psycopg.connect(url, autocommit=True) as shared:
        shared.execute(_TABLE.encode())
        rows += _measure("PostgreSQL", postgres_place(url), _committing_to_server(shared))
    return rows


def _measure(words: str, place: StatePlace, commit: Commit) -> list[Row]:
    with closing(open_store(place, clock=SystemClock())) as journal:
        asyncio.run(journal.register_run(RUN, {}))
        steps, floors = [], []
        for number in range(ROUNDS):
            floors.append(_each_s(lambda n, start=number * STEPS: commit(start + n)))  # type: ignore[misc]  # a default binds the round
            steps.append(asyncio.run(_steps_s(journal, number * STEPS, STEPS)))
        asyncio.run(_steps_s(journal, ROUNDS * STEPS, FINISHED - ROUNDS * STEPS))
        resumes = [_resume_s(journal) for _ in range(ROUNDS)]
    return [
        Row(
            name=f"a durable step, {words}",
            median_s=statistics.median(steps),
            floor="a bare commit",
            floor_s=statistics.median(floors),
        ),
        Row(
            name=f"taking up {FINISHED:,} steps, {words}",
            median_s=statistics.median(resumes),
            floor="what it may take",
            floor_s=GOAL_RESUME_S,
            goal=1.0,
        ),
    ]


async def _steps_s(journal: Journal, start: int, count: int) -> float:
    started_s = time.perf_counter()
    for number in range(start, start + count):
        await journal.record_step(RUN_ID, f"look_{number:05}", OUTCOME)
    return (time.perf_counter() - started_s) / count


def _each_s(commit: Commit) -> float:
    started_s = time.perf_counter()
    for number in range(STEPS):
        commit(number)
    return (time.perf_counter() - started_s) / STEPS


def _resume_s(journal: Journal) -> float:
    started_s = time.perf_counter()
    asyncio.run(RunJournal.load(journal, RUN_ID))
    return time.perf_counter() - started_s


def _bare_file(path: Path) -> sqlite3.Connection:
    sql = sqlite3.connect(path, isolation_level=None)
    sql.execute("PRAGMA journal_mode = WAL")
    sql.execute("PRAGMA synchronous = FULL")
    sql.execute(_TABLE)
    return sql


def _committing_to_file(sql: sqlite3.Connection) -> Commit:
    def commit(number: int) -> None:
        sql.execute("BEGIN IMMEDIATE")
        sql.execute("INSERT INTO bare VALUES (?,?,?)", (RUN_ID, str(number), _TEXT))
        sql.execute("COMMIT")

    return commit


def _committing_to_server(sql: "psycopg.Connection[tuple[object, ...]]") -> Commit:
    def commit(number: int) -> None:
        sql.execute("BEGIN")
        sql.execute("INSERT INTO bare VALUES (%s,%s,%s)", (RUN_ID, str(number), _TEXT))
        sql.execute("COMMIT")

    return commit
