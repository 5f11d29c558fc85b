"""Wallets made and changed, whitelist entries, webhooks: what these effects ask for."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from runner.actions.drafting import (
    Asked,
    check_coin,
    destination_named,
    flag_text,
    id_of,
    name_of,
    wallet_named,
    wallet_words,
)
from runner.actions.statuses import ADDRESS_TYPE_NUMBERS, WALLET_TYPE_NUMBERS, WEBHOOK_EVENTS
from runner.controls.directory import Directory
from runner.core.clock import timestamp_ms, timestamp_text
from runner.core.values import Value, value_text
from runner.effects.draft import EffectRefused
from runner.effects.model import Expectation

_PARENTS = ("qualified", "cosign", "prime")


def _wallet_create(arguments: Mapping[str, Value], directory: Directory) -> Asked:
    name, type_name = name_of(arguments), str(arguments["type"])
    return Asked(
        fields={"walletName": name, "walletType": WALLET_TYPE_NUMBERS[type_name]},
        expectation=Expectation(
            subject_id="", kind="wallet", details={"name": name, "type": type_name}
        ),
        parts={"entity": directory.entity, "name": name},
        lines=(("name", name), ("type", type_name)),
    )


def _subwallet_create(arguments: Mapping[str, Value], directory: Directory) -> Asked:
    name = name_of(arguments)
    parent = wallet_named(directory, str(arguments["parent"]), types=("prime",))
    sweep = _sweep(arguments)
    return Asked(
        fields={"parentWalletId": parent.id, "walletName": name, **_sweep_field(arguments)},
        expectation=Expectation(
            subject_id=parent.id,
            kind="wallet",
            details={"name": name, "type": "prime_sub", **sweep},
        ),
        parts={"entity": directory.entity, "name": name, "parent": parent.name},
        entries=(("wallet", parent.name),),
        lines=(("name", name), ("parent", wallet_words(parent)), *_sweep_line(sweep)),
    )


def _wallet_update(arguments: Mapping[str, Value], directory: Directory) -> Asked:
    name = name_of(arguments)
    wallet = wallet_named(directory, str(arguments["wallet"]), types=_PARENTS)
    return Asked(
        fields={"walletId": wallet.id, "walletName": name},
        expectation=Expectation(
            subject_id=wallet.id, kind="wallet settings", details={"name": name}
        ),
        parts={"wallet": wallet.name},
        entries=(("wallet", wallet.name),),
        lines=(("wallet", wallet_words(wallet)), ("name", name)),
    )


def _subwallet_update(arguments: Mapping[str, Value], directory: Directory) -> Asked:
    wallet = wallet_named(directory, str(arguments["wallet"]), types=("prime_sub",))
    if not wallet.parent:
        raise EffectRefused(
            "wallet-unfit",
            f'the directory does not say whose sub-wallet "{wallet.name}" is',
            hint="add its parent to directory.yaml; only the parent's list shows the change",
        )
    sweep = _sweep(arguments)
    named = {"name": name_of(arguments)} if "name" in arguments else {}
    renamed = {"walletName": named["name"]} if named else {}
    details = {**named, **sweep}
    if not details:
        raise EffectRefused(
            "nothing-to-change",
            "the update gives neither a name nor auto_collection",
            hint="give one of them, or leave the step out",
        )
    return Asked(
        fields={"walletId": wallet.id, **renamed, **_sweep_field(arguments)},
        expectation=Expectation(subject_id=wallet.id, kind="wallet settings", details=details),
        parts={"wallet": wallet.name},
        entries=(("wallet", wallet.name), ("wallet", wallet.parent)),
        lines=(
            ("wallet", f"{wallet_words(wallet)}, parent {wallet.parent}"),
            *named.items(),
            *_sweep_line(sweep),
        ),
    )


def _sweep(arguments: Mapping[str, Value]) -> dict[str, str]:
    if "auto_collection" not in arguments:
        return {}
    return {"auto_collection": value_text(arguments["auto_collection"])}


def _sweep_field(arguments: Mapping[str, Value]) -> dict[str, str]:
    if "auto_collection" not in arguments:
        return {}
    return {"autoCollection": flag_text(arguments["auto_collection"])}


def _sweep_line(sweep: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(("sweep", f"auto_collection {text}") for text in sweep.values())


def _whitelist_upsert(arguments: Mapping[str, Value], directory: Directory) -> Asked:
    coin, network = str(arguments["coin"]), str(arguments["network"])
    check_coin(directory, coin)
    name = str(arguments["destination"])
    destination = destination_named(directory, name, coin=coin, network=network)
    if not destination.address or not destination.label:
        lacking = "label" if destination.address else "address"
        raise EffectRefused(
            "destination-refused",
            f'the directory has no {lacking} for the destination "{name}"',
            hint="the whitelist holds addresses, each with a label",
        )
    entry = id_of(arguments, "entry") if "entry" in arguments else ""
    address_type = str(arguments["address_type"])
    confirmation = str(arguments["confirmation"])
    fields = {
        "addressType": ADDRESS_TYPE_NUMBERS[address_type],
        "address": destination.address,
        "label": destination.label,
        "symbol": coin,
        "network": network,
        "confirmation": confirmation,
    }
    if destination.memo:
        fields["memo"] = destination.memo
    if entry:
        fields["whitelistId"] = entry
    person = {"correspondentDetail": dict(destination.correspondent)}
    return Asked(
        fields={**fields, **(person if destination.correspondent else {})},
        expectation=Expectation(
            subject_id=entry,
            kind="whitelist entry",
            coin=coin,
            network=network,
            details={
                "address": destination.address,
                "memo": destination.memo,
                "label": destination.label,
                "address_type": address_type,
            },
        ),
        parts={"to": name, "coin": coin, "network": network},
        entries=(("destination", name), ("coin", coin)),
        lines=(
            ("destination", f"{name}, address {destination.address}"),
            ("for", f"{coin} on {network}"),
            ("memo", destination.memo or "none"),
            ("label", destination.label),
            ("counterparty", f"{confirmation}, {_correspondent_words(destination.correspondent)}"),
            ("entry", f"edits {entry}" if entry else "adds one"),
        ),
    )


def _correspondent_words(correspondent: Mapping[str, str]) -> str:
    return "with the directory's correspondent" if correspondent else "no correspondent given"


def _webhook_resend(arguments: Mapping[str, Value], directory: Directory) -> Asked:  # noqa: ARG001 - as every draft
    webhook, event, since = id_of(arguments, "webhook"), str(arguments["event"]), arguments["since"]
    assert isinstance(since, datetime)
    return Asked(
        fields={
            "webhookId": webhook,
            "eventType": WEBHOOK_EVENTS[event],
            "resendFromDateTime": str(timestamp_ms(since)),
        },
        expectation=Expectation(
            subject_id=webhook,
            kind="resend",
            details={"event": event, "since": timestamp_text(since)},
        ),
        parts={"webhook": webhook, "event": event},
        lines=(("webhook", webhook), ("event", event), ("since", timestamp_text(since))),
    )


WALLET_DRAFTS: Mapping[str, Callable[[Mapping[str, Value], Directory], Asked]] = MappingProxyType(
    {
        "wallet.create": _wallet_create,
        "subwallet.create": _subwallet_create,
        "wallet.update": _wallet_update,
        "subwallet.update": _subwallet_update,
        "whitelist.upsert": _whitelist_upsert,
        "webhook.resend": _webhook_resend,
    }
)
"""The effects of this module by their actions' names."""
