"""Only what is signed, fresh and new becomes a hint, and a hint says nothing but where to look."""

import base64
import json
import subprocess
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from runner.catalogue.api import Api
from runner.client.parameters import query_pairs
from runner.client.webhooks import (
    THIRD_PARTY_SCHEME,
    Hint,
    Receipt,
    SignedText,
    WebhookHash,
    WebhookReceiver,
    load_webhook_key,
)
from runner.core.errors import KeyRefused
from tests.client.fakes import START, START_MS, VECTORS, key_text

PUBLIC = (VECTORS / "throwaway-test-key.public.pem").read_text()
ORDER = "24073614526151542000320001"
EVENT: dict[str, Any] = {
    "eventType": 3,
    "timestamp": START_MS,
    "orderViewId": ORDER,
    "walletId": 374671162262925312,
    "amount": "1.50000000",
    "memo": "Grüße <&> 👋",
    "detail": {"b": [1.50, {"z": None, "a": True}], "a": 1e3},
}


def private_key() -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(key_text().encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


PRIVATE = private_key()


def sign(text: bytes, digest: hashes.HashAlgorithm | None = None) -> str:
    signature = PRIVATE.sign(text, padding.PKCS1v15(), digest or hashes.SHA256())
    return base64.b64encode(signature).decode()


def sorted_text(event: dict[str, Any]) -> bytes:
    return json.dumps(
        event, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()  # fmt: skip


def signed(event: dict[str, Any], **around: Any) -> bytes:  # noqa: ANN401 - any JSON value
    body = {**around, "sign": sign(sorted_text(event)), **event, "encoded": "c2VjcmV0"}
    return json.dumps(body, ensure_ascii=False, indent=1).encode()


@pytest.fixture
def receiver() -> WebhookReceiver:
    return WebhookReceiver(THIRD_PARTY_SCHEME, load_webhook_key(PUBLIC))


def receive(receiver: WebhookReceiver, body: bytes, now: datetime = START) -> Receipt:
    return receiver.receive("POST", {}, body, now=now)


def test_signed_event_says_what_to_read(receiver: WebhookReceiver) -> None:
    receipt = receive(receiver, signed(EVENT))

    assert receipt.status == 200
    assert receipt.hint == Hint(
        event=f"3 orderViewId {ORDER}",
        operation="withdrawal.detail",
        params={"orderViewId": ORDER},
    )


@pytest.mark.parametrize(
    ("changes", "operation", "params"),
    [
        ({"eventType": 1}, "deposit.detail", {"orderViewId": ORDER}),
        ({"eventType": "2"}, "deposit.detail", {"orderViewId": ORDER}),
        ({"eventType": 2, "orderViewId": None, "txId": "0xab"}, "deposit.detail", {"txId": "0xab"}),
        ({"eventType": "4"}, "withdrawal.detail", {"orderViewId": ORDER}),
        ({"orderViewId": "", "requestId": 77}, "withdrawal.detail", {"requestId": "77"}),
    ],
)
def test_each_event_names_a_read_that_the_api_has(
    receiver: WebhookReceiver,
    api: Api,
    changes: dict[str, Any],
    operation: str,
    params: dict[str, str],
) -> None:
    hint = receive(receiver, signed({**EVENT, **changes})).hint

    assert hint is not None
    assert (hint.operation, hint.params) == (operation, params)
    assert query_pairs(api.operations[operation], hint.params)


def test_hint_carries_no_verdict() -> None:
    assert {each.name for each in fields(Hint)} == {"event", "operation", "params"}


def test_success_and_failure_of_one_order_give_the_same_read(receiver: WebhookReceiver) -> None:
    good = receive(receiver, signed({**EVENT, "eventType": 3})).hint
    bad = receive(receiver, signed({**EVENT, "eventType": 4})).hint

    assert good is not None
    assert bad is not None
    assert (good.operation, good.params) == (bad.operation, bad.params)


def test_event_inside_of_data_is_read_too(receiver: WebhookReceiver) -> None:
    event = {"eventType": 3, "timestamp": START_MS, "data": {"orderViewId": ORDER}}

    assert receive(receiver, signed(event)).hint


def test_event_that_is_replayed_is_hinted_at_once(receiver: WebhookReceiver) -> None:
    body = signed(EVENT)

    receipts = [receive(receiver, body) for _ in range(1_000)]

    assert {receipt.status for receipt in receipts} == {200}
    assert sum(receipt.hint is not None for receipt in receipts) == 1


def test_event_that_is_signed_again_is_the_same_event(receiver: WebhookReceiver) -> None:
    assert receive(receiver, signed(EVENT)).hint
    assert receive(receiver, signed({**EVENT, "timestamp": START_MS + 30_000})).hint is None


def test_memory_is_bounded_and_forgets_the_oldest() -> None:
    receiver = WebhookReceiver(THIRD_PARTY_SCHEME, load_webhook_key(PUBLIC), memory_max=3)
    bodies = [signed({**EVENT, "orderViewId": str(number)}) for number in range(4)]

    assert [receive(receiver, body).hint is not None for body in bodies] == [True] * 4
    assert receive(receiver, bodies[3]).hint is None
    assert receive(receiver, bodies[0]).hint is not None


def test_forgeries_fill_no_memory() -> None:
    receiver = WebhookReceiver(THIRD_PARTY_SCHEME, load_webhook_key(PUBLIC), memory_max=1)
    body = signed(EVENT)
    assert receive(receiver, body).hint
    for number in range(10):
        forged = {**EVENT, "orderViewId": str(number), "sign": sign(b"else")}
        assert receive(receiver, json.dumps(forged).encode()).status == 401

    assert receive(receiver, body).hint is None


FORGED = {
    "no signature": json.dumps(EVENT).encode(),
    "empty signature": json.dumps({**EVENT, "sign": ""}).encode(),
    "signature of something else": json.dumps({**EVENT, "sign": sign(b"{}")}).encode(),
    "signature of a number": json.dumps({**EVENT, "sign": 1}).encode(),
    "no base64": json.dumps({**EVENT, "sign": "!" * 344}).encode(),
    "too long": json.dumps({**EVENT, "sign": "A" * 3_000}).encode(),
    "another hash": json.dumps(
        {**EVENT, "sign": sign(sorted_text(EVENT), hashes.SHA512())}
    ).encode(),
    "another field": signed(EVENT, more=1),
}


@pytest.mark.parametrize("case", FORGED)
def test_forged_event_is_refused(receiver: WebhookReceiver, case: str) -> None:
    receipt = receive(receiver, FORGED[case])

    assert (receipt.status, receipt.hint) == (401, None)


def test_every_changed_digit_is_refused(receiver: WebhookReceiver) -> None:
    body = signed(EVENT)
    start = body.index(b'"eventType"')
    end = body.index(b'"encoded"')
    digits = [at for at in range(start, end) if body[at : at + 1].isdigit()]

    for at in digits:
        changed = bytearray(body)
        changed[at] = ord("1") + (changed[at] - ord("0")) % 9
        if changed[at] != body[at]:
            assert receive(receiver, bytes(changed)).hint is None


def test_wrong_key_is_refused() -> None:
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2_048).public_key()
    receiver = WebhookReceiver(THIRD_PARTY_SCHEME, other)

    assert receive(receiver, signed(EVENT)).status == 401


@pytest.mark.parametrize(
    ("late", "status"),
    [
        (timedelta(hours=4), 200),
        (timedelta(hours=4, seconds=1), 400),
        (timedelta(days=90), 400),
        (timedelta(seconds=-300), 200),
        (timedelta(seconds=-301), 400),
    ],
)
def test_event_is_taken_within_its_age_alone(
    receiver: WebhookReceiver, late: timedelta, status: int
) -> None:
    receipt = receive(receiver, signed(EVENT), START + late)

    assert (receipt.status, receipt.hint is not None) == (status, status == 200)


def test_age_is_a_setting() -> None:
    scheme = replace(THIRD_PARTY_SCHEME, age_s_max=180 * 86_400)
    receiver = WebhookReceiver(scheme, load_webhook_key(PUBLIC))

    assert receive(receiver, signed(EVENT), START + timedelta(days=170)).hint


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"timestamp": None}, 400),
        ({"timestamp": "soon"}, 400),
        ({"timestamp": 10**15}, 400),
        ({"orderViewId": "../x"}, 400),
        ({"orderViewId": "1&walletId=2"}, 400),
        ({"orderViewId": ["1"]}, 400),
        ({"eventType": 5}, 200),
        ({"eventType": None}, 200),
    ],
)
def test_signed_event_that_names_nothing_readable_gives_no_hint(
    receiver: WebhookReceiver, change: dict[str, Any], status: int
) -> None:
    receipt = receive(receiver, signed({**EVENT, **change}))

    assert (receipt.status, receipt.hint) == (status, None)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'"x"', 400),
        (b'{"a":NaN}', 400),
        (b'{"eventType":3,"eventType":3}', 400),
        (b'{"a":"\xff"}', 400),
        (b"[" * 60_000, 400),
        (b" " * 65_537, 413),
        (signed(EVENT) + b" " * 65_536, 413),
    ],
)
def test_body_that_is_none_is_refused(receiver: WebhookReceiver, body: bytes, status: int) -> None:
    receipt = receive(receiver, body)

    assert (receipt.status, receipt.hint) == (status, None)


@pytest.mark.parametrize("body", [b"", b" \n", b"{}", b'{"data":null}', b'{"data":{}}'])
def test_test_button_is_answered_and_hints_at_nothing(
    receiver: WebhookReceiver, body: bytes
) -> None:
    receipt = receive(receiver, body)

    assert (receipt.status, receipt.hint) == (200, None)


@pytest.mark.parametrize("method", ["GET", "PUT", "post"])
def test_other_methods_are_refused(receiver: WebhookReceiver, method: str) -> None:
    assert receiver.receive(method, {}, signed(EVENT), now=START).status == 405


@pytest.mark.parametrize("hash_", WebhookHash)
def test_scheme_with_a_header_over_the_raw_body_is_a_setting(hash_: WebhookHash) -> None:
    scheme = replace(
        THIRD_PARTY_SCHEME, signed=SignedText.RAW, signature_header="X-Signature", hash=hash_
    )
    receiver = WebhookReceiver(scheme, load_webhook_key(PUBLIC))
    body = json.dumps(EVENT).encode()
    digest = hashes.SHA256() if hash_ is WebhookHash.SHA256 else hashes.SHA512()
    headers = {"x-signature": sign(body, digest)}

    assert receiver.receive("POST", headers, body, now=START).hint
    assert receiver.receive("POST", headers, body + b" ", now=START).status == 401
    assert receiver.receive("POST", {}, body, now=START).status == 401


def test_openssl_signs_what_we_verify(receiver: WebhookReceiver, tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(sorted_text(EVENT))
    key = VECTORS / "throwaway-test-key.pkcs8.pem"
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", str(key), str(tmp_path / "text")],
        capture_output=True,
        check=True,
    ).stdout
    body = json.dumps({**EVENT, "sign": base64.b64encode(signature).decode()}).encode()

    assert receive(receiver, body).hint


def test_scheme_is_marked_as_inferred() -> None:
    assert THIRD_PARTY_SCHEME.certain is False


def test_key_is_taken_as_pem_and_as_base64() -> None:
    pem = load_webhook_key(PUBLIC)
    lines = PUBLIC.strip().splitlines()

    assert load_webhook_key("".join(lines[1:-1])).public_numbers() == pem.public_numbers()


@pytest.mark.parametrize("text", ["", "x", "-----BEGIN PUBLIC KEY-----\n", key_text()])
def test_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(KeyRefused) as caught:
        load_webhook_key(text)

    assert "MII" not in str(caught.value)


def test_small_key_is_refused() -> None:
    small = rsa.generate_private_key(public_exponent=65_537, key_size=1_024).public_key()  # noqa: S505 - refused
    pem = small.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    with pytest.raises(KeyRefused, match="2048"):
        load_webhook_key(pem.decode())
