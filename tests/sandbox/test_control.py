"""The control endpoint: a port and a token of its own, and everything a steward can do."""

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from runner.sandbox.clock import ClockMode, ClockStart
from runner.sandbox.control import TOKEN_FILE, build_control, serve_control
from runner.sandbox.directory import Sandbox
from runner.sandbox.server import serve
from runner.sandbox.steward import Steward
from runner.sandbox.world import World
from tests.sandbox.client_caller import CREATE, client_in_process, client_over_socket, faulty
from tests.sandbox.conftest import CallerOf, MakeSandbox
from tests.sandbox.signed_caller import Caller, SteppedClock, data_of, http_for

TOKEN = "a token"
LINKS = "/open-api/v1/mirrorX/mirrorXLinkId/list"


@asynccontextmanager
async def control_of(sandbox: Sandbox, token: str = TOKEN) -> AsyncIterator[httpx.AsyncClient]:
    app = build_control(Steward(sandbox=sandbox), TOKEN)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://control",
        headers={"authorization": f"Bearer {token}"},
    ) as http:
        yield http


async def asked(http: httpx.AsyncClient, path: str, body: object = None) -> Any:  # noqa: ANN401
    response = await (http.get(path) if body is None else http.post(path, json=body))
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer other", "Basic a token", TOKEN])
@pytest.mark.parametrize("path", ["/state", "/clock", "/nothing", "/faults/1"])
async def test_nobody_enters_without_the_token(sandbox: Sandbox, path: str, given: str) -> None:
    http = http_for(build_control(Steward(sandbox=sandbox), TOKEN))

    response = await http.get(path, headers={"authorization": given})

    assert response.status_code == 401
    assert "world" not in response.text


async def test_endpoint_has_a_port_and_a_token_file_of_its_own(sandbox: Sandbox) -> None:
    async with (
        serve(sandbox.app) as api,
        serve_control(sandbox) as control,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        path = sandbox.folder / TOKEN_FILE
        token = path.read_text("ascii").strip()
        headers = {"authorization": f"Bearer {token}"}
        inside = await http.get(f"{control}/state", headers=headers)
        through_the_api = await http.get(f"{api}/state", headers=headers)
        mode = stat.S_IMODE(path.stat().st_mode)

    assert control.startswith("http://127.0.0.1:")
    assert inside.json()["name"] == sandbox.name
    assert (through_the_api.status_code, through_the_api.json()["code"]) == (404, "G20002")
    assert mode == 0o600
    assert len(token) > 40
    assert not path.exists()


async def test_token_of_a_second_server_is_left_alone(sandbox: Sandbox) -> None:
    async with serve_control(sandbox):
        async with serve_control(sandbox):
            pass
        assert not (sandbox.folder / TOKEN_FILE).exists()
    async with serve_control(sandbox):
        (sandbox.folder / TOKEN_FILE).write_text("another")
    assert (sandbox.folder / TOKEN_FILE).read_text() == "another"


async def test_clock_is_stepped(make_sandbox: MakeSandbox, world: World) -> None:
    sandbox = make_sandbox(replace(world, clock=ClockStart(mode=ClockMode.STEPPED)))

    async with control_of(sandbox) as http:
        first = await asked(http, "/clock", {"advance": "1h"})
        second = await asked(http, "/clock", {"mode": "scaled", "factor": "60"})
        last = await asked(http, "/clock")

    assert first == {"mode": "stepped", "now": "2026-11-22T11:00:00.000Z"}
    assert second == last == {"mode": "scaled", "now": first["now"], "factor": "60"}


async def test_fault_is_made_listed_played_and_removed(
    sandbox: Sandbox, clock: SteppedClock
) -> None:
    async with control_of(sandbox) as http:
        made = await asked(http, "/faults", faulty("lost_reply", calls="always"))
        async with client_in_process(sandbox, clock) as caller:
            told = await caller.write()
        listed = await asked(http, "/faults")
        removed = (await http.delete("/faults/1")).json()
        again = await http.delete("/faults/1")
        left = await asked(http, "/faults")

    assert made == {
        "number": 1,
        "kind": "lost_reply",
        "operation": CREATE,
        "call": 1,
        "calls": "always",
        "when": "after",
        "seen": 0,
        "played": 0,
        "spent": False,
    }
    assert told.kind == "OutcomeUnknown"
    assert listed == [removed] == [{**made, "seen": 1, "played": 1}]
    assert (again.status_code, left) == (400, [])


async def test_deposit_portal_and_settlement(sandbox: Sandbox, clock: SteppedClock) -> None:
    deposit = {"coin": "USDT", "network": "ETH", "amount": "250", "wallet": "acme/prime-01"}
    parameters = {
        "mirrorXLinkId": "acme/arb-01",
        "orderType": "10",
        "coinSymbol": "USDT",
        "amount": 5,
    }
    settlement = {"link": "acme/arb-01", "coin": "USDT", "result": "-12.5"}

    async with control_of(sandbox) as http:
        arrived = await asked(http, "/deposits", deposit)
        placed = await asked(http, "/portal", {"operation": CREATE, "parameters": parameters})
        settled = await asked(http, "/settlements", settlement)
        clock.step(3600)
        orders = await asked(http, "/orders")
        state = await asked(http, "/state")
        check = await asked(http, "/check")
        balances = await asked(http, "/balances")

    assert [order["id"] for order in orders] == [arrived["id"], placed["id"], settled["id"]]
    assert [order["amount"] for order in orders] == ["250", "5", "12.5"]
    assert {(order["key"], order["request_id"]) for order in orders} == {("", "")}
    assert state["open_orders"] == []
    assert check == []
    held = {(b["account"], b["owner"], b["coin"]): b["amount"] for b in balances}
    assert held["custody", "306718327844294657", "USDT"] == "2000232.5"


async def test_requests_show_faults_and_duplicates(sandbox: Sandbox, clock: SteppedClock) -> None:
    async with control_of(sandbox) as http:
        await asked(http, "/faults", faulty("duplicate_delivery"))
        async with client_over_socket(sandbox, clock) as caller:
            await caller.write()
        first, second = await asked(http, "/requests")

    assert (first["code"], first["duplicate"], first["signed"]) == ("000000", False, True)
    assert (second["code"], second["duplicate"]) == ("G20015", True)
    assert first["fault"] == "duplicate_delivery answer=first"


async def test_added_key_works_at_once_and_after_a_restart(
    sandbox: Sandbox, make_sandbox: MakeSandbox, clock: SteppedClock, caller_of: CallerOf
) -> None:
    wanted = {"name": "late", "permissions": ["Enable Enquiry"], "ips": ["127.0.0.1"]}
    async with control_of(sandbox) as http:
        made = await asked(http, "/keys", wanted)
        listed = (await asked(http, "/state"))["keys"]
        twice = await http.post("/keys", json=wanted)

    second = make_sandbox(sandbox.world)
    for served in (sandbox, second):
        late = Caller(second.keys["late"], clock, http_for(served.app))
        assert len(data_of(await late.get(LINKS))["data"]) == 2
    assert sorted(made) == ["api_key_file", "name", "permissions", "private_key_file"]
    assert [key["name"] for key in listed] == ["reader", "operator", "late"]
    assert twice.status_code == 400
    assert "stands here twice" in twice.json()["error"]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/clock", {}, "nothing is asked of the clock"),
        ("/clock", {"advance": "soon"}, "advance: 'soon' is not a duration"),
        ("/clock", {"set": "now"}, "set: "),
        ("/clock", {"set": "2020-01-01T00:00:00Z"}, "cannot be set back"),
        ("/clock", {"step": "1h"}, "step: unknown key"),
        ("/faults", {"kind": "stranger", "key": "nobody"}, "no key 'nobody'"),
        ("/faults", [], "no JSON object"),
        ("/deposits", {"coin": "USDT"}, "network: a text is needed"),
        (
            "/deposits",
            {"coin": "USDT", "network": "ETH", "amount": "1", "wallet": "acme/none"},
            "acme/none",
        ),
        ("/portal", {"operation": "wallet.create"}, "it was refused with G20002"),
        (
            "/settlements",
            {"link": "acme/none", "coin": "USDT", "result": "1"},
            "it was refused with G20029",
        ),
        ("/settlements", {"link": "acme/arb-01", "coin": "USDT", "result": "x"}, "result: "),
        ("/keys", {"name": "x", "permissions": ["All"]}, "no permission group 'All'"),
        ("/keys", {"name": "x", "permissions": [], "wallets": ["acme/none"]}, "acme/none"),
    ],
)
async def test_what_cannot_be_is_refused_in_words_and_changes_nothing(
    sandbox: Sandbox, path: str, body: object, words: str
) -> None:
    async with control_of(sandbox) as http:
        before = await asked(http, "/state")
        response = await http.post(path, json=body)
        after = await asked(http, "/state")

    assert response.status_code == 400
    assert words in response.json()["error"]
    assert after == before


async def test_body_that_is_no_json_or_too_large_is_refused(sandbox: Sandbox) -> None:
    async with control_of(sandbox) as http:
        broken = await http.post("/faults", content=b"{")
        large = await http.post("/faults", content=b" " * 70_000)

    assert (broken.status_code, large.status_code) == (400, 400)
    assert "no strict JSON" in broken.json()["error"]
    assert "above" in large.json()["error"]
