"""The hash chain of a run: every row that is written, in order, each bound to all before it.

An entry names a row and holds the digest of what it says; its head is the digest of the entry and
of the head before. Whoever changes, removes or adds a row by hand, or an entry, has to write anew
every head after it, and the register holds the head of every run that has ended.
Source: DESIGN section 7, Journal.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from runner.journal.codec import Column
from runner.journal.sql import Sql

GENESIS = ""
"""The head before the first entry."""

_ROW = b"runner-row-v1\n"
_CHAIN = b"runner-chain-v1\n"


def digest_of_row(table: str, names: Sequence[str], values: Sequence[Column]) -> str:
    """Return the digest of what a row says: SHA-256 over its canonical JSON."""
    row = {name: _plain(value) for name, value in zip(names, values, strict=True)}
    return _sha256(_ROW, {"row": row, "table": table})


def next_head(
    head: str, run_id: str, number: int, kind: str, key: Sequence[Column], digest: str
) -> str:
    """Return the head after one more entry."""
    entry = {
        "digest": digest,
        "head": head,
        "key": list(key),
        "kind": kind,
        "number": number,
        "run": run_id,
    }
    return _sha256(_CHAIN, entry)


def key_text(key: Sequence[Column]) -> str:
    """Spell what names a row within its run."""
    return json.dumps(list(key), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Column) -> int | str | None:
    if isinstance(value, bytes):
        return f"sha256:{hashlib.sha256(value).hexdigest()}"
    return value


def _sha256(prefix: bytes, value: object) -> str:
    # Of texts, integers and names in ASCII alone, so that this is the text RFC 8785 asks for.
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(prefix + text.encode("utf-8")).hexdigest()


@dataclass(slots=True, kw_only=True)
class Chain:
    """The end of one run's chain, in the transaction that makes it longer.

    Shapes: ``number`` counts the entries; ``epoch`` is the owner's that writes.
    """

    sql: Sql
    run_id: str
    number: int
    head: str
    epoch: int
    is_new: bool
    _changed: bool = False

    def add(self, kind: str, key: Sequence[Column], digest: str) -> None:
        """Add one entry."""
        number = self.number + 1
        self.head = next_head(self.head, self.run_id, number, kind, key, digest)
        self.number = number
        self.sql.execute(
            "INSERT INTO chain (run_id, number, kind, key, digest, head) VALUES (?,?,?,?,?,?)",
            (self.run_id, number, kind, key_text(key), digest, self.head),
        )
        self._changed = True

    def close(self) -> None:
        """Write where the chain ends now."""
        if not self._changed:
            return
        if self.is_new:
            self.sql.execute(
                "INSERT INTO run_head (run_id, number, head, epoch, owner, lease_until_ms)"
                " VALUES (?,?,?,?,'',0)",
                (self.run_id, self.number, self.head, self.epoch),
            )
            return
        self.sql.execute(
            "UPDATE run_head SET number = ?, head = ? WHERE run_id = ?",
            (self.number, self.head, self.run_id),
        )


def open_chain(sql: Sql, run_id: str) -> Chain:
    """Take hold of a run's chain: no other transaction can make it longer until this one ends."""
    found = sql.execute(
        f"SELECT number, head, epoch FROM run_head WHERE run_id = ?{sql.row_lock}",  # noqa: S608  # a constant
        (run_id,),
    ).fetchone()
    if found is None:
        return Chain(sql=sql, run_id=run_id, number=0, head=GENESIS, epoch=0, is_new=True)
    number, head, epoch = found
    return Chain(sql=sql, run_id=run_id, number=number, head=head, epoch=epoch, is_new=False)
