"""What a sandbox is made of before anybody calls it: names, ids, balances, timings and switches."""

from dataclasses import field
from decimal import Decimal
from enum import IntEnum

from runner.core.money import ZERO
from runner.core.record import record
from runner.sandbox.clock import ClockStart
from runner.sandbox.faults import Fault
from runner.sandbox.switches import Switches

LINK_APPROVED = 1
"""The status of a MirrorX link on which orders may be placed.

Source: operations.yaml, enums, MirrorXLinkStatus.
"""


class WalletType(IntEnum):
    """The kinds of wallet a world can have.

    Source: operations.yaml, enums, WalletType.
    """

    QUALIFIED = 10
    """Holds each coin per network; the source of mirrored assets."""
    COSIGN = 12
    """Holds each coin per network, like a qualified wallet."""
    PRIME = 20
    """Holds coins without a network; the source of MirrorX delegation."""
    PRIME_SUB = 21
    """Below a prime wallet; holds coins without a network and cannot withdraw."""

    @property
    def has_networks(self) -> bool:
        """Tell whether a wallet of this type holds each coin per network."""
        return self in {WalletType.QUALIFIED, WalletType.COSIGN}


@record
class Fee:
    """What the custodian takes for an on-chain withdrawal; the coin may be another one."""

    coin: str
    amount: Decimal


@record
class CoinNetwork:
    """One coin on one network.

    Shapes: ``maximum`` is None where there is none; ``fee`` is None where withdrawing is free;
        ``address`` is a regular expression that a whole address must match, empty for any;
        ``confirmations`` is how many blocks make a deposit or withdrawal final.
    """

    network: str
    protocol: str = ""
    deposit_enabled: bool = True
    withdrawal_enabled: bool = True
    minimum: Decimal = ZERO
    maximum: Decimal | None = None
    fee: Fee | None = None
    address: str = ""
    has_memo: bool = False
    confirmations: int = 12


@record
class Coin:
    """One coin.

    Shapes: ``chains`` are the networks it exists on, in order; ``places`` is how many decimals an
        amount may have; prices are exact and hold at most 18 decimals; ``full_name`` is empty
        where it is just the symbol.
    """

    symbol: str
    places: int
    price_usdt: Decimal
    price_btc: Decimal
    chains: tuple[CoinNetwork, ...]
    full_name: str = ""

    @property
    def networks(self) -> tuple[str, ...]:
        """Return the names of its networks, in order."""
        return tuple(chain.network for chain in self.chains)

    def on(self, network: str) -> CoinNetwork | None:
        """Return the coin as it is on a network, or None where it is not."""
        return next((chain for chain in self.chains if chain.network == network), None)


@record
class Holding:
    """An opening balance; ``network`` is empty where the holder has no networks."""

    coin: str
    amount: Decimal
    network: str = ""


@record
class Wallet:
    """A wallet that exists when the world begins.

    Shapes: ``id`` is a decimal number below 2^63, above 2^53 in the default world so that a client
        which reads it as a double is found out; ``label`` is the name the API shows, the
        directory's name unless said otherwise; ``parent`` names the prime wallet of a sub-wallet
        and is empty for the others; ``exchange_uid`` is the Binance account that exchange transfers
        of a prime wallet go to and come from, empty where none is bound to it.
    """

    name: str
    id: str
    type: WalletType
    holdings: tuple[Holding, ...] = ()
    label: str = ""
    parent: str = ""
    auto_collection: bool = False
    exchange_uid: str = ""

    @property
    def shown_name(self) -> str:
        """Return the name the API shows."""
        return self.label or self.name


@record
class MirrorLink:
    """A qualified wallet tied to a Binance UID (the archived product); ``wallet`` is its name."""

    name: str
    id: str
    wallet: str
    binance_uid: str
    positions: tuple[Holding, ...] = ()


@record
class MirrorXLink:
    """A prime wallet tied to a Binance UID.

    Shapes: ``positions`` are already delegated; ``exchange`` is what the UID holds besides;
        ``created_ms`` counts milliseconds since the epoch.
    """

    name: str
    id: str
    wallet: str
    binance_uid: str
    label: str | None = None
    status: int = LINK_APPROVED
    created_ms: int = 0
    positions: tuple[Holding, ...] = ()
    exchange: tuple[Holding, ...] = ()


@record
class ExchangeAccount:
    """A Binance account that can be transferred to and from (the archived exchange transfers)."""

    uid: str
    entity: str
    holdings: tuple[Holding, ...] = ()


@record
class ListedAddress:
    """An address that is on the whitelist when the world begins.

    Shapes: ``name`` is the destination's name in the directory, like ``acme/broker``; ``id`` is the
        whitelistId; ``symbol`` is the coin; ``status`` is 10, 20, 30 (approved) or 99;
        ``address_type`` is 1 (standard) or 2 (universal); no wallet has the name as well.
    """

    name: str
    id: str
    address: str
    network: str
    symbol: str
    label: str = ""
    memo: str = ""
    address_type: int = 1
    status: int = 30

    @property
    def shown_label(self) -> str:
        """Return the label the API shows."""
        return self.label or self.name


@record
class WebhookTarget:
    """Where a kind of event is sent.

    Shapes: ``url`` is a loopback address; ``events`` are numbers of WebhookEventType; ``wallets``
        are names, empty for all of the entity.
    """

    name: str
    id: str
    entity: str
    url: str
    events: tuple[int, ...] = (1, 2, 3, 4)
    wallets: tuple[str, ...] = ()


@record
class NoticeTarget:
    """Where notices of playbooks are sent; ``url`` is a loopback address."""

    name: str
    url: str


@record
class Key:
    """An API key to be made with the sandbox; a world never holds the key pair itself.

    Shapes: ``entity`` is whose wallets it sees; ``ips`` are addresses or networks it may be used
        from, empty for any; ``wallets`` are the names it is tied to (Designated Wallet), empty for
        all of the entity.
    """

    name: str
    permissions: tuple[str, ...]
    entity: str
    ips: tuple[str, ...] = ()
    wallets: tuple[str, ...] = ()
    expired: bool = False


@record
class Timing:
    """How long an accepted write takes.

    Units: milliseconds. ``success_after_ms`` counts from the moment it went in progress,
        ``confirmed_after_ms`` from success; the latter only matters on a blockchain.
    """

    in_progress_after_ms: int = 1_000
    success_after_ms: int = 1_000
    confirmed_after_ms: int = 1_000


@record
class Timings:
    """How long each kind of accepted write takes."""

    mirror_record: Timing = Timing()
    mirrorx_order: Timing = Timing()
    deposit: Timing = Timing()
    withdrawal: Timing = Timing()
    internal_transfer: Timing = Timing()
    exchange_transfer: Timing = Timing()
    whitelist: Timing = Timing()


@record
class World:
    """Everything a sandbox starts with, checked: names resolve and amounts fit their coins.

    Shapes: links name their wallet; ``networks`` are all networks of all coins, in order of first
        mention. Names of wallets, links and addresses start with an entity: ``acme/mirror-01``.
        ``entities`` has at least one; ``entity`` is the first, the one playbooks speak of.
    """

    name: str
    entities: tuple[str, ...]
    coins: tuple[Coin, ...]
    wallets: tuple[Wallet, ...]
    mirror_links: tuple[MirrorLink, ...] = ()
    mirrorx_links: tuple[MirrorXLink, ...] = ()
    exchange_accounts: tuple[ExchangeAccount, ...] = ()
    whitelist: tuple[ListedAddress, ...] = ()
    webhooks: tuple[WebhookTarget, ...] = ()
    notify: tuple[NoticeTarget, ...] = ()
    keys: tuple[Key, ...] = ()
    timings: Timings = Timings()
    switches: Switches = field(default_factory=Switches)
    clock: ClockStart = ClockStart()
    faults: tuple[Fault, ...] = ()
    summary: str = ""

    @property
    def entity(self) -> str:
        """Return the first entity."""
        return self.entities[0]

    @property
    def networks(self) -> tuple[str, ...]:
        """Return every network once, in order of first mention."""
        return tuple(dict.fromkeys(n for coin in self.coins for n in coin.networks))

    def coin(self, symbol: str) -> Coin | None:
        """Return the coin of that symbol, or None."""
        return next((c for c in self.coins if c.symbol == symbol), None)

    def wallet(self, name: str) -> Wallet:
        """Return the wallet of that name, which a checked world has."""
        return next(w for w in self.wallets if w.name == name)

    def mirror_links_of(self, entity: str) -> tuple[MirrorLink, ...]:
        """Return the mirror links of an entity, in order."""
        return tuple(k for k in self.mirror_links if entity_of(k.name) == entity)

    def mirrorx_links_of(self, entity: str) -> tuple[MirrorXLink, ...]:
        """Return the MirrorX links of an entity, in order."""
        return tuple(k for k in self.mirrorx_links if entity_of(k.name) == entity)


def entity_of(name: str) -> str:
    """Return the entity a name starts with: ``acme`` of ``acme/mirror-01``."""
    return name.partition("/")[0]
