"""Coins, fees, the whitelist, sub-wallets' assets, exchange orders, transactions."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from runner.actions.reads import Reads
from runner.catalogue.manifests import MANIFESTS
from runner.core.errors import ExpressionFailed, ReplyRefused
from runner.core.money import Money
from runner.core.types import Scalar
from runner.core.values import Value, value_from_json, value_from_text, value_to_json
from tests.actions.names import COLD, CUSTODY, DESK, DIRECTORY, PARTNER, PRIME
from tests.actions.stub import Stub, answering, empty, page, single
from tests.actions.test_wallet_effects import ENTRY

FEE = {
    "feeAmount": "1.5",
    "feeSymbol": "USDT",
    "slowFeeAmount": "1",
    "avlFeeAmount": None,
    "fastFeeAmount": "3",
}
FLAT = {
    "coinId": 1,
    "coinSymbol": "USDT",
    "coinFullName": None,
    "network": "ETH",
    "protocol": "ERC20",
    "depositEnable": True,
    "withdrawalEnable": False,
    "withdrawalMin": "10",
    "withdrawalMax": None,
    "precision": 6,
    "addressRegex": None,
}
NETWORK = {
    **{name: FLAT[name] for name in ("coinSymbol", "depositEnable", "withdrawalEnable")},
    "coinFullName": "Tether",
    "network": "ETH",
    "withdrawalMin": "10",
    "withdrawalMax": "1000000",
    "precision": 6,
    "withdrawalFee": "0.5",
    "addressRegex": None,
}
POOLED = {
    "coinId": 1,
    "coinSymbol": "USDT",
    "coinFullName": "Tether",
    "depositEnable": True,
    "withdrawalEnable": True,
    "transferPrecision": 8,
    "networkConfigList": [NETWORK, {**NETWORK, "network": "BSC"}],
}


def listed(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"data": list(rows), "code": "000000", "message": "Success"}


async def read(
    action: str, reply: dict[str, Any], **arguments: str
) -> tuple[dict[str, Value], Stub]:
    manifest = MANIFESTS[action]
    given: dict[str, Value] = {}
    for argument in manifest.arguments:
        text = arguments.get(argument.name, argument.default)
        if text is not None:
            assert isinstance(argument.type, Scalar)
            given[argument.name] = value_from_text(text, argument.type)
    async with answering(reply, directory=DIRECTORY) as (custodian, stub):
        value = await Reads(custodian).read(manifest, given)
    assert isinstance(value, dict)
    assert value_from_json(value_to_json(value), manifest.result) == value
    return value, stub


async def test_fee_is_in_the_coin_it_is_charged_in() -> None:
    value, stub = await read(
        "withdrawal.fee",
        single(**FEE),
        wallet=CUSTODY.name,
        coin="USDT",
        network="ETH",
        amount="10.20",
        to=PARTNER.name,
    )

    assert stub.asked == [
        {
            "walletId": CUSTODY.id,
            "coinSymbol": "USDT",
            "network": "ETH",
            "amount": "10.2",
            "toWalletIdStr": PARTNER.wallet_id,
        }
    ]
    assert value == {
        "fee": Money(Decimal("1.5"), "USDT"),
        "slow": Money(Decimal(1), "USDT"),
        "fast": Money(Decimal(3), "USDT"),
    }


async def test_fee_of_an_address_is_asked_for_without_it() -> None:
    _, stub = await read(
        "withdrawal.fee",
        single(**FEE),
        wallet=CUSTODY.name,
        coin="USDT",
        network="ETH",
        to=COLD.name,
    )

    assert "toWalletIdStr" not in stub.asked[0]


async def test_coins_of_a_prime_wallet_are_listed_network_by_network() -> None:
    value, stub = await read("coins", listed(POOLED), network="BSC")

    assert stub.paths == ["/open-api/v1/wallet/shared/coin"]
    assert value == {
        "rows": (
            {
                "coin": "USDT",
                "network": "BSC",
                "name": "Tether",
                "deposits": True,
                "withdrawals": False,
                "places": 6,
                "min": Money(Decimal(10), "USDT"),
                "max": Money(Decimal(1_000_000), "USDT"),
                "fee": Decimal("0.5"),
                "transfer_places": 8,
            },
        ),
        "complete": True,
    }


@pytest.mark.parametrize(
    ("wallet_type", "path"),
    [
        ("qualified", "/open-api/v1/wallet/qualified/coin"),
        ("cosign", "/open-api/v1/wallet/cosign/coin"),
    ],
)
async def test_coins_of_other_wallets_come_flat(wallet_type: str, path: str) -> None:
    value, stub = await read("coins", listed(FLAT), wallet_type=wallet_type, coin="USDT")

    assert stub.paths == [path]
    assert value["rows"] == (
        {
            "coin": "USDT",
            "network": "ETH",
            "deposits": True,
            "withdrawals": False,
            "places": 6,
            "min": Money(Decimal(10), "USDT"),
        },
    )


async def test_whitelist_names_the_destinations_of_the_directory() -> None:
    rows = (ENTRY, {**ENTRY, "whitelistId": "2", "address": "0x1", "addressStatus": 10})

    value, stub = await read("whitelist", page(*rows), coin="USDT")

    assert stub.asked == [{"symbol": "USDT"}]
    shown = value["rows"]
    assert isinstance(shown, tuple)
    assert shown[0] == {
        "entry": "123456789",
        "address": COLD.address,
        "coin": "USDT",
        "network": "ETH",
        "status": "success",
        "status_code": "30",
        "label": "Cold vault",
        "address_type": "standard",
        "destination": COLD.name,
    }
    assert isinstance(shown[1], dict)
    assert shown[1]["status"] == "in_progress"
    assert "destination" not in shown[1]


async def test_address_that_is_listed_for_another_coin_is_another_destination() -> None:
    row = {**ENTRY, "symbol": "BTC"}

    value, _ = await read("whitelist", page(row))

    shown = value["rows"]
    assert isinstance(shown, tuple)
    assert isinstance(shown[0], dict)
    assert "destination" not in shown[0]


ASKED = {"destination": COLD.name, "coin": "USDT", "network": "ETH"}


async def test_entry_is_found_whatever_the_case_of_its_address() -> None:
    value, stub = await read(
        "whitelist.entry", page({**ENTRY, "address": COLD.address.lower()}), **ASKED
    )

    assert stub.asked == [{"address": COLD.address, "symbol": "USDT", "network": "ETH"}]
    assert value == {
        "found": True,
        "entry": "123456789",
        "status": "success",
        "status_code": "30",
        "label": "Cold vault",
        "address_type": "standard",
    }


@pytest.mark.parametrize(
    "change", [{"memo": "1"}, {"address": "0x1"}, {"symbol": "ETH"}, {"network": "BSC"}]
)
async def test_entry_of_another_place_is_not_it(change: dict[str, str]) -> None:
    value, _ = await read("whitelist.entry", page({**ENTRY, **change}), **ASKED)

    assert value == {"found": False, "status": "unknown"}


async def test_entry_that_holds_wins_over_one_that_failed() -> None:
    failed = {**ENTRY, "whitelistId": "2", "addressStatus": 99}

    both, _ = await read("whitelist.entry", page(ENTRY, failed), **ASKED)
    alone, _ = await read("whitelist.entry", page(failed), **ASKED)

    assert (both["entry"], both["status"]) == ("123456789", "success")
    assert (alone["entry"], alone["status"]) == ("2", "failed")


async def test_wallet_of_the_custodian_has_no_whitelist_entry() -> None:
    with pytest.raises(ExpressionFailed, match="no whitelist is about"):
        await read("whitelist.entry", page(), **{**ASKED, "destination": PARTNER.name})


ASSET = {
    "coinSymbol": "USDT",
    "network": None,
    "amount": "10",
    "availableAmount": "8",
    "totalAmountWithMirror": "10",
}


@pytest.mark.parametrize("action", ["subwallet.assets", "wallet.assets"])
async def test_assets_of_a_subwallet_are_read_where_they_are(action: str) -> None:
    value, stub = await read(action, page(ASSET), wallet=DESK.name)

    assert stub.paths == ["/open-api/v1/subwallet/asset/list"]
    assert stub.asked == [{"walletId": DESK.id}]
    assert value["by_coin"] == {"USDT": Money(Decimal(8), "USDT")}


async def test_parent_has_no_assets_of_a_subwallet() -> None:
    with pytest.raises(ExpressionFailed, match="not a sub-wallet"):
        await read("subwallet.assets", page(ASSET), wallet=PRIME.name)


async def test_assets_of_a_subwallet_have_no_network_to_ask_for() -> None:
    with pytest.raises(ExpressionFailed, match="by network"):
        await read("wallet.assets", page(ASSET), wallet=DESK.name, network="ETH")


async def test_exchange_order_has_one_status() -> None:
    row = {
        "orderViewId": "9",
        "direction": 10,
        "walletId": 1,
        "createTime": 1,
        "exchangeCode": 10,
        "exchangeUserId": "842131231",
        "coinSymbol": "USDT",
        "amount": "5.0",
        "status": 30,
    }

    value, stub = await read("exchange.order", single(**row), wallet=PRIME.name, order="9")
    nothing, _ = await read("exchange.order", empty(), wallet=PRIME.name, order="9")

    assert stub.asked == [{"walletId": PRIME.id, "orderViewId": "9"}]
    assert value == {
        "found": True,
        "order": "9",
        "status": "success",
        "status_code": "30",
        "direction": "to_exchange",
        "amount": Money(Decimal(5), "USDT"),
        "exchange_uid": "842131231",
    }
    assert nothing == {"found": False, "order": "9", "status": "unknown"}


def moved(ts: object) -> dict[str, Any]:
    return {
        "walletId": PRIME.id,
        "walletName": "p",
        "network": "",
        "symbol": "USDT",
        "txId": "",
        "transactionType": "Receive",
        "amount": "1.0",
        "ts": ts,
    }


async def test_transactions_are_those_since_then() -> None:
    inside = datetime(2026, 11, 22, 9, tzinfo=UTC)
    before = datetime(2026, 11, 1, tzinfo=UTC)
    rows = [moved(int(at.timestamp() * 1000)) for at in (inside, before)]

    value, stub = await read("transactions", page(*rows), wallet=PRIME.name, coin="USDT")

    asked: dict[str, Any] = dict(stub.asked[0])
    assert asked.pop("startDate") < asked.pop("endDate")
    assert asked == {"symbols": ["USDT"], "walletIds": [PRIME.id], "walletType": 20}
    assert value == {
        "rows": ({"at": inside, "kind": "Receive", "amount": Money(Decimal(1), "USDT")},),
        "complete": True,
    }


async def test_moment_that_no_calendar_reaches_is_refused() -> None:
    with pytest.raises(ReplyRefused, match="ts is no moment"):
        await read("transactions", page(moved(10**25)), wallet=PRIME.name)
