"""Operations of the API, what one call would send, and what it returned."""

import json
from collections.abc import Iterable, Mapping, Sequence

from runner.catalogue.api import Operation
from runner.reporting.escape import visible
from runner.reporting.table import Column, render_table
from runner.reporting.terminal import Terminal, fitted


def render_operations(operations: Iterable[Operation], terminal: Terminal) -> str:
    """Render operations in the order given."""
    columns = tuple(
        Column(title=title) for title in ("operation", "method", "path", "permission", "known")
    )
    rows = [tuple(described_operation(each).values()) for each in operations]
    return render_table(columns, rows, terminal)


def described_operation(operation: Operation) -> dict[str, str]:
    """Return what a list says about an operation."""
    return {
        "operation": operation.id,
        "method": operation.method,
        "path": operation.path,
        "permission": operation.permission,
        "certainty": "stated" if operation.certain else "inferred",
    }


def render_request(
    method: str,
    url: str,
    headers: Sequence[tuple[str, str]],
    body: str,
    terminal: Terminal,
) -> str:
    """Render a request the way it travels: its line, its headers, its body."""
    lines = [f"{method} {visible(url)}"]
    lines += [f"{name}: {visible(value)}" for name, value in headers]
    if body:
        lines += ["", visible(body)]
    return fitted("".join(f"{line}\n" for line in lines), terminal)


def render_record(fields: Mapping[str, object], terminal: Terminal) -> str:
    """Render one object, a line for each field."""
    rows = [(name, _cell(value)) for name, value in fields.items()]
    return render_table((Column(title="field"), Column(title="value")), rows, terminal)


def render_rows(
    operation: Operation, rows: Sequence[Mapping[str, object]], terminal: Terminal
) -> str:
    """Render rows; columns in the order of the description, then what it does not know."""
    names = dict.fromkeys(field.name for field in operation.fields)
    names |= dict.fromkeys(name for row in rows for name in row)
    shown = [name for name in names if any(row.get(name) is not None for row in rows)]
    if not shown:
        return "no rows\n"
    columns = tuple(Column(title=name) for name in shown)
    cells = [tuple(_cell(row.get(name)) for name in shown) for row in rows]
    return render_table(columns, cells, terminal)


def render_page(page: Mapping[str, object], terminal: Terminal) -> str:
    """Render what stands beside the rows of a page in one line, or nothing."""
    words = "  ".join(f"{name} {_cell(value)}" for name, value in page.items())
    return fitted(f"{visible(words)}\n", terminal) if words else ""


def json_text(value: object) -> str:
    """Write what was received as JSON for programs; numbers are texts, so that no digit is lost."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def json_line(value: object) -> str:
    """Write the same on one line."""
    return json.dumps(value, ensure_ascii=False) + "\n"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
