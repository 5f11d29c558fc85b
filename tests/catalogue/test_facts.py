"""The description says what the collected facts say; skipped where the facts are not beside us."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from runner.catalogue.api import Api, Envelope, Operation, Parameter, ReplyField, WriteOutcome
from runner.catalogue.load import load_api

OPERATION_IDS = tuple(load_api().operations)

# Where sources disagree a second type is accepted, or null, beside what the facts state. A field is
# named with its operation; one of a body's list or object is written with its parameter.
WIDENED_PARAMETERS = {
    "wallet.asset.list walletId": ["integer", "string"],
    "deposit.address.get walletId": ["integer", "string"],
    "deposit.history walletId": ["integer", "string"],
    "withdrawal.fee walletId": ["integer", "string"],
    "withdrawal.history walletId": ["integer", "string"],
    "exchange.transfer.detail walletId": ["integer", "string"],
    "exchange.transfer.history walletId": ["integer", "string"],
    "withdrawal.history_v1 walletId": ["integer", "string"],
    "subwallet.deposit.address.list parentWalletId": ["integer", "string"],
    "wallet.create requestId": ["integer", "string"],
    "wallet.update requestId": ["integer", "string"],
    "subwallet.create requestId": ["integer", "string"],
    "transaction.history startDate": ["string", "integer"],
    "transaction.history endDate": ["string", "integer"],
    "mirrorx.position.list excludeZeroAmountFlag": ["boolean", "integer"],
    "mirrorx.order.create mirrorXLinkId": ["integer", "string"],
    "mirrorx.order.create requestId": ["string", "integer"],
    "mirror.record.list walletIdStr": ["integer", "string"],
}
WIDENED_FIELDS = {
    "withdrawal.history txTime": ["string", "integer", "null"],
    "withdrawal.detail txTime": ["string", "integer", "null"],
    "subwallet.transfer.history fromWalletId": ["integer", "string"],
    "subwallet.transfer.history toWalletId": ["integer", "string"],
    "subwallet.transfer.detail fromWalletId": ["integer", "string"],
    "subwallet.transfer.detail toWalletId": ["integer", "string"],
}


@pytest.fixture(params=OPERATION_IDS)
def pair(
    request: pytest.FixtureRequest, api: Api, facts: dict[str, Any]
) -> tuple[Operation, dict[str, Any]]:
    """Return an operation and the facts about it."""
    found = next(fact for fact in facts["operations"] if fact["id"] == request.param)
    return api.operations[request.param], found


Pair = tuple[Operation, dict[str, Any]]


def test_operations_are_those_of_the_facts_in_their_order(api: Api, facts: dict[str, Any]) -> None:
    assert list(api.operations) == [fact["id"] for fact in facts["operations"]]


def test_operation_is_as_in_the_facts(pair: Pair) -> None:
    operation, fact = pair
    permission = fact["permission"]
    first, *others = [permission] if isinstance(permission, str) else permission

    assert operation.title.lower() == fact["title"].lower()
    assert operation.group == fact["group"]
    assert operation.archived == fact["archived"]
    assert operation.method == fact["method"]
    assert operation.path == (fact["path"] or fact["path_candidates"][0])
    assert operation.certain == _is_stated_by_the_vendor(fact)
    assert operation.permission == first.partition(" (")[0]
    assert operation.permission_certain == ("(" not in first)
    assert list(operation.permissions_also) == others


def test_parameters_are_as_in_the_facts(pair: Pair) -> None:
    operation, fact = pair

    assert [
        {
            "name": parameter.name,
            "in": parameter.location.value,
            "types": list(parameter.types),
            "required": parameter.required,
            "enum": list(parameter.choices),
            "min": parameter.minimum,
            "max": parameter.maximum,
            "max_length": parameter.length_max,
            "example": parameter.example,
            "items": list(parameter.item_types),
            "fields": [(member.name, member.types) for member in parameter.fields],
        }
        for parameter in operation.parameters
    ] == [
        {
            "name": parameter["name"],
            "in": parameter["in"],
            "types": WIDENED_PARAMETERS.get(
                f"{operation.id} {parameter['name']}", _types(parameter["type"])
            ),
            "required": parameter["required"],
            "enum": [str(choice) for choice in parameter.get("enum", ())],
            "min": parameter.get("min"),
            "max": parameter.get("max"),
            "max_length": parameter.get("max_length"),
            "example": _text(parameter.get("example", "")),
            "items": _item_types(parameter["type"]),
            "fields": [
                (member["name"], tuple(_types(member["type"])))
                for member in parameter.get("fields", ())
            ],
        }
        for parameter in fact["params"]
    ]


def test_widened_types_start_with_the_documented_one(facts: dict[str, Any]) -> None:
    for fact in facts["operations"]:
        for parameter in fact["params"]:
            widened = WIDENED_PARAMETERS.get(f"{fact['id']} {parameter['name']}")
            assert widened is None or widened[: len(widened) - 1] == _types(parameter["type"])


def test_fields_are_as_in_the_facts(pair: Pair) -> None:
    operation, fact = pair
    response = fact["response"]
    stated = response["fields"]
    if response["data_shape"] == "boolean":
        stated = [{"name": "(element)", "type": "boolean", "nullable": True}]

    if stated and stated[0]["name"] == "(element)":
        assert operation.value is not None
        assert not operation.fields
        assert _described([operation.value]) == _stated(operation.id, [{**stated[0], "name": ""}])
    else:
        assert operation.value is None
        assert _described(operation.fields) == _stated(operation.id, stated)
    assert _described(operation.page_fields) == _stated(
        operation.id, response.get("extra_page_fields", ())
    )
    assert operation.data_nullable == response["data_nullable"]


def test_envelope_is_as_in_the_facts(pair: Pair) -> None:
    operation, fact = pair
    pagination = fact["pagination"]
    shapes = {"object": Envelope.OBJECT, "array": Envelope.LIST, "boolean": Envelope.VALUE}

    if not pagination["paginated"]:
        first, *others = fact["response"]["data_shape"].split("|")
        assert operation.envelope is shapes[first]
        if others:
            assert operation.envelope_also is shapes[others[0]]
    elif pagination["total_count_field"] == "total":
        assert operation.envelope is Envelope.ARCHIVE_PAGE
    else:
        assert operation.envelope is Envelope.PAGE


def test_examples_are_as_in_the_facts(pair: Pair) -> None:
    operation, fact = pair
    partial = fact.get("example_response_partial")
    items = [fact["example_item"]] if "example_item" in fact else []

    assert _thawed(operation.request_example) == fact.get("example_request")
    assert _thawed(operation.response_example) == fact.get("example_response", partial)
    assert _thawed(operation.row_examples) == fact.get("example_items", items)


def test_parameters_in_conflict_are_explained(pair: Pair) -> None:
    operation, fact = pair
    for stated in fact["params"]:
        if stated.get("conflict"):
            parameter = operation.parameter(stated["name"])
            assert parameter is not None
            assert len(parameter.types) == 2 or len(parameter.description) > 60


def test_fields_the_facts_call_inferred_are_not_certain(pair: Pair) -> None:
    operation, fact = pair
    note = fact["response"].get("note", "")
    unseen = not operation.certain or any(
        words in note
        for words in ("fields inferred", "field here is inferred", "assumed", "fields from Go")
    )
    for field, stated in zip(operation.fields, fact["response"]["fields"], strict=False):
        meaning = stated.get("meaning", "")
        guessed = meaning == "inferred" or "seen by Go clients" in meaning or unseen
        assert field.certain == (not guessed)


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
        ("withdrawal.create", "status", ["TransactionStatus"]),
        ("withdrawal.create", "transferType", ["TransferType"]),
        ("deposit.history", "direction", ["TransactionDirection"]),
        ("subwallet.transfer.create", "status", ["TransferStatus (internal, exchange)"]),
        ("exchange.transfer.create", "status", ["TransferStatus (internal, exchange)"]),
        ("subwallet.transfer.history", "direction", ["TransferDirection"]),
        ("exchange.transfer.history", "direction", ["ExchangeDirection"]),
        ("exchange.transfer.history", "exchangeCode", ["ExchangeCode"]),
        ("subwallet.list", "autoCollection", ["AutoCollection"]),
        ("whitelist.list", "addressType", ["AddressType"]),
        ("whitelist.list", "addressStatus", ["AddressStatus"]),
        ("whitelist.list", "toFromType", ["ToFromType"]),
        ("whitelist.list", "correspondentType", ["CorrespondentType"]),
        ("webhook.resend", "eventType", ["WebhookEventType"]),
        (
            "transaction.history",
            "bizTypes",
            ["BizType (SDK)", "BizType (older docs, system.status only)"],
        ),
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
    described += [member for field in operation.fields for member in field.fields]
    meanings = next(part.meanings for part in described if part.name == name)

    assert {int(value) for value, _ in meanings} == {
        value for title in titles for value in facts["enums"][title]
    }


def _described(described: Sequence[ReplyField]) -> list[dict[str, Any]]:
    return [
        {
            "name": field.name,
            "types": [*field.types, "null"] if field.nullable else list(field.types),
            "enum": list(field.choices),
            "items": list(field.item_types) if field.types == ("array",) else [],
            "fields": _described(field.fields),
        }
        for field in described
    ]


def _stated(operation_id: str, stated: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = []
    for field in stated:
        members = field.get("items", field.get("fields", ()))
        if isinstance(members, str):  # "same shape as" the field before it
            members = result[-1]["fields"]
        else:
            members = _stated(operation_id, members)
        types = _types(field["type"])
        result.append(
            {
                "name": field["name"],
                "types": WIDENED_FIELDS.get(
                    f"{operation_id} {field['name']}",
                    [*types, "null"] if field["nullable"] else types,
                ),
                "enum": [str(choice) for choice in field.get("enum", ())],
                "items": ["object"]
                if types == ["array"] and members
                else _item_types(field["type"]),
                "fields": members,
            }
        )
    return result


def _types(stated: str) -> list[str]:
    # They are written like integer(int64)|string, array<string> or null|string.
    names = [name.partition("(")[0].partition("<")[0] for name in stated.split("|")]
    return [name for name in names if name != "null"]


def _item_types(stated: str) -> list[str]:
    return [stated.removeprefix("array<").removesuffix(">")] if stated.startswith("array<") else []


def _is_stated_by_the_vendor(fact: Mapping[str, Any]) -> bool:
    vendor = [source for source in fact["sources"] if source.startswith(("official", "seed page"))]
    return fact["path"] is not None and vendor not in ([], ["official docs navigation"])


def _thawed(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _thawed(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_thawed(item) for item in value]
    return value


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
