import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator
from time import monotonic

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from runner.core.errors import SettingsInvalid
from runner.sandbox.directory import Sandbox
from runner.sandbox.server import serve
from tests.sandbox.signed_caller import Caller, SteppedClock, data_of

LINKS = "/open-api/v1/mirrorX/mirrorXLinkId/list"
CREATE = "/open-api/v1/mirrorX/order"


@pytest.fixture
async def base_url(sandbox: Sandbox) -> AsyncIterator[str]:
    async with serve(sandbox.app) as url:
        yield url


async def test_requests_are_answered_over_a_socket(
    sandbox: Sandbox, clock: SteppedClock, base_url: str
) -> None:
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as http:
        operator = Caller(sandbox.keys["operator"], clock, http)
        order = {"mirrorXLinkId": 7127, "orderType": 10, "coinSymbol": "USDT", "amount": "5"}
        data_of(await operator.post(CREATE, **order, requestId="1"))
        response = await operator.get(LINKS)

    assert len(data_of(response)["data"]) == 2
    assert response.headers["date"] == "Sun, 22 Nov 2026 10:00:00 GMT"
    assert response.headers.get_list("date") == ["Sun, 22 Nov 2026 10:00:00 GMT"]
    assert "server" not in response.headers
    assert [request.code for request in sandbox.ledger.requests()] == ["000000", "000000"]


async def test_port_is_free_and_on_loopback(base_url: str) -> None:
    url = httpx.URL(base_url)

    assert url.host == "127.0.0.1"
    assert url.port is not None
    assert url.port > 1023


async def test_two_servers_run_beside_each_other(sandbox: Sandbox) -> None:
    async with serve(sandbox.app) as one, serve(sandbox.app) as other:
        assert one != other


async def test_client_that_goes_away_in_mid_body_is_not_logged(
    sandbox: Sandbox, base_url: str
) -> None:
    url = httpx.URL(base_url)
    _, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(f"POST {CREATE} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{{".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as http:
        await http.get("/open-api/v1/nothing")

    assert [request.path for request in sandbox.ledger.requests()] == ["/open-api/v1/nothing"]


async def test_shutdown_is_quick_and_closes_idle_connections(sandbox: Sandbox) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        async with serve(sandbox.app) as base_url:
            await http.get(f"{base_url}/open-api/v1/nothing")
            started = monotonic()
        took_s = monotonic() - started

        with pytest.raises(httpx.ConnectError):
            await http.get(f"{base_url}/open-api/v1/nothing")

    assert took_s < 0.09


async def _answer_when(release: asyncio.Event, scope: Scope, send: Send) -> None:
    await release.wait()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})


async def test_request_being_answered_is_finished_at_the_end() -> None:
    entered, release = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await _answer_when(release, scope, send)

    async with httpx.AsyncClient(trust_env=False) as http:
        async with serve(app) as base_url:
            asking = asyncio.ensure_future(http.get(base_url))
            await entered.wait()
            asyncio.get_running_loop().call_soon(release.set)

        assert (await asking).text == "done"


async def test_request_that_takes_too_long_is_cut_off_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    entered, never = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await _answer_when(never, scope, send)

    async with httpx.AsyncClient(trust_env=False) as http:
        async with serve(app, grace_s=0) as base_url:
            asking = asyncio.ensure_future(http.get(base_url))
            await entered.wait()

        with pytest.raises(httpx.TransportError):
            await asking
    assert [record.levelname for record in caplog.records if "uvicorn" in record.name] == []


async def test_signals_and_logs_stay_the_callers(sandbox: Sandbox) -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    async with serve(sandbox.app):
        inside = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    assert inside == handlers
    assert logging.getLogger("uvicorn.access").handlers == []
    assert logging.getLogger("uvicorn").handlers == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "localhost", "example.com"])  # noqa: S104 - refused
async def test_address_that_is_not_loopback_is_refused(sandbox: Sandbox, host: str) -> None:
    with pytest.raises(SettingsInvalid):
        async with serve(sandbox.app, host=host):
            pass


async def test_port_that_is_taken_is_refused_in_words(sandbox: Sandbox) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingsInvalid, match="cannot listen on"):
            async with serve(sandbox.app, port=taken.getsockname()[1]):
                pass
