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


def test_directory_names_what_the_whitelist_of_the_world_names() -> None:
    directory = directory_from_world(default_world())

    assert list(directory.destinations) == ["acme/broker-usdt", "acme/broker-btc", "acme/new-venue"]
    assert directory.destinations["acme/broker-btc"] == DestinationEntry(
        name="acme/broker-btc",
        address="bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        networks=("BTC",),
        coins=("BTC",),
        label="broker settlement",
    )


def test_directory_leaves_other_entities_out() -> None:
    """Their wallets do not exist for the keys that playbooks are run with."""
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

    assert directory_from_world(wide) == directory_from_world(world)
