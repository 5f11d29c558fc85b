"""What steers a sandbox from outside the API, in its ledger: the clock's row and the fault rules.

Both are part of the ledger so that every process that has the sandbox open agrees, and so that a
rule counts a call in the very transaction that carries the call out.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from runner.catalogue.api import Operation
from runner.core.record import record
from runner.sandbox.books import Books, Row
from runner.sandbox.clock import first_row
from runner.sandbox.clock_row import write_row
from runner.sandbox.faults import Fault, FaultKind
from runner.sandbox.world import World


def seed_steering(world: World, books: Books, real_now: datetime) -> None:
    """Write what a world begins with: its time and its faults."""
    write_row(books, first_row(world.clock, real_now))
    rules = FaultRules(books=books)
    for fault in world.faults:
        rules.add(fault)


@record
class Rule:
    """A fault as the ledger has it.

    Shapes: ``number`` counts from 1; ``seen`` is how many calls it has counted and ``hits`` on how
        many of them it was played.
    """

    number: int
    fault: Fault
    seen: int
    hits: int

    @property
    def is_spent(self) -> bool:
        """Tell whether it will never be played again."""
        return self.fault.calls is not None and self.hits >= self.fault.calls


@record
class FaultRules:
    """The rules of a ledger, within one transaction."""

    books: Books

    def add(self, fault: Fault) -> Rule:
        """Keep a rule; it counts calls from now on."""
        ((number,),) = self.books.run(
            "INSERT INTO fault (kind, operation, first_call, calls, seen, hits, options)"
            " VALUES (?, ?, ?, ?, 0, 0, ?) RETURNING number",
            (
                *(fault.kind.value, fault.operation, fault.first_call, fault.calls),
                json.dumps(_plain(fault.options)),
            ),
        )
        return Rule(number=number, fault=fault, seen=0, hits=0)

    def all(self) -> tuple[Rule, ...]:
        """Return every rule, spent ones included, first to last."""
        return tuple(_rule(row) for row in self.books.run(f"{_SELECT_RULE} ORDER BY number"))

    def remove(self, number: int) -> Rule | None:
        """Take a rule away, and return it if it was there."""
        rows = self.books.run(f"{_SELECT_RULE} WHERE number = ?", (number,))
        self.books.run("DELETE FROM fault WHERE number = ?", (number,))
        return _rule(rows[0]) if rows else None

    def play(self, operation: Operation) -> tuple[Fault, ...]:
        """Count a call and return the faults that are played on it, first made first."""
        played: list[Fault] = []
        for rule in map(_rule, self.books.run(f"{_SELECT_RULE} ORDER BY number")):
            if rule.is_spent or not rule.fault.fits(operation):
                continue
            seen = rule.seen + 1
            hit = seen >= rule.fault.first_call
            self.books.run(
                "UPDATE fault SET seen = ?, hits = ? WHERE number = ?",
                (seen, rule.hits + hit, rule.number),
            )
            if hit:
                played.append(rule.fault)
        return tuple(played)


def _rule(row: Row) -> Rule:
    number, kind, operation, first_call, calls, seen, hits, options = row
    return Rule(
        number=number,
        fault=Fault(
            kind=FaultKind(kind),
            operation=operation,
            first_call=first_call,
            calls=calls,
            options=json.loads(options),
        ),
        seen=seen,
        hits=hits,
    )


def _plain(options: Mapping[str, object]) -> dict[str, object]:
    return {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in options.items()
    }


_SELECT_RULE = "SELECT number, kind, operation, first_call, calls, seen, hits, options FROM fault"
