"""The files of a new repository: a playbook with its test and world, controls, and what CI runs."""

import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from runner.core.errors import SettingsInvalid
from runner.core.record import record
from runner.documents.resources import data_dir

_RENAMED = {
    "gitignore": ".gitignore",
    "pre-commit-config.yaml": ".pre-commit-config.yaml",
}
"""Files that must not have their effect where they are kept."""

_SHOWN_MAX = 5


class CiService(StrEnum):
    """Whose files are written for CI."""

    GITHUB = "github"
    GITLAB = "gitlab"


@record
class StarterFile:
    """One file to write.

    Shapes: ``name`` is relative to the new repository, with ``/`` between its parts.
    """

    name: str
    data: bytes


def starter_files(ci: CiService | None) -> tuple[StarterFile, ...]:
    """Return every file of a new repository, sorted by name.

    Errors: ``FileNotFoundError`` for an installation that lacks them.
    """
    examples = data_dir("examples")
    found = dict(_under(examples / "starter", ""))
    if ci is CiService.GITHUB:
        found |= _under(examples / "ci" / "github", ".github/workflows/")
    elif ci is CiService.GITLAB:
        found[".gitlab-ci.yml"] = examples / "ci" / "gitlab" / "gitlab-ci.yml"
    return tuple(
        StarterFile(name=name, data=path.read_bytes()) for name, path in sorted(found.items())
    )


def write_starter(folder: Path, files: Iterable[StarterFile]) -> None:
    """Write files into a folder, which is made where there is none.

    Shapes: nothing is ever replaced: with one file in the way, none is written.
    Errors: ``SettingsInvalid`` naming what is in the way, or why nothing can be written.
    """
    files = tuple(files)
    taken = [each.name for each in files if os.path.lexists(folder / each.name)]
    if taken:
        more = f" and {len(taken) - _SHOWN_MAX} more" if len(taken) > _SHOWN_MAX else ""
        raise SettingsInvalid(
            f"{folder} already has {', '.join(taken[:_SHOWN_MAX])}{more}; nothing was written",
            hint="name a folder that has none of these, or move them away",
        )
    for each in files:
        _write_new(folder / each.name, each.data)


def _write_new(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Exclusive: what appeared since it was looked for is not replaced either.
        with path.open("xb") as stream:
            stream.write(data)
    except OSError as exc:
        raise SettingsInvalid(
            f"{path} cannot be written: {exc.strerror}", hint="name a folder of yours"
        ) from exc


def _under(folder: Path, prefix: str) -> dict[str, Path]:
    return {
        prefix + _RENAMED.get(name := path.relative_to(folder).as_posix(), name): path
        for path in folder.rglob("*")
        if path.is_file()
    }
