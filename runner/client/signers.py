"""Signers whose private key is not in this process: an SSH agent, or a command of the operator.

Both are asked for RSASSA-PKCS1-v1_5 with SHA-512, the API's scheme, which an agent calls
``rsa-sha2-512``: the bytes are the same. What comes back is verified with the public key before
anything is sent, so that a wrong key or a broken signer ends before the first byte.

Source: DESIGN section 4; RFC 4251 section 5 (encoding); RFC 8332 (rsa-sha2-512); the SSH agent
protocol (draft-ietf-sshm-ssh-agent), sections 3.2 (identities) and 3.6 (signing).
"""

import base64
import binascii
import hashlib
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from runner.client.keys import KEY_BITS_MAX, KEY_BITS_MIN, checked_api_key, public_fingerprint
from runner.core.errors import KeyRefused
from runner.core.record import record

ANSWER_WITHIN_S = 4.0
"""Less than the 5 s within which a stamped write must leave; a key that wants a touch is too slow
for a send, and then nothing is sent."""

_ANSWER_BYTES_MAX = 262_144
_SIGNATURE_TEXT_MAX = 4_096
_REQUEST_IDENTITIES, _IDENTITIES = 11, 12
_REQUEST_SIGNATURE, _SIGNATURE = 13, 14
_RSA_SHA2_512 = 4
_LENGTH_BYTES = 4


@record
class AgentSigner:
    """Signs with a key of an SSH agent, which may keep it in a token.

    Shapes: ``socket_path`` is the agent's (``SSH_AUTH_SOCK``); ``blob`` is the public key as the
        agent names it; ``public`` is the same key.
    """

    api_key: str = field(repr=False)
    socket_path: str
    blob: bytes = field(repr=False)
    public: rsa.RSAPublicKey = field(repr=False)
    is_slow: bool = True

    @property
    def fingerprint(self) -> str:
        """Return the name of the public key, as every signer gives it."""
        return public_fingerprint(self.public)

    def sign(self, data: bytes) -> str:
        """Ask the agent for a signature.

        Errors: ``KeyRefused`` when the agent does not answer in time, declines, or signs wrongly.
        """
        asked = bytes([_REQUEST_SIGNATURE]) + _text(self.blob) + _text(data)
        kind, answer = _ask(self.socket_path, asked + _RSA_SHA2_512.to_bytes(_LENGTH_BYTES, "big"))
        if kind != _SIGNATURE:
            raise KeyRefused(
                "the SSH agent declined to sign",
                hint="unlock it, confirm the request where it asks, or add the key: ssh-add KEY",
            )
        inside = _texts(next(_texts(answer), b""))
        algorithm, signature = next(inside, b""), next(inside, b"")
        if algorithm != b"rsa-sha2-512":
            raise KeyRefused(
                "the SSH agent does not sign with rsa-sha2-512, the API's scheme",
                hint="use OpenSSH's ssh-agent, 7.2 or newer",
            )
        return _verified(self.public, signature, data, "the SSH agent")


@record
class CommandSigner:
    """Signs by a command of the operator: the wrapper of a key service or of a hardware module.

    Shapes: ``argv`` is run without a shell, with the bytes to sign on its stdin and nothing of our
        environment but ``PATH`` and ``HOME``; it prints the signature in base64 on one line.
    """

    api_key: str = field(repr=False)
    argv: tuple[str, ...]
    public: rsa.RSAPublicKey = field(repr=False)
    environ: tuple[tuple[str, str], ...] = ()
    is_slow: bool = True

    @property
    def fingerprint(self) -> str:
        """Return the name of the public key, as every signer gives it."""
        return public_fingerprint(self.public)

    def sign(self, data: bytes) -> str:
        """Run the command.

        Errors: ``KeyRefused`` when it cannot be run, fails, takes too long, or signs wrongly. What
            it prints is never shown.
        """
        name = f"the signing command {self.argv[0]}"
        try:
            ended = subprocess.run(  # noqa: S603 - the operator's controls name it, and no shell reads it
                self.argv,
                input=data,
                capture_output=True,
                timeout=ANSWER_WITHIN_S,
                env=dict(self.environ),
                check=False,
            )
        except OSError as exc:
            reason = os.strerror(exc.errno) if exc.errno else "it cannot be run"
            raise KeyRefused(
                f"{name} cannot be run: {reason}", hint="name it with its whole path"
            ) from exc
        except subprocess.TimeoutExpired:
            # Without a cause: it carries what the command has printed so far.
            raise KeyRefused(f"{name} took longer than {ANSWER_WITHIN_S:.0f} s") from None
        if ended.returncode != 0:
            raise KeyRefused(
                f"{name} ended with {ended.returncode}",
                hint="run it by hand with a text on its stdin; it must print a signature in base64",
            )
        try:
            text = ended.stdout[:_SIGNATURE_TEXT_MAX].strip()
            signature = base64.b64decode(text, validate=True)
        except binascii.Error:
            raise KeyRefused(
                f"{name} printed no base64", hint="it must print the signature and nothing else"
            ) from None
        return _verified(self.public, signature, data, name)


def load_agent_signer(api_key: str, *, fingerprint: str, socket_path: str) -> AgentSigner:
    """Find a key in an agent.

    Shapes: ``fingerprint`` is the key's as ``ssh-add -l`` prints it, ``SHA256:`` and base64.
    Errors: ``KeyRefused`` when there is no agent, or it does not have the key, or the key is not
        RSA of a size the API takes.
    """
    checked_api_key(api_key)
    if not socket_path:
        raise KeyRefused("SSH_AUTH_SOCK is not set", hint="start an agent, and add the key to it")
    kind, answer = _ask(socket_path, bytes([_REQUEST_IDENTITIES]))
    if kind != _IDENTITIES:
        raise KeyRefused("the SSH agent does not list its keys", hint="unlock it: ssh-add -X")
    # A number, then a key and a comment for each.
    for blob in list(_texts(answer[_LENGTH_BYTES:]))[::2]:
        if _ssh_fingerprint(blob) == fingerprint:
            return AgentSigner(
                api_key=api_key, socket_path=socket_path, blob=blob, public=_public_key(blob)
            )
    raise KeyRefused(f"the SSH agent has no key {fingerprint}", hint="ssh-add -l lists what it has")


def load_command_signer(
    api_key: str, *, argv: tuple[str, ...], public_key: Path, environ: dict[str, str]
) -> CommandSigner:
    """Take a signing command, and the public half of its key.

    Shapes: ``public_key`` is a file with PEM; ``environ`` is what the command gets.
    Errors: ``KeyRefused`` for a file that holds no RSA public key of a size the API takes.
    """
    checked_api_key(api_key)
    try:
        public = serialization.load_pem_public_key(public_key.read_bytes())
    except OSError as exc:
        reason = os.strerror(exc.errno) if exc.errno else "it cannot be opened"
        raise KeyRefused(f"the public key {public_key} cannot be read: {reason}") from exc
    except ValueError:
        raise KeyRefused(
            f"{public_key} holds no public key",
            hint="write it in PEM: openssl pkey -in KEY -pubout",
        ) from None
    if not isinstance(public, rsa.RSAPublicKey):
        raise KeyRefused(f"{public_key} is not RSA", hint="the API signs with RSA alone")
    _check_size(public)
    return CommandSigner(
        api_key=api_key, argv=argv, public=public, environ=tuple(sorted(environ.items()))
    )


def _verified(public: rsa.RSAPublicKey, signature: bytes, data: bytes, name: str) -> str:
    try:
        public.verify(signature, data, padding.PKCS1v15(), hashes.SHA512())
    except InvalidSignature:
        raise KeyRefused(
            f"what {name} signed does not verify with {public_fingerprint(public)}",
            hint="it signs with another key, or not with RSASSA-PKCS1-v1_5 and SHA-512",
        ) from None
    return base64.b64encode(signature).decode("ascii")


def _ask(socket_path: str, message: bytes) -> tuple[int, bytes]:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as agent:
            agent.settimeout(ANSWER_WITHIN_S)
            agent.connect(socket_path)
            agent.sendall(_text(message))
            length = int.from_bytes(_exactly(agent, _LENGTH_BYTES), "big")
            if not 1 <= length <= _ANSWER_BYTES_MAX:
                raise KeyRefused("what answers at SSH_AUTH_SOCK is no SSH agent")
            answer = _exactly(agent, length)
    except OSError as exc:
        raise KeyRefused(
            "the SSH agent does not answer", hint="is it running? `ssh-add -l` should list the key"
        ) from exc
    return answer[0], answer[1:]


def _exactly(agent: socket.socket, count: int) -> bytes:
    chunks = bytearray()
    while len(chunks) < count:
        chunk = agent.recv(count - len(chunks))
        if not chunk:
            raise ConnectionResetError
        chunks += chunk
    return bytes(chunks)


def _text(data: bytes) -> bytes:
    return len(data).to_bytes(_LENGTH_BYTES, "big") + data


def _texts(data: bytes) -> Iterator[bytes]:
    place = 0
    while place + _LENGTH_BYTES <= len(data):
        length = int.from_bytes(data[place : place + _LENGTH_BYTES], "big")
        place += _LENGTH_BYTES
        yield data[place : place + length]
        place += length


def _ssh_fingerprint(blob: bytes) -> str:
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii").rstrip("=")
    return f"SHA256:{digest}"


def _public_key(blob: bytes) -> rsa.RSAPublicKey:
    parts = list(_texts(blob))
    if not parts or parts[0] != b"ssh-rsa" or len(parts) != _RSA_PARTS:
        raise KeyRefused("the agent's key is not RSA", hint="the API signs with RSA alone")
    try:
        numbers = rsa.RSAPublicNumbers(
            int.from_bytes(parts[1], "big"), int.from_bytes(parts[2], "big")
        )
        public = numbers.public_key()
    except ValueError:
        raise KeyRefused("the agent's key is damaged") from None
    _check_size(public)
    return public


def _check_size(public: rsa.RSAPublicKey) -> None:
    if not KEY_BITS_MIN <= public.key_size <= KEY_BITS_MAX:
        raise KeyRefused(
            f"the key has {public.key_size} bits",
            hint=f"make an RSA key of {KEY_BITS_MIN} to {KEY_BITS_MAX} bits",
        )


_RSA_PARTS = 3
