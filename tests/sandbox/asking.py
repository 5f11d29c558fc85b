"""Requests by operation id, with every good answer held against the description of the API."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from runner.catalogue.load import load_api
from runner.sandbox.directory import Sandbox
from runner.sandbox.orders import Account
from tests.client.samples import schema_of
from tests.sandbox.signed_caller import Caller, code_of, data_of

DAY_MS = 24 * 3600 * 1000


async def ask(caller: Caller, operation_id: str, **given: object) -> Any:  # noqa: ANN401 - as data_of
    """Send a request and return the data of its answer, which fits the description."""
    operation = load_api().operations[operation_id]
    send = caller.post if operation.method == "POST" else caller.get
    response = await send(operation.path, **given)
    data = data_of(response)
    schema_of(operation).validate(response.json())
    return data


async def refusal(caller: Caller, operation_id: str, **given: object) -> str:
    """Send a request that is refused and return the code."""
    operation = load_api().operations[operation_id]
    send = caller.post if operation.method == "POST" else caller.get
    return code_of(await send(operation.path, **given))


def window(caller: Caller) -> dict[str, int]:
    """Return the last day and a page large enough for a test."""
    now_ms = caller.clock.now_ms
    return {"startTime": now_ms - DAY_MS, "endTime": now_ms, "pageNo": 1, "pageLimit": 25}


async def rows(caller: Caller, operation_id: str, **given: object) -> list[dict[str, Any]]:
    """Return the rows of the last day, or what the filters make of them."""
    page = await ask(caller, operation_id, **(window(caller) | given))
    found: list[dict[str, Any]] = page["data"]
    return found


def held(sandbox: Sandbox) -> dict[Account, Decimal]:
    """Return what every account holds."""
    return {each.account: each.amount for each in sandbox.ledger.balances()}


def moved(sandbox: Sandbox, before: Mapping[Account, Decimal]) -> dict[str, Decimal]:
    """Return what changed since then, by the account's name; the ledger adds up."""
    assert sandbox.ledger.check() == ()
    after = held(sandbox)
    changes = {str(k): v - before.get(k, Decimal(0)) for k, v in after.items()}
    return {account: change for account, change in changes.items() if change}
