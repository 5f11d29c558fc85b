"""The names a sandbox's playbooks may use: its world, seen as a directory."""

from runner.controls.destination import DestinationEntry
from runner.controls.directory import Directory, LinkEntry, WalletEntry
from runner.sandbox.world import ListedAddress, MirrorLink, MirrorXLink, World, entity_of

_WALLET_TYPES = {10: "qualified", 12: "cosign", 20: "prime", 21: "prime_sub"}


def directory_from_world(world: World) -> Directory:
    """Return the directory that describes a sandbox's world, as its first entity sees it."""
    return Directory(
        entity=world.entity,
        coins={coin.symbol: coin.places for coin in world.coins},
        networks=frozenset(network for coin in world.coins for network in coin.networks),
        wallets={
            wallet.name: WalletEntry(
                name=wallet.name,
                id=wallet.id,
                type=_WALLET_TYPES.get(int(wallet.type), "other"),
                parent=wallet.parent,
            )
            for wallet in world.wallets
            if entity_of(wallet.name) == world.entity
        },
        mirror_links={link.name: _link(link) for link in world.mirror_links_of(world.entity)},
        mirrorx_links={link.name: _link(link) for link in world.mirrorx_links_of(world.entity)},
        destinations={
            listed.name: _destination(listed)
            for listed in world.whitelist
            if entity_of(listed.name) == world.entity
        },
    )


def _link(link: MirrorLink | MirrorXLink) -> LinkEntry:
    return LinkEntry(name=link.name, id=link.id, wallet=link.wallet, binance_uid=link.binance_uid)


def _destination(listed: ListedAddress) -> DestinationEntry:
    return DestinationEntry(
        name=listed.name,
        address=listed.address,
        networks=(listed.network,),
        memo=listed.memo,
        coins=(listed.symbol,),
        label=listed.label,
    )
