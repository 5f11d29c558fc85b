"""Dry runs of withdrawals with hand-made answers of the custodian."""

from collections.abc import Mapping, Sequence

from runner.actions.effects import draft_effect
from runner.catalogue.load import load_api
from runner.controls.destination import DestinationEntry
from runner.controls.directory import Directory, WalletEntry
from runner.core.money import money_from_text
from runner.core.values import Value
from runner.engine.run import Walk
from runner.plan.dryrun import DryRun, DryRunner, Identity
from tests.engine.engine_fakes import START, FakeClock, FakeReads, playbook_of

API = load_api()
DIRECTORY = Directory(
    entity="acme",
    coins={"USDT": 6, "BTC": 8, "ETH": 18},
    networks=frozenset({"ETH", "BSC"}),
    wallets={
        "main": WalletEntry(name="main", id="1", type="qualified"),
        "pool": WalletEntry(name="pool", id="2", type="prime"),
    },
    destinations={
        "cold": DestinationEntry(name="cold", address="0xab", networks=("ETH",)),
        "far": DestinationEntry(name="far", address="0xab", networks=("BSC",)),
        "inside": DestinationEntry(name="inside", wallet_id="3"),
    },
)
PAY = """
  - id: pay
    effect: withdrawal.create
    with: {from: main, to: cold, amount: 5 USDT, network: ETH}
"""


async def dry_run(steps: str, reads: FakeReads) -> DryRun:
    """Make a dry run of some steps."""
    runner = DryRunner(
        reads=reads,
        draft=lambda manifest, arguments: draft_effect(
            manifest, arguments, directory=DIRECTORY, api=API
        ),
        clock=FakeClock(),
        random=lambda: 0.0,
        places=lambda coin: DIRECTORY.coins[coin],
    )
    walk = Walk(playbook=playbook_of(steps), inputs={}, now=START)
    identity = Identity(host="h", entity="acme", playbook="t", occurrence="x")
    return await runner.run(walk, identity, emit=lambda _: None)


def limits(coin: str, on: str, **changes: object) -> Mapping[str, Value]:
    """Return one row of ``coins``; amounts are given as texts."""
    row: dict[str, Value] = {
        "coin": coin,
        "network": on,
        "deposits": True,
        "withdrawals": True,
        "places": 6,
        "min": money_from_text(f"1 {coin}"),
    }
    for name, value in changes.items():
        is_money = name in {"min", "max"}
        assert isinstance(value, str | bool | int)
        row[name] = money_from_text(str(value)) if is_money else value
    return row


def sending(
    fee: str = "1.5 USDT", rows: Sequence[Mapping[str, Value]] = ()
) -> dict[str, list[Value | Exception]]:
    """Return what the reads of a withdrawal's fee and limits show."""
    amount, coin = fee.split()
    money = money_from_text(f"{amount.lstrip('-')} {coin}")
    if amount.startswith("-"):
        money = type(money)(-money.amount, coin)
    listed = tuple(rows) or (limits("USDT", "ETH"),)
    return {"withdrawal.fee": [{"fee": money}], "coins": [{"rows": listed, "complete": True}]}


def assets_of(*rows: str) -> Value:
    """Return what ``wallet.assets`` shows, from texts like ``5 USDT ETH``."""
    shown: list[Value] = []
    by_coin: dict[str, Value] = {}
    for text in rows:
        amount, coin, network = text.split()
        money = money_from_text(f"{amount} {coin}")
        by_coin[coin] = money
        shown.append(
            {
                "coin": coin,
                "network": network,
                "amount": money,
                "available": money,
                "with_mirror": money,
            }
        )
    return {"rows": tuple(shown), "by_coin": by_coin, "complete": True}
