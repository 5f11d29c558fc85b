"""Whether the parts of a world fit together: names, ids, and who refers to whom."""

from typing import TYPE_CHECKING

from runner.core.diagnostics import did_you_mean
from runner.sandbox.address_texts import PatternUnsupported, text_fitting
from runner.sandbox.faults import Fault, FaultKind
from runner.sandbox.world import WalletType, World, entity_of
from runner.sandbox.world_parts import repeated
from runner.sandbox.world_reading import Section

if TYPE_CHECKING:
    from collections.abc import Iterable


def check_world(root: Section, world: World) -> None:
    """Note everything that does not fit together."""
    _check_names(root, world)
    _check_entities(root, world)
    _check_links(root, world)
    _check_sub_wallets(root, world)
    _check_exchange_uids(root, world)
    _check_destinations(root, world)
    _check_fees(root, world)
    _check_addresses(root, world)
    for index, fault in enumerate(world.faults):
        for problem in fault_problems(world, fault):
            root.note(problem, "faults", index)


def fault_problems(world: World, fault: Fault) -> tuple[str, ...]:
    """Return what a fault names that the world does not have, one sentence each."""
    key = fault.text("key")
    if fault.kind is not FaultKind.STRANGER or not key:
        return ()
    names = [each.name for each in world.keys]
    return () if key in names else (f"no key {key!r} in this world; {did_you_mean(key, names)}",)


def _check_names(root: Section, world: World) -> None:
    named: dict[str, Iterable[str]] = {
        "coins": (coin.symbol for coin in world.coins),
        "wallets": (wallet.name for wallet in world.wallets),
        "keys": (key.name for key in world.keys),
        "mirror_links": _link_names(world),
        "whitelist": (listed.name for listed in world.whitelist),
        "webhooks": (target.name for target in world.webhooks),
        "notify": (target.name for target in world.notify),
        "exchange_accounts": (account.uid for account in world.exchange_accounts),
    }
    for key, names in named.items():
        for name in repeated(names):
            root.note(f"{name!r} stands here twice", key)
    ids: dict[str, Iterable[str]] = {
        "wallets": (wallet.id for wallet in world.wallets),
        "mirror_links": (link.id for link in world.mirror_links),
        "mirrorx_links": (link.id for link in world.mirrorx_links),
        "whitelist": (listed.id for listed in world.whitelist),
        "webhooks": (target.id for target in world.webhooks),
    }
    for key, numbers in ids.items():
        for number in repeated(numbers):
            root.note(f"the id {number} stands here twice", key)


def _check_entities(root: Section, world: World) -> None:
    for entity in repeated(world.entities):
        root.note(f"{entity!r} stands here twice", "other_entities")
    named = (
        *(wallet.name for wallet in world.wallets),
        *_link_names(world),
        *(listed.name for listed in world.whitelist),
    )
    for name in named:
        if "/" not in name or entity_of(name) not in world.entities:
            starts = " or ".join(f"{entity}/…" for entity in world.entities)
            root.note(f"{name!r} does not start with the entity: {starts}")
    wallets = {wallet.name for wallet in world.wallets}
    owned: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
        *(("keys", key.name, key.entity, key.wallets) for key in world.keys),
        *(("webhooks", each.name, each.entity, each.wallets) for each in world.webhooks),
        *(("exchange_accounts", a.uid, a.entity, ()) for a in world.exchange_accounts),
    )
    for where, name, entity, tied in owned:
        if entity not in world.entities:
            root.note(f"{name!r} belongs to {entity!r}, which is no entity of this world", where)
        for wallet in tied:
            if wallet not in wallets or entity_of(wallet) != entity:
                root.note(f"{name!r} is tied to {wallet!r}, no wallet of its entity", where)


def _check_links(root: Section, world: World) -> None:
    kinds = {wallet.name: wallet.type for wallet in world.wallets}
    # Mirror records and positions name a link by its UID alone.
    for uid in repeated(link.binance_uid for link in world.mirror_links):
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


def _check_sub_wallets(root: Section, world: World) -> None:
    kinds = {wallet.name: wallet.type for wallet in world.wallets}
    for index, wallet in enumerate(world.wallets):
        if wallet.type is WalletType.PRIME_SUB:
            if kinds.get(wallet.parent) is not WalletType.PRIME:
                root.note("a sub-wallet needs a prime wallet", "wallets", index, "parent")
            elif entity_of(wallet.parent) != entity_of(wallet.name):
                root.note("a sub-wallet belongs to its parent's entity", "wallets", index, "parent")
        elif wallet.parent:
            root.note("only a sub-wallet (type 21) has a parent", "wallets", index, "parent")


def _check_exchange_uids(root: Section, world: World) -> None:
    owned = {(account.entity, account.uid) for account in world.exchange_accounts}
    owned |= {(entity_of(link.name), link.binance_uid) for link in world.mirror_links}
    owned |= {(entity_of(link.name), link.binance_uid) for link in world.mirrorx_links}
    for index, wallet in enumerate(world.wallets):
        if not wallet.exchange_uid:
            continue
        where = ("wallets", index, "exchange_uid")
        if wallet.type is not WalletType.PRIME:
            root.note("only a prime wallet (type 20) has an exchange account", *where)
        elif (entity_of(wallet.name), wallet.exchange_uid) not in owned:
            root.note(f"no Binance account {wallet.exchange_uid} of the wallet's entity", *where)


def _check_destinations(root: Section, world: World) -> None:
    wallets = {wallet.name for wallet in world.wallets}
    for index, listed in enumerate(world.whitelist):
        if listed.name in wallets:
            # Both can be withdrawn to, and a destination is known by its name alone.
            root.note(f"{listed.name!r} is a wallet's name", "whitelist", index, "name")


def _check_fees(root: Section, world: World) -> None:
    for index, coin in enumerate(world.coins):
        for position, chain in enumerate(coin.chains):
            if chain.fee is not None and world.coin(chain.fee.coin) is None:
                where = ("coins", index, "networks", position, "fee")
                root.note(f"no coin {chain.fee.coin!r} in this world", *where)


def _check_addresses(root: Section, world: World) -> None:
    for index, coin in enumerate(world.coins):
        for position, chain in enumerate(coin.chains):
            if not chain.address:
                continue
            try:
                text_fitting(chain.address, world.name)
            except PatternUnsupported as exc:
                root.note(str(exc), "coins", index, "networks", position, "address")


def _link_names(world: World) -> tuple[str, ...]:
    return (*(k.name for k in world.mirror_links), *(k.name for k in world.mirrorx_links))
