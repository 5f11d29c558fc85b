from dataclasses import replace

from runner.sandbox.world import World
from tests.sandbox.conftest import CallerOf, MakeSandbox
from tests.sandbox.replies import ask
from tests.sandbox.signed_caller import Caller, SteppedClock
from tests.sandbox.worlds import CUSTODY, DESK_01, DESK_02, PRIME, tied


async def test_worth_of_a_wallet_counts_what_is_mirrored_as_locked(operator: Caller) -> None:
    summary = await ask(operator, "wallet.asset.summary", walletIdStr=CUSTODY)

    # 1,470,000 USDT, 26.75 BTC and 800.125 ETH, of which 70,000 USDT and 1.25 BTC are mirrored.
    assert summary == {
        "walletIdStr": CUSTODY,
        "totalAmountInBTC": "77.13",
        "totalAmountInUSD": "6170400",
        "lockedAmountInBTC": "2.125",
    }


async def test_worth_stays_and_more_is_locked_while_an_order_is_under_way(
    operator: Caller, clock: SteppedClock
) -> None:
    before = await ask(operator, "wallet.asset.summary", walletIdStr=PRIME)
    order = {"mirrorXLinkId": 7127, "orderType": 10, "coinSymbol": "BTC", "amount": "1"}
    await ask(operator, "mirrorx.order.create", requestId=1, **order)
    during = await ask(operator, "wallet.asset.summary", walletIdStr=PRIME)
    clock.step(2)
    after = await ask(operator, "wallet.asset.summary", walletIdStr=PRIME)

    assert during["totalAmountInBTC"] == before["totalAmountInBTC"]
    assert before["lockedAmountInBTC"] == "7.575"
    assert during["lockedAmountInBTC"] == "8.575"
    assert after == during


async def test_assets_of_a_sub_wallet_have_no_network(reader: Caller) -> None:
    page = await ask(reader, "subwallet.asset.list", walletId=DESK_02)
    btc = await ask(reader, "subwallet.asset.list", walletId=DESK_02, coinSymbol="BTC")

    assert [tuple(row.values()) for row in page["data"]] == [
        ("USDT", None, "12500.5", "12500.5", "12500.5"),
        ("BTC", None, "0.75", "0.75", "0.75"),
        ("ETH", None, "0", "0", "0"),
        ("XRP", None, "0", "0", "0"),
    ]
    assert btc["data"] == page["data"][1:2]


async def test_worth_of_a_sub_wallet_is_its_own(reader: Caller) -> None:
    summary = await ask(reader, "subwallet.asset.summary", walletIdStr=DESK_02)

    assert summary == {
        "walletIdStr": DESK_02,
        "totalAmountInBTC": "0.90625625",
        "totalAmountInUSD": "72500.5",
        "lockedAmountInBTC": "0",
        "data": [
            {
                "walletIdStr": DESK_02,
                "subTotalAmountInBTC": "0.90625625",
                "subTotalAmountInUSD": "72500.5",
            }
        ],
    }


async def test_worth_of_sub_wallets_leaves_the_prime_wallet_out(reader: Caller) -> None:
    summary = await ask(reader, "subwallet.asset.summary", walletIdStr=PRIME)

    assert summary["totalAmountInUSD"] == "147500.5"
    assert [(r["walletIdStr"], r["subTotalAmountInUSD"]) for r in summary["data"]] == [
        (DESK_01, "75000"),
        (DESK_02, "72500.5"),
    ]


async def test_prime_wallet_without_sub_wallets_sums_to_nothing(operator: Caller) -> None:
    made = await ask(operator, "wallet.create", requestId=1, walletName="new", walletType=20)

    summary = await ask(operator, "subwallet.asset.summary", walletIdStr=made["walletIdStr"])

    assert (summary["totalAmountInBTC"], summary["data"]) == ("0", [])


async def test_key_that_is_tied_reads_its_sub_wallet(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    sandbox = make_sandbox(replace(tied(world, "acme/desk-02"), name="tied"))
    operator = caller_of(sandbox, "operator")

    page = await ask(operator, "subwallet.asset.list", walletId=DESK_02)

    assert page["data"][0]["amount"] == "12500.5"
