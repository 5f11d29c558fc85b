"""Webhooks: a knock that says where to look, checked before anybody looks.

A notification can be forged, repeated, late or lost, so it is never the record of anything. What
comes of one is a ``Hint``: the read that shows what has happened, and nothing about what that is.

What a notification looks like is not known: no readable page of the vendor shows its body, its
headers or its signature. So all of that is a ``WebhookScheme``, a setting, and the one given here
is what the code of a third party does, with the field names of the API's transactions: inferred.

The receiver takes the method, headers and body of a request and returns a status, so that any
server can mount it.

Limits: ``SORTED`` spells control characters the way Python does, which other JSON writers may not.
Source: ``operations.yaml`` webhooks; NOTES section 1 and section 6 rule 11.
"""

import base64
import binascii
import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from runner.client.keys import KEY_BITS_MAX, KEY_BITS_MIN
from runner.core.errors import KeyRefused
from runner.core.jsonvalue import JsonInvalid, NumberText, parse_strict_json
from runner.core.record import record


class SignedText(StrEnum):
    """What a notification's signature is over."""

    RAW = "raw"
    """The body as it came."""
    SORTED = "sorted"
    """The object without the fields about the signature, keys sorted at every level, no blanks."""


class WebhookHash(StrEnum):
    """The hash inside of the signature."""

    SHA256 = "sha256"
    SHA512 = "sha512"


@record
class HintedRead:
    """The read that shows what an event is about.

    Shapes: ``parameters`` are pairs of the operation's parameter and the notification's field; the
        first whose field has a value is used.
    """

    operation: str
    parameters: tuple[tuple[str, str], ...]


@record
class WebhookScheme:
    """How notifications are spelt and signed; every field is a guess until ``certain``.

    Shapes: the signature, RSA PKCS#1 v1.5 in base64, stands in ``signature_header``, or in
        ``signature_field`` where there is no such header. ``unsigned_fields`` are left out of a
        ``SORTED`` text. The event's type and the moment, in milliseconds, stand at the top or in
        the object ``data_field``, if there is one. ``reads`` are by the text of the event's type.
    Units: seconds. The custodian's own repetitions end 2.9 hours after the first attempt; one that
        was asked for by ``webhook.resend`` can be 180 days old.
    """

    name: str
    certain: bool
    reads: Mapping[str, HintedRead]
    signed: SignedText = SignedText.SORTED
    hash: WebhookHash = WebhookHash.SHA256
    signature_header: str = ""
    signature_field: str = "sign"
    unsigned_fields: tuple[str, ...] = ("encoded", "sign")
    data_field: str = "data"
    event_field: str = "eventType"
    time_fields: tuple[str, ...] = ("timestamp", "txTime")
    age_s_max: int = 4 * 3600
    ahead_s_max: int = 300
    body_bytes_max: int = 64 * 1024


_DEPOSIT = HintedRead(
    operation="deposit.detail",
    parameters=(("orderViewId", "orderViewId"), ("txId", "txId")),
)
_WITHDRAWAL = HintedRead(
    operation="withdrawal.detail",
    parameters=(("orderViewId", "orderViewId"), ("requestId", "requestId")),
)
THIRD_PARTY_SCHEME = WebhookScheme(
    name="third-party",
    certain=False,
    reads=MappingProxyType({"1": _DEPOSIT, "2": _DEPOSIT, "3": _WITHDRAWAL, "4": _WITHDRAWAL}),
)
"""What a third party's client checks, used nowhere that we have seen: low confidence."""

SCHEMES: Mapping[str, WebhookScheme] = MappingProxyType(
    {THIRD_PARTY_SCHEME.name: THIRD_PARTY_SCHEME}
)
"""Every scheme there is, by its name; a profile names one and may change any part of it."""


@record
class Hint:
    """What to read, and nothing about what will be found.

    Shapes: ``event`` is equal for two notifications of one event; ``params`` are the operation's.
    """

    event: str
    operation: str
    params: Mapping[str, str]


@record
class Refusal:
    """Why a notification is not taken; ``status`` is the HTTP status that says so."""

    status: int
    reason: str


@record
class Receipt:
    """What a request is answered, and what to read because of it, if anything."""

    status: int
    reason: str
    hint: Hint | None = None


def load_webhook_key(text: str) -> rsa.RSAPublicKey:
    """Read the public key that notifications are checked with.

    Shapes: PEM, or base64 of the DER of a SubjectPublicKeyInfo.
    Errors: ``KeyRefused``.
    """
    try:
        if text.lstrip().startswith("-----BEGIN"):
            key = serialization.load_pem_public_key(text.encode())
        else:
            der = base64.b64decode("".join(text.split()), validate=True)
            key = serialization.load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):  # binascii.Error is a ValueError
        raise KeyRefused(
            "the webhook key is no public key that can be read",
            hint="copy it from the custodian's portal: PEM text, or base64 on one line",
        ) from None
    if not isinstance(key, rsa.RSAPublicKey) or not KEY_BITS_MIN <= key.key_size <= KEY_BITS_MAX:
        raise KeyRefused(
            f"the webhook key is not an RSA key of {KEY_BITS_MIN} to {KEY_BITS_MAX} bits"
        )
    return key


def verify(
    scheme: WebhookScheme,
    key: rsa.RSAPublicKey,
    body: bytes,
    headers: Mapping[str, str],
    now: datetime,
) -> Hint | Refusal | None:
    """Check one notification.

    Shapes: None for what has nothing to read: the portal's test button, which sends no data, or an
        event of a type that ``scheme`` does not know. Names of ``headers`` in any case.
    """
    if len(body) > scheme.body_bytes_max:
        return Refusal(status=413, reason="the body is too large")
    if not body.strip():
        return None
    try:
        members = parse_strict_json(body)
    except JsonInvalid:
        return Refusal(status=400, reason="the body is not strict JSON")
    if not isinstance(members, dict):
        return Refusal(status=400, reason="the body is not a JSON object")
    if _is_test(scheme, members):
        return None
    if not _is_signed(scheme, key, body, members, headers):
        return Refusal(status=401, reason="the signature is missing or wrong")
    return _hint(scheme, members, now)


class WebhookReceiver:
    """Answers notifications, and hands each event's hint on once.

    Of every event that was verified the identity is remembered, up to ``memory_max`` of them; the
    oldest is forgotten first, and one that comes again after that is hinted at again, which costs a
    read. A sender that cannot sign fills no memory.
    """

    def __init__(
        self, scheme: WebhookScheme, key: rsa.RSAPublicKey, *, memory_max: int = 10_000
    ) -> None:
        """Start with nothing remembered."""
        assert memory_max >= 1, "a receiver without a memory hints at every repetition"
        self._scheme = scheme
        self._key = key
        self._memory_max = memory_max
        self._seen: OrderedDict[str, None] = OrderedDict()

    def receive(
        self, method: str, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> Receipt:
        """Take one request.

        Shapes: status 200 for everything that need not be sent again, a repetition too; the
            custodian repeats what is answered otherwise and suspends an endpoint in the end.
        """
        if method != "POST":
            return Receipt(status=405, reason="notifications are posted")
        found = verify(self._scheme, self._key, body, headers, now)
        if isinstance(found, Refusal):
            return Receipt(status=found.status, reason=found.reason)
        if found is None:
            return Receipt(status=200, reason="there is nothing to read")
        if found.event in self._seen:
            return Receipt(status=200, reason="the event was seen before")
        self._seen[found.event] = None
        while len(self._seen) > self._memory_max:
            self._seen.popitem(last=False)
        return Receipt(status=200, reason="there is something to read", hint=found)


def _is_test(scheme: WebhookScheme, members: Mapping[str, object]) -> bool:
    # The button posts "empty data": no member but perhaps an empty one for the data.
    return not members.get(scheme.data_field) and members.keys() <= {scheme.data_field}


def _is_signed(
    scheme: WebhookScheme,
    key: rsa.RSAPublicKey,
    body: bytes,
    members: Mapping[str, object],
    headers: Mapping[str, str],
) -> bool:
    given: object = members.get(scheme.signature_field)
    if scheme.signature_header:
        lower = scheme.signature_header.lower()
        given = next((value for name, value in headers.items() if name.lower() == lower), None)
    if not isinstance(given, str) or len(given) > _SIGNATURE_LENGTH_MAX:
        return False
    if scheme.signed is SignedText.SORTED:
        kept = {name: members[name] for name in members if name not in scheme.unsigned_fields}
        body = _sorted_text(kept).encode()
    digest = hashes.SHA256() if scheme.hash is WebhookHash.SHA256 else hashes.SHA512()
    try:
        signature = base64.b64decode(given, validate=True)
        key.verify(signature, body, padding.PKCS1v15(), digest)
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True


def _sorted_text(value: object) -> str:
    if isinstance(value, NumberText):
        # Digits as they came: a double in between would change long ids and with them the text.
        return value
    if isinstance(value, dict):
        members = (f"{_sorted_text(name)}:{_sorted_text(value[name])}" for name in sorted(value))
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_sorted_text(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _hint(
    scheme: WebhookScheme, members: Mapping[str, object], now: datetime
) -> Hint | Refusal | None:
    inner = members.get(scheme.data_field)
    fields = {**inner, **members} if isinstance(inner, dict) else members
    moment = next((_moment(fields[name]) for name in scheme.time_fields if name in fields), None)
    if moment is None:
        return Refusal(status=400, reason="the notification says no time")
    if not now - timedelta(seconds=scheme.age_s_max) <= moment:
        return Refusal(status=400, reason="the notification is too old")
    if moment > now + timedelta(seconds=scheme.ahead_s_max):
        return Refusal(status=400, reason="the notification is from the future")
    event_type = fields.get(scheme.event_field)
    read = scheme.reads.get(event_type) if isinstance(event_type, str) else None
    if read is None:
        return None
    for parameter, name in read.parameters:
        value = fields.get(name)
        if isinstance(value, str) and _ID.fullmatch(value):
            event = f"{event_type} {parameter} {value}"
            return Hint(event=event, operation=read.operation, params={parameter: str(value)})
    return Refusal(status=400, reason="the notification names nothing that can be read")


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str) or not _MILLISECONDS.fullmatch(value):
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(value))


_SIGNATURE_LENGTH_MAX = 2_048
_ID = re.compile(r"[0-9A-Za-z._:-]{1,128}", re.ASCII)
_MILLISECONDS = re.compile(r"[0-9]{1,14}", re.ASCII)
