"""Exit 12: accepted and not final yet; whoever asks again gets a truthful answer."""

import signal

import pytest

from tests.acceptance.workplace import (
    MIRROR,
    Workplace,
    planned,
    quick,
    replaced,
    run_id,
    world_text,
)


def impatient() -> str:
    """Return the Mirror playbook whose first effect is followed for a moment only."""
    return replaced(quick(MIRROR), "    confirm: accepted\n", "    within: 300ms\n")


def test_order_that_takes_longer_than_the_step_waits_is_not_final(place: Workplace) -> None:
    place.make_sandbox(world_text(success_after="60s"))
    plan = planned(place, impatient())

    first = place.run("apply", plan, "--sandbox", "--yes").expect(12)

    assert f"runner resume {run_id(plan)}" in first.out
    place.run("resume", run_id(plan), "--sandbox").expect(12)
    place.run("apply", plan, "--sandbox", "--yes").expect(12)
    assert len(place.writes()) == 1


def test_order_that_is_final_later_lets_the_run_go_on(place: Workplace) -> None:
    place.make_sandbox(world_text(success_after="800ms"))
    before = place.balances()
    plan = planned(place, impatient())
    code = place.run("apply", plan, "--sandbox", "--yes").expect(12).code

    for _ in range(20):
        if code == 12:
            code = place.run("resume", run_id(plan), "--sandbox").code

    assert code == 0
    assert len(place.writes()) == 2
    assert place.balances() == before


def test_resume_of_a_finished_run_reports_it_and_sends_nothing(quick_place: Workplace) -> None:
    plan = planned(quick_place, quick(MIRROR))
    quick_place.run("apply", plan, "--sandbox", "--yes").expect(0)
    sent = quick_place.writes()

    again = quick_place.run("resume", run_id(plan), "--sandbox").expect(0)

    assert f"{run_id(plan)} had already ended" in again.out
    assert quick_place.writes() == sent


@pytest.mark.parametrize("verb", [("plan",), ("run", "--yes")], ids=["plan", "run"])
def test_interrupt_while_planning_sends_nothing(place: Workplace, verb: tuple[str, ...]) -> None:
    place.make_sandbox(world_text(reply_delay="mirror.position.list: 800ms"))
    place.write("job.yaml", quick(MIRROR))
    run = place.start(verb[0], "job.yaml", "--sandbox", *verb[1:])
    place.wait_for(lambda log: any(r.operation == "mirror.position.list" for r in log))

    run.interrupt(signal.SIGINT).expect(130)

    assert place.writes() == ()


def test_interrupt_during_the_preflight_uses_up_nothing(place: Workplace) -> None:
    place.make_sandbox(world_text(reply_delay="mirror.position.list: 200ms"))
    plan = planned(place, quick(MIRROR))
    looks = sum(r.operation == "mirror.position.list" for r in place.requests())
    run = place.start("apply", plan, "--sandbox", "--yes")
    place.wait_for(lambda log: sum(r.operation == "mirror.position.list" for r in log) > looks)
    run.interrupt(signal.SIGINT).expect(130)
    assert place.writes() == ()

    place.run("apply", plan, "--sandbox", "--yes").expect(0)

    assert len(place.orders()) == 2
