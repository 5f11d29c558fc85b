"""Wallets made and changed, whitelist, webhooks: bodies, refusals, and how they are seen."""

from datetime import timedelta
from typing import Any

import pytest

from runner.actions.resolvers import look_for_name, resolver_for
from runner.actions.wire import ClientTransport
from runner.core.errors import ReplyRefused
from runner.effects.draft import EffectDraft, EffectRefused
from runner.effects.evidence import differences
from runner.effects.model import SendKind, Sighting
from tests.actions.drafted import body_of, drafted, ordered
from tests.actions.names import COLD, CUSTODY, DESK, DIRECTORY, INSIDE, ORPHAN, PRIME
from tests.actions.stub import answering, page

WALLET = {
    "walletId": 1,
    "walletIdStr": "374671162262925399",
    "walletName": "desk 7",
    "walletType": 20,
}
SUBWALLET = {**WALLET, "walletType": 21, "autoCollection": 0, "requestId": None}
ENTRY: dict[str, Any] = {
    "whitelistId": "123456789",
    "address": COLD.address,
    "addressType": 1,
    "addressStatus": 30,
    "currentAddressStatus": 30,
    "label": "Cold vault",
    "symbol": "USDT",
    "network": "ETH",
    "protocol": None,
    "memo": None,
    "institutionId": "1",
    "createTime": 1,
    "updateTime": 1,
    "correspondentDetail": None,
}
RESEND = {"webhook": "1721442311151521794", "event": "deposit_failed"}


def whitelisting(**changes: str) -> EffectDraft:
    given = {
        "destination": COLD.name,
        "coin": "USDT",
        "network": "ETH",
        "confirmation": "confirmed",
    }
    return drafted("whitelist.upsert", **(given | changes))


async def look(draft: EffectDraft, *replies: dict[str, Any]) -> tuple[Sighting, dict[str, str]]:
    order = ordered(draft)
    async with answering(*replies, directory=DIRECTORY) as (custodian, stub):
        since = custodian.clock.now() - timedelta(days=2)
        sighting = await resolver_for(custodian, order).look(order, since=since)
    return sighting, stub.asked[0]


# bodies


@pytest.mark.parametrize(
    ("draft", "body"),
    [
        (
            drafted("wallet.create", name="desk 7", type="qualified"),
            '{"requestId":77,"walletName":"desk 7","walletType":10}',
        ),
        (
            drafted("subwallet.create", parent=PRIME.name, name="desk 7"),
            '{"parentWalletId":"306718327844294657","requestId":77,"walletName":"desk 7"}',
        ),
        (
            drafted("subwallet.create", parent=PRIME.name, name="d", auto_collection="true"),
            (
                '{"autoCollection":1,"parentWalletId":"306718327844294657","requestId":77,'
                '"walletName":"d"}'
            ),
        ),
        (
            drafted("wallet.update", wallet=CUSTODY.name, name="vault"),
            '{"requestId":77,"walletId":"374671162262925312","walletName":"vault"}',
        ),
        (
            drafted("subwallet.update", wallet=DESK.name, auto_collection="false"),
            '{"autoCollection":0,"requestId":77,"walletId":"370388040948248576"}',
        ),
        (
            whitelisting(),
            (
                '{"address":"0x52908400098527886E0F7030069857D2E4169EE7","addressType":1,'
                '"confirmation":"confirmed","label":"Cold vault","network":"ETH","symbol":"USDT"}'
            ),
        ),
        (
            drafted("webhook.resend", since="2026-11-22T10:00:00Z", **RESEND),
            (
                '{"eventType":"2","resendFromDateTime":1795341600000,'
                '"webhookId":"1721442311151521794"}'
            ),
        ),
    ],
)
def test_body_is_exactly_this(draft: EffectDraft, body: str) -> None:
    assert draft.body("77") == body


def test_whitelist_entry_carries_memo_and_correspondent_of_the_directory() -> None:
    body = body_of(whitelisting(destination="acme/exchange-01", coin="XRP", network="XRP"))

    assert body["memo"] == "82486739"
    assert body["correspondentDetail"] == {
        "correspondentType": 0,
        "fullName": "Example Ltd",
        "provider": "Example Exchange",
        "toFromType": 0,
    }


def test_entry_to_edit_is_named() -> None:
    draft = whitelisting(entry="123456789", address_type="universal")

    assert body_of(draft)["whitelistId"] == "123456789"
    assert body_of(draft)["addressType"] == 2
    assert draft.expectation.subject_id == "123456789"


# locks


def test_name_is_locked_in_the_entity() -> None:
    made = drafted("wallet.create", name="desk 7", type="prime")
    sub = drafted("subwallet.create", parent=PRIME.name, name="desk 7")

    assert made.lock == sub.lock == "name:acme:desk 7"


def test_changes_lock_what_they_change() -> None:
    assert drafted("wallet.update", wallet=CUSTODY.name, name="v").lock == (
        "settings:acme/custody-01"
    )
    assert whitelisting().lock == "whitelist:acme/cold-01:USDT:ETH"
    resend = drafted("webhook.resend", since="2026-11-22T10:00:00Z", **RESEND)
    assert resend.lock == "webhook:1721442311151521794:deposit_failed"


# refusals


@pytest.mark.parametrize("name", ["", " a", "a ", "a  b", "ä", "a\tb", "x" * 21, "a\u200bb"])
def test_name_with_two_spellings_is_refused(name: str) -> None:
    with pytest.raises(EffectRefused) as refused:
        drafted("wallet.create", name=name, type="prime")

    assert refused.value.code == "name-invalid"


@pytest.mark.parametrize(
    ("action", "arguments", "code"),
    [
        ("subwallet.create", {"parent": CUSTODY.name, "name": "d"}, "wallet-unfit"),
        ("subwallet.create", {"parent": "acme/x", "name": "d"}, "unknown-wallet"),
        ("wallet.update", {"wallet": DESK.name, "name": "d"}, "wallet-unfit"),
        ("subwallet.update", {"wallet": CUSTODY.name, "name": "d"}, "wallet-unfit"),
        ("subwallet.update", {"wallet": ORPHAN.name, "name": "d"}, "wallet-unfit"),
        ("subwallet.update", {"wallet": DESK.name}, "nothing-to-change"),
    ],
)
def test_change_that_cannot_be_made_is_refused(
    action: str, arguments: dict[str, str], code: str
) -> None:
    with pytest.raises(EffectRefused) as refused:
        drafted(action, **arguments)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"destination": "acme/x"}, "unknown-destination"),
        ({"destination": INSIDE.name}, "destination-refused"),
        (
            {"destination": "acme/vault-01", "coin": "BTC", "network": "BTC"},
            "destination-refused",
        ),
        ({"network": "BSC"}, "destination-refused"),
        ({"coin": "BTC"}, "destination-refused"),
        ({"coin": "DOGE"}, "unknown-coin"),
        ({"entry": "a b"}, "literal-invalid"),
    ],
    ids=str,
)
def test_entry_that_must_not_be_written_is_refused(changes: dict[str, str], code: str) -> None:
    with pytest.raises(EffectRefused) as refused:
        whitelisting(**changes)

    assert refused.value.code == code


# how they are seen


async def test_new_wallet_is_seen_in_the_list_of_wallets() -> None:
    draft = drafted("wallet.create", name="desk 7", type="prime")

    sighting, _ = await look(draft, page(WALLET, {**WALLET, "walletIdStr": "2", "walletType": 10}))

    same, other = sighting.rows
    assert (same.order_id, same.status) == ("374671162262925399", "success")
    assert differences(draft.expectation, same) == ()
    assert differences(draft.expectation, other) == ("type is qualified, not prime",)


async def test_new_subwallet_is_seen_in_the_list_of_its_parent() -> None:
    draft = drafted("subwallet.create", parent=PRIME.name, name="desk 7", auto_collection="true")

    sighting, asked = await look(draft, page(SUBWALLET))

    assert asked == {"parentWalletId": PRIME.id}
    assert differences(draft.expectation, sighting.rows[0]) == (
        "auto collection is false, not true",
    )


async def test_changed_subwallet_is_seen_in_the_list_of_its_parent() -> None:
    draft = drafted("subwallet.update", wallet=DESK.name, name="desk 7")

    sighting, asked = await look(draft, page({**SUBWALLET, "walletIdStr": DESK.id}, SUBWALLET))

    assert asked == {"parentWalletId": PRIME.id}
    assert [differences(draft.expectation, row) == () for row in sighting.rows] == [True, False]


async def test_whitelist_entry_is_seen_by_address_coin_and_network() -> None:
    draft = whitelisting()

    sighting, asked = await look(
        draft,
        page(
            ENTRY,
            {**ENTRY, "whitelistId": "2", "label": "Old"},
            {**ENTRY, "whitelistId": "3", "addressStatus": 99},
        ),
    )

    assert asked == {"address": COLD.address, "symbol": "USDT", "network": "ETH"}
    assert [differences(draft.expectation, row) for row in sighting.rows] == [
        (),
        ("label is Old, not Cold vault",),
        (),
    ]
    assert [row.status for row in sighting.rows] == ["success", "success", "failed"]


async def test_nothing_is_asked_about_a_resend() -> None:
    order = ordered(drafted("webhook.resend", since="2026-11-22T10:00:00Z", **RESEND))
    async with answering(page(), directory=DIRECTORY) as (custodian, stub):
        sighting = await resolver_for(custodian, order).look(order, since=custodian.clock.now())

    assert (stub.asked, sighting.rows, sighting.complete) == ([], (), True)


async def test_bare_answer_reaches_the_state_machine() -> None:
    order = ordered(drafted("webhook.resend", since="2026-11-22T10:00:00Z", **RESEND))
    reply = {"data": True, "code": "000000", "message": "Success"}
    async with answering(reply, directory=DIRECTORY) as (custodian, stub):
        transport = ClientTransport(custodian.client)
        report = await transport.send(order, await transport.timestamp_ms())

    assert (report.kind, report.code, report.value) == (SendKind.ANSWERED, "000000", "true")
    assert stub.asked == [
        {"eventType": "2", "resendFromDateTime": 1795341600000, "webhookId": RESEND["webhook"]}
    ]


# names at plan time


async def test_free_name_can_be_planned() -> None:
    draft = drafted("wallet.create", name="desk 8", type="prime")
    async with answering(page(WALLET), directory=DIRECTORY) as (custodian, _):
        await look_for_name(custodian, draft)


async def test_taken_name_is_refused_whatever_its_type() -> None:
    draft = drafted("wallet.create", name="desk 7", type="qualified")
    async with answering(page(WALLET), directory=DIRECTORY) as (custodian, _):
        with pytest.raises(EffectRefused, match="374671162262925399") as refused:
            await look_for_name(custodian, draft)

    assert refused.value.code == "name-taken"


async def test_name_is_not_free_while_rows_may_be_missing() -> None:
    draft = drafted("wallet.create", name="desk 8", type="prime")
    short = page(WALLET, totalPage=3)
    short["data"]["totalPage"] = 3
    async with answering(short, directory=DIRECTORY) as (custodian, _):
        with pytest.raises(ReplyRefused):
            await look_for_name(custodian, draft)


async def test_other_effects_are_not_looked_for() -> None:
    draft = drafted("wallet.update", wallet=CUSTODY.name, name="desk 7")
    async with answering(page(WALLET), directory=DIRECTORY) as (custodian, stub):
        await look_for_name(custodian, draft)

    assert stub.asked == []
