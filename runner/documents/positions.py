"""Offsets into a text, turned into lines and columns only when somebody asks."""

import re
from bisect import bisect_right

from runner.core.source import SourceFile, Span

_LINE_END = re.compile("\n")


class Positions:
    """The line table of one source, shared by all nodes read from it.

    Shapes: offsets count code points of ``source.text`` from 0. Lines end at LF; the CR of a CRLF
        is the last character of its line.
    """

    __slots__ = ("_starts", "source")

    def __init__(self, source: SourceFile) -> None:
        """Keep the source; the table is built at the first question."""
        self.source = source
        self._starts: list[int] | None = None

    def span(self, start: int, end: int) -> Span:
        """Return the place from ``start`` to ``end``, exclusive."""
        line, column = self.place(start)
        end_line, end_column = self.place(end)
        return Span(
            file=self.source.name,
            line=line,
            column=column,
            end_line=end_line,
            end_column=end_column,
        )

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset, both counted from 1."""
        starts = self._starts
        if starts is None:
            starts = [0, *(match.end() for match in _LINE_END.finditer(self.source.text))]
            self._starts = starts
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1
