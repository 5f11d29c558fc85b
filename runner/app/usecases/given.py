"""Files of inputs, held against the playbooks they may be for: ``validate --inputs``."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from runner.app.usecases.loading import foreign_inputs
from runner.app.usecases.names import Names, name_findings
from runner.core.diagnostics import Diagnostic, did_you_mean, sorted_diagnostics
from runner.core.errors import InvalidInput
from runner.playbook.inputs import InputsFile, bind_inputs, read_inputs_file
from runner.playbook.model import Playbook
from runner.playbook.words import Word, words_in


def inputs_findings(
    path: Path, playbooks: Iterable[Playbook], names: Names | None, *, all_known: bool
) -> tuple[Diagnostic, ...]:
    """Return everything that is wrong with a file of inputs.

    An input that is missing is not: other files and ``--input`` may give it.

    Shapes: ``names`` is None where names are not to be checked; ``all_known`` tells whether
        ``playbooks`` are all that were asked for, so that one that is not among them is foreign.
    """
    known = tuple(playbooks)
    try:
        file = read_inputs_file(path)
    except InvalidInput as invalid:
        return invalid.diagnostics
    owners = [each for each in known if file.playbook in {"", each.name}]
    found = set(_wrong_values(file, owners))
    if all_known and not owners:
        found.add(foreign_inputs(file, (each.name for each in known), done="checked"))
    elif all_known:
        found.update(_unclaimed(file, owners))
    if names is not None:
        found.update(name_findings(_words(file, owners), names))
    return sorted_diagnostics(found)


def _wrong_values(file: InputsFile, owners: Iterable[Playbook]) -> Iterator[Diagnostic]:
    for playbook in owners:
        try:
            bind_inputs(playbook, {k: v for k, v in file.given.items() if k in playbook.inputs})
        except InvalidInput as invalid:
            yield from (each for each in invalid.diagnostics if each.code != "input-missing")


def _unclaimed(file: InputsFile, owners: Iterable[Playbook]) -> Iterator[Diagnostic]:
    declared = {name for playbook in owners for name in playbook.inputs}
    names = " and ".join(sorted({playbook.name for playbook in owners}))
    for name, each in file.given.items():
        if name not in declared:
            yield Diagnostic(
                code="input-unknown",
                summary=f'no input of {names} has the name "{name}"',
                span=each.key_span,
                hint=did_you_mean(name, declared) or "they take no inputs",
            )


def _words(file: InputsFile, owners: Iterable[Playbook]) -> Iterator[Word]:
    for playbook in owners:
        for name, given in file.given.items():
            declared = playbook.inputs.get(name)
            if declared is not None and given.part is not None:
                yield from words_in(given.part, declared.type)
