"""A clock that obeys, a transport that answers from a list, and small servers on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from runner.client.keys import KeySigner, load_key
from runner.client.keys import KeyVariable as Variable
from runner.client.wire import RawReply, RawRequest

VECTORS = Path(__file__).resolve().parent.parent / "vectors" / "signing"
START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
START_MS = 1_795_341_600_000
API_KEY = "api-key-canary-5d1f"


class FakeClock:
    """Time moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.elapsed_s)

    def monotonic_s(self) -> float:
        return self.elapsed_s

    async def sleep(self, delay_s: float) -> None:
        self.elapsed_s += max(delay_s, 0.0)
        await asyncio.sleep(0)


class FakeTransport:
    """Keeps every request and answers with the next reply, or with what a function says."""

    def __init__(self, replies: Iterable[RawReply] | Callable[[RawRequest], RawReply] = ()) -> None:
        self.requests: list[RawRequest] = []
        self._answer = replies if callable(replies) else None
        self._replies = iter(()) if callable(replies) else iter(replies)

    async def send(self, request: RawRequest) -> RawReply:
        self.requests.append(request)
        await asyncio.sleep(0)
        if self._answer is not None:
            return self._answer(request)
        return next(self._replies)


def key_text() -> str:
    """Return the throwaway key as PEM."""
    return (VECTORS / "throwaway-test-key.pkcs8.pem").read_text()


def throwaway_signer() -> KeySigner:
    """Return a signer over the throwaway key."""
    key = load_key(Variable(name="KEY"), environ={"KEY": key_text()})
    return KeySigner(api_key=API_KEY, key=key)


def envelope(data: object, *, code: str = "000000", status: int = 200, date: str = "") -> RawReply:
    """Return a well-formed reply."""
    body = json.dumps({"data": data, "code": code, "message": "Success"}).encode()
    return RawReply(status=status, body=body, date=date, remote_request_id="trace-1")


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[int]:
    """Serve on a free port of loopback; yield the port."""
    tasks: set[asyncio.Task[None]] = set()

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client went away, as some tests want
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(guarded(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Read one request, head and body, as the bytes that came."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return head + await reader.readexactly(length)


def http(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    """Spell an HTTP/1.1 response; ``headers`` are whole lines with CRLF."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode("latin-1") + body
