from decimal import Decimal
from typing import Any

import pytest

from runner.sandbox.directory import Sandbox
from runner.sandbox.incoming import IncomingDeposit, receive_deposit
from runner.sandbox.settlement import settle_link
from tests.sandbox.asking import refusal
from tests.sandbox.conftest import CallerOf, MakeWide
from tests.sandbox.replies import ask
from tests.sandbox.signed_caller import Caller, SteppedClock
from tests.sandbox.wide_world import (
    BROKER,
    CUSTODY,
    DESK_2,
    FOREIGN_CUSTODY,
    FOREIGN_PRIME,
    PRIME,
    PRIME_2,
    UID,
)

HISTORY = "transaction.history"
DAYS: dict[str, Any] = {"startDate": "20261122", "endDate": 20261122}
PAY: dict[str, Any] = {
    "walletId": PRIME,
    "coinSymbol": "USDT",
    "network": "BASE",
    "amount": "100",
    "withdrawalAddress": BROKER,
    "requestId": "1",
}


async def history(caller: Caller, wallet_type: int = 20, **given: object) -> list[dict[str, Any]]:
    page = await ask(caller, HISTORY, **DAYS | {"walletType": wallet_type} | given)
    found: list[dict[str, Any]] = page["data"]
    return found


def brief(rows: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    return [(row["transactionType"], row["symbol"], row["network"], row["amount"]) for row in rows]


async def move_everything(caller: Caller, sandbox: Sandbox, clock: SteppedClock) -> None:
    """Move the prime wallet in every way there is, one a minute."""
    order = {"mirrorXLinkId": 7127, "coinSymbol": "USDT", "amount": "7", "requestId": "3"}
    transfer = {"coinSymbol": "USDT", "amount": "3", "requestId": "5"}
    exchange = {"coinSymbol": "USDT", "amount": "4", "requestId": 6, "exchangeCode": 10}
    exchange |= {"exchangeUserId": UID, "parentWalletId": int(PRIME)}
    writes: tuple[tuple[str, dict[str, Any]], ...] = (
        ("withdrawal.create", PAY),
        ("mirrorx.order.create", order | {"orderType": 10}),
        ("mirrorx.order.create", order | {"orderType": 20, "requestId": "4"}),
        ("subwallet.transfer.create", transfer | {"fromWalletId": PRIME, "toWalletId": DESK_2}),
        ("exchange.transfer.create", exchange),
    )
    for operation, given in writes:
        await ask(caller, operation, **given)
        clock.step(60)
    with sandbox.ledger.transaction() as books:
        settle_link(sandbox.world, books, link="7127", coin="USDT", result=Decimal("-2.5"))
        deposit = IncomingDeposit(
            coin="XRP", network="XRP", amount=Decimal(9), wallet="acme/prime-01", tx_id="ab12"
        )
        receive_deposit(sandbox.world, books, deposit)
    clock.step(60)


async def test_every_movement_has_a_row_newest_first(
    acme: Caller, wide: Sandbox, clock: SteppedClock
) -> None:
    await move_everything(acme, wide, clock)

    rows = await history(acme)

    assert brief(rows) == [
        ("Receive", "XRP", "XRP", "9"),
        ("MirrorX Settlement", "USDT", "", "2.5"),
        ("Transfer Out", "USDT", "", "4"),
        ("Transfer Out", "USDT", "", "3"),
        ("MirrorX Undelegation", "USDT", "", "7"),
        ("MirrorX Delegation", "USDT", "", "7"),
        ("Send", "USDT", "BASE", "100"),
        ("Send", "ETH", "BASE", "0.0004"),
    ]
    assert {row["walletId"] for row in rows} == {PRIME}
    assert {row["walletName"] for row in rows} == {"acme/prime-01"}
    moments = [row["ts"] for row in rows]
    assert moments == sorted(moments, reverse=True)
    assert rows[0]["txId"] == "ab12"
    assert rows[-1]["txId"] == (await ask(acme, "withdrawal.detail", requestId="1"))["txId"]
    assert brief(await history(acme, 21)) == [("Transfer In", "USDT", "", "3")]
    assert wide.ledger.check() == ()


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"bizTypes": [10]}, ["Send", "Send"]),
        ({"bizTypes": [15]}, ["Receive"]),
        ({"bizTypes": [50]}, ["Transfer Out", "Transfer Out"]),
        ({"bizTypes": [3110, "3130"]}, ["MirrorX Settlement", "MirrorX Delegation"]),
        ({"bizTypes": [3120]}, ["MirrorX Undelegation"]),
        ({"bizTypes": [62]}, []),
        ({"symbols": ["ETH", "XRP"]}, ["Receive", "Send"]),
        ({"networks": ["XRP"]}, ["Receive"]),
        ({"txId": "ab12"}, ["Receive"]),
        ({"txId": "none"}, []),
        ({"walletIds": [PRIME_2]}, []),
        ({"walletIds": [PRIME, PRIME_2], "symbols": ["ETH"]}, ["Send"]),
        ({"walletIds": [DESK_2]}, []),
        ({"walletType": 11}, []),
        ({"startDate": "20261121", "endDate": "20261121"}, []),
        ({"startDate": "20261123", "endDate": "20261123"}, []),
        ({"pageNo": 2, "pageLimit": 6}, ["Send", "Send"]),
        ({"pageNo": 3, "pageLimit": 6}, []),
    ],
)
async def test_history_is_filtered_and_paged(
    filters: dict[str, Any], words: list[str], acme: Caller, wide: Sandbox, clock: SteppedClock
) -> None:
    await move_everything(acme, wide, clock)

    assert [row["transactionType"] for row in await history(acme, **filters)] == words


async def test_fee_of_the_same_coin_is_in_the_row(acme: Caller, clock: SteppedClock) -> None:
    await ask(acme, "withdrawal.create", **PAY | {"network": "ETH", "walletId": CUSTODY})
    assert await history(acme, 10) == []
    clock.step(2)

    assert brief(await history(acme, 10)) == [("Send", "USDT", "ETH", "103.5")]


async def test_what_another_wallet_pays_is_received(
    acme: Caller, beta: Caller, clock: SteppedClock
) -> None:
    off_chain = {"withdrawalAddress": "", "toWalletIdStr": FOREIGN_CUSTODY, "network": "ETH"}
    await ask(acme, "withdrawal.create", **PAY | off_chain)
    clock.step(2)

    assert brief(await history(beta, 10, bizTypes=[15])) == [("Receive", "USDT", "ETH", "100")]
    assert brief(await history(acme, 20, bizTypes=[10])) == [("Send", "USDT", "ETH", "100")]
    assert await history(beta, 20) == []


async def test_mirror_settlements_have_a_business_and_applications_none(
    acme: Caller, clock: SteppedClock
) -> None:
    order = {"mirrorLinkId": "1450411129215791001", "coinSymbol": "USDT", "network": "ETH"}
    await ask(acme, "mirror.asset.apply", **order, amount="5", requestId="1")
    await ask(acme, "mirror.asset.settle", **order, amount="2", requestId="2", operationType=2)
    clock.step(2)

    assert [row["transactionType"] for row in await history(acme, 10)] == [
        "Mirror Settle",
        "Mirror Apply",
    ]
    assert [row["amount"] for row in await history(acme, 10, bizTypes=[30])] == ["2"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"startDate": "20260824"}, "G20026"),
        ({"startDate": "20261123"}, "G20005"),
        ({"startDate": "20260230"}, "G20005"),
        ({"startDate": "2026112"}, "G20005"),
        ({"startDate": "2026-11-22"}, "G20005"),
        ({"walletIds": [FOREIGN_PRIME]}, "G20013"),
        ({"walletIds": PRIME}, "G20005"),
        ({"walletType": 13}, "G20005"),
        ({"pageLimit": 101}, "G20003"),
    ],
)
async def test_question_that_breaks_a_rule_is_refused(
    change: dict[str, Any], code: str, acme: Caller
) -> None:
    assert await refusal(acme, HISTORY, **DAYS | {"walletType": 20} | change) == code


async def test_range_may_be_as_long_as_three_short_months(acme: Caller) -> None:
    assert await history(acme, startDate="20260825") == []


async def test_key_sees_only_the_wallets_it_is_tied_to(
    acme: Caller, desk: Caller, clock: SteppedClock
) -> None:
    await ask(acme, "withdrawal.create", **PAY | {"network": "ETH", "walletId": CUSTODY})
    clock.step(2)

    assert await history(desk, 10) == []
    assert await refusal(desk, HISTORY, **DAYS, walletType=10, walletIds=[CUSTODY]) == "G20013"


async def test_new_movement_shows_after_the_visibility_delay(
    make_wide: MakeWide, caller_of: CallerOf, clock: SteppedClock
) -> None:
    caller = caller_of(make_wide(visibility_delay_ms=5_000), "operator")
    await ask(caller, "withdrawal.create", **PAY)
    clock.step(6)
    assert await history(caller) == []

    clock.step(1)

    assert len(await history(caller)) == 2
