"""Who drives a run: one owner at a time, each with an epoch no owner had before.

With a file the kernel says who owns a run: a lock that it frees when the process dies. The epoch
comes on top of it, and it is what every transaction checks.
Source: DESIGN section 6, rule 11; section 7.
"""

import fcntl
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runner.core.clock import Clock
from runner.core.errors import LockHeld, StoreRefused
from runner.journal.chain import open_chain
from runner.journal.codec import moment_text
from runner.journal.records import OWNERSHIP, insert_row
from runner.journal.sql import Sql
from runner.journal.transaction import Transaction, Writer, this_process

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)


class Ownership(Protocol):
    """How a run gets its one owner."""

    def own_run(self, run_id: str) -> AbstractAsyncContextManager[None]:
        """Own a run while the block lasts. Errors: ``LockHeld``, ``LeaseLost``."""
        ...

    def is_driven(self, sql: Sql, run_id: str) -> bool:
        """Tell whether some process, this one included, drives the run now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOwnership:
    """Ownership of the runs in a file; without a folder for lock files, of this process alone.

    Shapes: ``folder`` is where the lock files are, or None for a journal in memory, which no other
        process can see.
    """

    folder: Path | None
    writer: Writer
    clock: Clock

    @asynccontextmanager
    async def own_run(self, run_id: str) -> AsyncIterator[None]:
        """Own a run while the block lasts; the kernel frees it when the process dies."""
        require_run_id(run_id)
        if self.folder is None:
            with self._epoch(run_id):
                yield
            return
        with locked_run(self.folder, run_id), self._epoch(run_id):
            yield

    def is_driven(self, sql: Sql, run_id: str) -> bool:
        """Tell whether some process, this one included, drives the run now."""
        del sql
        return self.folder is not None and is_locked(self.folder, run_id)

    @contextmanager
    def _epoch(self, run_id: str) -> Iterator[None]:
        with self.writer.database.writing("own") as sql:
            epoch = raise_epoch(sql, run_id, this_process(), at=moment_text(self.clock.now()))
        self.writer.owns(run_id, epoch)
        try:
            yield
        finally:
            self.writer.disown(run_id)


def raise_epoch(sql: Sql, run_id: str, owner: str, *, at: str, lease_until_ms: int = 0) -> int:
    """Take a run over, whoever had it, and return the epoch it is owned by from now on."""
    chain = open_chain(sql, run_id)
    chain.epoch += 1
    transaction = Transaction(sql=sql, chain=chain)
    insert_row(transaction, "owner", OWNERSHIP, (chain.epoch, owner, at))
    chain.close()
    sql.execute(
        "UPDATE run_head SET epoch = ?, owner = ?, lease_until_ms = ? WHERE run_id = ?",
        (chain.epoch, owner, lease_until_ms, run_id),
    )
    return chain.epoch


def require_run_id(run_id: str) -> None:
    """Insist that a text can be a run's id: it becomes a file's name. Errors: ``StoreRefused``."""
    if not _RUN_ID.fullmatch(run_id):
        raise StoreRefused(f"{run_id!r} is not the id of a run")


@contextmanager
def locked_run(folder: Path, run_id: str) -> Iterator[None]:
    """Hold the lock file of a run while the block lasts.

    Shapes: the file ``<folder>/<run_id>.lock`` holds the owner's process id as text; it is never
        removed, because a removed file could be locked by two processes at once.
    Errors: ``LockHeld`` naming the process that owns the run; ``StoreRefused`` for an odd file.
    """
    descriptor = _open(folder, run_id)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _owner(descriptor)
            raise LockHeld(
                f"run {run_id} is being driven by {owner}",
                owner=owner,
                hint="wait for it to end, then resume the run",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_locked(folder: Path, run_id: str) -> bool:
    """Tell whether some process, this one included, holds the lock file of a run."""
    descriptor = _open(folder, run_id)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _open(folder: Path, run_id: str) -> int:
    require_run_id(run_id)
    folder.mkdir(mode=0o700, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(folder / f"{run_id}.lock", flags, 0o600)
    except OSError as exc:
        raise StoreRefused(
            f"the lock file of run {run_id} in {folder} cannot be opened: {exc.strerror}"
        ) from exc


def _owner(descriptor: int) -> str:
    text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
    return f"process {text}" if text.isdigit() else "another process"
