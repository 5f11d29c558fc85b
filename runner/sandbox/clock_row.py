"""The clock's row in the ledger."""

from decimal import Decimal

from runner.core.money import amount_text
from runner.sandbox.books import Books
from runner.sandbox.clock import ClockMode, ClockRow

SELECT_ROW = "SELECT mode, factor, at_ms, real_ms FROM clock"
"""The statement for the row, for ``row_from_columns``."""


def row_from_columns(mode: str, factor: str, at_ms: int, real_ms: int) -> ClockRow:
    """Read the row as the database gives it."""
    return ClockRow(mode=ClockMode(mode), factor=Decimal(factor), at_ms=at_ms, real_ms=real_ms)


def read_row(books: Books) -> ClockRow:
    """Return the row as it is in a transaction."""
    ((mode, factor, at_ms, real_ms),) = books.run(SELECT_ROW)
    return row_from_columns(mode, factor, at_ms, real_ms)


def write_row(books: Books, row: ClockRow) -> None:
    """Set the row; the transaction's own moment stays what it was."""
    books.run(
        "INSERT OR REPLACE INTO clock VALUES (1, ?, ?, ?, ?)",
        (row.mode.value, amount_text(row.factor), row.at_ms, row.real_ms),
    )
