"""Keys: where they may lie, what they may look like, and that nobody sees them."""

import base64
import copy
import os
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from runner.client.keys import (
    KEY_BYTES_MAX,
    KeyDescriptor,
    KeyFile,
    KeySigner,
    KeySource,
    KeyVariable,
    SigningKey,
    load_api_key,
    load_key,
)
from runner.core.errors import KeyRefused
from tests.client.fakes import API_KEY, VECTORS, key_text

FINGERPRINT = (VECTORS / "throwaway-test-key.fingerprint").read_text().strip()
PEM = VECTORS / "throwaway-test-key.pkcs8.pem"
PEM_BODY = "".join(key_text().splitlines()[1:-1])


def key_file(tmp_path: Path, material: bytes, mode: int = 0o600) -> KeyFile:
    path = tmp_path / "key"
    path.write_bytes(material)
    path.chmod(mode)
    return KeyFile(path=path)


def load(source: KeySource, **environ: str) -> SigningKey:
    return load_key(source, environ=environ)


def refusal(source: KeySource, **environ: str) -> KeyRefused:
    with pytest.raises(KeyRefused) as caught:
        load_key(source, environ=environ)
    return caught.value


def der(path: Path, form: serialization.PrivateFormat) -> bytes:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    return key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())


PKCS8 = serialization.PrivateFormat.PKCS8
PKCS1 = serialization.PrivateFormat.TraditionalOpenSSL

FORMS: dict[str, Callable[[], bytes]] = {
    "pkcs8-pem": PEM.read_bytes,
    "pkcs8-pem-with-crlf": lambda: PEM.read_bytes().replace(b"\n", b"\r\n"),
    "pkcs8-pem-with-spaces-around": lambda: b"\n  " + PEM.read_bytes() + b"\n\n",
    "pkcs8-base64-by-openssl": (VECTORS / "throwaway-test-key.pkcs8.der.b64").read_bytes,
    "pkcs8-base64-with-line-breaks": lambda: base64.encodebytes(der(PEM, PKCS8)),
    "pkcs8-der": lambda: der(PEM, PKCS8),
    "pkcs1-pem": (VECTORS / "throwaway-test-key.pkcs1.pem").read_bytes,
    "pkcs1-base64": lambda: base64.b64encode(der(PEM, PKCS1)),
    "pkcs1-der": lambda: der(PEM, PKCS1),
}


@pytest.mark.parametrize("form", FORMS)
def test_key_file_of_each_form_is_read(form: str, tmp_path: Path) -> None:
    assert load(key_file(tmp_path, FORMS[form]())).fingerprint == FINGERPRINT


@pytest.mark.parametrize("form", [name for name in FORMS if not name.endswith("-der")])
def test_key_variable_of_each_text_form_is_read(form: str) -> None:
    assert load(KeyVariable(name="K"), K=FORMS[form]().decode()).fingerprint == FINGERPRINT


def test_key_descriptor_is_read_to_its_end_and_closed() -> None:
    reading, writing = os.pipe()
    os.write(writing, PEM.read_bytes())
    os.close(writing)

    key = load(KeyDescriptor(descriptor=reading))

    assert key.fingerprint == FINGERPRINT
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(reading)


def test_full_check_accepts_a_good_key(tmp_path: Path) -> None:
    source = key_file(tmp_path, PEM.read_bytes())

    assert load_key(source, environ={}, fully_checked=True).bits == 2048


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601, 0o610])
def test_key_file_open_to_others_is_refused_with_the_command_that_helps(
    mode: int, tmp_path: Path
) -> None:
    error = refusal(key_file(tmp_path, PEM.read_bytes(), mode))

    assert f"mode {mode:04o}" in error.message
    assert error.hint == f"run: chmod 600 {tmp_path / 'key'}"


def test_key_file_behind_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    key_file(tmp_path, PEM.read_bytes())
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "key")

    assert "symbolic link" in refusal(KeyFile(path=link)).message


def test_fifo_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)

    assert "not a regular file" in refusal(KeyFile(path=tmp_path / "fifo")).message


def test_directory_is_refused(tmp_path: Path) -> None:
    assert "not a regular file" in refusal(KeyFile(path=tmp_path)).message


def test_key_file_of_another_user_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    source = key_file(tmp_path, PEM.read_bytes())
    os.chown(source.path, 12_345, -1)

    assert "belongs to another user" in refusal(source).message


def test_absent_key_file_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refusal(KeyFile(path=tmp_path / "absent")).message


def test_path_with_a_nul_is_refused() -> None:
    assert "not a path" in refusal(KeyFile(path=Path("a\0b"))).message


def test_bad_descriptor_is_refused() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)

    assert "cannot be read" in refusal(KeyDescriptor(descriptor=reading)).message


def test_absent_variable_is_refused() -> None:
    assert "is not set" in refusal(KeyVariable(name="K")).message
    assert "is not set" in refusal(KeyVariable(name="K"), K="  ").message


def test_oversized_material_is_refused_everywhere(tmp_path: Path) -> None:
    big = PEM.read_bytes() + b"\n" * KEY_BYTES_MAX

    assert "too long" in refusal(key_file(tmp_path, big)).message
    assert "too long" in refusal(KeyVariable(name="K"), K=big.decode()).message


def damaged() -> bytes:
    """Return a key whose private exponent and CRT parameters do not belong together."""
    key = serialization.load_pem_private_key(PEM.read_bytes(), None)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers, foreign = key.private_numbers(), other.private_numbers()
    mixed = rsa.RSAPrivateNumbers(
        p=numbers.p, q=numbers.q, d=foreign.d, dmp1=foreign.dmp1, dmq1=foreign.dmq1,
        iqmp=numbers.iqmp, public_numbers=numbers.public_numbers,
    )  # fmt: skip
    return mixed.private_key(unsafe_skip_rsa_key_validation=True).private_bytes(
        serialization.Encoding.PEM, PKCS8, serialization.NoEncryption()
    )


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "encrypted": ((VECTORS / "throwaway-test-key.encrypted.pem").read_bytes, "passphrase"),
    "encrypted-pkcs1": (
        lambda: (
            b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n"
            + PEM_BODY.encode()
            + b"\n-----END RSA PRIVATE KEY-----\n"
        ),
        "passphrase",
    ),
    "encrypted-der": (
        lambda: base64.b64decode(
            b"".join((VECTORS / "throwaway-test-key.encrypted.pem").read_bytes().splitlines()[1:-1])
        ),
        "passphrase",
    ),
    "too-small": ((VECTORS / "throwaway-too-small-key.pem").read_bytes, "1024 bits"),
    "not-rsa": ((VECTORS / "throwaway-ed25519-key.pem").read_bytes, "not RSA"),
    "public": ((VECTORS / "throwaway-test-key.public.pem").read_bytes, "no private key"),
    "openssh": (
        lambda: b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        "OpenSSH",
    ),
    "empty": (lambda: b" \n", "empty"),
    "garbage": (lambda: b"not a key at all \xff\xfe", "no private key that can be read"),
    "truncated-base64": (PEM_BODY[:-7].encode, "no private key that can be read"),
    "truncated-pem": (lambda: PEM.read_bytes()[:-200], "no private key that can be read"),
    "damaged": (damaged, "does not sign correctly"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_unusable_key_is_refused_and_nothing_of_it_is_shown(kind: str, tmp_path: Path) -> None:
    make, words = REFUSED[kind]
    material = make()

    error = refusal(key_file(tmp_path, material))

    shown = "".join(traceback.format_exception(error)) + error.hint
    assert words in error.message
    assert not shows_a_part(shown, material)


def shows_a_part(shown: str, material: bytes) -> bool:
    text = material.decode("latin-1")
    lines = [line for line in text.splitlines() if len(line) >= 16 and not line.startswith("---")]
    return any(line[i : i + 16] in shown for line in lines for i in range(0, len(line) - 15, 8))


def test_key_shows_itself_to_nobody(tmp_path: Path) -> None:
    key = load(key_file(tmp_path, PEM.read_bytes()))

    assert repr(key) == str(key) == f"{key}" == f"SigningKey({FINGERPRINT})"
    assert not hasattr(key, "__dict__")
    for escape in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            escape(key)


def test_signer_hides_the_api_key_in_its_repr(signer: KeySigner) -> None:
    assert API_KEY not in repr(signer)
    assert signer.api_key == API_KEY


@pytest.mark.parametrize("api_key", ["", "a b", "a\r\nX-Evil: 1", "ключ", "a" * 4097])
def test_api_key_that_no_header_can_carry_is_refused(api_key: str, signer: KeySigner) -> None:
    with pytest.raises(KeyRefused) as caught:
        KeySigner(api_key=api_key, key=signer.key)

    assert not api_key or api_key not in str(caught.value)


def test_api_key_is_read_from_a_file_or_a_variable_without_its_line_break(tmp_path: Path) -> None:
    source = key_file(tmp_path, f"{API_KEY}\n".encode())

    assert load_api_key(source, environ={}) == API_KEY
    assert load_api_key(KeyVariable(name="K"), environ={"K": f" {API_KEY}\n"}) == API_KEY


def test_api_key_in_an_open_file_is_refused(tmp_path: Path) -> None:
    source = key_file(tmp_path, API_KEY.encode(), 0o644)

    with pytest.raises(KeyRefused, match="other users"):
        load_api_key(source, environ={})


def test_api_key_that_is_no_ascii_is_refused_and_not_shown(tmp_path: Path) -> None:
    source = key_file(tmp_path, API_KEY.encode() + b"\xff")

    with pytest.raises(KeyRefused) as caught:
        load_api_key(source, environ={})

    assert API_KEY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("form", FORMS)
def test_private_key_in_the_place_of_the_api_key_is_refused(form: str, tmp_path: Path) -> None:
    """On one line of base64 it would fit the header, and every request would carry it away."""
    source = key_file(tmp_path, FORMS[form]())

    with pytest.raises(KeyRefused, match="a private key where the API key should be"):
        load_api_key(source, environ={})


def test_api_key_is_remembered_as_a_secret(tmp_path: Path) -> None:
    remembered: list[bytes] = []
    source = key_file(tmp_path, API_KEY.encode())

    load_api_key(source, environ={}, remember=lambda secret: remembered.append(secret.reveal()))

    assert remembered == [API_KEY.encode()]


def test_key_pasted_where_its_file_is_named_is_not_shown(tmp_path: Path) -> None:
    pasted = base64.b64encode(der(PEM, PKCS8)).decode("ascii")

    error = refusal(KeyFile(path=tmp_path / pasted))

    assert "the key file cannot be opened" in error.message
    assert not any(part in f"{error.message}{error.hint}" for part in pasted.split("/") if part)
