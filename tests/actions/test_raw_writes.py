"""Writes under the API's own names: what is planned is what was typed."""

import json
from dataclasses import replace

import pytest

from runner.actions.effects import draft_effect
from runner.actions.raw_writes import RawWriteRefused, named_write, require_action
from runner.app.world_directory import directory_from_world
from runner.catalogue.load import load_api
from runner.catalogue.manifests import MANIFESTS, NAMED
from runner.core.types import Scalar
from runner.core.values import value_from_text
from runner.sandbox.world_file import default_world
from tests.actions import names
from tests.actions.drafted import drafted

API = load_api()
DIRECTORY = directory_from_world(default_world())
MIRROR = {
    "mirrorLinkId": "1450411129215791001",
    "coinSymbol": "USDT",
    "network": "ETH",
    "amount": "5.5",
}
MIRRORX = {"mirrorXLinkId": "7127", "coinSymbol": "USDT", "amount": "5.5"}


@pytest.mark.parametrize(
    ("operation_id", "values", "action"),
    [
        ("mirror.asset.apply", MIRROR, "mirror.apply"),
        ("mirror.asset.settle", {**MIRROR, "operationType": "2"}, "mirror.settle"),
        ("mirror.asset.settle", {**MIRROR, "operationType": "3"}, "mirror.settle"),
        ("mirrorx.order.create", {**MIRRORX, "orderType": "10"}, "mirrorx.delegate"),
        ("mirrorx.order.create", {**MIRRORX, "orderType": "20"}, "mirrorx.undelegate"),
    ],
)
def test_action_sends_exactly_what_was_given(
    operation_id: str, values: dict[str, str], action: str
) -> None:
    write = named_write(API.operations[operation_id], values, DIRECTORY)

    manifest = MANIFESTS[write.action]
    arguments = {}
    for argument in manifest.arguments:
        assert isinstance(argument.type, Scalar)
        arguments[argument.name] = value_from_text(write.arguments[argument.name], argument.type)
    draft = draft_effect(manifest, arguments, directory=DIRECTORY, api=API)
    assert (write.action, draft.operation.id) == (action, operation_id)
    assert set(write.arguments) == set(arguments)
    sent = {name: str(value) for name, value in json.loads(draft.body("1")).items()}
    assert sent == {**values, "requestId": "1"}


OURS = names.DIRECTORY
WITHDRAWAL = {
    "walletId": names.CUSTODY.id,
    "coinSymbol": "USDT",
    "network": "ETH",
    "amount": "5.5",
    "withdrawalAddress": names.COLD.address,
}
TRANSFER = {
    "fromWalletId": names.PRIME.id,
    "toWalletId": names.DESK.id,
    "coinSymbol": "USDT",
    "amount": "5.5",
}
EXCHANGE = {
    "parentWalletId": names.PRIME.id,
    "exchangeCode": "10",
    "exchangeUserId": "842131231",
    "direction": "10",
    "coinSymbol": "USDT",
    "amount": "5.5",
}
ENTRY = {
    "address": names.COLD.address,
    "label": "Cold vault",
    "symbol": "USDT",
    "network": "ETH",
    "confirmation": "confirmed",
    "addressType": "1",
}
TAG = {
    "walletId": names.CUSTODY.id,
    "coinSymbol": "XRP",
    "network": "XRP",
    "amount": "5",
    "withdrawalAddress": names.TAGGED.address,
}
WITHOUT_ADDRESS = {n: v for n, v in WITHDRAWAL.items() if n != "withdrawalAddress"}


@pytest.mark.parametrize(
    ("operation_id", "values", "action"),
    [
        ("withdrawal.create", WITHDRAWAL, "withdrawal.create"),
        ("withdrawal.create", {**WITHDRAWAL, "memo": "77"}, "withdrawal.create"),
        ("withdrawal.create", {**WITHDRAWAL, "customizeFeeAmount": "0.1"}, "withdrawal.create"),
        ("withdrawal.create", {**TAG, "memo": "82486739"}, "withdrawal.create"),
        (
            "withdrawal.create",
            {**WITHOUT_ADDRESS, "toWalletIdStr": names.PARTNER.wallet_id},
            "withdrawal.create",
        ),
        ("subwallet.transfer.create", TRANSFER, "subwallet.transfer"),
        ("exchange.transfer.create", EXCHANGE, "exchange.transfer"),
        ("exchange.transfer.create", {**EXCHANGE, "direction": "20"}, "exchange.transfer"),
        ("wallet.create", {"walletName": "desk 7", "walletType": "20"}, "wallet.create"),
        (
            "subwallet.create",
            {"parentWalletId": names.PRIME.id, "walletName": "d", "autoCollection": "1"},
            "subwallet.create",
        ),
        ("wallet.update", {"walletId": names.CUSTODY.id, "walletName": "v"}, "wallet.update"),
        (
            "subwallet.update",
            {"walletId": names.DESK.id, "autoCollection": "0"},
            "subwallet.update",
        ),
        ("whitelist.upsert", ENTRY, "whitelist.upsert"),
        ("whitelist.upsert", {**ENTRY, "whitelistId": "9"}, "whitelist.upsert"),
        (
            "webhook.resend",
            {"webhookId": "17", "eventType": "3", "resendFromDateTime": "1795341600123"},
            "webhook.resend",
        ),
    ],
)
def test_action_of_other_writes_sends_exactly_what_was_given(
    operation_id: str, values: dict[str, str], action: str
) -> None:
    write = named_write(API.operations[operation_id], values, OURS)

    draft = drafted(write.action, **write.arguments)
    assert (write.action, draft.operation.id) == (action, operation_id)
    sent = {name: str(value) for name, value in json.loads(draft.body("1")).items()}
    sent.pop("requestId", None)
    assert sent == values


@pytest.mark.parametrize(
    ("operation_id", "values", "match"),
    [
        ("withdrawal.create", {**WITHDRAWAL, "withdrawalAddress": "0x1"}, "no destination for 0x1"),
        ("withdrawal.create", {**WITHDRAWAL, "walletId": "5"}, "no wallet with the id 5"),
        ("withdrawal.create", {**WITHDRAWAL, "network": "MOON"}, "no network"),
        ("withdrawal.create", {**WITHDRAWAL, "network": "BSC"}, "no destination"),
        # The directory's memo would go with it, which nobody gave.
        ("withdrawal.create", TAG, "without a memo"),
        ("withdrawal.create", {**TAG, "memo": "1"}, "with the memo 1"),
        ("exchange.transfer.create", {**EXCHANGE, "exchangeUserId": "1"}, "does not bind"),
        ("exchange.transfer.create", {**EXCHANGE, "exchangeCode": "20"}, "exchangeCode=20"),
        ("exchange.transfer.create", {**EXCHANGE, "status": "10"}, "gives no status"),
        (
            "exchange.transfer.create",
            {n: v for n, v in EXCHANGE.items() if n != "direction"},
            "always gives direction",
        ),
        ("wallet.create", {"walletName": "d", "walletType": "12"}, "walletType=12"),
        ("subwallet.create", {"parentWalletId": names.PRIME.id}, "always gives walletName"),
        ("whitelist.upsert", {**ENTRY, "label": "x"}, "with this memo and label"),
        ("whitelist.upsert", {**ENTRY, "correspondentDetail": "{}"}, "no correspondentDetail"),
        (
            "webhook.resend",
            {"webhookId": "17", "eventType": "3", "resendFromDateTime": "9" * 20},
            "no moment",
        ),
    ],
)
def test_other_write_that_no_action_sends_is_refused(
    operation_id: str, values: dict[str, str], match: str
) -> None:
    with pytest.raises(RawWriteRefused, match=match):
        named_write(API.operations[operation_id], values, OURS)


@pytest.mark.parametrize(
    ("operation_id", "values", "argument"),
    [
        ("withdrawal.create", {**WITHDRAWAL, "coinSymbol": "ETH"}, "to"),
        ("whitelist.upsert", {**ENTRY, "symbol": "ETH"}, "destination"),
    ],
)
def test_address_means_the_destination_that_takes_the_coin(
    operation_id: str, values: dict[str, str], argument: str
) -> None:
    """A sandbox's whitelist has an entry for each coin, and each is a destination."""
    for_usdt = replace(names.COLD, name="acme/cold-usdt", coins=("USDT",))
    for_eth = replace(names.COLD, name="acme/cold-eth", coins=("ETH",))
    two = replace(OURS, destinations={each.name: each for each in (for_usdt, for_eth)})

    write = named_write(API.operations[operation_id], values, two)

    assert write.arguments[argument] == "acme/cold-eth"


@pytest.mark.parametrize("value", ["30", "5"])
def test_value_that_no_action_sends_is_refused(value: str) -> None:
    with pytest.raises(RawWriteRefused, match=f"orderType={value}"):
        named_write(
            API.operations["mirrorx.order.create"], {**MIRRORX, "orderType": value}, DIRECTORY
        )


def test_every_effect_can_be_called() -> None:
    effects = {m.operation for m in NAMED.values() if m.is_effect}

    for operation_id in effects:
        require_action(API.operations[operation_id])
