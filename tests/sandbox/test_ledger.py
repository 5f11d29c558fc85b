import asyncio
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runner.core.clock import SystemClock
from runner.sandbox.audit import audit
from runner.sandbox.books import LoggedRequest
from runner.sandbox.directory import Sandbox, open_sandbox
from runner.sandbox.ledger import Ledger, LedgerRefused
from runner.sandbox.orders import Account, AccountKind
from runner.sandbox.world import World
from runner.sandbox.world_file import default_world
from tests.sandbox.conftest import CallerOf, MakeSandbox
from tests.sandbox.signed_caller import Caller, SteppedClock

CREATE = "/open-api/v1/mirrorX/order"
APPLY = "/open-api/v1/mirror/asset/apply"
SETTLE = "/open-api/v1/mirror/asset/settle"
ORDER: dict[str, Any] = {
    "mirrorXLinkId": 7127,
    "orderType": 10,
    "coinSymbol": "USDT",
    "amount": "5",
}
PRIME_USDT = Account(AccountKind.CUSTODY, "306718327844294657", "USDT")
LINE = LoggedRequest(method="GET", path="/", code="000000")
DELEGATED_USDT = Account(AccountKind.DELEGATED, "7127", "USDT")

# One process of many on one sandbox: sends orders of 1 USDT until it is done or killed, and says
# which were accepted.
SENDER = """
import asyncio, sys
from pathlib import Path
from runner.core.clock import SystemClock
from runner.sandbox.directory import open_sandbox
from runner.sandbox.world_file import default_world
from tests.sandbox.signed_caller import Caller, http_for

folder, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

class Clock(SystemClock):
    @property
    def now_ms(self):
        return int(self.now().timestamp() * 1000)

async def main():
    clock = Clock()
    sandbox = open_sandbox(folder, default_world(), clock)
    caller = Caller(sandbox.keys["operator"], clock, http_for(sandbox.app))
    for number in range(first, first + count):
        response = await caller.post(
            "/open-api/v1/mirrorX/order",
            mirrorXLinkId=7127, orderType=10, coinSymbol="USDT", amount="1", requestId=number,
        )
        print(number, response.json()["code"], flush=True)

asyncio.run(main())
"""


def start_sender(
    folder: Path, first: int, count: int, stderr: int | None = None
) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SENDER, str(folder), str(first), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)


def amount_in(ledger: Ledger, account: Account) -> Decimal:
    return next(b.amount for b in ledger.balances() if b.account == account)


def test_opening_balances_are_the_worlds(sandbox: Sandbox) -> None:
    amounts = {str(b.account): b.amount for b in sandbox.ledger.balances()}

    assert amounts["custody/306718327844294657/USDT"] == 2_000_000
    assert amounts["custody/374671162262925312/ETH/ETH"] == Decimal("800.125")
    assert amounts["mirrored/1450411129215791001/BTC/BTC"] == Decimal("1.25")
    assert amounts["delegated/7128/ETH"] == 30
    assert amounts["exchange/854038747/USDT"] == Decimal("1500.25")
    assert amounts["opening/world/ETH"] == Decimal("-2030.125")
    assert sandbox.ledger.check() == ()


async def test_entry_carries_the_moment_of_success_whoever_looks_first(
    sandbox: Sandbox, operator: Caller, clock: SteppedClock
) -> None:
    accepted_ms = clock.now_ms
    await operator.post(CREATE, **ORDER, requestId="1")
    clock.step(86_400)

    _, entry = sandbox.ledger.entries()

    assert entry.at_ms == accepted_ms + 2000
    assert dict(entry.postings) == {PRIME_USDT: Decimal(-5), DELEGATED_USDT: Decimal(5)}


async def test_clock_that_is_set_back_changes_no_status(
    sandbox: Sandbox, operator: Caller, clock: SteppedClock
) -> None:
    await operator.post(CREATE, **ORDER, requestId="1")
    clock.step(2)
    assert [order.status for order in sandbox.ledger.orders()] == [30]

    clock.step(-2)

    assert [order.status for order in sandbox.ledger.orders()] == [30]
    assert sandbox.ledger.check() == ()


async def test_everything_is_kept_over_a_restart(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World, clock: SteppedClock
) -> None:
    before = make_sandbox(world)
    await caller_of(before, "operator").post(CREATE, **ORDER, requestId="1")
    await caller_of(before, "reader").post(CREATE, **ORDER, requestId="2")
    clock.step(1)
    kept = (before.ledger.balances(), before.ledger.orders(), before.ledger.requests())
    before.close()

    after = make_sandbox(world)

    assert (after.ledger.balances(), after.ledger.orders(), after.ledger.requests()) == kept
    assert after.keys == before.keys
    response = await caller_of(after, "operator").post(CREATE, **ORDER, requestId="1")
    assert response.json()["code"] == "G20015"
    clock.step(1)
    assert amount_in(after.ledger, DELEGATED_USDT) == 250_005
    assert after.ledger.check() == ()


async def test_two_openings_of_one_sandbox_see_each_other(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World, clock: SteppedClock
) -> None:
    one, other = make_sandbox(world), make_sandbox(world)
    sent = [
        caller_of(box, "operator").post(CREATE, **ORDER, requestId=number)
        for number in range(10)
        for box in (one, other)
    ]

    codes = [response.json()["code"] for response in await asyncio.gather(*sent)]

    assert sorted(codes) == ["000000"] * 10 + ["G20015"] * 10
    clock.step(2)
    assert amount_in(one.ledger, DELEGATED_USDT) == 250_050
    assert other.ledger.orders() == one.ledger.orders()
    assert one.ledger.check() == ()


def test_transaction_that_fails_leaves_nothing(sandbox: Sandbox) -> None:
    before = sandbox.ledger.requests(), sandbox.ledger.balances()

    def log_and_fail() -> None:
        with sandbox.ledger.transaction() as books:
            books.log(LINE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        log_and_fail()

    assert (sandbox.ledger.requests(), sandbox.ledger.balances()) == before


def test_savepoint_undoes_its_body_alone(sandbox: Sandbox) -> None:
    with sandbox.ledger.transaction() as books:
        books.log(LINE)
        with suppress(RuntimeError), books.savepoint():
            books.log(LINE)
            raise RuntimeError
        books.log(LINE)

    assert [request.number for request in sandbox.ledger.requests()] == [1, 2]


def test_ledger_of_another_world_is_refused(sandbox: Sandbox, clock: SteppedClock) -> None:
    path = sandbox.folder / "ledger.sqlite"

    with pytest.raises(LedgerRefused, match="another world"):
        Ledger.open(path, clock=clock, world_digest="sha256:other")


def test_file_that_is_no_ledger_is_refused(tmp_path: Path, clock: SteppedClock) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"not a database, but long enough to be looked at" * 50)

    with pytest.raises(LedgerRefused, match="not a sandbox ledger"):
        Ledger.open(path, clock=clock, world_digest="sha256:any")


def test_ledger_survives_a_kill_at_any_moment(tmp_path: Path, key_folder: Path) -> None:
    folder = tmp_path / "killed"
    shutil.copytree(key_folder, folder / "keys")
    told: list[str] = []
    for round_number in range(3):
        sender = start_sender(folder, first=round_number * 1000, count=1000)
        assert sender.stdout is not None
        told += [sender.stdout.readline() for _ in range(5 + 7 * round_number)]
        sender.send_signal(signal.SIGKILL)
        told += sender.stdout.readlines()
        sender.stdout.close()
        sender.wait()

    with closing(open_sandbox(folder, default_world(), SystemClock())) as sandbox:
        orders = sandbox.ledger.orders()
        accepted = {order.request_id for order in orders}
        assert sandbox.ledger.check() == ()
        # Every answer that was seen is true; at most one a kill was carried out unseen.
        assert {line.split()[0] for line in told if line.endswith("000000\n")} <= accepted
        assert len(told) <= len(accepted) <= len(told) + 3
        assert len(sandbox.ledger.requests()) == len(accepted)


def test_processes_at_once_share_one_truth(tmp_path: Path, key_folder: Path) -> None:
    folder = tmp_path / "shared"
    shutil.copytree(key_folder, folder / "keys")

    # The two halves overlap in 20 requestIds.
    senders = [
        start_sender(folder, first=first, count=40, stderr=subprocess.PIPE) for first in (0, 20)
    ]
    told = [sender.communicate() for sender in senders]

    assert [complaint for _, complaint in told] == ["", ""]
    codes = [line.split()[1] for text, _ in told for line in text.splitlines()]
    assert (codes.count("000000"), codes.count("G20015")) == (60, 20)
    with closing(open_sandbox(folder, default_world(), SystemClock())) as sandbox:
        assert len(sandbox.ledger.orders()) == 60
        assert len(sandbox.ledger.requests()) == 80
        assert sandbox.ledger.check() == ()


DAMAGE = {
    "UPDATE posting SET amount = '6' WHERE amount = '5'": "entry 2 leaves 1 USDT over",
    "UPDATE account SET balance = '1' WHERE kind = 'exchange' AND balance = '0'": "says 1 and its",
    "UPDATE account SET balance = '-1' WHERE kind = 'exchange' AND balance = '0'": "less than",
    "DELETE FROM request": "was caused by 0 requests",
    "UPDATE request SET order_id = 'x'": "was answered with x, which is no order",
    "UPDATE leg SET amount = '7'": "does not move what order",
    "UPDATE entry SET order_number = NULL": "there are 2 opening entries",
    "INSERT INTO entry VALUES (9, 0, 99)": "entry 9 belongs to no order",
    "UPDATE orders SET settled = 0": "1 entries where 0 belong",
    "UPDATE orders SET changed_ms = 0": "is settled: True",
}


@pytest.mark.parametrize("statement", DAMAGE)
async def test_audit_finds_damage(
    sandbox: Sandbox, operator: Caller, clock: SteppedClock, statement: str
) -> None:
    await operator.post(CREATE, **ORDER, requestId="1")
    clock.step(2)
    assert sandbox.ledger.check() == ()

    with closing(sqlite3.connect(sandbox.folder / "ledger.sqlite")) as db, db:
        db.execute(statement)

    assert any(DAMAGE[statement] in finding for finding in sandbox.ledger.check())


async def test_audit_finds_more_reserved_than_held(sandbox: Sandbox, operator: Caller) -> None:
    await operator.post(CREATE, **ORDER, requestId="1")
    ledger = sandbox.ledger

    balances = [
        replace(b, reserved=b.amount + 1) if b.account == PRIME_USDT else b
        for b in ledger.balances()
    ]

    (finding,) = audit(
        balances=balances,
        entries=ledger.entries(),
        orders=ledger.orders(),
        requests=ledger.requests(),
    )
    assert "custody/306718327844294657/USDT" in finding
