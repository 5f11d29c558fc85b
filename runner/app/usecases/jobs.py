"""Which playbooks a command plans, and with which inputs: several at once, all mistakes at once.

A file of inputs that names its playbook is for that one alone. What the other files and the flags
give goes to every playbook that declares it, and to one at least. A later file counts more than an
earlier one, a file of its own more than one for all, and a flag more than any file.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from runner.app.usecases.loading import foreign_inputs, load_checked
from runner.core.diagnostics import Diagnostic, did_you_mean, sorted_diagnostics
from runner.core.errors import InvalidInput
from runner.core.record import record
from runner.documents.files import read_source
from runner.documents.folder import Folder
from runner.playbook.inputs import (
    BoundInputs,
    InputGiven,
    InputsFile,
    bind_inputs,
    inputs_from_flags,
    read_inputs_file,
)
from runner.playbook.model import Playbook


@record
class Job:
    """One playbook to plan; ``name`` is that of its files, without an ending."""

    path: Path
    name: str
    playbook: Playbook
    bound: BoundInputs


@record
class Jobs:
    """What is planned, and the warnings about it."""

    jobs: tuple[Job, ...]
    warnings: tuple[Diagnostic, ...]


def read_jobs(paths: Sequence[Path], flags: Iterable[str], inputs_files: Iterable[Path]) -> Jobs:
    """Read and check playbooks, and give each its inputs.

    Shapes: ``paths`` are files, each once.
    Errors: ``InvalidInput`` with everything that is wrong with any of them at once.
    """
    playbooks, files, warnings = _read(paths, inputs_files)
    found: list[Diagnostic] = []
    shared, own = _sorted_out(files, playbooks.values(), found)
    given_last = inputs_from_flags(flags)
    if len(playbooks) > 1:
        found += _unclaimed({**shared, **given_last}, playbooks.values())
    bound: dict[Path, BoundInputs] = {}
    for path, playbook in playbooks.items():
        mine = own.get(playbook.name, {})
        given = {**shared, **mine, **given_last}
        if len(playbooks) > 1:
            given = {k: v for k, v in given.items() if k in playbook.inputs or k in mine}
        try:
            bound[path] = bind_inputs(playbook, given)
        except InvalidInput as invalid:
            found += invalid.diagnostics
    if found:
        raise InvalidInput(sorted_diagnostics(found))
    names = _names(playbooks)
    return Jobs(
        jobs=tuple(
            Job(path=path, name=names[path], playbook=playbook, bound=bound[path])
            for path, playbook in playbooks.items()
        ),
        warnings=warnings,
    )


def _read(
    paths: Iterable[Path], inputs_files: Iterable[Path]
) -> tuple[dict[Path, Playbook], tuple[InputsFile, ...], tuple[Diagnostic, ...]]:
    found: list[Diagnostic] = []
    warnings: list[Diagnostic] = []
    playbooks: dict[Path, Playbook] = {}
    for path in paths:
        try:
            source = read_source(path, name=str(path))
            playbooks[path], doubts = load_checked(source, Folder.around(path))
            warnings += doubts
        except InvalidInput as invalid:
            found += invalid.diagnostics
    files: list[InputsFile] = []
    for file in inputs_files:
        try:
            files.append(read_inputs_file(file))
        except InvalidInput as invalid:
            found += invalid.diagnostics
    if found:
        # Whether an input is missing can only be said of files that could be read.
        raise InvalidInput(sorted_diagnostics(found))
    return playbooks, tuple(files), tuple(warnings)


def _sorted_out(
    files: Iterable[InputsFile], playbooks: Iterable[Playbook], found: list[Diagnostic]
) -> tuple[dict[str, InputGiven], dict[str, dict[str, InputGiven]]]:
    """Return what files give to all that declare it, and what to one playbook, by its name."""
    names = [playbook.name for playbook in playbooks]
    shared: dict[str, InputGiven] = {}
    own: dict[str, dict[str, InputGiven]] = {}
    for file in files:
        if not file.playbook:
            shared |= file.given
        elif file.playbook in names:
            own.setdefault(file.playbook, {}).update(file.given)
        else:
            found.append(foreign_inputs(file, names))
    return shared, own


def _unclaimed(
    given: Mapping[str, InputGiven], playbooks: Iterable[Playbook]
) -> Iterator[Diagnostic]:
    """Yield an error for every value that no playbook declares."""
    declared = {name for playbook in playbooks for name in playbook.inputs}
    for name, each in given.items():
        if name not in declared:
            yield Diagnostic(
                code="input-unknown",
                summary=f'none of these playbooks declares an input "{name}"',
                span=each.key_span,
                hint=did_you_mean(name, declared) or "they take no inputs",
            )


def _names(playbooks: Mapping[Path, Playbook]) -> dict[Path, str]:
    # The file's name, and its folders where that alone would name two of them alike.
    stems = Counter(path.stem for path in playbooks)
    return {
        path: path.stem
        if stems[path.stem] == 1
        else "-".join(path.with_suffix("").parts).strip("/")
        for path in playbooks
    }
