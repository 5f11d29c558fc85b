"""The document is OpenAPI, and its examples are what its schemas say."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from runner.catalogue.api import Api, ExampleKind
from runner.catalogue.load import load_api
from runner.core.types import SCALAR_NAMES

if TYPE_CHECKING:
    from tests.catalogue.conftest import Document

_REPLY = ("responses", "200", "content", "application/json")
_BODY = ("requestBody", "content", "application/json")


def _with_example(name: str) -> list[str]:
    """Return the ids of the operations of which the documentation prints an example as a whole."""
    return [
        operation.id
        for operation in load_api().operations.values()
        if getattr(operation, name) and getattr(operation, f"{name}_kind") is ExampleKind.WHOLE
    ]


def test_document_is_valid_openapi_31(document: "Document") -> None:
    assert document.contents["openapi"] == "3.1.0"
    validate(document.contents, cls=OpenAPIV31SpecValidator)


@pytest.mark.parametrize("operation_id", _with_example("response_example"))
def test_reply_schema_accepts_the_documented_reply(document: "Document", operation_id: str) -> None:
    path, method, node = document.operation(operation_id)
    example = _at(node, *_REPLY)["examples"]["documented"]["value"]

    document.validator("paths", path, method, *_REPLY, "schema").validate(example)


@pytest.mark.parametrize("operation_id", _with_example("request_example"))
def test_body_schema_accepts_the_documented_body(document: "Document", operation_id: str) -> None:
    path, method, node = document.operation(operation_id)
    example = _at(node, *_BODY)["examples"]["documented"]["value"]

    document.validator("paths", path, method, *_BODY, "schema").validate(example)


@pytest.mark.parametrize("operation_id", _with_example("row_examples"))
def test_reply_schema_accepts_a_page_of_the_documented_rows(
    document: "Document", api: Api, operation_id: str
) -> None:
    path, method, _ = document.operation(operation_id)
    rows = [dict(row) for row in api.operations[operation_id].row_examples]
    page = {
        "data": rows,
        "totalPage": 1,
        "pageNo": 1,
        "pageLimit": 25,
        "total": 2,
        "pageSize": 25,
    }
    reply = {"data": page, "code": "000000", "message": "Success"}

    validator = document.validator("paths", path, method, *_REPLY, "schema")

    validator.validate(reply)
    del rows[0]["amount" if "amount" in rows[0] else "coinSymbol"]
    assert not validator.is_valid(reply)


def test_partial_examples_lack_fields_and_have_no_wrong_one(document: "Document") -> None:
    partial = {
        ("whitelist.upsert", ("paths", "/open-api/v1/wallet/addWhitelist", "post", *_REPLY)),
        (
            "exchange.transfer.detail",
            ("paths", "/open-api/v1/wallet/transfer/exchange/detail", "get", *_REPLY),
        ),
    }
    for operation_id, pointer in partial:
        _, _, node = document.operation(operation_id)
        example = _at(node, *_REPLY)["examples"]["documented"]
        errors = document.validator(*pointer, "schema").iter_errors(example["value"])

        assert example["x-partial"] is True
        for error in errors:
            causes = [error, *(error.context or ())]
            assert "required" in {cause.validator for cause in causes}


def test_deposit_detail_schema_accepts_a_list_and_an_object(document: "Document") -> None:
    row = {
        "orderViewId": "10369165164303552512",
        "direction": 10,
        "fromAddress": "0xf637e2d5dc3c33655a906d97f6c79d1e33bcfc34",
        "toAddress": "0xc8dAe5eb08fe1981D212cFc3744b237e72a99878",
        "coinSymbol": "BNB",
        "amount": "1.00000000000000000000",
        "status": 40,
        "walletId": 374671162262925312,
    }
    for operation_id in ("deposit.detail", "deposit.detail_v1"):
        path, method, _ = document.operation(operation_id)
        validator = document.validator("paths", path, method, *_REPLY, "schema")
        for data in (row, [row], []):
            validator.validate({"data": data, "code": "000000", "message": "Success"})
        assert not validator.is_valid({"data": "x", "code": "000000", "message": "Success"})
        assert not validator.is_valid({"data": [[]], "code": "000000", "message": "Success"})


@pytest.mark.parametrize("name", ["walletStr", "walletIdStr"])
def test_withdrawal_schema_accepts_either_spelling_of_the_wallet(
    document: "Document", name: str
) -> None:
    row = {
        "orderViewId": "24073614526151542000320001",
        "transferType": 10,
        "direction": 20,
        "network": "ETH",
        "coinSymbol": "ETH",
        "amount": "1.5",
        "feeSymbol": "ETH",
        "status": 30,
    }
    validator = document.validator("components", "schemas", "TransactionV2")

    validator.validate({**row, name: "374671162262925312"})
    for moment in ("1715100144000", 1715100144000, None):
        validator.validate({**row, name: "374671162262925312", "txTime": moment})
    assert not validator.is_valid(row)


@pytest.mark.parametrize("suffix", ["", "Str"])
def test_transfer_schema_accepts_either_spelling_of_the_wallets(
    document: "Document", suffix: str
) -> None:
    row = {
        "orderViewId": "22193643464446333255520001",
        "direction": 40,
        "createTime": 1664446435000,
        "coinSymbol": "USDC",
        "amount": "10.71000000",
        "status": 30,
    }
    wallets = {f"fromWalletId{suffix}": "1", f"toWalletId{suffix}": "2"}
    validator = document.validator("components", "schemas", "InternalTransfer")

    validator.validate({**row, **wallets})
    assert not validator.is_valid({**row, f"fromWalletId{suffix}": "1"})


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
        ("wallet.create", "requestBody"),
        ("mirror.asset.settle", "requestBody"),
        ("mirror.position.summary", "responses"),
    }


def test_parameter_schemas_accept_their_examples(document: "Document") -> None:
    for path, methods in document.contents["paths"].items():
        for method, node in methods.items():
            for index, parameter in enumerate(node.get("parameters", ())):
                pointer = ("paths", path, method, "parameters", str(index))
                if "$ref" in parameter:
                    pointer = tuple(parameter["$ref"].removeprefix("#/").split("/"))
                resolved = _at(document.contents, *pointer)
                if "example" in resolved:
                    document.validator(*pointer, "schema").validate(resolved["example"])


def test_schemas_accept_their_examples(document: "Document") -> None:
    """One that is partial is another test's, and one is longer than the vendor's SDK allows."""
    stack: list[tuple[str, ...]] = [("paths",), ("components", "schemas")]
    checked = 0
    while stack:
        pointer = stack.pop()
        node = _at(document.contents, *pointer)
        if isinstance(node, dict):
            stack.extend((*pointer, key) for key in node if key != "examples")
            examples = node.get("examples")
            if isinstance(examples, list) and not node.get("x-partial"):
                fitting = [example for example in examples if example != "Shared Wallet Example"]
                for example in fitting:
                    document.validator(*pointer).validate(example)
                    checked += 1
        elif isinstance(node, list):
            stack.extend((*pointer, str(index)) for index in range(len(node)))
    assert checked > 30


def test_other_names_of_a_field_are_properties_too(document: "Document") -> None:
    for node in _nodes(document.contents):
        properties = node.get("properties", {})
        for described in properties.values():
            assert set(described.get("x-aliases", ())) <= set(properties)


def test_schemas_and_parameters_are_all_used(document: "Document") -> None:
    references = {
        node["$ref"] for node in _nodes(document.contents) if isinstance(node.get("$ref"), str)
    }
    described = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "parameters", "responses", "headers")
        for name in document.contents["components"][kind]
    }

    assert references == described


def test_extension_types_are_types_of_the_language(document: "Document") -> None:
    found = {
        node["x-type"] for node in _nodes(document.contents) if isinstance(node.get("x-type"), str)
    }

    assert found == {"money", "decimal", "coin", "network", "order_id", "date", "timestamp"}
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
