"""Diagnostics and errors as text: what, where, the line with a caret, and the way out."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from runner.core.diagnostics import Diagnostic, Severity, sorted_diagnostics
from runner.core.errors import InvalidInput, RunnerError
from runner.core.source import SourceFile, Span
from runner.reporting.escape import cut, display_width, visible, visible_character
from runner.reporting.terminal import Terminal, Tone, cut_sign, fitted, painted

SourceOf = Callable[[str], SourceFile | None]
"""Finds the text behind a span's file name; None where there is none, such as for a flag."""

_TAB_STOP = 4
_FILE_BYTES_MAX = 8 * 1024 * 1024


def no_source(_name: str) -> None:
    """Know no file: diagnostics are then shown without their line."""


def source_from_disk(name: str) -> SourceFile | None:
    """Read a file again to show a line of it; None when it is no readable file of modest size."""
    path = Path(name)
    try:
        if not path.is_file() or path.stat().st_size > _FILE_BYTES_MAX:
            return None
        return SourceFile(name=name, text=path.read_bytes().decode("utf-8", "replace"))
    except (OSError, ValueError):
        return None


def render_diagnostics(
    found: Iterable[Diagnostic], terminal: Terminal, source_of: SourceOf = no_source
) -> str:
    """Render all findings in the order of their places, and a last line that counts them.

    Shapes: blocks are divided by an empty line; the text ends with a line break; no findings give
        an empty text.
    """
    ordered = sorted_diagnostics(found)
    if not ordered:
        return ""
    sources = {name: source_of(name) for name in dict.fromkeys(d.span.file for d in ordered)}
    blocks = [render_diagnostic(d, sources[d.span.file], terminal) for d in ordered]
    return "\n".join([*blocks, count_line(ordered) + "\n"])


def count_line(found: Sequence[Diagnostic]) -> str:
    """Return ``2 errors, 1 warning``."""
    errors = sum(d.severity is Severity.ERROR for d in found)
    warnings = len(found) - errors
    parts = [
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((errors, "error"), (warnings, "warning"))
        if count
    ]
    return ", ".join(parts) or "no findings"


def render_diagnostic(found: Diagnostic, source: SourceFile | None, terminal: Terminal) -> str:
    """Render one finding.

    Shapes: ends with a line break; a span over several lines shows its first.
    """
    tone = Tone.BAD if found.severity is Severity.ERROR else Tone.CAREFUL
    title = painted(f"{found.severity.value}[{found.code}]", tone, terminal)
    summary = painted(f": {visible(found.summary)}", Tone.STRONG, terminal)
    gutter = " " * len(str(found.span.line))
    lines = [title + summary, f"{gutter}{_frame('-->', terminal)} {visible(str(found.span))}"]
    excerpt = _excerpt(found, source, terminal) if source is not None else None
    if excerpt is not None:
        text, caret = excerpt
        bar = _frame("|", terminal)
        number = _frame(str(found.span.line), terminal)
        marker = painted(caret, tone, terminal)
        lines += [f"{gutter} {bar}", f"{number} {bar} {text}", f"{gutter} {bar} {marker}"]
    if found.hint:
        lines.append(f"{gutter} {_frame('=', terminal)} help: {visible(found.hint)}")
    return fitted("\n".join(line.rstrip() for line in lines) + "\n", terminal)


def render_error(error: RunnerError, terminal: Terminal, source_of: SourceOf = no_source) -> str:
    """Render any error of ours: diagnostics where it has them, else a sentence and the way out."""
    if isinstance(error, InvalidInput):
        return render_diagnostics(error.diagnostics, terminal, source_of)
    title = painted("error", Tone.BAD, terminal)
    text = f"{title}: {_paragraph(error.message)}\n"
    if error.hint:
        text += f"{painted('hint', Tone.STRONG, terminal)}: {_paragraph(error.hint)}\n"
    return fitted(text, terminal)


def _paragraph(text: str) -> str:
    # Our own sentences may hold line breaks (a drift table); what is between them is escaped.
    return "\n".join(visible(line) for line in text.split("\n"))


def _frame(text: str, terminal: Terminal) -> str:
    return painted(text, Tone.FRAME, terminal)


def _excerpt(found: Diagnostic, source: SourceFile, terminal: Terminal) -> tuple[str, str] | None:
    if not found.quotable:
        return None
    line = source.line(found.span.line)
    if not line.strip():
        return None
    cells = _cells(line, terminal)
    start, end = _caret_range(found.span, line)
    before = sum(display_width(cell) for cell in cells[:start])
    length = max(sum(display_width(cell) for cell in cells[start:end]), 1)
    room = max(terminal.width - len(str(found.span.line)) - 3, 20)
    sign = cut_sign(terminal)
    text, before, length = _cut_around("".join(cells), before, length, room=room, sign=sign)
    return text, " " * before + "^" * length


def _cells(line: str, terminal: Terminal) -> list[str]:
    """Return what each character of the line is shown as; a tab reaches to the next stop."""
    cells = []
    column = 0
    for character in line:
        if character == "\t":
            cell = " " * (_TAB_STOP - column % _TAB_STOP)
        else:
            cell = fitted(visible_character(character), terminal)
        cells.append(cell)
        column += display_width(cell)
    return cells


def _caret_range(span: Span, line: str) -> tuple[int, int]:
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
    return start, max(min(end, len(line)), start)


def _cut_around(
    text: str, before: int, length: int, *, room: int, sign: str
) -> tuple[str, int, int]:
    """Keep ``room`` columns of the line with the caret inside.

    Shapes: gives the text, the caret's column from 0 in it, and the caret's length.
    """
    if display_width(text) <= room:
        return text, before, length
    head = ""
    if before + length > room - len(sign):
        # A third of the room stays before the caret, so that its surroundings can be read.
        text, dropped = _without_columns(text, max(before - room // 3, 0))
        head = sign if dropped else ""
        before += len(head) - dropped
    shown = cut(head + text, room, sign=sign)
    return shown, before, max(min(length, display_width(shown) - before), 1)


def _without_columns(text: str, count: int) -> tuple[str, int]:
    column = 0
    for index, character in enumerate(text):
        if column >= count:
            return text[index:], column
        column += display_width(character)
    return "", column
