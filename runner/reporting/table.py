"""Plain text tables, and cards where a table does not fit."""

from collections.abc import Sequence

from runner.core.record import record
from runner.reporting.escape import display_width, padded, visible
from runner.reporting.terminal import Terminal, Tone, fitted, painted

_GAP = "  "


@record
class Column:
    """One column; numbers stand at the right."""

    title: str
    is_number: bool = False


def render_table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    terminal: Terminal,
    *,
    indent: str = "",
) -> str:
    """Render rows under their titles; nothing is ever cut.

    Shapes: each row has a cell for every column. What is wider than a TTY becomes one card a row:
        its first cell, then a line for each other cell that says something. Ends with a line break,
        or is empty without rows.
    """
    if not rows:
        return ""
    cells = [[fitted(visible(cell), terminal) for cell in row] for row in rows]
    widths = [
        max(display_width(text) for text in (column.title, *(row[index] for row in cells)))
        for index, column in enumerate(columns)
    ]
    total = len(indent) + sum(widths) + len(_GAP) * (len(widths) - 1)
    if terminal.is_tty and total > terminal.width:
        return _cards(columns, cells, indent)
    title = _line([column.title for column in columns], columns, widths)
    lines = [painted(title, Tone.QUIET, terminal)]
    lines += [_line(row, columns, widths) for row in cells]
    return "".join(f"{indent}{line}\n" for line in lines)


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    parts = [
        " " * (width - display_width(cell)) + cell if column.is_number else padded(cell, width)
        for cell, column, width in zip(cells, columns, widths, strict=True)
    ]
    return _GAP.join(parts).rstrip()


def _cards(columns: Sequence[Column], rows: Sequence[Sequence[str]], indent: str) -> str:
    label_width = max(len(column.title) for column in columns[1:])
    lines = []
    for row in rows:
        lines.append(indent + row[0])
        lines += [
            f"{indent}  {column.title:<{label_width}}  {cell}"
            for column, cell in zip(columns[1:], row[1:], strict=True)
            if cell
        ]
    return "".join(f"{line}\n" for line in lines)
