"""Raw reads: every read of the description, answered with the documentation's example."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from runner.actions.reads import Reads
from runner.catalogue.api import Operation
from runner.catalogue.load import load_api
from runner.catalogue.manifest import Argument
from runner.catalogue.manifests import MANIFESTS, NAMED
from runner.catalogue.raw import has_rows
from runner.core.errors import ReplyRefused
from runner.core.types import INT, ListOf, Scalar
from runner.core.values import Value, value_from_json, value_to_json
from tests.actions.stub import answering, page, single
from tests.client.samples import BIG_INTEGER, oversized, parameters_of, reply_of

OPERATIONS = {o.id: o for o in load_api().operations.values()}
READS = sorted(o.id for o in OPERATIONS.values() if not o.is_write)
MADE_UP: dict[str, Value] = {
    "decimal": Decimal("1.5"),
    "bool": True,
    "date": date(2026, 11, 22),
    "timestamp": datetime(2026, 11, 22, 10, tzinfo=UTC),
}


def given(operation: Operation) -> dict[str, Value]:
    """Return the documented parameters as a playbook would give them."""
    manifest = MANIFESTS[f"api.{operation.id}"]
    documented = parameters_of(operation)
    return {
        argument.name: _value(argument, documented[argument.name])
        for argument in manifest.arguments
        if argument.name in documented
    }


def _value(argument: Argument, documented: object) -> Value:
    if isinstance(argument.type, ListOf):
        assert isinstance(documented, list)
        return tuple(int(d) if argument.type.item == INT else str(d) for d in documented)
    assert isinstance(argument.type, Scalar)
    if argument.type == INT:
        return int(str(documented))
    # A stretch of time has a length.
    later = timedelta(days=argument.name.startswith("end"))
    made_up = MADE_UP.get(argument.type.name, str(documented))
    return made_up + later if isinstance(made_up, date) else made_up


def only_page(reply: dict[str, Any]) -> dict[str, Any]:
    data = reply["data"]
    if isinstance(data, dict) and "totalPage" in data:
        data |= {"totalPage": 1, "pageNo": 1, "pageLimit": 100}
    elif isinstance(data, dict) and "total" in data:
        data |= {"total": len(data["data"]), "pageNo": 1, "pageSize": 100}
    return reply


async def raw(operation_id: str, reply: dict[str, Any], **arguments: Value) -> dict[str, Value]:
    operation = OPERATIONS[operation_id]
    async with answering(only_page(reply)) as (custodian, _):
        manifest = MANIFESTS[f"api.{operation_id}"]
        value = await Reads(custodian).read(manifest, {**given(operation), **arguments})
    assert isinstance(value, dict)
    return value


def test_there_is_a_raw_read_for_every_read_and_for_no_write() -> None:
    assert sorted(set(MANIFESTS) - set(NAMED)) == sorted(f"api.{name}" for name in READS)
    assert "api.mirror.asset.apply" not in MANIFESTS
    assert "api.nonsense" not in MANIFESTS


@pytest.mark.parametrize("operation_id", READS)
async def test_documented_reply_gives_a_value_of_the_manifest_type(operation_id: str) -> None:
    operation = OPERATIONS[operation_id]

    value = await raw(operation_id, reply_of(operation, parameters_of(operation)))

    result = MANIFESTS[f"api.{operation_id}"].result
    assert value_from_json(value_to_json(value), result) == value
    assert has_rows(operation) == ("rows" in value)
    if has_rows(operation):
        assert value["complete"] is True
        assert value["rows"]


@pytest.mark.parametrize("operation_id", READS)
async def test_no_digit_of_an_id_or_an_amount_is_lost(operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    reply = reply_of(operation, parameters_of(operation), oversized)

    value = await raw(operation_id, reply)

    result = MANIFESTS[f"api.{operation_id}"].result
    assert value_from_json(value_to_json(value), result) == value
    assert sorted(_long_texts(value_to_json(value))) == sorted(_long_texts(reply["data"]))


def _long_texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _long_texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _long_texts(item)]
    text = str(value)
    return [text] if len(text) > 16 and "T" not in text else []


async def test_scalars_are_what_the_description_calls_them() -> None:
    deposit = {
        "orderViewId": "26112217953527219070000002",
        "direction": 10,
        "fromAddress": "0x1",
        "toAddress": "0x2",
        "coinSymbol": "ETH",
        "amount": "0.0000000000000000000000000000000000000001",
        "feeAmount": "",
        "status": 30,
        "txTime": 1795341600000,
        "walletId": BIG_INTEGER,
    }

    value = await raw("deposit.history", page(deposit))

    rows = value["rows"]
    assert isinstance(rows, tuple)
    assert rows[0] == {
        "orderViewId": "26112217953527219070000002",
        "direction": "10",
        "fromAddress": "0x1",
        "toAddress": "0x2",
        "coinSymbol": "ETH",
        "amount": Decimal(1).scaleb(-40),
        "status": "30",
        "txTime": datetime(2026, 11, 22, 10, tzinfo=UTC),
        "walletId": str(BIG_INTEGER),
    }


async def test_parameters_are_sent_under_their_own_names() -> None:
    async with answering(page()) as (custodian, stub):
        await Reads(custodian).read(
            MANIFESTS["api.deposit.history"],
            {
                "walletId": "9007199254740993",
                "startTime": datetime(2026, 11, 20, tzinfo=UTC),
                "endTime": datetime(2026, 11, 22, tzinfo=UTC),
            },
        )

    assert stub.asked[0] == {
        "walletId": "9007199254740993",
        "startTime": "1795132800000",
        "endTime": "1795305600000",
    }


async def test_long_stretch_of_days_is_read_in_windows() -> None:
    """The custodian refuses more than 90 days at once."""
    async with answering(page()) as (custodian, stub):
        value = await Reads(custodian).read(
            MANIFESTS["api.transaction.history"],
            {"walletType": 20, "startDate": date(2026, 1, 1), "endDate": date(2026, 7, 1)},
        )

    windows = [(asked["startDate"], asked["endDate"]) for asked in stub.asked]
    assert windows == [("20260101", "20260331"), ("20260331", "20260628"), ("20260628", "20260701")]
    assert value == {"rows": (), "complete": True}


async def test_long_stretch_is_read_in_windows() -> None:
    async with answering(page()) as (custodian, stub):
        value = await Reads(custodian).read(
            MANIFESTS["api.deposit.history"],
            {
                "walletId": "1",
                "startTime": datetime(2026, 9, 1, tzinfo=UTC),
                "endTime": datetime(2026, 11, 1, tzinfo=UTC),
            },
        )

    windows = [(asked["startTime"], asked["endTime"]) for asked in stub.asked]
    assert len(windows) == 3
    assert [end for _, end in windows[:-1]] == [start for start, _ in windows[1:]]
    assert value == {"rows": (), "complete": True}


async def test_object_that_is_null_is_refused() -> None:
    with pytest.raises(ReplyRefused, match="no data"):
        await raw("wallet.asset.summary", {"data": None, "code": "000000", "message": "Success"})


async def test_amount_that_is_none_is_refused() -> None:
    fields = {"walletIdStr": "1", "totalAmountInBTC": "much", "totalAmountInUSD": "1"}

    with pytest.raises(ReplyRefused, match="totalAmountInBTC is not an amount"):
        await raw("wallet.asset.summary", single(**fields))
