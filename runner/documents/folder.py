"""The folder whose files may name each other, and reading from it without being led out."""

import os
import stat
from functools import cached_property
from pathlib import Path

from runner.core.source import SourceFile
from runner.documents.files import read_source


class FolderLeft(Exception):
    """A name leads out of the folder, directly or by a link; the message says how."""


class Folder:
    """A folder tree on disk, found out when something is first read from it."""

    def __init__(self, own: Path, *, climbs: bool = False) -> None:
        """Take the folder that nothing is read above, or with ``climbs`` its repository."""
        self._own = own
        self._climbs = climbs

    @classmethod
    def around(cls, path: Path) -> "Folder":
        """Return the repository a file lies in, or its own folder where there is none."""
        return cls(path.parent, climbs=True)

    @cached_property
    def _root(self) -> Path:
        own = Path(os.path.abspath(self._own))  # noqa: PTH100 - resolve() would follow links
        if self._climbs:
            for parent in (own, *own.parents):
                if (parent / ".git").exists():
                    return parent
        return own

    def read(self, name: str) -> SourceFile:
        """Read a file by its name, relative to the working directory like any other.

        Errors: ``FolderLeft``; ``InvalidInput`` as ``read_source``.
        """
        path = Path(os.path.abspath(name))  # noqa: PTH100 - resolve() would follow links
        if not path.is_relative_to(self._root):
            raise FolderLeft(f"{name} lies outside {self._root.name or self._root}")
        self._refuse_links(path, name)
        return read_source(path, name=name)

    def _refuse_links(self, path: Path, name: str) -> None:
        # A link could lead anywhere, and to another place tomorrow.
        at = self._root
        for part in path.relative_to(self._root).parts:
            at /= part
            try:
                mode = at.lstat().st_mode
            except (OSError, ValueError):
                return
            if stat.S_ISLNK(mode):
                raise FolderLeft(f"{name} leads through a link, {part}")
