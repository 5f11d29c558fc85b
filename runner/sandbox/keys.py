"""The API keys of a sandbox on disk: generated once, never seen by the server.

``keys/NAME.pem`` holds the private key (PKCS#8, mode 0600) for the client, ``keys/NAME.public.pem``
what the server checks signatures with, ``keys/NAME.api-key`` the API key's text. The texts are
random, so that a key of another sandbox, or a real one, is unknown here.

A world with webhooks has one more pair, ``keys/webhook.signing.pem``, which the server signs its
notifications with; ``keys/webhook.signing.public.pem`` is for their receiver.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import field
from ipaddress import ip_address, ip_network
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from runner.core.errors import KeyRefused
from runner.core.record import record
from runner.sandbox.verify import PublicKey
from runner.sandbox.world import Key

_RSA_BITS = 2048
_RSA_EXPONENT = 65537
_WEBHOOK_KEY = "webhook.signing.pem"
"""Not the file of an API key, whose name has no point."""


@record
class KeyFile:
    """What a client needs to use one key; the private key itself stays in its file.

    Shapes: ``ips`` as a world's key has them; ``is_tied`` tells that it sees some wallets alone.
    """

    name: str
    api_key: str = field(repr=False)
    permissions: tuple[str, ...]
    pem_path: Path
    entity: str
    ips: tuple[str, ...] = ()
    is_tied: bool = False
    expired: bool = False

    def may_come_from(self, address: str) -> bool:
        """Tell whether it may be used from an IP address."""
        return not self.ips or any(ip_address(address) in ip_network(each) for each in self.ips)


def create_key_files(folder: Path, key: Key) -> None:
    """Generate one key pair unless it is there; the caller holds the sandbox's lock.

    The private key is written last and appears under its name complete, so a creation that was
    killed is done again from the start.
    """
    private_path = folder / f"{key.name}.pem"
    if private_path.exists():
        return
    write_file(folder / f"{key.name}.api-key", new_api_key())
    _write_pair(private_path)


def new_api_key() -> bytes:
    """Return the text of an API key that nothing else has, as its file holds it."""
    return f"sandbox-{secrets.token_hex(24)}\n".encode()


def create_webhook_key(folder: Path) -> Path:
    """Generate the pair that notifications are signed with, unless it is there.

    Shapes: returns where the private key is; the caller holds the sandbox's lock.
    """
    private_path = folder / _WEBHOOK_KEY
    if not private_path.exists():
        _write_pair(private_path)
    return private_path


def load_webhook_key(path: Path) -> RSAPrivateKey:
    """Read the key that notifications are signed with.

    Errors: ``KeyRefused`` if its file is gone or damaged.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise KeyRefused(f"{path} cannot be used", hint="reset the sandbox") from exc
    if not isinstance(key, RSAPrivateKey):
        raise KeyRefused(f"{path} is not an RSA key", hint="reset the sandbox")
    return key


def load_key_file(folder: Path, key: Key) -> KeyFile:
    """Return what a client needs of one key.

    Errors: ``KeyRefused`` if its files are gone.
    """
    return KeyFile(
        name=key.name,
        api_key=_read_api_key(folder, key),
        permissions=key.permissions,
        pem_path=folder / f"{key.name}.pem",
        entity=key.entity,
        ips=key.ips,
        is_tied=bool(key.wallets),
        expired=key.expired,
    )


def load_public_key(folder: Path, key: Key, wallet_ids: Mapping[str, str]) -> PublicKey:
    """Return what the server needs of one key.

    Shapes: ``wallet_ids`` are the ids of the world's wallets by name.
    Errors: ``KeyRefused`` if its files are gone or damaged.
    """
    path = folder / f"{key.name}.public.pem"
    try:
        public = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as exc:
        raise KeyRefused(f"{path} cannot be used", hint="reset the sandbox") from exc
    if not isinstance(public, RSAPublicKey):
        raise KeyRefused(f"{path} is not an RSA key", hint="reset the sandbox")
    return PublicKey(
        name=key.name,
        api_key=_read_api_key(folder, key),
        entity=key.entity,
        permissions=frozenset(key.permissions),
        ips=key.ips,
        wallet_ids=frozenset(wallet_ids[name] for name in key.wallets),
        expired=key.expired,
        public_key=public,
    )


def _write_pair(private_path: Path) -> None:
    private = generate_private_key(_RSA_EXPONENT, _RSA_BITS)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write_file(private_path.with_suffix(".public.pem"), public)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_file(private_path, pem)


def _read_api_key(folder: Path, key: Key) -> str:
    path = folder / f"{key.name}.api-key"
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise KeyRefused(f"{path} cannot be read", hint="reset the sandbox") from exc


def write_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads; it appears under its name complete and synced."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
