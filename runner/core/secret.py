"""A value that must not be seen, and the scrubber for everything that leaves the program."""

from collections.abc import Iterable
from typing import Never

REDACTED = "[redacted]"


class Secret:
    """Bytes that never appear in a repr, a string, a pickle or a comparison message."""

    __slots__ = ("__value",)

    def __init__(self, value: bytes) -> None:
        """Take the secret bytes."""
        self.__value = value

    def reveal(self) -> bytes:
        """Return the bytes; the one call to search for in a review."""
        return self.__value

    def __repr__(self) -> str:
        """Show that there is something, and nothing of it."""
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        """Show nothing, whatever the format asks."""
        return repr(self)

    def __reduce__(self) -> Never:
        """Refuse to be pickled or copied.

        Errors: ``TypeError``, always.
        """
        raise TypeError("a Secret cannot be pickled")


def redact(text: str, needles: Iterable[str]) -> str:
    """Replace every occurrence of every needle.

    Shapes: empty needles are ignored; longer needles go first, so that a needle that contains
        another leaves no rest behind.
    """
    for needle in sorted({n for n in needles if n}, key=len, reverse=True):
        text = text.replace(needle, REDACTED)
    return text
