"""Signatures by OpenSSH: ``ssh-keygen -Y sign`` and ``-Y verify``, started without a shell.

What ssh-keygen is handed is made here: a file of the lines that name one principal, one signature
block and nothing else, the moment it has to be valid at. Its exit code is the answer.
Source: OpenSSH, PROTOCOL.sshsig; ssh-keygen(1), ALLOWED SIGNERS.
"""

import base64
import binascii
import os
import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from runner.controls.signers import fingerprint_of
from runner.core.errors import SettingsInvalid
from runner.core.record import record

_BLOCK: Final = re.compile(
    rb"-----BEGIN SSH SIGNATURE-----\n((?:[A-Za-z0-9+/=]{1,76}\n)+)-----END SSH SIGNATURE-----\n?"
)
_MAGIC: Final = b"SSHSIG"
_TIMEOUT_S: Final = 30
_SIGNING_TIMEOUT_S: Final = 300
"""A person has to find and touch a hardware key."""


@record
class Sealed:
    """What a signature says of itself: the key's fingerprint and the namespace."""

    fingerprint: str
    namespace: str


def sealed_from_block(signature: bytes) -> Sealed:
    """Read a signature's file, which is one block and nothing else.

    Errors: ``ValueError`` with a sentence.
    """
    block = _BLOCK.fullmatch(signature)
    if block is None:
        raise ValueError("the signature's file is not one signature block and nothing else")
    try:
        blob = base64.b64decode(block[1].replace(b"\n", b""), validate=True)
        if not blob.startswith(_MAGIC):
            raise ValueError("the signature's block is none of OpenSSH")
        key, rest = _text(blob[len(_MAGIC) + 4 :])
        namespace, _ = _text(rest)
    except (binascii.Error, struct.error) as exc:
        raise ValueError("the signature's block is damaged") from exc
    return Sealed(fingerprint=fingerprint_of(key), namespace=namespace.decode("utf-8", "replace"))


def against_signature(  # noqa: PLR0913 - each is one thing a signature is held against
    data: bytes,
    signature: bytes,
    *,
    principal: str,
    namespace: str,
    allowed: bytes,
    revoked: bytes,
    at: datetime,
) -> str:
    """Say why a signature does not hold, or nothing where it does.

    Shapes: ``allowed`` is the text of an allowed_signers file, ``revoked`` a list of keys or a KRL.
    Errors: ``SettingsInvalid`` where there is no ssh-keygen.
    """
    with tempfile.TemporaryDirectory(prefix="runner-verify-") as name:
        folder = Path(name)
        (folder / "allowed").write_bytes(allowed)
        (folder / "signature").write_bytes(signature)
        arguments = [
            *("-Y", "verify", "-f", str(folder / "allowed"), "-I", principal, "-n", namespace),
            *("-s", str(folder / "signature")),
            # Without a zone, which older versions do not know; the environment says which.
            f"-Overify-time={at.astimezone(UTC):%Y%m%d%H%M%S}",
        ]
        if revoked.strip():
            (folder / "revoked").write_bytes(revoked)
            arguments += ["-r", str(folder / "revoked")]
        done = _keygen(arguments, data, {"TZ": "UTC", "LC_ALL": "C"}, timeout_s=_TIMEOUT_S)
    if done.returncode == 0:
        return ""
    return _why(done.stderr, principal)


def sign(data: bytes, *, key: Path, namespace: str, environment: Mapping[str, str]) -> bytes:
    """Sign bytes with a key file, or with the agent's key whose public half the file is.

    Shapes: ``environment`` is what ssh-keygen may see: where the agent and its prompts are.
    Errors: ``SettingsInvalid`` where the key cannot sign.
    """
    arguments = ["-Y", "sign", "-f", os.fspath(key), "-n", namespace]
    done = _keygen(arguments, data, environment, timeout_s=_SIGNING_TIMEOUT_S)
    if done.returncode != 0:
        raise SettingsInvalid(
            f"ssh-keygen cannot sign with {key}: {_last(done.stderr)}",
            hint="--key names a private key, or the public half of one that the agent holds",
        )
    return done.stdout


def _keygen(
    arguments: list[str], data: bytes, environment: Mapping[str, str], *, timeout_s: int
) -> "subprocess.CompletedProcess[bytes]":
    program = shutil.which("ssh-keygen")
    if program is None:
        raise SettingsInvalid(
            "signatures are made and verified with ssh-keygen, which is not installed",
            hint="install OpenSSH's client programs",
        )
    try:
        return subprocess.run(  # noqa: S603 - a fixed command, no shell
            [program, *arguments],
            env={"PATH": os.defpath, **environment},
            input=data,
            capture_output=True,
            check=False,
            timeout=timeout_s,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise SettingsInvalid("ssh-keygen did not answer") from exc


def _text(data: bytes) -> tuple[bytes, bytes]:
    (length,) = struct.unpack_from(">I", data)
    if length > len(data) - 4:
        raise struct.error
    return data[4 : 4 + length], data[4 + length :]


def _last(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it gave no reason"


def _why(stderr: bytes, principal: str) -> str:
    text = stderr.decode("utf-8", "replace")
    if "revoked" in text.lower():
        return "its key is revoked"
    return f"it is no valid signature of {principal} now: {_last(stderr)}"
