"""What a request costs the sandbox, signature check and ledger included, beside a bare endpoint.

Requests are signed beforehand and sent over plain sockets, so that little but the server is in the
figures. A row is the time of ``REQUESTS`` requests on ``CONNECTIONS`` connections.
"""

import asyncio
import base64
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks.measure import REPOSITORY, Row
from runner.core.clock import SystemClock
from runner.sandbox.directory import open_sandbox
from runner.sandbox.world_file import default_world

REQUESTS = 1_000
CONNECTIONS = 4
ROUNDS = 5
READ = "/open-api/v1/wallet/asset/list?walletId=374671162262925312&pageLimit=25&pageNo=1"
WRITE = "/open-api/v1/mirrorX/order"


class Signer:
    """Signs with the operator's key of a sandbox."""

    def __init__(self, folder: Path) -> None:
        """Make the sandbox of the folder if there is none, and take its key."""
        sandbox = open_sandbox(folder, default_world(), SystemClock())
        self.api_key = sandbox.keys["operator"].api_key
        pem = sandbox.keys["operator"].pem_path.read_bytes()
        sandbox.close()
        private = load_pem_private_key(pem, None)
        assert isinstance(private, RSAPrivateKey)
        self._private = private

    def request(self, method: str, target: str, signed: bytes, body: bytes = b"") -> bytes:
        """Spell one request whole, as it goes over the wire."""
        signature = base64.b64encode(self._private.sign(signed, PKCS1v15(), SHA512())).decode()
        head = (
            f"{method} {target} HTTP/1.1\r\nhost: sandbox\r\nopen-apikey: {self.api_key}\r\n"
            f"signature: {signature}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def reads(signer: Signer, count: int) -> list[bytes]:
    """Return that many reads of a wallet's assets."""
    target = f"{READ}&timestamp={time.time_ns() // 1_000_000}"
    return [signer.request("GET", target, urlsplit(target).query.encode())] * count


def writes(signer: Signer, count: int) -> list[bytes]:
    """Return that many orders, each with a requestId of its own."""
    requests = []
    for _ in range(count):
        body = {
            "mirrorXLinkId": 7127,
            "orderType": 10,
            "coinSymbol": "USDT",
            "amount": "0.5",
            "requestId": str(time.time_ns()),
            "timestamp": time.time_ns() // 1_000_000,
        }
        text = json.dumps(body).encode()
        requests.append(signer.request("POST", WRITE, text, text))
    return requests


async def send_all(url: str, requests: Sequence[bytes]) -> float:
    """Send requests over a few connections and return the seconds that took."""
    address = urlsplit(url)
    started_s = time.perf_counter()

    async def send(mine: Sequence[bytes]) -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for request in mine:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            assert b'"code":"000000"' in body, body
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(send(requests[n::CONNECTIONS]) for n in range(CONNECTIONS)))
    return time.perf_counter() - started_s


@contextmanager
def serving(kind: str, folder: Path) -> Iterator[str]:
    """Run a server in a process of its own and give its address."""
    command = [sys.executable, "-m", "benchmarks.sandbox_server", kind, str(folder)]
    server = subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        # Leaving closes stdin, which ends it.


def measure(requests: int = REQUESTS, rounds: int = ROUNDS) -> list[Row]:
    """Let sandbox and floor take turns; figures are medians of the rounds."""
    taken: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "bench"
        signer = Signer(folder)
        with serving("sandbox", folder) as sandbox, serving("bare", folder) as bare:
            for _ in range(rounds):
                for what, build in (("reads", reads), ("writes", writes)):
                    built = build(signer, requests)
                    for server, url in (("bare", bare), ("sandbox", sandbox)):
                        took_s = asyncio.run(send_all(url, built))
                        taken.setdefault((server, what), []).append(took_s)
    medians_s = {contender: statistics.median(times) for contender, times in taken.items()}
    return [
        Row(
            name=f"{requests:,} signed {what} of the sandbox",
            median_s=medians_s["sandbox", what],
            floor="bare Starlette endpoint",
            floor_s=medians_s["bare", what],
        )
        for what in ("reads", "writes")
    ]
