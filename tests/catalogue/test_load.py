"""What the loader makes of the compiled description."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields, is_dataclass
from enum import Enum
from functools import partial
from pathlib import Path

import pytest

from runner.catalogue.api import (
    Api,
    Envelope,
    ExampleKind,
    Location,
    Operation,
    Operations,
    Parameter,
    ReplyField,
    WriteOutcome,
)
from runner.catalogue.load import load_api

# Written from the documentation's navigation: the group, then id, method and path of each
# operation, its parameters, and the fields of its object or row. A question mark follows what may
# be left out, a tilde what is inferred; the tilde of the path is the operation's. A dash stands for
# no fields.
TABLE = Path(__file__).with_name("operations.txt")


def _marked(part: Parameter | ReplyField) -> str:
    return part.name + ("" if part.required else "?") + ("" if part.certain else "~")


def test_operations_are_those_of_the_table(api: Api) -> None:
    lines = []
    group = ""
    for operation in api.operations.values():
        if operation.group != group:
            group = operation.group
            lines.append(group)
        mark = "" if operation.certain else "~"
        lines.append(f"  {operation.id} {operation.method} {operation.path}{mark}")
        lines.append("    " + " ".join(_marked(p) for p in operation.parameters))
        lines.append("    " + (" ".join(_marked(f) for f in operation.fields) or "-"))

    assert lines == TABLE.read_text(encoding="utf-8").rstrip("\n").split("\n")


def test_there_are_the_51_operations_of_the_navigation_and_an_older_one(api: Api) -> None:
    operations = list(api.operations.values())

    assert len(operations) == 52
    assert [o.id for o in operations if o.group == "Older versions"] == ["deposit.detail_v1"]
    assert len({(o.method, o.path) for o in operations}) == 52


def test_operations_are_keyed_by_their_id(api: Api) -> None:
    assert all(key == operation.id for key, operation in api.operations.items())


def test_parameters_travel_in_the_body_of_a_post_and_in_the_query_of_a_get(api: Api) -> None:
    for operation in api.operations.values():
        expected = Location.BODY if operation.has_body else Location.QUERY
        assert {parameter.location for parameter in operation.parameters} == {expected}


def test_one_post_is_a_read(api: Api) -> None:
    operations = api.operations.values()

    assert [o.id for o in operations if o.has_body and not o.is_write] == ["transaction.history"]
    assert not any(o.is_write for o in operations if not o.has_body)


def test_every_operation_takes_a_timestamp(api: Api) -> None:
    for operation in api.operations.values():
        timestamp = operation.parameter("timestamp")
        assert timestamp is not None
        assert timestamp.required
        assert timestamp.language_type == "timestamp"


def test_server_is_the_production_host(api: Api) -> None:
    assert api.server == "https://open-api.ceffu.com"


def test_permission_or_envelope_is_inferred_where_no_page_prints_it(api: Api) -> None:
    operations = api.operations.values()

    assert {o.id for o in operations if not o.permission_certain} == {
        "mirror.link.list",
        "mirror.asset.apply",
        "mirror.position.summary",
        "deposit.detail_v1",
    }
    assert {o.id for o in operations if not o.envelope_certain} == {
        "whitelist.options",
        "subwallet.deposit.history_v1",
        "mirror.link.list",
        "mirror.record.list",
        "exchange.transfer.create",
        "withdrawal.create_v1",
        "deposit.detail_v1",
    }


PERMISSIONS = {
    "Enable Wallet Management": {
        "wallet.create",
        "wallet.update",
        "whitelist.upsert",
        "subwallet.create",
        "subwallet.update",
        "webhook.resend",
    },
    "Enable Withdrawal": {"withdrawal.create", "withdrawal.create_v1"},
    "Enable Internal Transfer": {"subwallet.transfer.create"},
    "Enable Mirror Operation": {
        "mirrorx.order.create",
        "mirror.asset.apply",
        "mirror.asset.settle",
    },
    "Enable Transfer with Exchange": {"exchange.transfer.create"},
    "Transaction History": {"transaction.history"},
}


def test_reads_need_the_enquiry_and_every_other_group_is_listed(api: Api) -> None:
    found: dict[str, set[str]] = {}
    for operation in api.operations.values():
        found.setdefault(operation.permission, set()).add(operation.id)
    enquiry = found.pop("Enable Enquiry")

    assert found == PERMISSIONS
    assert not any(api.operations[operation_id].is_write for operation_id in enquiry)


def test_withdrawals_name_a_second_permission(api: Api) -> None:
    second = {o.id: o.permissions_also for o in api.operations.values() if o.permissions_also}

    assert second == dict.fromkeys(
        ("withdrawal.create", "withdrawal.create_v1"), ("Enable Whitelisted Address Checking",)
    )


def test_archived_operations_are_those_of_the_archive(api: Api) -> None:
    for operation in api.operations.values():
        kept_apart = operation.group.startswith("Archive / ") or operation.group == "Older versions"
        assert operation.archived == kept_apart


def test_envelopes_are_as_documented(api: Api) -> None:
    found: dict[Envelope, list[str]] = {envelope: [] for envelope in Envelope}
    for operation in api.operations.values():
        found[operation.envelope].append(operation.id)

    assert found[Envelope.ARCHIVE_PAGE] == [
        "mirror.link.list",
        "mirror.record.list",
        "mirror.position.list",
    ]
    assert found[Envelope.LIST] == [
        "coin.prime.list",
        "coin.qualified.list",
        "coin.cosign.list",
        "deposit.detail",
    ]
    assert found[Envelope.VALUE] == ["webhook.resend"]
    assert all(o.data_nullable for o in api.operations.values())


def test_operations_with_pages_are_those_that_take_page_parameters(api: Api) -> None:
    for operation in api.operations.values():
        asked = {"pageLimit", "pageNo"} & {p.name for p in operation.parameters}
        assert asked == (
            set() if operation.envelope.page_names is None else {"pageLimit", "pageNo"}
        )


def test_both_details_of_deposits_are_seen_as_list_and_as_object(api: Api) -> None:
    also = {o.id: (o.envelope, o.envelope_also) for o in api.operations.values() if o.envelope_also}

    assert also == {
        "deposit.detail": (Envelope.LIST, Envelope.OBJECT),
        "deposit.detail_v1": (Envelope.OBJECT, Envelope.LIST),
    }


def test_pages_name_their_parts(api: Api) -> None:
    names = Envelope.PAGE.page_names
    archive = Envelope.ARCHIVE_PAGE.page_names

    assert names is not None
    assert archive is not None
    assert (names.rows, names.pages, names.total, names.number, names.size) == (
        "data", "totalPage", "", "pageNo", "pageLimit",
    )  # fmt: skip
    assert (archive.rows, archive.pages, archive.total, archive.number, archive.size) == (
        "data", "", "total", "pageNo", "pageSize",
    )  # fmt: skip
    assert Envelope.OBJECT.page_names is None
    assert api.operations["mirror.position.list"].envelope.page_names == archive


def test_a_page_has_at_most_500_rows_and_of_the_transaction_history_100(api: Api) -> None:
    maxima: dict[int | None, set[str]] = {}
    for operation in api.operations.values():
        if operation.envelope.page_names is not None:
            maxima.setdefault(operation.page_max, set()).add(operation.id)

    assert maxima.keys() == {100, 500, None}
    assert maxima[100] == {"transaction.history"}
    assert maxima[None] == {
        "mirror.record.list",
        "mirror.position.list",
        "exchange.transfer.history",
        "withdrawal.history_v1",
        "subwallet.list_v1",
    }
    assert api.operations["wallet.create"].page_max is None


def test_what_is_no_object_is_described_as_a_value(api: Api) -> None:
    values = {o.id: o.value.types for o in api.operations.values() if o.value is not None}

    assert values == {"webhook.resend": ("boolean",), "subwallet.list_v1": ("integer",)}


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
        "wallet.create": ("wallet.list", False),
        "wallet.update": ("wallet.list", False),
        "withdrawal.create": ("withdrawal.detail", True),
        "whitelist.upsert": ("whitelist.list", False),
        "subwallet.create": ("subwallet.list", False),
        "subwallet.update": ("subwallet.list", False),
        "subwallet.transfer.create": ("subwallet.transfer.detail", True),
        "mirrorx.order.create": ("mirrorx.order.list", False),
        "webhook.resend": ("", False),
        "mirror.asset.apply": ("mirror.record.list", False),
        "mirror.asset.settle": ("mirror.record.list", False),
        "exchange.transfer.create": ("exchange.transfer.detail", True),
        "withdrawal.create_v1": ("withdrawal.detail", True),
    }
    assert not any(o.readback for o in api.operations.values() if not o.is_write)


def test_a_read_by_request_id_takes_one(api: Api) -> None:
    for operation in api.operations.values():
        if operation.readback_by_request_id:
            assert api.operations[operation.readback].parameter("requestId") is not None


def test_rules_over_several_parameters_are_kept(api: Api) -> None:
    operations = api.operations.values()

    assert {o.id: o.requires_one_of for o in operations if o.requires_one_of} == {
        "deposit.detail": ("txId", "orderViewId"),
        "withdrawal.create": ("withdrawalAddress", "toWalletIdStr"),
        "withdrawal.detail": ("orderViewId", "requestId"),
        "subwallet.transfer.detail": ("orderViewId", "requestId"),
        "mirror.record.list": ("binanceUID", "walletIdStr"),
        "mirror.position.list": ("walletIdStr", "binanceUid"),
        "exchange.transfer.detail": ("orderViewId", "requestId"),
    }
    assert {o.id: o.at_most_one_of for o in operations if o.at_most_one_of} == {
        "withdrawal.create": ("withdrawalAddress", "toWalletIdStr"),
    }
    for operation in operations:
        for name in (*operation.requires_one_of, *operation.at_most_one_of):
            parameter = operation.parameter(name)
            assert parameter is not None
            assert not parameter.required


def test_ranges_of_time_are_bounded_where_a_source_says_so(api: Api) -> None:
    day_ms = 24 * 60 * 60 * 1000
    operations = api.operations.values()

    assert {o.id: o.window_ms for o in operations if o.window_ms} == {
        "transaction.history": 90 * day_ms,
        "subwallet.deposit.history": 30 * day_ms,
        "mirrorx.order.list": 30 * day_ms,
    }
    assert {o.id for o in operations if o.range_names == ("startDate", "endDate")} == {
        "transaction.history"
    }
    assert {o.id for o in operations if o.range_names == ("startTime", "endTime")} == {
        "deposit.history",
        "withdrawal.history",
        "whitelist.list",
        "subwallet.deposit.history_v1",
        "subwallet.deposit.history",
        "subwallet.transfer.history",
        "mirrorx.order.list",
        "mirror.record.list",
        "exchange.transfer.history",
        "withdrawal.history_v1",
    }
    assert all(o.range_names for o in operations if o.window_ms)


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


def test_parameter_of_another_type_than_documented_is_described(api: Api) -> None:
    """What each pair is stands with the facts; here only that none is left without words."""
    for operation in api.operations.values():
        for parameter in operation.parameters:
            if len(parameter.types) > 1:
                assert len(parameter.types) == 2
                assert len(parameter.description) > 40


def test_ids_the_documentation_demands_as_integers_are_nothing_else(api: Api) -> None:
    found = {
        (operation.id, parameter.name)
        for operation in api.operations.values()
        for parameter in operation.parameters
        if parameter.location is Location.BODY
        and parameter.types == ("integer",)
        and parameter.name.endswith("Id")
    }

    assert found == {
        ("subwallet.update", "requestId"),
        ("exchange.transfer.create", "parentWalletId"),
        ("exchange.transfer.create", "requestId"),
        ("withdrawal.create_v1", "requestId"),
        ("withdrawal.create_v1", "walletId"),
    }


def test_list_of_a_body_tells_the_types_of_its_items(api: Api) -> None:
    history = api.operations["transaction.history"]
    lists = {p.name: p.item_types for p in history.parameters if p.types == ("array",)}
    kinds = history.parameter("bizTypes")

    assert lists == {
        "bizTypes": ("integer",),
        "walletIds": ("string",),
        "networks": ("string",),
        "symbols": ("string",),
    }
    assert kinds is not None
    assert kinds.choices == ()
    assert dict(kinds.meanings)["3110"] == "MirrorX delegation"


def test_object_of_a_body_tells_its_members(api: Api) -> None:
    detail = api.operations["whitelist.upsert"].parameter("correspondentDetail")

    assert detail is not None
    assert detail.types == ("object",)
    assert [member.name for member in detail.fields][:4] == [
        "firstName", "lastName", "fullName", "birthday",
    ]  # fmt: skip
    assert not any(member.required for member in detail.fields)


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


def test_field_that_may_be_null_may_be_absent_but_for_the_first_ones(api: Api) -> None:
    required = {
        (operation.id, field.name)
        for operation in api.operations.values()
        for field in operation.fields
        if field.nullable and field.required
    }

    assert required == {
        ("wallet.asset.list", "network"),
        ("subwallet.asset.list", "network"),
        ("mirrorx.link.list", "label"),
    }


def test_fields_with_two_spellings_are_the_known_ones(api: Api) -> None:
    aliases = {
        (operation.id, field.name): field.aliases
        for operation in api.operations.values()
        for field in operation.fields
        if field.aliases
    }

    assert aliases == {
        ("withdrawal.history", "walletStr"): ("walletIdStr",),
        ("withdrawal.detail", "walletStr"): ("walletIdStr",),
        ("subwallet.transfer.history", "fromWalletId"): ("fromWalletIdStr",),
        ("subwallet.transfer.history", "toWalletId"): ("toWalletIdStr",),
        ("subwallet.transfer.detail", "fromWalletId"): ("fromWalletIdStr",),
        ("subwallet.transfer.detail", "toWalletId"): ("toWalletIdStr",),
    }


def test_field_is_found_under_any_of_its_names(api: Api) -> None:
    fields = api.operations["subwallet.transfer.detail"].fields
    source = next(field for field in fields if field.name == "fromWalletId")

    assert source.required
    assert source.name_in({"fromWalletId": "1", "fromWalletIdStr": "1"}) == "fromWalletId"
    assert source.name_in({"fromWalletIdStr": "1"}) == "fromWalletIdStr"
    assert source.name_in({"toWalletIdStr": "1"}) is None


def test_amounts_of_replies_are_texts(api: Api) -> None:
    for operation in api.operations.values():
        for field in operation.fields:
            if field.language_type in {"money", "decimal", "coin", "network", "order_id"}:
                assert field.types == ("string",)


def test_ids_of_replies_that_are_numbers_have_a_twin_or_no_source_for_one(api: Api) -> None:
    numbers = {
        (operation.id, field.name)
        for operation in api.operations.values()
        for field in operation.fields
        if field.name.endswith(("Id", "IdStr", "UID")) and field.types == ("integer",)
        if not {f"{field.name}Str"} & {other.name for other in operation.fields}
    }

    assert numbers == {
        ("coin.prime.list", "coinId"),
        ("coin.qualified.list", "coinId"),
        ("coin.cosign.list", "coinId"),
        ("wallet.update", "walletId"),
        ("deposit.history", "walletId"),
        ("deposit.detail", "walletId"),
        ("subwallet.update", "walletId"),
        ("subwallet.deposit.address.list", "walletId"),
        ("subwallet.deposit.history_v1", "walletId"),
        ("exchange.transfer.detail", "walletId"),
        ("exchange.transfer.history", "walletId"),
        ("withdrawal.history_v1", "walletId"),
        ("withdrawal.detail_v1", "walletId"),
        ("deposit.detail_v1", "walletId"),
    }


def test_field_of_a_list_describes_its_items(api: Api) -> None:
    data = api.operations["mirror.position.summary"].fields[-1]

    assert data.types == ("array",)
    assert data.item_types == ("object",)
    assert [field.name for field in data.fields] == ["binanceUid", "subtotalAmountInBTC"]


def test_field_that_is_an_object_describes_its_members(api: Api) -> None:
    options = api.operations["whitelist.options"].fields[0]
    members = {member.name: member for member in options.fields}

    assert members["addressType"].types == ("object",)
    assert members["addressType"].item_types == ("string",)
    assert members["confirmation"].item_types == ("string",)
    assert [field.name for field in members["listOfVASP"].fields] == [
        "jurisdictionRequired",
        "name",
    ]


def test_inferred_row_makes_all_its_fields_inferred(api: Api) -> None:
    stated = api.operations["deposit.history"].fields
    inferred = api.operations["subwallet.deposit.history_v1"].fields

    assert [field.name for field in stated] == [field.name for field in inferred]
    assert all(field.certain for field in stated)
    assert not any(field.certain for field in inferred)


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


def test_examples_tell_how_far_they_can_be_used(api: Api) -> None:
    kinds = {
        (o.id, name, kind)
        for o in api.operations.values()
        for name, kind in (
            ("request", o.request_example_kind),
            ("response", o.response_example_kind),
            ("rows", o.row_examples_kind),
        )
        if kind is not ExampleKind.WHOLE
    }

    assert kinds == {
        ("wallet.create", "request", ExampleKind.PLACEHOLDER),
        ("mirror.asset.settle", "request", ExampleKind.PLACEHOLDER),
        ("mirror.position.summary", "response", ExampleKind.PLACEHOLDER),
        ("whitelist.upsert", "response", ExampleKind.PARTIAL),
        ("exchange.transfer.detail", "response", ExampleKind.PARTIAL),
        ("deposit.history", "rows", ExampleKind.PARTIAL),
        ("deposit.detail", "rows", ExampleKind.PARTIAL),
    }


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


def test_operation_is_built_when_first_asked_for_and_once() -> None:
    built = []

    def make(operation_id: str) -> Operation:
        built.append(operation_id)
        return load_api().operations[operation_id]

    operations = Operations(
        {name: partial(make, name) for name in ("wallet.list", "system.status")}
    )

    assert list(operations) == ["wallet.list", "system.status"]
    assert len(operations) == 2
    assert "wallet.list" in operations
    assert "wallet.lst" not in operations
    assert operations.get("wallet.lst") is None
    assert not built
    assert operations["system.status"] is operations["system.status"]
    assert built == ["system.status"]


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
