import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from runner.catalogue.api import Api
from runner.catalogue.load import load_api
from runner.sandbox.directory import Sandbox
from runner.sandbox.operations import HANDLERS
from runner.sandbox.service import BODY_BYTES_MAX
from runner.sandbox.switches import HttpStatusMode, Switches
from runner.sandbox.world import World
from tests.sandbox.conftest import CallerOf, MakeSandbox
from tests.sandbox.signed_caller import Caller, SteppedClock, code_of, data_of, http_for

CREATE = "/open-api/v1/mirrorX/order"
LINKS = "/open-api/v1/mirrorX/mirrorXLinkId/list"
ORDER: dict[str, Any] = {
    "mirrorXLinkId": 7127,
    "orderType": 10,
    "coinSymbol": "USDT",
    "amount": "5",
}


@pytest.fixture(scope="session")
def api() -> Api:
    return load_api()


def test_every_operation_served_is_one_of_the_catalogue(api: Api) -> None:
    assert set(HANDLERS) <= set(api.operations)


async def test_answer_carries_the_headers(reader: Caller) -> None:
    first = await reader.get(LINKS)
    second = await reader.get(LINKS)

    assert first.headers["x-ceffu-sandbox"] == "test"
    assert first.headers["content-type"] == "application/json"
    assert first.headers["date"] == "Sun, 22 Nov 2026 10:00:00 GMT"
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_refusal_says_why_in_a_header(reader: Caller) -> None:
    response = await reader.get(LINKS, pageNo=0)

    assert code_of(response) == "G20005"
    assert response.headers["x-ceffu-sandbox-detail"] == "pageNo is below 1"
    assert response.headers["x-ceffu-sandbox"] == "test"


async def test_request_without_credentials_is_refused(sandbox: Sandbox) -> None:
    response = await http_for(sandbox.app).get(LINKS)

    assert code_of(response) == "G20008"
    assert response.json()["message"] == "Missing API Key or Signature"


async def test_key_of_another_sandbox_is_refused(reader: Caller) -> None:
    reader.key = replace(reader.key, api_key="sandbox-of-somebody-else")

    assert code_of(await reader.get(LINKS)) == "G20010"


async def test_changed_query_is_refused(reader: Caller) -> None:
    query = f"pageNo=1&timestamp={reader.clock.now_ms}"
    headers = reader.sign(query.encode())

    # The order of parameters is part of what is signed.
    response = await reader.http.get(
        f"{LINKS}?timestamp={reader.clock.now_ms}&pageNo=1", headers=headers
    )

    assert code_of(response) == "G20009"


async def test_signature_of_another_key_is_refused(reader: Caller, operator: Caller) -> None:
    reader.key = operator.key

    assert code_of(await reader.get(LINKS)) == "G20009"


async def test_body_with_one_blank_more_is_refused(operator: Caller, sandbox: Sandbox) -> None:
    body = json.dumps(ORDER | {"requestId": "1", "timestamp": operator.clock.now_ms}).encode()

    response = await operator.http.post(CREATE, content=body + b" ", headers=operator.sign(body))

    assert code_of(response) == "G20009"
    assert sandbox.ledger.orders() == ()


@pytest.mark.parametrize(
    ("seconds", "code"), [(60.001, "G20007"), (-60.001, "G20007"), (60, "000000"), (-60, "000000")]
)
async def test_timestamp_counts_by_the_sandboxs_clock(
    reader: Caller, clock: SteppedClock, seconds: float, code: str
) -> None:
    query = f"timestamp={clock.now_ms}"
    clock.step(seconds)

    assert (await reader.get_raw(LINKS, query)).json()["code"] == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "G20006"),
        ("pageNo=1", "G20006"),
        ("timestamp=", "G20006"),
        ("timestamp=now", "G20005"),
        ("timestamp", "G20023"),
        ("timestamp=1&timestamp=2", "G20023"),
        ("timestamp=%ff", "G20023"),
        ("&".join(f"a{n}=1" for n in range(200)), "G20023"),
    ],
)
async def test_query_that_says_no_moment_is_refused(reader: Caller, query: str, code: str) -> None:
    assert code_of(await reader.get_raw(LINKS, query)) == code


async def test_key_without_permission_is_refused(reader: Caller, sandbox: Sandbox) -> None:
    assert code_of(await reader.post(CREATE, **ORDER, requestId="1")) == "G20016"
    assert sandbox.ledger.orders() == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b"[" * 5000,
        b'{"a":1} {"b":2}',
    ],
)
async def test_body_that_is_not_strict_json_is_refused(operator: Caller, body: bytes) -> None:
    assert code_of(await operator.post_raw(CREATE, body)) == "G20023"


async def test_large_body_is_refused(operator: Caller, sandbox: Sandbox) -> None:
    body = json.dumps(ORDER | {"requestId": "1", "pad": "x" * BODY_BYTES_MAX}).encode()

    response = await operator.post_raw(CREATE, body)

    assert (response.status_code, code_of(response)) == (413, "G20023")
    assert [request.code for request in sandbox.ledger.requests()] == ["G20023"]


async def test_unknown_path_is_not_found(reader: Caller, sandbox: Sandbox) -> None:
    response = await reader.get("/open-api/v1/nothing/here")

    assert (response.status_code, code_of(response)) == (404, "G20002")
    assert response.headers["x-ceffu-sandbox"] == "test"
    (logged,) = sandbox.ledger.requests()
    assert (logged.path, logged.operation, logged.signed) == ("/open-api/v1/nothing/here", "", None)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", LINKS, "GET"), ("GET", CREATE, "POST"), ("HEAD", LINKS, "GET")],
)
async def test_other_method_is_not_allowed(
    reader: Caller, method: str, path: str, allowed: str
) -> None:
    response = await reader.http.request(method, path)

    assert response.status_code == 405
    assert response.headers["allow"] == allowed


async def test_parameters_of_other_tools_are_ignored(operator: Caller, reader: Caller) -> None:
    data_of(await reader.get(LINKS, requestId=123, recvWindow=5))
    data_of(await operator.post(CREATE, **ORDER, requestId="1", note="from a colleague"))


async def test_duplicate_is_refused_and_executes_nothing(
    operator: Caller, sandbox: Sandbox, clock: SteppedClock
) -> None:
    data_of(await operator.post(CREATE, **ORDER, requestId=17))
    clock.step(3600)

    other = ORDER | {"amount": "6", "mirrorXLinkId": "7128"}
    assert code_of(await operator.post(CREATE, **ORDER, requestId="17")) == "G20015"
    assert code_of(await operator.post(CREATE, **other, requestId="17")) == "G20015"

    assert len(sandbox.ledger.orders()) == 1
    assert [r.duplicate for r in sandbox.ledger.requests()] == [False, True, True]
    assert sandbox.ledger.check() == ()


async def test_duplicate_is_found_across_operations(operator: Caller, sandbox: Sandbox) -> None:
    await operator.post(CREATE, **ORDER, requestId="17")

    response = await operator.post(
        "/open-api/v1/mirror/asset/apply",
        mirrorLinkId="1450411129215791001",
        coinSymbol="USDT",
        network="ETH",
        amount="1",
        requestId="17",
    )

    assert code_of(response) == "G20015"
    assert len(sandbox.ledger.orders()) == 1


async def test_refused_write_does_not_use_up_its_request_id(
    operator: Caller, sandbox: Sandbox
) -> None:
    assert (
        code_of(await operator.post(CREATE, **ORDER | {"amount": "0"}, requestId="1")) == "G20022"
    )

    data_of(await operator.post(CREATE, **ORDER, requestId="1"))

    assert len(sandbox.ledger.orders()) == 1


async def test_request_log_holds_every_request_in_order(
    operator: Caller, reader: Caller, sandbox: Sandbox, clock: SteppedClock
) -> None:
    accepted = data_of(await operator.post(CREATE, **ORDER, requestId="1"))
    clock.step(1)
    await operator.post(CREATE, **ORDER, requestId="1")
    await reader.post(CREATE, **ORDER, requestId="2")
    await reader.get(LINKS)
    await http_for(sandbox.app).get(LINKS)

    log = sandbox.ledger.requests()

    assert [
        (r.number, r.method, r.operation, r.key_name, r.signed, r.code, r.request_id, r.order_id)
        for r in log
    ] == [
        (
            *(1, "POST", "mirrorx.order.create", "operator", True, "000000", "1"),
            accepted["orderViewId"],
        ),
        (2, "POST", "mirrorx.order.create", "operator", True, "G20015", "1", ""),
        (3, "POST", "mirrorx.order.create", "reader", True, "G20016", "2", ""),
        (4, "GET", "mirrorx.link.list", "reader", True, "000000", "", ""),
        (5, "GET", "mirrorx.link.list", "", None, "G20008", "", ""),
    ]
    assert [r.at_ms for r in log] == [clock.now_ms - 1000, *[clock.now_ms] * 4]


@pytest.mark.parametrize(
    ("parameters", "status"),
    [({"pageNo": 0}, 400), ({"timestamp": 1}, 401), ({"timestamp": ""}, 400), ({}, 200)],
)
async def test_http_status_is_mapped_where_the_world_says_so(
    make_sandbox: MakeSandbox,
    caller_of: CallerOf,
    world: World,
    parameters: Mapping[str, object],
    status: int,
) -> None:
    switches = Switches(http_status=HttpStatusMode.MAPPED)
    reader = caller_of(make_sandbox(replace(world, switches=switches)), "reader")

    assert (await reader.get(LINKS, **parameters)).status_code == status


async def test_http_status_is_always_200_otherwise(reader: Caller) -> None:
    assert (await reader.get(LINKS, timestamp=1)).status_code == 200


class HeldClock(SteppedClock):
    """A clock whose sleeps end when the test lets them."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = asyncio.Event()
        self.let_go = asyncio.Event()

    async def sleep(self, delay_s: float) -> None:
        self.slept_s.append(delay_s)
        self.asleep.set()
        await self.let_go.wait()
        self.step(delay_s)


class TestReplyDelay:
    @pytest.fixture
    def clock(self) -> HeldClock:
        return HeldClock()

    async def test_answer_is_held_back_after_the_commit(
        self, make_sandbox: MakeSandbox, caller_of: CallerOf, world: World, clock: HeldClock
    ) -> None:
        switches = Switches(reply_delay_ms={"mirrorx.order.create": 1500})
        sandbox = make_sandbox(replace(world, switches=switches))
        operator = caller_of(sandbox, "operator")

        sending = asyncio.ensure_future(operator.post(CREATE, **ORDER, requestId="1"))
        await clock.asleep.wait()

        assert not sending.done()
        assert [order.request_id for order in sandbox.ledger.orders()] == ["1"]
        assert sandbox.ledger.requests()[0].code == "000000"
        # Other operations answer meanwhile.
        data_of(await operator.get(LINKS))

        began = clock.moment
        clock.let_go.set()
        data_of(await sending)
        assert round((clock.moment - began).total_seconds(), 6) == 1.5


async def test_code_the_documentation_does_not_know_has_a_message(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    switches = Switches(insufficient_balance_code="G29999")
    operator = caller_of(make_sandbox(replace(world, switches=switches)), "operator")

    response = await operator.post(CREATE, **ORDER | {"amount": "99999999"}, requestId="1")

    assert response.json() == {"data": None, "code": "G29999", "message": "Unknown error"}
