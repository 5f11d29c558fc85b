"""``runs`` and ``logs``: what the journal knows is what the sandbox saw."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.jobs import MIRROR_JOB, is_sent, start_apply
from tests.acceptance.workplace import MIRROR, Workplace, planned, quick, run_id, world_text


@pytest.fixture(scope="module")
def done(shared_place: Callable[[], Workplace]) -> tuple[Workplace, Path]:
    """Run the Mirror playbook to its end."""
    place = shared_place()
    plan = planned(place, quick(MIRROR))
    place.run("apply", plan, "--sandbox", "--yes").expect(0)
    return place, plan


def test_runs_shows_the_run_and_its_end(done: tuple[Workplace, Path]) -> None:
    place, plan = done

    shown = place.run("runs", "--sandbox").expect(0).out

    (line,) = [line for line in shown.splitlines() if run_id(plan) in line]
    assert "exit 0" in line
    assert "mirror-apply-and-settle" in line
    assert "acme/mirror-01 TRS-0001" in line


def test_logs_show_every_step(done: tuple[Workplace, Path]) -> None:
    place, plan = done

    shown = place.run("logs", run_id(plan), "--sandbox").expect(0).out

    paths = ("system", "wallet_before", "before", "apply", "applied", "mirrored", "settle")
    words = {word for line in shown.splitlines() for word in line.split()}
    assert {*paths, "after", "wallet_after"} <= words


def test_logs_show_every_attempt_with_its_request_id_and_order(
    done: tuple[Workplace, Path],
) -> None:
    place, plan = done

    shown = place.run("logs", run_id(plan), "--sandbox").expect(0).out

    attempts = shown.partition("attempts\n")[2]
    for order in place.orders():
        assert order.request_id in shown
        assert order.id in attempts


def test_logs_of_a_killed_run_show_the_attempt_that_has_no_answer(place: Workplace) -> None:
    place.make_sandbox(world_text(reply_delay="mirror.asset.apply: 20s"))
    plan = planned(place, quick(MIRROR))
    run = start_apply(place, plan)
    place.wait_for(is_sent(MIRROR_JOB))
    run.kill()

    listed = place.run("runs", "--sandbox").expect(0)
    shown = place.run("logs", run_id(plan), "--sandbox").expect(0)

    (sent,) = place.orders()
    assert "unfinished" in listed.out
    assert sent.request_id in shown.out
    assert "none yet" in shown.out
    assert sent.id not in shown.out


def test_runs_of_a_sandbox_that_has_only_planned_are_none(place: Workplace) -> None:
    place.run("plan", place.write("job.yaml", MIRROR), "--sandbox").expect(0)

    shown = place.run("runs", "--sandbox").expect(0)

    assert shown.out == "no runs yet\n"
