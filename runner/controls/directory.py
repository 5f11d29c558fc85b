"""The directory: names for what the custodian knows by id, and the coins and networks there are.

Playbooks speak of names; ids appear only in what is sent and in what comes back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from types import MappingProxyType

from runner.controls.reading import Findings, entries_of, mapping_of, scalars_of, text_of
from runner.core.diagnostics import Diagnostic, did_you_mean
from runner.core.errors import InvalidInput
from runner.core.record import record
from runner.core.source import Span
from runner.documents.nodes import MappingNode, Node, ScalarNode


@record
class WalletEntry:
    """One custody wallet.

    Shapes: ``id`` is the custodian's; ``type`` is ``qualified``, ``prime``, ``cosign`` or
        ``prime_sub``.
    """

    name: str
    id: str
    type: str


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

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        for name in ("coins", "wallets", "mirror_links", "mirrorx_links"):
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

    def wallet_of(self, type_name: str, link: str) -> WalletEntry | None:
        """Return the wallet behind a link, or None for a link that is not listed."""
        entry = self.links(type_name).get(link)
        return None if entry is None else self.wallets[entry.wallet]

    def check(self, type_name: str, word: str) -> Unlisted | None:
        """Return what is wrong with a word of a directory type, or None when it is listed.

        Shapes: ``type_name`` is ``wallet mirror_link mirrorx_link coin network``; every other type
            has nothing to do with the directory and is never wrong here.
        """
        known = self._words(type_name)
        if known is None or word in known:
            return None
        code, what = _UNLISTED[type_name]
        return Unlisted(
            code=code, summary=f'the directory has no {what} "{word}"', hint=_hint(word, known)
        )

    def _named(self, type_name: str) -> Mapping[str, WalletEntry | LinkEntry]:
        return self.wallets if type_name == "wallet" else self.links(type_name)

    def _words(self, type_name: str) -> frozenset[str] | None:
        if type_name == "coin":
            return frozenset(self.coins)
        if type_name == "network":
            return self.networks
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
        wallets[name] = WalletEntry(name=name, id=text_of(body, "id"), type=text_of(body, "type"))
        _claim_id(body, name, owners, findings)
    return wallets


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
            findings.add("unknown-wallet", summary, wallet.span, hint=_hint(wallet.text, wallets))
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


def _hint(word: str, known: Iterable[str]) -> str:
    return did_you_mean(word, known) or "the directory lists none"


_UNLISTED = {
    "wallet": ("unknown-wallet", "wallet"),
    "mirror_link": ("unknown-link", "Mirror link"),
    "mirrorx_link": ("unknown-link", "MirrorX link"),
    "coin": ("unknown-coin", "coin"),
    "network": ("unknown-network", "network"),
}
