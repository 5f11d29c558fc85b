"""Destinations: where withdrawals may go, reviewed in the directory and never written raw."""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from runner.controls.reading import (
    Findings,
    entries_of,
    listed_hint,
    mapping_of,
    scalar_of,
    scalars_of,
    text_of,
)
from runner.core.ids import bytes_digest
from runner.core.jsonvalue import canonical_json
from runner.core.record import record
from runner.documents.nodes import Entry, MappingNode, ScalarNode


@record
class DestinationEntry:
    """Where a withdrawal may go: an address, or another wallet at the custodian.

    Shapes: exactly one of ``address`` and ``wallet_id`` is not empty; ``wallet`` is the name of the
        wallet with that id, where the directory has it. ``networks`` are those it may be reached
        by, ``coins`` those it may be sent; empty means any, which an address cannot have for
        networks. ``correspondent`` holds the travel-rule data as the API spells them, texts by
        name.
    """

    name: str
    address: str = ""
    wallet_id: str = ""
    wallet: str = ""
    networks: tuple[str, ...] = ()
    memo: str = ""
    coins: tuple[str, ...] = ()
    label: str = ""
    correspondent: Mapping[str, str] = field(default_factory=dict)

    def allows(self, coin: str, network: str) -> bool:
        """Tell whether a coin may be sent there by a network."""
        return (not self.coins or coin in self.coins) and (
            not self.networks or network in self.networks
        )

    def texts(self) -> dict[str, str]:
        """Return what the entry says, as plans record it.

        Shapes: of the correspondent a digest, so that a plan says when it has changed and not whose
            birthday it is.
        """
        person = bytes_digest(canonical_json(dict(self.correspondent)))
        texts = {
            "address": self.address,
            "wallet_id": self.wallet_id,
            "wallet": self.wallet,
            "networks": " ".join(self.networks),
            "memo": self.memo,
            "coins": " ".join(self.coins),
            "label": self.label,
            "correspondent": person if self.correspondent else "",
        }
        return {key: text for key, text in texts.items() if text}


def destinations_of(
    document: MappingNode, wallets: Mapping[str, str], findings: Findings
) -> dict[str, DestinationEntry]:
    """Read the destinations of a directory's document.

    Shapes: ``wallets`` are the custodian's ids by name. What a schema cannot see is added to the
        findings: names of wallets, networks and coins that are not listed, and what is missing.
    """
    destinations: dict[str, DestinationEntry] = {}
    for entry in entries_of(document, "destinations"):
        body = mapping_of(entry.value)
        name = entry.key.text
        wallet, wallet_id = text_of(body, "wallet"), text_of(body, "wallet_id")
        if wallet and wallet in wallets:
            wallet_id = wallets[wallet]
        elif not wallet:
            wallet = next((each for each, id_ in wallets.items() if id_ == wallet_id), "")
        destinations[name] = DestinationEntry(
            name=name,
            address=text_of(body, "address"),
            wallet_id=wallet_id,
            wallet=wallet,
            networks=tuple(item.text for item in scalars_of(body, "networks")),
            memo=text_of(body, "memo"),
            coins=tuple(item.text for item in scalars_of(body, "coins")),
            label=text_of(body, "label"),
            correspondent=_correspondent(body),
        )
        _check_destination(document, entry, wallets, findings)
    return destinations


def _correspondent(body: MappingNode) -> dict[str, str]:
    found = {}
    for entry in entries_of(body, "correspondent"):
        assert isinstance(entry.value, ScalarNode), "the schema promised texts"
        name, words = _CORRESPONDENT[entry.key.text]
        found[name] = words.get(entry.value.text, entry.value.text)
    return found


def _check_destination(
    document: MappingNode, entry: Entry, wallets: Mapping[str, str], findings: Findings
) -> None:
    body = mapping_of(entry.value)
    given = [key for key in _WHERE if scalar_of(body, key) is not None]
    if len(given) != 1:
        summary = f'"{entry.key.text}" says {len(given)} times where it is'
        findings.add("wrong-value", summary, entry.key.span, hint=f"give one of {_LISTED_WHERE}")
    if "address" in given and not scalars_of(body, "networks"):
        summary = f'the address of "{entry.key.text}" has no networks'
        hint = "add networks: a coin sent by another network does not arrive"
        findings.add("missing-key", summary, entry.key.span, hint=hint)
    _check_address(body, findings)
    wallet = scalar_of(body, "wallet")
    if wallet is not None and wallet.text not in wallets:
        summary = f'the directory has no wallet "{wallet.text}"'
        hint = listed_hint(wallet.text, wallets)
        findings.add("unknown-wallet", summary, wallet.span, hint=hint)
    _check_listed(document, body, findings)
    if body.get("correspondent") is not None:
        _check_correspondent(mapping_of(body.get("correspondent")), findings)


def _check_address(body: MappingNode, findings: Findings) -> None:
    address = scalar_of(body, "address")
    if address is None:
        return
    # The checksums are only paid for by directories that have addresses.
    from runner.controls.addresses import address_problem

    for network in scalars_of(body, "networks"):
        problem = address_problem(network.text, address.text)
        if problem is not None:
            summary = f"this is no address of {network.text}: {problem}"
            findings.add("address-invalid", summary, address.span)


def _check_listed(document: MappingNode, body: MappingNode, findings: Findings) -> None:
    networks = {item.text for item in scalars_of(document, "networks")}
    coins = {entry.key.text for entry in entries_of(document, "coins")}
    for key, word, known in (("networks", "network", networks), ("coins", "coin", coins)):
        for item in scalars_of(body, key):
            if item.text not in known:
                summary = f'the directory has no {word} "{item.text}"'
                hint = listed_hint(item.text, known)
                findings.add(f"unknown-{word}", summary, item.span, hint=hint)


def _check_correspondent(body: MappingNode, findings: Findings) -> None:
    needed = (*_NEEDED[text_of(body, "kind")], *_NEEDED[text_of(body, "held_by")])
    for key in needed:
        if scalar_of(body, key) is None:
            words = key.replace("_", " ")
            summary = f"a correspondent of this kind needs its {words}"
            findings.add("missing-key", summary, body.span, hint=f"add {key}")


_WHERE = ("address", "wallet", "wallet_id")
_LISTED_WHERE = "address, wallet and wallet_id"

_CORRESPONDENT: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "kind": ("correspondentType", {"entity": "0", "individual": "1"}),
        "held_by": ("toFromType", {"vasp": "0", "self_hosted": "1", "other": "2"}),
        "full_name": ("fullName", {}),
        "first_name": ("firstName", {}),
        "last_name": ("lastName", {}),
        "birthday": ("birthday", {}),
        "provider": ("provider", {}),
        "self_hosted_provider": ("selfHostedWalletProvider", {}),
        "jurisdiction": ("jurisdictionVaspCode", {}),
        "country": ("countryInfo", {}),
        "other": ("othersPleaseSpecify", {}),
    }
)
"""How the API spells what a directory says of a correspondent, and its numbers for our words."""

_NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "individual": ("first_name", "last_name", "birthday"),
        "entity": ("full_name",),
        "vasp": ("provider",),
        "self_hosted": ("self_hosted_provider",),
        "other": ("other",),
    }
)
"""What must be said of which correspondent.

Source: the rules of whitelist.upsert in the operations' facts.
"""
