"""What a run is given, held against what its playbook declares."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from runner.core.diagnostics import did_you_mean, sorted_diagnostics
from runner.core.errors import InvalidInput
from runner.core.record import record
from runner.core.source import Span
from runner.core.types import Scalar
from runner.core.values import Value, value_from_text
from runner.documents.files import read_source
from runner.documents.nodes import MappingNode, ScalarNode
from runner.documents.schema import check_schema
from runner.documents.yaml import read_yaml
from runner.playbook.bounds import bound_problem
from runner.playbook.model import Input, Playbook
from runner.playbook.reading import Findings, entries_at

FLAG: Final = "--input"
"""What stands for a file's name in the place of a value given on the command line."""

TEXT_MAX: Final = 2_000
"""How many characters a given text may have, inclusive."""


@record
class InputGiven:
    """One value as a person gave it.

    Shapes: ``text`` spells the value; ``origin`` says where it came from, like ``--input`` or the
        name of a file; ``span`` is the place of the value there, ``key_span`` that of its name.
    """

    text: str
    origin: str
    span: Span
    key_span: Span


@record
class BoundInputs:
    """Every declared input with its value, and where each came from.

    Shapes: both have the keys of the playbook's inputs, in their order; an origin is ``default``,
        ``--input``, or the name of a file.
    """

    values: Mapping[str, Value]
    origins: Mapping[str, str]

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))
        object.__setattr__(self, "origins", MappingProxyType(dict(self.origins)))


def inputs_from_flags(flags: Iterable[str]) -> Mapping[str, InputGiven]:
    """Read the values of ``--input``: ``amount=250000 USDT``, the name up to the first ``=``.

    Shapes: places are columns of the flag's value, on line 1 of a file called ``--input``.
    Errors: ``InvalidInput`` for flags without ``=``, without a name, or with a name given twice.
    """
    findings = Findings()
    given: dict[str, InputGiven] = {}
    for flag in flags:
        name, sign, text = flag.partition("=")
        key_span = _flag_span(0, len(name))
        if not sign or not name:
            findings.add(
                "input-invalid",
                f'{FLAG} "{flag}" names no input',
                _flag_span(0, len(flag)),
                hint=f'write {FLAG} NAME=VALUE, like {FLAG} amount="250000 USDT"',
            )
        elif name in given:
            findings.add(
                "input-invalid",
                f'{FLAG} gives "{name}" twice: "{given[name].text}" and "{text}"',
                key_span,
                hint="give it once",
            )
        else:
            span = _flag_span(len(name) + 1, len(flag))
            given[name] = InputGiven(text=text, origin=FLAG, span=span, key_span=key_span)
    _raise_found(findings)
    return given


def load_inputs_file(path: Path, *, name: str | None = None) -> Mapping[str, InputGiven]:
    """Read a file of ``kind: Inputs``.

    Shapes: ``name`` is how diagnostics and plans call the file; the path, unless told otherwise.
    Errors: ``InvalidInput`` with everything that is wrong with the file itself.
    """
    source = read_source(path, name=name)
    document = read_yaml(source)
    found = check_schema(document, "inputs")
    if found:
        raise InvalidInput(found)
    assert isinstance(document, MappingNode), "the schema promised a mapping"
    given: dict[str, InputGiven] = {}
    for entry in entries_at(document, "inputs"):
        assert isinstance(entry.value, ScalarNode), "the schema promised scalars"
        given[entry.key.text] = InputGiven(
            text=entry.value.text,
            origin=source.name,
            span=entry.value.span,
            key_span=entry.key.span,
        )
    return given


def bind_inputs(playbook: Playbook, given: Mapping[str, InputGiven]) -> BoundInputs:
    """Give every declared input its value: what was given, else its default.

    Errors: ``InvalidInput`` with everything at once: inputs that are not declared, required ones
        that are missing, values of the wrong type or outside their bounds.
    """
    findings = Findings()
    for name, each in given.items():
        if name not in playbook.inputs:
            findings.add(
                "input-unknown",
                f'{playbook.name} declares no input "{name}"',
                each.key_span,
                hint=did_you_mean(name, playbook.inputs) or "it takes no inputs",
            )
    values: dict[str, Value] = {}
    origins: dict[str, str] = {}
    for declared in playbook.inputs.values():
        found = given.get(declared.name)
        value = declared.default if found is None else _value_of(declared, found, findings)
        if value is not None:
            values[declared.name] = value
            origins[declared.name] = "default" if found is None else found.origin
        elif found is None:
            findings.add(
                "input-missing",
                f'the input "{declared.name}" is required and was not given',
                declared.span,
                hint=_how_to_give(declared),
            )
    _raise_found(findings)
    return BoundInputs(values=values, origins=origins)


def _value_of(declared: Input, given: InputGiven, findings: Findings) -> "Value | None":
    assert isinstance(declared.type, Scalar), "an input is a scalar"
    if len(given.text) > TEXT_MAX:
        problem, hint = f"the text is longer than {TEXT_MAX} characters", ""
    else:
        try:
            value = value_from_text(given.text, declared.type)
        except ValueError as exc:
            problem, hint = str(exc), ""
        else:
            problem, hint = bound_problem(declared, value)
            if not problem:
                return value
    findings.add("input-invalid", f"{declared.name}: {problem}", given.span, hint=hint)
    return None


def _how_to_give(declared: Input) -> str:
    example = declared.choices[0] if declared.choices else _EXAMPLES[str(declared.type)]
    value = f'"{example}"' if " " in example else example
    return f"add {FLAG} {declared.name}={value}, or name it in a file for --inputs"


_EXAMPLES: Final[Mapping[str, str]] = {
    "string": "TEXT",
    "int": "3",
    "decimal": "0.05",
    "bool": "true",
    "date": "2026-11-22",
    "duration": "10m",
    "coin": "USDT",
    "network": "ETH",
    "money": "250000 USDT",
    "wallet": "NAME",
    "mirror_link": "NAME",
    "mirrorx_link": "NAME",
    "destination": "NAME",
}


def _flag_span(start: int, end: int) -> Span:
    return Span(file=FLAG, line=1, column=start + 1, end_line=1, end_column=end + 1)


def _raise_found(findings: Findings) -> None:
    if findings.found:
        raise InvalidInput(sorted_diagnostics(findings.found))
