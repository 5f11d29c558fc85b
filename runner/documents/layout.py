"""Layout that the parser lets pass and YAML 1.2 does not.

libyaml takes a ``#`` for a comment wherever a token may start, does not look at the indentation of
quotes and brackets that span lines, and drops a last line of blanks that has no line break. Other
readers refuse such files or read them differently, so they are refused here.

Source: YAML 1.2.2 sections 6.6, 7.1, 8.1.1.2; cases 9C9N, 9JBA, CVW2, JEF9, QB6E, SU5Z and X4QW of
the YAML test suite.
"""

import re
from typing import Final

_GLUED: Final = re.compile(r"(?:[ \t\r\n]*[,:])?#")
_GLUED_HEADER: Final = re.compile(r"[|>][-+0-9]*#")
_KEEPING_HEADER: Final = re.compile(r"[|>][0-9]?\+")
_LAST_BLANKS: Final = re.compile(r"\n[ \t]+\Z")


def glued_comment(text: str, before: int, after: int) -> int | None:
    """Return the offset of a ``#`` without a blank before it, between two tokens.

    Shapes: ``before`` is the end of one token, ``after`` the start of the next.
    """
    if text.find("#", before, after) < 0:
        return None
    found = _GLUED.match(text, before, after)
    return None if found is None else found.end() - 1


def glued_header_comment(text: str, start: int) -> int | None:
    """Return the offset of a ``#`` right behind the header of a block of text."""
    found = _GLUED_HEADER.match(text, start)
    return None if found is None else found.end() - 1


def outdented_line(text: str, start: int, end: int, column: int) -> int | None:
    """Return where the first line starts that is not indented deeper than what it belongs to.

    Shapes: ``text[start:end]`` is a quoted scalar or a flow collection; ``column`` is that of the
        block around it and counts from 0. Empty lines and comments may stand anywhere.
    """
    line = text.find("\n", start, end) + 1
    while line:
        rest = text[line:end].lstrip(" ")
        blanks = end - line - len(rest)
        is_empty = rest.lstrip("\t")[:1] in {"\r", "\n", "#"}
        if blanks <= column and not is_empty:
            return line + blanks
        line = text.find("\n", line, end) + 1
    return None


def loses_last_line(text: str, start: int, end: int) -> bool:
    """Tell whether a block of text that keeps its line breaks ends in blanks and no line break."""
    return (
        not text[end:].strip(" \t\r\n")
        and _KEEPING_HEADER.match(text, start) is not None
        and _LAST_BLANKS.search(text, start) is not None
    )
