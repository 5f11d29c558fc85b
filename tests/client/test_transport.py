"""Errors, caps and connections over real sockets on loopback."""

import asyncio
import random
import socket
import ssl
import subprocess
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from runner.client.transport import HttpTransport, Limits, Timeouts
from runner.client.wire import RawReply, RawRequest
from runner.core.errors import NotSent, OutcomeUnknown, RemoteError, ReplyRefused, SettingsInvalid
from tests.client.fakes import Handler, http, read_request, serving

CANARY = "signature-canary-77aa"
GET = RawRequest(
    method="GET", path="/open-api/v1/thing", query="a=%20b&timestamp=1",
    headers=(("open-apikey", "key-canary-77aa"), ("signature", CANARY)),
)  # fmt: skip
POST = RawRequest(
    method="POST", path="/open-api/v1/thing", body=b'{"requestId":"77","timestamp":1}',
    headers=(("signature", CANARY), ("Content-Type", "application/json")), request_id="77",
)  # fmt: skip
SHORT = Timeouts(slot_s=0.2, connect_s=0.5, read_s=0.3, write_s=0.5, total_s=0.6)


def transport(
    port: int,
    timeouts: Timeouts = SHORT,
    *,
    pools: int = 2,
    connections: int = 2,
    body_bytes_max: int = 1_000_000,
) -> HttpTransport:
    limits = Limits(pools=pools, connections=connections, body_bytes_max=body_bytes_max)
    return HttpTransport(f"http://127.0.0.1:{port}", timeouts=timeouts, limits=limits)


def answering(*pieces: bytes | float) -> Handler:
    """Answer every request of a connection with these bytes, pausing where a number stands."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            for piece in pieces:
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                else:
                    writer.write(piece)
                    await writer.drain()

    return handler


def once(*pieces: bytes) -> Handler:
    """Answer one request, then close the connection."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for piece in pieces:
            writer.write(piece)
        await writer.drain()

    return handler


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.transport.abort()


async def drip_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def drip_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def endless_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()


async def failure(handler: Handler, *, body_bytes_max: int = 1_000_000) -> RemoteError:
    async with (
        serving(handler) as port,
        transport(port, body_bytes_max=body_bytes_max) as wire,
    ):
        with pytest.raises(RemoteError) as caught:
            await wire.send(POST)
    return caught.value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# What is sent


@pytest.mark.parametrize("request_", [GET, POST])
async def test_request_is_sent_as_it_was_signed(request_: RawRequest) -> None:
    seen: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(http(b"{}"))

    async with serving(handler) as port, transport(port) as wire:
        await wire.send(request_)

    head, _, body = seen[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    target = "/open-api/v1/thing?a=%20b&timestamp=1" if request_ is GET else "/open-api/v1/thing"
    assert lines[0] == f"{request_.method} {target} HTTP/1.1".encode()
    assert body == request_.body
    names = {line.split(b":")[0].lower() for line in lines[1:]}
    expected = {b"host", b"accept", b"accept-encoding", b"user-agent", b"signature"}
    extra = {b"open-apikey"} if request_ is GET else {b"content-type", b"content-length"}
    assert names == expected | extra
    assert b"Accept-Encoding: identity" in lines


async def test_reply_carries_status_body_and_the_headers_we_read() -> None:
    headers = (
        "Date: Sun, 22 Nov 2026 10:00:00 GMT\r\nContent-Type: application/json\r\n"
        "Retry-After: 7\r\nX-Request-Id: trace-1\r\nX-Other: no\r\n"
    )
    handler = answering(http(b'{"a":1}', status="429 Too Many", headers=headers))
    async with serving(handler) as port, transport(port) as wire:
        reply = await wire.send(GET)

    assert reply == RawReply(
        status=429,
        body=b'{"a":1}',
        date="Sun, 22 Nov 2026 10:00:00 GMT",
        content_type="application/json",
        retry_after="7",
        remote_request_id="trace-1",
    )


async def test_header_that_could_move_a_cursor_counts_as_absent() -> None:
    handler = answering(http(b"{}", headers="X-Request-Id: a\x9b2J\r\n"))
    async with serving(handler) as port, transport(port) as wire:
        assert (await wire.send(GET)).remote_request_id == ""


# Proven not sent


async def test_refused_connection_is_not_sent() -> None:
    async with transport(free_port()) as wire:
        with pytest.raises(NotSent, match=r"^\[requestId 77\] POST /open-api/v1/thing: no conn"):
            await wire.send(POST)


async def test_connection_that_is_never_accepted_is_not_sent() -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        # With a backlog of none, two waiting connections fill it and further ones hang.
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        async with transport(full.getsockname()[1]) as wire:
            with pytest.raises(NotSent, match="no connection in time"):
                await wire.send(POST)


async def test_server_that_speaks_no_tls_is_not_sent() -> None:
    seen: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(1000))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with (
        serving(handler) as port,
        HttpTransport(f"https://127.0.0.1:{port}", timeouts=SHORT) as wire,
    ):
        with pytest.raises(NotSent, match="no connection"):
            await wire.send(POST)

    assert CANARY.encode() not in b"".join(seen)


async def test_busy_client_gives_up_waiting_before_it_sends() -> None:
    async with (
        serving(answering(0.5, http(b"{}"))) as port,
        transport(port, Timeouts(slot_s=0.05), pools=1, connections=1) as wire,
    ):
        first = asyncio.ensure_future(wire.send(GET))
        await asyncio.sleep(0)
        with pytest.raises(NotSent, match="became free"):
            await wire.send(POST)
        assert (await first).status == 200


async def test_closed_client_sends_nothing() -> None:
    wire = transport(free_port())
    await wire.aclose()

    with pytest.raises(NotSent, match="closed"):
        await wire.send(POST)


# Sent, and nobody knows


UNKNOWN: dict[str, tuple[Handler, str]] = {
    "reset": (reset, "connection broke|broke off"),
    "closed without an answer": (once(), "broke off"),
    "half a head": (once(b"HTTP/1.1 200 OK\r\nContent-"), "broke off"),
    "half a body": (once(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"), "broke off"),
    "half a chunk": (
        once(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}"), "broke off",
    ),
    "not HTTP": (once(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "not HTTP"),
    "two lengths": (
        once(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), "not HTTP",
    ),
    "a head without end": (once(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000), "not HTTP|broke"),
    "silence": (answering(5.0), "no answer in time"),
    "a head that drips": (drip_head, "no complete answer within 0.6 s"),
    "a body that drips": (drip_body, "no complete answer within 0.6 s"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNKNOWN)
async def test_failure_after_the_first_byte_is_unknown(case: str) -> None:
    handler, words = UNKNOWN[case]

    error = await failure(handler)

    assert type(error) is OutcomeUnknown
    assert any(word in error.reason for word in words.split("|")), error.reason
    assert (error.request_id, error.method, error.status) == ("77", "POST", None)
    assert "canary" not in "".join(traceback.format_exception(error))


async def test_connection_that_the_server_closed_while_idle_is_not_reused() -> None:
    closed = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(http(b"{}"))
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        closed.set()

    async with serving(handler) as port, transport(port) as wire:
        for _ in range(3):
            assert (await wire.send(POST)).status == 200
            await closed.wait()
            closed.clear()


# Answers beyond the caps


async def test_body_larger_than_the_cap_is_refused() -> None:
    error = await failure(answering(http(b" " * 2_000)), body_bytes_max=1_999)

    assert type(error) is ReplyRefused
    assert error.reason == "an answer of more than 1999 bytes"
    assert error.status == 200


async def test_body_of_exactly_the_cap_is_read() -> None:
    async with (
        serving(answering(http(b" " * 2_000))) as port,
        transport(port, body_bytes_max=2_000) as wire,
    ):
        assert len((await wire.send(GET)).body) == 2_000


async def test_endless_body_is_cut_at_the_cap() -> None:
    error = await failure(endless_body, body_bytes_max=1_000_000)

    assert type(error) is ReplyRefused


async def test_compressed_body_is_refused_unread() -> None:
    bomb = http(b"\x1f\x8b" + b"\0" * 100, headers="Content-Encoding: gzip\r\n")

    error = await failure(answering(bomb))

    assert type(error) is ReplyRefused
    assert "compressed" in error.reason


async def test_connections_survive_every_refusal() -> None:
    """One connection in all, so a leak would show at once."""
    replies = [http(b" " * 50), http(b"x", headers="Content-Encoding: br\r\n"), http(b"{}")]
    count = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        while True:
            await read_request(reader)
            writer.write(replies[count % 3])
            count += 1

    async with (
        serving(handler) as port,
        transport(port, pools=1, connections=1, body_bytes_max=10) as wire,
    ):
        for _ in range(5):
            for _ in range(2):
                with pytest.raises(ReplyRefused):
                    await wire.send(GET)
            assert (await wire.send(GET)).body == b"{}"


async def test_connections_survive_the_time_cap() -> None:
    """The cap has to cancel, and cancelling costs a pool connections unless it is replaced."""
    chance = random.Random(20_261_122)
    slow = True

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            await asyncio.sleep(chance.random() * 0.01 if slow else 0)
            writer.write(http(b"{}"))

    timeouts = Timeouts(slot_s=5.0, total_s=0.005)
    async with serving(handler) as port, transport(port, timeouts, pools=1) as wire:

        async def is_answered() -> bool:
            try:
                return (await wire.send(GET)).body == b"{}"
            except OutcomeUnknown:
                return False

        async def ask() -> int:
            return sum([not await is_answered() for _ in range(80)])

        cut_off = sum(await asyncio.gather(ask(), ask(), ask()))
        slow = False
        looks = 0
        while not await is_answered():
            looks += 1
            assert looks < 200, "no connection is left"

    assert cut_off > 50


# Nothing follows, nothing is kept


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_not_followed(status: int) -> None:
    elsewhere: list[bytes] = []

    async def trap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        elsewhere.append(await reader.read(100))

    async with serving(trap) as other:
        location = f"Location: http://127.0.0.1:{other}/stolen\r\n"
        handler = answering(http(b"", status=f"{status} Moved", headers=location))
        async with serving(handler) as port, transport(port) as wire:
            reply = await wire.send(GET)

    assert reply.status == status
    assert elsewhere == []


async def test_cookie_is_not_sent_back() -> None:
    heads: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append(await read_request(reader))
            writer.write(http(b"{}", headers="Set-Cookie: id=1; Path=/\r\n"))

    async with serving(handler) as port, transport(port) as wire:
        for _ in range(2):
            await wire.send(GET)

    assert len(heads) == 2
    assert b"cookie" not in heads[1].lower()


async def test_environment_has_no_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[bytes] = []

    async def trap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(100))

    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login u password p\n")
    async with serving(trap) as other:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{other}")
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("HOME", str(tmp_path))
        heads: list[bytes] = []

        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heads.append(await read_request(reader))
            writer.write(http(b"{}"))

        async with serving(handler) as port, transport(port) as wire:
            assert (await wire.send(GET)).status == 200

    assert seen == []
    assert b"authorization" not in heads[0].lower()


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a self-signed certificate for 127.0.0.1 and its key, made by openssl."""
    folder = tmp_path_factory.mktemp("tls")
    done = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip("this openssl makes no certificate")
    return folder / "cert.pem", folder / "key.pem"


async def serve_tls(authority: tuple[Path, Path], heads: list[bytes]) -> asyncio.Server:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority)

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await read_request(reader))
        writer.write(http(b"{}", headers="Connection: close\r\n"))
        await writer.drain()
        writer.close()

    return await asyncio.start_server(handler, "127.0.0.1", 0, ssl=context)


async def test_tls_with_the_profiles_authority_works(authority: tuple[Path, Path]) -> None:
    heads: list[bytes] = []
    server = await serve_tls(authority, heads)
    port = server.sockets[0].getsockname()[1]
    async with server, HttpTransport(f"https://127.0.0.1:{port}", ca=authority[0]) as wire:
        assert (await wire.send(POST)).status == 200


async def test_unknown_authority_is_not_sent_whatever_the_environment_says(
    authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[0]))
    monkeypatch.setenv("SSL_CERT_DIR", str(authority[0].parent))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    heads: list[bytes] = []
    server = await serve_tls(authority, heads)
    port = server.sockets[0].getsockname()[1]

    async with server, HttpTransport(f"https://127.0.0.1:{port}", timeouts=SHORT) as wire:
        with pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            await wire.send(POST)

    assert heads == []
    assert not (tmp_path / "keys").exists()


async def test_certificate_of_another_name_is_not_sent(authority: tuple[Path, Path]) -> None:
    heads: list[bytes] = []
    server = await serve_tls(authority, heads)
    port = server.sockets[0].getsockname()[1]

    async with (
        server,
        HttpTransport(f"https://localhost:{port}", ca=authority[0], timeouts=SHORT) as wire,
    ):
        with pytest.raises(NotSent, match="no connection"):
            await wire.send(POST)

    assert heads == []


# Cancellation


async def test_cancelled_calls_run_to_their_end_and_leak_no_connection() -> None:
    """A cancelled httpx call can cost its pool a connection; 112 of them killed one of four."""
    answered = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answered
        while True:
            await read_request(reader)
            await asyncio.sleep(0.001)
            writer.write(http(b"{}"))
            answered += 1

    async with (
        serving(handler) as port,
        transport(port, Timeouts(slot_s=5), pools=2, connections=2) as wire,
    ):
        calls = []
        for number in range(200):
            call = asyncio.ensure_future(wire.send(GET))
            calls.append(call)
            for _ in range(number % 7):
                await asyncio.sleep(0)
            if number % 3 == 0:
                await asyncio.sleep(0.001)
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        replies = await asyncio.gather(*(wire.send(GET) for _ in range(20)))

    assert [reply.status for reply in replies] == [200] * 20
    assert answered >= 20 + 60


class Held:
    """A server that says when a request has come and answers when it is told to."""

    def __init__(self) -> None:
        self.seen = 0
        self.answered = 0
        self.arrived = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            self.seen += 1
            self.arrived.set()
            await self.go.wait()
            self.answered += 1
            writer.write(http(b"{}"))


async def test_call_cancelled_while_it_waits_for_a_connection_is_never_sent() -> None:
    held = Held()
    async with serving(held) as port, transport(port, pools=1, connections=1) as wire:
        first = asyncio.ensure_future(wire.send(GET))
        await held.arrived.wait()
        second = asyncio.ensure_future(wire.send(POST))
        await asyncio.sleep(0)
        second.cancel()
        held.go.set()
        await asyncio.gather(first, second, return_exceptions=True)

    assert held.seen == 1


async def test_close_waits_for_a_cancelled_call_to_be_answered() -> None:
    held = Held()
    async with serving(held) as port:
        wire = transport(port)
        call = asyncio.ensure_future(wire.send(POST))
        await held.arrived.wait()
        call.cancel()
        closing = asyncio.ensure_future(wire.aclose())
        done, _ = await asyncio.wait({closing}, timeout=0.05)
        assert not done
        held.go.set()
        await closing

    assert held.answered == 1


async def test_many_tasks_share_the_connections() -> None:
    open_now = most = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        try:
            await answering(http(b"{}"))(reader, writer)
        finally:
            open_now -= 1

    async with (
        serving(handler) as port,
        transport(port, Timeouts(slot_s=5), pools=3, connections=2) as wire,
    ):
        await asyncio.gather(*(wire.send(GET) for _ in range(100)))

    assert most <= 6


# The constructor


@pytest.mark.parametrize(
    "base_url",
    [
        "http://open-api.ceffu.com",
        "http://169.254.169.254",
        "http://10.0.0.1:8080",
        "http://127.0.0.1.example.com",
        "http://0.0.0.0:80",
        "ftp://127.0.0.1",
        "127.0.0.1:80",
        "https://",
        "https://user:password@host",
        "https://host/path",
        "https://host?a=1",
        "https://host#a",
        "https://host:99999",
        "https://host:0",
        "http://[::1",
        "",
    ],
)
def test_address_that_is_unsafe_or_none_is_refused(base_url: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        HttpTransport(base_url)

    assert "password" not in str(caught.value).replace("user or password", "")


@pytest.mark.parametrize(
    "base_url",
    [
        "https://open-api.ceffu.com",
        "https://open-api.ceffu.com/",
        "https://host:8443",
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "http://localhost:1",
    ],
)
def test_address_that_is_safe_is_taken(base_url: str) -> None:
    HttpTransport(base_url)


def test_proxy_is_for_tls_and_http_schemes_alone() -> None:
    HttpTransport("https://host", proxy="http://127.0.0.1:3128")
    for base_url, proxy in (
        ("http://127.0.0.1:1", "http://127.0.0.1:3128"),
        ("https://host", "socks5://127.0.0.1:1080"),
    ):
        with pytest.raises(SettingsInvalid, match="proxy"):
            HttpTransport(base_url, proxy=proxy)


async def test_proxy_that_makes_no_tunnel_is_not_sent() -> None:
    seen: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(http(b"", status="407 Proxy Authentication Required"))

    async with serving(handler) as port:
        wire = HttpTransport("https://host", proxy=f"http://127.0.0.1:{port}", timeouts=SHORT)
        with pytest.raises(NotSent, match="tunnel"):
            await wire.send(POST)
        await wire.aclose()

    assert seen[0].startswith(b"CONNECT host:443 ")
    assert CANARY.encode() not in seen[0]


def test_unusable_authority_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for path in (tmp_path / "empty.pem", tmp_path / "absent.pem"):
        with pytest.raises(SettingsInvalid, match="cannot be used"):
            HttpTransport("https://host", ca=path)


# An application instead of the network


async def test_mounted_application_answers() -> None:
    async def application(
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        query = scope["query_string"]
        headers = [(b"content-type", b"application/json"), (b"x-request-id", b"trace-9")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": query})

    async with HttpTransport("http://127.0.0.1", mount=application) as wire:
        reply = await wire.send(GET)

    assert (reply.body, reply.remote_request_id) == (b"a=%20b&timestamp=1", "trace-9")
