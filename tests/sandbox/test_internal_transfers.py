from decimal import Decimal
from typing import Any

import pytest

from runner.sandbox.books import stages_text
from runner.sandbox.directory import Sandbox
from runner.sandbox.orders import Family, Leg, NewOrder, stages_of
from runner.sandbox.switches import TransferIds, UnknownId
from runner.sandbox.world import Timing
from tests.sandbox.asking import held, moved, refusal, rows
from tests.sandbox.conftest import CallerOf, MakeWide
from tests.sandbox.replies import ask
from tests.sandbox.signed_caller import Caller, SteppedClock
from tests.sandbox.wide_world import (
    CUSTODY,
    DESK_1,
    DESK_2,
    DESK_3,
    DESK_OF_2,
    FOREIGN_PRIME,
    PRIME,
    PRIME_2,
)

MOVE: dict[str, Any] = {
    "coinSymbol": "USDT",
    "amount": "100.25",
    "fromWalletId": PRIME,
    "toWalletId": DESK_2,
    "requestId": "t-1",
}
CREATE, HISTORY = "subwallet.transfer.create", "subwallet.transfer.history"
DETAIL = "subwallet.transfer.detail"


@pytest.mark.parametrize(
    ("source", "target", "direction"),
    [
        (PRIME, DESK_2, 10),
        (DESK_2, PRIME, 20),
        (DESK_2, DESK_3, 30),
        (PRIME, PRIME_2, 40),
        (PRIME, DESK_1, 10),
    ],
)
async def test_wallets_tell_the_direction(
    source: str,
    target: str,
    direction: int,
    acme: Caller,
    wide: Sandbox,
    clock: SteppedClock,
) -> None:
    before = held(wide)

    accepted = await ask(acme, CREATE, **MOVE | {"fromWalletId": source, "toWalletId": target})
    assert accepted["direction"] == direction
    assert accepted["status"] == 10
    assert moved(wide, before) == {}
    clock.step(1)

    assert moved(wide, before) == {
        f"custody/{source}/USDT": Decimal("-100.25"),
        f"custody/{target}/USDT": Decimal("100.25"),
    }


async def test_transfer_goes_from_pending_to_success_and_shows_on_both_sides(
    acme: Caller, clock: SteppedClock
) -> None:
    created_ms = clock.now_ms
    accepted = await ask(acme, CREATE, **MOVE | {"amount": 100.25, "fromWalletId": int(PRIME)})
    seen = []
    for _ in range(3):
        row = await ask(acme, DETAIL, walletIdStr=PRIME, requestId="t-1")
        seen.append(row["status"])
        clock.step(0.5)

    assert seen == [10, 20, 30]
    assert row == {
        "orderViewId": accepted["orderViewId"],
        "direction": 10,
        "fromWalletId": int(PRIME),
        "toWalletId": int(DESK_2),
        "createTime": created_ms,
        "coinSymbol": "USDT",
        "amount": "100.25",
        "status": 30,
        "requestId": "t-1",
    }
    assert await rows(acme, HISTORY, walletId=PRIME) == [row]
    assert await rows(acme, HISTORY, walletId=DESK_2) == [row]
    assert await rows(acme, HISTORY, walletId=DESK_3) == []


async def test_detail_spells_wallets_as_the_switch_says(
    make_wide: MakeWide, caller_of: CallerOf
) -> None:
    caller = caller_of(make_wide(transfer_ids=TransferIds.TEXTS), "operator")
    accepted = await ask(caller, CREATE, **MOVE)
    question = {"walletIdStr": DESK_2, "orderViewId": accepted["orderViewId"]}

    row = await ask(caller, DETAIL, **question)

    assert (row["fromWalletIdStr"], row["toWalletIdStr"]) == (PRIME, DESK_2)
    assert not {"fromWalletId", "toWalletId"} & set(row)


async def test_history_is_filtered_and_paged(acme: Caller, clock: SteppedClock) -> None:
    await ask(acme, CREATE, **MOVE)
    clock.step(1)
    await ask(acme, CREATE, **MOVE | {"toWalletId": PRIME_2, "requestId": "t-2"})
    back = {"fromWalletId": DESK_2, "toWalletId": PRIME, "coinSymbol": "BTC", "amount": "0.5"}
    await ask(acme, CREATE, **MOVE | back | {"requestId": "t-3"})

    async def found(**filters: object) -> list[str]:
        listed = await rows(acme, HISTORY, **{"walletId": PRIME} | filters)
        return [row["requestId"] for row in listed]

    assert await found() == ["t-1", "t-2", "t-3"]
    assert await found(direction=40) == ["t-2"]
    assert await found(coinSymbol="BTC") == ["t-3"]
    assert await found(status=30) == ["t-1"]
    assert await found(startTime=clock.now_ms) == ["t-2", "t-3"]
    assert await found(pageLimit=2, pageNo=2) == ["t-3"]
    assert await found(walletId=DESK_2) == ["t-1", "t-3"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"toWalletId": DESK_OF_2}, "G20021"),
        ({"fromWalletId": DESK_2, "toWalletId": PRIME_2}, "G20021"),
        ({"fromWalletId": DESK_2, "toWalletId": DESK_OF_2}, "G20021"),
        ({"toWalletId": PRIME}, "G20021"),
        ({"fromWalletId": DESK_2}, "G20021"),
        ({"toWalletId": FOREIGN_PRIME}, "G20013"),
        ({"fromWalletId": FOREIGN_PRIME}, "G20013"),
        ({"toWalletId": CUSTODY}, "G20024"),
        ({"fromWalletId": CUSTODY, "toWalletId": PRIME}, "G20024"),
        ({"fromWalletId": DESK_1, "toWalletId": PRIME}, "G20005"),
        ({"coinSymbol": "DOGE"}, "G20005"),
        ({"amount": "0"}, "G20022"),
        ({"amount": "1.1234567"}, "G20022"),
        ({"amount": "2000000.01"}, "G20022"),
        ({"requestId": "a b"}, "G20014"),
    ],
)
async def test_transfer_that_breaks_a_rule_is_refused_and_moves_nothing(
    change: dict[str, Any], code: str, acme: Caller, wide: Sandbox
) -> None:
    assert await refusal(acme, CREATE, **MOVE | change) == code
    assert wide.ledger.orders() == ()


async def test_sub_wallets_reach_only_their_parent_where_the_switch_says_so(
    make_wide: MakeWide, caller_of: CallerOf
) -> None:
    caller = caller_of(make_wide(sub_wallets_reach_siblings=False), "operator")
    give = MOVE | {"fromWalletId": DESK_2}

    assert await refusal(caller, CREATE, **give | {"toWalletId": DESK_3}) == "G20021"
    await ask(caller, CREATE, **give | {"toWalletId": PRIME})


async def test_two_transfers_cannot_take_the_same_money(acme: Caller, wide: Sandbox) -> None:
    give = MOVE | {"fromWalletId": DESK_2, "toWalletId": PRIME, "amount": "7000"}
    await ask(acme, CREATE, **give)

    assert await refusal(acme, CREATE, **give | {"requestId": "t-2"}) == "G20022"
    assert wide.ledger.check() == ()


async def test_transfer_that_fails_gives_back_what_it_reserved(
    acme: Caller, wide: Sandbox, clock: SteppedClock
) -> None:
    give = MOVE | {"fromWalletId": DESK_2, "toWalletId": PRIME, "amount": "12500.5"}
    before = held(wide)
    await ask(acme, CREATE, **give)
    with wide.ledger.transaction() as books:
        failing = stages_of(books.now_ms, Timing(), fails=True)
        books.run(
            "UPDATE orders SET stages = ?, next_ms = ?", (stages_text(failing), failing[0].at_ms)
        )

    clock.step(2)

    assert (await ask(acme, DETAIL, walletIdStr=PRIME, requestId="t-1"))["status"] == 99
    assert moved(wide, before) == {}
    await ask(acme, CREATE, **give | {"requestId": "t-2"})


async def test_sweep_of_deposits_is_listed_without_a_request_id(
    acme: Caller, wide: Sandbox
) -> None:
    with wide.ledger.transaction() as books:
        accounts = {
            each.account.owner: each.account
            for each in books.balances()
            if each.account.coin == "USDT" and each.account.kind == "custody"
        }
        leg = Leg(debit=accounts[DESK_1], credit=accounts[PRIME], amount=Decimal(5))
        books.accept(
            NewOrder(
                family=Family.INTERNAL_TRANSFER,
                type=70,
                entity="acme",
                owner=DESK_1,
                other_owner=PRIME,
                coin="USDT",
                amount=Decimal(5),
                legs=(leg,),
                stages=stages_of(books.now_ms, Timing()),
            )
        )

    (row,) = await rows(acme, HISTORY, walletId=PRIME)

    assert (row["direction"], row["requestId"]) == (70, None)
    assert await rows(acme, HISTORY, walletId=PRIME, direction=20) == []


async def test_transfers_of_others_do_not_exist(acme: Caller, beta: Caller, desk: Caller) -> None:
    accepted = await ask(acme, CREATE, **MOVE)
    order = {"orderViewId": accepted["orderViewId"]}

    assert await ask(beta, DETAIL, walletIdStr=FOREIGN_PRIME, **order) is None
    assert await refusal(beta, DETAIL, walletIdStr=PRIME, **order) == "G20013"
    assert await ask(acme, DETAIL, walletIdStr=DESK_3, **order) is None
    assert await ask(acme, DETAIL, walletIdStr=DESK_2, requestId="t-2", **order) is None
    assert (await ask(desk, DETAIL, walletIdStr=DESK_2, **order))["requestId"] == "t-1"
    other = MOVE | {"fromWalletId": PRIME, "toWalletId": PRIME_2, "requestId": "t-2"}
    assert await refusal(desk, CREATE, **other) == "G20013"
    assert await refusal(acme, HISTORY, walletId=CUSTODY, startTime=0, endTime=1) == "G20027"


@pytest.mark.parametrize("position", UnknownId)
async def test_unknown_transfer_is_answered_as_the_switch_says(
    position: UnknownId, make_wide: MakeWide, caller_of: CallerOf
) -> None:
    caller = caller_of(make_wide(unknown_id=position), "operator")
    for question in ({"requestId": "never"}, {"orderViewId": "1"}):
        if position is UnknownId.NULL:
            assert await ask(caller, DETAIL, walletIdStr=PRIME, **question) is None
        else:
            assert await refusal(caller, DETAIL, walletIdStr=PRIME, **question) == "G20005"


async def test_new_transfer_shows_after_the_visibility_delay(
    make_wide: MakeWide, caller_of: CallerOf, clock: SteppedClock
) -> None:
    caller = caller_of(make_wide(visibility_delay_ms=5_000), "operator")
    await ask(caller, CREATE, **MOVE)
    clock.step(4)
    assert await ask(caller, DETAIL, walletIdStr=PRIME, requestId="t-1") is None
    assert await rows(caller, HISTORY, walletId=PRIME) == []

    clock.step(1)

    assert (await ask(caller, DETAIL, walletIdStr=PRIME, requestId="t-1"))["status"] == 30
    assert len(await rows(caller, HISTORY, walletId=PRIME)) == 1
