"""Where something was written."""

from runner.core.record import record


@record
class Span:
    """A stretch of a text file, the way people count it.

    Shapes: ``line`` and ``column`` count from 1; ``end_line`` and ``end_column`` name the place
        just after the last character (exclusive). An empty span has its end equal to its start.
    Units: columns are Unicode code points, never bytes.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        """Spell the place as ``file:line:column``."""
        return f"{self.file}:{self.line}:{self.column}"

    def __lt__(self, other: "Span") -> bool:
        """Put places in the order of their files, and of their first characters."""
        return _order(self) < _order(other)


@record
class SourceFile:
    """The text of one file, kept so that a diagnostic can show the line it speaks of.

    Shapes: ``name`` is the path as the user gave it; ``text`` is the decoded content, unchanged.
    """

    name: str
    text: str

    def line(self, number: int) -> str:
        """Return one line without its line break; an empty text for a line that does not exist.

        Shapes: ``number`` counts from 1. Lines end at LF or CRLF alone, as YAML reads them here.
        """
        lines = self.text.split("\n")
        if not 1 <= number <= len(lines):
            return ""
        return lines[number - 1].removesuffix("\r")

    def whole(self) -> Span:
        """Return the place for a statement about the file as a whole: its first character."""
        return Span(file=self.name, line=1, column=1, end_line=1, end_column=1)


def _order(span: Span) -> tuple[str, int, int, int, int]:
    return (span.file, span.line, span.column, span.end_line, span.end_column)
