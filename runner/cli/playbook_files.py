"""Which files a command line means: those it names, and the playbooks of the folders it names."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from runner.core.diagnostics import Diagnostic
from runner.core.errors import InvalidInput
from runner.core.record import record
from runner.core.source import SourceFile
from runner.documents.files import read_source

_SUFFIXES = (".yaml", ".yml")
_OTHER_KIND = re.compile(
    r"^kind:[ ]+(Controls|Directory|Inputs|PlaybookTest|Policy|PolicyTest|Profiles|World)\s*$",
    re.MULTILINE,
)


@record
class Meant:
    """One file a command line means.

    Shapes: ``is_named`` tells whether the user named it rather than its folder; ``is_empty`` is
        True for a folder in which no file is.
    """

    path: Path
    is_named: bool
    is_empty: bool = False


def files_meant(paths: tuple[Path, ...]) -> Iterator[Meant]:
    """Yield every file once, those of a folder by name."""
    seen: set[Path] = set()
    for path in paths:
        inside = sorted(_playbooks_in(path)) if path.is_dir() else None
        if inside == []:
            yield Meant(path=path, is_named=False, is_empty=True)
        for file in [path] if inside is None else inside:
            if file not in seen:
                seen.add(file)
                yield Meant(path=file, is_named=inside is None)


def read_meant(meant: Meant) -> SourceFile:
    """Read one file that is meant.

    Errors: ``InvalidInput`` as ``read_source``, and for a link that its folder holds: it may lead
        to a file whose lines nobody wants in a log.
    """
    if not meant.is_named and meant.path.is_symlink():
        raise InvalidInput(
            (
                Diagnostic(
                    code="file-unreadable",
                    summary=f"{meant.path} is a link, and links are not followed in a folder",
                    span=SourceFile(name=str(meant.path), text="").whole(),
                    hint="name the link itself, or put the file in its place",
                ),
            )
        )
    return read_source(meant.path)


def is_of_another_kind(source: SourceFile) -> bool:
    """Tell whether a file says of itself that it is no playbook."""
    return _OTHER_KIND.search(source.text) is not None


def holds_tests(source: SourceFile) -> bool:
    """Tell whether a file says of itself that it holds tests of a playbook."""
    found = _OTHER_KIND.search(source.text)
    return found is not None and found[1] == "PlaybookTest"


def nothing_in(folder: Path) -> Diagnostic:
    """Say that a folder holds no playbook."""
    return Diagnostic(
        code="file-unreadable",
        summary=f"there is no playbook in {folder}",
        span=SourceFile(name=str(folder), text="").whole(),
        hint="playbooks end in .yaml or .yml",
    )


def _playbooks_in(folder: Path) -> Iterator[Path]:
    # Links are not followed: a folder that contains itself would never end.
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield Path(root) / name
