"""Who sent a request, and when: written from the documentation's words, not from any client.

The checks run in this order, each on its own, and the first that fails gives the code:

1. both headers present, each once                      G20008
2. the API key is one of this sandbox                   G20010
3. the key has not expired                              G20028
4. the request comes from an address on its IP list     G20011
5. the signature fits the bytes received                G20009
6. the key is within its rate limit, if there is one     G20012
7. the parameters can be read (``parameters``)          G20023
8. a timestamp is there                                 G20006
9. it is a number within the window                     G20005, G20007
10. the key has the operation's permission group        G20016

What is signed: of a GET the query string exactly as received, after the question mark; of a POST
the body exactly as received. RSASSA-PKCS1-v1_5 with SHA-512, in standard base64.

Source: operations.yaml, signing and permission_groups; the order is ours, no source states one.
"""

import base64
import binascii
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA512

from runner.catalogue.api import Operation
from runner.core.record import record
from runner.sandbox.books import Books
from runner.sandbox.refusal import Refused

KEY_HEADER = b"open-apikey"
SIGNATURE_HEADER = b"signature"

_PADDING = PKCS1v15()
_HASH = SHA512()
_TIMESTAMP_DIGITS_MAX = 16
_RATE_WINDOW_MS = 1000


@record
class PublicKey:
    """One API key as the server knows it.

    Shapes: ``entity`` is whose key it is; ``ips`` are networks it may be used from, empty for any;
        ``wallet_ids`` are the wallets it is tied to, empty for all of the entity.
    """

    name: str
    api_key: str = field(repr=False)
    entity: str
    permissions: frozenset[str]
    ips: tuple[str, ...] = ()
    wallet_ids: frozenset[str] = frozenset()
    expired: bool = False
    public_key: RSAPublicKey


@record
class Credentials:
    """What the two headers of a request say."""

    api_key: str = field(repr=False)
    signature: bytes = field(repr=False)


def read_credentials(headers: Sequence[tuple[bytes, bytes]]) -> Credentials:
    """Take key and signature from the raw headers.

    Shapes: header names are in lower case, as ASGI gives them.
    Errors: ``Refused`` G20008.
    """
    keys = [value for name, value in headers if name == KEY_HEADER]
    signatures = [value for name, value in headers if name == SIGNATURE_HEADER]
    if len(keys) != 1 or len(signatures) != 1 or not keys[0] or not signatures[0]:
        raise Refused("G20008", "the headers open-apikey and signature are needed, each once")
    return Credentials(api_key=keys[0].decode("latin-1"), signature=signatures[0])


def find_key(keys: Mapping[str, PublicKey], credentials: Credentials) -> PublicKey:
    """Return the key that the request names.

    Shapes: ``keys`` are by API key text.
    Errors: ``Refused`` G20010.
    """
    key = keys.get(credentials.api_key)
    if key is None:
        raise Refused("G20010", "this API key was not made for this sandbox")
    return key


def check_use(key: PublicKey, address: str) -> None:
    """Check that a key may be used at all, and from this address.

    Shapes: ``address`` is the IP address the request came from, or empty where that is not known.
    Errors: ``Refused`` G20028 or G20011.
    """
    if key.expired:
        raise Refused("G20028", "the API key has expired")
    if not key.ips:
        return
    try:
        source = ipaddress.ip_address(address)
    except ValueError as exc:
        raise Refused("G20011", "the address of the request is not known") from exc
    if not any(source in ipaddress.ip_network(each) for each in key.ips):
        raise Refused("G20011", "the address of the request is not on the key's IP list")


def check_signature(key: PublicKey, credentials: Credentials, signed: bytes) -> None:
    """Check the signature over the bytes received.

    Errors: ``Refused`` G20009, for text that is not standard base64 on one line too.
    """
    try:
        signature = base64.b64decode(credentials.signature, validate=True)
        key.public_key.verify(signature, signed, _PADDING, _HASH)
    except binascii.Error as exc:
        raise Refused("G20009", "the signature is not standard base64") from exc
    except InvalidSignature as exc:
        raise Refused("G20009", "the signature does not fit the bytes received") from exc


def check_rate(books: Books, key: PublicKey, rate_limit: int | None) -> None:
    """Check that a key has not been answered too often in the last second.

    Shapes: ``rate_limit`` is how often it may be, None for any number. Requests refused here do not
        count, nor do those that nobody signed.
    Errors: ``Refused`` G20012.
    """
    if rate_limit is None:
        return
    earlier = books.run(
        "SELECT at_ms FROM request WHERE key_name = ? AND signed = 1 AND code != 'G20012'"
        " ORDER BY number DESC LIMIT 1 OFFSET ?",
        (key.name, max(rate_limit - 1, 0)),
    )
    if rate_limit == 0 or (earlier and earlier[0][0] > books.now_ms - _RATE_WINDOW_MS):
        raise Refused("G20012", f"the key has {rate_limit} requests a second")


def check_timestamp(text: str | None, *, now_ms: int, window_ms: int) -> None:
    """Check that a request was made just now, as far as it says itself.

    Units: milliseconds; the window reaches to each side, inclusive.
    Errors: ``Refused`` G20006, G20005 or G20007.
    """
    if text is None or text == "":
        raise Refused("G20006", "timestamp is missing")
    if not (text.isascii() and text.isdecimal() and len(text) <= _TIMESTAMP_DIGITS_MAX):
        raise Refused("G20005", "timestamp is not a number of milliseconds since the epoch")
    distance_ms = int(text) - now_ms
    if abs(distance_ms) > window_ms:
        side = "behind" if distance_ms < 0 else "ahead of"
        raise Refused(
            "G20007",
            f"timestamp is {abs(distance_ms)} ms {side} the sandbox's clock, window {window_ms} ms",
        )


def check_permission(key: PublicKey, operation: Operation) -> None:
    """Check that the key may call the operation at all.

    Errors: ``Refused`` G20016.
    """
    if operation.permission not in key.permissions:
        raise Refused("G20016", f"the key lacks the permission group {operation.permission}")
