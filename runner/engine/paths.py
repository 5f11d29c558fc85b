"""How steps are named from the root: ids joined by ``/``, keys of loops in brackets.

``eod[acme]/trim/return_excess[USDT]`` is one step, in every process, plan and report.
"""

import unicodedata
from typing import Final

KEY_MAX: Final = 128
"""How many characters a key may have, inclusive."""

_PLAIN: Final = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"  # as DESIGN section 2 lists
)


def encoded_key(key: str) -> str:
    """Spell a key for a path: UTF-8 bytes outside ``[A-Za-z0-9_-]`` as ``%2F``."""
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in key.encode("utf-8"))


def key_problem(key: str) -> str:
    """Say why a text cannot name an effect, or nothing where it can.

    No other text may look the same: it is not empty, printable, composed (NFC), and has no blanks
    around it.
    """
    if not key:
        return "it is empty"
    if len(key) > KEY_MAX:
        return f"it has more than {KEY_MAX} characters"
    if not key.isprintable() or key != key.strip():
        return "it has characters that cannot be seen"
    if not unicodedata.is_normalized("NFC", key):
        return "another text looks the same"
    return ""


def owners_of(path: str) -> list[str]:
    """Return the paths of the steps a step stands in, the nearest last."""
    return [path[:at] for at, character in enumerate(path) if character in "/["]


def is_under(path: str, owner: str) -> bool:
    """Tell whether a path is that of a step, or of something inside it."""
    return path == owner or path.startswith((f"{owner}/", f"{owner}["))
