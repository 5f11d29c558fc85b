"""Read the compiled API description into frozen objects.

The compiled JSON is checked when it is made (its tests hold it against the YAML, the OpenAPI schema
and the documentation's examples), so reading it trusts its shape.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from runner.catalogue.api import (
    Api,
    Envelope,
    ErrorCode,
    ExampleKind,
    Location,
    Operation,
    Operations,
    Parameter,
    ReplyField,
    WriteOutcome,
)

_Node: TypeAlias = Mapping[str, Any]


@cache
def load_api() -> Api:
    """Return the API description that ships with the package; every call gives the same object."""
    # A sibling file, not importlib.resources: importing that costs more than all the rest here.
    return api_from_json(Path(__file__).with_name("ceffu.openapi.json").read_bytes())


def api_from_json(data: bytes) -> Api:
    """Build the objects from a compiled description.

    Errors: ``ValueError`` or ``KeyError`` where it is not one; the packaged description is one.
    """
    document: _Node = json.loads(data)
    makers = {
        node["operationId"]: partial(_operation, document, path, method, node)
        for path, methods in document["paths"].items()
        for method, node in methods.items()
    }
    return Api(
        version=document["info"]["version"],
        server=document["servers"][0]["url"],
        operations=Operations(makers),
        error_codes={
            code: _error_code(code, node)
            for code, node in document["components"]["x-error-codes"].items()
        },
    )


def _operation(document: _Node, path: str, method: str, node: _Node) -> Operation:
    envelope = Envelope(node["x-envelope"]["shape"])
    also = node["x-envelope"].get("also")
    content = node["responses"]["200"]["content"]["application/json"]
    declared = content["schema"]["properties"]["data"]
    data = _resolved(document, declared.get("oneOf", [declared])[0])
    row = _row(document, envelope, data)
    body = node.get("requestBody", {}).get("content", {}).get("application/json", {})
    permission = node["x-permission"]
    readback = node.get("x-readback", {})
    return Operation(
        id=node["operationId"],
        title=node["summary"],
        group=node["tags"][0],
        summary=node["description"],
        method=method.upper(),
        path=path,
        permission=permission["group"],
        permissions_also=tuple(permission.get("also", ())),
        archived=node.get("x-archived", False),
        certain=_is_certain(node),
        read_only=node.get("x-read-only", False),
        parameters=(
            *_query_parameters(document, node.get("parameters", ())),
            *_body_parameters(document, body.get("schema", {})),
        ),
        envelope=envelope,
        envelope_also=Envelope(also) if also else None,
        data_nullable="null" in _declared_types(declared),
        fields=_fields(document, row),
        value=_field(document, "", row) if _is_bare(row) else None,
        page_fields=_page_fields(document, envelope, data),
        requires_one_of=tuple(node.get("x-requires-one-of", ())),
        at_most_one_of=tuple(node.get("x-at-most-one-of", ())),
        window_ms=node.get("x-window-ms"),
        readback=readback.get("operation", ""),
        readback_by_request_id=readback.get("by_request_id", False),
        request_example=_example(body),
        request_example_kind=_kind(_documented(body)),
        response_example=_example(content),
        response_example_kind=_kind(_documented(content)),
        row_examples=tuple(_frozen(example) for example in row.get("examples", ())),
        row_examples_kind=_kind(row),
        permission_certain=permission.get("certainty") != "inferred",
        envelope_certain=node["x-envelope"].get("certainty") != "inferred",
    )


def _row(document: _Node, envelope: Envelope, data: _Node) -> _Node:
    # What the fields are the fields of: the object itself, or an item of the list or page.
    if envelope.page_names is not None:
        return _resolved(document, data["properties"][envelope.page_names.rows]["items"])
    if envelope is Envelope.LIST:
        return _resolved(document, data["items"])
    return data


def _is_bare(row: _Node) -> bool:
    return "object" not in _declared_types(row)


def _query_parameters(document: _Node, nodes: list[_Node]) -> Iterator[Parameter]:
    for reference in nodes:
        node = _resolved(document, reference)
        schema = _resolved(document, node["schema"])
        yield _parameter(
            node["name"],
            Location.QUERY,
            {**schema, **node, "examples": [node["example"]] if "example" in node else []},
        )


def _body_parameters(document: _Node, schema: _Node) -> Iterator[Parameter]:
    required = schema.get("required", ())
    for name, reference in schema.get("properties", {}).items():
        node = _resolved(document, reference)
        items = _resolved(document, node.get("items", {}))
        about_items = {key: items[key] for key in _ABOUT_ITEMS if key in items}
        yield _parameter(
            name,
            Location.BODY,
            {**about_items, **node, "required": name in required},
            item_types=_types(items),
            fields=tuple(_body_parameters(document, node)),
        )


def _parameter(
    name: str,
    location: Location,
    node: _Node,
    *,
    item_types: tuple[str, ...] = (),
    fields: tuple[Parameter, ...] = (),
) -> Parameter:
    choices = _choices(node)
    examples = node.get("examples", ())
    return Parameter(
        name=name,
        location=location,
        required=node["required"],
        types=_types(node),
        choices=choices,
        minimum=node.get("minimum"),
        maximum=node.get("maximum"),
        length_max=node.get("maxLength"),
        description=node.get("description", ""),
        example=_text(examples[0]) if examples else "",
        certain=_is_certain(node),
        meanings=_meanings(node, choices),
        language_type=node.get("x-type", ""),
        item_types=item_types,
        fields=fields,
    )


def _fields(document: _Node, schema: _Node) -> tuple[ReplyField, ...]:
    properties = schema.get("properties")
    if not properties:
        return ()
    aliases = {alias for node in properties.values() for alias in node.get("x-aliases", ())}
    required = _required(schema)
    certain = _is_certain(schema)
    return tuple(
        _field(document, name, node, required=name in required, certain=certain)
        for name, node in properties.items()
        if name not in aliases
    )


def _required(schema: _Node) -> frozenset[str]:
    # Of a field with other names the schema demands one of them, the first being its own.
    either = [part["anyOf"] for part in (schema, *schema.get("allOf", ())) if "anyOf" in part]
    named = [names for branches in either for names in branches[0]["required"]]
    return frozenset([*schema.get("required", ()), *named])


def _page_fields(document: _Node, envelope: Envelope, page: _Node) -> tuple[ReplyField, ...]:
    names = envelope.page_names
    if names is None:
        return ()
    known = {names.rows, names.pages, names.total, names.number, names.size}
    return tuple(field for field in _fields(document, page) if field.name not in known)


def _field(
    document: _Node, name: str, reference: _Node, *, required: bool = True, certain: bool = True
) -> ReplyField:
    node = _resolved(document, reference)
    choices = _choices(node)
    items = _resolved(document, node.get("items", node.get("additionalProperties", {})))
    return ReplyField(
        name=name,
        types=_types(node),
        required=required,
        nullable="null" in _declared_types(node),
        choices=choices,
        description=node.get("description", ""),
        fields=_fields(document, items) or _fields(document, node),
        certain=certain and _is_certain(node),
        meanings=_meanings(node, choices),
        language_type=node.get("x-type", ""),
        item_types=_types(items),
        aliases=tuple(node.get("x-aliases", ())),
    )


def _error_code(code: str, node: _Node) -> ErrorCode:
    return ErrorCode(
        code=code,
        message=node["message"],
        meaning=node["meaning"],
        http_status=node["http_status"],
        write_outcome=WriteOutcome(node["write_outcome"]),
        certain=_is_certain(node),
    )


def _resolved(document: _Node, node: _Node) -> _Node:
    # OpenAPI 3.1 lets a schema say more beside its $ref; what stands beside it wins.
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _declared_types(node: _Node) -> tuple[str, ...]:
    if "oneOf" in node:
        return tuple(branch.get("type", "") for branch in node["oneOf"])
    declared = node.get("type", ())
    return (declared,) if isinstance(declared, str) else tuple(declared)


def _types(node: _Node) -> tuple[str, ...]:
    return tuple(name for name in _declared_types(node) if name != "null")


def _choices(node: _Node) -> tuple[str, ...]:
    return tuple(_text(choice) for choice in node.get("enum", ()))


def _meanings(node: _Node, choices: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (value, meaning)
        for value, meaning in node.get("x-enum-descriptions", {}).items()
        if not choices or value in choices
    )


def _is_certain(node: _Node) -> bool:
    return bool(node.get("x-certainty") != "inferred")


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _documented(content: _Node) -> _Node:
    found: _Node = content.get("examples", {}).get("documented", {})
    return found


def _example(content: _Node) -> Mapping[str, object] | None:
    found: Mapping[str, object] | None = _frozen(_documented(content).get("value"))
    return found


def _kind(example: _Node) -> ExampleKind:
    if example.get("x-placeholder"):
        return ExampleKind.PLACEHOLDER
    return ExampleKind.PARTIAL if example.get("x-partial") else ExampleKind.WHOLE


def _frozen(value: Any) -> Any:  # noqa: ANN401  # any JSON value in, the same value out, read-only
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return value


_ABOUT_ITEMS = ("enum", "x-enum-descriptions", "x-type")
