"""The scrubber in front of every sink: what was registered as secret never gets through."""

import re

from runner.core.secret import REDACTED, Secret, redact

_NEEDLE_LENGTH_MIN = 4
"""A shorter text hides nothing, and replacing it everywhere would make output unreadable."""

_PEM_LINE_LENGTH_MIN = 20
_PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL
)


class Redactor:
    """Knows the secrets of this process and takes them out of text.

    Secrets are registered where they are loaded; registering twice is harmless. Private keys in PEM
    are taken out even if nobody registered them.
    """

    __slots__ = ("_needles",)

    def __init__(self) -> None:
        """Start with nothing registered."""
        self._needles: frozenset[str] = frozenset()

    def register(self, secret: Secret) -> None:
        """Remember a secret in every spelling it could leave the program in."""
        self._needles |= _needles(secret.reveal())

    def clean(self, text: str) -> str:
        """Return the text with every secret replaced."""
        if "PRIVATE KEY-----" in text:
            text = _PEM.sub(REDACTED, text)
        return redact(text, self._needles) if self._needles else text

    def __repr__(self) -> str:
        """Show how many spellings are known, and none of them."""
        return f"Redactor({len(self._needles)} needles)"


def _needles(value: bytes) -> frozenset[str]:
    found = set(_spellings(value))
    stripped = value.strip()
    if stripped != value:
        found.update(_spellings(stripped))
    if stripped.startswith(b"-----BEGIN "):
        lines = [line.strip() for line in stripped.splitlines()]
        body = b"".join(line for line in lines if not line.startswith(b"-----"))
        found.update(_spellings(b"".join(lines)))
        found.update(_spellings(body))
        # A traceback or a log may show a single line of the block.
        found.update(line.decode("ascii", "replace") for line in lines if _is_key_line(line))
    return frozenset(needle for needle in found if len(needle) >= _NEEDLE_LENGTH_MIN)


def _is_key_line(line: bytes) -> bool:
    return len(line) >= _PEM_LINE_LENGTH_MIN and not line.startswith(b"-----")


def _spellings(value: bytes) -> set[str]:
    # Every command has a redactor; only those with secrets pay for the spellings.
    import base64
    import json
    from urllib.parse import quote

    base64_text = base64.b64encode(value).decode("ascii")
    urlsafe_text = base64.urlsafe_b64encode(value).decode("ascii")
    found = {base64_text, base64_text.rstrip("="), urlsafe_text, urlsafe_text.rstrip("=")}
    found |= {value.hex(), value.hex().upper()}
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        # repr is how bytes that are no text end up in messages.
        return found | {repr(value)[2:-1]}
    found |= {text, repr(text)[1:-1], quote(text, safe="")}
    found |= {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return found
