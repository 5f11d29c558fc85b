"""Hostile answers to the whole client over real sockets: a clean error, the right cause, a cap."""

import asyncio
import json
import traceback
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from runner.catalogue.api import Api
from runner.client.client import Client
from runner.client.keys import KeySigner
from runner.client.rate import RateWindow
from runner.client.transport import HttpTransport, Limits, Timeouts
from runner.core.clock import SystemClock
from runner.core.errors import NotSent, OutcomeUnknown, RemoteError, ReplyRefused
from tests.client.fakes import API_KEY, Handler, http, read_request, serving

STATUS = {"bizType": 10, "walletType": 20}
SETTLE = (
    '{"amount":"1.5","coinSymbol":"USDT","mirrorLinkId":"33","network":"ETH",'
    '"operationType":"2","requestId":"77"}'
)
TYPE = "Content-Type: application/json\r\n"
GIGABYTE = 1_000_000_000
NORMAL = b'{"data":{"status":0,"message":"Normal"},"code":"000000","message":"Success"}'
DONE = b'{"data":{"recordId":"1","status":0,"requestId":"77"},"code":"000000","message":"Success"}'


@dataclass
class Server:
    """Answers every request with some bytes and keeps what it was sent."""

    answer: bytes
    seen: list[bytes] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            self.seen.append(await read_request(reader))
            writer.write(self.answer)
            await writer.drain()


class Caller:
    """Makes a read and a write against a server."""

    def __init__(self, api: Api, signer: KeySigner) -> None:
        self._api = api
        self._signer = signer
        self.timeouts = Timeouts(slot_s=0.5, connect_s=0.5, read_s=0.4, write_s=0.5, total_s=0.8)

    @asynccontextmanager
    async def client(self, port: int) -> AsyncIterator[Client]:
        clock = SystemClock()
        limits = Limits(pools=1, connections=1)
        address = f"http://127.0.0.1:{port}"
        async with HttpTransport(address, timeouts=self.timeouts, limits=limits) as wire:
            rate = RateWindow(count=1_000, clock=clock)
            yield Client(self._api, wire, self._signer, clock, rate=rate)

    async def errors(self, handler: Handler) -> list[RemoteError]:
        """Return what a read and a write on one connection at most end with."""
        async with serving(handler) as port, self.client(port) as client:
            caught = []
            for call in (read, write):
                with pytest.raises(RemoteError) as each:
                    await call(client)
                caught.append(each.value)
        return caught


async def read(client: Client) -> None:
    await client.call("system.status", STATUS)


async def write(client: Client) -> None:
    stamp_ms = await client.next_write_stamp()
    await client.send_write("mirror.asset.settle", SETTLE, timestamp_ms=stamp_ms)


@pytest.fixture
def caller(api: Api, signer: KeySigner) -> Caller:
    return Caller(api, signer)


def enveloped(data: str) -> bytes:
    return f'{{"data":{data},"code":"000000","message":"Success"}}'.encode()


REFUSED: dict[str, tuple[bytes, str]] = {
    "brackets": (http(b"[" * 100_000, headers=TYPE), "not strict JSON"),
    "nested lists": (
        http(enveloped("[" * 100_000 + "]" * 100_000), headers=TYPE), "not strict JSON",
    ),
    "nested objects": (
        http(enveloped('{"a":' * 100_000 + "1" + "}" * 100_000), headers=TYPE), "not strict JSON",
    ),
    "NaN": (http(enveloped('{"status":NaN}'), headers=TYPE), "not strict JSON"),
    "Infinity": (http(enveloped('{"status":-Infinity}'), headers=TYPE), "not strict JSON"),
    "a key twice": (http(enveloped('{"status":0,"status":1}'), headers=TYPE), "not strict JSON"),
    "two codes": (
        http(b'{"data":{},"code":"G20002","code":"000000"}', headers=TYPE), "not strict JSON",
    ),
    "no UTF-8": (http(enveloped('"\\u0041').replace(b"\\u0041", b"\xff"), headers=TYPE), "strict"),
    "UTF-16": (http(NORMAL.decode().encode("utf-16"), headers=TYPE), "not strict JSON"),
    "HTML": (http(b"<html>502</html>", headers="Content-Type: text/html\r\n"), "content type"),
    "HTML as JSON": (http(b"<html>502</html>", headers=TYPE), "not strict JSON"),
    "JSON as HTML": (http(NORMAL, headers="Content-Type: text/html\r\n"), "content type"),
    "a file": (http(NORMAL, headers="Content-Type: application/octet-stream\r\n"), "content type"),
    "JSON in name": (http(NORMAL, headers="Content-Type: application/jsonp\r\n"), "content type"),
    "gzip": (http(b"\x1f\x8b", headers=TYPE + "Content-Encoding: gzip\r\n"), "compressed"),
    "nothing": (http(b"", headers=TYPE), "an empty answer"),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", "an empty answer"),
    "a long number": (http(enveloped("9" * 100_000), headers=TYPE), "is not an object"),
    "a success that is none": (
        http(NORMAL, status="500 Oops", headers=TYPE), "under a status that is none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
async def test_answer_that_is_none_is_refused_and_quoted_nowhere(caller: Caller, case: str) -> None:
    answer, words = REFUSED[case]

    of_read, of_write = await caller.errors(Server(answer))

    for error in (of_read, of_write):
        assert type(error) is ReplyRefused
        assert words in error.reason
        assert API_KEY not in "".join(traceback.format_exception(error))
        assert len(str(error)) < 200
    assert of_write.request_id == "77"


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json;charset=UTF-8",
        "Application/JSON ; charset=utf-8",
        "application/vnd.ceffu.v1+json",
        "text/plain;charset=UTF-8",
        "",
    ],
)
async def test_content_type_that_json_travels_under_is_taken(
    caller: Caller, content_type: str
) -> None:
    headers = f"Content-Type: {content_type}\r\n" if content_type else ""
    async with (
        serving(Server(http(NORMAL, headers=headers))) as port,
        caller.client(port) as client,
    ):
        await read(client)


async def test_gigabyte_is_cut_at_the_cap_and_never_held(caller: Caller) -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_request(reader)
        writer.write(f"HTTP/1.1 200 OK\r\n{TYPE}Content-Length: {GIGABYTE}\r\n\r\n".encode())
        while sent < GIGABYTE:
            writer.write(b" " * 65_536)
            sent += 65_536
            await writer.drain()

    caller.timeouts = Timeouts()
    tracemalloc.start()
    try:
        caught = await caller.errors(flood)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert [type(error) for error in caught] == [ReplyRefused, ReplyRefused]
    assert sent < 2 * 32 * 1024 * 1024
    assert most < 4 * Limits().body_bytes_max


async def test_slow_drip_ends_at_the_total_time(caller: Caller) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(f"HTTP/1.1 200 OK\r\n{TYPE}Content-Length: {len(NORMAL)}\r\n\r\n".encode())
        for at in range(len(NORMAL)):
            writer.write(NORMAL[at : at + 1])
            await writer.drain()
            await asyncio.sleep(0.05)

    caught = await caller.errors(drip)

    for error in caught:
        assert type(error) is OutcomeUnknown
        assert error.reason == "no complete answer within 0.8 s"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_to_another_port_carries_nothing_signed_there(
    caller: Caller, status: int
) -> None:
    elsewhere = Server(http(DONE, headers=TYPE))

    async with serving(elsewhere) as other:
        location = f"Location: http://127.0.0.1:{other}/open-api/v1/stolen\r\n{TYPE}"
        here = Server(http(NORMAL, status=f"{status} Moved", headers=location))
        caught = await caller.errors(here)

    assert [type(error) for error in caught] == [ReplyRefused, ReplyRefused]
    assert all("redirect" in error.reason for error in caught)
    assert (len(here.seen), elsewhere.seen) == (2, [])


async def test_cookies_are_set_and_never_sent_back(caller: Caller) -> None:
    cookie = f"Set-Cookie: id=canary; Path=/\r\nSet-Cookie2: a=b\r\n{TYPE}"
    server = Server(http(NORMAL, headers=cookie))

    async with serving(server) as port, caller.client(port) as client:
        for _ in range(3):
            await read(client)

    assert len(server.seen) == 3
    assert not any(b"cookie" in request.lower() for request in server.seen)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
async def test_proxy_of_the_environment_is_not_asked(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    proxy = Server(http(NORMAL, headers=TYPE))
    server = Server(http(NORMAL, headers=TYPE))

    async with serving(proxy) as trap, serving(server) as port:
        monkeypatch.setenv(name, f"http://127.0.0.1:{trap}")
        async with caller.client(port) as client:
            await read(client)

    assert (len(server.seen), proxy.seen) == (1, [])


async def test_nobody_listening_is_not_sent(caller: Caller) -> None:
    async with serving(Server(b"")) as port:
        pass

    async with caller.client(port) as client:
        for call in (read, write):
            with pytest.raises(NotSent):
                await call(client)


async def test_client_works_again_after_every_hostile_answer(caller: Caller) -> None:
    """One connection in all: a refusal that lost it would be the last call of the client."""
    answers = iter([*(answer for answer, _ in REFUSED.values()), http(NORMAL, headers=TYPE)])

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            writer.write(next(answers))
            await writer.drain()

    async with serving(handler) as port, caller.client(port) as client:
        for _ in REFUSED:
            with pytest.raises(ReplyRefused):
                await read(client)
        await read(client)


async def test_write_is_believed_only_with_its_own_request_id(caller: Caller) -> None:
    other = json.loads(DONE)
    other["data"]["requestId"] = "78"

    async with (
        serving(Server(http(json.dumps(other).encode(), headers=TYPE))) as port,
        caller.client(port) as client,
    ):
        with pytest.raises(ReplyRefused, match="another requestId"):
            await write(client)
