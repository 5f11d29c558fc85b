"""A custodian that always gives the same answer, so that a benchmark measures its client.

``python -m benchmarks.fixed_server`` prints its port and serves until its stdin closes. It reads no
signature and announces itself as a sandbox, which the runner insists on. ``GET /count`` answers how
many other requests it has seen.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ANSWER = (
    b'{"data":{"coinSymbol":"USDT","maxAvailableAmount":"250000.5"},'
    b'"code":"000000","message":"Success"}'
)
COUNT = b"GET /count "
HEAD_END = b"\r\n\r\n"


def reply(body: bytes) -> bytes:
    """Frame a body as an HTTP/1.1 reply on a connection that stays open."""
    head = (
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-ceffu-sandbox: benchmark\r\n"
        f"content-length: {len(body)}"
    )
    return head.encode("ascii") + HEAD_END + body


class FixedAnswers(asyncio.Protocol):
    """Answers every request without a body as soon as its head is complete."""

    seen = 0
    transport: asyncio.Transport
    received: bytes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start with nothing received."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        """Answer each complete head."""
        self.received += data
        while HEAD_END in self.received:
            head, _, self.received = self.received.partition(HEAD_END)
            if head.startswith(COUNT):
                self.transport.write(reply(str(FixedAnswers.seen).encode("ascii")))
            else:
                FixedAnswers.seen += 1
                self.transport.write(ANSWER_REPLY)


ANSWER_REPLY = reply(ANSWER)


async def serve() -> None:
    """Serve on a free loopback port until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(FixedAnswers, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def serving(repository: Path) -> Iterator[str]:
    """Run this server in a process of its own and give its address."""
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.fixed_server"],
        cwd=repository,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        # Leaving closes stdin, which ends it.


if __name__ == "__main__":
    asyncio.run(serve())
