"""Who may touch what: one process a run, one run a link and coin."""

from tests.acceptance.jobs import (
    JOBS,
    MIRROR_JOB,
    MIRRORX_JOB,
    Job,
    assert_there_and_back_once,
    is_waiting,
    start_apply,
)
from tests.acceptance.workplace import MIRROR, Workplace, planned, quick, run_id, world_text


@JOBS
def test_two_processes_apply_one_plan_once(place: Workplace, job: Job) -> None:
    place.make_sandbox(world_text(success_after="500ms"))
    before = place.balances()
    plan = planned(place, quick(job.playbook))

    both = [start_apply(place, plan), start_apply(place, plan)]
    ended = [each.end() for each in both]

    # One drives the run; the other finds it driven (8), or already ended well.
    assert sorted(each.code for each in ended) in ([0, 0], [0, 8]), [e.text for e in ended]
    assert_there_and_back_once(place, job, before)
    place.run("apply", plan, "--sandbox", "--yes").expect(0)
    assert_there_and_back_once(place, job, before)


def test_run_that_is_being_driven_names_its_driver(place: Workplace) -> None:
    place.make_sandbox(world_text(success_after="3s"))
    plan = planned(place, quick(MIRROR))
    run = start_apply(place, plan)
    place.wait_for(is_waiting(MIRROR_JOB))

    refused = place.run("resume", run_id(plan), "--sandbox").expect(8)

    assert f"process {run.process.pid}" in refused.err
    run.kill()


@JOBS
def test_link_and_coin_of_a_suspended_run_are_locked(place: Workplace, job: Job) -> None:
    place.make_sandbox(world_text(success_after="800ms"))
    plan = planned(place, quick(job.playbook))
    run = start_apply(place, plan)
    place.wait_for(is_waiting(job))
    run.kill()
    sent = place.writes()

    again = "ticket=TRS-0002" if job is MIRROR_JOB else "day=2026-11-23"
    refused = place.run("run", "job.yaml", "--sandbox", "--yes", "-i", again).expect(8)

    assert run_id(plan) in refused.err
    assert place.writes() == sent


def test_lock_is_free_once_the_suspended_run_has_ended(place: Workplace) -> None:
    place.make_sandbox(world_text(success_after="800ms"))
    plan = planned(place, quick(MIRROR))
    run = start_apply(place, plan)
    place.wait_for(is_waiting(MIRROR_JOB))
    run.kill()
    place.run("resume", run_id(plan), "--sandbox").expect(0)

    again = ("-i", "ticket=TRS-0002")
    place.run("run", "job.yaml", "--sandbox", "--yes", *again).expect(0)

    assert len(place.orders()) == 4


def test_other_link_is_free_while_one_is_locked(place: Workplace) -> None:
    place.make_sandbox(world_text(success_after="800ms"))
    plan = planned(place, quick(MIRROR))
    run = start_apply(place, plan)
    place.wait_for(is_waiting(MIRROR_JOB))
    run.kill()

    other = ("-i", "link=acme/mirror-02", "-i", "amount=7 USDT")
    place.run("run", "job.yaml", "--sandbox", "--yes", *other).expect(0)

    assert [order.amount for order in place.orders()] == [250000, 7, 7]


def test_other_coin_is_free_while_one_is_locked(place: Workplace) -> None:
    place.make_sandbox(world_text(success_after="800ms"))
    plan = planned(place, quick(MIRRORX_JOB.playbook))
    run = start_apply(place, plan)
    place.wait_for(is_waiting(MIRRORX_JOB))
    run.kill()

    other = ("-i", "amount=1.5 BTC", "-i", "day=2026-11-23")
    place.run("run", "job.yaml", "--sandbox", "--yes", *other).expect(0)

    assert len(place.orders()) == 3


def test_order_that_a_person_left_open_blocks_its_link_and_coin(place: Workplace) -> None:
    """Another journal's run stands in for the person: this journal knows nothing of it."""
    place.make_sandbox(world_text(success_after="60s"))
    plan = planned(place, quick(MIRROR))
    run = start_apply(place, plan)
    place.wait_for(is_waiting(MIRROR_JOB))
    run.kill()
    for path in (place.sandboxes / "default").glob("state.sqlite*"):
        path.unlink()
    sent = place.writes()

    again = ("-i", "ticket=TRS-0002", "-i", "amount=5 USDT")
    refused = place.run("run", "job.yaml", "--sandbox", "--yes", *again).expect(8)

    assert place.orders()[0].id in refused.text
    assert place.writes() == sent


def test_reset_is_refused_while_a_run_uses_the_sandbox(place: Workplace) -> None:
    place.make_sandbox(world_text(success_after="3s"))
    plan = planned(place, quick(MIRROR))
    run = start_apply(place, plan)
    place.wait_for(is_waiting(MIRROR_JOB))

    place.run("sandbox", "reset").expect(8)

    run.kill()
    assert len(place.orders()) == 1
