"""Who drives a run: one process at a time, by a lock that the kernel frees when it dies."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.core.errors import LockHeld, StoreRefused

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)


@contextmanager
def own_run(folder: Path, run_id: str) -> Iterator[None]:
    """Own a run while the block lasts.

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


def is_owned(folder: Path, run_id: str) -> bool:
    """Tell whether some process, this one included, drives the run now."""
    descriptor = _open(folder, run_id)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _open(folder: Path, run_id: str) -> int:
    # The id becomes a file name, and it may come from a command line.
    if not _RUN_ID.fullmatch(run_id):
        raise StoreRefused(f"{run_id!r} is not the id of a run")
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
