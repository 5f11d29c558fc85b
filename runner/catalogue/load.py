"""Read the compiled API description into frozen objects.

The compiled JSON is checked when it is made (its tests hold it against the YAML, the OpenAPI schema
and the documentation's examples), so reading it trusts its shape.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from runner.catalogue.api import (
    Api,
    Envelope,
    ErrorCode,
    Location,
    Operation,
    Parameter,
    ReplyField,
    WriteOutcome,
)

_Node: TypeAlias = Mapping[str, Any]

_ENVELOPE_FIELDS = frozenset({"data", "totalPage", "total", "pageNo", "pageLimit", "pageSize"})


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
    operations = (
        _operation(document, path, method, node)
        for path, methods in document["paths"].items()
        for method, node in methods.items()
    )
    return Api(
        version=document["info"]["version"],
        server=document["servers"][0]["url"],
        operations={operation.id: operation for operation in operations},
        error_codes={
            code: _error_code(code, node)
            for code, node in document["components"]["x-error-codes"].items()
        },
    )


def _operation(document: _Node, path: str, method: str, node: _Node) -> Operation:
    envelope = Envelope(node["x-envelope"]["shape"])
    content = node["responses"]["200"]["content"]["application/json"]
    data = content["schema"]["properties"]["data"]
    row = data
    if envelope in {Envelope.PAGE, Envelope.ARCHIVE_PAGE}:
        row = _resolved(document, data["properties"]["data"]["items"])
    elif envelope is Envelope.LIST:
        row = _resolved(document, data["items"])
    body = node.get("requestBody", {}).get("content", {}).get("application/json", {})
    readback = node.get("x-readback", {})
    return Operation(
        id=node["operationId"],
        title=node["summary"],
        group=node["tags"][0],
        summary=node["description"],
        method=method.upper(),
        path=path,
        permission=node["x-permission"]["group"],
        archived=node.get("x-archived", False),
        certain=_is_certain(node),
        parameters=(
            *_query_parameters(document, node.get("parameters", ())),
            *_body_parameters(document, body.get("schema", {})),
        ),
        envelope=envelope,
        data_nullable="null" in data["type"],
        fields=_fields(document, row),
        page_fields=() if row is data else _page_fields(document, data),
        requires_one_of=tuple(node.get("x-requires-one-of", ())),
        window_ms=node.get("x-window-ms"),
        readback=readback.get("operation", ""),
        readback_by_request_id=readback.get("by_request_id", False),
        request_example=_example(body),
        response_example=_example(content),
        row_examples=tuple(_frozen(example) for example in row.get("examples", ())),
        permission_certain=node["x-permission"].get("certainty") != "inferred",
        envelope_certain=node["x-envelope"].get("certainty") != "inferred",
    )


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
        yield _parameter(name, Location.BODY, {**node, "required": name in required})


def _parameter(name: str, location: Location, node: _Node) -> Parameter:
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
    )


def _fields(document: _Node, schema: _Node) -> tuple[ReplyField, ...]:
    required = schema.get("required", ())
    return tuple(
        _field(document, name, node, required=name in required)
        for name, node in schema.get("properties", {}).items()
    )


def _page_fields(document: _Node, page: _Node) -> tuple[ReplyField, ...]:
    return tuple(field for field in _fields(document, page) if field.name not in _ENVELOPE_FIELDS)


def _field(document: _Node, name: str, reference: _Node, *, required: bool) -> ReplyField:
    node = _resolved(document, reference)
    choices = _choices(node)
    items = _resolved(document, node.get("items", {}))
    return ReplyField(
        name=name,
        types=_types(node),
        required=required,
        nullable="null" in node["type"],
        choices=choices,
        description=node.get("description", ""),
        fields=_fields(document, items),
        certain=_is_certain(node),
        meanings=_meanings(node, choices),
        language_type=node.get("x-type", ""),
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


def _types(node: _Node) -> tuple[str, ...]:
    declared = node["type"]
    names = [declared] if isinstance(declared, str) else declared
    return tuple(name for name in names if name != "null")


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


def _example(content: _Node) -> Mapping[str, object] | None:
    documented = content.get("examples", {}).get("documented")
    return _frozen(documented["value"]) if documented else None


def _frozen(value: Any) -> Any:  # noqa: ANN401  # any JSON value in, the same value out, read-only
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return value
