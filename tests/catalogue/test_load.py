"""What the loader makes of the compiled description."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields, is_dataclass
from enum import Enum

import pytest

from runner.catalogue.api import Api, Envelope, Location, Parameter, ReplyField, WriteOutcome
from runner.catalogue.load import load_api

# id, method, path, parameters, fields of the reply. A question mark follows what may be left out,
# a tilde what is inferred; the tilde of the path is the operation's.
TABLE = """
system.status GET /open-api/v1/system/status
    bizType walletType timestamp
    status message
wallet.list GET /open-api/v1/wallet/list
    pageLimit? pageNo? timestamp
    walletId walletIdStr walletName walletType
wallet.asset.list GET /open-api/v1/wallet/asset/list
    walletId coinSymbol? network? pageLimit? pageNo? timestamp
    coinSymbol network amount availableAmount totalAmountWithMirror
mirrorx.link.list GET /open-api/v1/mirrorX/mirrorXLinkId/list
    pageLimit? pageNo? timestamp
    mirrorXLinkId binanceUID walletIdStr label status createDate
mirrorx.available.check GET /open-api/v1/mirrorX/order/check
    mirrorXLinkId coinSymbol orderType timestamp
    coinSymbol maxAvailableAmount
mirrorx.position.list GET /open-api/v1/mirrorX/positions/list
    mirrorXLinkId excludeZeroAmountFlag? pageLimit pageNo timestamp
    mirrorXLinkId binanceUID walletIdStr coinSymbol mirrorXBalance
mirrorx.order.list GET /open-api/v1/mirrorX/order/list
    mirrorXLinkId coinSymbol? orderType? startTime endTime pageLimit pageNo timestamp
    orderViewId mirrorXLinkId binanceUID walletIdStr orderType coinSymbol amount status orderTime
mirrorx.order.create POST /open-api/v1/mirrorX/order
    mirrorXLinkId orderType coinSymbol amount requestId timestamp
    orderViewId status requestId
mirror.link.list GET /open-api/v1/mirror/mirrorLinkId/list~
    pageLimit~ pageNo~ timestamp
    mirrorLinkId~ binanceUID~ walletIdStr~
mirror.asset.apply POST /open-api/v1/mirror/asset/apply~
    mirrorLinkId~ coinSymbol~ network~ amount~ requestId~ timestamp operationType?~
    recordId~ status~ requestId~
mirror.asset.settle POST /open-api/v1/mirror/asset/settle
    mirrorLinkId operationType coinSymbol network amount requestId timestamp
    recordId status requestId
mirror.record.list GET /open-api/v1/mirror/records/list
    binanceUID? walletIdStr? coinSymbol? network? startTime endTime operationType? status? pageLimit pageNo timestamp
    recordId~ operationType~ status~ binanceUID~ walletIdStr~ coinSymbol~ network~ amount~ requestId?~
mirror.position.list GET /open-api/v1/mirror/positions/list
    walletIdStr? binanceUid? excludeZeroAmountFlag? pageLimit pageNo timestamp
    walletIdStr binanceUID coinSymbol network amount amountInBTC
mirror.position.summary GET /open-api/v1/mirror/position/summary
    walletIdStr timestamp
    walletIdStr totalAmountInBTC data
"""  # noqa: E501  # one operation's parameters read best on one line


def _marked(part: Parameter | ReplyField) -> str:
    return part.name + ("" if part.required else "?") + ("" if part.certain else "~")


def test_operations_are_those_of_the_table(api: Api) -> None:
    lines = []
    for operation in api.operations.values():
        mark = "" if operation.certain else "~"
        lines.append(f"{operation.id} {operation.method} {operation.path}{mark}")
        lines.append("    " + " ".join(_marked(p) for p in operation.parameters))
        lines.append("    " + " ".join(_marked(f) for f in operation.fields))

    assert lines == TABLE.strip().split("\n")


def test_operations_are_keyed_by_their_id(api: Api) -> None:
    assert all(key == operation.id for key, operation in api.operations.items())


def test_parameters_of_a_write_travel_in_the_body_and_of_a_read_in_the_query(api: Api) -> None:
    for operation in api.operations.values():
        expected = Location.BODY if operation.is_write else Location.QUERY
        assert {parameter.location for parameter in operation.parameters} == {expected}


def test_server_is_the_production_host(api: Api) -> None:
    assert api.server == "https://open-api.ceffu.com"


def test_permission_or_envelope_is_inferred_where_no_page_prints_it(api: Api) -> None:
    operations = api.operations.values()

    assert {o.id for o in operations if not o.permission_certain} == {
        "mirror.link.list",
        "mirror.asset.apply",
        "mirror.position.summary",
    }
    assert {o.id for o in operations if not o.envelope_certain} == {
        "mirror.link.list",
        "mirror.record.list",
    }


def test_writes_need_the_mirror_permission_and_reads_the_enquiry(api: Api) -> None:
    for operation in api.operations.values():
        expected = "Enable Mirror Operation" if operation.is_write else "Enable Enquiry"
        assert operation.permission == expected


def test_archived_operations_are_the_mirror_ones(api: Api) -> None:
    for operation in api.operations.values():
        assert operation.archived == operation.id.startswith("mirror.")


def test_envelopes_are_as_documented(api: Api) -> None:
    envelopes = {operation.id: operation.envelope for operation in api.operations.values()}

    assert {i for i, envelope in envelopes.items() if envelope is Envelope.PAGE} == {
        "wallet.list",
        "wallet.asset.list",
        "mirrorx.link.list",
        "mirrorx.position.list",
        "mirrorx.order.list",
    }
    assert {i for i, envelope in envelopes.items() if envelope is Envelope.ARCHIVE_PAGE} == {
        "mirror.link.list",
        "mirror.record.list",
        "mirror.position.list",
    }
    assert set(envelopes.values()) == {Envelope.OBJECT, Envelope.PAGE, Envelope.ARCHIVE_PAGE}
    assert all(operation.data_nullable for operation in api.operations.values())


def test_exchange_balance_stands_beside_the_mirrorx_positions(api: Api) -> None:
    beside = {o.id: [f.name for f in o.page_fields] for o in api.operations.values()}

    assert {i: names for i, names in beside.items() if names} == {
        "mirrorx.position.list": ["exchangeBalance"]
    }


def test_writes_name_the_read_that_shows_them(api: Api) -> None:
    readbacks = {
        o.id: (o.readback, o.readback_by_request_id) for o in api.operations.values() if o.is_write
    }

    assert readbacks == {
        "mirrorx.order.create": ("mirrorx.order.list", False),
        "mirror.asset.apply": ("mirror.record.list", False),
        "mirror.asset.settle": ("mirror.record.list", False),
    }
    assert not any(o.readback for o in api.operations.values() if not o.is_write)


def test_rules_over_several_parameters_are_kept(api: Api) -> None:
    operations = api.operations.values()

    assert {o.id: o.requires_one_of for o in operations if o.requires_one_of} == {
        "mirror.record.list": ("binanceUID", "walletIdStr"),
        "mirror.position.list": ("walletIdStr", "binanceUid"),
    }
    assert {o.id: o.window_ms for o in operations if o.window_ms} == {
        "mirrorx.order.list": 30 * 24 * 60 * 60 * 1000
    }


def test_parameter_carries_type_limits_and_example(api: Api) -> None:
    page_limit = api.operations["mirrorx.order.list"].parameter("pageLimit")

    assert page_limit == Parameter(
        name="pageLimit",
        location=Location.QUERY,
        required=True,
        types=("integer",),
        minimum=1,
        maximum=500,
        description="Rows on a page.",
        example="25",
    )


def test_parameter_with_two_types_names_the_documented_one_first(api: Api) -> None:
    two = {
        (operation.id, parameter.name): parameter.types
        for operation in api.operations.values()
        for parameter in operation.parameters
        if len(parameter.types) > 1
    }

    assert two == {
        ("wallet.asset.list", "walletId"): ("integer", "string"),
        ("mirrorx.position.list", "excludeZeroAmountFlag"): ("boolean", "integer"),
        ("mirrorx.order.create", "mirrorXLinkId"): ("integer", "string"),
        ("mirrorx.order.create", "requestId"): ("string", "integer"),
        ("mirror.record.list", "walletIdStr"): ("integer", "string"),
    }


def test_parameter_narrows_a_shared_enumeration_to_its_own_choices(api: Api) -> None:
    order_type = api.operations["mirrorx.order.create"].parameter("orderType")

    assert order_type is not None
    assert order_type.choices == ("10", "20")
    assert [value for value, _ in order_type.meanings] == ["10", "20"]
    assert order_type.description.startswith("Delegate or undelegate")


def test_field_without_choices_still_tells_the_meanings(api: Api) -> None:
    status = next(f for f in api.operations["mirrorx.link.list"].fields if f.name == "status")

    assert status.choices == ()
    assert dict(status.meanings).keys() == {
        "0", "1", "2", "3", "4", "5", "10", "11", "12", "13",
    }  # fmt: skip
    assert dict(status.meanings)["1"].startswith("approved")


def test_nullable_fields_are_the_documented_ones(api: Api) -> None:
    nullable = {
        (operation.id, field.name)
        for operation in api.operations.values()
        for field in operation.fields
        if field.nullable
    }

    assert nullable == {
        ("wallet.asset.list", "network"),
        ("mirrorx.link.list", "label"),
        ("mirror.record.list", "requestId"),
    }


def test_amounts_and_ids_of_replies_are_texts(api: Api) -> None:
    for operation in api.operations.values():
        for field in operation.fields:
            if field.language_type in {"money", "decimal", "coin", "network", "order_id"}:
                assert field.types == ("string",)
            if field.name.endswith(("Id", "IdStr", "UID")) and field.name != "walletId":
                assert field.types == ("string",)


def test_field_of_a_list_describes_its_items(api: Api) -> None:
    data = api.operations["mirror.position.summary"].fields[-1]

    assert data.types == ("array",)
    assert [field.name for field in data.fields] == ["binanceUid", "subtotalAmountInBTC"]


def test_examples_are_those_of_the_documentation(api: Api) -> None:
    order = api.operations["mirrorx.order.create"]

    assert order.request_example == {
        "mirrorXLinkId": 85,
        "coinSymbol": "non",
        "orderType": 10,
        "amount": "55",
        "timestamp": 275404472892,
        "requestId": "59",
    }
    assert order.response_example is not None
    assert order.response_example["data"] == {
        "orderViewId": "24073676755851542073280001",
        "status": 20,
        "requestId": "14",
    }
    assert [row["coinSymbol"] for row in api.operations["mirror.position.list"].row_examples] == [
        "BUSD",
        "BTC",
    ]


OUTCOMES = {
    WriteOutcome.DONE: "000000",
    WriteOutcome.UNKNOWN: "G20001 G20003 G20004 G20025 G20026 G20027",
    WriteOutcome.REPEATABLE: "G20007",
    WriteOutcome.RATE_LIMITED: "G20012",
    WriteOutcome.ALREADY_RECEIVED: "G20015",
    WriteOutcome.NOT_EXECUTED: (
        "G20002 G20005 G20006 G20008 G20009 G20010 G20011 G20013 G20014 G20016 G20017 G20018 "
        "G20019 G20020 G20021 G20022 G20023 G20024 G20028 G20029 G20030"
    ),
}


@pytest.mark.parametrize("outcome", WriteOutcome)
def test_error_codes_of_an_outcome_are_exactly_the_listed_ones(
    api: Api, outcome: WriteOutcome
) -> None:
    """Only the codes listed prove that a write did not happen; every other is looked up."""
    found = [code.code for code in api.error_codes.values() if code.write_outcome is outcome]

    assert " ".join(found) == OUTCOMES[outcome]


def test_error_table_is_complete(api: Api) -> None:
    assert list(api.error_codes) == ["000000", *(f"G200{number:02}" for number in range(1, 31))]
    assert all(key == code.code for key, code in api.error_codes.items())
    assert all(code.meaning for code in api.error_codes.values())


def test_error_codes_only_others_copied_have_no_message_and_are_not_certain(api: Api) -> None:
    copied = {f"G200{number:02}" for number in range(19, 31)}

    assert {code.code for code in api.error_codes.values() if not code.message} == copied
    assert {code.code for code in api.error_codes.values() if not code.certain} == copied


@pytest.mark.parametrize(
    ("status", "codes"),
    [
        (400, "G20002 G20003 G20004 G20005 G20006 G20014 G20022 G20023 G20026"),
        (401, "G20007 G20008 G20009 G20010 G20011 G20028"),
        (403, "G20013 G20016"),
        (404, "G20020"),
        (429, "G20012"),
        (500, "G20001"),
        (
            200,
            "000000 G20015 G20017 G20018 G20019 G20021 G20024 G20025 G20027 G20029 G20030",
        ),
    ],
)
def test_error_codes_have_the_http_status_we_suppose(api: Api, status: int, codes: str) -> None:
    found = [code.code for code in api.error_codes.values() if code.http_status == status]

    assert " ".join(found) == codes


def test_every_description_is_in_words(api: Api) -> None:
    for operation in api.operations.values():
        assert operation.title
        assert operation.group
        assert operation.summary.endswith(".")
        assert all(parameter.description for parameter in operation.parameters)


def test_attributes_cannot_be_set(api: Api) -> None:
    operation = api.operations["system.status"]

    for thing in (operation.parameters[0], operation.fields[0], api.error_codes["G20001"]):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, "certain", False)  # noqa: B010  # mypy refuses the plain assignment
    with pytest.raises(FrozenInstanceError):
        operation.path = "/"  # type: ignore[misc]  # that it is read-only is the point
    with pytest.raises(FrozenInstanceError):
        api.server = "/"  # type: ignore[misc]  # as above


def test_nothing_reachable_can_be_changed(api: Api) -> None:
    allowed = (str, int, bool, type(None), Enum)
    stack: list[object] = [api]
    while stack:
        item = stack.pop()
        if is_dataclass(item) and not isinstance(item, type):
            assert not hasattr(item, "__dict__")
            stack.extend(getattr(item, field.name) for field in fields(item))
        elif isinstance(item, Mapping):
            assert not hasattr(item, "__setitem__")
            stack.extend(item.values())
        elif isinstance(item, tuple):
            stack.extend(item)
        else:
            assert isinstance(item, allowed)


def test_loading_twice_gives_the_same_object(api: Api) -> None:
    assert load_api() is api


def test_loading_reads_no_yaml_and_checks_no_schema() -> None:
    program = (
        "import json, sys; from runner.catalogue.load import load_api; load_api(); "
        "print(json.dumps(sorted(sys.modules)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout

    roots = {name.partition(".")[0] for name in json.loads(printed)}
    assert roots.isdisjoint({"ruamel", "yaml", "jsonschema", "jsonschema_rs", "referencing"})
