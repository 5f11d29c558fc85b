"""The tables whose rows are in the chain: what names a row, and what it says.

Writing a row, entering it into the chain and checking it later read the same lists here. A
migration that changes one of them changes what every older row says: it has to enter those anew.
"""

from collections.abc import Sequence
from functools import cache

from runner.core.record import record
from runner.journal.chain import digest_of_row
from runner.journal.codec import Column
from runner.journal.sql import Sql
from runner.journal.transaction import Transaction


@record
class Record:
    """One table of a run's rows.

    Shapes: ``key`` names a row within its run, ``columns`` is everything else it says; every table
        has ``run_id`` besides.
    """

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns in the order values are given in: the key's first."""
        return self.key + self.columns


RUN = Record(
    table="run",
    key=(),
    columns=(
        "digest", "plan", "playbook", "host", "entity", "occurrence", "revision", "created_at",
        "tool_version", "exit_code", "message", "finished_at",
    ),
)  # fmt: skip
RUN_FILE = Record(table="run_file", key=("name",), columns=("bytes",))
OWNERSHIP = Record(table="ownership", key=("epoch",), columns=("owner", "at"))
CLAIM = Record(
    table="claim",
    key=(),
    columns=("host", "entity", "playbook", "occurrence", "revision", "at"),
)
STEP_START = Record(table="step_start", key=("path",), columns=("at", "deadline"))
STEP = Record(
    table="step",
    key=("path",),
    columns=("state", "result", "message", "exit_code", "started_at", "finished_at"),
)
EFFECT = Record(
    table="effect",
    key=("path",),
    columns=(
        "action", "operation", "method", "url_path", "body", "request_id", "lock", "subject_id",
        "kind", "coin", "network", "amount", "planned_at", "known_order_ids", "state", "order_id",
        "status", "status_code", "reason", "evidence", "changed_at", "details", "found_by",
    ),
)  # fmt: skip
REQUEST = Record(table="request", key=("request_id",), columns=("body_digest", "path", "at"))
ATTEMPT = Record(
    table="attempt",
    key=("path", "number"),
    columns=(
        "timestamp_ms", "started_at", "key_fingerprint", "answer", "proven_not_executed", "epoch",
    ),
)  # fmt: skip
TRANSITION = Record(
    table="transition",
    key=("seq",),
    columns=(
        "path", "at", "from_state", "state", "attempt_number", "order_id", "status", "reason",
        "evidence",
    ),
)  # fmt: skip
SPENT = Record(
    table="spent",
    key=("path",),
    columns=(
        "at", "action", "coin", "amount", "network", "wallet", "link", "destination", "playbook",
    ),
)  # fmt: skip
DECISION = Record(
    table="decision",
    key=("seq",),
    columns=("path", "kind", "reason", "who", "at", "payload"),
)

RECORDS = (
    RUN, RUN_FILE, OWNERSHIP, CLAIM, STEP_START, STEP, EFFECT, REQUEST, ATTEMPT, TRANSITION, SPENT,
    DECISION,
)  # fmt: skip
"""Every table in the chain, those that others refer to first."""

KINDS = {
    "run": RUN,
    "end": RUN,
    "file": RUN_FILE,
    "owner": OWNERSHIP,
    "claim": CLAIM,
    "start": STEP_START,
    "step": STEP,
    "intent": EFFECT,
    "effect": EFFECT,
    "request": REQUEST,
    "attempt": ATTEMPT,
    "answer": ATTEMPT,
    "transition": TRANSITION,
    "spent": SPENT,
    "decision": DECISION,
}
"""What an entry says has happened, and the table of the row it is about.

``intent`` and ``effect`` are about one row, as are ``attempt`` and ``answer``, ``run`` and ``end``:
the last entry is what the row says now.
"""

NOTE, ANEW = "note", "anew"
"""Entries about no row: a chain that begins in the middle of a run, and a run that starts anew."""


def insert_row(
    transaction: Transaction, kind: str, table: Record, values: Sequence[Column]
) -> bool:
    """Write one row of the transaction's run and enter it, unless there is one with its key.

    Shapes: ``values`` are in the order of the table's names.
    """
    run_id = transaction.run_id
    written = transaction.sql.execute(_insertion(table), (run_id, *values)).rowcount
    if written != 1:
        return False
    enter(transaction, kind, table, values)
    return True


def insert_numbered(
    transaction: Transaction, kind: str, table: Record, values: Sequence[Column]
) -> int:
    """Write one row whose key the database counts, enter it, and return its number.

    Shapes: ``values`` are in the order of the table's columns.
    """
    run_id = transaction.run_id
    statement = f"{_insertion_of(table.table, table.columns)} RETURNING {table.key[0]}"
    (number,) = transaction.sql.execute(statement, (run_id, *values)).fetchone()
    enter(transaction, kind, table, (number, *values))
    return int(number)


def enter(transaction: Transaction, kind: str, table: Record, values: Sequence[Column]) -> None:
    """Enter a row as it is written now."""
    digest = digest_of_row(table.table, table.names, values)
    transaction.chain.add(kind, values[: len(table.key)], digest)


def enter_written(
    transaction: Transaction, kind: str, table: Record, key: Sequence[Column]
) -> None:
    """Enter a row that has been changed, as the database holds it."""
    enter(transaction, kind, table, stored_row(transaction.sql, table, transaction.run_id, key))


def stored_row(sql: Sql, table: Record, run_id: str, key: Sequence[Column]) -> tuple[Column, ...]:
    """Return a row that must be there, in the order of the table's names."""
    return tuple(sql.execute(_selection(table, by_key=True), (run_id, *key)).fetchone())


def stored_rows(sql: Sql, table: Record, run_id: str) -> list[tuple[Column, ...]]:
    """Return the rows of a run, in the order of their keys."""
    found = sql.execute(_selection(table, by_key=False), (run_id,)).fetchall()
    return [tuple(each) for each in found]


@cache
def _insertion(table: Record) -> str:
    return f"{_insertion_of(table.table, table.names)} ON CONFLICT DO NOTHING"


@cache
def _insertion_of(table: str, names: tuple[str, ...]) -> str:
    places = ",".join("?" * (len(names) + 1))
    return f"INSERT INTO {table} (run_id, {', '.join(names)}) VALUES ({places})"  # noqa: S608  # constants


@cache
def _selection(table: Record, *, by_key: bool) -> str:
    where = "".join(f" AND {name} = ?" for name in table.key) if by_key else ""
    order = f" ORDER BY {', '.join(table.key)}" if table.key and not by_key else ""
    return f"SELECT {', '.join(table.names)} FROM {table.table} WHERE run_id = ?{where}{order}"  # noqa: S608  # constants
