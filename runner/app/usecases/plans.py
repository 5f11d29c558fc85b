"""Plan files on disk."""

from pathlib import Path

from runner.core.errors import PlanRefused, SettingsInvalid
from runner.core.files import FileRefused, write_whole
from runner.plan.codec import PLAN_BYTES_MAX, PlanFile, plan_from_file
from runner.plan.model import Plan


def read_plan(path: Path) -> PlanFile:
    """Read and check a plan file.

    Errors: ``SettingsInvalid`` when it cannot be read; ``PlanRefused`` when it is damaged.
    """
    try:
        # Not its size: a device has none and never ends.
        with path.open("rb") as stream:
            data = stream.read(PLAN_BYTES_MAX + 1)
    except OSError as exc:
        raise SettingsInvalid(
            f"{path} cannot be read: {exc.strerror}", hint="runner plan FILE -o PLAN makes one"
        ) from exc
    if len(data) > PLAN_BYTES_MAX:
        raise PlanRefused(f"{path} is too large to be a plan", hint="make a new plan")
    return plan_from_file(data)


def refuse_offline(plan: Plan) -> None:
    """Insist that a plan was made with the custodian.

    Errors: ``PlanRefused`` for one that was made offline.
    """
    if plan.offline is not None:
        raise PlanRefused(
            "this plan was made offline, without the custodian, and can never be applied",
            hint="make a plan with the profile or sandbox it is for: runner plan FILE -o PLAN",
        )


def write_plan(path: Path, file: PlanFile) -> None:
    """Write a plan's file whole or not at all, readable by its owner alone.

    Errors: ``SettingsInvalid`` when it cannot be written there.
    """
    try:
        write_whole(path, file.data)
    except FileRefused as exc:
        raise SettingsInvalid(
            f"{path} is not a regular file, and a plan would replace it",
            hint="name a file in a folder of yours",
        ) from exc
    except OSError as exc:
        raise SettingsInvalid(
            f"{path} cannot be written: {exc.strerror}", hint="name a file in a folder of yours"
        ) from exc
