"""``runner cancel``: nothing new is sent, nothing under way is abandoned."""

import pytest

from tests.acceptance.halting import halted_mirrorx, halting_world, resolve
from tests.acceptance.jobs import MIRRORX_JOB, is_sent, is_waiting
from tests.acceptance.workplace import (
    MIRRORX,
    Ended,
    Started,
    Workplace,
    planned,
    quick,
    run_id,
    world_text,
)

HEAD = """
apiVersion: runner/v1
kind: Playbook
name: two-steps
summary: Delegate twice, with something between.
once: one
may:
  mirrorx.delegate: {count: 2, total: 10 USDT}
steps:
"""
FIRST = """
  - id: first
    effect: mirrorx.delegate
    every: 50ms..100ms
    with:
      link: acme/arb-01
      amount: 5 USDT
"""
SECOND = FIRST.replace("id: first", "id: second")
PAUSE = "  - id: rest\n    pause: 4h\n"
WAIT = """
  - id: rest
    wait:
      uses: mirrorx.positions
      with:
        link: acme/arb-01
      until: balance(result, "XRP") > money("10 XRP")
      every: 1h..1h
      timeout: 4h
"""
GUARDED = """
  - id: guarded
    try:
      - id: first
        effect: mirrorx.delegate
        every: 50ms..100ms
        with:
          link: acme/arb-01
          amount: 5 USDT
      - id: rest
        pause: 4h
    finally:
      - id: look
        uses: mirrorx.positions
        with:
          link: acme/arb-01
"""


def cancel(place: Workplace, run: str, *words: str) -> Ended:
    return place.run("cancel", run, "--reason", "wrong day", *words, "--sandbox")


def resting(place: Workplace, playbook: str) -> tuple[Started, str]:
    """Apply a playbook until it waits at its step ``rest``, and return the process and the run."""
    plan = planned(place, playbook)
    run = place.start("apply", plan, "--sandbox", "--yes")
    assert run.process.stderr is not None
    for line in run.process.stderr:
        if '"step_started"' in line and '"path": "' in line and 'rest"' in line:
            break
    return run, run_id(plan)


@pytest.mark.parametrize("rest", [PAUSE, WAIT], ids=["pause", "wait"])
def test_running_process_hears_of_it_while_it_waits(quick_place: Workplace, rest: str) -> None:
    """A wait of four hours ends at once; what was not sent is never sent."""
    process, run = resting(quick_place, HEAD + FIRST + rest + SECOND)

    told = cancel(quick_place, run).expect(13)

    assert f"{run} had already ended with exit 13" in told.out
    ended = process.end().expect(13)
    assert "cancelled by" in ended.err
    assert [str(order.amount) for order in quick_place.orders()] == ["5"]
    quick_place.run("apply", "plan.json", "--sandbox", "--yes").expect(13)
    assert len(quick_place.writes()) == 1


def test_finally_runs_unless_it_is_forced(quick_place: Workplace) -> None:
    for words, looks in (((), True), (("--force",), False)):
        playbook = HEAD.replace("once: one", f"once: once{len(words)}") + GUARDED
        process, run = resting(quick_place, playbook.replace("count: 2", "count: 1"))
        cancel(quick_place, run, *words).expect(13)

        ended = process.end().expect(13)

        assert ('"path": "guarded/finally/look"' in ended.err) is looks
    assert len(quick_place.writes()) == 2


def test_effect_in_flight_is_followed_to_its_end(place: Workplace) -> None:
    """The answer is slow: the cancel comes while nobody knows yet what became of the send."""
    place.make_sandbox(world_text(reply_delay="mirrorx.order.create: 6s"))
    plan = planned(place, quick(MIRRORX))
    process = place.start("apply", plan, "--sandbox", "--yes")
    place.wait_for(is_sent(MIRRORX_JOB))

    cancel(place, run_id(plan), "--force").expect(13)

    process.end().expect(13)
    (sent,) = place.orders()
    logged = place.run("logs", run_id(plan), "--sandbox").expect(0).out
    assert f"{sent.request_id}  {sent.id}" in logged
    assert "confirmed" in logged
    assert "wrong day" in logged
    assert len(place.writes()) == 1


def test_run_that_nobody_drives_is_followed_to_its_end_and_ended(place: Workplace) -> None:
    place.make_sandbox(world_text(success_after="2s"))
    plan = planned(place, quick(MIRRORX))
    process = place.start("apply", plan, "--sandbox", "--yes")
    place.wait_for(is_waiting(MIRRORX_JOB))
    process.kill()

    cancel(place, run_id(plan)).expect(13)

    assert len(place.writes()) == 1
    assert "had already ended" in cancel(place, run_id(plan)).expect(13).out
    cancel(place, "R-0123456789abcdef").expect(64)


def test_run_that_sent_nothing_is_never_begun_again(quick_place: Workplace) -> None:
    process, run = resting(quick_place, HEAD + PAUSE + FIRST.replace("count: 2", "count: 1"))

    cancel(quick_place, run).expect(4)

    process.end().expect(4)
    quick_place.run("apply", "plan.json", "--sandbox", "--yes").expect(4)
    quick_place.run("resume", run, "--sandbox").expect(4)
    assert quick_place.writes() == ()


def test_halted_effect_keeps_a_cancelled_run_open_until_it_is_resolved(place: Workplace) -> None:
    place.make_sandbox(halting_world())
    plan = halted_mirrorx(place)
    (sent,) = place.orders()

    cancel(place, run_id(plan)).expect(10)
    resolve(place, plan, "delegate", "--adopt", sent.id).expect(0)

    place.run("resume", run_id(plan), "--sandbox").expect(13)
    assert len(place.writes()) == 1
