"""SIGINT and SIGTERM: the call in flight is finished and journalled, and ``resume`` goes on."""

import signal

import pytest

from tests.acceptance.jobs import (
    MIRROR_JOB,
    MIRRORX_JOB,
    Job,
    assert_there_and_back_once,
    is_sent,
    is_waiting,
    start_apply,
)
from tests.acceptance.workplace import (
    MIRROR,
    Workplace,
    planned,
    quick,
    replaced,
    run_id,
    world_text,
)


@pytest.mark.parametrize(
    ("job", "number"),
    [(MIRROR_JOB, signal.SIGINT), (MIRRORX_JOB, signal.SIGTERM)],
    ids=["mirror-SIGINT", "mirrorx-SIGTERM"],
)
def test_signal_while_an_order_is_open_ends_12_and_resumes(
    place: Workplace, job: Job, number: signal.Signals
) -> None:
    """12 comes before 130 and 143: an accepted order is not final, and that matters more."""
    place.make_sandbox(world_text(success_after="800ms"))
    before = place.balances()
    plan = planned(place, quick(job.playbook))
    run = start_apply(place, plan)
    place.wait_for(is_waiting(job))

    stopped = run.interrupt(number).expect(12)

    assert f"runner resume {run_id(plan)}" in stopped.out
    place.run("resume", run_id(plan), "--sandbox").expect(0)
    assert_there_and_back_once(place, job, before)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_signal_while_nothing_is_open_ends_as_shells_expect(
    place: Workplace, number: signal.Signals, code: int
) -> None:
    """The order is final when the wait after it begins, so only the interrupt is left to tell."""
    place.make_sandbox(world_text())
    text = replaced(quick(MIRROR), "    confirm: accepted\n", "")
    text = replaced(text, 'until: result.status == "success"', 'until: result.status == "never"')
    plan = planned(place, replaced(text, "timeout: 10m", "timeout: 3s"))
    run = start_apply(place, plan)
    looks = "mirror.record.list"
    place.wait_for(lambda log: sum(r.operation == looks for r in log) >= 9)

    stopped = run.interrupt(number).expect(code)

    assert f"runner resume {run_id(plan)}" in stopped.out
    assert len(place.writes()) == 1
    # The deadline of the wait is the journalled one: a resume does not start it anew.
    place.run("resume", run_id(plan), "--sandbox").expect(13)
    assert len(place.writes()) == 1


def test_signal_between_send_and_answer_waits_for_the_answer(place: Workplace) -> None:
    """The call in flight is finished and journalled first; the order is known afterwards."""
    place.make_sandbox(world_text(success_after="800ms", reply_delay="mirror.asset.apply: 800ms"))
    before = place.balances()
    plan = planned(place, quick(MIRROR))
    run = start_apply(place, plan)
    place.wait_for(is_sent(MIRROR_JOB))

    stopped = run.interrupt(signal.SIGINT).expect(12)

    assert place.orders()[0].id in stopped.out
    place.run("resume", run_id(plan), "--sandbox").expect(0)
    assert_there_and_back_once(place, MIRROR_JOB, before)
