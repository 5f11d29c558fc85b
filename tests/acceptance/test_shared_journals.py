"""A journal in PostgreSQL: the whole job, two hosts, a lost lease, a restored database.

What stands for another host is another process; only the database knows of both.
"""

import os
import signal
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from runner.sandbox.books import LoggedRequest
from tests.acceptance.controls import served, write_controls
from tests.acceptance.jobs import MIRROR_JOB, assert_there_and_back_once, is_sent
from tests.acceptance.workplace import (
    MIRROR,
    PATIENCE_S,
    Started,
    Workplace,
    quick,
    run_id,
    world_text,
)

_NUMBERS = count(1)
CANARY = "canary-of-the-database-7f3a"


class Shared:
    """A served sandbox, a profile whose journal is in a database of its own, and the database."""

    def __init__(self, place: Workplace, server: str, url: str) -> None:
        self.place = place
        self._server = server
        self._url = url
        self.database = f"d{os.getpid()}_{next(_NUMBERS)}"
        self.admin(f"CREATE DATABASE {self.database}")
        self.options = self._write_controls()

    def _write_controls(self) -> list[str]:
        where = self._server.replace("/postgres?", f"/{self.database}?")
        extra = f"    state: {where}\n    state_password: {{env: JOURNAL_PASSWORD}}\n"
        self.place.variables["JOURNAL_PASSWORD"] = CANARY
        folder = write_controls(self.place, self._url, extra=extra)
        return ["--controls", str(folder), "--profile", "main"]

    def admin(self, statement: str) -> None:
        """Execute a statement of the server's."""
        with psycopg.connect(self._server, autocommit=True) as sql:
            sql.execute(statement.encode())

    def sql(self, statement: str) -> None:
        """Execute a statement in the journal."""
        where = self._server.replace("/postgres?", f"/{self.database}?")
        with psycopg.connect(where, autocommit=True) as sql:
            sql.execute(b"SET search_path = ceffu_runner")
            sql.execute(statement.encode())

    def let_leases_end(self) -> None:
        """Do what time does to the lease of an owner that renews it no more."""
        self.sql("UPDATE run_head SET lease_until_ms = 1")

    def plan(self, *arguments: str) -> Path:
        """Plan the job, and return the plan's file."""
        self.place.write("job.yaml", quick(MIRROR))
        self.place.run("plan", "job.yaml", *self.options, "-o", "plan.json", *arguments).expect(0)
        return self.place.folder / "plan.json"

    def start_apply(self, plan: Path) -> Started:
        """Start applying a plan."""
        return self.place.start("apply", plan, *self.options, "--yes")


@pytest.fixture
def shared(place: Workplace, postgres: str) -> Iterator[Shared]:
    """Return an empty journal in a database, beside a sandbox with quick orders."""
    yield from share(place, postgres, world_text())


@pytest.fixture
def slow(place: Workplace, postgres: str) -> Iterator[Shared]:
    """Return the same with a sandbox whose orders take longer than a test waits."""
    yield from share(place, postgres, world_text(success_after="10m"))


@pytest.fixture
def telling(place: Workplace, postgres: str) -> Iterator[Shared]:
    """Return the same with a sandbox that answers late, and lists which request an order is of."""
    late = world_text(records_carry_request_id=True, reply_delay=f"{MIRROR_JOB.first_write}: 2s")
    yield from share(place, postgres, late)


def share(place: Workplace, postgres: str, world: str) -> Iterator[Shared]:
    place.make_sandbox(world)
    with place.opened():
        pass
    with served(place) as url:
        made = Shared(place, postgres, url)
        yield made
    made.admin(f"DROP DATABASE {made.database} WITH (FORCE)")


def test_whole_job_runs_and_every_verb_reads_the_shared_journal(shared: Shared) -> None:
    place, options = shared.place, shared.options
    before = place.balances()
    plan = shared.plan()
    shared.start_apply(plan).end().expect(0)
    run = run_id(plan)
    shown = [
        place.run("runs", *options).expect(0),
        place.run("logs", run, *options).expect(0),
        place.run("verify", *options).expect(0),
        place.run("verify", run, *options).expect(0),
        place.run("lock", "list", *options).expect(0),
        place.run("state", "show", *options).expect(0),
        place.run("apply", plan, *options, "--yes").expect(0),
    ]

    assert_there_and_back_once(place, MIRROR_JOB, before)
    assert run in shown[0].out
    assert shown[2].out.startswith("ok: 1 run")
    assert "PostgreSQL" in shown[5].out
    for each in (*shown, place.run("plan", "job.yaml", *options).expect(7)):
        assert CANARY not in each.text
    assert CANARY.encode() not in plan.read_bytes()

    shared.sql("UPDATE step SET result = '0' WHERE path = 'before'")

    assert 'step "before"' in place.run("verify", *options).expect(11).out


def test_two_hosts_that_apply_one_plan_at_once_make_one_run(shared: Shared) -> None:
    before = shared.place.balances()
    plan = shared.plan()

    racing = [shared.start_apply(plan) for _ in range(2)]
    codes = sorted(each.end().code for each in racing)

    assert codes in ([0, 0], [0, 8])
    assert_there_and_back_once(shared.place, MIRROR_JOB, before)
    shared.place.run("verify", *shared.options).expect(0)


def test_killed_host_leaves_its_run_to_another_when_its_lease_has_ended(telling: Shared) -> None:
    place, before = telling.place, telling.place.balances()
    plan = telling.plan()
    run = telling.start_apply(plan)
    place.wait_for(is_sent(MIRROR_JOB), unless=run)
    run.kill()

    # The lease is another's, and nobody knows what became of what was sent: that comes first.
    early = place.run("resume", run_id(plan), *telling.options).expect(10)
    assert f"process {run.process.pid} on" in early.err
    telling.let_leases_end()
    place.run("resume", run_id(plan), *telling.options).expect(0)

    assert_there_and_back_once(place, MIRROR_JOB, before)
    place.run("verify", *telling.options).expect(0)


def test_stopped_host_that_wakes_up_after_a_take_over_sends_nothing(slow: Shared) -> None:
    """It had sent one order and was following it; another host follows it now."""
    place = slow.place
    plan = slow.plan()
    first = slow.start_apply(plan)
    place.wait_for(is_sent(MIRROR_JOB), unless=first)
    place.wait_for(lambda log: looks(log) >= 2, unless=first)
    first.process.send_signal(signal.SIGSTOP)
    wait_until_stopped(first)
    sent = place.writes()
    slow.let_leases_end()
    second = place.start("resume", run_id(plan), *slow.options)
    seen = looks(place.requests())
    place.wait_for(lambda log: looks(log) > seen, unless=second)

    first.process.send_signal(signal.SIGCONT)
    ended = first.end()
    after = place.writes()
    second.kill()

    assert after == sent
    assert ended.code == 8, ended.text
    assert f"taken over by process {second.process.pid}" in ended.err
    assert "nothing more is sent here" in ended.err
    place.run("verify", *slow.options).expect(0)


def looks(log: tuple[LoggedRequest, ...]) -> int:
    """Count the looks at the list of orders."""
    return sum(request.operation == MIRROR_JOB.look for request in log)


def wait_until_stopped(started: Started) -> None:
    """Wait until the kernel has stopped a process."""
    stat = Path(f"/proc/{started.process.pid}/stat")
    deadline_s = time.monotonic() + PATIENCE_S
    while stat.read_text("utf-8").rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < deadline_s


def test_database_put_back_from_before_the_run_sends_nothing_a_second_time(
    shared: Shared,
) -> None:
    place, before = shared.place, shared.place.balances()
    plan = shared.plan()
    shared.admin(f"CREATE DATABASE {shared.database}_copy TEMPLATE {shared.database}")
    shared.start_apply(plan).end().expect(0)
    sent = place.writes()
    shared.admin(f"DROP DATABASE {shared.database} WITH (FORCE)")
    shared.admin(f"ALTER DATABASE {shared.database}_copy RENAME TO {shared.database}")

    shared.start_apply(plan).end().expect(10)

    assert place.writes() == sent
    assert_there_and_back_once(place, MIRROR_JOB, before)


def test_lost_database_refuses_the_plan_until_a_person_adopts_it(shared: Shared) -> None:
    place = shared.place
    plan = shared.plan()
    shared.start_apply(plan).end().expect(0)
    sent = place.writes()
    shared.admin(f"DROP DATABASE {shared.database} WITH (FORCE)")
    refused = shared.start_apply(plan).end().expect(3)
    assert "cannot be opened" in refused.err
    shared.admin(f"CREATE DATABASE {shared.database}")

    assert "runner state adopt" in shared.start_apply(plan).end().expect(3).err
    adopt = ("state", "adopt", plan, "--reason", "server lost", "--yes")
    place.run(*adopt, *shared.options).expect(0)
    shared.start_apply(plan).end().expect(10)

    assert place.writes() == sent


def test_missing_library_is_named_with_the_way_out(shared: Shared) -> None:
    place = shared.place
    place.write("without/psycopg.py", "raise ImportError('no psycopg here')\n")
    path = place.environment()["PYTHONPATH"]
    place.variables["PYTHONPATH"] = f"{place.folder / 'without'}{os.pathsep}{path}"

    refused = place.run("runs", *shared.options).expect(3)

    assert "pip install 'ceffu-runner[postgres]'" in refused.err


@pytest.mark.parametrize("where", ["--state", "variable"])
def test_url_with_a_password_is_refused_unseen(quick_place: Workplace, where: str) -> None:
    url = f"postgresql://runner:{CANARY}@127.0.0.1/db"
    arguments = ["--state", url] if where == "--state" else []
    if where == "variable":
        quick_place.variables["CEFFU_RUNNER_STATE"] = url

    refused = quick_place.run("runs", "--profile", "main", *arguments).expect(3)

    assert "must not hold a password" in refused.err
    assert CANARY not in refused.text
