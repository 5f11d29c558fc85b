"""Signers that hold no key themselves: a real ssh-agent, and real commands."""

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from runner.client.keys import KeyFile, load_key, public_fingerprint
from runner.client.signers import (
    CommandSigner,
    load_agent_signer,
    load_command_signer,
)
from runner.client.signing import sign
from runner.core.errors import KeyRefused

DATA = b"coinSymbol=USDT&timestamp=1700000000000"
NO_AGENT = "SHA256:" + "A" * 43

needs_agent = pytest.mark.skipif(
    shutil.which("ssh-agent") is None or shutil.which("ssh-add") is None, reason="needs OpenSSH"
)
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def key_file(key: rsa.RSAPrivateKey, tmp_path: Path) -> Path:
    path = tmp_path / "key.pem"
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture
def public_file(key: rsa.RSAPrivateKey, tmp_path: Path) -> Path:
    return write_public(key.public_key(), tmp_path / "key.pub.pem")


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    """Start an agent of our own, and end it."""
    path = str(tmp_path / "agent")
    started = subprocess.run(
        ["ssh-agent", "-s", "-a", path], capture_output=True, text=True, check=True
    )
    pid = int(started.stdout.split("SSH_AGENT_PID=")[1].split(";")[0])
    yield path
    os.kill(pid, signal.SIGTERM)


def write_public(public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, path: Path) -> Path:
    path.write_bytes(
        public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return path


def ssh_add(agent: str, key_file: Path) -> str:
    """Add a key to an agent, and return its fingerprint as the agent's tool prints it."""
    environ = {**os.environ, "SSH_AUTH_SOCK": agent}
    subprocess.run(["ssh-add", "-q", str(key_file)], env=environ, check=True, capture_output=True)
    listed = subprocess.run(
        ["ssh-add", "-l"], env=environ, check=True, capture_output=True, text=True
    )
    return listed.stdout.split()[1]


def in_memory(key_file: Path) -> str:
    return load_key(KeyFile(path=key_file), environ={}).sign(DATA)


def refusal(call: Callable[[], object]) -> KeyRefused:
    with pytest.raises(KeyRefused) as caught:
        call()
    return caught.value


@needs_agent
def test_agent_signs_the_same_bytes_as_the_key_in_memory(agent: str, key_file: Path) -> None:
    fingerprint = ssh_add(agent, key_file)

    signer = load_agent_signer("api-key", fingerprint=fingerprint, socket_path=agent)

    assert signer.sign(DATA) == in_memory(key_file)


@needs_agent
def test_agents_key_has_the_name_that_plans_show(
    agent: str, key_file: Path, key: rsa.RSAPrivateKey
) -> None:
    fingerprint = ssh_add(agent, key_file)

    signer = load_agent_signer("api-key", fingerprint=fingerprint, socket_path=agent)

    assert signer.fingerprint == public_fingerprint(key.public_key())
    assert "api-key" not in repr(signer)


@needs_agent
def test_key_that_the_agent_no_longer_has_signs_nothing(agent: str, key_file: Path) -> None:
    fingerprint = ssh_add(agent, key_file)
    signer = load_agent_signer("api-key", fingerprint=fingerprint, socket_path=agent)
    environ = {**os.environ, "SSH_AUTH_SOCK": agent}
    subprocess.run(["ssh-add", "-q", "-D"], env=environ, check=True, capture_output=True)

    assert str(refusal(lambda: signer.sign(DATA))) == "the SSH agent declined to sign"


@needs_agent
def test_agent_without_the_key_is_refused(agent: str) -> None:
    error = refusal(lambda: load_agent_signer("api-key", fingerprint=NO_AGENT, socket_path=agent))

    assert str(error) == f"the SSH agent has no key {NO_AGENT}"


@pytest.mark.parametrize(
    ("path", "text"),
    [("", "SSH_AUTH_SOCK is not set"), ("/nonexistent/agent", "the SSH agent does not answer")],
)
def test_agent_that_is_not_there_is_refused(path: str, text: str) -> None:
    error = refusal(lambda: load_agent_signer("api-key", fingerprint=NO_AGENT, socket_path=path))

    assert str(error) == text


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"", "the SSH agent does not answer"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "what answers at SSH_AUTH_SOCK is no SSH agent"),
        (b"\x00\x00\x00\x01\x05", "the SSH agent does not list its keys"),
    ],
)
def test_what_is_no_agent_is_refused(tmp_path: Path, answer: bytes, text: str) -> None:
    path = str(tmp_path / "agent")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen()

        def answer_once() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=answer_once)
        thread.start()
        error = refusal(
            lambda: load_agent_signer("api-key", fingerprint=NO_AGENT, socket_path=path)
        )
        thread.join()

    assert str(error) == text


def test_signature_of_another_key_is_never_used(
    tmp_path: Path, public_file: Path, key: rsa.RSAPrivateKey
) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    printed = tmp_path / "printed"
    printed.write_text(sign(other, DATA), encoding="ascii")
    signer = command_signer(public_file, "/bin/cat", str(printed))

    assert "does not verify with " + public_fingerprint(key.public_key()) in str(
        refusal(lambda: signer.sign(DATA))
    )


@needs_openssl
def test_command_signs_the_same_bytes_as_the_key_in_memory(
    key_file: Path, public_file: Path, tmp_path: Path
) -> None:
    script = tmp_path / "sign"
    script.write_text(
        f"#!/bin/sh\nopenssl dgst -sha512 -sign {key_file} | openssl base64 -A\n", encoding="ascii"
    )
    script.chmod(0o700)
    signer = command_signer(public_file, str(script), environ={"PATH": os.environ["PATH"]})

    assert signer.sign(DATA) == in_memory(key_file)


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (("/nonexistent/sign",), "cannot be run: No such file or directory"),
        (("/bin/false",), "ended with 1"),
        (("/bin/echo", "my secret, in words"), "printed no base64"),
    ],
)
def test_command_that_does_not_sign_is_refused_and_its_words_are_not_shown(
    public_file: Path, argv: tuple[str, ...], text: str
) -> None:
    error = refusal(lambda: command_signer(public_file, *argv).sign(DATA))

    assert text in str(error)
    assert "my secret" not in f"{error} {error.hint}"


def test_command_gets_nothing_of_our_environment_but_what_is_given(
    public_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CEFFU_EFFECT_KEY", "canary")
    seen = tmp_path / "seen"
    script = tmp_path / "sign"
    script.write_text(f"#!/bin/sh\nenv >{seen}\n", encoding="ascii")
    script.chmod(0o700)

    refusal(lambda: command_signer(public_file, str(script), environ={"HOME": "/"}).sign(DATA))

    assert "canary" not in seen.read_text(encoding="utf-8")
    assert "HOME=/\n" in seen.read_text(encoding="utf-8")


def test_public_key_that_the_api_does_not_take_is_refused(tmp_path: Path) -> None:
    curve = write_public(ec.generate_private_key(ec.SECP256R1()).public_key(), tmp_path / "ec.pem")
    small = write_public(
        rsa.generate_private_key(
            public_exponent=65537,
            key_size=1024,  # noqa: S505 - refused below
        ).public_key(),
        tmp_path / "small.pem",
    )
    text = tmp_path / "text.pem"
    text.write_text("no key", encoding="ascii")

    reasons = [
        str(refusal(lambda path=path: command_signer(path, "/bin/true")))  # type: ignore[misc]
        for path in (curve, small, text, tmp_path / "absent.pem")
    ]

    assert reasons == [
        f"{curve} is not RSA",
        "the key has 1024 bits",
        f"{text} holds no public key",
        f"the public key {tmp_path / 'absent.pem'} cannot be read: No such file or directory",
    ]


def command_signer(
    public_file: Path, *argv: str, environ: dict[str, str] | None = None
) -> CommandSigner:
    return load_command_signer("api-key", argv=argv, public_key=public_file, environ=environ or {})
