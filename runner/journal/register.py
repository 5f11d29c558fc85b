"""The register: one gap-free chain over all runs of a journal, and over what people decided on it.

Its last number and head are the journal's high-water mark: a plan carries the mark it was made at,
and a journal that does not hold that mark is not the one the plan was made with, or an older copy.
Source: DESIGN section 6, rule 10; section 7, Journal.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from runner.effects.ports import StoreMark
from runner.journal.codec import json_text, moment_text
from runner.journal.sql import Sql

_REGISTER = b"runner-register-v1\n"


def register_head(head: str, row: tuple[int, str, str, str, str]) -> str:
    """Return the head after one more row: number, kind, run, moment and facts as written."""
    text = json_text([head, *row])
    return hashlib.sha256(_REGISTER + text.encode("utf-8")).hexdigest()


def mark(sql: Sql) -> StoreMark:
    """Return the high-water mark; number 0 before the first row."""
    found = sql.execute("SELECT number, head FROM register ORDER BY number DESC LIMIT 1").fetchone()
    return (
        StoreMark(number=0, head="") if found is None else StoreMark(number=found[0], head=found[1])
    )


def holds_mark(sql: Sql, wanted: StoreMark) -> bool:
    """Tell whether the register went through a mark."""
    found = sql.execute("SELECT head FROM register WHERE number = ?", (wanted.number,)).fetchone()
    return found is not None and found[0] == wanted.head


def enter_register(
    sql: Sql, kind: str, run_id: str, facts: Mapping[str, int | str], at: datetime
) -> StoreMark:
    """Add a row; the transaction must be the only one of its kind.

    Shapes: ``kind`` is ``store``, ``run``, ``end``, ``decision`` or ``note``; ``run_id`` is empty
        for what is about the whole journal.
    """
    last = mark(sql)
    row = (last.number + 1, kind, run_id, moment_text(at), json_text(dict(sorted(facts.items()))))
    head = register_head(last.head, row)
    sql.execute(
        "INSERT INTO register (number, kind, run_id, at, facts, head) VALUES (?,?,?,?,?,?)",
        (*row, head),
    )
    return StoreMark(number=row[0], head=head)
