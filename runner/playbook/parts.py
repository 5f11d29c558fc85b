"""Values of any type from what people wrote: YAML in a playbook, a file or a flag, JSON in a plan.

Every scalar is a text and must spell a value of its type, whatever it stands in.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from runner.core.diagnostics import did_you_mean
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.core.source import Span
from runner.core.types import ListOf, MapOf, Record, Scalar, Type
from runner.core.values import Value, value_from_text
from runner.documents.nodes import Node, ScalarNode, SequenceNode

Refuse: TypeAlias = Callable[[Span, str, str, Type], None]
"""Takes what is wrong: where, in a sentence, the way out, and the type that was wanted there."""

TEXT_MAX = 2_000
"""How many characters a text may have, inclusive."""


@record
class Part:
    """A piece of what was written, with its place.

    Shapes: exactly one of ``text``, ``items`` and ``entries`` is not None.
    """

    span: Span
    text: str | None = None
    items: "tuple[Part, ...] | None" = None
    entries: "Mapping[str, Part] | None" = None


def part_from_node(node: Node) -> Part:
    """Return what a document's node says."""
    if isinstance(node, ScalarNode):
        return Part(span=node.span, text=node.text)
    if isinstance(node, SequenceNode):
        return Part(span=node.span, items=tuple(part_from_node(item) for item in node.items))
    entries = {entry.key.text: part_from_node(entry.value) for entry in node.entries}
    return Part(span=node.span, entries=entries)


def part_from_json(data: JsonValue, span: Span) -> Part:
    """Return what a plan says of an input, as ``value_to_json`` wrote it.

    Errors: ``ValueError`` for what that never writes.
    """
    if isinstance(data, bool):
        return Part(span=span, text="true" if data else "false")
    if isinstance(data, str):
        return Part(span=span, text=data)
    if isinstance(data, list | tuple):
        return Part(span=span, items=tuple(part_from_json(item, span) for item in data))
    if isinstance(data, Mapping):
        entries = {key: part_from_json(item, span) for key, item in data.items()}
        return Part(span=span, entries=entries)
    raise ValueError(f"{data!r} is not how an input is written")


def value_from_part(part: Part, wanted: Type, refuse: Refuse) -> "Value | None":
    """Read a value of a type; None after saying everything that is wrong with it."""
    if isinstance(wanted, Scalar):
        return _scalar(part, wanted, refuse)
    if isinstance(wanted, ListOf):
        return _list(part, wanted, refuse)
    if isinstance(wanted, MapOf):
        return _map(part, wanted, refuse)
    return _record(part, wanted, refuse)


def _scalar(part: Part, wanted: Scalar, refuse: Refuse) -> "Value | None":
    if part.text is None:
        refuse(part.span, f"{wanted} is needed here, not {_kind(part)}", "", wanted)
        return None
    if len(part.text) > TEXT_MAX:
        refuse(part.span, f"the text is longer than {TEXT_MAX} characters", "", wanted)
        return None
    try:
        return value_from_text(part.text, wanted)
    except ValueError as exc:
        refuse(part.span, str(exc), "", wanted)
        return None


def _list(part: Part, wanted: ListOf, refuse: Refuse) -> "Value | None":
    if part.items is None:
        hint = "write the items in brackets, or one a line with a dash"
        refuse(part.span, f"{wanted} is needed here, not {_kind(part)}", hint, wanted)
        return None
    items = [value_from_part(item, wanted.item, refuse) for item in part.items]
    found = tuple(item for item in items if item is not None)
    return found if len(found) == len(items) else None


def _map(part: Part, wanted: MapOf, refuse: Refuse) -> "Value | None":
    if part.entries is None:
        refuse(part.span, f"{wanted} is needed here, not {_kind(part)}", "", wanted)
        return None
    values: dict[str, Value] = {}
    for key, entry in part.entries.items():
        is_key = _scalar(Part(span=entry.span, text=key), wanted.key, refuse) is not None
        value = value_from_part(entry, wanted.value, refuse)
        if is_key and value is not None:
            values[key] = value
    return values if len(values) == len(part.entries) else None


def _record(part: Part, wanted: Record, refuse: Refuse) -> "Value | None":
    if part.entries is None:
        refuse(part.span, f"{wanted} is needed here, not {_kind(part)}", "", wanted)
        return None
    is_right = True
    for key, entry in part.entries.items():
        if wanted.field(key) is None:
            hint = did_you_mean(key, [each.name for each in wanted.fields])
            refuse(entry.span, f'{wanted} has no field "{key}"', hint, wanted)
            is_right = False
    values: dict[str, Value] = {}
    for field in wanted.fields:
        found = part.entries.get(field.name)
        if found is not None:
            value = value_from_part(found, field.type, refuse)
            if value is None:
                is_right = False
            else:
                values[field.name] = value
        elif not field.optional:
            refuse(part.span, f'{wanted} lacks "{field.name}"', "", wanted)
            is_right = False
    return values if is_right else None


def _kind(part: Part) -> str:
    if part.items is not None:
        return "a list"
    return "a mapping" if part.entries is not None else "a text"
