"""What a sandbox is made of before anybody calls it: names, ids, balances, timings and switches."""

from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from types import MappingProxyType

from runner.core.clock import timestamp_text
from runner.core.ids import bytes_digest
from runner.core.jsonvalue import JsonValue, canonical_json
from runner.core.money import amount_text
from runner.core.record import record
from runner.core.values import duration_text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

LINK_APPROVED = 1
"""The status of a MirrorX link on which orders may be placed.

Source: operations.yaml, enums, MirrorXLinkStatus.
"""


class WalletType(IntEnum):
    """The kinds of parent wallet a world can have.

    Source: operations.yaml, enums, WalletType.
    """

    QUALIFIED = 10
    """Holds each coin per network; the source of mirrored assets."""
    PRIME = 20
    """Holds coins without a network; the source of MirrorX delegation."""


class HttpStatusMode(StrEnum):
    """The HTTP status of an answer that carries an error code."""

    OK = "ok"
    """Always 200, as the documentation's "Business error" examples have it."""
    MAPPED = "mapped"
    """The status the catalogue gives for the code."""


class Dedupe(StrEnum):
    """What makes a write a duplicate; more ways come with the faults."""

    REQUEST_ID = "request_id"
    """A requestId that an accepted write of the entity has carried, for ever: G20015."""


@record
class Coin:
    """One coin.

    Shapes: ``networks`` are those a qualified wallet can hold it on, in order; ``places`` is how
        many decimals an amount may have; prices are exact and hold at most 18 decimals.
    """

    symbol: str
    places: int
    price_usdt: Decimal
    price_btc: Decimal
    networks: tuple[str, ...]


@record
class Holding:
    """An opening balance; ``network`` is empty where the holder has no networks."""

    coin: str
    amount: Decimal
    network: str = ""


@record
class Wallet:
    """A parent wallet.

    Shapes: ``id`` is a decimal number below 2^63, above 2^53 in the default world so that a client
        which reads it as a double is found out.
    """

    name: str
    id: str
    type: WalletType
    holdings: tuple[Holding, ...] = ()


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
class Key:
    """An API key to be made with the sandbox; a world never holds the key pair itself."""

    name: str
    permissions: tuple[str, ...]


@record
class Timing:
    """How long an accepted write takes.

    Units: milliseconds. ``success_after_ms`` counts from the moment it went in progress.
    """

    in_progress_after_ms: int = 1_000
    success_after_ms: int = 1_000


@record
class Switches:
    """What the real service leaves unknown, or what a test wants slow.

    Shapes: ``reply_delay_ms`` maps an operation id to the pause between commit and answer.
        ``records_carry_request_id`` is false by default because no source shows a record row with
        a requestId, and a client that copes without one copes with one.
        ``insufficient_balance_code`` is G20022 (invalid amount) by default: no source names a code
        for it, and this is the documented one whose meaning is nearest.
    Units: milliseconds; the timestamp window is inclusive, to each side.
    """

    timestamp_window_ms: int = 60_000
    dedupe: Dedupe = Dedupe.REQUEST_ID
    records_carry_request_id: bool = False
    http_status: HttpStatusMode = HttpStatusMode.OK
    insufficient_balance_code: str = "G20022"
    visibility_delay_ms: int = 0
    reply_delay_ms: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "reply_delay_ms", MappingProxyType(dict(self.reply_delay_ms)))


@record
class World:
    """Everything a sandbox starts with, checked: names resolve and amounts fit their coins.

    Shapes: links name their wallet; ``networks`` are all networks of all coins, in order of first
        mention. Names of wallets and links start with the entity: ``acme/mirror-01``.
    """

    name: str
    entity: str
    coins: tuple[Coin, ...]
    wallets: tuple[Wallet, ...]
    mirror_links: tuple[MirrorLink, ...]
    mirrorx_links: tuple[MirrorXLink, ...]
    keys: tuple[Key, ...]
    mirror_record: Timing = Timing()
    mirrorx_order: Timing = Timing()
    switches: Switches = field(default_factory=Switches)
    summary: str = ""

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

    def wallet_by_id(self, wallet_id: str) -> Wallet | None:
        """Return the wallet of that id, or None."""
        return next((w for w in self.wallets if w.id == wallet_id), None)

    def mirror_link_by_id(self, link_id: str) -> MirrorLink | None:
        """Return the mirror link of that id, or None."""
        return next((k for k in self.mirror_links if k.id == link_id), None)

    def mirrorx_link_by_id(self, link_id: str) -> MirrorXLink | None:
        """Return the MirrorX link of that id, or None."""
        return next((k for k in self.mirrorx_links if k.id == link_id), None)


def world_digest(world: World) -> str:
    """Return ``sha256:`` and the digest of the world's canonical JSON.

    Two files that say the same in another layout have one digest.
    """
    return bytes_digest(canonical_json(world_to_json(world)))


def world_to_json(world: World) -> dict[str, JsonValue]:
    """Write a world as plain JSON, defaults included; ``world_from_mapping`` reads it back."""
    return {
        "apiVersion": "runner/v1",
        "kind": "World",
        "name": world.name,
        "summary": world.summary,
        "entity": world.entity,
        "coins": [
            {
                "symbol": coin.symbol,
                "places": coin.places,
                "price_usdt": amount_text(coin.price_usdt),
                "price_btc": amount_text(coin.price_btc),
                "networks": list(coin.networks),
            }
            for coin in world.coins
        ],
        "wallets": [
            {
                "name": wallet.name,
                "id": wallet.id,
                "type": int(wallet.type),
                "balances": _holdings_json(wallet.holdings),
            }
            for wallet in world.wallets
        ],
        "mirror_links": [
            {
                "name": link.name,
                "id": link.id,
                "wallet": link.wallet,
                "binance_uid": link.binance_uid,
                "positions": _holdings_json(link.positions),
            }
            for link in world.mirror_links
        ],
        "mirrorx_links": [_mirrorx_link_json(link) for link in world.mirrorx_links],
        "keys": [{"name": key.name, "permissions": list(key.permissions)} for key in world.keys],
        "timings": {
            "mirror_record": _timing_json(world.mirror_record),
            "mirrorx_order": _timing_json(world.mirrorx_order),
        },
        "switches": _switches_json(world.switches),
    }


def _holdings_json(holdings: tuple[Holding, ...]) -> list[JsonValue]:
    return [
        {"coin": h.coin, "amount": amount_text(h.amount)}
        | ({"network": h.network} if h.network else {})
        for h in holdings
    ]


def _mirrorx_link_json(link: MirrorXLink) -> dict[str, JsonValue]:
    return {
        "name": link.name,
        "id": link.id,
        "wallet": link.wallet,
        "binance_uid": link.binance_uid,
        **({"label": link.label} if link.label is not None else {}),
        "status": link.status,
        "created": timestamp_text(_EPOCH + timedelta(milliseconds=link.created_ms)),
        "positions": _holdings_json(link.positions),
        "exchange": _holdings_json(link.exchange),
    }


def _timing_json(timing: Timing) -> dict[str, JsonValue]:
    return {
        "in_progress_after": _duration_json(timing.in_progress_after_ms),
        "success_after": _duration_json(timing.success_after_ms),
    }


def _switches_json(switches: Switches) -> dict[str, JsonValue]:
    return {
        "timestamp_window": _duration_json(switches.timestamp_window_ms),
        "dedupe": switches.dedupe.value,
        "records_carry_request_id": switches.records_carry_request_id,
        "http_status": switches.http_status.value,
        "insufficient_balance_code": switches.insufficient_balance_code,
        "visibility_delay": _duration_json(switches.visibility_delay_ms),
        "reply_delay": {
            operation: _duration_json(delay_ms)
            for operation, delay_ms in sorted(switches.reply_delay_ms.items())
        },
    }


def _duration_json(duration_ms: int) -> str:
    return duration_text(timedelta(milliseconds=duration_ms))
