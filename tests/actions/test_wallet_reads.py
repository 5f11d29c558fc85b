"""Reads of wallets, deposits, withdrawals and transfers, answered over real HTTP."""

from decimal import Decimal
from typing import Any

import pytest

from runner.actions.reads import Reads
from runner.actions.wallet_reads import WALLET_READS
from runner.catalogue.load import load_api
from runner.catalogue.manifests import MANIFESTS
from runner.core.errors import ExpressionFailed
from runner.core.money import Money
from runner.core.types import Scalar
from runner.core.values import Value, value_from_json, value_from_text, value_to_json
from tests.actions.stub import Stub, answering, page, single
from tests.client.samples import parameters_of, reply_of

WALLET = "acme/custody-01"
WALLET_ID = "374671162262925312"
PRIME_ID = "306718327844294657"
ARGUMENTS: dict[str, dict[str, Value]] = {
    "wallet.summary": {"wallet": WALLET},
    "subwallet.list": {"wallet": "acme/prime-01"},
    "deposit.address": {"wallet": WALLET, "network": "ETH"},
    "deposits": {"wallet": WALLET},
    "withdrawal": {"order": "22193643464446333255520001"},
    "transfer": {"wallet": WALLET, "order": "22193643464446333255520001"},
    "exchange.order": {"wallet": WALLET, "order": "23886401831948479677280001"},
    "transactions": {"wallet": WALLET},
}
NOTHING = {"data": None, "code": "000000", "message": "Success"}
ADDRESSES = {"fromAddress": "0x1", "toAddress": "0x2"}
WITHDRAWAL = {
    "orderViewId": "22193643464446333255520001",
    "transferType": 10,
    "direction": 20,
    "network": "ETH",
    "coinSymbol": "USDT",
    "amount": "101.5",
    "feeSymbol": "USDT",
    "feeAmount": "1.5",
    "status": 30,
    "walletStr": WALLET_ID,
}
TRANSFER = {
    "orderViewId": "22193643464446333255520001",
    "direction": 40,
    "fromWalletId": WALLET_ID,
    "toWalletIdStr": PRIME_ID,
    "createTime": 1664446435000,
    "coinSymbol": "USDC",
    "amount": "10.71000000",
    "status": 30,
    "requestId": None,
}


async def read(
    action: str, reply: dict[str, Any], **arguments: Value
) -> tuple[dict[str, Value], Stub]:
    manifest = MANIFESTS[action]
    given = {**ARGUMENTS[action], **arguments}
    for argument in manifest.arguments:
        if argument.default is not None and argument.name not in given:
            assert isinstance(argument.type, Scalar)
            given[argument.name] = value_from_text(argument.default, argument.type)
    async with answering(reply) as (custodian, stub):
        value = await Reads(custodian).read(manifest, given)
    assert isinstance(value, dict)
    assert value_from_json(value_to_json(value), manifest.result) == value
    return value, stub


@pytest.mark.parametrize("action", sorted(WALLET_READS))
async def test_documented_reply_is_read(action: str) -> None:
    operation = load_api().operations[MANIFESTS[action].operation]
    reply = reply_of(operation, parameters_of(operation))
    if "totalPage" in reply["data"]:
        reply["data"] |= {"totalPage": 1, "pageNo": 1, "pageLimit": 100}

    _, stub = await read(action, reply)

    assert set(stub.paths) == {operation.path}


async def test_summary_values_a_wallet_exactly() -> None:
    value, stub = await read(
        "wallet.summary",
        single(
            walletIdStr=WALLET_ID,
            totalAmountInBTC="0.000005978220849196",
            totalAmountInUSD="0.3898858805969329844000000000000000000000000",
            lockedAmountInBTC=None,
        ),
    )

    assert stub.asked == [{"walletIdStr": WALLET_ID}]
    assert value == {
        "total_btc": Decimal("0.000005978220849196"),
        "total_usd": Decimal("0.3898858805969329844"),
    }


async def test_subwallets_are_named_by_the_directory() -> None:
    row = {
        "walletId": 370388040948248600,
        "walletIdStr": "370388040948248576",
        "walletName": "desk 7",
        "walletType": 21,
        "autoCollection": 1,
    }

    value, stub = await read(
        "subwallet.list", page(row, {**row, "walletIdStr": WALLET_ID, "autoCollection": 0})
    )

    assert stub.asked == [{"parentWalletId": PRIME_ID}]
    assert value == {
        "rows": (
            {"id": "370388040948248576", "name": "desk 7", "auto_collection": True},
            {"id": WALLET_ID, "name": "desk 7", "auto_collection": False, "wallet": WALLET},
        ),
        "complete": True,
    }


@pytest.mark.parametrize(("memo", "expected"), [("", {}), ("77", {"memo": "77"})])
async def test_deposit_address_has_a_memo_where_there_is_one(
    memo: str, expected: dict[str, str]
) -> None:
    value, stub = await read(
        "deposit.address", single(walletAddress="0xabc", memo=memo), coin="USDT"
    )

    assert stub.asked == [{"walletId": WALLET_ID, "network": "ETH", "coinSymbol": "USDT"}]
    assert value == {"address": "0xabc", **expected}


async def test_deposits_are_listed_with_one_status() -> None:
    row = {
        "orderViewId": "1",
        "transferType": 10,
        "direction": 10,
        **ADDRESSES,
        "coinSymbol": "USDT",
        "network": "ETH",
        "amount": "5.50",
        "status": 40,
        "txId": "0xfeed",
        "memo": "",
        "walletId": 374671162262925300,
    }

    value, stub = await read("deposits", page(row), coin="USDT", network="ETH")

    assert stub.asked[0]["coinSymbol"] == "USDT"
    assert int(stub.asked[0]["endTime"]) - int(stub.asked[0]["startTime"]) > 7 * 86_400_000
    assert value == {
        "rows": (
            {
                "order": "1",
                "status": "success",
                "status_code": "40",
                "kind": "on_chain",
                "amount": Money(Decimal("5.50"), "USDT"),
                "network": "ETH",
                "from_address": "0x1",
                "to_address": "0x2",
                "transaction": "0xfeed",
            },
        ),
        "complete": True,
    }


async def test_deposits_are_searched_at_most_29_days() -> None:
    with pytest.raises(ExpressionFailed, match="at most 29d"):
        await read("deposits", page(), since=value_from_text("30d", Scalar("duration")))


async def test_withdrawal_shows_amount_fee_and_wallet() -> None:
    value, stub = await read("withdrawal", single(**WITHDRAWAL))

    assert stub.asked == [{"orderViewId": "22193643464446333255520001"}]
    assert value == {
        "found": True,
        "order": "22193643464446333255520001",
        "status": "in_progress",
        "status_code": "30",
        "kind": "on_chain",
        "amount": Money(Decimal("101.5"), "USDT"),
        "fee": Money(Decimal("1.5"), "USDT"),
        "network": "ETH",
        "wallet_id": WALLET_ID,
        "wallet": WALLET,
    }


@pytest.mark.parametrize(
    ("kind", "code", "word"),
    [
        (10, 10, "accepted"),
        (10, 20, "in_progress"),
        (10, 30, "in_progress"),
        (20, 30, "success"),
        (10, 40, "success"),
        (20, 40, "success"),
        (10, 99, "failed"),
        (10, 55, "unknown"),
        (30, 30, "in_progress"),
    ],
)
async def test_sent_is_success_only_inside_the_custodian(kind: int, code: int, word: str) -> None:
    value, _ = await read(
        "withdrawal", single(**{**WITHDRAWAL, "transferType": kind, "status": code})
    )

    assert value["status"] == word


async def test_transfer_shows_both_wallets_under_either_spelling() -> None:
    value, stub = await read("transfer", single(**TRANSFER))

    assert stub.asked == [{"walletIdStr": WALLET_ID, "orderViewId": "22193643464446333255520001"}]
    assert value == {
        "found": True,
        "order": "22193643464446333255520001",
        "status": "success",
        "status_code": "30",
        "amount": Money(Decimal("10.71000000"), "USDC"),
        "from_id": WALLET_ID,
        "to_id": PRIME_ID,
        "from_wallet": WALLET,
        "to_wallet": "acme/prime-01",
    }


@pytest.mark.parametrize("action", ["withdrawal", "transfer"])
async def test_order_that_is_not_shown_is_unknown_and_not_failed(action: str) -> None:
    value, _ = await read(action, NOTHING)

    assert value == {
        "found": False,
        "order": "22193643464446333255520001",
        "status": "unknown",
    }


async def test_wallet_that_is_not_listed_is_refused() -> None:
    with pytest.raises(ExpressionFailed, match='no wallet "nobody"'):
        await read("wallet.summary", NOTHING, wallet="nobody")
