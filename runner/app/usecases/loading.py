"""From files to a checked playbook and bound inputs."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from runner.catalogue.manifests import MANIFESTS
from runner.controls.directory import Directory
from runner.core.diagnostics import Diagnostic, Severity, has_errors, sorted_diagnostics
from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.core.types import Scalar
from runner.documents.files import read_source
from runner.playbook.inputs import (
    BoundInputs,
    bind_inputs,
    inputs_from_flags,
    load_inputs_file,
)
from runner.playbook.load import load_playbook
from runner.playbook.model import Playbook


def load_checked(source: SourceFile) -> tuple[Playbook, tuple[Diagnostic, ...]]:
    """Load a playbook, or raise everything that is wrong with it.

    Shapes: the playbook and its warnings.
    Errors: ``InvalidInput``.
    """
    loaded = load_playbook(source, MANIFESTS)
    if loaded.playbook is None or has_errors(loaded.diagnostics):
        raise InvalidInput(sorted_diagnostics(loaded.diagnostics))
    return loaded.playbook, tuple(d for d in loaded.diagnostics if d.severity is Severity.WARNING)


def read_playbook(path: Path, *, name: str) -> tuple[Playbook, tuple[Diagnostic, ...]]:
    """Read and check a playbook's file.

    Errors: ``InvalidInput``.
    """
    return load_checked(read_source(path, name=name))


def bound_inputs(playbook: Playbook, flags: Iterable[str], file: Path | None) -> BoundInputs:
    """Give a playbook its inputs: flags over a file over defaults.

    Errors: ``InvalidInput`` with everything that is wrong at once.
    """
    given = dict(load_inputs_file(file)) if file is not None else {}
    given |= inputs_from_flags(flags)
    return bind_inputs(playbook, given)


def check_names(playbook: Playbook, bound: BoundInputs, directory: Directory) -> None:
    """Hold inputs that are names, coins or networks against the directory.

    Errors: ``InvalidInput`` with all of them at once.
    """
    found = []
    for name, value in bound.values.items():
        declared = playbook.inputs[name]
        if not isinstance(declared.type, Scalar):
            continue
        word = getattr(value, "coin", value)
        kind = "coin" if declared.type.name == "money" else declared.type.name
        unlisted = directory.check(kind, str(word))
        if unlisted is not None:
            found.append(unlisted.at(declared.span))
    if found:
        raise InvalidInput(sorted_diagnostics(found))


def files_of(source: SourceFile) -> Mapping[str, bytes]:
    """Return the bytes of every file a playbook was made from, by the name shown."""
    return {source.name: source.text.encode("utf-8")}
