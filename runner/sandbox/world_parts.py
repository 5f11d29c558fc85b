"""Reading the parts of a world: coins, wallets, links, addresses, keys, timings."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from functools import partial
from ipaddress import ip_network
from typing import TypeVar

from runner.core.diagnostics import did_you_mean
from runner.core.money import COIN, decimal_places
from runner.sandbox.clock import FACTOR_MAX, FACTOR_MIN, ClockMode, ClockStart
from runner.sandbox.world import (
    LINK_APPROVED,
    Coin,
    CoinNetwork,
    ExchangeAccount,
    Fee,
    Holding,
    Key,
    ListedAddress,
    MirrorLink,
    MirrorXLink,
    NoticeTarget,
    Timing,
    Timings,
    Wallet,
    WalletType,
    WebhookTarget,
)
from runner.sandbox.world_reading import Section

_PERMISSIONS = (
    "Enable Enquiry",
    "Enable Wallet Management",
    "Enable Withdrawal",
    "Enable Whitelisted Address Checking",
    "Enable Internal Transfer",
    "Enable Mirror Operation",
    "Transaction History",
    "Enable Transfer with Exchange",
)
"""Source: operations.yaml, permission_groups."""

_Item = TypeVar("_Item")

_COIN_PLACES_MAX = 18
_LINK_STATUSES = frozenset({0, 1, 2, 3, 4, 5, 10, 11, 12, 13})
"""Source: operations.yaml, enums, MirrorXLinkStatus."""
_ADDRESS_STATUSES = frozenset({10, 20, 30, 99})
"""Source: operations.yaml, enums, AddressStatus."""
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?(/|$)", re.ASCII)


def repeated(items: Iterable[_Item]) -> list[_Item]:
    """Return what stands there more than once."""
    return [item for item, count in Counter(items).items() if count > 1]


def read_coin(section: Section) -> Coin:
    """Read one coin."""
    section.refuse_unknown(
        *("symbol", "full_name", "places", "price_usdt", "price_btc", "networks"),
    )
    coin = Coin(
        symbol=section.text("symbol"),
        places=section.integer("places"),
        price_usdt=section.amount("price_usdt"),
        price_btc=section.amount("price_btc"),
        chains=section.each_or_name("networks", "network", _chain),
        full_name=section.text("full_name", ""),
    )
    for network in repeated(coin.networks):
        section.note(f"the network {network} stands here twice", "networks")
    if not COIN.fullmatch(coin.symbol):
        section.note(f"{coin.symbol!r} is not a coin: capital letters, like USDT", "symbol")
    if coin.places > _COIN_PLACES_MAX:
        section.note(f"a coin has at most {_COIN_PLACES_MAX} places", "places")
    return coin


def _chain(section: Section) -> CoinNetwork:
    section.refuse_unknown(
        *("network", "protocol", "deposit_enabled", "withdrawal_enabled", "withdrawal_min"),
        *("withdrawal_max", "fee", "address", "memo", "confirmations"),
    )
    usual = CoinNetwork(network="?")
    fee = section.section("fee")
    fee.refuse_unknown("coin", "amount")
    return CoinNetwork(
        network=section.text("network"),
        protocol=section.text("protocol", ""),
        deposit_enabled=section.boolean("deposit_enabled", default=True),
        withdrawal_enabled=section.boolean("withdrawal_enabled", default=True),
        minimum=section.amount("withdrawal_min", usual.minimum),
        maximum=section.amount("withdrawal_max") if "withdrawal_max" in section.data else None,
        fee=Fee(coin=fee.text("coin"), amount=fee.amount("amount")) if fee.data else None,
        address=section.pattern("address"),
        has_memo=section.boolean("memo", default=False),
        confirmations=section.integer("confirmations", usual.confirmations),
    )


def read_wallet(coins: tuple[Coin, ...], section: Section) -> Wallet:
    """Read one wallet."""
    section.refuse_unknown(
        *("name", "id", "type", "label", "parent", "auto_collection", "exchange_uid", "balances"),
    )
    number = section.integer("type")
    known = {int(kind) for kind in WalletType}
    if number not in known:
        section.note(
            "a wallet is of type 10 (qualified), 12 (cosign), 20 (prime) or 21 (prime sub-wallet)",
            "type",
        )
    kind = WalletType(number) if number in known else WalletType.QUALIFIED
    return Wallet(
        name=section.text("name"),
        id=section.digits("id"),
        type=kind,
        holdings=_holdings(section, "balances", coins, with_network=kind.has_networks),
        label=section.text("label", ""),
        parent=section.text("parent", ""),
        auto_collection=section.boolean("auto_collection", default=False),
        exchange_uid=section.text("exchange_uid", ""),
    )


def read_mirror_link(coins: tuple[Coin, ...], section: Section) -> MirrorLink:
    """Read one mirror link."""
    section.refuse_unknown("name", "id", "wallet", "binance_uid", "positions")
    return MirrorLink(
        name=section.text("name"),
        id=section.text("id"),
        wallet=section.text("wallet"),
        binance_uid=section.digits("binance_uid"),
        positions=_holdings(section, "positions", coins, with_network=True),
    )


def read_mirrorx_link(coins: tuple[Coin, ...], section: Section) -> MirrorXLink:
    """Read one MirrorX link."""
    section.refuse_unknown(
        *("name", "id", "wallet", "binance_uid", "label", "status", "created", "positions"),
        "exchange",
    )
    status = section.integer("status", LINK_APPROVED)
    if status not in _LINK_STATUSES:
        section.note(f"{status} is no status of a MirrorX link", "status")
    return MirrorXLink(
        name=section.text("name"),
        id=section.digits("id"),
        wallet=section.text("wallet"),
        binance_uid=section.digits("binance_uid"),
        label=section.text("label") if "label" in section.data else None,
        status=status,
        created_ms=section.moment_ms("created", 0),
        positions=_holdings(section, "positions", coins, with_network=False),
        exchange=_holdings(section, "exchange", coins, with_network=False),
    )


def _holdings(
    section: Section, key: str, coins: tuple[Coin, ...], *, with_network: bool
) -> tuple[Holding, ...]:
    holdings = section.each(key, partial(_holding, coins, with_network=with_network))
    places = [(h.coin, h.network) for h in holdings]
    for place in repeated(places):
        section.note(f"{' on '.join(filter(None, place))} stands here twice", key)
    return holdings


def _holding(coins: tuple[Coin, ...], section: Section, *, with_network: bool) -> Holding:
    section.refuse_unknown("coin", "amount", *(("network",) if with_network else ()))
    holding = Holding(
        coin=section.text("coin"),
        amount=section.amount("amount"),
        network=section.text("network") if with_network else "",
    )
    coin = next((c for c in coins if c.symbol == holding.coin), None)
    if coin is None:
        section.note(f"no coin {holding.coin!r} in this world", "coin")
        return holding
    if decimal_places(holding.amount) > coin.places:
        section.note(f"{coin.symbol} has {coin.places} decimal places", "amount")
    if with_network and holding.network not in coin.networks:
        section.note(f"{coin.symbol} is not on network {holding.network!r}", "network")
    return holding


def read_exchange_account(
    coins: tuple[Coin, ...], entity: str, section: Section
) -> ExchangeAccount:
    """Read one exchange account; ``entity`` is whose it is unless it says so itself."""
    section.refuse_unknown("uid", "entity", "balances")
    return ExchangeAccount(
        uid=section.digits("uid"),
        entity=section.text("entity", entity),
        holdings=_holdings(section, "balances", coins, with_network=False),
    )


def read_listed_address(coins: tuple[Coin, ...], section: Section) -> ListedAddress:
    """Read one address of the whitelist."""
    section.refuse_unknown(
        *("name", "id", "address", "network", "coin", "label", "memo", "address_type", "status"),
    )
    usual = ListedAddress(name="?", id="0", address="?", network="?", symbol="?")
    listed = ListedAddress(
        name=section.text("name"),
        id=section.digits("id"),
        address=section.text("address"),
        network=section.text("network"),
        symbol=section.text("coin"),
        label=section.text("label", ""),
        memo=section.text("memo", ""),
        address_type=section.integer("address_type", usual.address_type),
        status=section.integer("status", usual.status),
    )
    coin = next((c for c in coins if c.symbol == listed.symbol), None)
    if coin is None:
        section.note(f"no coin {listed.symbol!r} in this world", "coin")
    elif coin.on(listed.network) is None:
        section.note(f"{coin.symbol} is not on network {listed.network!r}", "network")
    if listed.status not in _ADDRESS_STATUSES:
        section.note("the status of an address is 10, 20, 30 or 99", "status")
    return listed


def read_webhook(entity: str, section: Section) -> WebhookTarget:
    """Read one webhook endpoint; ``entity`` is whose it is unless it says so itself."""
    section.refuse_unknown("name", "id", "entity", "url", "events", "wallets")
    target = WebhookTarget(
        name=section.text("name"),
        id=section.digits("id"),
        entity=section.text("entity", entity),
        url=section.text("url"),
        events=section.integers("events", (1, 2, 3, 4)),
        wallets=section.texts("wallets"),
    )
    if not _LOOPBACK.match(target.url):
        section.note("a webhook of a sandbox goes to this machine: http://127.0.0.1:PORT/…", "url")
    if not set(target.events) <= {1, 2, 3, 4}:
        section.note("an event is 1, 2 (deposit), 3 or 4 (withdrawal)", "events")
    return target


def read_notice_target(section: Section) -> NoticeTarget:
    """Read where notices for one target are sent."""
    section.refuse_unknown("name", "url")
    target = NoticeTarget(name=section.text("name"), url=section.text("url"))
    if not _LOOPBACK.match(target.url):
        section.note("a notice of a sandbox goes to this machine: http://127.0.0.1:PORT/…", "url")
    return target


def read_clock(section: Section) -> ClockStart:
    """Read how a world's time begins."""
    section.refuse_unknown("mode", "factor", "start")
    usual = ClockStart()
    mode = ClockMode(section.one_of("mode", tuple(ClockMode), usual.mode))
    factor = section.amount("factor", usual.factor)
    if not FACTOR_MIN <= factor <= FACTOR_MAX:
        section.note(f"a factor from {FACTOR_MIN} to {FACTOR_MAX} is needed here", "factor")
    elif mode is not ClockMode.SCALED and "factor" in section.data:
        section.note(f"a {mode.value} clock has no factor", "factor")
    start_ms = section.moment_ms("start", 0) if "start" in section.data else None
    return ClockStart(mode=mode, factor=factor, start_ms=start_ms)


def read_key(entity: str, section: Section) -> Key:
    """Read one API key; ``entity`` is whose it is unless it says so itself."""
    section.refuse_unknown("name", "entity", "permissions", "ips", "wallets", "expired")
    key = Key(
        name=section.text("name"),
        permissions=section.texts("permissions"),
        entity=section.text("entity", entity),
        ips=section.texts("ips"),
        wallets=section.texts("wallets"),
        expired=section.boolean("expired", default=False),
    )
    for permission in key.permissions:
        if permission not in _PERMISSIONS:
            hint = did_you_mean(permission, _PERMISSIONS)
            section.note(f"no permission group {permission!r}; {hint}", "permissions")
    for address in key.ips:
        try:
            ip_network(address)
        except ValueError:
            section.note(f"{address!r} is no IP address or network", "ips")
    # The name becomes a file name.
    if not (key.name.isascii() and key.name.replace("-", "").isalnum() and key.name.islower()):
        section.note("a key's name is small letters, digits and hyphens", "name")
    return key


def read_timings(section: Section) -> Timings:
    """Read how long each kind of write takes."""
    names = tuple(field.name for field in fields(Timings))
    section.refuse_unknown(*names)
    return Timings(**{name: _timing(section.section(name)) for name in names})


def _timing(section: Section) -> Timing:
    section.refuse_unknown("in_progress_after", "success_after", "confirmed_after")
    usual = Timing()
    return Timing(
        in_progress_after_ms=section.duration_ms("in_progress_after", usual.in_progress_after_ms),
        success_after_ms=section.duration_ms("success_after", usual.success_after_ms),
        confirmed_after_ms=section.duration_ms("confirmed_after", usual.confirmed_after_ms),
    )
