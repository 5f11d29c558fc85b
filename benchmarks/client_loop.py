"""The runner's client: N signed calls, so many at once, and nothing else of the runner.

``python -m benchmarks.client_loop URL KEY_FILE N AT_ONCE`` prints how many seconds the calls took.
"""

import asyncio
import sys
import time
from pathlib import Path

from runner.catalogue.body import ParameterValue
from runner.catalogue.load import load_api
from runner.client.client import Client
from runner.client.keys import KeySigner, KeyVariable, load_key
from runner.client.rate import RateWindow
from runner.client.transport import HttpTransport
from runner.core.clock import SystemClock

OPERATION = "mirrorx.available.check"
PARAMETERS: dict[str, ParameterValue] = {
    "mirrorXLinkId": "1",
    "coinSymbol": "USDT",
    "orderType": 10,
}
UNLIMITED = 1_000_000


async def call_all(url: str, key_text: str, count: int, at_once: int) -> float:
    """Make ``count`` calls through one client, ``at_once`` at any time; return how long it took."""
    clock = SystemClock()
    key = load_key(KeyVariable(name="KEY"), environ={"KEY": key_text})
    rate = RateWindow(count=UNLIMITED, clock=clock)
    numbers = iter(range(count))
    async with HttpTransport(url) as transport:
        client = Client(
            load_api(), transport, KeySigner(api_key="benchmark", key=key), clock, rate=rate
        )

        async def call_some() -> None:
            for _ in numbers:
                reply = await client.call(OPERATION, PARAMETERS)
                assert reply.record is not None

        started_s = time.perf_counter()
        await asyncio.gather(*(call_some() for _ in range(at_once)))
        return time.perf_counter() - started_s


if __name__ == "__main__":
    url, key_file, count, at_once = sys.argv[1:]
    print(asyncio.run(call_all(url, Path(key_file).read_text(), int(count), int(at_once))))
