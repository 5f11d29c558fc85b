"""A second opinion: a bug planted in the client's signing is found out by the sandbox.

That the two share no code is held by import-linter; that the sandbox's check bites is held here.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from runner.catalogue.load import load_api
from runner.client.client import Client
from runner.client.rate import RateWindow
from runner.client.signing import sign
from runner.client.transport import HttpTransport
from runner.core.errors import RemoteRefused
from runner.sandbox.directory import Sandbox
from tests.sandbox.client_caller import ClientCaller, Told
from tests.sandbox.signed_caller import SteppedClock


def _sha256(key: RSAPrivateKey, data: bytes) -> str:
    return base64.b64encode(key.sign(data, PKCS1v15(), SHA256())).decode()


def _pss(key: RSAPrivateKey, data: bytes) -> str:
    padding = PSS(mgf=MGF1(SHA512()), salt_length=PSS.MAX_LENGTH)
    return base64.b64encode(key.sign(data, padding, SHA512())).decode()


def _reordered(key: RSAPrivateKey, data: bytes) -> str:
    if not data.startswith(b"{"):
        return sign(key, b"&".join(reversed(data.split(b"&"))))
    members = reversed(json.loads(data).items())
    return sign(key, json.dumps(dict(members), separators=(",", ":")).encode())


def _backwards(key: RSAPrivateKey, data: bytes) -> str:
    return sign(key, data[::-1])


def _question_mark(key: RSAPrivateKey, data: bytes) -> str:
    return sign(key, b"?" + data)


def _line_break(key: RSAPrivateKey, data: bytes) -> str:
    return sign(key, data + b"\n")


def _hexadecimal(key: RSAPrivateKey, data: bytes) -> str:
    return base64.b64decode(sign(key, data)).hex()


def _urlsafe(key: RSAPrivateKey, data: bytes) -> str:
    return base64.urlsafe_b64encode(base64.b64decode(sign(key, data))).decode()


BUGS = (
    _sha256,
    _pss,
    _reordered,
    _backwards,
    _question_mark,
    _line_break,
    _hexadecimal,
    _urlsafe,
)


@dataclass(frozen=True, slots=True)
class PlantedSigner:
    """A signer as the client takes one, with something wrong in it."""

    api_key: str
    key: RSAPrivateKey
    bug: Callable[[RSAPrivateKey, bytes], str]
    fingerprint: str = "planted"
    is_slow: bool = False

    def sign(self, data: bytes) -> str:
        return self.bug(self.key, data)


def planted(
    sandbox: Sandbox,
    transport: HttpTransport,
    clock: SteppedClock,
    bug: Callable[[RSAPrivateKey, bytes], str],
) -> ClientCaller:
    key = sandbox.keys["operator"]
    private = load_pem_private_key(key.pem_path.read_bytes(), None)
    assert isinstance(private, RSAPrivateKey)
    signer = PlantedSigner(api_key=key.api_key, key=private, bug=bug)
    rate = RateWindow(count=1000, clock=clock)
    return ClientCaller(Client(load_api(), transport, signer, clock, rate=rate))


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__.strip("_"))
async def test_bug_in_signing_is_refused(
    sandbox: Sandbox, clock: SteppedClock, bug: Callable[[RSAPrivateKey, bytes], str]
) -> None:
    async with HttpTransport("http://127.0.0.1:1", mount=sandbox.app) as transport:
        caller = planted(sandbox, transport, clock, bug)
        told = await caller.write()
        with pytest.raises(RemoteRefused) as caught:
            await caller.read(
                "mirrorx.order.list",
                mirrorXLinkId="7127",
                startTime=clock.now_ms - 5,
                endTime=clock.now_ms,
                pageNo=1,
                pageLimit=5,
            )

    assert told == Told("answer", 200, "G20009")
    assert caught.value.code == "G20009"
    assert sandbox.ledger.orders() == ()
    assert [request.signed for request in sandbox.ledger.requests()] == [False, False]


async def test_signing_without_a_bug_is_taken(sandbox: Sandbox, clock: SteppedClock) -> None:
    async with HttpTransport("http://127.0.0.1:1", mount=sandbox.app) as transport:
        caller = planted(sandbox, transport, clock, sign)

        assert await caller.write() == Told("answer", 200, "000000")
