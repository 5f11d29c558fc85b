"""Where a signing key comes from, and the object that holds it without showing it."""

import base64
import binascii
import contextlib
import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Never, Protocol, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from runner.client.signing import sign
from runner.core.errors import KeyRefused
from runner.core.record import record
from runner.core.secret import Secret

KEY_BYTES_MAX = 16_384
KEY_BITS_MIN = 2048
KEY_BITS_MAX = 8192


@record
class KeyFile:
    """A key in a file: regular, owned by this user, closed to everyone else, no symbolic link."""

    path: Path


@record
class KeyDescriptor:
    """A key that a parent process hands over on an open file descriptor."""

    descriptor: int


@record
class KeyVariable:
    """A key in an environment variable, as CI systems inject secrets."""

    name: str


KeySource: TypeAlias = KeyFile | KeyDescriptor | KeyVariable
"""The places a key may come from; each is named by the operator's profile, never by a playbook."""


class Signer(Protocol):
    """Whatever can sign for one API key: a key in memory here, an agent or a command elsewhere.

    An implementer returns the same bytes for the same data (the scheme is deterministic), may be
    called any number of times, and never shows key material.

    Shapes: ``fingerprint`` is ``SHA256:`` and the unpadded base64 of the SHA-256 of the public
        key's DER (SubjectPublicKeyInfo); ``sign`` returns standard base64; ``is_slow`` tells that
        signing waits for somebody else, so that it is done beside the event loop.
    """

    @property
    def api_key(self) -> str:
        """Return the value of the ``open-apikey`` header."""
        ...

    @property
    def fingerprint(self) -> str:
        """Return the name of the public key, safe to print."""
        ...

    @property
    def is_slow(self) -> bool:
        """Tell whether signing waits for another process."""
        ...

    def sign(self, data: bytes) -> str:
        """Return the signature of the data.

        Errors: ``KeyRefused`` where whoever holds the key does not sign.
        """
        ...


class SigningKey:
    """An RSA private key that signs and says its fingerprint, and nothing else."""

    __slots__ = ("__key", "_bits", "_fingerprint")

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        """Take a key that ``load_key`` has checked."""
        self.__key = key
        self._bits = key.key_size
        self._fingerprint = public_fingerprint(key.public_key())

    @property
    def fingerprint(self) -> str:
        """Return ``SHA256:`` and the digest of the public key, the name a profile pins."""
        return self._fingerprint

    @property
    def bits(self) -> int:
        """Return the size of the modulus."""
        return self._bits

    def sign(self, data: bytes) -> str:
        """Sign bytes; the shape is that of ``signing.sign``."""
        return sign(self.__key, data)

    def __repr__(self) -> str:
        """Show the public name only."""
        return f"SigningKey({self._fingerprint})"

    def __reduce__(self) -> Never:
        """Refuse to be pickled or copied.

        Errors: ``TypeError``, always.
        """
        raise TypeError("a SigningKey cannot be pickled or copied")


@record
class KeySigner:
    """A ``Signer`` over a key in this process.

    Errors: ``KeyRefused`` when the API key is empty or could not stand in a header.
    """

    api_key: str = field(repr=False)
    key: SigningKey
    is_slow: bool = False

    def __post_init__(self) -> None:
        """Refuse an API key that would break the header it travels in."""
        checked_api_key(self.api_key)

    @property
    def fingerprint(self) -> str:
        """Return the key's fingerprint."""
        return self.key.fingerprint

    def sign(self, data: bytes) -> str:
        """Sign with the key."""
        return self.key.sign(data)


def public_fingerprint(public: rsa.RSAPublicKey) -> str:
    """Return the name of a public key: ``SHA256:`` and the digest of its DER in base64."""
    data = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode("ascii").rstrip("=")
    return f"SHA256:{digest}"


def checked_api_key(text: str) -> str:
    """Return an API key that a header can carry.

    Errors: ``KeyRefused``.
    """
    if not _API_KEY.fullmatch(text):
        raise KeyRefused(
            "the API key is empty, too long or holds a character that no header can carry",
            hint="copy it again from the custodian's portal, without spaces or line breaks",
        )
    return text


def load_key(
    source: KeySource,
    *,
    environ: Mapping[str, str],
    fully_checked: bool = False,
    remember: Callable[[Secret], None] | None = None,
) -> SigningKey:
    """Load a key from where the operator put it.

    The key is parsed without OpenSSL's primality checks (0.05 ms against 32 ms for 2048 bits,
    230 ms for 4096) and then has to sign and verify a test text (0.6 ms). That catches a damaged or
    mismatched key before the first request. What it cannot show is that p and q are prime; a key
    made wrong on purpose helps only whoever made it, and these sources hold keys that the operator
    made or took from the custodian, who needs no forged key to move the operator's funds.
    ``fully_checked`` runs the slow checks as well, for a command that inspects a key. ``remember``
    is told the material, so that outputs can be scrubbed of it.

    Shapes: PEM or base64 of PKCS#8 DER; PKCS#1 as PEM, base64 or DER is understood too. A file
        descriptor is read to its end and closed. The caller removes an environment variable from
        its environment after this call, so that no child process inherits the key.
    Errors: ``KeyRefused`` with a way out; the text never holds any part of the key.
    Source: PERFORMANCE "What to know first" 4; RELIABILITY 3, key file permissions.
    """
    material, name = _read(source, environ)
    if remember is not None:
        remember(material)
    key = _parse(material, name, fully_checked=fully_checked)
    if not KEY_BITS_MIN <= key.key_size <= KEY_BITS_MAX:
        raise KeyRefused(
            f"{name} holds a key of {key.key_size} bits",
            hint=f"make an RSA key of {KEY_BITS_MIN} to {KEY_BITS_MAX} bits",
        )
    _self_test(key, name)
    return SigningKey(key)


def load_api_key(
    source: KeySource,
    *,
    environ: Mapping[str, str],
    remember: Callable[[Secret], None] | None = None,
) -> str:
    """Load the text of an API key, the ``open-apikey`` header's value, as ``load_key`` loads keys.

    Errors: ``KeyRefused`` for a place that cannot be used, a text that is not one line of ASCII, or
        a private key, which a request would carry out of the house in its header.
    """
    material, name = _read(source, environ)
    if remember is not None:
        remember(material)
    if _is_private_key(material):
        raise KeyRefused(
            f"{name} holds a private key where the API key should be",
            hint="give the text the custodian's portal shows as the API key",
        )
    try:
        return material.reveal().decode("ascii").strip()
    except UnicodeDecodeError:
        # Without a cause: the codec's error carries the bytes.
        raise KeyRefused(
            f"{name} does not hold an API key", hint="copy it again from the custodian's portal"
        ) from None


def _is_private_key(material: Secret) -> bool:
    text = material.reveal().strip()
    if len(text) < _PRIVATE_KEY_LENGTH_MIN:
        return False
    try:
        _parse(material, "", fully_checked=False)
    except KeyRefused:
        # A damaged key is one all the same, and no API key looks like it.
        return b"PRIVATE KEY-----" in text
    return True


def _read(source: KeySource, environ: Mapping[str, str]) -> tuple[Secret, str]:
    if isinstance(source, KeyFile):
        return _read_file(source.path)
    if isinstance(source, KeyDescriptor):
        return _read_descriptor(source.descriptor)
    name = f"the environment variable {source.name}"
    text = environ.get(source.name, "")
    if not text.strip():
        raise KeyRefused(f"{name} is not set", hint="set it to the PEM text or base64 of the key")
    if len(text) > KEY_BYTES_MAX:
        raise KeyRefused(f"{name} is too long to be a key", hint="it should hold the key alone")
    return Secret(text.encode("utf-8", errors="surrogateescape")), name


def _read_file(path: Path) -> tuple[Secret, str]:
    # People paste a key where its file's name belongs; no name of a file is that long.
    name = f"the key file {path}" if len(str(path)) <= _PATH_SHOWN_MAX else "the key file"
    # O_NONBLOCK keeps a fifo from hanging the program before fstat can refuse it; everything is
    # checked on the open descriptor, because a check by name could be about another file.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    try:
        descriptor = os.open(path, flags)
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise KeyRefused(
                f"{name} is a symbolic link", hint="name the file itself in the profile"
            ) from exc
        reason = os.strerror(exc.errno) if exc.errno else "it cannot be opened"
        raise KeyRefused(f"{name} cannot be opened: {reason}") from exc
    except ValueError as exc:  # a NUL in the path
        raise KeyRefused("the key file's path is not a path") from exc
    try:
        _check_file(os.fstat(descriptor), path, name)
        return Secret(_read_capped(descriptor, name)), name
    finally:
        os.close(descriptor)


def _check_file(facts: os.stat_result, path: Path, name: str) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise KeyRefused(f"{name} is not a regular file")
    if facts.st_uid != os.geteuid():
        raise KeyRefused(
            f"{name} belongs to another user",
            hint="copy the key into a file of your own with mode 0600",
        )
    if facts.st_mode & 0o077:
        raise KeyRefused(
            f"{name} can be used by other users (mode {stat.S_IMODE(facts.st_mode):04o})",
            hint=f"run: chmod 600 {path}",
        )


def _read_descriptor(descriptor: int) -> tuple[Secret, str]:
    name = f"the key on file descriptor {descriptor}"
    try:
        material = Secret(_read_capped(descriptor, name))
    finally:
        # An open descriptor would reach every child process; a bad one cannot be closed.
        with contextlib.suppress(OSError):
            os.close(descriptor)
    return material, name


def _read_capped(descriptor: int, name: str) -> bytes:
    chunks: list[bytes] = []
    size = 0
    try:
        while chunk := os.read(descriptor, KEY_BYTES_MAX + 1 - size):
            chunks.append(chunk)
            size += len(chunk)
            if size > KEY_BYTES_MAX:
                raise KeyRefused(f"{name} is too long to be a key")
    except OSError as exc:
        reason = os.strerror(exc.errno) if exc.errno else "reading failed"
        raise KeyRefused(f"{name} cannot be read: {reason}") from exc
    return b"".join(chunks)


def _parse(material: Secret, name: str, *, fully_checked: bool) -> rsa.RSAPrivateKey:
    text = material.reveal().strip()
    if not text:
        raise KeyRefused(f"{name} is empty")
    # The causes are dropped on purpose: what a parser says about a private key is not ours to show.
    try:
        if text.startswith(b"-----BEGIN"):
            _refuse_other_pem(text, name)
            key = serialization.load_pem_private_key(
                text, None, unsafe_skip_rsa_key_validation=not fully_checked
            )
        else:
            key = serialization.load_der_private_key(
                _der_from(text), None, unsafe_skip_rsa_key_validation=not fully_checked
            )
    except TypeError:
        raise _encrypted(name) from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefused(
            f"{name} holds no private key that can be read",
            hint="give PKCS#8: PEM text, or the base64 of its DER without line breaks",
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyRefused(f"{name} holds a key that is not RSA", hint="the API signs with RSA alone")
    return key


def _der_from(text: bytes) -> bytes:
    # A DER key starts with the tag of a SEQUENCE and a long length; base64 of one starts with "MI".
    if text[:2] in {b"\x30\x82", b"\x30\x81"}:
        return text
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        raise ValueError("neither DER nor base64") from None


def _refuse_other_pem(text: bytes, name: str) -> None:
    label = text[: text.find(b"\n")] if b"\n" in text else text[:64]
    if b"ENCRYPTED" in label or b"Proc-Type: 4,ENCRYPTED" in text:
        raise _encrypted(name)
    if b"OPENSSH" in label:
        raise KeyRefused(
            f"{name} is in OpenSSH's own format",
            hint="convert a copy with: ssh-keygen -p -m PKCS8 -f COPY",
        )
    if b"PRIVATE KEY" not in label:
        raise KeyRefused(f"{name} holds no private key", hint="give the private half of the pair")


def _encrypted(name: str) -> KeyRefused:
    return KeyRefused(
        f"{name} is protected by a passphrase, which nobody could type in a pipeline",
        hint="decrypt it where it is kept: openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW",
    )


def _self_test(key: rsa.RSAPrivateKey, name: str) -> None:
    try:
        signature = key.sign(_SELF_TEST, padding.PKCS1v15(), hashes.SHA512())
        key.public_key().verify(signature, _SELF_TEST, padding.PKCS1v15(), hashes.SHA512())
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        raise KeyRefused(
            f"{name} does not sign correctly: the key is damaged",
            hint="restore it from its backup or make a new pair",
        ) from None


_PATH_SHOWN_MAX = 512
_PRIVATE_KEY_LENGTH_MIN = 256
"""No RSA key of 1024 bits and more is shorter in any spelling."""
_API_KEY = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)
_SELF_TEST = b"runner key self-test v1"
