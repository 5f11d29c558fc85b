"""Plan files on disk."""

import os
import tempfile
from pathlib import Path

from runner.core.errors import PlanRefused, SettingsInvalid
from runner.plan.codec import PLAN_BYTES_MAX, PlanFile, plan_from_file


def read_plan(path: Path) -> PlanFile:
    """Read and check a plan file.

    Errors: ``SettingsInvalid`` when it cannot be read; ``PlanRefused`` when it is damaged.
    """
    try:
        if path.stat().st_size > PLAN_BYTES_MAX:
            raise PlanRefused(f"{path} is too large to be a plan", hint="make a new plan")
        data = path.read_bytes()
    except OSError as exc:
        raise SettingsInvalid(
            f"{path} cannot be read: {exc.strerror}", hint="runner plan FILE -o PLAN makes one"
        ) from exc
    return plan_from_file(data)


def write_plan(path: Path, file: PlanFile) -> None:
    """Write a plan's file whole or not at all, readable by its owner alone.

    Errors: ``SettingsInvalid`` when it cannot be written there.
    """
    try:
        handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(file.data)
                stream.flush()
                os.fsync(stream.fileno())
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise SettingsInvalid(
            f"{path} cannot be written: {exc.strerror}", hint="name a file in a folder of yours"
        ) from exc
