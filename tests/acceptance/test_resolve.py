"""``runner resolve``: what a person may decide, judged by the sandbox's books."""

import signal
from pathlib import Path

import pytest

from tests.acceptance.halting import (
    halted_mirrorx,
    halting_world,
    lose_reply,
    resolve,
)
from tests.acceptance.terminal import open_session
from tests.acceptance.workplace import (
    MIRROR,
    MIRRORX,
    Ended,
    Workplace,
    planned,
    quick,
    run_id,
    world_text,
)

NO = ("--not-executed", "--reason", "the custodian says no")
SAME = ("mirrorXLinkId=acme/arb-01", "orderType=10", "coinSymbol=USDT", "amount=100000")


@pytest.fixture
def halting(place: Workplace) -> Workplace:
    """Return a folder whose sandbox lists orders without requestIds."""
    place.make_sandbox(halting_world())
    return place


def portal(place: Workplace, *words: str) -> str:
    """Let a person place an order in the portal, and return its id."""
    known = {order.id for order in place.orders()}
    place.run("sandbox", "portal", "mirrorx.order.create", *words).expect(0)
    (made,) = {order.id for order in place.orders()} - known
    return made


def resumed(place: Workplace, plan: Path) -> Ended:
    return place.run("resume", run_id(plan), "--sandbox")


def test_right_order_alone_is_adopted_and_confirmed_once(halting: Workplace) -> None:
    """A stranger's, made in the portal before, differs from ours in nothing but its age."""
    first = planned(halting, quick(MIRRORX), "--input", "day=2026-11-21", out="first.json")
    halting.run("apply", first, "--sandbox", "--yes").expect(0)
    earlier = halting.orders()[0].id
    stranger = portal(halting, *SAME)
    other = portal(halting, *SAME[:3], "amount=99999")
    plan = halted_mirrorx(halting)
    sent = halting.orders()[-1]

    for order_id, why in (
        ("4711", "existence: the custodian does not show 4711"),
        (other, "equality: amount is 99999, not 100000"),
        (stranger, f"time: {stranger} was there before the first attempt"),
        (earlier, f"unclaimed: {earlier} belongs to another effect of this journal"),
    ):
        refused = resolve(halting, plan, "delegate", "--adopt", order_id).expect(10)
        assert why in refused.err
    like = resolve(halting, plan, "delegate", *NO).expect(10)
    assert f"order {sent.id} is like it" in like.err
    assert stranger not in like.err
    assert "--ticket" in like.err
    ended = resolve(halting, plan, sent.request_id, "--adopt", sent.id).expect(0)

    assert f"next: runner resume {run_id(plan)} --sandbox=default" in ended.out
    resumed(halting, plan).expect(0)
    assert [o.request_id == sent.request_id for o in halting.orders()].count(True) == 1
    assert len(halting.writes()) == 4
    assert "adopt " in halting.run("logs", run_id(plan), "--sandbox").expect(0).out


def test_not_executed_fails_the_step_and_never_sends_it_again(halting: Workplace) -> None:
    before = halting.balances()
    plan = halted_mirrorx(halting, when="before")
    other = planned(halting, quick(MIRRORX), "--input", "day=2026-11-23", out="other.json")
    halting.run("apply", other, "--sandbox", "--yes").expect(8)

    ended = resolve(halting, plan, "delegate", *NO).expect(0)

    assert "never sent again" in ended.out
    over = resumed(halting, plan).expect(1)
    assert "not executed, by decision of" in over.out
    halting.run("apply", plan, "--sandbox", "--yes").expect(1)
    assert len(halting.writes()) == 1
    assert halting.orders() == ()
    assert halting.balances() == before
    halting.run("apply", other, "--sandbox", "--yes").expect(0)


def test_ticket_settles_what_only_the_custodian_knows(halting: Workplace) -> None:
    """Somebody made an order like it meanwhile: no list says whose it is."""
    plan = halted_mirrorx(halting, when="before")
    stranger = portal(halting, *SAME)
    assert f"order {stranger} is like it" in resolve(halting, plan, "delegate", *NO).expect(10).err

    resolve(halting, plan, "delegate", *NO, "--ticket", "CS-4711").expect(0)

    resumed(halting, plan).expect(1)
    assert [order.id for order in halting.orders()] == [stranger]
    assert "CS-4711" in halting.run("logs", run_id(plan), "--sandbox").expect(0).out


def test_not_executed_is_refused_where_our_request_id_is_listed(place: Workplace) -> None:
    """The order was not visible when the effect was halted; it is now."""
    place.make_sandbox(halting_world(records_carry_request_id=True))
    hidden = ("fault", "add", "stale", "lag=1h", "--operation", "mirror.record.list")
    plan = planned(place, quick(MIRROR))
    place.run("sandbox", *hidden, "--calls", "always").expect(0)
    lose_reply(place, "mirror.asset.apply")
    place.run("apply", plan, "--sandbox", "--yes").expect(10)
    place.run("sandbox", "fault", "remove", "1").expect(0)
    (sent,) = place.orders()

    ended = resolve(place, plan, "apply", *NO, "--ticket", "CS-4711").expect(10)

    assert f"it was executed: order {sent.id} carries our requestId" in ended.err
    resumed(place, plan).expect(0)
    assert len(place.writes()) == 2


RESCUED = """
apiVersion: runner/v1
kind: Playbook
name: rescued
summary: Delegate, and go on where that was not executed.
once: one
may:
  mirrorx.delegate: {count: 1, total: 5 USDT}
steps:
  - id: attempt
    try:
      - id: delegate
        effect: mirrorx.delegate
        every: 50ms..100ms
        with:
          link: acme/arb-01
          amount: 5 USDT
    rescue:
      - id: look
        uses: mirrorx.positions
        with:
          link: acme/arb-01
        assert: error.kind == "effect"
"""


def test_rescue_goes_on_after_not_executed(halting: Workplace) -> None:
    """A failed step like any other: the effect is final, so a rescue may read."""
    plan = planned(halting, RESCUED)
    lose_reply(halting, "mirrorx.order.create", when="before")
    halting.run("apply", plan, "--sandbox", "--yes").expect(10)
    resolve(halting, plan, "attempt/delegate", *NO).expect(0)

    ended = resumed(halting, plan).expect(1)

    assert '"path": "attempt/rescue/look"' in ended.err
    assert len(halting.writes()) == 1


def test_run_that_is_driven_is_not_resolved(place: Workplace) -> None:
    place.make_sandbox(world_text(reply_delay="mirrorx.order.create: 3s"))
    plan = planned(place, quick(MIRRORX))
    run = place.start("apply", plan, "--sandbox", "--yes")
    place.wait_for(lambda log: any(r.operation == "mirrorx.order.create" for r in log))

    ended = resolve(place, plan, "delegate", *NO).expect(10)

    assert "is sending: reading may still settle it" in ended.err
    run.kill()


def test_only_a_yes_of_a_person_decides(halting: Workplace) -> None:
    """Not the absence of a terminal, not a no, and not a process that was killed while it asked."""
    plan = halted_mirrorx(halting)
    (sent,) = halting.orders()
    run, adopt = run_id(plan), ("--adopt", sent.id)
    words = ("resolve", run, "delegate", *adopt, "--sandbox")
    halting.run(*words).expect(64)
    session = open_session(halting, *words)
    session.wait_for("Type yes to go on")
    session.process.kill()
    session.process.wait()
    for answer, code in (("no", 6), ("yes", 0)):
        session = open_session(halting, *words)
        session.wait_for("Type yes to go on")
        session.type(answer)
        assert session.end() == code, session.shown

    again = resolve(halting, plan, "delegate", *adopt).expect(64)
    assert "is accepted: there is nothing to resolve" in again.err
    nowhere = halting.run("resolve", "R-0123456789abcdef", "delegate", *adopt, "--sandbox")
    assert "there is no run R-0123456789abcdef" in nowhere.expect(64).err
    assert "has no effect 'after'" in resolve(halting, plan, "after", *adopt).expect(64).err
    resumed(halting, plan).expect(0)
    assert len(halting.writes()) == 2
    assert "has ended with exit 0" in resolve(halting, plan, "delegate", *adopt).expect(64).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--adopt", "1", *NO), "say what became of it"),
        ((), "say what became of it"),
        (NO[:1], "needs a reason"),
    ],
    ids=["both", "neither", "no-reason"],
)
def test_command_that_makes_no_sense_is_said(
    place: Workplace, words: tuple[str, ...], said: str
) -> None:
    run = ("resolve", "R-0123456789abcdef", "delegate")

    assert said in place.run(*run, *words, "--sandbox").expect(64).err


def test_kill_at_the_decision_leaves_all_of_it_or_nothing(halting: Workplace) -> None:
    plan = halted_mirrorx(halting)
    (sent,) = halting.orders()
    words = ("resolve", run_id(plan), "delegate", "--adopt", sent.id, "--yes", "--sandbox")

    before = halting.run_bounded("kill:before-decision:1", *words)
    assert before.code == -signal.SIGKILL
    resumed(halting, plan).expect(10)
    after = halting.run_bounded("kill:after-decision:1", *words)

    assert after.code == -signal.SIGKILL
    resumed(halting, plan).expect(0)
    assert len(halting.writes()) == 2
