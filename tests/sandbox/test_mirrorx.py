from dataclasses import replace
from typing import Any

import pytest

from runner.sandbox.directory import Sandbox
from runner.sandbox.switches import Switches
from runner.sandbox.world import World
from tests.sandbox.conftest import CallerOf, MakeSandbox
from tests.sandbox.signed_caller import Caller, SteppedClock, code_of, data_of

CREATE = "/open-api/v1/mirrorX/order"
ORDERS = "/open-api/v1/mirrorX/order/list"
CHECK = "/open-api/v1/mirrorX/order/check"
POSITIONS = "/open-api/v1/mirrorX/positions/list"
LINKS = "/open-api/v1/mirrorX/mirrorXLinkId/list"
ASSETS = "/open-api/v1/wallet/asset/list"

PRIME = "306718327844294657"
UID = "854038747"
DAY_MS = 24 * 3600 * 1000
PAGE: dict[str, Any] = {"pageNo": 1, "pageLimit": 25}
ORDER: dict[str, Any] = {
    "mirrorXLinkId": 7127,
    "orderType": 10,
    "coinSymbol": "USDT",
    "amount": "100000",
}


async def orders(caller: Caller, **filters: object) -> dict[str, Any]:
    window = {"startTime": caller.clock.now_ms - DAY_MS, "endTime": caller.clock.now_ms}
    query = PAGE | window | {"mirrorXLinkId": "7127"}
    page: dict[str, Any] = data_of(await caller.get(ORDERS, **(query | filters)))
    return page


async def balances(caller: Caller, link: str = "7127") -> dict[str, str]:
    page = data_of(await caller.get(POSITIONS, mirrorXLinkId=link, **PAGE))
    return {row["coinSymbol"]: row["mirrorXBalance"] for row in page["data"]}


async def available(caller: Caller, order_type: int) -> str:
    query = {"mirrorXLinkId": "7127", "coinSymbol": "USDT", "orderType": order_type}
    data = data_of(await caller.get(CHECK, **query))
    assert data["coinSymbol"] == "USDT"
    return str(data["maxAvailableAmount"])


async def test_links_are_listed_in_the_standard_envelope(reader: Caller) -> None:
    page = data_of(await reader.get(LINKS))

    assert {k: page[k] for k in ("totalPage", "pageNo", "pageLimit")} == {
        "totalPage": 1,
        "pageNo": 1,
        "pageLimit": 25,
    }
    assert page["data"][0] == {
        "mirrorXLinkId": "7127",
        "binanceUID": UID,
        "walletIdStr": PRIME,
        "label": "arbitrage one",
        "status": 1,
        "createDate": "1767603600000",
    }


async def test_delegation_moves_the_amount_when_it_succeeds(
    operator: Caller, clock: SteppedClock
) -> None:
    accepted = data_of(await operator.post(CREATE, **ORDER, requestId="59"))
    assert accepted["requestId"] == "59"
    assert accepted["status"] == 10
    assert (await balances(operator))["USDT"] == "250000"
    assert await available(operator, 10) == "1900000"
    assert await available(operator, 20) == "250000"

    statuses = []
    for _ in range(3):
        (row,) = (await orders(operator))["data"]
        statuses.append(row["status"])
        clock.step(1)

    assert statuses == [10, 20, 30]
    assert (await balances(operator))["USDT"] == "350000"
    assert await available(operator, 10) == "1900000"
    assert await available(operator, 20) == "350000"


async def test_undelegation_brings_the_amount_back(operator: Caller, clock: SteppedClock) -> None:
    await operator.post(CREATE, **ORDER | {"orderType": "20", "mirrorXLinkId": "7127"}, requestId=7)
    clock.step(2)

    assert (await balances(operator))["USDT"] == "150000"
    row = data_of(await operator.get(ASSETS, walletId=PRIME, coinSymbol="USDT"))["data"][0]
    assert row == {
        "coinSymbol": "USDT",
        "network": None,
        "amount": "2100000",
        "availableAmount": "2100000",
        "totalAmountWithMirror": "2350000",
    }


async def test_order_row_has_nine_fields_and_no_request_id(operator: Caller) -> None:
    accepted = data_of(await operator.post(CREATE, **ORDER | {"amount": 0.5}, requestId="59"))

    page = await orders(operator)

    assert page == {
        "data": [
            {
                "orderViewId": accepted["orderViewId"],
                "mirrorXLinkId": "7127",
                "binanceUID": UID,
                "walletIdStr": PRIME,
                "orderType": 10,
                "coinSymbol": "USDT",
                "amount": "0.5",
                "status": 10,
                "orderTime": str(operator.clock.now_ms),
            }
        ],
        "totalPage": 1,
        "pageNo": 1,
        "pageLimit": 25,
    }


async def test_orders_are_filtered_and_paged(operator: Caller, clock: SteppedClock) -> None:
    for number in range(3):
        await operator.post(CREATE, **ORDER, requestId=number)
        clock.step(1)
    await operator.post(
        CREATE, **ORDER | {"orderType": 20, "coinSymbol": "BTC", "amount": "1"}, requestId=9
    )
    await operator.post(CREATE, **ORDER | {"mirrorXLinkId": 7128}, requestId=10)

    async def amounts(**filters: object) -> list[str]:
        return [row["amount"] for row in (await orders(operator, **filters))["data"]]

    assert await amounts() == ["100000"] * 3 + ["1"]
    assert await amounts(orderType=20) == ["1"]
    assert await amounts(coinSymbol="BTC") == ["1"]
    assert await amounts(orderType=30) == []
    assert await amounts(startTime=clock.now_ms) == ["1"]
    assert await amounts(endTime=clock.now_ms - 3000) == ["100000"]
    assert await amounts(mirrorXLinkId="7128") == ["100000"]
    assert await amounts(pageNo=2, pageLimit=3) == ["1"]
    assert (await orders(operator, pageLimit=3))["totalPage"] == 2
    assert (await orders(operator, orderType=30))["totalPage"] == 0


async def test_positions_are_valued_in_usdt(reader: Caller) -> None:
    page = data_of(
        await reader.get(POSITIONS, mirrorXLinkId="7127", excludeZeroAmountFlag="true", **PAGE)
    )

    assert [row["coinSymbol"] for row in page["data"]] == ["USDT", "BTC"]
    assert page["data"][0] == {
        "mirrorXLinkId": "7127",
        "binanceUID": UID,
        "walletIdStr": PRIME,
        "coinSymbol": "USDT",
        "mirrorXBalance": "250000",
    }
    assert page["exchangeBalance"] == "411500.25"
    assert await balances(reader) == {"USDT": "250000", "BTC": "2", "ETH": "0", "XRP": "0"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"mirrorXLinkId": "7129"}, "G20029"),
        ({"mirrorXLinkId": None}, "G20005"),
        ({"orderType": 30}, "G20005"),
        ({"orderType": "ten"}, "G20005"),
        ({"orderType": True}, "G20005"),
        ({"coinSymbol": "usdt"}, "G20005"),
        ({"amount": "2000000.000001"}, "G20022"),
        ({"amount": "1.0000001"}, "G20022"),
        ({"amount": 1e-7}, "G20022"),
        ({"amount": "0.0"}, "G20022"),
        ({"requestId": None}, "G20005"),
        ({"requestId": True}, "G20014"),
        ({"requestId": "é"}, "G20014"),
    ],
)
async def test_invalid_order_is_refused_and_moves_nothing(
    operator: Caller, sandbox: Sandbox, change: dict[str, Any], code: str
) -> None:
    before = sandbox.ledger.balances()
    body = ORDER | {"requestId": "1"} | change

    assert code_of(await operator.post(CREATE, **body)) == code

    assert sandbox.ledger.balances() == before


async def test_order_on_a_link_that_is_not_approved_is_refused(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    links = (replace(world.mirrorx_links[0], status=4), world.mirrorx_links[1])
    operator = caller_of(make_sandbox(replace(world, mirrorx_links=links)), "operator")

    assert code_of(await operator.post(CREATE, **ORDER, requestId="1")) == "G20029"
    assert (await balances(operator))["USDT"] == "250000"


async def test_range_of_thirty_days_is_too_long(reader: Caller) -> None:
    query = PAGE | {"mirrorXLinkId": "7127", "startTime": 0}

    assert data_of(await reader.get(ORDERS, **query, endTime=30 * DAY_MS - 1))["data"] == []
    assert code_of(await reader.get(ORDERS, **query, endTime=30 * DAY_MS)) == "G20026"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (CHECK, {"coinSymbol": "USDT", "orderType": 10}),
        (POSITIONS, PAGE),
        (ORDERS, PAGE | {"startTime": 0, "endTime": 1}),
    ],
)
async def test_unknown_link_is_refused(reader: Caller, path: str, query: dict[str, Any]) -> None:
    assert code_of(await reader.get(path, mirrorXLinkId="1", **query)) == "G20029"


async def test_order_shows_after_the_visibility_delay(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World, clock: SteppedClock
) -> None:
    switches = Switches(visibility_delay_ms=500)
    operator = caller_of(make_sandbox(replace(world, switches=switches)), "operator")
    await operator.post(CREATE, **ORDER, requestId="1")

    assert (await orders(operator))["data"] == []
    clock.step(0.5)

    assert len((await orders(operator))["data"]) == 1
