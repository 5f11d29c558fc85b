"""Withdrawals and transfers: bodies, refusals, and what the custodian shows of them."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from runner.actions.resolvers import resolver_for
from runner.core.errors import RemoteRefused
from runner.effects.draft import EffectDraft, EffectRefused
from runner.effects.evidence import differences, not_shown
from runner.effects.model import SeenOrder, Sighting
from tests.actions.drafted import body_of, drafted, ordered
from tests.actions.names import COLD, CUSTODY, DESK, DIRECTORY, INSIDE, PARTNER, PRIME
from tests.actions.stub import answering, empty, page, refusing, single

ORDER_ID = "24073614526151542000320001"


def withdrawal(**changes: str) -> EffectDraft:
    given = {"from_": CUSTODY.name, "to": COLD.name, "amount": "100 USDT", "network": "ETH"}
    return drafted("withdrawal.create", **(given | changes))


def transfer(**changes: str) -> EffectDraft:
    given = {"from_": PRIME.name, "to": DESK.name, "amount": "5 USDT"}
    return drafted("subwallet.transfer", **(given | changes))


def to_exchange(**changes: str) -> EffectDraft:
    given = {"wallet": PRIME.name, "direction": "to_exchange", "amount": "5 USDT"}
    return drafted("exchange.transfer", **(given | changes))


# bodies


def test_withdrawal_to_an_address_is_exactly_this() -> None:
    assert withdrawal().body("77") == (
        '{"amount":"100","coinSymbol":"USDT","network":"ETH","requestId":"77",'
        '"walletId":"374671162262925312",'
        '"withdrawalAddress":"0x52908400098527886E0F7030069857D2E4169EE7"}'
    )


def test_withdrawal_carries_the_memo_of_the_directory() -> None:
    body = body_of(withdrawal(to="acme/exchange-01", amount="5 XRP", network="XRP"))

    assert body["memo"] == "82486739"


def test_withdrawal_to_a_wallet_names_the_wallet_alone() -> None:
    body = body_of(withdrawal(to=PARTNER.name))

    assert body["toWalletIdStr"] == "1642895641310679041"
    assert "withdrawalAddress" not in body


def test_withdrawal_with_a_fee_of_ones_own_sends_it() -> None:
    draft = withdrawal(fee="0.0010")

    assert body_of(draft)["customizeFeeAmount"] == "0.001"
    assert draft.expectation.details["fee"] == "0.001"


def test_transfer_is_exactly_this() -> None:
    assert transfer().body("77") == (
        '{"amount":"5","coinSymbol":"USDT","fromWalletId":"306718327844294657",'
        '"requestId":77,"toWalletId":"370388040948248576"}'
    )


def test_exchange_transfer_is_exactly_this() -> None:
    assert to_exchange().body("77") == (
        '{"amount":"5","coinSymbol":"USDT","direction":10,"exchangeCode":10,'
        '"exchangeUserId":"842131231","parentWalletId":306718327844294657,"requestId":77}'
    )


# what they rest on and do


def test_source_is_locked_by_coin() -> None:
    assert withdrawal().lock == "wallet:acme/custody-01:USDT"
    assert transfer().lock == "wallet:acme/prime-01:USDT"
    assert to_exchange().lock == "wallet:acme/prime-01:USDT"


def test_entries_are_what_the_effect_rests_on() -> None:
    assert withdrawal().entries == (
        ("wallet", "acme/custody-01"),
        ("destination", "acme/cold-01"),
        ("coin", "USDT"),
    )


def test_people_see_the_whole_address_and_memo() -> None:
    lines = dict(withdrawal().lines)

    assert lines == {
        "wallet": "acme/custody-01, id 374671162262925312",
        "destination": "acme/cold-01, address 0x52908400098527886E0F7030069857D2E4169EE7",
        "memo": "none",
    }


@pytest.mark.parametrize(
    ("draft", "accounts"),
    [
        (withdrawal(), ("custody:acme/custody-01:ETH", "external:acme/cold-01")),
        (
            withdrawal(from_=PRIME.name, to=INSIDE.name),
            ("custody:acme/prime-01", "custody:acme/custody-01:ETH"),
        ),
        (transfer(), ("custody:acme/prime-01", "custody:acme/desk-01")),
        (to_exchange(), ("custody:acme/prime-01", "exchange:842131231")),
        (
            to_exchange(direction="from_exchange"),
            ("exchange:842131231", "custody:acme/prime-01"),
        ),
    ],
)
def test_money_moves_between_these_accounts(draft: EffectDraft, accounts: tuple[str, str]) -> None:
    from runner.plan.projection import accounts_of

    assert accounts_of(draft) == accounts


# refusals


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": "acme/nowhere"}, "unknown-destination"),
        ({"from_": "acme/nowhere"}, "unknown-wallet"),
        ({"from_": DESK.name}, "wallet-unfit"),
        ({"network": "BSC"}, "destination-refused"),
        ({"network": "MOON"}, "unknown-network"),
        ({"amount": "1 BTC"}, "destination-refused"),
        ({"amount": "1 DOGE"}, "unknown-coin"),
        ({"amount": "0 USDT"}, "amount-not-positive"),
        ({"amount": "0.0000001 USDT"}, "precision-exceeded"),
        ({"fee": "0"}, "amount-not-positive"),
        ({"to": INSIDE.name}, "destination-refused"),
        ({"to": PARTNER.name, "memo": "1"}, "destination-refused"),
        # At an exchange the memo says whose the money is: only the directory may name it.
        ({"memo": "12"}, "destination-refused"),
        ({"memo": "a b"}, "destination-refused"),
        (
            {"to": "acme/exchange-01", "amount": "5 XRP", "network": "XRP", "memo": "1"},
            "destination-refused",
        ),
    ],
    ids=str,
)
def test_withdrawal_that_must_not_be_sent_is_refused(changes: dict[str, str], code: str) -> None:
    with pytest.raises(EffectRefused) as refused:
        withdrawal(**changes)

    assert refused.value.code == code


@pytest.mark.parametrize(
    "changes",
    [
        {"to": PRIME.name},
        {"from_": CUSTODY.name},
        {"to": CUSTODY.name},
        {"from_": "acme/prime-02"},
        {"from_": DESK.name, "to": "acme/prime-02"},
    ],
    ids=str,
)
def test_transfer_between_unfit_wallets_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(EffectRefused) as refused:
        transfer(**changes)

    assert refused.value.code == "wallet-unfit"


@pytest.mark.parametrize("wallet", [CUSTODY.name, "acme/prime-02"])
def test_exchange_transfer_of_a_wallet_without_an_account_is_refused(wallet: str) -> None:
    with pytest.raises(EffectRefused) as refused:
        to_exchange(wallet=wallet)

    assert refused.value.code == "wallet-unfit"


# what is seen of a withdrawal

ROW: dict[str, Any] = {
    "orderViewId": ORDER_ID,
    "txId": "0xfeed",
    "transferType": 10,
    "direction": 20,
    "fromAddress": None,
    "toAddress": COLD.address.lower(),
    "network": "ETH",
    "coinSymbol": "USDT",
    "amount": "101.5",
    "feeSymbol": "USDT",
    "feeAmount": "1.50",
    "status": 40,
    "memo": None,
    "txTime": "1",
    "walletStr": CUSTODY.id,
    "requestId": "77",
}


async def look(draft: EffectDraft, *replies: dict[str, Any], own: bool = False) -> Sighting:
    order = ordered(draft)
    async with answering(*replies, directory=DIRECTORY) as (custodian, _):
        resolver = resolver_for(custodian, order)
        since = custodian.clock.now() - timedelta(days=2)
        looking = resolver.look_own if own else resolver.look
        return await looking(order, since=since)


async def seen_of(draft: EffectDraft, row: dict[str, Any]) -> SeenOrder:
    (seen,) = (await look(draft, single(**row), own=True)).rows
    return seen


@pytest.mark.parametrize(
    ("changes", "wrong", "hidden"),
    [
        pytest.param({}, (), (), id="the fee is in the listed amount"),
        pytest.param({"amount": "100"}, ("amount is 98.5, not 100",), (), id="fee taken off it"),
        pytest.param({"amount": "101.6"}, ("amount is 100.1, not 100",), (), id="more than asked"),
        pytest.param(
            {"feeSymbol": "ETH", "feeAmount": "0.01", "amount": "100.000"},
            (),
            (),
            id="a fee of another coin",
        ),
        pytest.param(
            {"feeSymbol": "ETH", "feeAmount": "0.01"},
            ("amount is 101.5, not 100",),
            (),
            id="a fee of another coin is not in it",
        ),
        pytest.param(
            {"feeAmount": None}, (), ("amount without the fee",), id="the fee is not shown yet"
        ),
        pytest.param(
            {"feeAmount": None, "feeSymbol": "ETH", "amount": "100"}, (), (), id="nor matters"
        ),
        pytest.param({"toAddress": None}, (), ("address",), id="the address is not shown yet"),
        pytest.param(
            {"toAddress": "0x1"},
            (f"address is 0x1, not {COLD.address}",),
            (),
            id="another address",
        ),
        pytest.param({"memo": "5"}, ("memo is 5, not empty",), (), id="another memo"),
        pytest.param({"network": "BSC"}, ("network is BSC, not ETH",), (), id="another network"),
        pytest.param(
            {"coinSymbol": "BTC", "feeSymbol": "ETH", "amount": "100"},
            ("coin is BTC, not USDT",),
            (),
            id="another coin",
        ),
        pytest.param(
            {"walletStr": PRIME.id},
            (f"wallet is {PRIME.id}, not {CUSTODY.id}",),
            (),
            id="another wallet",
        ),
        pytest.param({"direction": 10}, ("kind is deposit, not withdrawal",), (), id="a deposit"),
    ],
)
async def test_withdrawal_is_compared_detail_by_detail(
    changes: dict[str, Any], wrong: tuple[str, ...], hidden: tuple[str, ...]
) -> None:
    draft = withdrawal()

    seen = await seen_of(draft, {**ROW, **changes})

    assert differences(draft.expectation, seen) == wrong
    assert not_shown(draft.expectation, seen) == hidden


async def test_ordered_fee_is_compared_too() -> None:
    draft = withdrawal(fee="1.2")

    seen = await seen_of(draft, ROW)

    assert differences(draft.expectation, seen) == ("fee is 1.5, not 1.2",)


async def test_withdrawal_to_a_wallet_must_have_stayed_inside() -> None:
    draft = withdrawal(to=PARTNER.name)

    inside = await seen_of(draft, {**ROW, "transferType": 20, "feeAmount": None, "amount": "100"})
    outside = await seen_of(draft, ROW)

    assert differences(draft.expectation, inside) == ()
    assert not_shown(draft.expectation, inside) == ()
    assert differences(draft.expectation, outside) == ("transfer is on_chain, not internal",)


@pytest.mark.parametrize(
    ("transfer_type", "status", "word"),
    [
        (10, 10, "accepted"),
        (10, 20, "in_progress"),
        (10, 30, "in_progress"),
        (10, 40, "success"),
        (10, 99, "failed"),
        (10, 50, "unknown"),
        (20, 30, "success"),
        (20, 99, "failed"),
    ],
)
async def test_status_is_final_only_where_it_says_so(
    transfer_type: int, status: int, word: str
) -> None:
    seen = await seen_of(withdrawal(), {**ROW, "transferType": transfer_type, "status": status})

    assert (seen.status, seen.status_code) == (word, str(status))


# asking


async def test_withdrawal_is_asked_for_by_its_request_id() -> None:
    order = ordered(withdrawal())
    history = {**ROW, "orderViewId": "other", "requestId": None}
    async with answering(single(**ROW), page(history, ROW), directory=DIRECTORY) as (
        custodian,
        stub,
    ):
        since = custodian.clock.now() - timedelta(days=2)
        sighting = await resolver_for(custodian, order).look(order, since=since)

    assert stub.asked[0] == {"requestId": "77"}
    assert {k: stub.asked[1][k] for k in ("walletId", "coinSymbol")} == {
        "walletId": CUSTODY.id,
        "coinSymbol": "USDT",
    }
    assert [(s.order_id, s.request_id) for s in sighting.rows] == [("other", ""), (ORDER_ID, "77")]
    assert sighting.complete


@pytest.mark.parametrize("reply", [empty(), refusing("G20005"), refusing("G99999")])
async def test_unknown_request_id_is_only_not_visible_now(reply: dict[str, Any]) -> None:
    both = await look(withdrawal(), reply, page())
    own = await look(withdrawal(), reply, own=True)

    assert (both.rows, both.complete) == ((), True)
    assert (own.rows, own.complete) == ((), False)


async def test_refusal_that_time_cures_is_no_answer() -> None:
    with pytest.raises(RemoteRefused):
        await look(withdrawal(), refusing("G20001"), own=True)


async def test_transfer_is_asked_for_at_its_source() -> None:
    order = ordered(transfer())
    row = {
        "orderViewId": ORDER_ID,
        "direction": 10,
        "fromWalletIdStr": PRIME.id,
        "toWalletIdStr": DESK.id,
        "createTime": 1,
        "coinSymbol": "USDT",
        "amount": "5.000",
        "status": 30,
        "requestId": "77",
    }
    async with answering(single(**row), directory=DIRECTORY) as (custodian, stub):
        sighting = await resolver_for(custodian, order).look_own(order, since=custodian.clock.now())

    assert stub.asked == [{"walletIdStr": PRIME.id, "requestId": "77"}]
    (seen,) = sighting.rows
    assert differences(order.expectation, seen) == ()
    assert seen.status == "success"


async def test_exchange_transfer_is_asked_for_by_wallet_and_request_id() -> None:
    order = ordered(to_exchange())
    row = {
        "orderViewId": ORDER_ID,
        "direction": 10,
        "walletId": int(PRIME.id),
        "createTime": 1,
        "exchangeCode": 10,
        "exchangeUserId": "842131231",
        "coinSymbol": "USDT",
        "amount": "5",
        "status": 20,
    }
    async with answering(single(**row), directory=DIRECTORY) as (custodian, stub):
        sighting = await resolver_for(custodian, order).look_own(order, since=custodian.clock.now())

    assert stub.asked == [{"walletId": PRIME.id, "requestId": "77"}]
    (seen,) = sighting.rows
    assert differences(order.expectation, seen) == ()
    # The documentation's reply has no requestId; it was asked by ours.
    assert (seen.request_id, seen.status) == ("77", "in_progress")


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        pytest.param(370388040948248600, (), id="rounded"),
        pytest.param(370388040948248576, (), id="whole"),
        pytest.param(
            "370388040948248600",
            ("to is 370388040948248600, not 370388040948248576",),
            id="a text is never rounded",
        ),
        pytest.param(
            370388040948250000, ("to is 370388040948250000, not 370388040948248576",), id="another"
        ),
    ],
)
async def test_number_that_was_rounded_means_the_wallet_of_the_directory(
    shown: object, wrong: tuple[str, ...]
) -> None:
    """NOTES 2: ids above 2^53 come rounded where somebody has read them as doubles."""
    one_desk = replace(
        DIRECTORY,
        wallets={n: w for n, w in DIRECTORY.wallets.items() if n != "acme/desk-09"},
    )
    order = ordered(transfer())
    row = {
        "orderViewId": ORDER_ID,
        "direction": 10,
        "fromWalletId": PRIME.id,
        "toWalletId": shown,
        "createTime": 1,
        "coinSymbol": "USDT",
        "amount": "5",
        "status": 30,
        "requestId": "77",
    }
    async with answering(single(**row), directory=one_desk) as (custodian, _):
        sighting = await resolver_for(custodian, order).look_own(order, since=custodian.clock.now())

    (seen,) = sighting.rows
    assert differences(order.expectation, seen) == wrong


async def test_rounded_number_that_could_be_two_wallets_is_neither() -> None:
    order = ordered(transfer())
    row = {
        "orderViewId": ORDER_ID,
        "direction": 10,
        "fromWalletId": PRIME.id,
        "toWalletId": 370388040948248600,
        "createTime": 1,
        "coinSymbol": "USDT",
        "amount": "5",
        "status": 30,
        "requestId": "77",
    }
    async with answering(single(**row), directory=DIRECTORY) as (custodian, _):
        (seen,) = (
            await resolver_for(custodian, order).look_own(order, since=custodian.clock.now())
        ).rows

    assert differences(order.expectation, seen) != ()


async def test_transfer_of_the_custodians_own_is_no_transfer_of_ours() -> None:
    draft = transfer()
    row = {
        "orderViewId": ORDER_ID,
        "direction": 70,
        "fromWalletId": PRIME.id,
        "toWalletId": DESK.id,
        "createTime": 1,
        "coinSymbol": "USDT",
        "amount": "5",
        "status": 30,
        "requestId": "77",
    }

    seen = await seen_of(draft, row)

    assert differences(draft.expectation, seen) == ("kind is other_transfer, not transfer",)
    assert seen.amount == Decimal(5)


@pytest.mark.parametrize(
    ("draft", "paths"),
    [
        (withdrawal(), ["v2/wallet/withdrawal/detail", "v2/wallet/withdrawal/history"]),
        (transfer(), ["v1/subwallet/transfer/detail", "v1/subwallet/transfer/history"]),
        (
            to_exchange(),
            ["v1/wallet/transfer/exchange/detail", "v1/wallet/transfer/exchange/history"],
        ),
    ],
)
async def test_order_is_asked_for_and_its_like_are_listed(
    draft: EffectDraft, paths: list[str]
) -> None:
    order = ordered(draft)
    async with answering(empty(), page(), directory=DIRECTORY) as (custodian, stub):
        since = custodian.clock.now() - timedelta(days=2)
        sighting = await resolver_for(custodian, order).look(order, since=since)

    assert stub.paths == [f"/open-api/{path}" for path in paths]
    assert stub.asked[1]["walletId"] == order.expectation.subject_id
    assert stub.asked[1]["coinSymbol"] == "USDT"
    assert sighting.complete
