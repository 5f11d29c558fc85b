"""The one place where text of others is made safe to show.

A playbook's title, a custodian's message or a file name may hold terminal escapes, line breaks or
bidirectional marks that make a screen say what nobody wrote.
"""

import unicodedata


def visible(text: str) -> str:
    r"""Spell out every character that a reader cannot see or that moves the cursor.

    Shapes: control characters (C0, DEL, C1), escape, format characters (bidirectional and zero
        width), line and paragraph separators, odd blanks, surrogates and unassigned code points
        become ``\x1b`` or ``\u202e``; everything printable stays.
    """
    # isprintable is exactly this set: no Other, no Separator but the ASCII blank.
    if text.isprintable():
        return text
    return "".join(visible_character(character) for character in text)


def visible_character(character: str) -> str:
    """Spell out one character as ``visible`` does."""
    if character.isprintable():
        return character
    named = _NAMED.get(character)
    if named is not None:
        return named
    code = ord(character)
    if code <= 0xFF:  # noqa: PLR2004 -- the last code point that \x can spell
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 -- as above


def display_width(text: str) -> int:
    """Count the columns a printable text takes: wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def cut(text: str, width: int, *, sign: str = "…") -> str:
    """Shorten a printable text to ``width`` columns, with ``sign`` where something is missing."""
    if display_width(text) <= width:
        return text
    room = width - len(sign)
    kept = ""
    used = 0
    for character in text:
        used += _character_width(character)
        if used > room:
            break
        kept += character
    return kept + sign


def padded(text: str, width: int) -> str:
    """Fill a printable text with blanks up to ``width`` columns; a longer one stays as it is."""
    return text + " " * max(width - display_width(text), 0)


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
