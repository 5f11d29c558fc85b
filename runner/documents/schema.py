"""Does a document have the shape its kind promises.

Two validators read the same schema. A compiled one decides that there is no error, which is nearly
always; only when there is one does the slow one, imported then, say which, and ``schema_words`` in
what words. Tests prove that the two agree.

Source: JSON Schema draft 2020-12; the schemas in ``schemas/``.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import jsonschema_rs

from runner.core.diagnostics import Diagnostic, sorted_diagnostics
from runner.documents.nodes import Node, ScalarNode, SequenceNode
from runner.documents.resources import schema_text

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

    from runner.documents.schema_words import Violation

Schema: TypeAlias = Mapping[str, Any]
"""A parsed JSON Schema."""

_A_DECIMAL: Final = 0.5
"""What stands for every decimal while the shape is checked: a number that is no integer. Bounds of
decimals are not a schema's business, so no digit of theirs is ever compared."""


EDITOR_PARTS: Final = ("step_of_actions", "wait_of_actions")
"""The parts of the playbook's schema by which editors know every action and its arguments."""

EDITOR_PART: Final = f',\n    "{EDITOR_PARTS[0]}": '
"""Where those parts begin; all that follows, up to the end of ``$defs``, is theirs."""


def check_schema(node: Node, schema_name: str) -> tuple[Diagnostic, ...]:
    """Return everything that is wrong with a document's shape, in the order of the file.

    Shapes: ``schema_name`` is ``playbook``, ``inputs``, ``directory`` or ``profiles``.
    """
    document = instance(node)
    if is_valid(document, schema_name):
        return ()
    # Only an error pays for the words.
    from runner.documents.schema_words import findings

    found = findings(node, tuple(violations(document, schema_name)))
    assert found, f"two validators disagree about schema {schema_name}"
    return sorted_diagnostics(found)


def instance(node: Node) -> object:
    """Return a node as the validators see it."""
    if isinstance(node, ScalarNode):
        value = node.value
        return value if isinstance(value, str | int) else _A_DECIMAL
    if isinstance(node, SequenceNode):
        return [instance(item) for item in node.items]
    return {entry.key.text: instance(entry.value) for entry in node.entries}


def is_valid(document: object, schema_name: str) -> bool:
    """Tell whether a document has the shape, by the fast validator."""
    return _fast(schema_name).is_valid(document)


def violations(document: object, schema_name: str) -> "Iterator[Violation]":
    """Yield what is wrong with the shape of a document, by the slow validator."""
    wrong, kept = _wrong_items(document, schema_name)
    for error in _slow(schema_name)(wrong):
        found = _violation(_nearest(error))
        match found.path:
            case (str(key), int(index), *rest) if key in kept:
                yield replace(found, path=(key, kept[key][index], *rest))
            case _:
                yield found


def _wrong_items(document: object, schema_name: str) -> tuple[object, Mapping[str, Sequence[int]]]:
    """Leave out the items of top-level lists that nothing is wrong with.

    One bad step among ten thousand would cost the slow validator seconds. A list keeps at least one
    item, so that it does not look empty.
    Shapes: for each list that was shortened, the positions its items had.
    """
    if not isinstance(document, Mapping):
        return document, {}
    paths = {tuple(error.instance_path[:2]) for error in _fast(schema_name).iter_errors(document)}
    kept = {
        key: sorted({int(path[1]) for path in paths if path[:1] == (key,)}) or [0]
        for key, value in document.items()
        if isinstance(value, list) and value and (key,) not in paths
    }
    wrong = {
        key: [value[index] for index in kept[key]] if key in kept else value
        for key, value in document.items()
    }
    return wrong, kept


@cache
def shape_schema(name: str) -> Schema:
    """Return the schema that documents are held against.

    Errors: ``FileNotFoundError`` for a name there is no schema of.
    """
    # Editors know the actions by the schema, the checker by their manifests: it says the same
    # better, and the part for editors is ten times the rest.
    head, sign, _ = schema_text(name).partition(EDITOR_PART)
    if not sign:
        whole: Schema = json.loads(head)
        return whole
    schema: dict[str, Any] = json.loads(f"{head}}}}}")
    schema["$defs"] |= dict.fromkeys(EDITOR_PARTS, True)
    return schema


@cache
def _fast(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(dict(shape_schema(name)), offline=True)


@cache
def _slow(name: str) -> "Callable[[object], Iterator[ValidationError]]":
    import referencing
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    # An empty registry fetches nothing: a reference out of the schema is an error of ours.
    keywords = {"pattern": _pattern, "properties": _properties}
    extended = extend(Draft202012Validator, keywords)  # type: ignore[no-untyped-call]  # its stubs leave it out
    validator = extended(shape_schema(name), registry=referencing.Registry())
    iter_errors: Callable[[object], Iterator[ValidationError]] = validator.iter_errors
    return iter_errors


def _pattern(
    _validator: object, pattern: str, document: object, _schema: object
) -> "Iterator[ValidationError]":
    """Check ``pattern`` as ECMA 262 has it, where ``$`` is the end and not the last line break."""
    from jsonschema.exceptions import ValidationError

    expression = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    if isinstance(document, str) and not re.search(expression, document):
        yield ValidationError(f"{document!r} does not match {pattern!r}")


def _properties(
    validator: Any,  # noqa: ANN401 - the class is made by ``extend``, nothing names it
    properties: Mapping[str, Schema | bool],
    document: object,
    _schema: object,
) -> "Iterator[ValidationError]":
    """Check ``properties``, and say which key a ``false`` refuses: the library leaves it out."""
    from jsonschema.exceptions import ValidationError

    if not isinstance(document, Mapping):
        return
    for key, schema in properties.items():
        if key in document and schema is False:
            yield ValidationError(f"{key} may not stand here", validator="false", path=[key])
        elif key in document:
            yield from validator.descend(document[key], schema, path=key, schema_path=key)


def _nearest(error: "ValidationError") -> "ValidationError":
    """Follow a choice between shapes down to the error that is most likely meant."""
    from jsonschema.exceptions import best_match

    # A choice between required keys is worded as a whole: no branch is nearer than another.
    if not error.context or all(part.validator == "required" for part in error.context):
        return error
    found: ValidationError = best_match([error])
    return found


def _violation(error: "ValidationError") -> "Violation":
    from runner.documents.schema_words import Violation

    part: object = error.schema
    schema: Schema = part if isinstance(part, Mapping) else {}
    return Violation(
        path=tuple(error.absolute_path),
        keyword=str(error.validator),
        wanted=error.validator_value,
        schema=schema,
        is_about_name="propertyNames" in error.absolute_schema_path,
        name=error.instance if isinstance(error.instance, str) else "",
    )
