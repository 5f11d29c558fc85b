"""The directory: names for what the custodian knows by id, and the coins and networks there are.

Playbooks speak of names; ids appear only in what is sent and in what comes back.
"""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from runner.controls.destination import DestinationEntry, destinations_of
from runner.controls.reading import (
    Findings,
    entries_of,
    listed_hint,
    mapping_of,
    scalar_of,
    scalars_of,
    text_of,
)
from runner.core.diagnostics import Diagnostic
from runner.core.errors import InvalidInput
from runner.core.record import record
from runner.core.source import Span
from runner.documents.nodes import MappingNode, Node, ScalarNode


@record
class WalletEntry:
    """One custody wallet.

    Shapes: ``id`` is the custodian's; ``type`` is ``qualified``, ``prime``, ``cosign`` or
        ``prime_sub``; ``parent`` names the prime wallet a sub-wallet belongs to, or is empty;
        ``exchange_uid`` is the id of the exchange account bound to it, or empty.
    """

    name: str
    id: str
    type: str
    parent: str = ""
    exchange_uid: str = ""


@record
class LinkEntry:
    """One Mirror or MirrorX link.

    Shapes: ``id`` is the custodian's; ``wallet`` names the wallet behind the link; ``binance_uid``
        is the exchange account's id, or empty where the operator has not written it down.
    """

    name: str
    id: str
    wallet: str
    binance_uid: str = ""


@record
class Unlisted:
    """A word the directory does not have, as the makings of a diagnostic."""

    code: str
    summary: str
    hint: str

    def at(self, span: Span) -> Diagnostic:
        """Return the diagnostic for the place where the word was written."""
        return Diagnostic(code=self.code, summary=self.summary, span=span, hint=self.hint)


@record
class Directory:
    """Everything a playbook can name.

    Shapes: ``coins`` maps symbols to decimal places, 0 to 18; all mappings are by name; ids are
        unique within wallets, within mirror links and within mirrorx links.
    """

    entity: str
    coins: Mapping[str, int] = field(default_factory=dict)
    networks: frozenset[str] = frozenset()
    wallets: Mapping[str, WalletEntry] = field(default_factory=dict)
    mirror_links: Mapping[str, LinkEntry] = field(default_factory=dict)
    mirrorx_links: Mapping[str, LinkEntry] = field(default_factory=dict)
    destinations: Mapping[str, DestinationEntry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        for name in ("coins", "wallets", "mirror_links", "mirrorx_links", "destinations"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def links(self, type_name: str) -> Mapping[str, LinkEntry]:
        """Return the links of a playbook type: ``mirror_link`` or ``mirrorx_link``."""
        assert type_name in {"mirror_link", "mirrorx_link"}, f"{type_name} is no type of links"
        return self.mirror_links if type_name == "mirror_link" else self.mirrorx_links

    def id_of(self, type_name: str, name: str) -> str | None:
        """Return the custodian's id of a wallet or link, or None for a name that is not listed.

        Shapes: ``type_name`` is ``wallet``, ``mirror_link`` or ``mirrorx_link``.
        """
        entry = self._named(type_name).get(name)
        return None if entry is None else entry.id

    def name_of(self, type_name: str, custodian_id: str) -> str | None:
        """Return the name of a wallet or link the custodian knows by id, or None."""
        for entry in self._named(type_name).values():
            if entry.id == custodian_id:
                return entry.name
        return None

    def ids(self, type_name: str) -> tuple[str, ...]:
        """Return the custodian's ids of all wallets or links of a type, as ``id_of`` knows them."""
        return tuple(entry.id for entry in self._named(type_name).values())

    def wallet_of(self, type_name: str, link: str) -> WalletEntry | None:
        """Return the wallet behind a link, or None for a link that is not listed."""
        entry = self.links(type_name).get(link)
        return None if entry is None else self.wallets[entry.wallet]

    def check(self, type_name: str, word: str) -> Unlisted | None:
        """Return what is wrong with a word of a directory type, or None when it is listed.

        Shapes: ``type_name`` is ``wallet mirror_link mirrorx_link destination coin network``; every
            other type has nothing to do with the directory and is never wrong here.
        """
        known = self._words(type_name)
        if known is None or word in known:
            return None
        code, what = _UNLISTED[type_name]
        return Unlisted(
            code=code,
            summary=f'the directory has no {what} "{word}"',
            hint=listed_hint(word, known),
        )

    def entry_texts(self, type_name: str, name: str) -> dict[str, str] | None:
        """Return an entry as texts, as plans record it, or None for a name that is not listed.

        Shapes: ``type_name`` as for ``check``; what an entry does not say is left out, but for a
            link's account.
        """
        if type_name == "coin":
            places = self.coins.get(name)
            return None if places is None else {"places": str(places)}
        if type_name == "destination":
            destination = self.destinations.get(name)
            return None if destination is None else destination.texts()
        entry = self._named(type_name).get(name)
        if isinstance(entry, LinkEntry):
            return {"id": entry.id, "wallet": entry.wallet, "binance_uid": entry.binance_uid}
        if isinstance(entry, WalletEntry):
            texts = {"id": entry.id, "type": entry.type}
            more = {"parent": entry.parent, "exchange_uid": entry.exchange_uid}
            return texts | {key: text for key, text in more.items() if text}
        return None

    def _named(self, type_name: str) -> Mapping[str, WalletEntry | LinkEntry]:
        return self.wallets if type_name == "wallet" else self.links(type_name)

    def _words(self, type_name: str) -> frozenset[str] | None:
        if type_name == "coin":
            return frozenset(self.coins)
        if type_name == "network":
            return self.networks
        if type_name == "destination":
            return frozenset(self.destinations)
        return frozenset(self._named(type_name)) if type_name in _UNLISTED else None


def directory_from_document(node: Node) -> Directory:
    """Build the directory from a document that fits ``schemas/directory.schema.json``.

    Errors: ``InvalidInput`` with everything a schema cannot see: ids given twice, links to wallets
        that are not listed.
    """
    document = mapping_of(node)
    findings = Findings()
    wallets = _wallets(document, findings)
    directory = Directory(
        entity=text_of(document, "entity"),
        coins=_coins(document),
        networks=frozenset(item.text for item in scalars_of(document, "networks")),
        wallets=wallets,
        mirror_links=_links(document, "mirror_links", wallets, findings),
        mirrorx_links=_links(document, "mirrorx_links", wallets, findings),
        destinations=destinations_of(document, {w.name: w.id for w in wallets.values()}, findings),
    )
    if findings.found:
        raise InvalidInput(tuple(findings.found))
    return directory


def _coins(document: MappingNode) -> dict[str, int]:
    coins: dict[str, int] = {}
    for entry in entries_of(document, "coins"):
        places = entry.value.value if isinstance(entry.value, ScalarNode) else None
        assert isinstance(places, int), "the schema promised a number of places"
        coins[entry.key.text] = places
    return coins


def _wallets(document: MappingNode, findings: Findings) -> dict[str, WalletEntry]:
    wallets: dict[str, WalletEntry] = {}
    owners: dict[str, str] = {}
    for entry in entries_of(document, "wallets"):
        body = mapping_of(entry.value)
        name = entry.key.text
        wallets[name] = WalletEntry(
            name=name,
            id=text_of(body, "id"),
            type=text_of(body, "type"),
            parent=text_of(body, "parent"),
            exchange_uid=text_of(body, "exchange_uid"),
        )
        _claim_id(body, name, owners, findings)
    for entry in entries_of(document, "wallets"):
        _check_parent(mapping_of(entry.value), wallets[entry.key.text], wallets, findings)
    return wallets


def _check_parent(
    body: MappingNode, wallet: WalletEntry, wallets: Mapping[str, WalletEntry], findings: Findings
) -> None:
    node = scalar_of(body, "parent")
    if node is None:
        return
    parent = wallets.get(node.text)
    if parent is None:
        summary = f'wallet "{wallet.name}" names the parent "{node.text}", which is not listed'
        findings.add("unknown-wallet", summary, node.span, hint=listed_hint(node.text, wallets))
    elif wallet.type != "prime_sub" or parent.type != "prime":
        summary = f'"{parent.name}" ({parent.type}) cannot be the parent of a {wallet.type} wallet'
        findings.add(
            "wrong-value", summary, node.span, hint="a prime_sub wallet has a prime parent"
        )


def _links(
    document: MappingNode, key: str, wallets: Mapping[str, WalletEntry], findings: Findings
) -> dict[str, LinkEntry]:
    links: dict[str, LinkEntry] = {}
    owners: dict[str, str] = {}
    for entry in entries_of(document, key):
        body = mapping_of(entry.value)
        name = entry.key.text
        wallet = body.get("wallet")
        assert isinstance(wallet, ScalarNode), "the schema promised a wallet's name"
        if wallet.text not in wallets:
            summary = f'link "{name}" names wallet "{wallet.text}", which is not listed'
            findings.add(
                "unknown-wallet", summary, wallet.span, hint=listed_hint(wallet.text, wallets)
            )
        links[name] = LinkEntry(
            name=name,
            id=text_of(body, "id"),
            wallet=wallet.text,
            binance_uid=text_of(body, "binance_uid"),
        )
        _claim_id(body, name, owners, findings)
    return links


def _claim_id(body: MappingNode, name: str, owners: dict[str, str], findings: Findings) -> None:
    # Two names for one id would be two locks for one account.
    node = body.get("id")
    assert isinstance(node, ScalarNode), "the schema promised an id"
    owner = owners.setdefault(node.text, name)
    if owner != name:
        summary = f'"{name}" has the same id as "{owner}"'
        findings.add("wrong-value", summary, node.span, hint="one id has one name")


_UNLISTED = {
    "wallet": ("unknown-wallet", "wallet"),
    "mirror_link": ("unknown-link", "Mirror link"),
    "mirrorx_link": ("unknown-link", "MirrorX link"),
    "destination": ("unknown-destination", "destination"),
    "coin": ("unknown-coin", "coin"),
    "network": ("unknown-network", "network"),
}
