"""A plan that goes on with an ended run: what was confirmed is never sent again."""

import json
from typing import Any

import pytest

from tests.acceptance.kinds import DESK_1, PRIME, UID, fault, kinds_world
from tests.acceptance.workplace import Ended, Workplace, run_id

JOB = """\
apiVersion: runner/v1
kind: Playbook
name: two-moves
summary: Move an amount down to the desk, and another out to the exchange.
inputs:
  down: {type: money, default: 500 USDT}
  out: {type: money, default: 400 USDT}
  day: {type: string, default: today}
once: ${{ inputs.day }}
may:
  subwallet.transfer: {count: 2, total: 1000 USDT}
  exchange.transfer: {count: 1, total: 400 USDT}
steps:
  - id: down
    effect: subwallet.transfer
    every: 50ms..100ms
    with:
      from: acme/prime-01
      to: acme/desk-01
      amount: ${{ inputs.down }}
    assert: result.status == "success"
  - id: out
    effect: exchange.transfer
    every: 50ms..100ms
    with:
      wallet: acme/prime-01
      direction: to_exchange
      amount: ${{ inputs.out }}
    assert: result.status == "success"
outputs:
  down:
    type: string
    value: ${{ steps.down.request_id }}
"""
DOWN = (f"custody/{PRIME}/USDT", f"custody/{DESK_1}/USDT")
OUT = (f"custody/{PRIME}/USDT", f"exchange/{UID}/USDT")
OUT_FAILS = fault("out", "late_failure", "after: 100ms")


@pytest.fixture
def failed(place: Workplace) -> tuple[Workplace, str]:
    """Return a folder in which a run has done ``down`` and failed at ``out``, and its id."""
    place.make_sandbox(kinds_world(OUT_FAILS))
    return place, ended(place, JOB, 1)


def ended(place: Workplace, text: str, code: int, *arguments: str) -> str:
    """Plan a playbook and apply it to that end; return its run."""
    file = place.write("job.yaml", text)
    place.run("plan", file, "--sandbox", "-o", "plan.json", *arguments).expect(0)
    place.run("apply", "plan.json", "--sandbox", "--yes").expect(code)
    return run_id(place.folder / "plan.json")


def superseding(place: Workplace, run: str, *arguments: str, out: str = "next.json") -> Ended:
    """Plan ``job.yaml`` so that it supersedes a run."""
    return place.run("plan", "job.yaml", "--sandbox", "--supersedes", run, "-o", out, *arguments)


def plan_in(place: Workplace, name: str = "next.json") -> dict[str, Any]:
    """Return what a plan file says."""
    plan: dict[str, Any] = json.loads((place.folder / name).read_bytes())["plan"]
    return plan


def settled(place: Workplace) -> list[tuple[str, str]]:
    """Return what the books say was moved for good: from where to where, one a move."""
    return [(str(o.debit), str(o.credit)) for o in place.orders() if o.settled]


def test_superseding_plan_sends_what_failed_and_nothing_that_was_confirmed(
    failed: tuple[Workplace, str],
) -> None:
    place, run = failed
    first = {order.request_id for order in place.orders()}

    shown = superseding(place, run).expect(0)
    applied = place.run("apply", "next.json", "--sandbox", "--yes").expect(0)

    plan = plan_in(place)
    assert (plan["supersedes"], plan["revision"]) == (run, 1)
    assert [each["path"] for each in plan["effects"]] == ["out"]
    assert [each["path"] for each in plan["carried"]] == ["down"]
    assert f"done by {run}" in shown.out
    assert f"Done before by {run}: 1 effect, not sent again." in shown.out
    assert f"done by {run}" in applied.out
    assert settled(place) == [DOWN, OUT]
    assert len({order.request_id for order in place.orders()} - first) == 1
    # The later steps see the requestId under which it was done.
    assert plan["carried"][0]["request_id"] in applied.out.partition("outputs")[2]


def test_used_occurrence_says_how_to_go_on(failed: tuple[Workplace, str]) -> None:
    place, run = failed

    refused = place.run("plan", "job.yaml", "--sandbox").expect(7)

    assert f"was already run: {run}" in refused.err
    assert f"runner plan job.yaml --supersedes {run} --sandbox=default plans what" in refused.err


def test_applying_twice_and_resuming_send_nothing_more(failed: tuple[Workplace, str]) -> None:
    place, run = failed
    superseding(place, run).expect(0)
    place.run("apply", "next.json", "--sandbox", "--yes").expect(0)
    sent = place.writes()

    place.run("apply", "next.json", "--sandbox", "--yes").expect(0)
    place.run("resume", run_id(place.folder / "next.json"), "--sandbox").expect(0)
    place.run("apply", "plan.json", "--sandbox", "--yes").expect(1)

    assert place.writes() == sent


def test_run_that_supersedes_shows_asks_and_applies(failed: tuple[Workplace, str]) -> None:
    place, run = failed
    named = ("--sandbox", "--supersedes", run)

    place.run("run", "job.yaml", *named).expect(64)
    dry = place.run("run", "job.yaml", *named, "--dry-run").expect(0)
    assert settled(place) == [DOWN]
    ran = place.run("run", "job.yaml", *named, "--yes").expect(0)
    again = place.run("run", "job.yaml", *named, "--yes").expect(7)

    assert f"done by {run}; not sent again" in dry.out
    assert f"down: done by {run}; not sent again" in ran.out
    assert "was superseded by R-" in again.err
    assert settled(place) == [DOWN, OUT]


def test_runs_logs_and_show_say_which_run_supersedes_which(failed: tuple[Workplace, str]) -> None:
    place, run = failed
    superseding(place, run).expect(0)
    place.run("apply", "next.json", "--sandbox", "--yes").expect(0)
    newer = run_id(place.folder / "next.json")

    listed = place.run("runs", "--sandbox").expect(0).out
    older_log = place.run("logs", run, "--sandbox").expect(0).out
    newer_log = place.run("logs", newer, "--sandbox").expect(0).out
    shown = place.run("show", "next.json").expect(0).out

    assert f"supersedes {run}" in listed
    assert f"superseded by {newer}" in listed
    assert f"superseded by {newer}" in older_log
    assert f"  supersedes {run}\n" in newer_log
    assert f"done by {run}; not sent again" in newer_log
    assert f"supersedes {run}" in " ".join(shown.split())
    assert f"done by {run}" in shown


def test_superseding_run_that_is_killed_sends_what_is_left_once(
    failed: tuple[Workplace, str],
) -> None:
    place, run = failed
    superseding(place, run).expect(0)
    writes = len(place.writes())
    applied = place.start("apply", "next.json", "--sandbox", "--yes")
    assert place.wait_for(
        lambda log: sum(each.method == "POST" for each in log) > writes, unless=applied
    )
    applied.kill()

    place.run("resume", run_id(place.folder / "next.json"), "--sandbox").expect(0)
    place.run("apply", "next.json", "--sandbox", "--yes").expect(0)

    assert settled(place) == [DOWN, OUT]


def test_refusals_send_nothing(failed: tuple[Workplace, str]) -> None:
    place, run = failed
    sent = place.writes()

    other = superseding(place, run, "-i", "down=300 USDT").expect(7)
    place.write(
        "gone.yaml",
        JOB.partition("  - id: down\n")[0]
        + JOB[JOB.index("  - id: out\n") : JOB.index("outputs:")],
    )
    gone = place.run("plan", "gone.yaml", "--sandbox", "--supersedes", run).expect(7)
    alone = place.run("plan", "job.yaml", "--sandbox", "--again", "down").expect(64)
    nowhere = superseding(place, run, "--again", "out").expect(64)
    unknown = superseding(place, "R-0000000000000000").expect(64)
    tomorrow = superseding(place, run, "-i", "day=tomorrow").expect(7)
    far = superseding(place, run, "-i", "down=600 USDT", "--again", "down").expect(5)

    assert f"down: what {run} has done was" in other.err
    assert "--again down" in other.err
    assert "no longer in the playbook" in gone.err
    assert "add --supersedes RUN" in alone.err
    assert "confirmed: down" in nowhere.err
    assert "`runner runs" in unknown.err
    assert "its occurrence is today" in tomorrow.err
    assert "subwallet.transfer: 1100 USDT, `may` allows 1000 USDT" in far.err
    assert place.writes() == sent


def test_superseding_is_of_one_playbook_and_never_offline(place: Workplace) -> None:
    place.write("job.yaml", JOB)
    place.write("other.yaml", JOB)
    named = ("--supersedes", "R-0123456789abcdef")

    several = place.run("plan", "job.yaml", "other.yaml", "--offline", *named).expect(64)
    offline = place.run("plan", "job.yaml", "--offline", *named).expect(64)

    assert "--supersedes goes on with the run of one playbook" in several.err
    assert "--supersedes needs the journal of the run" in offline.err
