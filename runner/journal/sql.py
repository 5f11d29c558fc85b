"""The seam between the journal and its databases: one spelling of SQL, two that run it.

Statements are written once, with ``?`` for values, in what SQLite and PostgreSQL have in common.
What they do not have in common is behind ``Sql`` and ``Database``, and is small.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from runner.core.record import record
from runner.journal.codec import Column


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """Return how many rows were written."""
        ...

    def fetchone(self) -> Any:  # noqa: ANN401 - a row holds what its statement names
        """Return the next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


@record
class Sql:
    """The statements of one open transaction.

    Shapes: ``run`` executes one statement; ``row_lock`` is what follows a SELECT whose row no other
        transaction may change meanwhile, and is empty where there is only ever one writer.
    """

    run: Callable[[str, Sequence[Column]], Rows]
    row_lock: str = ""

    def execute(self, statement: str, values: Sequence[Column] = ()) -> Rows:
        """Execute one statement."""
        return self.run(statement, values)


class Database(Protocol):
    """One journal's place: transactions that are durable when left, and nothing after a failure."""

    @property
    def place(self) -> str:
        """Return where it is, in words that hold no secret."""
        ...

    def writing(self, edge: str, *, across: bool = False) -> AbstractContextManager[Sql]:
        """Run one transaction; it is durable when the block has been left.

        An exception of the block's own rolls back and leaves the journal usable.

        Shapes: ``edge`` is the name of a boundary without its ``before-`` or ``after-``; ``across``
            makes it the only one of its kind, for what looks at several runs.
        Errors: ``JournalFailed`` when the database fails anywhere, the commit included, and from
            then on always.
        """
        ...

    def reading(self) -> AbstractContextManager[Sql]:
        """Run reads that all see one moment. Errors: ``JournalFailed``."""
        ...

    def close(self) -> None:
        """Close; calling twice is safe."""
        ...
