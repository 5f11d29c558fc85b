from dataclasses import replace

from runner.app.world_directory import directory_from_world
from runner.controls.destination import DestinationEntry
from runner.controls.directory import WalletEntry
from runner.sandbox.world import ListedAddress, MirrorLink, MirrorXLink, Wallet, WalletType
from runner.sandbox.world_file import default_world


def test_directory_names_wallets_of_every_type() -> None:
    directory = directory_from_world(default_world())

    assert {name: wallet.type for name, wallet in directory.wallets.items()} == {
        "acme/custody-01": "qualified",
        "acme/prime-01": "prime",
        "acme/desk-01": "prime_sub",
        "acme/desk-02": "prime_sub",
        "acme/cosign-01": "cosign",
    }
    assert directory.wallets["acme/desk-02"] == WalletEntry(
        name="acme/desk-02", id="306718327844294702", type="prime_sub", parent="acme/prime-01"
    )
    assert directory.wallets["acme/prime-01"] == WalletEntry(
        name="acme/prime-01",
        id="306718327844294657",
        type="prime",
        exchange_uid="1000001201750",
    )


def test_addresses_of_the_whitelist_are_destinations_whatever_their_status() -> None:
    """The directory says who they are; whether money may go there is for the custodian to say."""
    world = default_world()
    refused = ListedAddress(
        name="acme/refused",
        id="1",
        address="rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh",
        network="XRP",
        symbol="XRP",
        memo="82486739",
        status=99,
    )

    destinations = directory_from_world(
        replace(world, whitelist=(*world.whitelist, refused))
    ).destinations

    assert destinations["acme/new-venue"] == DestinationEntry(
        name="acme/new-venue",
        address="0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        networks=("ETH",),
        coins=("ETH",),
        label="venue under review",
    )
    assert destinations["acme/refused"] == DestinationEntry(
        name="acme/refused",
        address="rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh",
        networks=("XRP",),
        coins=("XRP",),
        memo="82486739",
        label="acme/refused",
    )


def test_wallets_are_destinations_those_of_others_by_their_id_alone() -> None:
    world = default_world()
    foreign = Wallet(name="beta/custody-01", id="501", type=WalletType.QUALIFIED)

    directory = directory_from_world(
        replace(world, entities=("acme", "beta"), wallets=(*world.wallets, foreign))
    )

    assert directory.destinations["acme/cosign-01"] == DestinationEntry(
        name="acme/cosign-01",
        wallet_id="412207751180337153",
        wallet="acme/cosign-01",
        label="acme/cosign-01",
    )
    assert directory.destinations["beta/custody-01"] == DestinationEntry(
        name="beta/custody-01", wallet_id="501", label="beta/custody-01"
    )
    assert "beta/custody-01" not in directory.wallets


def test_directory_leaves_wallets_and_links_of_other_entities_out() -> None:
    """They do not exist for the keys that playbooks are run with."""
    world = default_world()
    wallets = (
        Wallet(name="beta/custody-01", id="501", type=WalletType.QUALIFIED),
        Wallet(name="beta/prime-01", id="502", type=WalletType.PRIME),
    )
    mirror = MirrorLink(name="beta/mirror-01", id="503", wallet="beta/custody-01", binance_uid="1")
    mirrorx = MirrorXLink(name="beta/arb-01", id="504", wallet="beta/prime-01", binance_uid="2")
    listed = ListedAddress(
        name="beta/broker", id="505", address="0x1", network="ETH", symbol="USDT"
    )
    wide = replace(
        world,
        entities=("acme", "beta"),
        wallets=(*world.wallets, *wallets),
        mirror_links=(*world.mirror_links, mirror),
        mirrorx_links=(*world.mirrorx_links, mirrorx),
        whitelist=(*world.whitelist, listed),
    )

    own, whole = directory_from_world(world), directory_from_world(wide)

    assert (own.wallets, own.mirror_links, own.mirrorx_links) == (
        whole.wallets,
        whole.mirror_links,
        whole.mirrorx_links,
    )
