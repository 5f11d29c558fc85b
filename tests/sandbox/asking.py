"""Questions the tests of money ask again and again, of the API and of the ledger."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from runner.sandbox.directory import Sandbox
from runner.sandbox.orders import Account
from tests.sandbox.replies import ask, call
from tests.sandbox.signed_caller import Caller, code_of

DAY_MS = 24 * 3600 * 1000


async def refusal(caller: Caller, operation_id: str, **given: object) -> str:
    """Send a request that is refused and return the code."""
    return code_of(await call(caller, operation_id, **given))


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
