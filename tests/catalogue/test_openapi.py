"""The document is OpenAPI, and its examples are what its schemas say."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from runner.catalogue.api import Api
from runner.core.types import SCALAR_NAMES

if TYPE_CHECKING:
    from tests.catalogue.conftest import Document

_REPLY = ("responses", "200", "content", "application/json")
_BODY = ("requestBody", "content", "application/json")


def test_document_is_valid_openapi_31(document: "Document") -> None:
    assert document.contents["openapi"] == "3.1.0"
    validate(document.contents, cls=OpenAPIV31SpecValidator)


@pytest.mark.parametrize(
    "operation_id",
    [
        "system.status",
        "mirrorx.available.check",
        "mirrorx.order.create",
        "mirror.asset.settle",
        "mirror.position.summary",
    ],
)
def test_reply_schema_accepts_the_documented_reply(document: "Document", operation_id: str) -> None:
    path, method, node = document.operation(operation_id)
    example = _at(node, *_REPLY)["examples"]["documented"]["value"]

    document.validator("paths", path, method, *_REPLY, "schema").validate(example)


@pytest.mark.parametrize(
    ("operation_id", "row"),
    [("mirrorx.position.list", "MirrorXPosition"), ("mirror.position.list", "MirrorPosition")],
)
def test_reply_schema_accepts_a_page_of_the_documented_rows(
    document: "Document", operation_id: str, row: str
) -> None:
    path, method, _ = document.operation(operation_id)
    page = {
        "data": document.contents["components"]["schemas"][row]["examples"],
        "totalPage": 1,
        "pageNo": 1,
        "pageLimit": 25,
        "total": 2,
        "pageSize": 25,
    }
    reply = {"data": page, "code": "000000", "message": "Success"}

    validator = document.validator("paths", path, method, *_REPLY, "schema")

    validator.validate(reply)
    del page["data"][0]["coinSymbol"]
    assert not validator.is_valid(reply)


def test_reply_schemas_accept_null_data(document: "Document", api: Api) -> None:
    for operation in api.operations.values():
        path, method, _ = document.operation(operation.id)
        validator = document.validator("paths", path, method, *_REPLY, "schema")

        validator.validate({"data": None, "code": "G20001", "message": "Internal system error"})
        assert not validator.is_valid({"code": "000000", "message": "Success"})


def test_body_schema_accepts_the_documented_order(document: "Document") -> None:
    path, method, node = document.operation("mirrorx.order.create")
    example = _at(node, *_BODY)["examples"]["documented"]["value"]

    validator = document.validator("paths", path, method, *_BODY, "schema")

    validator.validate(example)
    validator.validate({**example, "mirrorXLinkId": "85", "requestId": 59})
    assert not validator.is_valid({**example, "orderType": 30})
    assert not validator.is_valid({**example, "amount": 55})


def test_documented_settlement_is_marked_as_placeholders_with_every_key(
    document: "Document",
) -> None:
    """The documentation prints type names as values, which its own enumeration refuses."""
    path, method, node = document.operation("mirror.asset.settle")
    example = _at(node, *_BODY)["examples"]["documented"]
    errors = document.validator("paths", path, method, *_BODY, "schema").iter_errors(
        example["value"]
    )

    assert example["x-placeholder"] is True
    assert [list(error.path) for error in errors] == [["operationType"]]


def test_only_empty_examples_are_marked_as_placeholders(document: "Document") -> None:
    marked = {
        (node["operationId"], where[0])
        for methods in document.contents["paths"].values()
        for node in methods.values()
        for where in (_REPLY, _BODY)
        for example in (_at(node, *where) or {}).get("examples", {}).values()
        if example.get("x-placeholder")
    }

    assert marked == {
        ("mirror.asset.settle", "requestBody"),
        ("mirror.position.summary", "responses"),
    }


def test_parameter_schemas_accept_their_examples(document: "Document") -> None:
    without = []
    for path, methods in document.contents["paths"].items():
        for method, node in methods.items():
            for index, parameter in enumerate(node.get("parameters", ())):
                pointer = ("paths", path, method, "parameters", str(index))
                if "$ref" in parameter:
                    pointer = tuple(parameter["$ref"].removeprefix("#/").split("/"))
                resolved = _at(document.contents, *pointer)
                if "example" in resolved:
                    document.validator(*pointer, "schema").validate(resolved["example"])
                else:
                    without.append((node["operationId"], resolved["name"]))

    assert without == [
        ("mirrorx.order.list", "orderType"),
        ("mirror.record.list", "operationType"),
        ("mirror.record.list", "status"),
    ]


def test_extension_types_are_types_of_the_language(document: "Document") -> None:
    found = {
        node["x-type"] for node in _nodes(document.contents) if isinstance(node.get("x-type"), str)
    }

    assert found == {"money", "decimal", "coin", "network", "order_id", "timestamp"}
    assert found <= SCALAR_NAMES


def test_every_extension_is_explained_at_the_top(document: "Document", repository: Path) -> None:
    text = (repository / "schemas" / "ceffu.openapi.yaml").read_text(encoding="utf-8")
    head = text[: text.index("openapi: 3.1.0")]
    used = {
        key
        for node in _nodes(document.contents)
        for key in node
        if key.startswith("x-") and key != "x-request-id"
    }

    assert {key for key in used if f"#   {key} " in head} == used


def test_signature_headers_are_both_required(document: "Document") -> None:
    schemes = document.contents["components"]["securitySchemes"]

    assert document.contents["security"] == [{"apiKey": [], "signature": []}]
    assert {name: (scheme["in"], scheme["name"]) for name, scheme in schemes.items()} == {
        "apiKey": ("header", "open-apikey"),
        "signature": ("header", "signature"),
    }


def test_every_reply_names_the_request_id_header(document: "Document") -> None:
    for methods in document.contents["paths"].values():
        for node in methods.values():
            assert list(node["responses"]) == ["200", "400", "401", "403", "404", "429", "500"]
            for response in node["responses"].values():
                pointer = response.get("$ref", "#/").removeprefix("#/").split("/")
                resolved = _at(document.contents, *pointer) if "$ref" in response else response
                assert list(resolved["headers"]) == ["x-request-id"]


def _at(node: Any, *pointer: str) -> Any:  # noqa: ANN401  # any part of a JSON document
    for key in pointer:
        if isinstance(node, list):
            node = node[int(key)]
        elif key not in node:
            return None
        else:
            node = node[key]
    return node


def _nodes(value: object) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(node for item in value.values() for node in _nodes(item))]
    if isinstance(value, list):
        return [node for item in value for node in _nodes(item)]
    return []
