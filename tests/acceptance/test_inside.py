"""kill -9 inside loops and branches of a real run, then ``resume``: the sandbox's books judge.

Nothing here waits for a moment of the run's own; the sandbox's request log says how far it came.
"""

import json
import signal
from pathlib import Path

import pytest

from runner.sandbox.books import LoggedRequest
from tests.acceptance.jobs import has_grown_to, start_apply
from tests.acceptance.workplace import (
    REPOSITORY,
    Workplace,
    planned,
    replaced,
    run_id,
    world_text,
)

TRIM = (REPOSITORY / "playbooks" / "mirrorx-trim.yaml").read_text("utf-8")
BRANCHES = """\
apiVersion: runner/v1
kind: Playbook
name: branches
once: today
may:
  mirrorx.undelegate: {count: 2, total: [1000 USDT, 1 BTC]}
steps:
  - id: both
    parallel:
      - id: usdt
        steps:
          - id: before
            uses: mirrorx.positions
            with: {link: acme/arb-01}
          - id: back
            effect: mirrorx.undelegate
            with: {link: acme/arb-01, amount: 1000 USDT}
            every: 50ms..100ms
          - id: after
            uses: mirrorx.positions
            with: {link: acme/arb-01}
            assert: balance(result, "USDT") == balance(steps.before, "USDT") - money("1000 USDT")
      - id: btc
        steps:
          - id: nested
            foreach: amount in [money("1 BTC")]
            key: amount.coin
            effect: mirrorx.undelegate
            with:
              link: acme/arb-01
              amount: ${{ amount }}
            every: 50ms..100ms
          - id: after
            uses: mirrorx.positions
            with: {link: acme/arb-01}
"""
MOVED = {"trim": {"190000", "1"}, "branches": {"1000", "1"}}


def _quick(text: str) -> str:
    text = replaced(text, "every: 5s..30s", "every: 50ms..100ms")
    return replaced(text, "    within: 20m ", "    every: 50ms..100ms\n    within: 20m ")


JOBS = {"trim": _quick(TRIM), "branches": BRANCHES}


def _writes(log: tuple[LoggedRequest, ...]) -> int:
    return sum(request.method == "POST" for request in log)


def _assert_each_once(place: Workplace, job: str) -> None:
    orders = place.orders()
    assert {f"{order.amount.normalize():f}" for order in orders} == MOVED[job]
    assert len(orders) == len(place.writes()) == len(MOVED[job])


@pytest.mark.parametrize("job", JOBS)
def test_kill_after_the_first_of_two_orders_sends_each_once(place: Workplace, job: str) -> None:
    place.make_sandbox(world_text(success_after="600ms", timestamp_window="2s"))
    plan = planned(place, JOBS[job])
    run = start_apply(place, plan)
    place.wait_for(lambda log: _writes(log) >= 2)
    run.kill()

    ended = place.run("resume", run_id(plan), "--sandbox")

    # Killed in the instant between a reply and its row, the second is open: nobody can tell.
    assert ended.code in {0, 10}, ended.text
    if ended.code == 0:
        _assert_each_once(place, job)
    assert len(place.writes()) == 2


@pytest.mark.parametrize("job", JOBS)
def test_run_killed_again_and_again_inside_ends_with_one_order_each(
    place: Workplace, job: str
) -> None:
    """Each process is killed a few requests later than the one before, wherever that is."""
    place.make_sandbox(world_text(timestamp_window="2s"))
    plan = planned(place, JOBS[job])

    kills, code = 0, -1
    for allowed in range(3, 40, 5):
        wanted = len(place.requests()) + allowed
        run = start_apply(place, plan)
        grown = place.wait_for(has_grown_to(wanted), unless=run)
        # The last request may be the one that ends the run.
        if not grown or run.process.poll() is not None:
            code = run.end().code
            break
        run.kill()
        kills += 1
    else:
        # Each new process looks again before it goes on, so the kills may be over before the run.
        code = start_apply(place, plan).end().code

    assert kills >= 2
    request_ids = [request.request_id for request in place.writes()]
    assert len(request_ids) == len(set(request_ids)), "an order was sent twice"
    if code == 0:
        _assert_each_once(place, job)
        again = place.run("apply", plan, "--sandbox", "--yes").expect(0)
        assert "confirmed" in again.out
        _assert_each_once(place, job)
    else:
        assert code == 10
        place.run("apply", plan, "--sandbox", "--yes").expect(10)
        assert len(place.writes()) == len(request_ids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_inside_a_loop_suspends_every_item_and_resume_goes_on(
    place: Workplace, number: signal.Signals
) -> None:
    place.make_sandbox(world_text(success_after="600ms"))
    plan = planned(place, JOBS["trim"])
    run = start_apply(place, plan)
    place.wait_for(lambda log: _writes(log) >= 2)

    ended = run.interrupt(number)

    assert ended.code in {12, 130, 143}, ended.text
    place.run("resume", run_id(plan), "--sandbox").expect(0)
    _assert_each_once(place, "trim")


def test_plan_of_the_shipped_loop_names_every_order(place: Workplace) -> None:
    plan = planned(place, TRIM, "--input", "targets=[240000 USDT, 2 BTC]")

    effects = json.loads(plan.read_bytes())["plan"]["effects"]

    assert [(each["path"], each["amount"]) for each in effects] == [
        ("return_excess[USDT]", "10000")
    ]


def test_lists_are_given_as_yaml_or_json_or_in_a_file(place: Workplace) -> None:
    job = place.write("job.yaml", TRIM)
    inputs = "apiVersion: runner/v1\nkind: Inputs\ninputs:\n  targets:\n    - 240000 USDT\n"
    file = place.write("inputs.yaml", inputs)
    for given in (
        ("--input", 'targets=["240000 USDT"]'),
        ("--input", "targets=[240000 USDT]"),
        ("--inputs", str(file)),
    ):
        ended = place.run("plan", job, "--sandbox", *given).expect(0)
        assert "Plan: 1 effect, 10000 USDT undelegated." in ended.out
    wrong = place.run("plan", job, "--sandbox", "--input", "targets=[5, 6 USDT, 7 USDT]").expect(3)
    assert "targets: '5' is not money" in wrong.err


def test_called_playbooks_are_planned_applied_and_their_errors_shown(place: Workplace) -> None:
    job = place.write(
        "books/eod.yaml",
        "apiVersion: runner/v1\nkind: Playbook\nname: eod\nonce: today\n"
        "may:\n  mirrorx.undelegate: {count: 30, total: [600000 USDT, 100 ETH, 10 BTC]}\n"
        "steps:\n  - id: trim\n    playbook: ./parts/trim.yaml\n"
        '    with: {day: "2026-11-23"}\n',
    )
    place.write("books/parts/trim.yaml", _quick(TRIM))
    place.make_sandbox(world_text())
    place.run("plan", job, "--sandbox", "-o", "plan.json").expect(0)

    ended = place.run("apply", Path("plan.json"), "--sandbox", "--yes").expect(0)

    assert "trim/return_excess[USDT]" in ended.out
    _assert_each_once(place, "trim")
    place.write(
        "books/parts/trim.yaml", replaced(TRIM, "balance(steps.before,", "balance(steps.befor,")
    )
    wrong = place.run("validate", "books").expect(3)
    assert "--> books/parts/trim.yaml:" in wrong.out
    assert 'did you mean "before"?' in wrong.out
