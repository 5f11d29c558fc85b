"""A page of lines for a terminal: headings, labelled rows, wrapped prose and tables.

Every text that enters is made safe to show here, whoever wrote it, so that no caller can forget.
"""

from collections.abc import Iterable, Sequence

from runner.reporting.escape import display_width, padded, visible
from runner.reporting.table import Column, render_table
from runner.reporting.terminal import Terminal, Tone, fitted, painted

_LABEL_COLUMNS = 11
_ROOM_MIN = 20


class Sheet:
    """Collects lines as wide as a terminal."""

    def __init__(self, terminal: Terminal) -> None:
        """Start with no lines."""
        self._terminal = terminal
        self.lines: list[str] = []

    def shown(self, text: str) -> str:
        """Return a text as this sheet's stream can show it, with nothing left unseen."""
        return fitted(visible(text), self._terminal)

    def blank(self) -> None:
        """Add an empty line, unless the last one is empty or there is none."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def line(self, text: str, *, tone: Tone | None = None) -> None:
        """Add one line as it is, however long."""
        self._add("", self.shown(text).rstrip(), tone)

    def heading(self, text: str) -> None:
        """Add an empty line and a heading."""
        self.blank()
        self.line(text, tone=Tone.STRONG)

    def prose(self, text: str, *, indent: int, tone: Tone | None = None) -> None:
        """Add sentences, wrapped at blanks; line breaks in them count as blanks."""
        shown = self.shown(" ".join(text.split()))
        for part in self._wrapped(shown, indent):
            self._add(" " * indent, part, tone)

    def row(
        self,
        label: str,
        text: str,
        *,
        indent: int = 2,
        tone: Tone | None = None,
        whole: bool = False,
    ) -> None:
        """Add a label and its text, wrapped at blanks beside it.

        Shapes: a ``whole`` text, or one word, that is too long for its room begins on the next line
            instead, in one piece.
        """
        start = indent + max(_LABEL_COLUMNS, display_width(label) + 1)
        shown = self.shown(text)
        head = " " * indent + padded(label, start - indent)
        too_wide = display_width(shown) > self._room(start)
        if too_wide and (whole or " " not in shown):
            self._add(head.rstrip(), "", None)
            self._add(" " * (indent + 2), shown, tone)
            return
        for part in self._wrapped(shown, start):
            self._add(head if part else head.rstrip(), part, tone)
            head = " " * start

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Add a table, as ``render_table`` makes it."""
        text = render_table(columns, rows, self._terminal, indent="  ")
        self.lines += text.splitlines()

    def _add(self, head: str, text: str, tone: Tone | None) -> None:
        self.lines.append(head + (text if tone is None else painted(text, tone, self._terminal)))

    def _room(self, start: int) -> int:
        return max(self._terminal.width - start, _ROOM_MIN)

    def _wrapped(self, text: str, start: int) -> Iterable[str]:
        room = self._room(start)
        words: list[str] = []
        used = 0
        for word in text.split(" "):
            width = display_width(word)
            if words and used + 1 + width > room:
                yield " ".join(words)
                words, used = [], 0
            used += width + (1 if words else 0)
            words.append(word)
        yield " ".join(words)
