"""Plans are applied exactly, once, and the same verdict comes back whoever asks again."""

import pytest

from tests.acceptance.workplace import (
    MIRROR,
    MIRRORX,
    Workplace,
    planned,
    quick,
    replaced,
    run_id,
)

ENDS_13 = """\
apiVersion: runner/v1
kind: Playbook
name: wrong-hope
summary: Settles an amount and then hopes for what cannot be.
once: one
may:
  mirror.settle: {count: 1, total: 10 USDT}
steps:
  - id: settle
    effect: mirror.settle
    with:
      link: acme/mirror-01
      amount: 10 USDT
      network: ETH
      from: ceffu
    every: 50ms..100ms
CONFIRM
  - id: record
    uses: mirror.record
    with:
      link: acme/mirror-01
      record: ${{ steps.settle.record }}
    assert: result.status == "failed"
    message: it did not fail
"""

# Runs on a link of the same wallet; the first waits until the second has taken the money away.
WAITS_FOR_THE_OTHER = """\
apiVersion: runner/v1
kind: Playbook
name: waits-for-the-other
summary: Mirrors most of the wallet, once something has happened on the other link.
once: one
may:
  mirror.apply: {count: 1, total: 900000 USDT}
steps:
  - id: other_link
    wait:
      uses: mirror.positions
      with:
        link: acme/mirror-02
      until: balance(result, "USDT") > money("20000 USDT")
      every: 50ms..100ms
      timeout: TIMEOUT
    message: nothing happened on the other link
  - id: apply
    effect: mirror.apply
    with:
      link: acme/mirror-01
      amount: 900000 USDT
      network: ETH
    every: 50ms..100ms
"""
THE_OTHER = """\
apiVersion: runner/v1
kind: Playbook
name: the-other
summary: Mirrors AMOUNT USDT on the other link.
may:
  mirror.apply: {count: 1, total: AMOUNT USDT}
steps:
  - id: apply
    effect: mirror.apply
    with:
      link: acme/mirror-02
      amount: AMOUNT USDT
      network: ETH
    every: 50ms..100ms
"""


@pytest.mark.parametrize("playbook", [MIRROR, MIRRORX], ids=["mirror", "mirrorx"])
def test_apply_again_sends_nothing_and_ends_the_same(quick_place: Workplace, playbook: str) -> None:
    plan = planned(quick_place, quick(playbook))
    quick_place.run("apply", plan, "--sandbox", "--yes").expect(0)
    sent = quick_place.writes()
    assert len(sent) == 2

    again = quick_place.run("apply", plan, "--sandbox", "--yes").expect(0)

    assert quick_place.writes() == sent
    assert run_id(plan) in again.out


def test_apply_again_after_a_failed_assert_ends_13_again(quick_place: Workplace) -> None:
    plan = planned(quick_place, ENDS_13.replace("CONFIRM\n", ""))
    first = quick_place.run("apply", plan, "--sandbox", "--yes").expect(13)
    assert "it did not fail" in first.text
    sent = quick_place.writes()
    assert [order.status for order in quick_place.orders()] == [30]

    quick_place.run("apply", plan, "--sandbox", "--yes").expect(13)

    assert quick_place.writes() == sent


def test_run_that_ends_on_an_assert_confirms_what_it_sent(quick_place: Workplace) -> None:
    """Exit 13 promises that every effect sent is confirmed, also one that a step only accepted."""
    plan = planned(quick_place, ENDS_13.replace("CONFIRM", "    confirm: accepted"))

    quick_place.run("apply", plan, "--sandbox", "--yes").expect(13)

    quick_place.run("apply", plan, "--sandbox", "--yes").expect(13)
    shown = quick_place.run("logs", run_id(plan), "--sandbox").expect(0)
    assert "confirmed" in shown.out
    assert len(quick_place.writes()) == 1


def test_apply_again_after_a_rejection_ends_1_again(quick_place: Workplace) -> None:
    """Another run takes the money after the preflight; the custodian says no."""
    plan = planned(quick_place, replaced(WAITS_FOR_THE_OTHER, "TIMEOUT", "60s"))
    other = quick_place.write("other.yaml", THE_OTHER.replace("AMOUNT", "300000"))
    waiting = quick_place.start("apply", plan, "--sandbox", "--yes")
    # Three times: for the plan, for the preflight, and the wait itself.
    quick_place.wait_for(
        lambda log: sum(r.operation == "mirror.position.list" for r in log) >= 4,
    )
    quick_place.run("run", other, "--sandbox", "--yes").expect(0)

    first = waiting.end().expect(1)

    assert "rejected" in first.out
    assert [order.amount for order in quick_place.orders()] == [300000]
    sent = quick_place.writes()
    quick_place.run("apply", plan, "--sandbox", "--yes").expect(1)
    assert quick_place.writes() == sent


def test_apply_that_sent_nothing_uses_up_nothing(quick_place: Workplace) -> None:
    """It ends 4; once the world is as the plan hopes, the same plan runs."""
    plan = planned(quick_place, replaced(WAITS_FOR_THE_OTHER, "TIMEOUT", "100ms"))
    quick_place.run("apply", plan, "--sandbox", "--yes").expect(4)
    assert quick_place.writes() == ()
    other = quick_place.write("other.yaml", THE_OTHER.replace("AMOUNT", "1"))
    quick_place.run("run", other, "--sandbox", "--yes").expect(0)

    quick_place.run("apply", plan, "--sandbox", "--yes").expect(0)

    assert [order.amount for order in quick_place.orders()] == [1, 900000]


def test_apply_that_is_no_longer_covered_sends_nothing(quick_place: Workplace) -> None:
    plan = planned(quick_place, replaced(WAITS_FOR_THE_OTHER, "TIMEOUT", "60s"))
    other = quick_place.write("other.yaml", THE_OTHER.replace("AMOUNT", "300000"))
    quick_place.run("run", other, "--sandbox", "--yes").expect(0)
    sent = quick_place.writes()

    refused = quick_place.run("apply", plan, "--sandbox", "--yes").expect(7)

    assert "apply takes 900000 USDT" in refused.err
    assert quick_place.writes() == sent
