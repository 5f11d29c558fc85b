"""Text of others inside Markdown: it stays text, whatever it looks like."""

import re
from collections.abc import Iterable, Sequence

from runner.reporting.escape import visible

_MEANT = re.compile(r"[\\`*_{}\[\]()<>#!|~&$@:]|(?<=www)\.", re.IGNORECASE)
_BEGINS = re.compile(r"^([0-9]*)([-+=.)])")
"""What makes a line a list or a heading, at its beginning alone."""


def plain(text: str) -> str:
    """Return a text that Markdown shows as it is: no link, no mention, no HTML, no emphasis."""
    shown = _MEANT.sub(r"\\\g<0>", visible(" ".join(text.split())))
    return _BEGINS.sub(r"\1\\\2", shown)


def code_span(text: str) -> str:
    """Return a text as code, wherever it stands.

    Between more backticks than any in it; or as HTML where it has a bar, which GitHub would take
    for the end of a table's cell before it looks for code.
    """
    shown = visible(text)
    if not shown.strip():
        return ""
    if "|" in shown:
        return f"<code>{''.join(map(_entity, shown))}</code>"
    runs = re.findall(r"`+", shown)
    fence = "`" * (max(map(len, runs), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _entity(character: str) -> str:
    return character if character.isalnum() or character == " " else f"&#{ord(character)};"


def table_lines(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table whose cells are Markdown already."""
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]
