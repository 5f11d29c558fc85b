"""The names a sandbox's playbooks may use: its world, seen as a directory."""

from runner.controls.destination import DestinationEntry
from runner.controls.directory import Directory, LinkEntry, WalletEntry
from runner.sandbox.world import (
    ListedAddress,
    MirrorLink,
    MirrorXLink,
    Wallet,
    World,
    entity_of,
)

_WALLET_TYPES = {10: "qualified", 12: "cosign", 20: "prime", 21: "prime_sub"}


def directory_from_world(world: World) -> Directory:
    """Return the directory that describes a sandbox's world, as its first entity sees it.

    Shapes: destinations are the addresses on the first entity's whitelist, whatever their status,
        and the wallets of all entities; of those of another entity only the id is known.
    """
    own = tuple(wallet for wallet in world.wallets if entity_of(wallet.name) == world.entity)
    listed = (entry for entry in world.whitelist if entity_of(entry.name) == world.entity)
    destinations = (
        *(_address(entry) for entry in listed),
        *(_inside(wallet, is_own=wallet in own) for wallet in world.wallets),
    )
    return Directory(
        entity=world.entity,
        coins={coin.symbol: coin.places for coin in world.coins},
        networks=frozenset(network for coin in world.coins for network in coin.networks),
        wallets={wallet.name: _wallet(wallet) for wallet in own},
        mirror_links={link.name: _link(link) for link in world.mirror_links_of(world.entity)},
        mirrorx_links={link.name: _link(link) for link in world.mirrorx_links_of(world.entity)},
        destinations={destination.name: destination for destination in destinations},
    )


def _wallet(wallet: Wallet) -> WalletEntry:
    return WalletEntry(
        name=wallet.name,
        id=wallet.id,
        type=_WALLET_TYPES[int(wallet.type)],
        parent=wallet.parent,
        exchange_uid=wallet.exchange_uid,
    )


def _link(link: MirrorLink | MirrorXLink) -> LinkEntry:
    return LinkEntry(name=link.name, id=link.id, wallet=link.wallet, binance_uid=link.binance_uid)


def _address(listed: ListedAddress) -> DestinationEntry:
    return DestinationEntry(
        name=listed.name,
        address=listed.address,
        networks=(listed.network,),
        memo=listed.memo,
        coins=(listed.symbol,),
        label=listed.shown_label,
    )


def _inside(wallet: Wallet, *, is_own: bool) -> DestinationEntry:
    return DestinationEntry(
        name=wallet.name,
        wallet_id=wallet.id,
        wallet=wallet.name if is_own else "",
        label=wallet.shown_name,
    )
