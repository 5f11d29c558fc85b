"""What each effect asks for: names looked up, amounts checked, the body's members filled in."""

from collections.abc import Mapping
from typing import TypeAlias

from runner.catalogue.api import Api
from runner.catalogue.manifest import Manifest
from runner.controls.directory import Directory, LinkEntry
from runner.core.money import Money, amount_text, decimal_places
from runner.core.values import Value
from runner.effects.draft import EffectDraft, EffectRefused
from runner.effects.model import Expectation

_Parts: TypeAlias = tuple[dict[str, str], Expectation, dict[str, str]]


def draft_effect(
    manifest: Manifest, arguments: Mapping[str, Value], *, directory: Directory, api: Api
) -> EffectDraft:
    """Work out what an effect asks for.

    Errors: ``EffectRefused`` for a name the directory does not have, or an amount that is not
        positive or has more decimals than its coin.
    """
    money = arguments["amount"]
    assert isinstance(money, Money)
    _check_amount(money, directory)
    draft = _mirrorx_draft if manifest.name.startswith("mirrorx.") else _mirror_draft
    fields, expectation, parts = draft(manifest, arguments, directory, money)
    return EffectDraft(
        manifest=manifest,
        operation=api.operations[manifest.operation],
        fields=fields,
        expectation=expectation,
        money=money,
        parts=parts,
    )


def _mirror_draft(
    manifest: Manifest, arguments: Mapping[str, Value], directory: Directory, money: Money
) -> _Parts:
    link = _link(directory.mirror_links, str(arguments["link"]), "mirror link")
    network = str(arguments["network"])
    if network not in directory.networks:
        raise EffectRefused("unknown-network", f'the directory has no network "{network}"')
    fields = {
        "mirrorLinkId": link.id,
        "coinSymbol": money.coin,
        "network": network,
        "amount": amount_text(money.amount),
    }
    kind = "apply"
    if manifest.name == "mirror.settle":
        side = str(arguments["from"])
        kind = f"settle_from_{side}"
        fields["operationType"] = "2" if side == "ceffu" else "3"
    return fields, _expectation(link, kind, network, money), _parts(link, network, money)


def _mirrorx_draft(
    manifest: Manifest, arguments: Mapping[str, Value], directory: Directory, money: Money
) -> _Parts:
    link = _link(directory.mirrorx_links, str(arguments["link"]), "MirrorX link")
    kind = manifest.name.removeprefix("mirrorx.")
    fields = {
        "mirrorXLinkId": link.id,
        "orderType": "10" if kind == "delegate" else "20",
        "coinSymbol": money.coin,
        "amount": amount_text(money.amount),
    }
    return fields, _expectation(link, kind, "", money), _parts(link, "", money)


def _expectation(link: LinkEntry, kind: str, network: str, money: Money) -> Expectation:
    return Expectation(
        link_id=link.id, kind=kind, coin=money.coin, network=network, amount=money.amount
    )


def _parts(link: LinkEntry, network: str, money: Money) -> dict[str, str]:
    return {"link": link.name, "wallet": link.wallet, "coin": money.coin, "network": network}


def _check_amount(money: Money, directory: Directory) -> None:
    places = directory.coins.get(money.coin)
    if places is None:
        raise EffectRefused("unknown-coin", f'the directory has no coin "{money.coin}"')
    if money.amount <= 0:
        raise EffectRefused(
            "amount-not-positive", f"the amount is {money}; an effect moves more than nothing"
        )
    if decimal_places(money.amount) > places:
        raise EffectRefused(
            "precision-exceeded",
            f"{money} has more decimals than {money.coin} allows",
            hint=f"{money.coin} has {places}: round_down(x, places({money.coin!r}))",
        )


def _link(links: Mapping[str, LinkEntry], name: str, what: str) -> LinkEntry:
    link = links.get(name)
    if link is None:
        raise EffectRefused("unknown-link", f'the directory has no {what} "{name}"')
    return link
