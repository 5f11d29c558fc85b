"""What each effect asks for: names looked up, amounts checked, the body's members filled in."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from runner.actions.drafting import Asked, amount_of, check_network, entry_named
from runner.actions.transfers import TRANSFER_DRAFTS
from runner.actions.wallet_effects import WALLET_DRAFTS
from runner.catalogue.api import Api
from runner.catalogue.manifest import Manifest
from runner.controls.directory import Directory, LinkEntry
from runner.core.money import Money, amount_text
from runner.core.values import Value
from runner.effects.draft import EffectDraft
from runner.effects.model import Expectation

Draft: TypeAlias = Callable[[Mapping[str, Value], Directory], Asked]
"""One effect: from its arguments to what it asks for; raises ``EffectRefused``."""


def draft_effect(
    manifest: Manifest, arguments: Mapping[str, Value], *, directory: Directory, api: Api
) -> EffectDraft:
    """Work out what an effect asks for.

    Errors: ``EffectRefused`` for a name the directory does not have, an amount that is not positive
        or has more decimals than its coin, and whatever else must not be sent.
    """
    asked = DRAFTS[manifest.name](arguments, directory)
    return EffectDraft(
        manifest=manifest,
        operation=api.operations[manifest.operation],
        fields=asked.fields,
        expectation=asked.expectation,
        parts=asked.parts,
        entries=asked.entries,
        lines=asked.lines,
        outgoing=asked.outgoing,
    )


def _mirror_apply(arguments: Mapping[str, Value], directory: Directory) -> Asked:
    return _mirror(arguments, directory, "apply", {})


def _mirror_settle(arguments: Mapping[str, Value], directory: Directory) -> Asked:
    side = str(arguments["from"])
    fields = {"operationType": "2" if side == "ceffu" else "3"}
    return _mirror(arguments, directory, f"settle_from_{side}", fields)


def _mirror(
    arguments: Mapping[str, Value], directory: Directory, kind: str, fields: Mapping[str, str]
) -> Asked:
    money = amount_of(arguments, directory)
    name = str(arguments["link"])
    link = entry_named(directory.mirror_links, name, "mirror link", "unknown-link")
    network = str(arguments["network"])
    check_network(directory, network)
    own = {"mirrorLinkId": link.id, "network": network, **fields}
    return _on_link("mirror_link", link, own, kind, network, money)


def _mirrorx_delegate(arguments: Mapping[str, Value], directory: Directory) -> Asked:
    return _mirrorx(arguments, directory, "delegate", "10")


def _mirrorx_undelegate(arguments: Mapping[str, Value], directory: Directory) -> Asked:
    return _mirrorx(arguments, directory, "undelegate", "20")


def _mirrorx(
    arguments: Mapping[str, Value], directory: Directory, kind: str, order_type: str
) -> Asked:
    money = amount_of(arguments, directory)
    name = str(arguments["link"])
    link = entry_named(directory.mirrorx_links, name, "MirrorX link", "unknown-link")
    own = {"mirrorXLinkId": link.id, "orderType": order_type}
    return _on_link("mirrorx_link", link, own, kind, "", money)


def _on_link(
    type_name: str,
    link: LinkEntry,
    fields: Mapping[str, str],
    kind: str,
    network: str,
    money: Money,
) -> Asked:
    return Asked(
        fields={**fields, "coinSymbol": money.coin, "amount": amount_text(money.amount)},
        expectation=Expectation(
            subject_id=link.id, kind=kind, coin=money.coin, network=network, amount=money.amount
        ),
        parts={"link": link.name, "wallet": link.wallet, "coin": money.coin, "network": network},
        entries=((type_name, link.name), ("wallet", link.wallet), ("coin", money.coin)),
        lines=(("link", f"{link.name}, id {link.id}, wallet {link.wallet}"),),
    )


DRAFTS: Mapping[str, Draft] = MappingProxyType(
    {
        "mirror.apply": _mirror_apply,
        "mirror.settle": _mirror_settle,
        "mirrorx.delegate": _mirrorx_delegate,
        "mirrorx.undelegate": _mirrorx_undelegate,
        **TRANSFER_DRAFTS,
        **WALLET_DRAFTS,
    }
)
"""Every effect by its action's name; a test holds it against the manifests."""
