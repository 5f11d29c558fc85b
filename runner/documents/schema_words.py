"""What the schema found, as sentences about steps, inputs and keys, with places.

Example: path ``steps, 3, with`` and keyword ``additionalProperties`` become ``step "pay" has no key
"amout"``, placed at that key, with the nearest known key as the hint.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from runner.core.diagnostics import Diagnostic, did_you_mean
from runner.core.record import record
from runner.core.source import Span
from runner.documents.nodes import MappingNode, Node, ScalarNode, SequenceNode
from runner.documents.scalars import Ambiguous, plain_value
from runner.documents.step_words import VERBS, modifier_words, no_verb_words


@record
class Violation:
    """One thing the schema refuses.

    Shapes: ``path`` leads from the root to the value, list positions count from 0; ``keyword`` is
        the schema's, or ``false`` where nothing may stand; ``wanted`` is what it says; ``schema``
        is the part it stands in; ``name`` is the key itself where ``is_about_name``.
    """

    path: tuple[str | int, ...]
    keyword: str
    wanted: Any
    schema: Mapping[str, Any]
    is_about_name: bool = False
    name: str = ""


_SHOWN_MAX: Final = 40
_OWNERS: Final = {
    "steps": "step",
    "parallel": "branch",
    "try": "step",
    "rescue": "step",
    "finally": "step",
    "inputs": "input",
    "outputs": "output",
    "may": "may",
    "cases": "case",
    "coins": "coin",
    "wallets": "wallet",
    "mirror_links": "Mirror link",
    "mirrorx_links": "MirrorX link",
    "destinations": "destination",
    "profiles": "profile",
}
_BOUNDS: Final = frozenset({"minimum", "maximum"})
_TYPES: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}


def findings(root: Node, violations: Iterable[Violation]) -> list[Diagnostic]:
    """Return a diagnostic for everything violated.

    Shapes: a file of another kind or version is only told that; its keys are judged by a schema
        that is not theirs. A step with a misspelt key is not also told that it lacks a verb, and a
        value of the wrong type is not measured.
    """
    everything = list(violations)
    foreign = [v for v in everything if _is_version(v)]
    if foreign:
        return [found for violation in foreign for found in _words(root, violation)]
    misspelt = {v.path for v in everything if v.keyword == "additionalProperties"}
    mistyped = {v.path for v in everything if v.keyword == "type" and not v.is_about_name}
    return [
        found
        for violation in everything
        if not _follows_from_misspelling(root, violation, misspelt)
        and not (violation.keyword in _BOUNDS and violation.path in mistyped)
        for found in _words(root, violation)
    ]


def _is_version(violation: Violation) -> bool:
    return violation.keyword == "const" and violation.path in {("apiVersion",), ("kind",)}


def _follows_from_misspelling(
    root: Node, violation: Violation, misspelt: set[tuple[str | int, ...]]
) -> bool:
    if violation.keyword == "anyOf":
        return violation.path in misspelt
    if violation.keyword != "false" or violation.path[:-1] not in misspelt:
        return False
    step = node_at(root, violation.path[:-1])
    return isinstance(step, MappingNode) and not any(verb in step for verb in VERBS)


def node_at(root: Node, path: Iterable[str | int]) -> Node:
    """Return the node a path leads to."""
    node = root
    for part in path:
        if isinstance(node, SequenceNode) and isinstance(part, int):
            node = node.items[part]
        else:
            assert isinstance(node, MappingNode), "a path goes through mappings and lists"
            inner = node.get(str(part))
            assert inner is not None, "a path leads to what is there"
            node = inner
    return node


def _words(root: Node, violation: Violation) -> Iterator[Diagnostic]:
    node = node_at(root, violation.path)
    what = _what(root, violation.path)
    if violation.is_about_name:
        yield _bad_name(node, what, violation)
    elif violation.keyword == "additionalProperties":
        yield from _unknown_keys(node, what, violation)
    elif violation.keyword == "required":
        yield from _missing_keys(node, what, violation)
    elif violation.keyword == "false":
        yield _out_of_place(root, violation)
    elif violation.keyword == "anyOf" and isinstance(node, MappingNode):
        summary, hint = no_verb_words(what)
        yield _finding("step-verb", summary, _first_key(node), hint)
    elif violation.keyword == "type":
        yield _wrong_type(node, what, violation)
    elif _is_version(violation):
        summary = f'"{violation.path[0]}" must be {violation.wanted}'
        hint = f"write {violation.path[0]}: {violation.wanted}"
        yield _finding("wrong-version", summary, node.span, hint)
    else:
        summary, hint = _wrong_value(node, what, violation)
        yield _finding("wrong-value", summary, node.span, hint)


def _bad_name(node: Node, what: str, violation: Violation) -> Diagnostic:
    assert isinstance(node, MappingNode), "only mappings have names"
    entry = node.entry(violation.name)
    span = node.span if entry is None else entry.key.span
    return _finding(
        "wrong-value",
        f'"{violation.name}" cannot be a name in {what}',
        span,
        str(violation.schema.get("patternErrorMessage", "")),
    )


def _unknown_keys(node: Node, what: str, violation: Violation) -> Iterator[Diagnostic]:
    assert isinstance(node, MappingNode), "only mappings have keys"
    known = violation.schema.get("properties", {})
    unused = [key for key in known if key not in node]
    for entry in node.entries:
        if entry.key.text not in known:
            yield _finding(
                "unknown-key",
                f'{what} has no key "{entry.key.text}"',
                entry.key.span,
                did_you_mean(entry.key.text, unused or known),
            )


def _missing_keys(node: Node, what: str, violation: Violation) -> Iterator[Diagnostic]:
    assert isinstance(node, MappingNode), "only mappings have keys"
    known = violation.schema.get("properties", {})
    for key in violation.wanted:
        if key not in node:
            schema = known.get(key, {})
            example = schema.get("const", _example(schema)) if schema else _EXAMPLES.get(key, "")
            hint = f"add {key}: {example}".removesuffix(" ") if example else f"add {key}"
            code = (
                "missing-id"
                if key == "id" and what.startswith(("step ", "branch "))
                else "missing-key"
            )
            yield _finding(code, f'{what} lacks "{key}"', _first_key(node), hint)


_EXAMPLES: Final = {"id": "a_name"}
"""Examples for keys that a conditional part of a schema demands without describing them."""


def _out_of_place(root: Node, violation: Violation) -> Diagnostic:
    step = node_at(root, violation.path[:-1])
    key = str(violation.path[-1])
    assert isinstance(step, MappingNode), "only mappings have keys"
    entry = step.entry(key)
    assert entry is not None, "a path leads to what is there"
    verb = next((verb for verb in VERBS if verb in step and verb != key), "")
    summary, hint = modifier_words(_what(root, violation.path[:-1]), key, verb)
    return _finding("step-verb", summary, entry.key.span, hint)


def _wrong_type(node: Node, what: str, violation: Violation) -> Diagnostic:
    wanted = [violation.wanted] if isinstance(violation.wanted, str) else list(violation.wanted)
    if "number" in wanted and "integer" in wanted:
        wanted.remove("integer")
    words = [_TYPES[name] for name in wanted]
    example = _example(violation.schema)
    hint = f"for example {example}" if example else ""
    if "string" in wanted and isinstance(node, ScalarNode):
        hint = _pattern_hint(node.text, violation.schema) or f'quote it: "{node.text}"'
    elif _is_quoted_number(node, wanted):
        hint = "write it without quotes"
    found = _finding(
        "wrong-type", f"{what} must be {_listed(words)}, not {_kind(node)}", node.span, hint
    )
    # What is no document at all may be a key's file that something else has named.
    return found if violation.path else replace(found, quotable=False)


def _listed(words: list[str]) -> str:
    if len(words) == 1:
        return words[0]
    # "text, a number, or true or false": one of the words has an "or" of its own.
    return f"{', '.join(words[:-1])}{',' if len(words) > 2 else ''} or {words[-1]}"  # noqa: PLR2004 - three need a comma


def _pattern_hint(text: str, schema: Mapping[str, Any]) -> str:
    """Return what the text should look like, or nothing where quotes alone would do."""
    pattern = schema.get("pattern", "")
    return "" if re.search(pattern, text) else str(schema.get("patternErrorMessage", ""))


def _is_quoted_number(node: Node, wanted: list[str]) -> bool:
    return (
        isinstance(node, ScalarNode)
        and node.style in {"single", "double"}
        and (
            (node.text.isascii() and node.text.isdigit() and "integer" in wanted)
            or (node.text in {"true", "false"} and "boolean" in wanted)
        )
    )


def _wrong_value(node: Node, what: str, violation: Violation) -> tuple[str, str]:
    wanted = violation.wanted
    text = _short(node.text) if isinstance(node, ScalarNode) else ""
    if violation.keyword == "enum":
        return f'{what} cannot be "{text}"', did_you_mean(text, [str(word) for word in wanted])
    if violation.keyword == "pattern":
        return f'{what} cannot be "{text}"', str(violation.schema.get("patternErrorMessage", ""))
    example = _example(violation.schema)
    hint = f"for example {example}" if example else ""
    sentences = {
        "minimum": f"{what} must be {wanted} or more, not {text}",
        "maximum": f"{what} must be {wanted} or less, not {text}",
        "minLength": f"{what} is empty",
        "minItems": f"{what} is empty",
        "minProperties": f"{what} is empty",
        "maxProperties": f"{what} has more than one key",
        "uniqueItems": f"{what} has the same item twice",
    }
    return sentences.get(violation.keyword, f"{what} is not allowed"), hint


def _what(root: Node, path: tuple[str | int, ...]) -> str:
    """Name a place in words: ``"wait.timeout" of step "pay"``, ``input "link"``, ``the file``."""
    if not path:
        return "the file"
    owner, rest = "", path
    for at in range(0, len(path) - 1, 2):
        # Steps stand inside steps; the innermost is the one that is meant.
        if path[at] not in _OWNERS or (at and not isinstance(path[at + 1], int)):
            break
        owner, rest = _owner(root, path[:at], str(path[at]), path[at + 1]), path[at + 2 :]
    spelled = ""
    for part in rest:
        spelled += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    spelled = spelled.removeprefix(".")
    if owner and spelled:
        return f'"{spelled}" of {owner}'
    return owner or f'"{spelled}"'


def _owner(root: Node, above: tuple[str | int, ...], kind: str, key: str | int) -> str:
    node = node_at(root, (*above, kind, key))
    if isinstance(key, int) and isinstance(node, MappingNode):
        known = node.get("name" if kind == "cases" else "id")
        if isinstance(known, ScalarNode) and known.text:
            return f'{_OWNERS[kind]} "{_short(known.text)}"'
    return f"{_OWNERS[kind]} {key + 1}" if isinstance(key, int) else f'{_OWNERS[kind]} "{key}"'


def _kind(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    if isinstance(node.value, bool):
        return "true or false"
    if isinstance(node.value, Decimal):
        return "a decimal"
    return "a number" if isinstance(node.value, int) else "text"


def _example(schema: Mapping[str, Any]) -> str:
    """Return the schema's first example as it would be written in YAML, or nothing."""
    examples = schema.get("examples", ())
    return _spelled(examples[0]) if examples else ""


def _spelled(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_spelled(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_spelled(item) for item in value)}]"
    if not isinstance(value, str):
        return str(value)
    try:
        is_text = isinstance(plain_value(value), str)
    except Ambiguous:
        is_text = False
    return value if is_text else f'"{value}"'


def _first_key(node: MappingNode) -> Span:
    return node.entries[0].key.span if len(node) else node.span


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"


def _finding(code: str, summary: str, span: Span, hint: str = "") -> Diagnostic:
    return Diagnostic(code=code, summary=summary, span=span, hint=hint)
