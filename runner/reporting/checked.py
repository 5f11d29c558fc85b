"""What a look at files found, as data that every format of a report is made from."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from runner.core.diagnostics import Diagnostic, Severity, sorted_diagnostics
from runner.core.record import record
from runner.core.source import SourceFile


@record
class FileChecked:
    """What became of one file.

    Shapes: ``name`` is the path as the user gave it; ``steps`` and ``effects`` count them in a
        valid playbook, ``cases`` those of a file of tests, and are None where there is none;
        ``diagnostics`` are in any order; ``is_listed`` is False for a folder in which no file was.
    """

    name: str
    diagnostics: tuple[Diagnostic, ...] = ()
    steps: int | None = None
    effects: int | None = None
    cases: int | None = None
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


def fingerprint(found: Diagnostic, path: str, source: SourceFile | None, *, number: int = 1) -> str:
    """Return what a service knows a finding by, from one look at a checkout to the next.

    Shapes: hexadecimal digits, made of path, code, words and the text of the line, never of the
        line's number: it stays while other lines come and go. ``number`` tells apart findings that
        are alike, from 1.
    """
    line = source.line(found.span.line).strip() if source is not None and found.quotable else ""
    identity = [path, found.code, found.summary, line, str(number)]
    return sha256(repr(identity).encode("utf-8", "surrogatepass")).hexdigest()
