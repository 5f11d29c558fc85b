"""kill -9 at the moments that matter, then ``resume`` and ``apply``: never two effects.

The judge is the sandbox: its list of orders, its balances, and its log of requests.
"""

import json

import pytest

from tests.acceptance.jobs import (
    JOBS,
    MIRROR_JOB,
    MIRRORX_JOB,
    Job,
    assert_there_and_back_once,
    has_grown_to,
    is_sent,
    is_waiting,
    start_apply,
)
from tests.acceptance.workplace import MIRROR, Workplace, planned, quick, run_id, world_text


@pytest.mark.parametrize(
    ("job", "verb"),
    [(MIRROR_JOB, "resume"), (MIRRORX_JOB, "apply")],
    ids=["mirror-resume", "mirrorx-apply"],
)
def test_kill_during_a_wait_goes_on(place: Workplace, job: Job, verb: str) -> None:
    place.make_sandbox(world_text(success_after="800ms"))
    before = place.balances()
    plan = planned(place, quick(job.playbook))
    run = start_apply(place, plan)
    place.wait_for(is_waiting(job))
    run.kill()
    assert len(place.orders()) == 1

    again = ("resume", run_id(plan)) if verb == "resume" else ("apply", plan)
    place.run(*again, "--sandbox").expect(0)

    assert_there_and_back_once(place, job, before)


def test_kill_between_send_and_answer_finds_the_order_by_its_request_id(place: Workplace) -> None:
    place.make_sandbox(
        world_text(
            timestamp_window="2s",
            records_carry_request_id=True,
            reply_delay="mirror.asset.apply: 20s",
        )
    )
    before = place.balances()
    plan = planned(place, quick(MIRROR))
    run = start_apply(place, plan)
    place.wait_for(is_sent(MIRROR_JOB))
    run.kill()

    place.run("resume", run_id(plan), "--sandbox").expect(0)

    assert_there_and_back_once(place, MIRROR_JOB, before)
    place.run("apply", plan, "--sandbox", "--yes").expect(0)
    assert_there_and_back_once(place, MIRROR_JOB, before)


@JOBS
def test_kill_between_send_and_answer_halts_where_nothing_proves_whose_it_is(
    place: Workplace, job: Job
) -> None:
    """Orders are listed without requestIds: reading cannot tell, so a person has to."""
    place.make_sandbox(world_text(timestamp_window="2s", reply_delay=f"{job.first_write}: 20s"))
    plan = planned(place, quick(job.playbook))
    run = start_apply(place, plan)
    place.wait_for(is_sent(job))
    run.kill()
    (sent,) = place.orders()

    halted = place.run("resume", run_id(plan), "--sandbox").expect(10)

    assert sent.request_id in halted.out
    assert sent.id in halted.out
    assert "Please tell us what became of the request" in halted.out
    for again in (("resume", run_id(plan)), ("apply", plan)):
        repeated = place.run(*again, "--sandbox").expect(10)
        assert sent.request_id in repeated.out
    logged = place.run("logs", run_id(plan), "--sandbox").expect(0)
    assert "Please tell us what became of the request" in logged.out
    assert len(place.writes()) == 1
    assert [order.id for order in place.orders()] == [sent.id]


@pytest.mark.parametrize("moment", ["plan", "preflight"])
def test_kill_before_anything_was_sent_leaves_everything_to_do(
    quick_place: Workplace, moment: str
) -> None:
    before = quick_place.balances()
    plan = planned(quick_place, quick(MIRROR))
    reads = len(quick_place.requests())
    wanted = reads + (1 if moment == "plan" else 6)
    run = start_apply(quick_place, plan)
    quick_place.wait_for(has_grown_to(wanted))
    run.kill()

    quick_place.run("apply", plan, "--sandbox", "--yes").expect(0)

    assert_there_and_back_once(quick_place, MIRROR_JOB, before)


def test_run_killed_again_and_again_ends_well_with_one_effect_each(place: Workplace) -> None:
    """Each process is killed a few requests later than the one before, wherever that is."""
    place.make_sandbox(world_text(timestamp_window="2s", records_carry_request_id=True))
    before = place.balances()
    plan = planned(place, quick(MIRROR))

    kills, code = 0, 0
    for allowed in range(4, 40, 3):
        wanted = len(place.requests()) + allowed
        run = start_apply(place, plan)
        grown = place.wait_for(has_grown_to(wanted), unless=run)
        # The last request may be the one that ends the run.
        if not grown or run.process.poll() is not None:
            code = run.end().code
            break
        run.kill()
        kills += 1

    assert code in {0, 10}
    assert kills >= 3 or code == 10
    ended = place.run("apply", plan, "--sandbox", "--yes")
    request_ids = [request.request_id for request in place.writes()]
    assert len(request_ids) == len(set(request_ids))
    if ended.code == 10:
        # Killed between an attempt's row and its first byte: reading cannot tell it never left.
        effects = json.loads((place.folder / plan).read_bytes())["plan"]["effects"]
        missing = [each["request_id"] for each in effects if each["request_id"] not in request_ids]
        assert f"requestId {missing[0]}" in ended.out
    else:
        ended.expect(0)
        assert_there_and_back_once(place, MIRROR_JOB, before)
