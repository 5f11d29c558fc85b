from decimal import Decimal
from typing import Any

import pytest

from runner.sandbox.books import stages_text
from runner.sandbox.directory import Sandbox
from runner.sandbox.orders import stages_of
from runner.sandbox.switches import UnknownId
from runner.sandbox.world import Timing
from tests.sandbox.asking import held, moved, refusal, rows, window
from tests.sandbox.conftest import CallerOf, MakeWide
from tests.sandbox.replies import ask
from tests.sandbox.signed_caller import Caller, SteppedClock
from tests.sandbox.wide_world import (
    BROKER,
    BROKER_BTC,
    COSIGN,
    CUSTODY,
    DESK_2,
    FOREIGN_CUSTODY,
    FOREIGN_PRIME,
    PRIME,
    VENUE,
    XRP_ADDRESS,
)

PAY: dict[str, Any] = {
    "walletId": CUSTODY,
    "coinSymbol": "USDT",
    "network": "ETH",
    "amount": "1000.5",
    "withdrawalAddress": BROKER,
    "requestId": "w-1",
}
MOVE: dict[str, Any] = {
    "walletId": PRIME,
    "coinSymbol": "USDT",
    "network": "ETH",
    "amount": "5",
    "toWalletIdStr": FOREIGN_CUSTODY,
    "requestId": "m-1",
}


async def test_withdrawal_on_the_chain_pays_the_amount_and_the_fee_on_top(
    acme: Caller, wide: Sandbox, clock: SteppedClock
) -> None:
    before = held(wide)

    accepted = await ask(acme, "withdrawal.create", **PAY)
    assert accepted == {
        "orderViewId": accepted["orderViewId"],
        "status": 10,
        "transferType": 10,
    }
    assert moved(wide, before) == {}
    clock.step(2)

    assert moved(wide, before) == {
        f"custody/{CUSTODY}/USDT/ETH": Decimal(-1004),
        "outside/world/USDT/ETH": Decimal("1000.5"),
        "fees/world/USDT": Decimal("3.5"),
    }
    assert wide.ledger.check() == ()


async def test_withdrawal_goes_from_pending_to_confirmed(
    acme: Caller, wide: Sandbox, clock: SteppedClock
) -> None:
    accepted = await ask(acme, "withdrawal.create", **PAY)
    seen = []
    for _ in range(5):
        row = await ask(acme, "withdrawal.detail", requestId="w-1")
        seen.append((row["status"], bool(row["txId"]), row["confirmedBlockCount"]))
        clock.step(1)

    assert seen == [(10, False, 0), (20, False, 0), (30, True, 0), (30, True, 6), (40, True, 12)]
    assert await ask(acme, "withdrawal.detail", orderViewId=accepted["orderViewId"]) == {
        "orderViewId": accepted["orderViewId"],
        "txId": row["txId"],
        "transferType": 10,
        "direction": 20,
        "fromAddress": None,
        "toAddress": BROKER,
        "network": "ETH",
        "coinSymbol": "USDT",
        "amount": "1004",
        "feeSymbol": "USDT",
        "feeAmount": "3.5",
        "status": 40,
        "confirmedBlockCount": 12,
        "unlockConfirm": 12,
        "maxConfirmBlock": 12,
        "memo": None,
        "txTime": str(clock.now_ms - 3000),
        "walletStr": CUSTODY,
        "requestId": "w-1",
    }
    assert row["txId"].startswith("0x")
    assert len(row["txId"]) == 66
    assert wide.ledger.check() == ()


async def test_fee_of_another_coin_is_taken_there_and_not_listed_in_the_amount(
    acme: Caller, wide: Sandbox, clock: SteppedClock
) -> None:
    before = held(wide)

    await ask(acme, "withdrawal.create", **PAY | {"network": "BASE", "amount": "100"})
    clock.step(4)

    assert moved(wide, before) == {
        f"custody/{CUSTODY}/USDT/BASE": Decimal(-100),
        f"custody/{CUSTODY}/ETH/ETH": Decimal("-0.0004"),
        "outside/world/USDT/BASE": Decimal(100),
        "fees/world/ETH": Decimal("0.0004"),
    }
    row = await ask(acme, "withdrawal.detail", requestId="w-1")
    assert (row["amount"], row["feeSymbol"], row["feeAmount"]) == ("100", "ETH", "0.0004")
    assert wide.ledger.check() == ()


async def test_prime_wallet_pays_from_where_it_has_no_networks(
    acme: Caller, wide: Sandbox, clock: SteppedClock
) -> None:
    before = held(wide)

    await ask(acme, "withdrawal.create", **PAY | {"walletId": PRIME, "network": "BASE"})
    clock.step(4)

    assert moved(wide, before) == {
        f"custody/{PRIME}/USDT": Decimal("-1000.5"),
        f"custody/{PRIME}/ETH": Decimal("-0.0004"),
        "outside/world/USDT/BASE": Decimal("1000.5"),
        "fees/world/ETH": Decimal("0.0004"),
    }
    assert (await ask(acme, "withdrawal.detail", requestId="w-1"))["network"] == "BASE"


async def test_network_without_a_fee_is_free(
    acme: Caller, wide: Sandbox, clock: SteppedClock
) -> None:
    before = held(wide)

    await ask(acme, "withdrawal.create", **PAY | {"network": "FREE", "amount": "500"})
    clock.step(4)

    assert moved(wide, before) == {
        f"custody/{CUSTODY}/USDT/FREE": Decimal(-500),
        "outside/world/USDT/FREE": Decimal(500),
    }
    row = await ask(acme, "withdrawal.detail", requestId="w-1")
    assert (row["feeSymbol"], row["feeAmount"]) == ("USDT", "0")


BTC: dict[str, Any] = {
    "walletId": CUSTODY,
    "coinSymbol": "BTC",
    "network": "BTC",
    "amount": "0.5",
    "withdrawalAddress": BROKER_BTC,
    "requestId": "7",
}


@pytest.mark.parametrize(
    ("operation", "more", "amounts"),
    [
        ("withdrawal.create", {}, ("0.5002", "0.5", "0.0002")),
        ("withdrawal.create_v1", {"toWalletIdStr": ""}, ("0.5", "0.4998", "0.0002")),
        (
            "withdrawal.create_v1",
            {"toWalletIdStr": "", "customizeFeeAmount": "0.0021"},
            ("0.5", "0.4979", "0.0021"),
        ),
    ],
)
async def test_versions_differ_in_what_the_amount_includes(
    operation: str,
    more: dict[str, str],
    amounts: tuple[str, str, str],
    acme: Caller,
    wide: Sandbox,
    clock: SteppedClock,
) -> None:
    before = held(wide)
    taken, sent, fee = amounts

    await ask(acme, operation, **BTC | more)
    clock.step(4)

    assert moved(wide, before) == {
        f"custody/{CUSTODY}/BTC/BTC": -Decimal(taken),
        "outside/world/BTC/BTC": Decimal(sent),
        "fees/world/BTC": Decimal(fee),
    }
    assert (await ask(acme, "withdrawal.detail", requestId="7"))["amount"] == taken


async def test_fee_of_ones_own_is_for_the_networks_of_the_version(acme: Caller) -> None:
    own = BTC | {"customizeFeeAmount": "0.001"}

    assert await refusal(acme, "withdrawal.create", **own) == "G20005"
    await ask(acme, "withdrawal.create_v1", **own, toWalletIdStr="")


async def test_version_1_shows_the_same_withdrawals_in_its_own_fields(acme: Caller) -> None:
    await ask(acme, "withdrawal.create", **PAY)

    (row,) = await rows(acme, "withdrawal.history_v1", walletId=CUSTODY)

    assert (row["amount"], row["walletId"]) == ("1004", int(CUSTODY))
    assert (row["fromAddress"], row["txTime"]) == ("", acme.clock.now_ms)
    assert "requestId" not in row
    assert await ask(acme, "withdrawal.detail_v1", orderViewId=row["orderViewId"]) == row


async def test_fee_of_ones_own_replaces_the_usual_one(
    acme: Caller, wide: Sandbox, clock: SteppedClock
) -> None:
    before = held(wide)

    await ask(acme, "withdrawal.create", **PAY | {"customizeFeeAmount": "9.25"})
    clock.step(4)

    assert moved(wide, before)["fees/world/USDT"] == Decimal("9.25")
    assert (await ask(acme, "withdrawal.detail", requestId="w-1"))["amount"] == "1009.75"


async def test_withdrawal_to_another_wallet_stays_in_custody_and_ends_at_sent(
    acme: Caller, beta: Caller, wide: Sandbox, clock: SteppedClock
) -> None:
    """It reaches another entity, needs no whitelist, and knows no minimum."""
    before = held(wide)

    accepted = await ask(acme, "withdrawal.create", **MOVE)
    assert accepted["transferType"] == 20
    clock.step(60)

    assert moved(wide, before) == {
        f"custody/{PRIME}/USDT": Decimal(-5),
        f"custody/{FOREIGN_CUSTODY}/USDT/ETH": Decimal(5),
    }
    row = await ask(acme, "withdrawal.detail", requestId="m-1")
    assert (row["status"], row["transferType"], row["amount"]) == (30, 20, "5")
    assert (row["txId"], row["confirmedBlockCount"], row["toAddress"]) == (None, None, None)
    assert (row["feeSymbol"], row["feeAmount"]) == ("USDT", "0")
    assert await rows(beta, "withdrawal.history", walletId=FOREIGN_CUSTODY) == []
    assert await ask(beta, "withdrawal.detail", orderViewId=accepted["orderViewId"]) is None
    assert wide.ledger.check() == ()


async def test_fee_is_told_beforehand(acme: Caller) -> None:
    question = {"walletId": CUSTODY, "coinSymbol": "USDT", "network": "BASE"}

    assert await ask(acme, "withdrawal.fee", **question, amount="10") == {
        "feeAmount": "0.0004",
        "feeSymbol": "ETH",
        "slowFeeAmount": None,
        "avlFeeAmount": "0.0004",
        "fastFeeAmount": None,
    }
    free = await ask(acme, "withdrawal.fee", **question, toWalletIdStr=FOREIGN_PRIME)
    assert (free["feeAmount"], free["feeSymbol"]) == ("0", "USDT")
    assert await refusal(acme, "withdrawal.fee", **question, toWalletIdStr="1") == "G20020"
    assert await refusal(acme, "withdrawal.fee", **question, amount="0") == "G20022"
    assert await refusal(acme, "withdrawal.fee", **question | {"walletId": DESK_2}) == "G20017"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"walletId": DESK_2}, "G20017"),
        ({"walletId": FOREIGN_PRIME}, "G20013"),
        ({"coinSymbol": "DOGE"}, "G20005"),
        ({"network": "BTC"}, "G20005"),
        ({"network": "TRON"}, "G20005"),
        ({"amount": "9.99"}, "G20022"),
        ({"amount": "5000000.1"}, "G20022"),
        ({"amount": "10.1234567"}, "G20022"),
        ({"amount": "-10"}, "G20022"),
        ({"amount": "1e3"}, "G20022"),
        ({"amount": "999997"}, "G20022"),
        ({"withdrawalAddress": "0x52908400098527886E0F7030069857D2E4169EE"}, "G20005"),
        ({"withdrawalAddress": f"{BROKER}\n"}, "G20005"),
        ({"withdrawalAddress": VENUE}, "G20005"),
        ({"withdrawalAddress": BROKER.lower()}, "G20005"),
        ({"network": "BSC"}, "G20005"),
        ({"memo": "12"}, "G20005"),
        ({"toWalletIdStr": PRIME}, "G20005"),
        ({"withdrawalAddress": ""}, "G20005"),
        ({"customizeFeeAmount": "0"}, "G20022"),
        ({"customizeFeeAmount": "0.0000001"}, "G20022"),
        ({"customizeFeeAmount": "1", "walletId": PRIME}, "G20005"),
        ({"customizeFeeAmount": "1", "network": "BASE"}, "G20005"),
        ({"requestId": "a b"}, "G20014"),
    ],
)
async def test_withdrawal_that_breaks_a_rule_is_refused_and_moves_nothing(
    change: dict[str, Any], code: str, acme: Caller, wide: Sandbox
) -> None:
    before = wide.ledger.balances()

    assert await refusal(acme, "withdrawal.create", **PAY | change) == code

    assert wide.ledger.balances() == before
    assert wide.ledger.orders() == ()


async def test_not_yet_approved_address_is_refused_for_its_own_coin(acme: Caller) -> None:
    change = {"coinSymbol": "ETH", "withdrawalAddress": VENUE, "amount": "1"}

    assert await refusal(acme, "withdrawal.create", **PAY | change) == "G20005"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"toWalletIdStr": "1"}, "G20020"),
        ({"toWalletIdStr": PRIME}, "G20005"),
        ({"walletId": DESK_2}, "G20017"),
        ({"customizeFeeAmount": "1"}, "G20005"),
        ({"amount": "2000000.000001"}, "G20022"),
    ],
)
async def test_withdrawal_to_a_wallet_that_breaks_a_rule_is_refused(
    change: dict[str, Any], code: str, acme: Caller, wide: Sandbox
) -> None:
    assert await refusal(acme, "withdrawal.create", **MOVE | change) == code
    assert wide.ledger.orders() == ()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"walletId": COSIGN}, "G20024"),
        ({"toWalletIdStr": PRIME}, "G20005"),
        ({"withdrawalAddress": "", "toWalletIdStr": ""}, "G20005"),
        ({"amount": "10", "customizeFeeAmount": "10"}, "G20022"),
    ],
)
async def test_version_1_has_rules_of_its_own(
    change: dict[str, Any], code: str, acme: Caller
) -> None:
    given = PAY | {"requestId": "1", "toWalletIdStr": ""} | change

    assert await refusal(acme, "withdrawal.create_v1", **given) == code


async def test_empty_texts_beside_an_address_are_taken_as_absent(acme: Caller) -> None:
    """A client of the real service sends them so."""
    empty = {"toWalletIdStr": "", "customizeFeeAmount": "", "memo": ""}

    assert (await ask(acme, "withdrawal.create", **PAY | empty))["transferType"] == 10


async def test_memo_has_to_be_the_listed_one(acme: Caller) -> None:
    tagged = PAY | {"walletId": PRIME, "coinSymbol": "XRP", "network": "XRP", "amount": "30"}
    tagged |= {"withdrawalAddress": XRP_ADDRESS}

    assert await refusal(acme, "withdrawal.create", **tagged) == "G20005"
    assert await refusal(acme, "withdrawal.create", **tagged, memo="1") == "G20005"
    await ask(acme, "withdrawal.create", **tagged, memo="82486739")
    assert (await ask(acme, "withdrawal.detail", requestId="w-1"))["memo"] == "82486739"


async def test_whitelist_can_be_switched_off(make_wide: MakeWide, caller_of: CallerOf) -> None:
    caller = caller_of(make_wide(withdrawals_need_whitelist=False), "operator")

    await ask(caller, "withdrawal.create", **PAY | {"withdrawalAddress": VENUE})


async def test_two_withdrawals_cannot_take_the_same_money(acme: Caller, wide: Sandbox) -> None:
    """What is reserved counts the fee too: the second would fit without the first one's."""
    await ask(acme, "withdrawal.create", **PAY | {"amount": "500000"})
    second = PAY | {"requestId": "w-2", "amount": "499993.000001"}

    assert await refusal(acme, "withdrawal.create", **second) == "G20022"
    await ask(acme, "withdrawal.create", **second | {"amount": "499993"})
    assert wide.ledger.check() == ()


async def test_missing_fee_coin_refuses_with_the_code_of_the_switch(
    make_wide: MakeWide, caller_of: CallerOf
) -> None:
    """The wallet is left with 0.0007 ETH, and a withdrawal on BASE costs 0.0004 of it."""
    caller = caller_of(make_wide(insufficient_balance_code="G21001"), "operator")
    away = MOVE | {"walletId": CUSTODY, "coinSymbol": "ETH", "amount": "800.1243"}
    await ask(caller, "withdrawal.create", **away)
    pay = PAY | {"network": "BASE", "amount": "10"}

    await ask(caller, "withdrawal.create", **pay)

    assert await refusal(caller, "withdrawal.create", **pay | {"requestId": "2"}) == "G21001"


async def test_withdrawal_that_fails_gives_back_what_it_reserved(
    acme: Caller, wide: Sandbox, clock: SteppedClock
) -> None:
    await ask(acme, "withdrawal.create", **PAY | {"network": "FREE", "amount": "200"})
    with wide.ledger.transaction() as books:
        order = books.order(1)
        failing = stages_of(books.now_ms, Timing(), fails=True)
        books.run(
            "UPDATE orders SET stages = ?, next_ms = ? WHERE number = ?",
            (stages_text(failing), failing[0].at_ms, order.number),
        )
    full = PAY | {"network": "FREE", "amount": "500", "requestId": "w-2"}
    assert await refusal(acme, "withdrawal.create", **full) == "G20022"

    clock.step(2)

    row = await ask(acme, "withdrawal.detail", requestId="w-1")
    assert (row["status"], row["txId"], row["confirmedBlockCount"]) == (99, None, 0)
    await ask(acme, "withdrawal.create", **full)
    assert wide.ledger.check() == ()


async def test_history_is_filtered_and_paged(acme: Caller, clock: SteppedClock) -> None:
    for number in range(3):
        await ask(acme, "withdrawal.create", **PAY | {"requestId": f"w-{number}"})
        clock.step(1)
    base = PAY | {"network": "BASE", "amount": "10", "requestId": "w-3"}
    await ask(acme, "withdrawal.create", **base)

    async def found(**filters: object) -> list[str]:
        listed = await rows(acme, "withdrawal.history", **{"walletId": CUSTODY} | filters)
        return [row["requestId"] for row in listed]

    assert await found() == ["w-0", "w-1", "w-2", "w-3"]
    assert await found(network="BASE") == ["w-3"]
    assert await found(coinSymbol="BTC") == []
    assert await found(status=30) == ["w-0", "w-1"]
    assert await found(startTime=clock.now_ms) == ["w-3"]
    assert await found(endTime=clock.now_ms - 3000) == ["w-0"]
    assert await found(pageNo=2, pageLimit=3) == ["w-3"]
    assert await found(walletId=PRIME) == []
    asked = window(acme) | {"walletId": FOREIGN_PRIME}
    assert await refusal(acme, "withdrawal.history", **asked) == "G20013"


async def test_withdrawals_of_another_entity_do_not_exist(acme: Caller, beta: Caller) -> None:
    accepted = await ask(acme, "withdrawal.create", **PAY)

    for caller, known in ((acme, True), (beta, False)):
        for question in ({"requestId": "w-1"}, {"orderViewId": accepted["orderViewId"]}):
            assert bool(await ask(caller, "withdrawal.detail", **question)) is known
    mixed = {"requestId": "w-2", "orderViewId": accepted["orderViewId"]}
    assert await ask(acme, "withdrawal.detail", **mixed) is None


async def test_key_of_another_wallet_neither_withdraws_nor_sees(acme: Caller, desk: Caller) -> None:
    await ask(acme, "withdrawal.create", **PAY)

    assert await refusal(desk, "withdrawal.create", **PAY | {"requestId": "2"}) == "G20013"
    assert await ask(desk, "withdrawal.detail", requestId="w-1") is None
    await ask(desk, "withdrawal.create", **PAY | {"walletId": PRIME, "requestId": "3"})
    assert (await ask(desk, "withdrawal.detail", requestId="3"))["walletStr"] == PRIME


@pytest.mark.parametrize("position", UnknownId)
async def test_unknown_withdrawal_is_answered_as_the_switch_says(
    position: UnknownId, make_wide: MakeWide, caller_of: CallerOf
) -> None:
    caller = caller_of(make_wide(unknown_id=position), "operator")
    questions: tuple[tuple[str, dict[str, str]], ...] = (
        ("withdrawal.detail", {"requestId": "never"}),
        ("withdrawal.detail", {"orderViewId": "1"}),
        ("withdrawal.detail_v1", {"orderViewId": "1"}),
    )
    for operation, question in questions:
        if position is UnknownId.NULL:
            assert await ask(caller, operation, **question) is None
        else:
            assert await refusal(caller, operation, **question) == "G20005"


async def test_new_withdrawal_shows_after_the_visibility_delay(
    make_wide: MakeWide, caller_of: CallerOf, clock: SteppedClock
) -> None:
    caller = caller_of(make_wide(visibility_delay_ms=30_000), "operator")
    await ask(caller, "withdrawal.create", **PAY)
    clock.step(29)
    assert await ask(caller, "withdrawal.detail", requestId="w-1") is None
    assert await rows(caller, "withdrawal.history", walletId=CUSTODY) == []

    clock.step(1)

    assert (await ask(caller, "withdrawal.detail", requestId="w-1"))["status"] == 40
    assert len(await rows(caller, "withdrawal.history", walletId=CUSTODY)) == 1


async def test_withdrawal_to_an_address_of_the_sandbox_arrives_as_a_deposit(
    make_wide: MakeWide, caller_of: CallerOf, clock: SteppedClock
) -> None:
    """Its moments follow from when it was sent, however late somebody looks."""
    sandbox = make_wide(withdrawals_need_whitelist=False)
    payer, payee = caller_of(sandbox, "operator"), caller_of(sandbox, "stranger")
    asked = {"walletId": FOREIGN_PRIME, "coinSymbol": "USDT", "network": "ETH"}
    address = (await ask(payee, "deposit.address.get", **asked))["walletAddress"]
    before, sent_ms = held(sandbox), clock.now_ms + 2000

    await ask(payer, "withdrawal.create", **PAY | {"withdrawalAddress": address})
    clock.step(60)

    assert moved(sandbox, before) == {
        f"custody/{CUSTODY}/USDT/ETH": Decimal(-1004),
        f"custody/{FOREIGN_PRIME}/USDT": Decimal("1000.5"),
        "fees/world/USDT": Decimal("3.5"),
    }
    (deposit,) = await rows(payee, "deposit.history", walletId=FOREIGN_PRIME)
    paid = await ask(payer, "withdrawal.detail", requestId="w-1")
    assert (deposit["txId"], deposit["txTime"]) == (paid["txId"], sent_ms)
    assert (deposit["status"], deposit["amount"]) == (40, "1000.5")
