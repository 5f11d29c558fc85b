"""One transaction on one run: its statements, its chain, and the owner's epoch in front of both."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from runner.core.errors import LeaseLost
from runner.core.record import record
from runner.journal.chain import Chain, open_chain
from runner.journal.sql import Database, Sql


@record
class Transaction:
    """An open transaction that writes rows of one run."""

    sql: Sql
    chain: Chain

    @property
    def run_id(self) -> str:
        """Return the run whose rows are written."""
        return self.chain.run_id


@dataclass(slots=True, kw_only=True)
class Writer:
    """Opens transactions on runs, each under the epoch this process has the run by.

    A run is written by the epoch that owns it and by no other: whoever was taken over, or never
    owned a run that somebody has owned, is refused before its first row.
    Source: DESIGN section 6, rule 11.
    """

    database: Database
    _epochs: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def writing(
        self, edge: str, run_id: str, *, across: bool = False, owned: bool = True
    ) -> Iterator[Transaction]:
        """Run one transaction on a run; it is durable when the block has been left.

        Shapes: as ``Database.writing``; ``owned`` is False for what a person says about a run that
            another process drives, which changes none of its rows.
        Errors: ``LeaseLost`` when another owner has taken the run over; as ``Database.writing``.
        """
        with self.database.writing(edge, across=across) as sql:
            chain = open_chain(sql, run_id)
            if owned:
                self.require_epoch(sql, chain)
            yield Transaction(sql=sql, chain=chain)
            chain.close()

    def require_epoch(self, sql: Sql, chain: Chain) -> None:
        """Insist that this process still owns a run, or that nobody ever has."""
        own = self._epochs.get(chain.run_id, 0)
        if chain.epoch == own:
            return
        (owner,) = sql.execute(
            "SELECT owner FROM ownership WHERE run_id = ? AND epoch = ?",
            (chain.run_id, chain.epoch),
        ).fetchone()
        raise lease_lost(chain.run_id, owner, own=own, epoch=chain.epoch)

    def owns(self, run_id: str, epoch: int) -> None:
        """Write under this epoch from now on."""
        self._epochs[run_id] = epoch

    def disown(self, run_id: str) -> None:
        """Write no more under the epoch this process had."""
        self._epochs.pop(run_id, None)

    def epoch(self, run_id: str) -> int:
        """Return the epoch this process has a run by; 0 where it does not own it."""
        return self._epochs.get(run_id, 0)


def lease_lost(run_id: str, owner: str, *, own: int, epoch: int) -> LeaseLost:
    """Build the error for a run that somebody else has taken over."""
    had = f"this process had it at epoch {own}" if own else "this process does not own it"
    return LeaseLost(
        f"run {run_id} was taken over by {owner} (epoch {epoch}; {had}): nothing more is sent here",
        owner=owner,
        hint=f"runner logs {run_id} shows how it goes on there",
    )


def this_process() -> str:
    """Name this process to others: machine and process id."""
    return f"process {os.getpid()} on {socket.gethostname()}"
