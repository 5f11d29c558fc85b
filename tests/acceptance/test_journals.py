"""A journal that was touched, lost, copied or put back, and locks left behind; the books judge."""

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from runner.core.clock import SystemClock
from runner.core.errors import ExitCode
from runner.journal.journal import Journal
from runner.journal.sqlite import open_journal
from tests.acceptance.jobs import MIRROR_JOB, assert_there_and_back_once
from tests.acceptance.kinds import kinds_world, playbook
from tests.acceptance.workplace import (
    MIRROR,
    MIRRORX,
    Workplace,
    planned,
    quick,
    run_id,
    world_text,
)


def journal(place: Workplace) -> Path:
    """Return the journal's file."""
    return place.sandboxes / "default" / "state.sqlite"


def copy_journal(place: Workplace) -> bytes:
    """Take a backup of the journal."""
    with sqlite3.connect(journal(place)) as sql:
        copied = sql.serialize()
    sql.close()
    return copied


def put_back(place: Workplace, copied: bytes) -> None:
    """Put a backup in the place of the journal."""
    lose(place)
    journal(place).write_bytes(copied)
    journal(place).chmod(0o600)


def lose(place: Workplace) -> None:
    """Lose the journal and its lock files."""
    for path in journal(place).parent.glob("state.sqlite*"):
        path.unlink()
    shutil.rmtree(journal(place).parent / "runs", ignore_errors=True)


def tamper(place: Workplace, statement: str) -> None:
    """Change the journal as somebody with an editor would."""
    with sqlite3.connect(journal(place)) as sql:
        assert sql.execute(statement).rowcount > 0
    sql.close()


def test_journal_is_verified_and_a_byte_flipped_in_it_is_found(quick_place: Workplace) -> None:
    plan = planned(quick_place, quick(MIRROR))
    quick_place.run("apply", plan, "--sandbox", "--yes").expect(0)
    run = run_id(plan)
    whole = quick_place.run("verify", "--sandbox").expect(0).out
    assert whole.startswith("ok: 1 run")
    mark = whole.split("register")[1].split()[0]
    one = quick_place.run("verify", run, "--mark", mark, "--sandbox").expect(0).out
    head = one.partition(f"{run} ")[2].split()[0].rpartition(":")[2]
    assert len(head) == 64
    assert head in quick_place.run("logs", run, "--sandbox").expect(0).out

    tamper(quick_place, "UPDATE effect SET order_id = order_id || '1' WHERE path = 'apply'")

    found = quick_place.run("verify", run, "--sandbox").expect(11).out
    assert f'{run}: effect "apply" is not what entry' in found
    lines = quick_place.run("verify", "--json", "--sandbox").expect(11).out.splitlines()
    rows = [json.loads(line) for line in lines]
    assert rows[0]["type"] == "version"
    assert rows[-1] == {
        "type": "result", "exit": 11, "store_id": rows[-1]["store_id"], "mark": mark
    }  # fmt: skip
    assert [(each["run"], each["row"]) for each in rows if each["type"] == "difference"] == [
        (run, 'effect "apply"')
    ]


def test_removed_run_and_cut_register_are_found(quick_place: Workplace) -> None:
    plan = planned(quick_place, quick(MIRROR))
    before = quick_place.run("state", "show", "--json", "--sandbox").expect(0).out
    quick_place.run("apply", plan, "--sandbox", "--yes").expect(0)
    mark = json.loads(
        quick_place.run("state", "show", "--json", "--sandbox").expect(0).out.splitlines()[1]
    )["mark"]
    run = run_id(plan)

    for table in ("request", "attempt", "transition", "spent", "effect", "claim", "step", "run"):
        tamper(quick_place, f"DELETE FROM {table}")  # noqa: S608 - names of tables

    assert "names a run that was removed" in quick_place.run("verify", "--sandbox").expect(11).out
    assert run in quick_place.run("verify", run, "--sandbox").expect(11).out
    lose(quick_place)
    quick_place.run("plan", "job.yaml", "--sandbox", "-o", "new.json").expect(0)
    assert "never came by" in quick_place.run("verify", "--mark", mark, "--sandbox").expect(11).err
    assert json.loads(before.splitlines()[1])["mark"] != mark


def test_usage_of_the_new_verbs(quick_place: Workplace) -> None:
    plan = planned(quick_place, quick(MIRROR))
    quick_place.run("verify", "--mark", "last", "--sandbox").expect(64)
    quick_place.run("verify", "R-1", "--sandbox").expect(64)
    quick_place.run("lock", "break", "x", "--sandbox").expect(64)
    quick_place.run("lock", "break", "x", "--reason", "y", "--sandbox").expect(64)
    assert quick_place.run("lock", "list", "--sandbox").expect(0).out == "no locks\n"
    quick_place.run("state", "adopt", plan, "--sandbox").expect(64)
    own = quick_place.run("state", "adopt", plan, "--reason", "y", "--yes", "--sandbox")
    assert "nothing to adopt" in own.expect(64).err


@pytest.mark.parametrize("dedupe", ["request_id", "none"])
def test_journal_put_back_from_before_the_run_sends_nothing_a_second_time(
    place: Workplace, dedupe: str
) -> None:
    """The copy holds the plan's mark, so only the custodian's own list can tell: it is asked."""
    place.make_sandbox(
        world_text().replace("dedupe: request_id", f"dedupe: {dedupe}").replace("\r", "")
    )
    plan = planned(place, quick(MIRROR))
    copied = copy_journal(place)
    before = place.balances()
    place.run("apply", plan, "--sandbox", "--yes").expect(0)
    sent = place.writes()
    put_back(place, copied)

    place.run("apply", plan, "--sandbox", "--yes").expect(10)

    assert place.writes() == sent
    assert_there_and_back_once(place, MIRROR_JOB, before)
    place.run("verify", "--sandbox").expect(0)


def test_journal_put_back_finds_what_can_be_asked_for_by_requestid(place: Workplace) -> None:
    """Whether a second request would be refused does not matter: none is sent."""
    place.make_sandbox(kinds_world(dedupe="none"))
    plan = planned(place, playbook("withdraw", "down", "out"))
    copied = copy_journal(place)
    place.run("apply", plan, "--sandbox", "--yes").expect(0)
    sent, moved = place.writes(), place.moved()
    put_back(place, copied)

    place.run("apply", plan, "--sandbox", "--yes").expect(0)

    assert place.writes() == sent
    assert place.moved() == moved


def test_lost_journal_refuses_the_plan_until_a_person_adopts_it_and_then_looks_first(
    quick_place: Workplace,
) -> None:
    plan = planned(quick_place, quick(MIRROR))
    before = quick_place.balances()
    quick_place.run("apply", plan, "--sandbox", "--yes").expect(0)
    sent = quick_place.writes()
    lose(quick_place)

    refused = quick_place.run("apply", plan, "--sandbox", "--yes").expect(3)
    assert "runner state adopt" in refused.err
    adopt = ("state", "adopt", plan, "--reason", "disk lost, orders checked")
    quick_place.run(*adopt, "--sandbox").expect(64)
    quick_place.run(*adopt, "--yes", "--sandbox").expect(0)
    quick_place.run("apply", plan, "--sandbox", "--yes").expect(10)

    assert quick_place.writes() == sent
    assert_there_and_back_once(quick_place, MIRROR_JOB, before)
    shown = quick_place.run("state", "show", "--sandbox").expect(0).out
    assert "disk lost, orders checked" in shown
    quick_place.run("verify", "--sandbox").expect(0)


def test_older_copy_than_the_plan_refuses_it(quick_place: Workplace) -> None:
    """The run between the two is what the copy does not know of."""
    first = planned(quick_place, quick(MIRROR), out="first.json")
    copied = copy_journal(quick_place)
    quick_place.run("apply", first, "--sandbox", "--yes").expect(0)
    ticket = ("-i", "ticket=TRS-0002")
    second = planned(quick_place, quick(MIRROR), *ticket, out="second.json")
    sent = quick_place.writes()
    put_back(quick_place, copied)

    refused = quick_place.run("apply", second, "--sandbox", "--yes").expect(3)

    assert "is an older copy" in refused.err
    assert "runner state adopt" in refused.err
    assert quick_place.writes() == sent


def test_copy_that_went_another_way_refuses_the_plan(quick_place: Workplace) -> None:
    first = planned(quick_place, quick(MIRROR), out="first.json")
    copied = copy_journal(quick_place)
    quick_place.run("apply", first, "--sandbox", "--yes").expect(0)
    second = planned(quick_place, quick(MIRROR), "-i", "ticket=TRS-0002", out="second.json")
    put_back(quick_place, copied)
    other = quick_place.write("other.yaml", quick(MIRRORX))
    quick_place.run("run", other, "--sandbox", "--yes").expect(0)

    refused = quick_place.run("apply", second, "--sandbox", "--yes").expect(3)

    assert "went another way" in refused.err


def test_two_processes_that_apply_one_plan_at_once_make_one_run(quick_place: Workplace) -> None:
    plan = planned(quick_place, quick(MIRROR))
    before = quick_place.balances()

    racing = [quick_place.start("apply", plan, "--sandbox", "--yes") for _ in range(2)]
    codes = sorted(each.end().code for each in racing)

    assert codes in ([0, 0], [0, 8])
    assert_there_and_back_once(quick_place, MIRROR_JOB, before)
    assert quick_place.run("runs", "--sandbox").expect(0).out.count("R-") == 1
    quick_place.run("verify", "--sandbox").expect(0)


def test_lock_left_by_a_run_that_ended_is_broken_by_a_decision(quick_place: Workplace) -> None:
    plan = planned(quick_place, quick(MIRROR))
    died = quick_place.run_bounded("kill:before-release:1", "apply", plan, "--sandbox", "--yes")
    assert died.code < 0
    lines = quick_place.run("lock", "list", "--json", "--sandbox").expect(0).out.splitlines()
    (lock,) = (row for line in lines if (row := json.loads(line))["type"] == "lock")
    assert (lock["run"], lock["driven"]) == (run_id(plan), False)
    assert {each["state"] for each in lock["effects"]} == {"confirmed"}

    broken = ("lock", "break", lock["lock"], "--reason", "the run is over", "--sandbox")
    quick_place.run(*broken).expect(0)

    assert quick_place.run("lock", "list", "--sandbox").expect(0).out == "no locks\n"
    assert "the run is over" in quick_place.run("logs", run_id(plan), "--sandbox").expect(0).out
    quick_place.run("verify", "--sandbox").expect(0)


def test_lock_with_an_unsettled_effect_behind_it_is_not_broken(quick_place: Workplace) -> None:
    plan = planned(quick_place, quick(MIRROR))
    quick_place.run_bounded("kill:after-send:1", "apply", plan, "--sandbox", "--yes")
    listed = quick_place.run("lock", "list", "--sandbox").expect(0).out
    assert f"apply of {run_id(plan)} sending" in listed
    name = listed.splitlines()[1].split()[0]

    refused = quick_place.run("lock", "break", name, "--reason", "in the way", "--sandbox")

    assert f"runner resume {run_id(plan)}" in refused.expect(8).err
    assert name in quick_place.run("lock", "list", "--sandbox").expect(0).out


def test_run_that_ended_and_was_decided_about_is_not_begun_anew(quick_place: Workplace) -> None:
    """Its end stands in the journal: what it sent afterwards would belong to a finished run."""
    plan = planned(quick_place, quick(MIRROR))
    quick_place.run_bounded("kill:after-locks:1", "apply", plan, "--sandbox", "--yes")
    name = quick_place.run("lock", "list", "--sandbox").expect(0).out.splitlines()[1].split()[0]
    quick_place.run("lock", "break", name, "--reason", "the host died", "--sandbox").expect(0)
    # What an apply leaves that a policy denied between its preflight and its first send.
    with closing(open_journal(journal(quick_place), clock=SystemClock())) as books:
        now = SystemClock().now()
        asyncio.run(denied(books, run_id(plan), now))

    ended = quick_place.run("apply", plan, "--sandbox", "--yes").expect(5)

    assert "had already ended with exit 5: denied; nothing was sent now" in ended.out
    assert quick_place.writes() == ()
    quick_place.run("verify", "--sandbox").expect(0)


async def denied(books: Journal, run: str, now: datetime) -> None:
    """End a run as one that was denied."""
    async with books.own_run(run):
        await books.finish_run(run, exit_code=ExitCode.DENIED, message="denied meanwhile", at=now)
