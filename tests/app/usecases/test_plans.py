"""Plan files on disk: what is not a plain file is neither read for ever nor replaced."""

import os
from pathlib import Path

import pytest

from runner.app.usecases.plans import read_plan, write_plan
from runner.core.errors import PlanRefused, SettingsInvalid
from runner.plan.codec import PLAN_BYTES_MAX, PlanFile
from tests.app.usecases.conftest import Place
from tests.app.usecases.test_executing import playbook


@pytest.fixture
async def file(place: Place) -> PlanFile:
    return await place.plan(await place.desk(), place.write(playbook()))


async def test_plan_is_read_back_as_it_was_written(file: PlanFile, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"

    write_plan(path, file)
    write_plan(path, file)

    assert read_plan(path) == file
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["fifo", "link", "dangling link", "folder"])
async def test_plan_replaces_nothing_but_a_plain_file(
    file: PlanFile, tmp_path: Path, kind: str
) -> None:
    """Renamed over /dev/null, it would be everybody's /dev/null."""
    path = tmp_path / "plan.json"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / ("nowhere" if kind == "dangling link" else "playbook.yaml"))
    before = path.lstat()

    with pytest.raises(SettingsInvalid, match="regular file"):
        write_plan(path, file)

    assert path.lstat() == before


def test_plan_larger_than_any_is_refused_without_reading_it_all(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    with path.open("wb") as stream:
        stream.truncate(PLAN_BYTES_MAX * 16)

    with pytest.raises(PlanRefused, match="too large"):
        read_plan(path)
