"""Sending webhook notifications: signed, to this machine alone, again and again until taken.

How a notification is signed is not known. Here it is as a third party's code checks it: RSA PKCS#1
v1.5 with SHA-256, in base64 in the field ``sign``, over the object without that field and without
one called ``encoded``, keys sorted at every level, no blanks.

Source: operations.yaml, webhooks, signature.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol, Self
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from runner.core.clock import Clock
from runner.core.record import record
from runner.sandbox.deliveries import Deliveries, Delivery
from runner.sandbox.ledger import Ledger
from runner.sandbox.notifications import notification_text
from runner.sandbox.world import World

_TAKEN = 200
"""The only status that counts as taken."""
_REPLY_TIMEOUT_S = 10.0
"""As the portal's test button has it; nothing is stated for real events."""
_LOOK_AGAIN_S = 0.25
"""How long a deposit that arrives meanwhile may go unseen."""
_SHORTEST_WAIT_S = 0.01
_AT_ONCE_MAX = 16
_UNSIGNED = frozenset({"encoded", "sign"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Send(Protocol):
    """What posts a body; an implementer must not raise for an endpoint that does not answer."""

    async def __call__(self, url: str, body: bytes) -> int | None:
        """Return the HTTP status, or None where there was no answer."""
        ...


class HttpSender:
    """Posts over HTTP, to loopback addresses alone, without following redirects."""

    def __init__(self) -> None:
        """Prepare; nothing is opened before the first notification."""
        self._http = httpx.AsyncClient(
            timeout=_REPLY_TIMEOUT_S, follow_redirects=False, trust_env=False
        )

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Close what was opened."""
        await self._http.aclose()

    async def __call__(self, url: str, body: bytes) -> int | None:
        """Post one notification; its answer is not read beyond the status."""
        assert urlsplit(url).hostname in _LOOPBACK, "a world's webhooks stay on this machine"
        try:
            async with (
                asyncio.timeout(_REPLY_TIMEOUT_S),
                self._http.stream(
                    "POST", url, content=body, headers={"content-type": "application/json"}
                ) as response,
            ):
                return response.status_code
        except (httpx.HTTPError, TimeoutError):
            return None


@record
class Courier:
    """What delivers the notifications of one sandbox.

    Shapes: ``key`` signs them; the receiver has its public half.
    """

    world: World
    ledger: Ledger
    key: RSAPrivateKey
    clock: Clock
    send: Send

    async def deliver_due(self) -> int:
        """Try every notification that is due by now once, and return how many that were."""
        count = 0
        while taken := self._take():
            await asyncio.gather(*(self._deliver(delivery) for delivery in taken))
            count += len(taken)
        return count

    async def run(self) -> None:
        """Deliver until cancelled; waiting is done on the sandbox's clock."""
        while True:
            await self.deliver_due()
            await self.clock.sleep(self._wait_s())

    def _take(self) -> list[Delivery]:
        taken: list[Delivery] = []
        with self.ledger.transaction() as books:
            deliveries = Deliveries(books=books)
            while len(taken) < _AT_ONCE_MAX and (delivery := deliveries.take()) is not None:
                taken.append(delivery)
        return taken

    async def _deliver(self, delivery: Delivery) -> None:
        target = next(each for each in self.world.webhooks if each.id == delivery.webhook)
        status = await self.send(target.url, signed_body(delivery.body, self.key))
        with self.ledger.transaction() as books:
            Deliveries(books=books).keep_outcome(delivery, delivered=status == _TAKEN)

    def _wait_s(self) -> float:
        with self.ledger.transaction() as books:
            next_ms = Deliveries(books=books).next_ms()
            now_ms = books.now_ms
        if next_ms is None:
            return _LOOK_AGAIN_S
        return min(max((next_ms - now_ms) / 1000, _SHORTEST_WAIT_S), _LOOK_AGAIN_S)


def signed_body(body: str, key: RSAPrivateKey) -> bytes:
    """Return the notification with its signature."""
    content = json.loads(body)
    signed = notification_text({k: v for k, v in content.items() if k not in _UNSIGNED})
    signature = key.sign(signed.encode(), PKCS1v15(), SHA256())
    return notification_text({**content, "sign": base64.b64encode(signature).decode()}).encode()


@asynccontextmanager
async def delivering(
    world: World, ledger: Ledger, key: RSAPrivateKey, clock: Clock
) -> AsyncIterator[None]:
    """Deliver the notifications of a sandbox while the body runs."""
    async with HttpSender() as send:
        courier = Courier(world=world, ledger=ledger, key=key, clock=clock, send=send)
        task = asyncio.create_task(courier.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
