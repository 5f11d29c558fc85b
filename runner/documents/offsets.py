r"""Where each character of a scalar's text stands in the file.

The parser gives a scalar's text and the two ends of its spelling. This module reads the spelling
again, by the rules of the scalar's style, and notes for every character of the text the stretch of
the file it came from. Example: ``"a\n b"`` has the text ``a``, line break, blank, ``b``; the line
break came from the two characters ``\n``.

Words: a *range* is (first offset, offset after the last) in the file. A *break* is LF or CRLF; the
files read here have no others. *Folding* makes one blank of a single break and one break less of
several; the blanks around them vanish.

Limits: if the spelling does not give the parser's text, the answer is None and the caller falls
back to the whole scalar; tests hold the two together.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, TypeAlias

Range: TypeAlias = tuple[int, int]
"""First offset and the offset after the last, in the file."""

Placed: TypeAlias = tuple[str, int, int]
"""One character of the text and its range."""

_BREAK: Final = re.compile(r"\r?\n")
_GAP: Final = re.compile(r"[ \t]*(?:\r?\n[ \t]*)+")
_LINE: Final = re.compile(r"([^\n]*?)(\r?\n|\Z)")
_ESCAPE_WIDTHS: Final = {"x": 4, "u": 6, "U": 10}
_ESCAPES: Final = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}


def source_ranges(
    text: str, style: str, source: str, start: int, end: int
) -> tuple[Range, ...] | None:
    """Return the range of every character of ``text``, or None if the spelling does not give it.

    Shapes: ``source[start:end]`` is the spelling, quotes and block header included; a block of text
        ends by its indentation, whatever ``end`` says.
    """
    placed: Iterator[Placed]
    if style == "plain":
        placed = _flow(source, start, end)
    elif style == "single":
        placed = _single(source, start + 1, end - 1)
    elif style == "double":
        placed = _double(source, start + 1, end - 1)
    else:
        placed = _block(text, source, start, folded=style == "folded")
    found = tuple(islice(placed, len(text)))
    if "".join(character for character, _, _ in found) != text:
        return None
    return tuple((first, last) for _, first, last in found)


def _folded_gap(source: str, start: int, end: int) -> Iterator[Placed]:
    """Yield what a stretch of blanks and breaks folds to."""
    breaks = list(_BREAK.finditer(source, start, end))
    if len(breaks) == 1:
        yield " ", breaks[0].start(), end
    for found in breaks[1:]:
        yield "\n", found.start(), found.end()


def _flow(source: str, start: int, end: int) -> Iterator[Placed]:
    index = start
    while index < end:
        gap = _GAP.match(source, index, end)
        if gap:
            yield from _folded_gap(source, index, gap.end())
            index = gap.end()
        else:
            yield source[index], index, index + 1
            index += 1


def _single(source: str, start: int, end: int) -> Iterator[Placed]:
    quote_first = -1
    for character, first, last in _flow(source, start, end):
        if character != "'":
            yield character, first, last
        elif quote_first < 0:
            quote_first = first
        else:
            yield "'", quote_first, last
            quote_first = -1


def _double(source: str, start: int, end: int) -> Iterator[Placed]:
    index = start
    while index < end:
        gap = _GAP.match(source, index, end)
        if gap:
            yield from _folded_gap(source, index, gap.end())
            index = gap.end()
        elif source[index] != "\\":
            yield source[index], index, index + 1
            index += 1
        elif _BREAK.match(source, index + 1, end):
            # An escaped break joins two lines: it and the blanks after it vanish, while further
            # breaks in the same gap stay.
            gap = _GAP.match(source, index + 1, end)
            assert gap is not None
            for found in list(_BREAK.finditer(source, index + 1, gap.end()))[1:]:
                yield "\n", found.start(), found.end()
            index = gap.end()
        else:
            kind = source[index + 1]
            width = _ESCAPE_WIDTHS.get(kind, 2)
            spelled = source[index + 2 : index + width]
            character = chr(int(spelled, 16)) if spelled else _ESCAPES.get(kind, "")
            yield character, index, index + width
            index += width


def _block(text: str, source: str, start: int, *, folded: bool) -> Iterator[Placed]:
    header = _LINE.match(source, start)
    assert header is not None
    # The indentation is what the first line with content has more blanks than its text.
    empty = len(text) - len(text.lstrip("\n"))
    indent = len(source)  # a text without content has no line that reaches its indentation
    for first, last, _ in islice(_lines(source, header.end()), empty, empty + 1):
        if empty == len(text):
            break
        indent = _blanks(source[first:last]) - _blanks(text[empty:])
    inside = _indented(source, header.end(), indent)
    return _folded(source, inside) if folded else _literal(source, inside)


def _indented(source: str, start: int, indent: int) -> Iterator[tuple[int, int, int]]:
    """Yield the lines of a block without their indentation; the first other line ends it."""
    for first, last, after in _lines(source, start):
        line = source[first:last]
        if _blanks(line) < indent and line.strip(" "):
            return
        yield min(first + indent, last), last, after


def _literal(source: str, lines: Iterator[tuple[int, int, int]]) -> Iterator[Placed]:
    for first, last, after in lines:
        yield from _characters(source, first, last)
        yield "\n", last, after


def _folded(source: str, lines: Iterator[tuple[int, int, int]]) -> Iterator[Placed]:
    pending: list[Range] = []  # breaks since the last line with content
    was_indented = False
    is_first = True
    for first, last, after in lines:
        if first == last:
            pending.append((last, after))
            continue
        is_indented = source[first] in " \t"
        if is_first or was_indented or is_indented:
            yield from _breaks(pending)
        elif len(pending) == 1:
            yield " ", pending[0][0], first
        else:
            yield from _breaks(pending[1:])
        yield from _characters(source, first, last)
        pending = [(last, after)]
        was_indented = is_indented
        is_first = False
    yield from _breaks(pending)


def _characters(source: str, first: int, last: int) -> Iterator[Placed]:
    for offset in range(first, last):
        yield source[offset], offset, offset + 1


def _breaks(ranges: list[Range]) -> Iterator[Placed]:
    for first, after in ranges:
        yield "\n", first, after


def _lines(source: str, start: int) -> Iterator[tuple[int, int, int]]:
    index = start
    while index < len(source):
        found = _LINE.match(source, index)
        assert found is not None
        yield found.start(1), found.end(1), found.end(2)
        index = found.end()


def _blanks(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
