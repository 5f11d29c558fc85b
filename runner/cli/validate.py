"""``runner validate``: check playbooks without any network, settings or controls."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.catalogue.manifests import MANIFESTS
from runner.cli.shell import Shell
from runner.core.diagnostics import Diagnostic, has_errors
from runner.core.errors import ExitCode, InvalidInput
from runner.core.source import SourceFile
from runner.documents.files import read_source
from runner.playbook.load import load_playbook
from runner.playbook.model import Effect, Playbook
from runner.reporting.diagnostics import count_line, render_diagnostics
from runner.reporting.escape import visible
from runner.reporting.terminal import fitted

if TYPE_CHECKING:
    from runner.controls.directory import Directory

_SUFFIXES = (".yaml", ".yml")
_OTHER_KIND = re.compile(
    r"^kind:[ ]+(Controls|Directory|Inputs|Policy|PolicyTest|Profiles|World)\s*$", re.MULTILINE
)


@click.command()
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path)
)
@click.option("--controls", help="Check names against these controls: FOLDER, or FOLDER@REVISION.")
@click.pass_obj
def validate(shell: Shell, paths: tuple[Path, ...], controls: str | None) -> int:
    """Check playbooks: syntax, shape, references, types, coins and limits.

    A folder stands for every *.yaml and *.yml in it that does not say it is something else.
    Nothing is asked of a network, and names of the directory are left to plan, unless --controls
    names the directory to check them against.

    \b
    Example
      runner validate playbooks/
      runner validate playbooks/ --controls /etc/ceffu-runner
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    found: list[Diagnostic] = []
    sources: dict[str, SourceFile] = {}
    directory = None if controls is None else _directory(controls, shell)
    lines = [
        _checked(path, found, sources, named=named, directory=directory)
        for path, named in _files(paths, found)
    ]
    text = "".join(f"{line}\n" for line in lines if line)
    if found:
        terminal = shell.environment.stdout
        text += ("\n" if text else "") + render_diagnostics(found, terminal, sources.get)
    click.echo(fitted(text, shell.environment.stdout), nl=False)
    return ExitCode.INVALID if has_errors(found) else ExitCode.DONE


def _checked(
    path: Path,
    found: list[Diagnostic],
    sources: dict[str, SourceFile],
    *,
    named: bool,
    directory: "Directory | None",
) -> str:
    """Check one file and return its line, which is empty for a file that is no playbook."""
    try:
        source = read_source(path)
        sources[source.name] = source
        if not named and _OTHER_KIND.search(source.text):
            return ""
        loaded = load_playbook(source, MANIFESTS)
    except InvalidInput as error:
        found += error.diagnostics
        return f"{visible(str(path))}: {count_line(error.diagnostics)}"
    diagnostics = loaded.diagnostics
    if loaded.playbook is not None and directory is not None:
        diagnostics += _unlisted(loaded.playbook, directory)
    found += diagnostics
    if loaded.playbook is None or has_errors(diagnostics):
        return f"{visible(str(path))}: {count_line(diagnostics)}"
    remark = f", {count_line(diagnostics)}" if diagnostics else ""
    return f"{visible(str(path))}: ok ({_size(loaded.playbook)}{remark})"


def _directory(place: str, shell: Shell) -> "Directory":
    # Controls are only paid for where they are named.
    from runner.controls.load import load_controls
    from runner.controls.place import place_from_text

    return load_controls(place_from_text(place, folder=shell.environment.cwd)).directory


def _unlisted(playbook: Playbook, directory: "Directory") -> tuple[Diagnostic, ...]:
    from runner.app.usecases.names import name_findings

    return name_findings(playbook, directory)


def _size(playbook: Playbook) -> str:
    effects = sum(isinstance(step.verb, Effect) for step in playbook.steps)
    return f"{_count(len(playbook.steps), 'step')}, {_count(effects, 'effect')}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _files(paths: tuple[Path, ...], found: list[Diagnostic]) -> Iterator[tuple[Path, bool]]:
    """Yield every file once, and whether the user named it rather than its folder."""
    seen: set[Path] = set()
    for path in paths:
        inside = sorted(_playbooks_in(path)) if path.is_dir() else None
        if inside == []:
            whole = SourceFile(name=str(path), text="").whole()
            summary = f"there is no playbook in {path}"
            hint = "playbooks end in .yaml or .yml"
            found.append(Diagnostic(code="file-unreadable", summary=summary, span=whole, hint=hint))
        for file in [path] if inside is None else inside:
            if file not in seen:
                seen.add(file)
                yield file, inside is None


def _playbooks_in(folder: Path) -> Iterator[Path]:
    # Links are not followed: a folder that contains itself would never end.
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield Path(root) / name
