"""Withdrawals and new wallets by the real command: what plans show, what the books say after."""

import json

from tests.acceptance.kinds import (
    BROKER,
    COLD,
    COSIGN,
    CUSTODY,
    HEAD,
    assert_once,
    kinds_world,
    legs,
    playbook,
)
from tests.acceptance.workplace import Workplace

ADD_AND_PAY = (
    HEAD
    + """\
  - id: list_it
    effect: whitelist.upsert
    every: 50ms..100ms
    with:
      destination: acme/cold-01
      coin: USDT
      network: ETH
      confirmation: confirmed
  - id: approved
    wait:
      uses: whitelist.entry
      with:
        destination: acme/cold-01
        coin: USDT
        network: ETH
      until: result.status == "success"
      every: 50ms..100ms
      timeout: 20s
  - id: pay
    effect: withdrawal.create
    every: 50ms..100ms
    with:
      from: acme/prime-01
      to: acme/cold-01
      amount: 250 USDT
      network: ETH
"""
)


def test_withdrawals_show_where_they_go_and_take_their_fee_on_top(place: Workplace) -> None:
    place.make_sandbox(kinds_world())
    job = place.write("job.yaml", playbook("withdraw", "inside"))

    shown = place.run("plan", job, "--sandbox", "-o", "plan.json").expect(0)
    place.run("apply", "plan.json", "--sandbox", "--yes").expect(0)

    text = " ".join(shown.out.split())
    assert f"acme/broker-usdt, address {BROKER}" in text
    assert f"acme/cosign-01, the custodian's wallet {COSIGN} acme/cosign-01" in text
    assert "3.5 USDT on top, an estimate by withdrawal.fee" in text
    assert "none, by withdrawal.fee" in text
    out, inside = place.orders()
    assert (out.status, out.details["to_address"]) == (40, BROKER)
    assert [leg[1:] for leg in legs(out)] == [
        ("outside/world/USDT/ETH", 1000),
        ("fees/world/USDT", out.amount - 1000),
    ]
    assert inside.status == 30
    names = json.loads((place.folder / "plan.json").read_bytes())["plan"]["names"]
    assert names["destination acme/broker-usdt"]["address"] == BROKER
    assert names["destination acme/cosign-01"]["wallet_id"] == COSIGN
    assert_once(place, "withdraw", "inside")
    assert place.balances()[f"custody/{CUSTODY}/USDT/ETH"] == 1_000_000 - out.amount


def test_address_is_added_then_approved_then_paid_to(place: Workplace) -> None:
    place.make_sandbox(kinds_world())
    job = place.write("job.yaml", ADD_AND_PAY)

    place.run("run", job, "--sandbox", "--yes").expect(0)

    (paid,) = place.orders()
    assert (paid.details["to_address"], paid.status) == (COLD, 40)
    assert [w.operation for w in place.writes()] == ["whitelist.upsert", "withdrawal.create"]


def test_withdrawal_to_an_address_that_is_not_approved_is_rejected(place: Workplace) -> None:
    place.make_sandbox(kinds_world())
    head, _, steps = ADD_AND_PAY.partition("  - id: list_it")
    job = place.write("job.yaml", head + "  - id: pay" + steps.partition("  - id: pay")[2])

    ended = place.run("run", job, "--sandbox", "--yes").expect(1)

    assert "G20005" in ended.text
    assert place.orders() == ()


def test_wallet_of_a_name_that_exists_now_is_not_planned_again(place: Workplace) -> None:
    place.make_sandbox(kinds_world())
    job = place.write("job.yaml", playbook("create", "create_sub"))
    place.run("run", job, "--sandbox", "--yes").expect(0)
    for step in ("create", "create_sub"):
        text = playbook(step).replace("once: today", "once: tomorrow")
        again = place.write(f"{step}.yaml", text)

        refused = place.run("plan", again, "--sandbox").expect(3)

        assert "error[name-taken]" in refused.err
    assert_once(place, "create", "create_sub")
