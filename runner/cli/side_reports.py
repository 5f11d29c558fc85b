"""Reports that a command writes into files, beside what it prints."""

import os
from pathlib import Path

from runner.core.errors import SettingsInvalid


def check_report_room(path: Path) -> None:
    """Insist that a report can be written, before anything is done that it would tell of.

    Errors: ``SettingsInvalid``.
    """
    folder = path.parent
    if path.is_symlink() or (path.exists() and not path.is_file()):
        words = f"{path} is not a regular file, and a report would replace it"
    elif not folder.is_dir():
        words = f"{path} cannot be written: there is no folder {folder}"
    elif not os.access(folder, os.W_OK | os.X_OK):
        words = f"{path} cannot be written: {folder} is not yours to write in"
    else:
        return
    raise SettingsInvalid(words, hint="name a file in a folder of yours")


def write_report(path: Path, text: str) -> None:
    """Write a report, whole or not at all.

    Errors: ``SettingsInvalid``.
    """
    # Only a report pays for it.
    from runner.core.files import FileRefused, write_whole

    hint = "name a file in a folder of yours"
    try:
        write_whole(path, text.encode("utf-8"))
    except FileRefused as exc:
        raise SettingsInvalid(f"{exc}, and a report would replace it", hint=hint) from exc
    except OSError as exc:
        raise SettingsInvalid(f"{path} cannot be written: {exc.strerror}", hint=hint) from exc
