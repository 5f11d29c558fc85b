"""What the system and people do beside every API key."""

from decimal import Decimal

import pytest

from runner.sandbox.directory import Sandbox
from runner.sandbox.orders import Order
from runner.sandbox.portal import portal_order
from runner.sandbox.refusal import Refused
from runner.sandbox.settlement import settle_link
from tests.sandbox.asking import held, moved, rows
from tests.sandbox.replies import ask
from tests.sandbox.signed_caller import Caller, SteppedClock
from tests.sandbox.wide_world import BROKER, CUSTODY, DESK_2, FOREIGN_PRIME, PRIME

UID = "854038747"
ORDER: dict[str, str] = {
    "mirrorXLinkId": "acme/arb-01",
    "orderType": "10",
    "coinSymbol": "USDT",
    "amount": "7",
}


def settle(sandbox: Sandbox, result: str, link: str = "acme/arb-01", coin: str = "USDT") -> Order:
    with sandbox.ledger.transaction() as books:
        return settle_link(sandbox.world, books, link=link, coin=coin, result=Decimal(result))


def place(sandbox: Sandbox, operation: str, entity: str = "", **given: str) -> Order:
    with sandbox.ledger.transaction() as books:
        return portal_order(sandbox.world, books, operation, given, entity=entity)


@pytest.mark.parametrize(("result", "link"), [("100.5", "acme/arb-01"), ("-40", "7127")])
async def test_settlement_moves_what_trading_gained_or_lost(
    result: str, link: str, acme: Caller, wide: Sandbox, clock: SteppedClock
) -> None:
    before = held(wide)

    order = settle(wide, result, link)
    assert moved(wide, before) == {}
    clock.step(2)

    assert moved(wide, before) == {
        f"custody/{PRIME}/USDT": Decimal(result),
        f"exchange/{UID}/USDT": -Decimal(result),
    }
    (row,) = await rows(acme, "mirrorx.order.list", mirrorXLinkId="7127", orderType=30)
    assert row["orderViewId"] == order.id
    assert (row["orderType"], row["amount"], row["status"]) == (30, result.lstrip("-"), 30)
    assert (order.key_name, order.request_id) == ("", "")


@pytest.mark.parametrize(
    ("result", "link", "coin", "code"),
    [
        ("1500.26", "7127", "USDT", "G20022"),
        ("-2000000.1", "7127", "USDT", "G20022"),
        ("0", "7127", "USDT", "G20022"),
        ("1.1234567", "7127", "USDT", "G20022"),
        ("1", "7127", "DOGE", "G20005"),
        ("1", "acme/mirror-01", "USDT", "G20029"),
    ],
)
async def test_settlement_that_cannot_be_is_refused(
    result: str, link: str, coin: str, code: str, wide: Sandbox
) -> None:
    with pytest.raises(Refused) as caught:
        settle(wide, result, link, coin)

    assert caught.value.code == code
    assert wide.ledger.orders() == ()


@pytest.mark.parametrize(
    ("operation", "given", "changes"),
    [
        (
            "mirror.asset.apply",
            {"mirrorLinkId": "acme/mirror-01", "coinSymbol": "USDT", "network": "ETH"},
            {f"custody/{CUSTODY}/USDT/ETH": -7, "mirrored/1450411129215791001/USDT/ETH": 7},
        ),
        (
            "mirror.asset.settle",
            {
                "mirrorLinkId": "acme/mirror-01",
                "coinSymbol": "USDT",
                "network": "ETH",
                "operationType": "3",
            },
            {f"custody/{CUSTODY}/USDT/ETH": 7, "mirrored/1450411129215791001/USDT/ETH": -7},
        ),
        (
            "mirrorx.order.create",
            {"mirrorXLinkId": "7127", "coinSymbol": "USDT", "orderType": "20"},
            {f"custody/{PRIME}/USDT": 7, "delegated/7127/USDT": -7},
        ),
        (
            "withdrawal.create",
            {
                "walletId": "acme/custody-01",
                "coinSymbol": "USDT",
                "network": "FREE",
                "withdrawalAddress": BROKER,
            },
            {f"custody/{CUSTODY}/USDT/FREE": -7, "outside/world/USDT/FREE": 7},
        ),
        (
            "withdrawal.create",
            {
                "walletId": "acme/prime-01",
                "coinSymbol": "USDT",
                "network": "ETH",
                "toWalletIdStr": "beta/prime-01",
            },
            {f"custody/{PRIME}/USDT": -7, f"custody/{FOREIGN_PRIME}/USDT": 7},
        ),
        (
            "subwallet.transfer.create",
            {"fromWalletId": "acme/prime-01", "toWalletId": DESK_2, "coinSymbol": "USDT"},
            {f"custody/{PRIME}/USDT": -7, f"custody/{DESK_2}/USDT": 7},
        ),
    ],
)
async def test_person_moves_money_without_key_or_request_id(
    operation: str,
    given: dict[str, str],
    changes: dict[str, int],
    wide: Sandbox,
    clock: SteppedClock,
) -> None:
    before = held(wide)

    order = place(wide, operation, **given, amount="7")
    clock.step(5)

    assert (order.key_name, order.request_id) == ("", "")
    assert moved(wide, before) == changes


async def test_persons_order_stands_in_the_lists_beside_ours(acme: Caller, wide: Sandbox) -> None:
    """The two cannot be told apart by their fields, which is what a client must be safe against."""
    ours = ORDER | {"mirrorXLinkId": "7127", "requestId": "1"}
    await ask(acme, "mirrorx.order.create", **ours)
    place(wide, "mirrorx.order.create", **ORDER)
    move = {"fromWalletId": PRIME, "toWalletId": DESK_2, "coinSymbol": "USDT", "amount": "1"}
    place(wide, "subwallet.transfer.create", **move)

    listed = await rows(acme, "mirrorx.order.list", mirrorXLinkId="7127")
    assert [row["amount"] for row in listed] == ["7", "7"]
    (transfer,) = await rows(acme, "subwallet.transfer.history", walletId=PRIME)
    assert transfer["requestId"] is None


@pytest.mark.parametrize(
    ("operation", "change", "code"),
    [
        ("wallet.create", {}, "G20002"),
        ("mirrorx.order.create", {"requestId": "1"}, "G20002"),
        ("mirrorx.order.create", {"timestamp": "1"}, "G20002"),
        ("mirrorx.order.create", {"amount": "3000000"}, "G20022"),
        ("mirrorx.order.create", {"orderType": "30"}, "G20005"),
        ("mirrorx.order.create", {"mirrorXLinkId": "9001"}, "G20029"),
        ("withdrawal.create", {}, "G20005"),
    ],
)
async def test_person_is_held_to_the_rules(
    operation: str, change: dict[str, str], code: str, wide: Sandbox
) -> None:
    with pytest.raises(Refused) as caught:
        place(wide, operation, **ORDER | change)

    assert caught.value.code == code
    assert wide.ledger.orders() == ()


async def test_person_belongs_to_one_entity(beta: Caller, wide: Sandbox) -> None:
    place(
        wide,
        "withdrawal.create",
        entity="beta",
        walletId="beta/prime-01",
        coinSymbol="USDT",
        network="ETH",
        amount="1",
        toWalletIdStr=PRIME,
    )

    (row,) = await rows(beta, "withdrawal.history", walletId=FOREIGN_PRIME)
    assert row["requestId"] is None
    with pytest.raises(Refused, match="no such entity"):
        place(wide, "mirrorx.order.create", entity="gamma", **ORDER)
