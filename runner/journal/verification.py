"""Holding a journal against its own chains: what was changed, removed or added by other hands.

A difference names the run and the row. What a chain cannot show is an end that was cut off together
with everything that tells of it; whoever keeps the register's mark elsewhere sees that as well.
Source: DESIGN section 7, Journal; section 8, exit 11.
"""

import json
from collections.abc import Iterator

from runner.core.record import record
from runner.effects.ports import StoreMark
from runner.journal.chain import GENESIS, digest_of_row, key_text, next_head
from runner.journal.codec import json_value
from runner.journal.records import (
    ANEW,
    DECISION,
    KINDS,
    NOTE,
    OWNERSHIP,
    RECORDS,
    Record,
    stored_row,
    stored_rows,
)
from runner.journal.register import mark, register_head
from runner.journal.sql import Sql

_KEPT = frozenset({OWNERSHIP.table, DECISION.table})
"""Tables whose rows stay when a run that never sent anything starts anew."""


@record
class Difference:
    """Something that is not as it was written.

    Shapes: ``run_id`` is empty for the register; ``row`` names what differs, ``words`` how.
    """

    run_id: str
    row: str
    words: str


@record
class Verified:
    """What was compared, and how it stands.

    Shapes: ``runs`` maps every run looked at to the number and the head of its chain; ``notes`` are
        what the journal itself says about where its chains begin.
    """

    store_id: str
    mark: StoreMark
    runs: dict[str, StoreMark]
    entries: int
    notes: tuple[str, ...]
    differences: tuple[Difference, ...]


def verify_journal(sql: Sql) -> Verified:
    """Compare every run and the register with their chains."""
    everything: dict[str, None] = {}
    for each in _WITH_A_RUN:
        everything |= dict.fromkeys(run_id for (run_id,) in sql.execute(each).fetchall())
    return _verified(sql, tuple(everything), [*_register(sql)])


_WITH_A_RUN = (
    "SELECT run_id FROM run ORDER BY seq",
    "SELECT run_id FROM run_head ORDER BY run_id",
    "SELECT DISTINCT run_id FROM chain ORDER BY run_id",
    "SELECT DISTINCT run_id FROM ownership ORDER BY run_id",
    "SELECT DISTINCT run_id FROM decision WHERE run_id <> '' ORDER BY run_id",
)


def verify_run(sql: Sql, run_id: str) -> Verified | None:
    """Compare one run, and what the register says of it, with its chain; None without any trace."""
    of_it = [each for each in _register(sql) if each.run_id in {"", run_id}]
    verified = _verified(sql, (run_id,), of_it)
    traces = ("SELECT 1 FROM run WHERE run_id = ?", "SELECT 1 FROM register WHERE run_id = ?")
    is_there = any(sql.execute(each, (run_id,)).fetchone() is not None for each in traces)
    return verified if is_there or verified.entries else None


def _verified(sql: Sql, run_ids: tuple[str, ...], differences: list[Difference]) -> Verified:
    heads: dict[str, StoreMark] = {}
    entries = 0
    for run_id in run_ids:
        found = _Run(sql, run_id)
        differences.extend(found.differences())
        heads[run_id] = StoreMark(number=found.number, head=found.head)
        entries += found.number
    (store_id,) = sql.execute("SELECT value FROM meta WHERE key = 'store_id'").fetchone()
    return Verified(
        store_id=store_id,
        mark=mark(sql),
        runs=heads,
        entries=entries,
        notes=tuple(_notes(sql)),
        differences=tuple(differences),
    )


class _Run:
    """One run's chain, read from its first entry on."""

    def __init__(self, sql: Sql, run_id: str) -> None:
        self._sql = sql
        self._run_id = run_id
        self.number = 0
        self.head = GENESIS
        self._rows: dict[tuple[str, str], tuple[int, str]] = {}

    def differences(self) -> Iterator[Difference]:
        yield from self._chain()
        yield from self._end()
        for table in RECORDS:
            yield from self._table(table)

    def _chain(self) -> Iterator[Difference]:
        entries = self._sql.execute(
            "SELECT number, kind, key, digest, head FROM chain WHERE run_id = ? ORDER BY number",
            (self._run_id,),
        )
        for number, kind, key, digest, head in entries:
            if number != self.number + 1:
                words = f"entries {self.number + 1} to {number - 1} of its chain were removed"
                yield self._differs(f"entry {number}", words)
            elif head != _head_after(self.head, self._run_id, number, kind, key, digest):
                what = f"entry {number} ({kind} {key})"
                yield self._differs(what, "is not what was written after the entry before it")
            self.number, self.head = number, head
            if kind == ANEW:
                self._rows = {k: v for k, v in self._rows.items() if k[0] in _KEPT}
            elif kind in KINDS:
                self._rows[KINDS[kind].table, key] = (number, digest)
            elif kind != NOTE:
                yield self._differs(f"entry {number}", f"is of a kind nobody writes, {kind!r}")

    def _end(self) -> Iterator[Difference]:
        found = self._sql.execute(
            "SELECT number, head FROM run_head WHERE run_id = ?", (self._run_id,)
        ).fetchone()
        if found is None:
            yield self._differs("head", "where its chain ends is not written anywhere")
        elif tuple(found) != (self.number, self.head):
            words = f"its chain ends at entry {self.number}, but was written to entry {found[0]}"
            yield self._differs("head", words)

    def _table(self, table: Record) -> Iterator[Difference]:
        named = {key: entry for (name, key), entry in self._rows.items() if name == table.table}
        for values in stored_rows(self._sql, table, self._run_id):
            key = key_text(values[: len(table.key)])
            entry = named.pop(key, None)
            what = _row_words(table, key)
            if entry is None:
                yield self._differs(what, "is in no entry of the chain: it was added")
            elif entry[1] != digest_of_row(table.table, table.names, values):
                yield self._differs(what, f"is not what entry {entry[0]} says: it was changed")
        for key, (number, _) in named.items():
            words = f"is in entry {number} and not there: it was removed"
            yield self._differs(_row_words(table, key), words)

    def _differs(self, row: str, words: str) -> Difference:
        return Difference(run_id=self._run_id, row=row, words=words)


def _head_after(head: str, run_id: str, number: int, kind: str, key: str, digest: str) -> str:
    try:
        values = json.loads(key)
    except ValueError:
        return ""
    if not isinstance(values, list):
        return ""
    return next_head(head, run_id, number, kind, values, digest)


def _row_words(table: Record, key: str) -> str:
    return f"{table.table} {key.strip('[]')}".strip()


def _register(sql: Sql) -> Iterator[Difference]:
    number, head = 0, GENESIS
    registered: dict[str, bool] = {}
    (store_id,) = sql.execute("SELECT value FROM meta WHERE key = 'store_id'").fetchone()
    rows = sql.execute("SELECT number, kind, run_id, at, facts, head FROM register ORDER BY number")
    for each in rows.fetchall():
        row, found = each[:5], each[5]
        what = f"register {row[0]}"
        if row[0] != number + 1:
            words = f"rows {number + 1} to {row[0] - 1} of the register were removed"
            yield Difference(run_id="", row=what, words=words)
        elif found != register_head(head, row):
            yield Difference(
                run_id=row[2], row=what, words="is not what was written after the row before it"
            )
        number, head = row[0], found
        yield from _registered(sql, row, store_id)
        if row[1] in {"run", "end"}:
            registered[row[2]] = registered.get(row[2], False) or row[1] == "end"
    if number == 0:
        yield Difference(run_id="", row="register", words="is empty")
    yield from _unregistered(sql, registered)


def _registered(
    sql: Sql, row: tuple[int, str, str, str, str], store_id: str
) -> Iterator[Difference]:
    """Hold what one row of the register says against what there is."""
    number, kind, run_id, _, text = row
    what = f"register {number}"
    try:
        facts = json_value(text)
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        return
    if kind == "store" and facts.get("store_id") != store_id:
        words = f"names the store {facts.get('store_id')}, and this one says {store_id}"
        yield Difference(run_id="", row=what, words=words)
    elif kind == "run":
        found = sql.execute("SELECT digest FROM run WHERE run_id = ?", (run_id,)).fetchone()
        if found is None:
            yield Difference(run_id=run_id, row=what, words="names a run that was removed")
        elif found[0] != facts.get("digest"):
            yield Difference(run_id=run_id, row=what, words="names another plan than the run has")
    elif kind == "end":
        found = sql.execute(
            "SELECT head FROM chain WHERE run_id = ? AND number = ?",
            (run_id, _integer(facts.get("number"))),
        ).fetchone()
        if found is None or found[0] != facts.get("head"):
            words = "holds the head of an ended run, and the run's chain does not come by it"
            yield Difference(run_id=run_id, row=what, words=words)
    elif kind == "decision":
        yield from _decided(sql, what, _integer(facts.get("decision")), facts.get("digest"))


def _decided(sql: Sql, what: str, number: int, digest: object) -> Iterator[Difference]:
    found = sql.execute(
        "SELECT 1 FROM decision WHERE run_id = '' AND seq = ?", (number,)
    ).fetchone()
    if found is None:
        words = f"names decision {number}, which was removed"
        yield Difference(run_id="", row=what, words=words)
        return
    values = stored_row(sql, DECISION, "", (number,))
    if digest_of_row(DECISION.table, DECISION.names, values) != digest:
        words = f"names decision {number}, which was changed"
        yield Difference(run_id="", row=what, words=words)


def _unregistered(sql: Sql, registered: dict[str, bool]) -> Iterator[Difference]:
    found = sql.execute("SELECT run_id, exit_code FROM run ORDER BY seq").fetchall()
    for run_id, exit_code in found:
        if run_id not in registered:
            words = "is in no row of the register: it was added, or the register's end was removed"
            yield Difference(run_id=run_id, row="run", words=words)
        elif exit_code is not None and not registered[run_id]:
            yield Difference(
                run_id=run_id, row="run", words="has an end that is in no row of the register"
            )
    known = set()
    for (text,) in sql.execute("SELECT facts FROM register WHERE kind = 'decision'").fetchall():
        facts = json_value(text)
        known.add(facts.get("decision") if isinstance(facts, dict) else None)
    for (number,) in sql.execute("SELECT seq FROM decision WHERE run_id = ''").fetchall():
        if number not in known:
            words = "is in no row of the register: it was added"
            yield Difference(run_id="", row=f"decision {number}", words=words)


def _notes(sql: Sql) -> Iterator[str]:
    for (text,) in sql.execute(
        "SELECT facts FROM register WHERE kind = ? ORDER BY number", (NOTE,)
    ).fetchall():
        facts = json_value(text)
        if isinstance(facts, dict):
            yield str(facts.get("note"))


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0
