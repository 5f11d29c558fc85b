"""Duplicate requests: what makes one, and what it is answered, by the world's switches.

Source: NOTES sections 2 (G20015) and 8.
"""

import json
from collections.abc import Iterator
from hashlib import sha256

from runner.catalogue.api import Operation
from runner.core.record import record
from runner.sandbox.books import Books, Row
from runner.sandbox.call import Answer, Call
from runner.sandbox.refusal import Refused
from runner.sandbox.switches import Dedupe, DedupeScope, OnDuplicate, Switches

_REQUEST_ID = "request_id"
_SIGNATURE = "signature"
_BY_REQUEST_ID = frozenset({Dedupe.REQUEST_ID, Dedupe.BOTH})
_BY_SIGNATURE = frozenset({Dedupe.SIGNATURE, Dedupe.BOTH})


@record
class Duplicates:
    """The memory of earlier requests, within one transaction."""

    books: Books
    switches: Switches

    def find(self, operation: Operation, call: Call, signature: bytes) -> Answer | None:
        """Return the answer a duplicate gets again, or None for a request that is none.

        Errors: ``Refused`` G20015 for a duplicate that is rejected.
        """
        for kind, value in self._marks(operation, call, signature):
            row = self._seen(kind, value, operation, call)
            if row is None:
                continue
            executed, reply = row
            replays = self.switches.on_duplicate is OnDuplicate.REPLAY and kind == _REQUEST_ID
            if replays and executed:
                return Answer(data=json.loads(reply), replayed=True)
            raise Refused("G20015", _WORDS[kind], duplicate=True)
        return None

    def remember(
        self, operation: Operation, call: Call, signature: bytes, answer: Answer | None
    ) -> None:
        """Keep what makes a later request a duplicate of this one.

        Shapes: ``answer`` is None for a request that was refused.
        """
        if answer is None and not self.switches.rejected_uses_id:
            return
        reply = "" if answer is None else json.dumps(answer.data, ensure_ascii=False)
        for kind, value in self._marks(operation, call, signature):
            self.books.run(
                "INSERT INTO seen VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(kind, value, call.entity, call.key.name, operation.id, self.books.now_ms),
                    *(answer is not None, reply),
                ),
            )

    def _marks(
        self, operation: Operation, call: Call, signature: bytes
    ) -> Iterator[tuple[str, str]]:
        request_id = call.given.get("requestId", "")
        if self.switches.dedupe in _BY_REQUEST_ID and operation.is_write and request_id:
            yield _REQUEST_ID, request_id
        if self.switches.dedupe in _BY_SIGNATURE:
            yield _SIGNATURE, sha256(signature).hexdigest()

    def _seen(self, kind: str, value: str, operation: Operation, call: Call) -> Row | None:
        statement = "SELECT executed, reply FROM seen WHERE kind = ? AND value = ?"
        values: list[object] = [kind, value]
        if self.switches.dedupe_scope is DedupeScope.KEY:
            statement += " AND key_name = ?"
            values.append(call.key.name)
        else:
            statement += " AND entity = ?"
            values.append(call.entity)
        if self.switches.dedupe_scope is DedupeScope.OPERATION:
            statement += " AND operation = ?"
            values.append(operation.id)
        if self.switches.dedupe_lifetime_ms is not None:
            statement += " AND at_ms > ?"
            values.append(self.books.now_ms - self.switches.dedupe_lifetime_ms)
        rows = self.books.run(f"{statement} ORDER BY rowid DESC LIMIT 1", values)
        return rows[0] if rows else None


_WORDS = {
    _REQUEST_ID: "an earlier write has carried this requestId",
    _SIGNATURE: "an earlier request has carried this signature",
}
