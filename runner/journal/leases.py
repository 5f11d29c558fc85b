"""Who drives a run in a shared database: a lease that ends by the database's clock.

The owner renews it while it runs. What makes a take-over safe is not the lease but the epoch it
raises, which every transaction checks; the lease only says when nobody is expected to write any
more, so that two hosts do not take a run from each other.
Source: DESIGN section 6, rule 11; section 7.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from runner.core.clock import Clock
from runner.core.errors import LockHeld, RunnerError
from runner.journal.chain import open_chain
from runner.journal.codec import moment_text
from runner.journal.ownership import raise_epoch, require_run_id
from runner.journal.sql import Database, Sql
from runner.journal.transaction import Writer, this_process

_NOW_MS = "SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)"
_RENEWALS = 3
"""How often a lease is renewed before it would end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseOwnership:
    """Ownership of the runs in a shared database."""

    database: Database
    writer: Writer
    clock: Clock
    lease_s: float

    @asynccontextmanager
    async def own_run(self, run_id: str) -> AsyncIterator[None]:
        """Own a run while the block lasts; when its lease is lost, the block is cancelled."""
        require_run_id(run_id)
        epoch = self._take(run_id)
        self.writer.owns(run_id, epoch)
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        lost: list[RunnerError] = []
        renewing = asyncio.create_task(self._renew(run_id, task, lost))
        try:
            yield
            # A cancellation that was asked for a moment ago arrives here, and not later.
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            if not lost:
                raise
            task.uncancel()
            raise lost[0] from None
        finally:
            renewing.cancel()
            self._give_back(run_id)

    def is_driven(self, sql: Sql, run_id: str) -> bool:
        """Tell whether some process, this one included, drives the run now."""
        found = sql.execute(
            f"SELECT 1 FROM run_head WHERE run_id = ? AND lease_until_ms > ({_NOW_MS})",  # noqa: S608  # a constant
            (run_id,),
        ).fetchone()
        return found is not None

    def _take(self, run_id: str) -> int:
        with self.database.writing("own") as sql:
            # Two that take a run nobody has ever had must meet at its row.
            sql.execute(
                "INSERT INTO run_head (run_id, number, head, epoch, owner, lease_until_ms)"
                " VALUES (?,0,'',0,'',0) ON CONFLICT DO NOTHING",
                (run_id,),
            )
            open_chain(sql, run_id)
            owner, until_ms = sql.execute(
                "SELECT owner, lease_until_ms FROM run_head WHERE run_id = ?", (run_id,)
            ).fetchone()
            (now_ms,) = sql.execute(_NOW_MS).fetchone()
            if until_ms > now_ms:
                left_s = (until_ms - now_ms + 999) // 1000
                raise LockHeld(
                    f"run {run_id} is being driven by {owner}, whose lease ends in {left_s} s"
                    " unless it is renewed",
                    owner=owner,
                    hint="wait for it to end, then resume the run",
                )
            return raise_epoch(
                sql,
                run_id,
                this_process(),
                at=moment_text(self.clock.now()),
                lease_until_ms=now_ms + int(self.lease_s * 1000),
            )

    async def _renew(
        self, run_id: str, task: asyncio.Task[object], lost: list[RunnerError]
    ) -> None:
        while True:
            # By the machine's own time: a sandbox's clock may stand still.
            await asyncio.sleep(self.lease_s / _RENEWALS)
            try:
                with self.writer.writing("lease", run_id) as transaction:
                    self._set_lease(transaction.sql, run_id, int(self.lease_s * 1000))
            except RunnerError as error:
                lost.append(error)
                task.cancel()
                return

    def _give_back(self, run_id: str) -> None:
        # Without a database, or as somebody else's by now, there is nothing to give back.
        with suppress(RunnerError), self.writer.writing("lease", run_id) as transaction:
            self._set_lease(transaction.sql, run_id, 0)
        self.writer.disown(run_id)

    def _set_lease(self, sql: Sql, run_id: str, lease_ms: int) -> None:
        sql.execute(
            f"UPDATE run_head SET lease_until_ms = ({_NOW_MS}) + ? WHERE run_id = ?",  # noqa: S608  # a constant
            (lease_ms, run_id),
        )
