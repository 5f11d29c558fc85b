"""A mapping, or a file, made into a checked ``World``."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from runner.catalogue.load import load_api
from runner.core.diagnostics import Diagnostic, did_you_mean, sorted_diagnostics
from runner.core.errors import InvalidInput, SettingsInvalid
from runner.core.money import COIN, decimal_places
from runner.documents.files import read_source
from runner.documents.nodes import MappingNode, Node, SequenceNode, to_json
from runner.documents.yaml import read_yaml
from runner.sandbox.world import (
    LINK_APPROVED,
    Coin,
    Dedupe,
    Holding,
    HttpStatusMode,
    Key,
    MirrorLink,
    MirrorXLink,
    Switches,
    Timing,
    Wallet,
    WalletType,
    World,
)
from runner.sandbox.world_reading import Problem, Section

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
_CODE = re.compile(r"G[0-9]{5}", re.ASCII)
_LINK_STATUSES = frozenset({0, 1, 2, 3, 4, 5, 10, 11, 12, 13})
"""Source: operations.yaml, enums, MirrorXLinkStatus."""


DEFAULT_WORLD_PATH = Path(__file__).with_name("default_world.yaml")
"""The world of a sandbox that was started without one; it ships with the package."""


class WorldInvalid(SettingsInvalid):
    """A world contradicts itself or lacks something.

    Shapes: ``problems`` holds all of them, in the order found.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep every problem; the message is their list."""
        lines = "; ".join(str(problem) for problem in problems)
        super().__init__(f"the world is not usable: {lines}")
        self.problems = problems


def load_world(path: Path) -> World:
    """Read a world from a YAML file.

    Errors: ``InvalidInput`` with the place of everything that is wrong.
    """
    root = read_yaml(read_source(path))
    try:
        data = to_json(root)
        return world_from_mapping(data if isinstance(data, dict) else {})
    except WorldInvalid as exc:
        raise InvalidInput(
            sorted_diagnostics(
                Diagnostic(
                    code=problem.code,
                    summary=problem.sentence,
                    span=_node_at(root, problem.path).span,
                )
                for problem in exc.problems
            )
        ) from exc


def default_world() -> World:
    """Return the world that ships with the package."""
    return load_world(DEFAULT_WORLD_PATH)


def world_from_mapping(data: Mapping[str, object]) -> World:
    """Build a world from plain data in the shape of ``schemas/world.schema.json``.

    Errors: ``WorldInvalid`` with everything that is wrong.
    """
    root = Section(data)
    root.refuse_unknown(
        *("apiVersion", "kind", "name", "summary", "entity", "coins", "wallets", "mirror_links"),
        *("mirrorx_links", "keys", "timings", "switches"),
    )
    for key, value in (("apiVersion", "runner/v1"), ("kind", "World")):
        if data.get(key) != value:
            root.note(f"{value} is needed here", key, code="wrong-version")
    coins = root.each("coins", _coin)
    timings = root.section("timings")
    timings.refuse_unknown("mirror_record", "mirrorx_order")
    world = World(
        name=root.text("name"),
        summary=root.text("summary", ""),
        entity=root.text("entity"),
        coins=coins,
        wallets=root.each("wallets", partial(_wallet, coins)),
        mirror_links=root.each("mirror_links", partial(_mirror_link, coins)),
        mirrorx_links=root.each("mirrorx_links", partial(_mirrorx_link, coins)),
        keys=root.each("keys", _key),
        mirror_record=_timing(timings.section("mirror_record")),
        mirrorx_order=_timing(timings.section("mirrorx_order")),
        switches=_switches(root.section("switches")),
    )
    _check_names(root, world)
    _check_links(root, world)
    if root.problems:
        raise WorldInvalid(tuple(root.problems))
    return world


def _coin(section: Section) -> Coin:
    section.refuse_unknown("symbol", "places", "price_usdt", "price_btc", "networks")
    coin = Coin(
        symbol=section.text("symbol"),
        places=section.integer("places"),
        price_usdt=section.amount("price_usdt"),
        price_btc=section.amount("price_btc"),
        networks=section.texts("networks"),
    )
    if not COIN.fullmatch(coin.symbol):
        section.note(f"{coin.symbol!r} is not a coin: capital letters, like USDT", "symbol")
    if coin.places > _COIN_PLACES_MAX:
        section.note(f"a coin has at most {_COIN_PLACES_MAX} places", "places")
    return coin


def _wallet(coins: tuple[Coin, ...], section: Section) -> Wallet:
    section.refuse_unknown("name", "id", "type", "balances")
    number = section.integer("type")
    known = {int(kind) for kind in WalletType}
    if number not in known:
        section.note("a wallet is of type 10 (qualified) or 20 (prime)", "type")
    kind = WalletType(number) if number in known else WalletType.QUALIFIED
    return Wallet(
        name=section.text("name"),
        id=section.digits("id"),
        type=kind,
        holdings=_holdings(section, "balances", coins, with_network=kind is WalletType.QUALIFIED),
    )


def _mirror_link(coins: tuple[Coin, ...], section: Section) -> MirrorLink:
    section.refuse_unknown("name", "id", "wallet", "binance_uid", "positions")
    return MirrorLink(
        name=section.text("name"),
        id=section.text("id"),
        wallet=section.text("wallet"),
        binance_uid=section.digits("binance_uid"),
        positions=_holdings(section, "positions", coins, with_network=True),
    )


def _mirrorx_link(coins: tuple[Coin, ...], section: Section) -> MirrorXLink:
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
    for place in _repeated(places):
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


def _key(section: Section) -> Key:
    section.refuse_unknown("name", "permissions")
    key = Key(name=section.text("name"), permissions=section.texts("permissions"))
    # The name becomes a file name.
    for permission in key.permissions:
        if permission not in _PERMISSIONS:
            hint = did_you_mean(permission, _PERMISSIONS)
            section.note(f"no permission group {permission!r}; {hint}", "permissions")
    if not (key.name.isascii() and key.name.replace("-", "").isalnum() and key.name.islower()):
        section.note("a key's name is small letters, digits and hyphens", "name")
    return key


def _timing(section: Section) -> Timing:
    section.refuse_unknown("in_progress_after", "success_after")
    usual = Timing()
    return Timing(
        in_progress_after_ms=section.duration_ms("in_progress_after", usual.in_progress_after_ms),
        success_after_ms=section.duration_ms("success_after", usual.success_after_ms),
    )


def _switches(section: Section) -> Switches:
    section.refuse_unknown(
        *("timestamp_window", "dedupe", "records_carry_request_id", "http_status"),
        *("insufficient_balance_code", "visibility_delay", "reply_delay"),
    )
    usual = Switches()
    delays = section.section("reply_delay")
    delays.refuse_unknown(*load_api().operations)
    return Switches(
        timestamp_window_ms=section.duration_ms("timestamp_window", usual.timestamp_window_ms),
        dedupe=Dedupe(section.one_of("dedupe", tuple(Dedupe), usual.dedupe)),
        records_carry_request_id=section.boolean(
            "records_carry_request_id", default=usual.records_carry_request_id
        ),
        http_status=HttpStatusMode(
            section.one_of("http_status", tuple(HttpStatusMode), usual.http_status)
        ),
        insufficient_balance_code=_code(section, usual.insufficient_balance_code),
        visibility_delay_ms=section.duration_ms("visibility_delay", usual.visibility_delay_ms),
        reply_delay_ms={str(op): delays.duration_ms(str(op), 0) for op in delays.data},
    )


def _code(section: Section, usual: str) -> str:
    code = section.text("insufficient_balance_code", usual)
    # Anything else would be an answer that no client could read as a refusal.
    if not _CODE.fullmatch(code):
        section.note("an error code like G20022 is needed here", "insufficient_balance_code")
    return code


def _check_names(root: Section, world: World) -> None:
    links: tuple[MirrorLink | MirrorXLink, ...] = (*world.mirror_links, *world.mirrorx_links)
    named: dict[str, Iterable[str]] = {
        "coins": (coin.symbol for coin in world.coins),
        "wallets": (wallet.name for wallet in world.wallets),
        "keys": (key.name for key in world.keys),
        "mirror_links": (link.name for link in links),
    }
    for key, names in named.items():
        for name in _repeated(names):
            root.note(f"{name!r} stands here twice", key)
    ids: dict[str, Iterable[str]] = {
        "wallets": (wallet.id for wallet in world.wallets),
        "mirror_links": (link.id for link in world.mirror_links),
        "mirrorx_links": (link.id for link in world.mirrorx_links),
    }
    for key, numbers in ids.items():
        for number in _repeated(numbers):
            root.note(f"the id {number} stands here twice", key)
    for name in (*(w.name for w in world.wallets), *(link.name for link in links)):
        if not name.startswith(f"{world.entity}/"):
            root.note(f"{name!r} does not start with the entity: {world.entity}/…")


def _check_links(root: Section, world: World) -> None:
    kinds = {wallet.name: wallet.type for wallet in world.wallets}
    # Mirror records and positions name a link by its UID alone.
    for uid in _repeated(link.binance_uid for link in world.mirror_links):
        root.note(f"the UID {uid} stands here twice", "mirror_links")
    wanted: list[tuple[str, int, str, WalletType]] = [
        ("mirror_links", index, link.wallet, WalletType.QUALIFIED)
        for index, link in enumerate(world.mirror_links)
    ]
    wanted += [
        ("mirrorx_links", index, link.wallet, WalletType.PRIME)
        for index, link in enumerate(world.mirrorx_links)
    ]
    for key, index, wallet, kind in wanted:
        if wallet not in kinds:
            root.note(f"no wallet {wallet!r} in this world", key, index, "wallet")
        elif kinds[wallet] is not kind:
            root.note(f"this link needs a {kind.name.lower()} wallet", key, index, "wallet")


def _node_at(root: Node, path: tuple[str | int, ...]) -> Node:
    # The nearest part of the file that exists: a missing key is complained about at its mapping.
    node = root
    for part in path:
        inner: Node | None = None
        if isinstance(node, MappingNode) and isinstance(part, str):
            inner = node.get(part)
        elif isinstance(node, SequenceNode) and isinstance(part, int):
            inner = node.items[part]
        if inner is None:
            return node
        node = inner
    return node


def _repeated(items: Iterable[_Item]) -> list[_Item]:
    return [item for item, count in Counter(items).items() if count > 1]
