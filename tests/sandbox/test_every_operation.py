"""Every operation: a good request fits the description, a bad one gets the documented code."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from runner.catalogue.api import Operation, Parameter
from runner.catalogue.load import load_api
from runner.sandbox.operations import HANDLERS
from runner.sandbox.switches import HttpStatusMode, Switches
from tests.sandbox.bench import Bench, send_with
from tests.sandbox.good_requests import GOOD, ROUNDED_ID, key_without, proof_world
from tests.sandbox.replies import check_reply

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


@pytest.fixture(scope="module")
def benches(
    tmp_path_factory: pytest.TempPathFactory, proof_keys: Path
) -> Iterator[tuple[Bench, ...]]:
    """Return a sandbox of each HTTP mapping, for requests that are refused and change nothing."""
    with ExitStack() as opened:
        made = []
        for mode in MODES:
            world = proof_world(Switches(http_status=mode))
            bench = Bench(tmp_path_factory.mktemp("bench"), world, proof_keys)
            made.append(opened.enter_context(closing(bench)))
        yield tuple(made)
        for bench in made:
            assert bench.sandbox.ledger.orders() == ()
            assert bench.sandbox.ledger.check() == ()


def good(operation: Operation) -> dict[str, object]:
    return dict(GOOD[operation.id].parameters)


def test_every_operation_is_carried_out_and_has_a_good_request() -> None:
    assert set(HANDLERS) == set(load_api().operations)
    assert set(GOOD) == set(HANDLERS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_good_request_is_answered_as_described(fresh: Bench, operation: Operation) -> None:
    response = await fresh.send_good(operation.id)

    fresh.check(operation, response, "000000")
    check_reply(operation, response)
    data = response.json()["data"]
    if operation.envelope.page_names is not None:
        data = data["data"]
    assert data != [], "an empty list shows no row to look at"
    assert fresh.sandbox.ledger.check() == ()


@pytest.mark.parametrize(("operation", "name", "value", "code"), WRONGS, ids=name_of)
async def test_wrong_parameter_is_refused(
    benches: tuple[Bench, ...], operation: Operation, name: str, value: object, code: str
) -> None:
    for bench in benches:
        response = await bench.send(operation, good(operation) | {name: value})

        bench.check(operation, response, code)


@pytest.mark.parametrize(("operation", "name"), REQUIRED, ids=name_of)
async def test_missing_parameter_is_refused(
    benches: tuple[Bench, ...], operation: Operation, name: str
) -> None:
    parameters = good(operation)
    parameters.pop(name, None)

    for bench in benches:
        bench.check(operation, await bench.send(operation, parameters), INVALID)


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.requires_one_of], ids=name_of)
async def test_missing_alternatives_are_refused(
    benches: tuple[Bench, ...], operation: Operation
) -> None:
    parameters = good(operation)
    for name in operation.requires_one_of:
        parameters.pop(name, None)

    for bench in benches:
        bench.check(operation, await bench.send(operation, parameters), INVALID)


@pytest.mark.parametrize(("operation", "name"), OF_A_WALLET, ids=name_of)
async def test_unknown_wallet_is_refused(
    benches: tuple[Bench, ...], operation: Operation, name: str
) -> None:
    for bench in benches:
        for unknown in ("1", ROUNDED_ID, str(2**59)):
            response = await bench.send(operation, good(operation) | {name: unknown})

            bench.check(operation, response, "G20013")


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
@pytest.mark.parametrize(
    ("key", "code"),
    [(None, "G20016"), ("elsewhere", "G20011"), ("expired", "G20028")],
    ids=["without the permission", "off its list of addresses", "expired"],
)
async def test_key_that_may_not_is_refused(
    benches: tuple[Bench, ...], operation: Operation, key: str | None, code: str
) -> None:
    key = key or key_without(operation.permission)

    for bench in benches:
        bench.check(operation, await bench.send(operation, good(operation), key=key), code)


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_timestamp_stale_ahead_or_missing_is_refused(
    benches: tuple[Bench, ...], operation: Operation
) -> None:
    for bench in benches:
        for timestamp, code in (
            (bench.clock.now_ms - 60_001, "G20007"),
            (bench.clock.now_ms + 60_001, "G20007"),
            ("", "G20006"),
        ):
            response = await bench.send(operation, good(operation) | {"timestamp": timestamp})

            bench.check(operation, response, code)


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_signature_of_another_key_is_refused(
    benches: tuple[Bench, ...], operation: Operation
) -> None:
    for bench in benches:
        caller = bench.caller()
        caller.private = bench.caller("elsewhere").private

        bench.check(operation, await send_with(caller, operation, good(operation)), "G20009")


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_request_without_credentials_is_refused(
    benches: tuple[Bench, ...], operation: Operation
) -> None:
    for bench in benches:
        response = await bench.caller().http.request(operation.method, operation.path)

        bench.check(operation, response, "G20008")
