"""Reports that a command writes into files, beside what it prints."""

from pathlib import Path

from runner.core.errors import SettingsInvalid


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
