"""Expectations of plans on disk."""

from pathlib import Path

from runner.core.errors import SettingsInvalid
from runner.core.files import FileRefused, write_whole
from runner.documents.files import read_source
from runner.plan.expectation import Expectation, expectation_from_file, expectation_text
from runner.plan.model import Plan


def read_expectation(path: Path) -> Expectation:
    """Read what is expected of a plan.

    Errors: ``SettingsInvalid`` where there is no such file; ``InvalidInput`` with the place of
        everything that is wrong with it.
    """
    if not path.exists():
        raise SettingsInvalid(
            f"{path} does not exist, so nothing is expected yet",
            hint="read the plan, then add --update to write it",
        )
    return expectation_from_file(read_source(path))


def write_expectation(path: Path, plan: Plan) -> None:
    """Write the file that expects exactly this plan.

    Errors: ``SettingsInvalid`` where it cannot be written.
    """
    hint = "name a file in a folder of yours"
    try:
        write_whole(path, expectation_text(plan).encode("utf-8"), keeps_mode=path.exists())
    except FileRefused as exc:
        raise SettingsInvalid(f"{exc}, and an expectation would replace it", hint=hint) from exc
    except OSError as exc:
        raise SettingsInvalid(f"{path} cannot be written: {exc.strerror}", hint=hint) from exc
