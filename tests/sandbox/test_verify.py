import base64
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from runner.catalogue.load import load_api
from runner.sandbox.directory import Sandbox
from runner.sandbox.keys import load_public_key
from runner.sandbox.refusal import Refused
from runner.sandbox.verify import (
    PublicKey,
    check_permission,
    check_signature,
    check_timestamp,
    find_key,
    read_credentials,
)
from runner.sandbox.world import World
from tests.sandbox.signed_caller import Caller, data_of

NOW_MS = 1_795_000_000_000


@pytest.fixture
def key(key_folder: Path, world: World) -> PublicKey:
    return load_public_key(key_folder, world.keys[0], {})


def sign_with_openssl(pem: Path, signed: bytes, folder: Path) -> bytes:
    text = folder / "signed"
    text.write_bytes(signed)
    command = ["openssl", "dgst", "-sha512", "-sign", str(pem), str(text)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def code(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.code


@pytest.mark.parametrize(
    "signed", [b"", b"timestamp=1&pageNo=1", '{"amount":"1","note":"é"}'.encode()]
)
def test_signature_of_the_openssl_command_is_accepted(
    key: PublicKey, key_folder: Path, tmp_path: Path, signed: bytes
) -> None:
    signature = sign_with_openssl(key_folder / "reader.pem", signed, tmp_path)
    headers = [
        (b"open-apikey", key.api_key.encode()),
        (b"signature", base64.b64encode(signature)),
    ]

    credentials = read_credentials(headers)

    assert find_key({key.api_key: key}, credentials) is key
    check_signature(key, credentials, signed)


async def test_request_signed_by_the_openssl_command_is_answered(
    sandbox: Sandbox, reader: Caller, tmp_path: Path
) -> None:
    query = f"walletType=10&timestamp={reader.clock.now_ms}&bizType=10"
    signature = sign_with_openssl(sandbox.keys["reader"].pem_path, query.encode(), tmp_path)

    response = await reader.http.get(
        f"/open-api/v1/system/status?{query}",
        headers={
            "open-apikey": sandbox.keys["reader"].api_key,
            "signature": base64.b64encode(signature).decode(),
        },
    )

    assert data_of(response) == {"status": 0, "message": "Normal"}


def test_signature_over_other_bytes_is_refused(
    key: PublicKey, key_folder: Path, tmp_path: Path
) -> None:
    signature = sign_with_openssl(key_folder / "reader.pem", b"amount=1", tmp_path)
    headers = [(b"open-apikey", b"k"), (b"signature", base64.b64encode(signature))]

    with pytest.raises(Refused) as refused:
        check_signature(key, read_credentials(headers), b"amount=2")

    assert code(refused) == "G20009"


def test_signature_with_another_hash_is_refused(
    key: PublicKey, key_folder: Path, tmp_path: Path
) -> None:
    text = tmp_path / "signed"
    text.write_bytes(b"amount=1")
    pem = str(key_folder / "reader.pem")
    command = ["openssl", "dgst", "-sha256", "-sign", pem, str(text)]
    signature = subprocess.run(command, check=True, capture_output=True).stdout
    headers = [(b"open-apikey", b"k"), (b"signature", base64.b64encode(signature))]

    with pytest.raises(Refused) as refused:
        check_signature(key, read_credentials(headers), b"amount=1")

    assert code(refused) == "G20009"


@pytest.mark.parametrize(
    "text", [b"!", b"AAAA", b"A", "é".encode("latin-1"), b"AA\nAA", b"_-_-", b"A" * 4000]
)
def test_text_that_is_no_signature_is_refused(key: PublicKey, text: bytes) -> None:
    headers = [(b"open-apikey", b"k"), (b"signature", text)]

    with pytest.raises(Refused) as refused:
        check_signature(key, read_credentials(headers), b"")

    assert code(refused) == "G20009"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"open-apikey", b"k")],
        [(b"signature", b"s")],
        [(b"open-apikey", b""), (b"signature", b"s")],
        [(b"open-apikey", b"k"), (b"signature", b"")],
        [(b"open-apikey", b"k"), (b"open-apikey", b"k"), (b"signature", b"s")],
        [(b"open-apikey", b"k"), (b"signature", b"s"), (b"signature", b"t")],
    ],
)
def test_headers_missing_or_twice_are_refused(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Refused) as refused:
        read_credentials(headers)

    assert code(refused) == "G20008"


def test_key_of_somebody_else_is_refused(key: PublicKey) -> None:
    credentials = read_credentials([(b"open-apikey", b"real-key"), (b"signature", b"s")])

    with pytest.raises(Refused) as refused:
        find_key({key.api_key: key}, credentials)

    assert code(refused) == "G20010"


@pytest.mark.parametrize("distance_ms", [-60_000, 0, 60_000])
def test_timestamp_within_the_window_is_accepted(distance_ms: int) -> None:
    check_timestamp(str(NOW_MS + distance_ms), now_ms=NOW_MS, window_ms=60_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "G20006"),
        ("", "G20006"),
        (str(NOW_MS - 60_001), "G20007"),
        (str(NOW_MS + 60_001), "G20007"),
        ("0", "G20007"),
        ("-1", "G20005"),
        ("1e12", "G20005"),
        ("1795000000000.0", "G20005"),
        ("٣", "G20005"),
        ("9" * 17, "G20005"),
    ],
)
def test_timestamp_missing_malformed_or_old_is_refused(text: str | None, expected: str) -> None:
    with pytest.raises(Refused) as refused:
        check_timestamp(text, now_ms=NOW_MS, window_ms=60_000)

    assert code(refused) == expected


def test_key_without_the_permission_group_is_refused(key: PublicKey) -> None:
    write = load_api().operations["mirror.asset.settle"]

    with pytest.raises(Refused) as refused:
        check_permission(key, write)
    check_permission(replace(key, permissions=frozenset({write.permission})), write)

    assert code(refused) == "G20016"
