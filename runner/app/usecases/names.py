"""Names a playbook writes down, held against a directory: ``validate --controls``.

Only what is written as a text can be checked; names that expressions give are checked at plan.
"""

from collections.abc import Iterator, Mapping

from runner.catalogue.manifest import Manifest
from runner.controls.directory import Directory
from runner.core.diagnostics import Diagnostic, sorted_diagnostics
from runner.core.record import record
from runner.core.source import Span
from runner.core.types import Scalar, Type
from runner.playbook.expressions.template import Template
from runner.playbook.model import Effect, Input, Playbook, Use, Wait, every_step


@record
class NameUsed:
    """A word of a directory type, and where it is written."""

    type_name: str
    word: str
    span: Span


def name_findings(playbook: Playbook, directory: Directory) -> tuple[Diagnostic, ...]:
    """Return an error for every name, coin and network that the directory does not have."""
    found = []
    for used in names_used(playbook):
        unlisted = directory.check(used.type_name, used.word)
        if unlisted is not None:
            found.append(unlisted.at(used.span))
    return sorted_diagnostics(found)


def names_used(playbook: Playbook) -> Iterator[NameUsed]:
    """Yield the names in inputs, in ``may`` and in the arguments of steps."""
    for declared in playbook.inputs.values():
        yield from _of_input(declared)
    for may in playbook.may.values():
        for coin in may.total:
            yield NameUsed(type_name="coin", word=coin, span=may.span)
    for step in every_step(playbook.steps):
        if isinstance(step.verb, Use | Effect | Wait):
            yield from _of_arguments(step.verb.manifest, step.verb.arguments)


def _of_input(declared: Input) -> Iterator[NameUsed]:
    for value in (declared.default, declared.minimum, declared.maximum, *declared.choices):
        if value is not None:
            yield from _of_value(declared.type, value, declared.span)


def _of_arguments(manifest: Manifest, arguments: Mapping[str, Template]) -> Iterator[NameUsed]:
    for name, template in arguments.items():
        argument = manifest.argument(name)
        if argument is not None and template.is_literal:
            span = template.locate(0, len(template.text))
            yield from _of_value(argument.type, template.text, span)


def _of_value(wanted: Type, value: object, span: Span) -> Iterator[NameUsed]:
    if not isinstance(wanted, Scalar):
        return
    if wanted.name == "money":
        coin = getattr(value, "coin", None) or str(value).rpartition(" ")[2]
        yield NameUsed(type_name="coin", word=coin, span=span)
    elif isinstance(value, str):
        yield NameUsed(type_name=wanted.name, word=value, span=span)
