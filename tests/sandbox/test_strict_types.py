import json

import pytest

from runner.catalogue.load import load_api
from runner.core.jsonvalue import parse_strict_json
from runner.sandbox.refusal import Refused
from runner.sandbox.strict_types import check_types

ORDER = {"mirrorXLinkId": 7127, "orderType": 10, "coinSymbol": "USDT", "amount": "1"}


def check(operation: str, body: dict[str, object]) -> None:
    written = parse_strict_json(json.dumps(body).encode())
    assert isinstance(written, dict)
    check_types(load_api().operations[operation], written)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"mirrorXLinkId": "7127"},
        {"requestId": "1"},
        {"requestId": 1},
        {"requestId": 2**63 - 1},
        {"orderType": 10.0},
        {"nobody": {"knows": None}},
    ],
)
def test_types_the_description_names_are_right(changed: dict[str, object]) -> None:
    check("mirrorx.order.create", ORDER | changed)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("amount", 1, "G20005"),
        ("amount", 1.5, "G20005"),
        ("amount", None, "G20005"),
        ("orderType", "10", "G20005"),
        ("orderType", True, "G20005"),
        ("orderType", 10.5, "G20005"),
        ("coinSymbol", ["USDT"], "G20005"),
        ("coinSymbol", {}, "G20005"),
        ("requestId", 1.5, "G20014"),
        ("requestId", None, "G20014"),
        ("requestId", 2**63, "G20014"),
    ],
)
def test_other_types_are_refused(name: str, value: object, code: str) -> None:
    with pytest.raises(Refused) as refused:
        check("mirrorx.order.create", ORDER | {name: value})

    assert refused.value.code == code


def test_items_of_lists_have_types() -> None:
    check("transaction.history", {"bizTypes": [10, 15], "symbols": ["USDT"]})

    with pytest.raises(Refused, match="an item of bizTypes is not written as integer"):
        check("transaction.history", {"bizTypes": [10, "15"]})


def test_members_of_objects_have_types() -> None:
    check("whitelist.upsert", {"correspondentDetail": {"toFromType": 1}})

    with pytest.raises(Refused, match=r"correspondentDetail\.toFromType is not written as"):
        check("whitelist.upsert", {"correspondentDetail": {"toFromType": []}})
