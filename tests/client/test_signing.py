"""Signatures and signed texts, as values."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key
from hypothesis import given
from hypothesis import strategies as st

from runner.client.keys import KeySigner
from runner.client.signing import body_bytes, query_text, sign
from tests.client.fakes import VECTORS

NAMES = sorted(path.stem for path in VECTORS.glob("*.txt"))


@pytest.mark.parametrize("name", NAMES)
def test_signature_equals_the_one_made_by_openssl(name: str, signer: KeySigner) -> None:
    text = (VECTORS / f"{name}.txt").read_bytes()

    assert signer.sign(text) == (VECTORS / f"{name}.sig").read_text()


def test_vectors_are_there() -> None:
    assert len(NAMES) == 6


def test_signature_verifies_with_the_openssl_command(signer: KeySigner, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is not installed")
    text = query_text([("coinSymbol", "₿ [1]")], 1_640_995_200_123)
    (tmp_path / "text").write_bytes(text.encode())
    (tmp_path / "signature").write_bytes(base64.b64decode(signer.sign(text.encode())))

    done = subprocess.run(
        ["openssl", "dgst", "-sha512", "-verify", VECTORS / "throwaway-test-key.public.pem",
         "-signature", tmp_path / "signature", tmp_path / "text"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.stdout.strip() == "Verified OK"


def test_fingerprint_equals_the_one_made_by_openssl(signer: KeySigner) -> None:
    expected = (VECTORS / "throwaway-test-key.fingerprint").read_text().strip()

    assert signer.fingerprint == expected


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_signature_equals_wycheproof(bits: int, shared_corpora: Path) -> None:
    document = json.loads(
        (shared_corpora / f"wycheproof_rsa_pkcs1_{bits}_sig_gen.json").read_text()
    )
    compared = 0
    for group in document["testGroups"]:
        if group["sha"] != "SHA-512":
            continue
        key = load_der_private_key(bytes.fromhex(group["privateKeyPkcs8"]), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        for case in group["tests"]:
            expected = base64.b64encode(bytes.fromhex(case["sig"])).decode()
            assert sign(key, bytes.fromhex(case["msg"])) == expected, case["tcId"]
            compared += 1

    assert compared == {2048: 9, 3072: 9, 4096: 8}[bits]


def test_query_puts_the_timestamp_last_and_keeps_the_order() -> None:
    text = query_text([("walletType", "20"), ("bizType", "10")], 1_640_995_200_000)

    assert text == "walletType=20&bizType=10&timestamp=1640995200000"


def test_query_without_parameters_is_the_timestamp() -> None:
    assert query_text([], 7) == "timestamp=7"


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), max_size=5))
def test_query_survives_a_url_library_unchanged(pairs: list[tuple[str, str]]) -> None:
    """What the HTTP library puts on the wire is what was signed, for any text."""
    text = query_text(pairs, 1)

    assert httpx.URL(f"https://host/path?{text}").raw_path == f"/path?{text}".encode("ascii")
    assert parse_qsl(text, keep_blank_values=True) == [*pairs, ("timestamp", "1")]


def test_body_gets_the_timestamp_as_its_last_member() -> None:
    planned = '{"amount":"1","requestId":"2"}'

    assert body_bytes(planned, 1_640_995_200_000) == (
        b'{"amount":"1","requestId":"2","timestamp":1640995200000}'
    )


def test_empty_body_gets_the_timestamp_alone() -> None:
    assert body_bytes("{}", 5) == b'{"timestamp":5}'
    assert body_bytes("{ }", 5) == b'{"timestamp":5}'


def test_body_keeps_every_other_byte_of_the_plan() -> None:
    planned = '{ "b":"Grüße }", "a" : 1.50 }'

    assert body_bytes(planned, 5) == '{ "b":"Grüße }", "a" : 1.50 ,"timestamp":5}'.encode()


@pytest.mark.parametrize(
    "planned",
    [
        "",
        "[]",
        '"{}"',
        "{",
        "{}}",
        ' {"a":1}',
        '{"a":1}\n',
        '{"a":1,"a":1}',
        '{"timestamp":1}',
        '{"a":1}{"b":2}',
        '{"a":NaN}',
    ],
)
def test_body_refuses_what_is_not_a_plain_object(planned: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|object|timestamp|duplicate"):
        body_bytes(planned, 5)


@given(
    st.dictionaries(st.text().filter(lambda name: name != "timestamp"), st.text() | st.integers())
)
def test_body_differs_from_the_plan_by_the_timestamp_alone(members: dict[str, str | int]) -> None:
    sent = body_bytes(json.dumps(members), 12)

    assert list(json.loads(sent).items()) == [*members.items(), ("timestamp", 12)]
