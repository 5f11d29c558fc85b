"""The description says what the collected facts say; skipped where the facts are not beside us."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from runner.catalogue.api import Api, Envelope, Operation, Parameter, ReplyField, WriteOutcome
from runner.catalogue.load import load_api

OPERATION_IDS = tuple(load_api().operations)


@pytest.fixture(params=OPERATION_IDS)
def pair(
    request: pytest.FixtureRequest, api: Api, facts: dict[str, Any]
) -> tuple[Operation, dict[str, Any]]:
    """Return an operation and the facts about it."""
    found = next(fact for fact in facts["operations"] if fact["id"] == request.param)
    return api.operations[request.param], found


Pair = tuple[Operation, dict[str, Any]]


def test_operation_is_as_in_the_facts(pair: Pair) -> None:
    operation, fact = pair

    assert operation.title.lower() == fact["title"].lower()
    assert operation.group == fact["group"]
    assert operation.archived == fact["archived"]
    assert operation.method == fact["method"]
    assert operation.path == (fact["path"] or fact["path_candidates"][0])
    assert operation.certain == (fact["path"] is not None)
    assert operation.permission == fact["permission"].partition(" (")[0]
    assert operation.permission_certain == ("(" not in fact["permission"])


def test_parameters_are_as_in_the_facts(pair: Pair) -> None:
    operation, fact = pair

    assert [
        {
            "name": parameter.name,
            "in": parameter.location.value,
            "type": parameter.types[0],
            "required": parameter.required,
            "enum": list(parameter.choices),
            "min": parameter.minimum,
            "max": parameter.maximum,
            "example": parameter.example,
        }
        for parameter in operation.parameters
    ] == [
        {
            "name": parameter["name"],
            "in": parameter["in"],
            "type": parameter["type"],
            "required": parameter["required"],
            "enum": [str(choice) for choice in parameter.get("enum", ())],
            "min": parameter.get("min"),
            "max": parameter.get("max"),
            "example": _text(parameter.get("example", "")),
        }
        for parameter in fact["params"]
    ]


def test_fields_are_as_in_the_facts(pair: Pair) -> None:
    operation, fact = pair
    response = fact["response"]

    assert _described(operation.fields) == _stated(response["fields"])
    assert _described(operation.page_fields) == _stated(response.get("extra_page_fields", ()))
    assert operation.data_nullable == response["data_nullable"]


def test_envelope_is_as_in_the_facts(pair: Pair) -> None:
    operation, fact = pair
    pagination = fact["pagination"]

    if not pagination["paginated"]:
        assert operation.envelope is Envelope.OBJECT
        assert fact["response"]["data_shape"] == "object"
    elif pagination["total_count_field"] == "total":
        assert operation.envelope is Envelope.ARCHIVE_PAGE
    else:
        assert operation.envelope is Envelope.PAGE


def test_examples_are_as_in_the_facts(pair: Pair) -> None:
    operation, fact = pair

    assert _thawed(operation.request_example) == fact.get("example_request")
    assert _thawed(operation.response_example) == fact.get("example_response")
    assert _thawed(operation.row_examples) == fact.get("example_items", [])


def test_parameters_in_conflict_are_explained(pair: Pair) -> None:
    operation, fact = pair
    for stated in fact["params"]:
        if stated.get("conflict"):
            parameter = operation.parameter(stated["name"])
            assert parameter is not None
            assert len(parameter.types) == 2 or len(parameter.description) > 60


def test_fields_the_facts_call_inferred_are_not_certain(pair: Pair) -> None:
    operation, fact = pair
    for field, stated in zip(operation.fields, fact["response"]["fields"], strict=True):
        unseen = "inferred" in fact["response"].get("note", "") or not operation.certain
        assert field.certain == (stated.get("meaning") != "inferred" and not unseen)


def test_error_codes_are_as_in_the_facts(api: Api, facts: dict[str, Any]) -> None:
    assert [(code.code, code.message) for code in api.error_codes.values()] == [
        (stated["code"], stated["message"] or "") for stated in facts["error_codes"]
    ]


def test_http_statuses_are_as_in_the_facts(api: Api, facts: dict[str, Any]) -> None:
    by_status = facts["http_status_mapping"]["inferred"]
    expected = {
        code: int(status)
        for status, codes in by_status.items()
        if status != "200"
        for code in codes
    }

    assert {
        code.code: code.http_status for code in api.error_codes.values() if code.http_status != 200
    } == expected


def test_write_outcomes_never_promise_more_than_the_facts(api: Api, facts: dict[str, Any]) -> None:
    stated = facts["error_codes_note"]["write_outcome_class"]
    not_executed = {
        code.code
        for code in api.error_codes.values()
        if code.write_outcome
        in {WriteOutcome.NOT_EXECUTED, WriteOutcome.REPEATABLE, WriteOutcome.RATE_LIMITED}
    }

    assert not_executed <= set(stated["not_executed_inferred"])
    assert api.error_codes["G20001"].write_outcome is WriteOutcome.UNKNOWN
    assert stated["already_received"] == ["G20015"]


@pytest.mark.parametrize(
    ("operation_id", "name", "titles"),
    [
        ("wallet.list", "walletType", ["WalletType"]),
        ("mirrorx.link.list", "status", ["MirrorXLinkStatus"]),
        ("mirrorx.order.list", "orderType", ["MirrorXOrderType"]),
        ("mirrorx.order.list", "status", ["MirrorXOrderStatus"]),
        ("mirror.record.list", "operationType", ["MirrorOperationType (archive)"]),
        ("mirror.asset.settle", "status", ["MirrorStatus (archive)"]),
        ("system.status", "status", ["SystemStatus"]),
        (
            "system.status",
            "bizType",
            ["BizType (SDK)", "BizType (older docs, system.status only)"],
        ),
    ],
)
def test_enumerations_are_as_in_the_facts(
    api: Api, facts: dict[str, Any], operation_id: str, name: str, titles: list[str]
) -> None:
    operation = api.operations[operation_id]
    described: list[Parameter | ReplyField] = [*operation.fields, *operation.parameters]
    meanings = next(part.meanings for part in described if part.name == name)

    assert {int(value) for value, _ in meanings} == {
        value for title in titles for value in facts["enums"][title]
    }


def _described(described: Sequence[ReplyField]) -> list[dict[str, Any]]:
    return [
        {
            "name": field.name,
            "type": list(field.types),
            "nullable": field.nullable,
            "enum": list(field.choices),
            "items": _described(field.fields),
        }
        for field in described
    ]


def _stated(stated: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "name": field["name"],
            "type": [field["type"]],
            "nullable": field["nullable"],
            "enum": [str(choice) for choice in field.get("enum", ())],
            "items": _stated(field.get("items", ())),
        }
        for field in stated
    ]


def _thawed(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _thawed(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_thawed(item) for item in value]
    return value


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
