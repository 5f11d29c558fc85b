from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from runner.sandbox.directory import Sandbox
from runner.sandbox.incoming import DepositRefused, IncomingDeposit, receive_deposit
from runner.sandbox.orders import Account, AccountKind, Family, Order
from runner.sandbox.switches import RowOrder, Switches, UnknownId
from runner.sandbox.world import Timing, Timings, World
from tests.sandbox.conftest import CallerOf, MakeSandbox
from tests.sandbox.replies import ask, call
from tests.sandbox.signed_caller import Caller, SteppedClock, code_of
from tests.sandbox.worlds import (
    BETA_DESK,
    BETA_PRIME,
    COSIGN,
    CUSTODY,
    DESK_01,
    DESK_02,
    PRIME,
    switched,
    tied,
    with_beta,
    with_chain,
)

EVER = {"startTime": 0, "endTime": 9_999_999_999_999}
RECENT = {"startTime": 1_795_340_000_000, "endTime": 1_795_350_000_000}
"""Some hours around the beginning of every test."""
USDT = IncomingDeposit(coin="USDT", network="ETH", amount=Decimal("250.5"))
TO_CUSTODY = replace(USDT, wallet="acme/custody-01")


def deposit(sandbox: Sandbox, incoming: IncomingDeposit = TO_CUSTODY) -> Order:
    with sandbox.ledger.transaction() as books:
        return receive_deposit(sandbox.world, books, incoming)


def held(sandbox: Sandbox, wallet: str, coin: str = "USDT", network: str = "") -> Decimal:
    with sandbox.ledger.transaction() as books:
        return books.balance(Account(AccountKind.CUSTODY, wallet, coin, network)).amount


async def history(caller: Caller, wallet: str, **given: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (
        await ask(caller, "deposit.history", walletId=wallet, **EVER | given)
    )["data"]
    return rows


async def test_deposit_is_credited_when_it_is_confirmed(
    sandbox: Sandbox, reader: Caller, clock: SteppedClock
) -> None:
    deposit(sandbox)

    seen = []
    for _ in range(5):
        (row,) = await history(reader, CUSTODY)
        seen.append(
            (row["status"], row["confirmedBlockCount"], held(sandbox, CUSTODY, "USDT", "ETH"))
        )
        clock.step(1)

    before, after = Decimal(1_000_000), Decimal("1000250.5")
    assert seen == [
        (10, 0, before),
        (20, 0, before),
        (30, 1, before),
        (30, 1, before),
        (40, 12, after),
    ]
    assert sandbox.ledger.check() == ()


async def test_deposit_that_fails_credits_nothing(
    sandbox: Sandbox, reader: Caller, clock: SteppedClock
) -> None:
    deposit(sandbox, replace(TO_CUSTODY, fails=True))
    clock.step(60)

    (row,) = await history(reader, CUSTODY)

    assert row["status"] == 99
    assert held(sandbox, CUSTODY, "USDT", "ETH") == 1_000_000
    assert sandbox.ledger.check() == ()


async def test_lifecycle_follows_the_timings_of_the_world(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World, clock: SteppedClock
) -> None:
    timing = Timing(in_progress_after_ms=0, success_after_ms=60_000, confirmed_after_ms=600_000)
    sandbox = make_sandbox(replace(world, timings=Timings(deposit=timing)))
    reader = caller_of(sandbox, "reader")
    deposit(sandbox)

    statuses = []
    for seconds in (0, 59.999, 0.001, 599.999, 0.001):
        clock.step(seconds)
        statuses.append((await history(reader, CUSTODY))[0]["status"])

    assert statuses == [20, 20, 30, 30, 40]


async def test_deposit_is_shown_with_all_that_is_known_of_it(
    sandbox: Sandbox, reader: Caller, clock: SteppedClock
) -> None:
    address = await ask(reader, "deposit.address.get", walletId=CUSTODY, network="ETH")
    order = deposit(sandbox, replace(TO_CUSTODY, tx_id="0xabc", from_address="0xsender"))

    (row,) = await history(reader, CUSTODY)

    assert row == {
        "orderViewId": order.id,
        "txId": "0xabc",
        "transferType": 10,
        "direction": 10,
        "fromAddress": "0xsender",
        "toAddress": address["walletAddress"],
        "network": "ETH",
        "coinSymbol": "USDT",
        "amount": "250.5",
        "feeSymbol": "USDT",
        "feeAmount": None,
        "status": 10,
        "confirmedBlockCount": 0,
        "unlockConfirm": 12,
        "maxConfirmBlock": 12,
        "currentBlock": None,
        "memo": None,
        "txTime": clock.now_ms,
        "walletId": int(CUSTODY),
        "requestId": None,
    }


async def test_prime_wallet_holds_without_a_network_what_came_over_one(
    sandbox: Sandbox, reader: Caller, clock: SteppedClock
) -> None:
    deposit(sandbox, replace(USDT, wallet=PRIME, network="BSC"))
    clock.step(4)

    (row,) = await history(reader, PRIME)

    assert (row["network"], row["status"]) == ("BSC", 40)
    assert held(sandbox, PRIME) == Decimal("2000250.5")
    assert sandbox.ledger.check() == ()


async def test_address_and_memo_say_whose_the_deposit_is(
    sandbox: Sandbox, reader: Caller, clock: SteppedClock
) -> None:
    to = await ask(
        reader, "subwallet.deposit.address.get", walletId=DESK_02, network="XRP", coinSymbol="XRP"
    )
    incoming = IncomingDeposit(
        coin="XRP",
        network="XRP",
        amount=Decimal(40),
        address=to["walletAddress"],
        memo=to["memo"],
    )
    order = deposit(sandbox, incoming)
    clock.step(4)

    (row,) = await ask(reader, "deposit.detail", orderViewId=order.id, memo=to["memo"])

    assert (row["toAddress"], row["memo"]) == (to["walletAddress"], to["memo"])
    assert held(sandbox, DESK_02, "XRP") == 40
    with pytest.raises(DepositRefused, match="is no deposit address on XRP, or not with this memo"):
        deposit(sandbox, replace(incoming, memo="1"))


async def test_address_asked_for_one_coin_takes_another_of_its_network(
    sandbox: Sandbox, reader: Caller
) -> None:
    to = await ask(reader, "deposit.address.get", walletId=CUSTODY, network="ETH", coinSymbol="ETH")

    order = deposit(sandbox, replace(USDT, address=to["walletAddress"]))

    assert (order.owner, order.coin) == (CUSTODY, "USDT")


@pytest.mark.parametrize(
    ("incoming", "words"),
    [
        (replace(TO_CUSTODY, coin="DOGE"), "'DOGE' is no coin of this sandbox"),
        (replace(TO_CUSTODY, network="TRX"), "USDT is not on 'TRX'"),
        (replace(TO_CUSTODY, amount=Decimal(0)), "is above zero and has at most 6 decimals"),
        (replace(TO_CUSTODY, amount=Decimal("0.0000001")), "has at most 6 decimals"),
        (replace(TO_CUSTODY, wallet="acme/nobody"), "'acme/nobody' is no wallet of this sandbox"),
        (replace(USDT, address="0x1"), "'0x1' is no deposit address on ETH"),
        (USDT, "'' is no deposit address on ETH"),
    ],
)
async def test_deposit_that_no_chain_would_carry_is_refused(
    sandbox: Sandbox, incoming: IncomingDeposit, words: str
) -> None:
    with pytest.raises(DepositRefused, match=words):
        deposit(sandbox, incoming)

    assert sandbox.ledger.orders() == ()


async def test_address_of_another_network_is_refused(sandbox: Sandbox, reader: Caller) -> None:
    to = await ask(reader, "deposit.address.get", walletId=CUSTODY, network="ETH")

    with pytest.raises(DepositRefused, match="is no deposit address on BSC"):
        deposit(sandbox, replace(USDT, network="BSC", address=to["walletAddress"]))


async def test_closed_network_takes_no_deposit(make_sandbox: MakeSandbox, world: World) -> None:
    closed = replace(world.coins[0].chains[0], deposit_enabled=False)
    sandbox = make_sandbox(with_chain(world, "USDT", closed))

    with pytest.raises(DepositRefused, match="deposits of USDT on ETH are disabled"):
        deposit(sandbox)


async def test_history_is_filtered_and_paged(
    sandbox: Sandbox, reader: Caller, clock: SteppedClock
) -> None:
    first = deposit(sandbox)
    clock.step(10)
    second = deposit(sandbox, replace(TO_CUSTODY, network="BSC"))
    third = deposit(sandbox, replace(TO_CUSTODY, coin="ETH"))

    async def ids(**given: object) -> list[str]:
        return [row["orderViewId"] for row in await history(reader, CUSTODY, **given)]

    assert await ids() == [first.id, second.id, third.id]
    assert await ids(coinSymbol="USDT") == [first.id, second.id]
    assert await ids(network="ETH") == [first.id, third.id]
    assert await ids(startTime=first.accepted_ms + 1) == [second.id, third.id]
    assert await ids(endTime=first.accepted_ms) == [first.id]
    assert await ids(pageNo=2, pageLimit=2) == [third.id]
    assert await history(reader, PRIME) == []


async def test_history_comes_in_the_order_and_at_the_time_of_the_world(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World, clock: SteppedClock
) -> None:
    switches = Switches(row_order=RowOrder.NEWEST_FIRST, visibility_delay_ms=500)
    sandbox = make_sandbox(switched(world, switches))
    reader = caller_of(sandbox, "reader")
    first = deposit(sandbox)
    hidden = (
        await history(reader, CUSTODY),
        await ask(reader, "deposit.detail", orderViewId=first.id),
    )
    clock.step(1)
    second = deposit(sandbox)
    clock.step(1)

    rows = await history(reader, CUSTODY)

    assert hidden == ([], None)
    assert [row["orderViewId"] for row in rows] == [second.id, first.id]


async def test_detail_finds_every_deposit_of_a_transaction(
    sandbox: Sandbox, reader: Caller
) -> None:
    first = deposit(sandbox, replace(TO_CUSTODY, tx_id="0xbatch", from_address="0xa"))
    second = deposit(sandbox, replace(USDT, wallet=COSIGN, tx_id="0xbatch", from_address="0xb"))
    deposit(sandbox)

    both = await ask(reader, "deposit.detail", txId="0xbatch")
    one = await ask(reader, "deposit.detail", txId="0xbatch", address="0xb")
    by_id = await ask(reader, "deposit.detail", orderViewId=first.id)
    older = await ask(reader, "deposit.detail_v1", txId="0xbatch")

    assert [row["orderViewId"] for row in both] == [first.id, second.id]
    assert [row["orderViewId"] for row in one] == [second.id]
    assert [row["orderViewId"] for row in by_id] == [first.id]
    assert older["orderViewId"] == first.id
    assert await ask(reader, "deposit.detail", txId="0xbatch", memo="7") is None
    assert await ask(reader, "deposit.detail", txId="0x0", orderViewId=first.id) is None


async def test_made_up_transactions_differ(sandbox: Sandbox) -> None:
    made = {deposit(sandbox).details["tx_id"] for _ in range(3)}

    assert len(made) == 3


async def test_unknown_deposit_is_null(reader: Caller) -> None:
    assert await ask(reader, "deposit.detail", txId="0x0") is None
    assert await ask(reader, "deposit.detail_v1", txId="0x0") is None


async def test_unknown_deposit_can_be_an_error(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    sandbox = make_sandbox(switched(world, Switches(unknown_id=UnknownId.ERROR)))
    reader = caller_of(sandbox, "reader")

    assert code_of(await call(reader, "deposit.detail", orderViewId="1")) == "G20005"
    assert code_of(await call(reader, "deposit.detail_v1", txId="0x0")) == "G20005"


async def test_sub_wallets_are_asked_together_or_alone(sandbox: Sandbox, reader: Caller) -> None:
    first = deposit(sandbox, replace(USDT, wallet="acme/desk-01"))
    second = deposit(sandbox, replace(USDT, wallet="acme/desk-02"))
    deposit(sandbox, replace(USDT, wallet="acme/prime-01"))

    both = await ask(reader, "subwallet.deposit.history", walletId=PRIME, **RECENT)
    one = await ask(reader, "subwallet.deposit.history", walletId=DESK_02, **RECENT)
    older = await ask(reader, "subwallet.deposit.history_v1", walletId=DESK_01, **RECENT)

    assert [row["walletIdStr"] for row in both["data"]] == [DESK_01, DESK_02]
    assert [row["orderViewId"] for row in one["data"]] == [second.id]
    assert [(row["orderViewId"], row["walletId"]) for row in older["data"]] == [
        (first.id, int(DESK_01))
    ]
    assert "walletId" not in both["data"][0]


async def test_sub_wallet_that_collects_sends_its_deposit_on(
    sandbox: Sandbox, reader: Caller, clock: SteppedClock
) -> None:
    order = deposit(sandbox, replace(USDT, wallet="acme/desk-01"))
    clock.step(4)
    credited = (held(sandbox, DESK_01), held(sandbox, PRIME))
    clock.step(1)

    collected = (held(sandbox, DESK_01), held(sandbox, PRIME))

    assert credited == (Decimal("75250.5"), Decimal(2_000_000))
    assert collected == (Decimal(75_000), Decimal("2000250.5"))
    transfer = sandbox.ledger.orders()[1]
    assert (transfer.family, transfer.type) == (Family.INTERNAL_TRANSFER, 70)
    assert (transfer.owner, transfer.other_owner, transfer.amount) == (DESK_01, PRIME, order.amount)
    assert (transfer.status, transfer.request_id, transfer.key_name) == (30, "", "")
    assert transfer.accepted_ms == order.accepted_ms + 4_000
    assert sandbox.ledger.check() == ()


async def test_collection_happens_at_its_time_however_late_somebody_looks(
    sandbox: Sandbox, clock: SteppedClock
) -> None:
    order = deposit(sandbox, replace(USDT, wallet="acme/desk-01"))
    clock.step(3_600)

    transfer = sandbox.ledger.orders()[1]

    assert (transfer.status, transfer.changed_ms) == (30, order.accepted_ms + 5_000)
    assert sandbox.ledger.check() == ()


@pytest.mark.parametrize(("wallet", "fails"), [("acme/desk-02", False), ("acme/desk-01", True)])
async def test_nothing_is_collected_without_auto_collection_or_from_a_failed_deposit(
    sandbox: Sandbox, clock: SteppedClock, wallet: str, fails: bool
) -> None:
    deposit(sandbox, replace(USDT, wallet=wallet, fails=fails))
    clock.step(60)

    assert len(sandbox.ledger.orders()) == 1


async def test_auto_collection_that_is_switched_off_in_time_collects_nothing(
    sandbox: Sandbox, operator: Caller, clock: SteppedClock
) -> None:
    deposit(sandbox, replace(USDT, wallet="acme/desk-01"))
    await ask(operator, "subwallet.update", walletId=DESK_01, autoCollection=0)
    clock.step(60)

    assert len(sandbox.ledger.orders()) == 1


@pytest.mark.parametrize(
    ("operation", "given", "code"),
    [
        ("deposit.history", {"walletId": DESK_01, **EVER}, "G20030"),
        ("deposit.history", {"walletId": "1", **EVER}, "G20013"),
        ("deposit.history", {"walletId": CUSTODY, **EVER, "coinSymbol": "DOGE"}, "G20005"),
        ("deposit.history", {"walletId": CUSTODY, "startTime": 2, "endTime": 1}, "G20005"),
        ("deposit.history", {"walletId": CUSTODY, "startTime": 2}, "G20005"),
        ("deposit.detail", {}, "G20005"),
        ("deposit.detail_v1", {}, "G20005"),
        ("subwallet.deposit.history", {"walletId": CUSTODY, **RECENT}, "G20027"),
        ("subwallet.deposit.history", {"walletId": PRIME, **EVER}, "G20026"),
        ("subwallet.deposit.history_v1", {"walletId": PRIME, **RECENT}, "G20018"),
    ],
)
async def test_invalid_question_is_refused(
    reader: Caller, operation: str, given: dict[str, Any], code: str
) -> None:
    assert code_of(await call(reader, operation, **given)) == code


async def test_deposits_of_another_entity_do_not_exist(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    sandbox = make_sandbox(with_beta(world))
    reader, beta = caller_of(sandbox, "reader"), caller_of(sandbox, "beta")
    order = deposit(sandbox, replace(USDT, wallet="beta/desk-01", tx_id="0xbeta"))

    assert await ask(reader, "deposit.detail", orderViewId=order.id) is None
    assert await ask(reader, "deposit.detail_v1", txId="0xbeta") is None
    for wallet, operation in (
        (BETA_PRIME, "deposit.history"),
        (BETA_PRIME, "subwallet.deposit.history"),
        (BETA_DESK, "subwallet.deposit.history_v1"),
    ):
        assert code_of(await call(reader, operation, walletId=wallet, **RECENT)) == "G20013"
    (own,) = await ask(beta, "deposit.detail", orderViewId=order.id)
    assert own["walletId"] == int(BETA_DESK)


async def test_key_that_is_tied_sees_the_deposits_of_its_wallets(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    sandbox = make_sandbox(tied(world, "acme/desk-02"))
    operator = caller_of(sandbox, "operator")
    mine = deposit(sandbox, replace(USDT, wallet="acme/desk-02", tx_id="0x7"))
    deposit(sandbox, replace(USDT, wallet="acme/desk-01", tx_id="0x7"))

    found = await ask(operator, "deposit.detail", txId="0x7")
    listed = await ask(operator, "subwallet.deposit.history", walletId=DESK_02, **RECENT)

    assert [row["orderViewId"] for row in found] == [mine.id]
    assert [row["orderViewId"] for row in listed["data"]] == [mine.id]
    denied = await call(operator, "subwallet.deposit.history", walletId=PRIME, **RECENT)
    assert code_of(denied) == "G20013"
