"""What a look at files found, as data that every format of a report is made from."""

from collections.abc import Iterable
from pathlib import Path

from runner.core.diagnostics import Diagnostic, Severity, sorted_diagnostics
from runner.core.record import record


@record
class FileChecked:
    """What became of one file.

    Shapes: ``name`` is the path as the user gave it; ``steps`` and ``effects`` count them in a
        valid playbook and are None where there is none; ``diagnostics`` are in any order;
        ``is_listed`` is False for a folder in which no file was.
    """

    name: str
    diagnostics: tuple[Diagnostic, ...] = ()
    steps: int | None = None
    effects: int | None = None
    is_listed: bool = True

    @property
    def errors(self) -> int:
        """Count the errors."""
        return sum(found.severity is Severity.ERROR for found in self.diagnostics)

    @property
    def warnings(self) -> int:
        """Count the warnings."""
        return len(self.diagnostics) - self.errors


def all_findings(files: Iterable[FileChecked]) -> tuple[Diagnostic, ...]:
    """Return the findings of all files, in the order of their places, each once."""
    return sorted_diagnostics(found for file in files for found in file.diagnostics)


def path_in_checkout(name: str, cwd: Path) -> str:
    """Return a file's path as a service that shows the checkout wants it: relative, with slashes.

    Shapes: ``cwd`` is absolute; a path outside it stays as it is.
    """
    path = Path(name)
    if path.is_absolute() and path.is_relative_to(cwd):
        path = path.relative_to(cwd)
    return path.as_posix()
