"""A clock stepped by hand, and callers that sign for themselves.

The signer here is written from the documentation with cryptography alone; it shares no line with
the client or with the sandbox's check.
"""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

import httpx
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from starlette.types import ASGIApp

from runner.core.clock import timestamp_ms
from runner.sandbox.keys import KeyFile

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


class SteppedClock:
    """Time that passes when a test says so, or when somebody sleeps."""

    def __init__(self) -> None:
        self.moment = START
        self.slept_s: list[float] = []

    def now(self) -> datetime:
        return self.moment

    def monotonic_s(self) -> float:
        return (self.moment - START).total_seconds()

    async def sleep(self, delay_s: float) -> None:
        self.slept_s.append(delay_s)
        self.step(delay_s)

    def step(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    @property
    def now_ms(self) -> int:
        return timestamp_ms(self.moment)


@dataclass
class Caller:
    """Signs and sends requests with one key, through ASGI or to a base URL."""

    key: KeyFile
    clock: SteppedClock
    http: httpx.AsyncClient
    private: RSAPrivateKey = field(init=False)

    def __post_init__(self) -> None:
        self.private = _private_key(self.key.pem_path.read_bytes())

    def sign(self, signed: bytes) -> dict[str, str]:
        signature = self.private.sign(signed, PKCS1v15(), SHA512())
        return {
            "open-apikey": self.key.api_key,
            "signature": base64.b64encode(signature).decode(),
        }

    async def get(self, path: str, **parameters: object) -> httpx.Response:
        query = urlencode({"timestamp": self.clock.now_ms} | parameters)
        return await self.get_raw(path, query)

    async def get_raw(self, path: str, query: str) -> httpx.Response:
        return await self.http.get(f"{path}?{query}", headers=self.sign(query.encode()))

    async def post(self, path: str, **body: object) -> httpx.Response:
        return await self.post_raw(
            path, json.dumps({"timestamp": self.clock.now_ms} | body).encode()
        )

    async def post_raw(self, path: str, body: bytes) -> httpx.Response:
        return await self.http.post(path, content=body, headers=self.sign(body))


@cache
def _private_key(pem: bytes) -> RSAPrivateKey:
    # Loading checks the primes, which takes longer than everything else a test does.
    private = load_pem_private_key(pem, None)
    assert isinstance(private, RSAPrivateKey)
    return private


def http_for(app: ASGIApp) -> httpx.AsyncClient:
    """Mount an application under a client; nothing is opened, so nothing needs closing."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://sandbox")


def data_of(response: httpx.Response) -> Any:  # noqa: ANN401 - whatever the operation answers
    """Take the data out of a successful answer."""
    envelope = response.json()
    assert (response.status_code, envelope["code"]) == (200, "000000"), response.text
    assert envelope["message"] == "Success"
    return envelope["data"]


def code_of(response: httpx.Response) -> str:
    """Take the code out of a refusal, and check the rest of it."""
    envelope = response.json()
    assert set(envelope) == {"data", "code", "message"}
    assert envelope["data"] is None
    assert envelope["message"]
    code: str = envelope["code"]
    return code
