"""From files to a checked playbook and bound inputs."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from runner.catalogue.manifests import MANIFESTS
from runner.controls.directory import Directory
from runner.core.diagnostics import (
    Diagnostic,
    Severity,
    did_you_mean,
    has_errors,
    sorted_diagnostics,
)
from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.core.values import value_to_json
from runner.documents.files import read_source
from runner.documents.folder import Folder
from runner.playbook.calls import Files
from runner.playbook.inputs import (
    BoundInputs,
    InputGiven,
    InputsFile,
    bind_inputs,
    inputs_from_flags,
    read_inputs_file,
)
from runner.playbook.load import load_playbook
from runner.playbook.model import Playbook
from runner.playbook.parts import part_from_json
from runner.playbook.words import words_in


def load_checked(
    source: SourceFile, files: Files | None = None
) -> tuple[Playbook, tuple[Diagnostic, ...]]:
    """Load a playbook, or raise everything that is wrong with it.

    Shapes: the playbook and its warnings; ``files`` is where called playbooks come from.
    Errors: ``InvalidInput``.
    """
    loaded = load_playbook(source, MANIFESTS, files)
    if loaded.playbook is None or has_errors(loaded.diagnostics):
        raise InvalidInput(sorted_diagnostics(loaded.diagnostics))
    return loaded.playbook, tuple(d for d in loaded.diagnostics if d.severity is Severity.WARNING)


def read_playbook(path: Path, *, name: str) -> tuple[Playbook, tuple[Diagnostic, ...]]:
    """Read and check a playbook's file, and those it calls.

    Errors: ``InvalidInput``.
    """
    return load_checked(read_source(path, name=name), Folder.around(path))


def bound_inputs(playbook: Playbook, flags: Iterable[str], file: Path | None) -> BoundInputs:
    """Give a playbook its inputs: flags over a file over defaults.

    Errors: ``InvalidInput`` with everything that is wrong at once, also for a file that is another
        playbook's.
    """
    given: dict[str, InputGiven] = {}
    if file is not None:
        read = read_inputs_file(file)
        if read.playbook not in {"", playbook.name}:
            raise InvalidInput((foreign_inputs(read, (playbook.name,)),))
        given |= read.given
    given |= inputs_from_flags(flags)
    return bind_inputs(playbook, given)


def foreign_inputs(file: InputsFile, names: Iterable[str], *, done: str = "planned") -> Diagnostic:
    """Say that a file of inputs is for a playbook that is not among those that are planned."""
    return Diagnostic(
        code="input-unknown",
        summary=f'these inputs are for the playbook "{file.playbook}", which is not {done} here',
        span=file.span,
        hint=did_you_mean(file.playbook, names),
    )


def check_names(playbook: Playbook, bound: BoundInputs, directory: Directory) -> None:
    """Hold inputs that are names, coins or networks against the directory.

    Errors: ``InvalidInput`` with all of them at once.
    """
    found = []
    for name, value in bound.values.items():
        declared = playbook.inputs[name]
        # A default has no place of its own here; its declaration has.
        part = bound.parts.get(name) or part_from_json(value_to_json(value), declared.span)
        for word in words_in(part, declared.type):
            unlisted = directory.check(word.kind, word.text)
            if unlisted is not None:
                found.append(unlisted.at(word.span))
    if found:
        raise InvalidInput(sorted_diagnostics(found))


def files_of(playbook: Playbook) -> Mapping[str, bytes]:
    """Return the bytes of every file a playbook was made from, by the name shown."""
    return {source.name: source.text.encode("utf-8") for source in playbook.sources()}
