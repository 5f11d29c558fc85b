"""Characters that have no place in files people review.

Refused are controls except TAB, LF and CRLF, everything readers cannot see (Cf: byte order mark,
bidirectional marks, zero-width characters), private, unassigned and surrogate code points, and the
line breaks that YAML 1.1 knows and YAML 1.2 does not (U+0085, U+2028, U+2029). A review shows what
the program reads only when none of them occurs. What is unassigned depends on the Unicode version
of the Python that runs; a newer one refuses less.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})
_PLAIN_CONTROLS: Final = frozenset("\t\n\r")
_LONE_CR: Final = re.compile(r"\r(?!\n)")
_CONTROL_NAMES: Final = {
    "\0": "NUL",
    "\a": "BELL",
    "\b": "BACKSPACE",
    "\v": "LINE TABULATION",
    "\f": "FORM FEED",
    "\r": "CARRIAGE RETURN",
    "\x1b": "ESCAPE",
    "\x7f": "DELETE",
    "\x85": "NEXT LINE",
    "\ufeff": "BYTE ORDER MARK",
}
_CATEGORY_NAMES: Final = {
    "Cc": "CONTROL CHARACTER",
    "Co": "PRIVATE USE CHARACTER",
    "Cn": "UNASSIGNED CHARACTER",
    "Cs": "SURROGATE",
}


def refused_offsets(text: str) -> Iterator[int]:
    """Yield the offset of every refused character, in order.

    Shapes: a CR counts as refused only where no LF follows.
    """
    # A text has few distinct characters, so the set decides a clean file at the speed of C.
    distinct = set(text) - _PLAIN_CONTROLS
    refused = [c for c in distinct if unicodedata.category(c) in _REFUSED_CATEGORIES]
    has_lone_cr = "\r" in text and _LONE_CR.search(text) is not None
    if not refused and not has_lone_cr:
        return
    alternatives = [re.escape(character) for character in refused]
    pattern = re.compile("|".join([*alternatives, _LONE_CR.pattern]))
    for match in pattern.finditer(text):
        yield match.start()


def character_name(character: str) -> str:
    """Name a character so that it can be searched for: ``U+2028 LINE SEPARATOR``."""
    name = (
        _CONTROL_NAMES.get(character)
        or unicodedata.name(character, "")
        or _CATEGORY_NAMES.get(unicodedata.category(character), "CHARACTER")
    )
    return f"U+{ord(character):04X} {name}"


def way_out(character: str) -> str:
    """Return the hint for one refused character."""
    if character == "\ufeff":
        return "save the file as UTF-8 without a byte order mark, or delete the character"
    if character == "\r":
        return "end lines with LF or CRLF"
    if character in "\x85\u2028\u2029":
        return "use an ordinary line break"
    if unicodedata.category(character) == "Cf":
        return "delete it: it is invisible and can make a line read as something else"
    return "delete it"
