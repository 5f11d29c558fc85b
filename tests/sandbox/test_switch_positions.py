"""Switches of the application: what each position does to a request or an answer."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import pytest

from runner.sandbox.switches import HttpStatusMode, RangeEnd, RowOrder, Switches, TotalPage, Types
from runner.sandbox.world import World
from tests.sandbox.client_caller import client_in_process
from tests.sandbox.conftest import CallerOf, MakeSandbox
from tests.sandbox.signed_caller import Caller, SteppedClock, code_of, data_of

if TYPE_CHECKING:
    from runner.sandbox.directory import Sandbox

CREATE = "/open-api/v1/mirrorX/order"
ORDERS = "/open-api/v1/mirrorX/order/list"
LINKS = "/open-api/v1/mirrorX/mirrorXLinkId/list"
ORDER = {"mirrorXLinkId": 7127, "orderType": 10, "coinSymbol": "USDT", "amount": "5"}
DAY_MS = 24 * 60 * 60 * 1000

OperatorAt: TypeAlias = Callable[[Switches], Caller]


@pytest.fixture
def operator_at(make_sandbox: MakeSandbox, caller_of: CallerOf, world: World) -> OperatorAt:
    """Return what makes an operator of a sandbox with these switches."""

    def make(switches: Switches) -> Caller:
        for sandbox in made:
            # Another world needs another ledger; the keys stay.
            sandbox.close()
            (sandbox.folder / "ledger.sqlite").unlink()
        made[:] = [make_sandbox(replace(world, switches=switches))]
        return caller_of(made[0], "operator")

    made: list[Sandbox] = []
    return make


@pytest.mark.parametrize(
    ("changed", "lenient", "strict"),
    [
        ({}, "000000", "000000"),
        ({"mirrorXLinkId": "7127"}, "000000", "000000"),
        ({"orderType": "10"}, "000000", "G20005"),
        ({"amount": 5}, "000000", "G20005"),
        ({"coinSymbol": 5}, "G20005", "G20005"),
        ({"requestId": 7}, "000000", "000000"),
        ({"timestamp": "text"}, "000000", "G20005"),
    ],
)
async def test_types_are_held_to_the_description_where_they_are_strict(
    operator_at: OperatorAt,
    clock: SteppedClock,
    changed: dict[str, object],
    lenient: str,
    strict: str,
) -> None:
    body: dict[str, object] = {**ORDER, "requestId": "1", "timestamp": clock.now_ms, **changed}
    if changed.get("timestamp"):
        body["timestamp"] = str(clock.now_ms)
    codes = []
    for types in (Types.LENIENT, Types.STRICT):
        operator = operator_at(Switches(types=types))
        response = await operator.post_raw(CREATE, json.dumps(body).encode())
        codes.append(response.json()["code"])

    assert codes == [lenient, strict]


@pytest.mark.parametrize(
    ("types", "given", "code"),
    [
        (Types.LENIENT, 7, "000000"),
        (Types.STRICT, 7, "G20014"),
        (Types.STRICT, "7", "000000"),
    ],
)
async def test_request_id_of_another_type_has_a_code_of_its_own(
    operator_at: OperatorAt, types: Types, given: object, code: str
) -> None:
    operator = operator_at(Switches(types=types))
    order = {"mirrorLinkId": "1450411129215791001", "operationType": "2", "network": "ETH"}
    order |= {"coinSymbol": "USDT", "amount": "5"}

    response = await operator.post("/open-api/v1/mirror/asset/settle", **order, requestId=given)

    assert response.json()["code"] == code


async def test_client_sends_the_types_of_the_description(
    make_sandbox: MakeSandbox, world: World, clock: SteppedClock
) -> None:
    sandbox = make_sandbox(replace(world, switches=Switches(types=Types.STRICT)))

    async with client_in_process(sandbox, clock) as caller:
        told = [
            await caller.write(),
            await caller.write(
                "subwallet.transfer.create",
                "2",
                fromWalletId="306718327844294702",
                toWalletId="306718327844294657",
            ),
        ]

    assert [each.code for each in told] == ["000000", "000000"]


@pytest.mark.parametrize(
    ("mode", "status"), [(HttpStatusMode.OK, 200), (HttpStatusMode.MAPPED, 429)]
)
async def test_key_has_so_many_requests_a_second(
    make_sandbox: MakeSandbox,
    caller_of: CallerOf,
    world: World,
    clock: SteppedClock,
    mode: HttpStatusMode,
    status: int,
) -> None:
    sandbox = make_sandbox(replace(world, switches=Switches(rate_limit=2, http_status=mode)))
    operator, reader = caller_of(sandbox, "operator"), caller_of(sandbox, "reader")

    codes = []
    for wait_s in (0, 0, 0, 0, 0.999, 0.001, 0, 0):
        clock.step(wait_s)
        response = await operator.get(LINKS)
        codes.append(response.json()["code"])
    other = await reader.get(LINKS)

    ok, limited = "000000", "G20012"
    assert codes == [ok, ok, limited, limited, limited, ok, ok, limited]
    assert response.status_code == status
    data_of(other)


async def test_requests_that_nobody_signed_use_up_no_rate(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    sandbox = make_sandbox(replace(world, switches=Switches(rate_limit=1)))
    operator = caller_of(sandbox, "operator")
    headers = operator.sign(b"something else")

    for _ in range(3):
        assert code_of(await operator.http.get(f"{LINKS}?a=1", headers=headers)) == "G20009"

    data_of(await operator.get(LINKS))


async def test_rows_come_newest_first(operator_at: OperatorAt, clock: SteppedClock) -> None:
    operator = operator_at(Switches(row_order=RowOrder.NEWEST_FIRST, total_page=TotalPage.ZERO))
    for number in (1, 2, 3):
        data_of(await operator.post(CREATE, **ORDER, requestId=str(number)))

    times = {"startTime": clock.now_ms - 1, "endTime": clock.now_ms + 1}
    pages = [
        data_of(await operator.get(ORDERS, mirrorXLinkId=7127, pageNo=n, pageLimit=2, **times))
        for n in (1, 2)
    ]

    ids = [row["orderViewId"] for page in pages for row in page["data"]]
    assert ids == sorted(ids, reverse=True)
    assert [page["totalPage"] for page in pages] == [0, 0]


@pytest.mark.parametrize(
    ("end", "code"), [(RangeEnd.EXCLUSIVE, "G20026"), (RangeEnd.INCLUSIVE, "000000")]
)
async def test_range_may_be_as_long_as_its_bound_or_not(
    operator_at: OperatorAt, clock: SteppedClock, end: RangeEnd, code: str
) -> None:
    operator = operator_at(Switches(range_end=end))
    times = {"startTime": clock.now_ms - 30 * DAY_MS, "endTime": clock.now_ms}
    longer = {**times, "startTime": times["startTime"] - 1}

    page = {"mirrorXLinkId": 7127, "pageNo": 1, "pageLimit": 2}
    answers = [(await operator.get(ORDERS, **page, **each)).json() for each in (times, longer)]

    assert [answer["code"] for answer in answers] == [code, "G20026"]


async def test_request_id_has_a_length(operator_at: OperatorAt) -> None:
    operator = operator_at(Switches(request_id_length=50))

    codes = [
        (await operator.post(CREATE, **ORDER, requestId="7" * length)).json()["code"]
        for length in (50, 51)
    ]

    assert codes == ["000000", "G20014"]


async def test_page_has_the_worlds_size_if_the_request_does_not_say(
    operator_at: OperatorAt,
) -> None:
    operator = operator_at(Switches(page_limit_default=1))

    page = data_of(await operator.get("/open-api/v1/wallet/list"))

    assert (len(page["data"]), page["pageLimit"]) == (1, 1)


async def test_message_of_success_is_the_worlds(operator_at: OperatorAt) -> None:
    operator = operator_at(Switches(success_message="global.success"))

    answer = (await operator.get(LINKS)).json()

    assert (answer["code"], answer["message"]) == ("000000", "global.success")
