"""Writing a file whole or not at all."""

import os
import stat
import tempfile
from pathlib import Path


class FileRefused(OSError):
    """A path names something that a file must not replace."""


def write_whole(path: Path, data: bytes, *, keeps_mode: bool = False) -> None:
    """Put ``data`` under a name in one step: a reader sees the old file or the new one.

    Shapes: a new file is readable by its owner alone; ``keeps_mode`` gives it the mode of the file
        it replaces.
    Errors: ``FileRefused`` for a link, a device or a folder; ``OSError`` of the system.
    """
    # Renaming over it would turn a device, /dev/null for one, into a file for the whole machine.
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise FileRefused(f"{path} is not a regular file")
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            if keeps_mode:
                os.fchmod(stream.fileno(), stat.S_IMODE(path.stat().st_mode))
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
