from decimal import Decimal
from typing import Any

import pytest

from runner.sandbox.directory import Sandbox
from runner.sandbox.switches import UnknownId
from tests.sandbox.asking import held, moved, refusal, rows, window
from tests.sandbox.conftest import CallerOf, MakeWide
from tests.sandbox.replies import ask
from tests.sandbox.signed_caller import Caller, SteppedClock
from tests.sandbox.wide_world import CUSTODY, DESK_2, FOREIGN_PRIME, FOREIGN_UID, PRIME, UID

GIVE: dict[str, Any] = {
    "amount": "60000",
    "coinSymbol": "USDT",
    "direction": 10,
    "exchangeCode": 10,
    "exchangeUserId": UID,
    "parentWalletId": int(PRIME),
    "requestId": 41,
}
CREATE, HISTORY = "exchange.transfer.create", "exchange.transfer.history"
DETAIL = "exchange.transfer.detail"


async def test_transfer_to_the_exchange_moves_when_it_succeeds(
    acme: Caller, wide: Sandbox, clock: SteppedClock
) -> None:
    before, created_ms = held(wide), clock.now_ms
    accepted = await ask(acme, CREATE, **GIVE)
    assert accepted["status"] == 10
    seen = []
    for _ in range(3):
        row = await ask(acme, DETAIL, walletId=PRIME, requestId="41")
        seen.append(row["status"])
        clock.step(1)

    assert seen == [10, 20, 30]
    assert row == {
        "orderViewId": accepted["orderViewId"],
        "direction": 10,
        "walletId": int(PRIME),
        "createTime": created_ms,
        "exchangeCode": 10,
        "exchangeUserId": UID,
        "coinSymbol": "USDT",
        "amount": "60000",
        "status": 30,
        "requestId": "41",
    }
    assert await rows(acme, HISTORY, walletId=PRIME) == [row]
    assert moved(wide, before) == {
        f"custody/{PRIME}/USDT": Decimal(-60000),
        f"exchange/{UID}/USDT": Decimal(60000),
    }


async def test_direction_is_to_the_exchange_unless_said_otherwise(acme: Caller) -> None:
    given = {name: value for name, value in GIVE.items() if name != "direction"}

    assert (await ask(acme, CREATE, **given))["direction"] == 10


@pytest.mark.parametrize("uid", ["854038747", "1000001201741"])
async def test_uid_of_a_link_can_be_reached(uid: str, acme: Caller) -> None:
    await ask(acme, CREATE, **GIVE | {"exchangeUserId": uid})


async def test_transfer_from_the_exchange_works_where_the_switch_opens_it(
    make_wide: MakeWide, caller_of: CallerOf, clock: SteppedClock
) -> None:
    sandbox = make_wide(transfers_from_exchange=True)
    caller, before = caller_of(sandbox, "operator"), held(sandbox)
    back = GIVE | {"direction": 20}

    assert (await ask(caller, CREATE, **back))["direction"] == 20
    assert await refusal(caller, CREATE, **back | {"requestId": 42}) == "G20022"
    clock.step(2)

    assert moved(sandbox, before) == {
        f"custody/{PRIME}/USDT": Decimal(60000),
        f"exchange/{UID}/USDT": Decimal(-60000),
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"direction": 20}, "G20005"),
        ({"parentWalletId": int(DESK_2)}, "G20019"),
        ({"parentWalletId": int(CUSTODY)}, "G20019"),
        ({"parentWalletId": int(FOREIGN_PRIME)}, "G20013"),
        ({"exchangeUserId": FOREIGN_UID}, "G20005"),
        ({"exchangeUserId": "1000001201999"}, "G20005"),
        ({"exchangeCode": 20}, "G20005"),
        ({"coinSymbol": None}, "G20005"),
        ({"coinSymbol": "DOGE"}, "G20005"),
        ({"amount": "2000001"}, "G20022"),
        ({"amount": "0.0000001"}, "G20022"),
    ],
)
async def test_transfer_that_breaks_a_rule_is_refused_and_moves_nothing(
    change: dict[str, Any], code: str, acme: Caller, wide: Sandbox
) -> None:
    assert await refusal(acme, CREATE, **GIVE | change) == code
    assert wide.ledger.orders() == ()


async def test_history_is_filtered(acme: Caller, clock: SteppedClock) -> None:
    await ask(acme, CREATE, **GIVE)
    clock.step(1)
    await ask(acme, CREATE, **GIVE | {"coinSymbol": "BTC", "amount": "1", "requestId": 42})

    async def found(**filters: object) -> list[str]:
        listed = await rows(acme, HISTORY, **{"walletId": PRIME} | filters)
        return [row["requestId"] for row in listed]

    assert await found() == ["41", "42"]
    assert await found(coinSymbol="BTC") == ["42"]
    assert await found(status=20) == ["41"]
    assert await found(direction=20) == []
    assert await found(startTime=clock.now_ms) == ["42"]
    assert await found(walletId=CUSTODY) == []


async def test_transfers_of_others_do_not_exist(acme: Caller, beta: Caller) -> None:
    accepted = await ask(acme, CREATE, **GIVE)
    order = {"orderViewId": accepted["orderViewId"]}

    assert await ask(acme, DETAIL, walletId=CUSTODY, **order) is None
    assert await ask(beta, DETAIL, walletId=FOREIGN_PRIME, **order) is None
    assert await refusal(beta, DETAIL, walletId=PRIME, **order) == "G20013"
    asked = window(beta) | {"walletId": PRIME}
    assert await refusal(beta, HISTORY, **asked) == "G20013"


@pytest.mark.parametrize("position", UnknownId)
async def test_unknown_transfer_is_answered_as_the_switch_says(
    position: UnknownId, make_wide: MakeWide, caller_of: CallerOf
) -> None:
    caller = caller_of(make_wide(unknown_id=position), "operator")
    if position is UnknownId.NULL:
        assert await ask(caller, DETAIL, walletId=PRIME, requestId="never") is None
    else:
        assert await refusal(caller, DETAIL, walletId=PRIME, requestId="never") == "G20005"


async def test_new_transfer_shows_after_the_visibility_delay(
    make_wide: MakeWide, caller_of: CallerOf, clock: SteppedClock
) -> None:
    caller = caller_of(make_wide(visibility_delay_ms=5_000), "operator")
    await ask(caller, CREATE, **GIVE)
    assert await ask(caller, DETAIL, walletId=PRIME, requestId="41") is None
    assert await rows(caller, HISTORY, walletId=PRIME) == []

    clock.step(5)

    assert (await ask(caller, DETAIL, walletId=PRIME, requestId="41"))["status"] == 30
    assert len(await rows(caller, HISTORY, walletId=PRIME)) == 1
