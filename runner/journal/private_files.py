"""A journal's file and folder: made closed to others, and refused where they are not."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from runner.core.errors import StoreRefused


def prepare_folder(folder: Path) -> None:
    """Make a folder with mode 0700, or check the one that is there. Errors: ``StoreRefused``."""
    missing = []
    parent = folder
    while not parent.exists() and not parent.is_symlink():
        missing.append(parent)
        parent = parent.parent
    for each in reversed(missing):
        with suppress(FileExistsError):
            each.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise StoreRefused(f"{folder} is not a folder: the journal's folder must not be a link")
    if found.st_uid != os.geteuid():
        raise StoreRefused(f"the journal's folder {folder} belongs to another user")
    if found.st_mode & 0o022:
        raise StoreRefused(
            f"others may write to the journal's folder {folder}", hint=f"chmod 700 {folder}"
        )


def prepare_file(path: Path) -> None:
    """Make a file with mode 0600, or check the one that is there. Errors: ``StoreRefused``."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(FileExistsError):
        os.close(os.open(path, flags, 0o600))
    # Never opened by us when it exists: closing a descriptor would drop the locks of any other
    # connection of this process (SQLite, "How to corrupt", 2.2).
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        with suppress(FileNotFoundError):
            _check_file(name)


def _check_file(path: Path) -> None:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise StoreRefused(f"the journal {path} is not a plain file: links are not followed")
    if found.st_uid != os.geteuid():
        raise StoreRefused(f"the journal {path} belongs to another user")
    if found.st_mode & 0o077:
        raise StoreRefused(f"others may read or write the journal {path}", hint=f"chmod 600 {path}")
