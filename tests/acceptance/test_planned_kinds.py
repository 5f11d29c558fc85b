"""Plans of the effects that are about wallets and destinations, made by the real command.

The plan reads what the custodian serves; sending is tested where the sandbox serves the writes.
"""

import json

from tests.acceptance.controls import served, write_controls
from tests.acceptance.workplace import Workplace, world_text

PAYOUT = """\
apiVersion: runner/v1
kind: Playbook
name: payout
summary: Send an amount to a reviewed destination.

inputs:
  to:
    type: destination
    required: true
  amount:
    type: money
    required: true

once: ${{ inputs.to }}

may:
  withdrawal.create: {count: 1, total: 1000 USDT}

steps:
  - id: pay
    name: Send it
    effect: withdrawal.create
    with:
      from: acme/custody-01
      to: ${{ inputs.to }}
      amount: ${{ inputs.amount }}
      network: ETH
"""
WALLET = """\
apiVersion: runner/v1
kind: Playbook
name: make-a-wallet
may:
  wallet.create: {count: 1}
steps:
  - id: create
    effect: wallet.create
    with:
      name: %s
      type: prime
"""


def test_withdrawal_is_planned_with_its_whole_destination(place: Workplace) -> None:
    place.make_sandbox(world_text())
    place.write("payout.yaml", PAYOUT)
    with served(place) as url:
        aimed = ("--controls", write_controls(place, url), "--profile", "main")
        given = ("--input", "to=acme/cold-01", "--input", "amount=50 USDT")
        shown = place.run("plan", "payout.yaml", *given, *aimed, "-o", "plan.json").expect(0)
        refused = place.run(
            "plan", "payout.yaml", "--input", "to=acme/cold", "--input", "amount=50 USDT", *aimed
        ).expect(3)

    for line in (
        "withdrawal.create (withdrawal)",
        "50 USDT on ETH",
        "custody:acme/custody-01:ETH",
        "external:acme/cold-01",
        "acme/cold-01, address 0x52908400098527886E0F7030069857D2E4169EE7",
        "82486739",
        "3.5 USDT on top, an estimate by withdrawal.fee",
        "wallet:acme/custody-01:USDT",
        "Plan: 1 effect, 50 USDT withdrawn, 3.5 USDT in fees.",
    ):
        assert line in " ".join(shown.out.split()), line
    assert 'did you mean "acme/cold-01"?' in refused.err
    plan = json.loads((place.folder / "plan.json").read_text("utf-8"))["plan"]
    (effect,) = plan["effects"]
    assert json.loads(effect["body"]) == {
        "amount": "50",
        "coinSymbol": "USDT",
        "memo": "82486739",
        "network": "ETH",
        "requestId": effect["request_id"],
        "walletId": "374671162262925312",
        "withdrawalAddress": "0x52908400098527886E0F7030069857D2E4169EE7",
    }
    assert plan["names"]["destination acme/cold-01"]["memo"] == "82486739"
    assert [r.operation for r in place.requests() if r.signed] == [
        "coin.qualified.list",
        "withdrawal.fee",
        "wallet.asset.list",
    ]


OLD_ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"
NEW_ADDRESS = "0x8617E340B3D01FA5F11F306F4090FD50E238070D"


def test_plan_is_refused_once_the_destination_has_changed(place: Workplace) -> None:
    place.make_sandbox(world_text())
    place.write("payout.yaml", PAYOUT)
    with served(place) as url:
        controls = write_controls(place, url)
        aimed = ("--controls", controls, "--profile", "main")
        given = ("--input", "to=acme/cold-01", "--input", "amount=50 USDT")
        place.run("plan", "payout.yaml", *given, *aimed, "-o", "plan.json").expect(0)
        directory = controls / "directory.yaml"
        before = directory.read_text("utf-8")
        directory.write_text(before.replace("label: Cold vault", "label: Vault"), "utf-8")
        relabelled = place.run("apply", "plan.json", "--yes", *aimed).expect(7)
        directory.write_text(before.replace(OLD_ADDRESS, NEW_ADDRESS), "utf-8")
        readdressed = place.run("apply", "plan.json", "--yes", *aimed).expect(7)

    assert "destination acme/cold-01: the directory entry was" in relabelled.err
    assert NEW_ADDRESS in readdressed.err
    assert [r.operation for r in place.requests() if r.operation == "withdrawal.create"] == []


def test_wallet_is_planned_by_its_name_alone(place: Workplace) -> None:
    place.write("wallet.yaml", WALLET % "desk 7")

    shown = place.run("plan", "wallet.yaml", "--sandbox").expect(0)

    text = " ".join(shown.out.split())
    assert "wallet.create (wallet)" in text
    assert "name:acme:desk 7" in text
    assert "Plan: 1 effect, 1 wallet.create." in text
    assert "Projected balances" not in text
    assert "Totals" not in text


def test_name_that_is_taken_is_refused_at_its_step(place: Workplace) -> None:
    place.write("wallet.yaml", WALLET % "acme/prime-01")

    shown = place.run("plan", "wallet.yaml", "--sandbox").expect(3)

    assert 'wallet 306718327844294657 has the name "acme/prime-01" already' in shown.err
    assert "wallet.yaml:7" in shown.err


def test_called_write_becomes_a_plan_through_its_action(place: Workplace) -> None:
    shown = place.run(
        "call", "wallet.create", "walletName=desk 7", "walletType=20", "--sandbox", "--dry-run"
    ).expect(0)
    update = place.run(
        *("call", "wallet.update", "walletId=374671162262925312", "walletName=vault"),
        *("--sandbox", "--dry-run"),
    ).expect(0)
    resend = place.run(
        *("call", "webhook.resend", "webhookId=17", "eventType=1"),
        *("resendFromDateTime=2026-11-22T10:00:00Z", "--sandbox", "--dry-run"),
    ).expect(0)
    refused = place.run(
        *("call", "withdrawal.create", "walletId=374671162262925312", "coinSymbol=USDT"),
        *("network=ETH", "amount=5", "withdrawalAddress=0x1", "--sandbox"),
    ).expect(3)

    assert '{"requestId":' in shown.out
    assert '"walletName":"desk 7","walletType":20}' in shown.out
    assert '"walletId":"374671162262925312","walletName":"vault"}' in update.out
    assert '"resendFromDateTime":1795341600000' in resend.out
    assert "the directory has no destination for 0x1 on ETH" in refused.err
