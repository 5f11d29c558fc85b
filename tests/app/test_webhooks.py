"""A profile's webhooks become a receiver, with every part of the scheme a setting."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from runner.app.webhooks import build_receiver, scheme_from_settings
from runner.client.webhooks import SCHEMES, THIRD_PARTY_SCHEME, Hint
from runner.controls.load import load_controls
from runner.controls.profile import Profile
from runner.core.errors import InvalidInput, KeyRefused, SettingsInvalid
from runner.documents.resources import schema_text

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = PRIVATE.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
DIRECTORY = "apiVersion: runner/v1\nkind: Directory\nentity: acme\ncoins: {USDT: 6}\n"
PROFILES = """\
apiVersion: runner/v1
kind: Profiles
profiles:
  live:
    kind: custodian
    url: https://open-api.ceffu.com
    entity: acme
"""


def profile(folder: Path, webhooks: str = "") -> Profile:
    """Return a profile as it is read from a file."""
    (folder / "directory.yaml").write_text(DIRECTORY, encoding="utf-8")
    (folder / "profiles.yaml").write_text(PROFILES + webhooks, encoding="utf-8")
    return load_controls(folder).profile("live")


def webhooks(more: str = "") -> str:
    key = "".join(f"        {line}\n" for line in PUBLIC.decode().splitlines())
    return f"    webhooks:\n      scheme: third-party\n      public_key: |\n{key}{more}"


def signature(text: bytes, digest: hashes.HashAlgorithm) -> str:
    return base64.b64encode(PRIVATE.sign(text, padding.PKCS1v15(), digest)).decode()


def test_named_scheme_is_taken_as_it_is(tmp_path: Path) -> None:
    settings = profile(tmp_path, webhooks()).webhooks

    assert settings is not None
    assert scheme_from_settings(settings) == THIRD_PARTY_SCHEME


def test_receiver_checks_what_the_profile_says(tmp_path: Path) -> None:
    changed = """\
      signed: raw
      hash: sha512
      signature_header: X-Signature
      data_field: payload
      event_field: kind
      time_fields: [at]
      age_max: 10m
      ahead_max: 1m
      events:
        WITHDRAWN:
          operation: withdrawal.detail
          parameters:
            orderViewId: id
"""
    receiver = build_receiver(profile(tmp_path, webhooks(changed)))
    moment = int((NOW - timedelta(minutes=9)).timestamp() * 1000)
    body = json.dumps({"payload": {"kind": "WITHDRAWN", "at": moment, "id": "17"}}).encode()
    headers = {"x-signature": signature(body, hashes.SHA512())}

    taken = receiver.receive("POST", headers, body, now=NOW)
    late = receiver.receive("POST", headers, body, now=NOW + timedelta(minutes=2))
    unsigned = receiver.receive("POST", {}, body, now=NOW)

    assert taken.hint == Hint(
        event="WITHDRAWN orderViewId 17",
        operation="withdrawal.detail",
        params={"orderViewId": "17"},
    )
    assert late.reason == "the notification is too old"
    assert unsigned.status == 401


def test_every_part_of_a_scheme_can_be_set(tmp_path: Path) -> None:
    changed = """\
      signature_field: sig
      unsigned_fields: [sig]
"""
    settings = profile(tmp_path, webhooks(changed)).webhooks

    assert settings is not None
    scheme = scheme_from_settings(settings)
    assert (scheme.signature_field, scheme.unsigned_fields) == ("sig", ("sig",))


def test_profile_without_webhooks_has_no_receiver(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="says nothing about webhooks"):
        build_receiver(profile(tmp_path))


def test_key_that_is_none_is_refused(tmp_path: Path) -> None:
    text = "    webhooks: {scheme: third-party, public_key: AAAA}\n"

    with pytest.raises(KeyRefused):
        build_receiver(profile(tmp_path, text))


def test_event_names_a_read_of_the_api(tmp_path: Path) -> None:
    changed = """\
      events:
        "1":
          operation: withdrawal.submit
          parameters: {orderViewId: id}
"""
    with pytest.raises(InvalidInput) as caught:
        profile(tmp_path, webhooks(changed))

    assert [d.code for d in caught.value.diagnostics] == ["unknown-name"]


def test_schema_names_every_scheme() -> None:
    schema = json.loads(schema_text("profiles"))
    settings = schema["$defs"]["profile"]["properties"]["webhooks"]["properties"]

    assert settings["scheme"]["enum"] == list(SCHEMES)
