import base64
import json
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from runner.core.secret import REDACTED, Secret
from runner.reporting.redaction import Redactor

VALUE = b'hun"ter/2+\n\xc3\xa9'


def _redactor(*values: bytes) -> Redactor:
    redactor = Redactor()
    for value in values:
        redactor.register(Secret(value))
    return redactor


@pytest.mark.parametrize(
    "spelling",
    [
        VALUE.decode(),
        base64.b64encode(VALUE).decode(),
        base64.urlsafe_b64encode(VALUE).decode(),
        base64.b64encode(VALUE).decode().rstrip("="),
        VALUE.hex(),
        VALUE.hex().upper(),
        json.dumps(VALUE.decode())[1:-1],
        json.dumps(VALUE.decode(), ensure_ascii=False)[1:-1],
        repr(VALUE.decode())[1:-1],
        quote(VALUE.decode(), safe=""),
    ],
)
def test_every_spelling_of_a_secret_is_removed(spelling: str) -> None:
    assert _redactor(VALUE).clean(f"a {spelling} b") == f"a {REDACTED} b"


def test_secret_that_is_no_text_is_removed() -> None:
    value = b"\xff\xfe\x00binary"

    assert _redactor(value).clean(f"{value!r} {value.hex()}") == f"b'{REDACTED}' {REDACTED}"


def _pem() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_pem_is_removed_whole_joined_and_line_by_line() -> None:
    pem = _pem()
    lines = pem.decode().splitlines()
    redactor = _redactor(pem)

    for spelling in (pem.decode(), "".join(lines), "".join(lines[1:-1]), lines[1], lines[2]):
        assert not any(line in redactor.clean(f"x {spelling} y") for line in lines[1:-1])


def test_private_key_nobody_registered_is_removed() -> None:
    pem = _pem().decode()

    assert Redactor().clean(f"a\n{pem}b") == f"a\n{REDACTED}\nb"


def test_text_without_secrets_stays() -> None:
    assert _redactor(VALUE, b"", b"ab").clean("a b ab") == "a b ab"


def test_redactor_shows_nothing_of_what_it_knows() -> None:
    assert "hun" not in repr(_redactor(VALUE))
