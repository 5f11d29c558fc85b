"""``runner validate``: check playbooks without any network, settings or controls."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner.app.environment import Ci
from runner.catalogue.manifests import MANIFESTS
from runner.cli.playbook_files import (
    Meant,
    files_meant,
    holds_tests,
    is_of_another_kind,
    nothing_in,
    read_meant,
)
from runner.cli.shell import Shell
from runner.cli.side_reports import write_report
from runner.core.diagnostics import Diagnostic, as_errors
from runner.core.errors import ExitCode, InvalidInput, UsageInvalid
from runner.core.source import SourceFile
from runner.documents.files import read_source
from runner.documents.folder import Folder
from runner.playbook.load import load_playbook
from runner.playbook.model import Playbook
from runner.playbook.words import Word
from runner.reporting.checked import FileChecked
from runner.reporting.validation import FORMATS, Validation, human, human_in_github

if TYPE_CHECKING:
    from runner.app.usecases.names import Names

_SIDE_REPORTS = ("sarif", "junit")


@click.command()
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path)
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="What goes to stdout: text for people (the default), or a report for programs.",
)
@click.option(
    "--inputs",
    "inputs_files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Check a file of inputs as well (kind: Inputs); may be given more than once.",
)
@click.option("--controls", help="Check names against these controls: FOLDER, or FOLDER@REVISION.")
@click.option("--profile", help="Profile of the controls whose targets notices may name.")
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@click.option(
    "--sarif",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write SARIF to a file as well.",
)
@click.option(
    "--junit",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write JUnit XML to a file as well.",
)
@click.pass_obj
def validate(shell: Shell, /, paths: tuple[Path, ...], **options: Any) -> int:
    """Check playbooks: syntax, shape, references, types, coins and limits.

    A folder stands for every *.yaml and *.yml in it that does not say it is something else. A file
    of tests that is named is checked as one.
    Nothing is asked of a network, and names of the directory are left to plan, unless --controls
    names the controls to check them against. A file of inputs is checked against the playbooks it
    may be for. Warnings alone end with 0. In GitHub Actions the text for people is followed by
    annotations.

    \b
    Example
      runner validate playbooks/
      runner validate playbooks/ --strict --format gitlab
      runner validate playbooks/ --controls /etc/ceffu-runner
      runner validate trim.yaml --inputs monday.yaml --controls controls@origin/main
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    look = _Look(names=_names(options["controls"], options["profile"], shell))
    files = [*look.playbooks(paths), *look.inputs(options["inputs_files"])]
    if options["strict"]:
        files = [replace(file, diagnostics=as_errors(file.diagnostics)) for file in files]
    environment = shell.environment
    validation = Validation(
        files=files, source_of=look.sources.get, terminal=environment.stdout, cwd=environment.cwd
    )
    if options["form"] is not None:
        text = FORMATS[options["form"]](validation)
    elif environment.ci is Ci.GITHUB:
        text = human_in_github(validation, os.urandom(16).hex())
    else:
        text = human(validation)
    for form in _SIDE_REPORTS:
        if options[form] is not None:
            write_report(options[form], FORMATS[form](validation))
    click.echo(text, nl=False)
    return ExitCode.INVALID if any(file.errors for file in files) else ExitCode.DONE


@dataclass(slots=True)
class _Look:
    """One look at some files, and what it keeps for those that come later."""

    names: "Names | None"
    sources: dict[str, SourceFile] = field(default_factory=dict)
    _loaded: list[Playbook] = field(default_factory=list)
    _all_loaded: bool = True

    def playbooks(self, paths: tuple[Path, ...]) -> Iterator[FileChecked]:
        for meant in files_meant(paths):
            if meant.is_empty:
                found = (nothing_in(meant.path),)
                yield FileChecked(name=str(meant.path), diagnostics=found, is_listed=False)
            elif checked := self._check(meant):
                yield checked

    def inputs(self, paths: tuple[Path, ...]) -> Iterator[FileChecked]:
        for path in paths:
            from runner.app.usecases.given import inputs_findings

            with suppress(InvalidInput):
                source = read_source(path)
                self.sources[source.name] = source
            found = inputs_findings(path, self._loaded, self.names, all_known=self._all_loaded)
            yield FileChecked(name=str(path), diagnostics=found)

    def _check(self, meant: Meant) -> FileChecked | None:
        """Check a file; None for one of another kind, unless the user named it."""
        name = str(meant.path)
        try:
            source = read_meant(meant)
            self.sources[source.name] = source
            if not meant.is_named and is_of_another_kind(source):
                return None
            if holds_tests(source):
                return FileChecked(name=name, cases=_count_cases(meant.path))
            loaded = load_playbook(source, MANIFESTS, Folder.around(meant.path))
        except InvalidInput as error:
            self._all_loaded = False
            return FileChecked(name=name, diagnostics=error.diagnostics)
        self.sources.update(loaded.called)
        found = loaded.diagnostics
        if self.names is not None:
            found += _unlisted(loaded.words, self.names)
        if loaded.playbook is None:
            self._all_loaded = False
            return FileChecked(name=name, diagnostics=found)
        self._loaded.append(loaded.playbook)
        steps, effects = loaded.playbook.size
        return FileChecked(name=name, diagnostics=found, steps=steps, effects=effects)


def _names(place: str | None, profile: str | None, shell: Shell) -> "Names | None":
    if place is None:
        if profile is not None:
            raise UsageInvalid(
                "--profile is one of controls, and none are named", hint="add --controls"
            )
        return None
    # Controls are only paid for where they are named.
    from runner.app.usecases.names import load_names
    from runner.controls.place import place_from_text

    return load_names(place_from_text(place, folder=shell.environment.cwd), profile)


def _count_cases(path: Path) -> int:
    # A world is read by the sandbox's rooms, which playbooks do not pay for.
    from runner.app.testing.reading import CaseReader

    return len(CaseReader().read(path).cases)


def _unlisted(words: Iterable[Word], names: "Names") -> tuple[Diagnostic, ...]:
    from runner.app.usecases.names import name_findings

    return name_findings(words, names)
