from dataclasses import replace
from typing import Any

import pytest

from runner.sandbox.directory import Sandbox
from runner.sandbox.switches import Switches
from runner.sandbox.world import Timing, Timings, World
from tests.sandbox.conftest import CallerOf, MakeSandbox
from tests.sandbox.signed_caller import Caller, SteppedClock, code_of, data_of

APPLY = "/open-api/v1/mirror/asset/apply"
SETTLE = "/open-api/v1/mirror/asset/settle"
RECORDS = "/open-api/v1/mirror/records/list"
POSITIONS = "/open-api/v1/mirror/positions/list"
SUMMARY = "/open-api/v1/mirror/position/summary"
LINKS = "/open-api/v1/mirror/mirrorLinkId/list"
ASSETS = "/open-api/v1/wallet/asset/list"

WALLET = "374671162262925312"
LINK = "1450411129215791001"
UID = "1000001201741"
PAGE: dict[str, Any] = {"pageNo": 1, "pageLimit": 25}
MOVE: dict[str, Any] = {
    "mirrorLinkId": LINK,
    "coinSymbol": "USDT",
    "network": "ETH",
    "amount": "250000.5",
}


async def records(caller: Caller, **filters: object) -> dict[str, Any]:
    query = PAGE | {"walletIdStr": WALLET, "startTime": 0, "endTime": caller.clock.now_ms}
    page: dict[str, Any] = data_of(await caller.get(RECORDS, **(query | filters)))
    return page


async def usdt_position(caller: Caller) -> str:
    data = data_of(await caller.get(POSITIONS, binanceUid=UID, **PAGE))
    row = next(r for r in data["data"] if (r["coinSymbol"], r["network"]) == ("USDT", "ETH"))
    return str(row["amount"]).rstrip("0").rstrip(".")


async def usdt_asset(caller: Caller) -> tuple[str, str, str]:
    query = {"walletId": WALLET, "coinSymbol": "USDT", "network": "ETH"}
    (row,) = data_of(await caller.get(ASSETS, **query))["data"]
    return row["amount"], row["availableAmount"], row["totalAmountWithMirror"]


async def test_links_are_listed_in_the_archive_envelope(reader: Caller) -> None:
    data = data_of(await reader.get(LINKS, **PAGE))

    assert data == {
        "total": 2,
        "pageNo": 1,
        "pageSize": 25,
        "data": [
            {"mirrorLinkId": LINK, "binanceUID": UID, "walletIdStr": WALLET},
            {
                "mirrorLinkId": "1450411129215791002",
                "binanceUID": "1000001201742",
                "walletIdStr": WALLET,
            },
        ],
    }


async def test_application_is_accepted_and_echoes_the_request_id_as_text(operator: Caller) -> None:
    data = data_of(await operator.post(APPLY, **MOVE, requestId=1688988782242))

    assert data["requestId"] == "1688988782242"
    assert data["status"] == 0
    assert len(data["recordId"]) == 26


async def test_application_moves_the_amount_when_it_succeeds(
    operator: Caller, clock: SteppedClock
) -> None:
    accepted = data_of(await operator.post(APPLY, **MOVE, requestId="a-1"))
    assert await usdt_position(operator) == "50000"
    assert await usdt_asset(operator) == ("1000000", "749999.5", "1050000")

    clock.step(1)
    (record,) = (await records(operator))["data"]
    assert record["status"] == 20
    assert await usdt_position(operator) == "50000"

    clock.step(1)
    (record,) = (await records(operator))["data"]
    assert record == {
        "recordId": accepted["recordId"],
        "operationType": 1,
        "status": 30,
        "binanceUID": UID,
        "walletIdStr": WALLET,
        "coinSymbol": "USDT",
        "network": "ETH",
        "amount": "250000.50000000000000000000",
    }
    assert await usdt_position(operator) == "300000.5"
    assert await usdt_asset(operator) == ("749999.5", "749999.5", "1050000")


@pytest.mark.parametrize("operation_type", ["2", "3"])
async def test_settlement_brings_the_amount_back(
    operator: Caller, clock: SteppedClock, operation_type: str
) -> None:
    body = MOVE | {"amount": "50000", "operationType": operation_type}

    data_of(await operator.post(SETTLE, **body, requestId="s-1"))
    clock.step(2)

    assert await usdt_position(operator) == "0"
    assert await usdt_asset(operator) == ("1050000", "1050000", "1050000")
    (record,) = (await records(operator, operationType=operation_type))["data"]
    assert record["operationType"] == int(operation_type)


async def test_settlement_takes_no_more_than_is_mirrored(
    operator: Caller, sandbox: Sandbox
) -> None:
    body = MOVE | {"amount": "50000.000001", "operationType": "2"}

    assert code_of(await operator.post(SETTLE, **body, requestId="s-1")) == "G20022"
    assert sandbox.ledger.orders() == ()


async def test_reserved_amount_cannot_be_taken_twice(operator: Caller) -> None:
    body = MOVE | {"amount": "600000"}
    data_of(await operator.post(APPLY, **body, requestId="a-1"))

    assert code_of(await operator.post(APPLY, **body, requestId="a-2")) == "G20022"


async def test_records_are_filtered_by_every_filter(operator: Caller, clock: SteppedClock) -> None:
    await operator.post(APPLY, **MOVE, requestId="a-1")
    clock.step(5)
    other = {"mirrorLinkId": "1450411129215791002", "coinSymbol": "BTC", "network": "BTC"}
    await operator.post(APPLY, **other, amount="1", requestId="a-2")
    clock.step(1)
    start = clock.now_ms - 6000

    async def coins(**filters: object) -> list[str]:
        found = await records(operator, **filters)
        assert found["total"] == len(found["data"])
        return [row["coinSymbol"] for row in found["data"]]

    assert await coins() == ["USDT", "BTC"]
    assert await coins(binanceUID=UID) == ["USDT"]
    assert await coins(coinSymbol="BTC") == ["BTC"]
    assert await coins(network="ETH") == ["USDT"]
    assert await coins(status=30) == ["USDT"]
    assert await coins(status=20) == ["BTC"]
    assert await coins(operationType=2) == []
    assert await coins(startTime=start, endTime=start) == ["USDT"]
    assert await coins(startTime=start + 1) == ["BTC"]
    assert await coins(walletIdStr="306718327844294657") == []


async def test_records_are_paged(operator: Caller) -> None:
    for number in range(5):
        body = MOVE | {"amount": str(number + 1)}
        await operator.post(APPLY, **body, requestId=f"a-{number}")

    page = await records(operator, pageNo=2, pageLimit=2)
    beyond = await records(operator, pageNo=999999999999999999, pageLimit=2)

    assert [row["amount"][:2] for row in page["data"]] == ["3.", "4."]
    assert {k: page[k] for k in ("total", "pageNo", "pageSize")} == {
        "total": 5,
        "pageNo": 2,
        "pageSize": 2,
    }
    assert beyond["data"] == []


async def test_positions_list_zero_rows_unless_told_otherwise(reader: Caller) -> None:
    every = data_of(await reader.get(POSITIONS, walletIdStr=WALLET, **PAGE))
    filled = data_of(
        await reader.get(POSITIONS, walletIdStr=WALLET, excludeZeroAmountFlag="true", **PAGE)
    )

    assert every["total"] == 10
    assert [
        (r["binanceUID"], r["coinSymbol"], r["network"], r["amount"], r["amountInBTC"])
        for r in filled["data"]
    ] == [
        (UID, "USDT", "ETH", "50000." + "0" * 20, "0.625" + "0" * 17),
        (UID, "BTC", "BTC", "1.25" + "0" * 18, "1.25" + "0" * 18),
        ("1000001201742", "USDT", "BSC", "20000." + "0" * 20, "0.25" + "0" * 18),
    ]


async def test_summary_adds_up_in_btc(reader: Caller) -> None:
    data = data_of(await reader.get(SUMMARY, walletIdStr=WALLET))

    assert data == {
        "walletIdStr": WALLET,
        "totalAmountInBTC": "2.125" + "0" * 17,
        "data": [
            {"binanceUid": UID, "subtotalAmountInBTC": "1.875" + "0" * 17},
            {"binanceUid": "1000001201742", "subtotalAmountInBTC": "0.25" + "0" * 18},
        ],
    }


async def test_summary_of_a_wallet_without_links_is_zero(reader: Caller) -> None:
    data = data_of(await reader.get(SUMMARY, walletIdStr="306718327844294657"))

    assert data["data"] == []
    assert data["totalAmountInBTC"] == "0." + "0" * 20


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"mirrorLinkId": "1450411129215791009"}, "G20029"),
        ({"coinSymbol": "DOGE"}, "G20005"),
        ({"network": "BTC"}, "G20005"),
        ({"operationType": "2"}, "G20005"),
        ({"amount": "0"}, "G20022"),
        ({"amount": "-5"}, "G20022"),
        ({"amount": "1e3"}, "G20022"),
        ({"amount": "0.0000001"}, "G20022"),
        ({"amount": ""}, "G20022"),
        ({"amount": "1000000.000001"}, "G20022"),
        ({"requestId": ""}, "G20014"),
        ({"requestId": "a b"}, "G20014"),
        ({"requestId": -5}, "G20014"),
        ({"requestId": "x" * 71}, "G20014"),
        ({"requestId": 1.5}, "G20014"),
        ({"network": None}, "G20005"),
        ({"amount": ["1"]}, "G20005"),
        ({"mirrorLinkId": ""}, "G20005"),
    ],
)
async def test_invalid_application_is_refused_and_moves_nothing(
    operator: Caller, sandbox: Sandbox, change: dict[str, Any], code: str
) -> None:
    body = MOVE | {"requestId": "a-1"} | change

    assert code_of(await operator.post(APPLY, **body)) == code

    assert sandbox.ledger.orders() == ()
    assert sandbox.ledger.check() == ()
    assert sandbox.ledger.requests()[0].code == code


@pytest.mark.parametrize("missing", [*MOVE, "requestId"])
async def test_missing_parameter_is_refused(operator: Caller, missing: str) -> None:
    body = MOVE | {"requestId": "a-1"}
    del body[missing]

    assert code_of(await operator.post(APPLY, **body)) == "G20005"


@pytest.mark.parametrize("operation_type", ["1", "4", ""])
async def test_settlement_of_another_type_is_refused(operator: Caller, operation_type: str) -> None:
    body = MOVE | {"requestId": "s-1", "operationType": operation_type}

    assert code_of(await operator.post(SETTLE, **body)) == "G20005"


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({}, "G20005"),
        ({"walletIdStr": "374671162262925300"}, "G20013"),
        ({"binanceUID": "1"}, "G20029"),
        ({"walletIdStr": WALLET, "status": 10}, "G20005"),
        ({"walletIdStr": WALLET, "startTime": 5, "endTime": 4}, "G20005"),
        ({"walletIdStr": WALLET, "startTime": "soon"}, "G20005"),
        ({"walletIdStr": WALLET, "pageNo": 0}, "G20005"),
        ({"walletIdStr": WALLET, "pageLimit": 0}, "G20005"),
        ({"walletIdStr": ""}, "G20005"),
    ],
)
async def test_invalid_record_filter_is_refused(
    reader: Caller, filters: dict[str, Any], code: str
) -> None:
    query = PAGE | {"startTime": 0, "endTime": 9} | filters

    assert code_of(await reader.get(RECORDS, **query)) == code


async def test_page_above_the_largest_is_refused(reader: Caller) -> None:
    assert code_of(await reader.get(LINKS, pageNo=1, pageLimit=501)) == "G20003"


async def test_positions_need_a_wallet_or_a_uid(reader: Caller) -> None:
    assert code_of(await reader.get(POSITIONS, **PAGE)) == "G20005"


async def test_flag_that_is_neither_true_nor_false_is_refused(reader: Caller) -> None:
    query = PAGE | {"walletIdStr": WALLET, "excludeZeroAmountFlag": "yes"}

    assert code_of(await reader.get(POSITIONS, **query)) == "G20005"


async def test_record_carries_the_request_id_where_the_world_says_so(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    sandbox = make_sandbox(replace(world, switches=Switches(records_carry_request_id=True)))
    operator = caller_of(sandbox, "operator")
    await operator.post(APPLY, **MOVE, requestId="a-1")

    (record,) = (await records(operator))["data"]

    assert record["requestId"] == "a-1"


async def test_record_shows_after_the_visibility_delay(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World, clock: SteppedClock
) -> None:
    sandbox = make_sandbox(replace(world, switches=Switches(visibility_delay_ms=3000)))
    operator = caller_of(sandbox, "operator")
    await operator.post(APPLY, **MOVE, requestId="a-1")

    clock.step(2.999)
    assert (await records(operator))["total"] == 0
    assert await usdt_position(operator) == "300000.5"

    clock.step(0.001)
    assert (await records(operator))["total"] == 1


async def test_lifecycle_follows_the_timings_of_the_world(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World, clock: SteppedClock
) -> None:
    timing = Timing(in_progress_after_ms=0, success_after_ms=60_000)
    operator = caller_of(
        make_sandbox(replace(world, timings=Timings(mirror_record=timing))), "operator"
    )
    await operator.post(APPLY, **MOVE, requestId="a-1")

    statuses = []
    for _ in range(3):
        (record,) = (await records(operator))["data"]
        statuses.append(record["status"])
        clock.step(30)

    assert statuses == [20, 20, 30]


async def test_insufficient_balance_code_follows_the_world(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    switches = Switches(insufficient_balance_code="G20099")
    operator = caller_of(make_sandbox(replace(world, switches=switches)), "operator")

    response = await operator.post(APPLY, **MOVE | {"amount": "9999999"}, requestId="a-1")

    assert code_of(response) == "G20099"
