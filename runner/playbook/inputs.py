"""What a run is given, held against what its playbook declares."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from runner.core.diagnostics import did_you_mean, sorted_diagnostics
from runner.core.errors import InvalidInput
from runner.core.record import record
from runner.core.source import Span
from runner.core.types import ListOf, MapOf, Scalar, Type
from runner.core.values import Value
from runner.documents.files import check_text, read_source
from runner.documents.nodes import MappingNode, ScalarNode
from runner.documents.schema import check_schema
from runner.documents.yaml import read_yaml
from runner.playbook.bounds import bound_problem
from runner.playbook.model import Input, Playbook
from runner.playbook.parts import Part, Refuse, part_from_node, value_from_part
from runner.playbook.reading import Findings, entries_at

FLAG: Final = "--input"
"""What stands for a file's name in the place of a value given on the command line."""

LIST_TEXT_MAX: Final = 100_000
"""How many characters a given list or map may have, inclusive; a text in it as any other."""


@record
class InputGiven:
    """One value as a person gave it.

    Shapes: ``text`` spells the value, a list or map as YAML; ``part`` is the value where it was
        read already, else None; ``origin`` says where it came from, like ``--input`` or the name of
        a file; ``span`` is the place of the value there, ``key_span`` that of its name.
    """

    text: str
    part: Part | None = None
    origin: str
    span: Span
    key_span: Span


@record
class BoundInputs:
    """Every declared input with its value, and where each came from.

    Shapes: values and origins have the keys of the playbook's inputs, in their order; an origin is
        ``default``, ``--input``, or the name of a file; ``parts`` are the values as they were
        written, with their places, without those that are defaults.
    """

    values: Mapping[str, Value]
    origins: Mapping[str, str]
    parts: Mapping[str, Part] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))
        object.__setattr__(self, "origins", MappingProxyType(dict(self.origins)))
        object.__setattr__(self, "parts", MappingProxyType(dict(self.parts)))


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


@record
class InputsFile:
    """A file of ``kind: Inputs``.

    Shapes: ``playbook`` is the name of the one they are for, or empty; ``span`` is its place.
    """

    given: Mapping[str, InputGiven]
    playbook: str
    span: Span


def load_inputs_file(path: Path, *, name: str | None = None) -> Mapping[str, InputGiven]:
    """Read the values of a file of ``kind: Inputs``.

    Shapes: as for ``read_inputs_file``.
    Errors: as ``read_inputs_file``.
    """
    return read_inputs_file(path, name=name).given


def read_inputs_file(path: Path, *, name: str | None = None) -> InputsFile:
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
        given[entry.key.text] = InputGiven(
            text=entry.value.text if isinstance(entry.value, ScalarNode) else "",
            part=part_from_node(entry.value),
            origin=source.name,
            span=entry.value.span,
            key_span=entry.key.span,
        )
    owner = document.get("playbook")
    return InputsFile(
        given=given,
        playbook=owner.text if isinstance(owner, ScalarNode) else "",
        span=document.span if owner is None else owner.span,
    )


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
    parts: dict[str, Part] = {}
    for declared in playbook.inputs.values():
        found = given.get(declared.name)
        value = declared.default
        if found is not None:
            read = _value_of(declared, found, findings)
            value = None if read is None else read[1]
            if read is not None:
                parts[declared.name] = read[0]
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
    return BoundInputs(values=values, origins=origins, parts=parts)


def _value_of(
    declared: Input, given: InputGiven, findings: Findings
) -> "tuple[Part, Value] | None":
    def refuse(span: Span, summary: str, hint: str, _wanted: Type) -> None:
        findings.add("input-invalid", f"{declared.name}: {summary}", span, hint=hint)

    part = given.part or _part_of(declared, given, refuse)
    value = None if part is None else value_from_part(part, declared.type, refuse)
    if part is None or value is None:
        return None
    problem, hint = bound_problem(declared, value)
    if problem:
        refuse(given.span, problem, hint, declared.type)
        return None
    return part, value


def _part_of(declared: Input, given: InputGiven, refuse: Refuse) -> Part | None:
    """Read the text of a flag: as it is for a scalar, as YAML for anything else."""
    if isinstance(declared.type, Scalar):
        return Part(span=given.span, text=given.text)
    if len(given.text) > LIST_TEXT_MAX:
        words = f"the text is longer than {LIST_TEXT_MAX} characters"
        refuse(given.span, words, "name it in a file for --inputs", declared.type)
        return None
    try:
        document = read_yaml(check_text(given.origin, given.text))
    except InvalidInput as exc:
        first = exc.diagnostics[0]
        refuse(given.span, first.summary, _list_hint(declared) or first.hint, declared.type)
        return None
    return _placed(part_from_node(document), given.span)


def _placed(part: Part, span: Span) -> Part:
    """Move a part, and all in it, to the place of the flag it was read from."""
    return Part(
        span=span,
        text=part.text,
        items=None if part.items is None else tuple(_placed(each, span) for each in part.items),
        entries=None
        if part.entries is None
        else {key: _placed(each, span) for key, each in part.entries.items()},
    )


def _list_hint(declared: Input) -> str:
    return f"write it as YAML or JSON: {_example(declared.type)}"


def _how_to_give(declared: Input) -> str:
    example = declared.choices[0] if declared.choices else _example(declared.type)
    value = f'"{example}"' if " " in example else example
    if not isinstance(declared.type, Scalar):
        value = f"'{example}'"
    return f"add {FLAG} {declared.name}={value}, or name it in a file for --inputs"


def _example(kind: Type) -> str:
    """Spell a value of a type, as it would be given."""
    if isinstance(kind, Scalar):
        return _EXAMPLES[kind.name]
    if isinstance(kind, ListOf):
        return f"[{_quoted(kind.item)}]"
    if isinstance(kind, MapOf):
        return f"{{{_quoted(kind.key)}: {_quoted(kind.value)}}}"
    needed = (each for each in kind.fields if not each.optional)
    return f"{{{', '.join(f'{each.name}: {_quoted(each.type)}' for each in needed)}}}"


def _quoted(kind: Type) -> str:
    example = _example(kind)
    is_bare = not isinstance(kind, Scalar) or kind.name in {"int", "decimal", "bool"}
    return example if is_bare else f'"{example}"'


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
    "order_id": "ID",
    "timestamp": "2026-11-22T10:00:00Z",
}


def _flag_span(start: int, end: int) -> Span:
    return Span(file=FLAG, line=1, column=start + 1, end_line=1, end_column=end + 1)


def _raise_found(findings: Findings) -> None:
    if findings.found:
        raise InvalidInput(sorted_diagnostics(findings.found))
