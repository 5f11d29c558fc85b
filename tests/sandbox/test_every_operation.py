"""Every operation: a good request fits the description, a bad one gets the documented code."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from runner.catalogue.api import Operation, Parameter
from runner.catalogue.load import load_api
from runner.sandbox.operations import HANDLERS
from runner.sandbox.switches import HttpStatusMode, Switches
from tests.sandbox.bench import Bench, send_with
from tests.sandbox.good_requests import GOOD, ROUNDED_ID, key_without, proof_world

OPERATIONS = [load_api().operations[operation_id] for operation_id in sorted(HANDLERS)]
MODES = tuple(HttpStatusMode)
WALLETS = ("walletId", "walletIdStr", "parentWalletId", "fromWalletId", "toWalletId")
INVALID = "G20005"
WRONG: Mapping[str, tuple[object, str]] = {
    **dict.fromkeys(WALLETS, (ROUNDED_ID, "G20013")),
    "amount": ("-1", "G20022"),
    "customizeFeeAmount": ("-1", "G20022"),
    "requestId": ("no blanks!", "G20014"),
    "pageNo": (0, INVALID),
    "pageLimit": (0, INVALID),
    "coinSymbol": ("NOCOIN", INVALID),
    "symbol": ("NOCOIN", INVALID),
    "network": ("NOWHERE", INVALID),
    "mirrorLinkId": ("1", "G20029"),
    "mirrorXLinkId": ("1", "G20029"),
    "binanceUID": ("1", "G20029"),
    "binanceUid": ("1", "G20029"),
    "exchangeUserId": ("1", INVALID),
    "startTime": ("yesterday", INVALID),
    "endTime": ("today", INVALID),
    "startDate": ("2026-11-01", INVALID),
    "endDate": ("20261131", INVALID),
    "resendFromDateTime": ("now", INVALID),
    "webhookId": ("1", INVALID),
    "excludeZeroAmountFlag": ("perhaps", INVALID),
    "bizType": ("ten", INVALID),
}
"""What is wrong for a parameter, and its code. Of one that has choices, any other value is."""


def name_of(value: object) -> str:
    return value.id if isinstance(value, Operation) else str(value)


def wrong_value(parameter: Parameter) -> tuple[object, str] | None:
    if parameter.choices and "array" not in parameter.types:
        return 77, INVALID
    if "array" in parameter.types or "object" in parameter.types:
        return "77", INVALID
    return WRONG.get(parameter.name)


WRONGS = [
    (operation, parameter.name, *wrong)
    for operation in OPERATIONS
    for parameter in operation.parameters
    if (wrong := wrong_value(parameter)) is not None
]
REQUIRED = [
    (operation, parameter.name)
    for operation in OPERATIONS
    for parameter in operation.parameters
    if parameter.required and parameter.name != "timestamp"
]
OF_A_WALLET = [
    (operation, parameter.name)
    for operation in OPERATIONS
    for parameter in operation.parameters
    if parameter.name in WALLETS
]


@pytest.fixture(params=MODES, ids=[str(mode) for mode in MODES])
def fresh(request: pytest.FixtureRequest, tmp_path: Path, proof_keys: Path) -> Iterator[Bench]:
    """Return a sandbox nobody has called."""
    world = proof_world(Switches(http_status=request.param))
    with closing(Bench(tmp_path, world, proof_keys)) as bench:
        yield bench


@pytest.fixture(scope="module", params=MODES, ids=[str(mode) for mode in MODES])
def bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, proof_keys: Path
) -> Iterator[Bench]:
    """Return a sandbox for requests that are refused, and so leave it as it was."""
    world = proof_world(Switches(http_status=request.param))
    with closing(Bench(tmp_path_factory.mktemp("bench"), world, proof_keys)) as made:
        yield made
        assert made.sandbox.ledger.orders() == ()
        assert made.sandbox.ledger.check() == ()


def rows_of(operation: Operation, response: httpx.Response) -> list[Mapping[str, object]]:
    data = response.json()["data"]
    if operation.envelope.page_names is not None:
        rows: list[Mapping[str, object]] = data["data"]
        return rows
    return [row for row in (data if isinstance(data, list) else [data]) if isinstance(row, dict)]


def good(operation: Operation) -> dict[str, object]:
    return dict(GOOD[operation.id].parameters)


def test_every_operation_has_a_good_request() -> None:
    assert set(GOOD) == set(load_api().operations)


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_good_request_is_answered_as_described(fresh: Bench, operation: Operation) -> None:
    response = await fresh.send_good(operation.id)

    fresh.check(operation, response, "000000")
    names = {field.name for field in operation.fields}
    names |= {alias for field in operation.fields for alias in field.aliases}
    assert {name for row in rows_of(operation, response) for name in row} <= names
    assert fresh.sandbox.ledger.check() == ()


@pytest.mark.parametrize(("operation", "name", "value", "code"), WRONGS, ids=name_of)
async def test_wrong_parameter_is_refused(
    bench: Bench, operation: Operation, name: str, value: object, code: str
) -> None:
    response = await bench.send(operation, good(operation) | {name: value})

    bench.check(operation, response, code)


@pytest.mark.parametrize(("operation", "name"), REQUIRED, ids=name_of)
async def test_missing_parameter_is_refused(bench: Bench, operation: Operation, name: str) -> None:
    parameters = good(operation)
    parameters.pop(name, None)

    bench.check(operation, await bench.send(operation, parameters), INVALID)


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.requires_one_of], ids=name_of)
async def test_missing_alternatives_are_refused(bench: Bench, operation: Operation) -> None:
    parameters = good(operation)
    for name in operation.requires_one_of:
        parameters.pop(name, None)

    bench.check(operation, await bench.send(operation, parameters), INVALID)


@pytest.mark.parametrize(("operation", "name"), OF_A_WALLET, ids=name_of)
@pytest.mark.parametrize("unknown", ["1", ROUNDED_ID, str(2**59)])
async def test_unknown_wallet_is_refused(
    bench: Bench, operation: Operation, name: str, unknown: str
) -> None:
    response = await bench.send(operation, good(operation) | {name: unknown})

    bench.check(operation, response, "G20013")


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_key_without_the_permission_is_refused(bench: Bench, operation: Operation) -> None:
    key = key_without(operation.permission)

    bench.check(operation, await bench.send(operation, good(operation), key=key), "G20016")


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_address_off_the_keys_list_is_refused(bench: Bench, operation: Operation) -> None:
    response = await bench.send(operation, good(operation), key="elsewhere")

    bench.check(operation, response, "G20011")


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_expired_key_is_refused(bench: Bench, operation: Operation) -> None:
    response = await bench.send(operation, good(operation), key="expired")

    bench.check(operation, response, "G20028")


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
@pytest.mark.parametrize("distance_ms", [-60_001, 60_001])
async def test_stale_timestamp_is_refused(
    bench: Bench, operation: Operation, distance_ms: int
) -> None:
    timestamp = bench.clock.now_ms + distance_ms

    response = await bench.send(operation, good(operation) | {"timestamp": timestamp})

    bench.check(operation, response, "G20007")


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_missing_timestamp_is_refused(bench: Bench, operation: Operation) -> None:
    response = await bench.send(operation, good(operation) | {"timestamp": ""})

    bench.check(operation, response, "G20006")


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_signature_of_another_key_is_refused(bench: Bench, operation: Operation) -> None:
    caller = bench.caller()
    caller.private = bench.caller("elsewhere").private

    bench.check(operation, await send_with(caller, operation, good(operation)), "G20009")


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_request_without_credentials_is_refused(bench: Bench, operation: Operation) -> None:
    caller = bench.caller()

    response = await caller.http.request(operation.method, operation.path)

    bench.check(operation, response, "G20008")
