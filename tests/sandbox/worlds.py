"""Worlds with more in them than the default one: a second entity, keys that are tied."""

from dataclasses import replace

from runner.sandbox.switches import Switches
from runner.sandbox.world import Coin, CoinNetwork, Key, Wallet, WalletType, World

CUSTODY = "374671162262925312"
PRIME = "306718327844294657"
DESK_01 = "306718327844294701"
"""Collects its deposits."""
DESK_02 = "306718327844294702"
COSIGN = "412207751180337153"
BETA_PRIME = "506718327844294657"
BETA_DESK = "506718327844294701"


def with_beta(world: World) -> World:
    """Return a world where the entity beta has a prime wallet, a sub-wallet and a key."""
    permissions = next(key for key in world.keys if key.name == "operator").permissions
    return replace(
        world,
        entities=("acme", "beta"),
        wallets=(
            *world.wallets,
            Wallet(name="beta/prime-01", id=BETA_PRIME, type=WalletType.PRIME),
            Wallet(
                name="beta/desk-01", id=BETA_DESK, type=WalletType.PRIME_SUB, parent="beta/prime-01"
            ),
        ),
        keys=(*world.keys, Key(name="beta", permissions=permissions, entity="beta")),
    )


def tied(world: World, *wallets: str) -> World:
    """Return a world whose operator's key is tied to some wallets."""
    keys = (replace(k, wallets=wallets) if k.name == "operator" else k for k in world.keys)
    return replace(world, keys=tuple(keys))


def switched(world: World, switches: Switches) -> World:
    """Return a world with other switches."""
    return replace(world, switches=switches)


def with_chain(world: World, symbol: str, chain: CoinNetwork) -> World:
    """Return a world where a coin has that network in the place of the one of its name."""

    def changed(coin: Coin) -> Coin:
        if coin.symbol != symbol:
            return coin
        chains = (chain if each.network == chain.network else each for each in coin.chains)
        return replace(coin, chains=tuple(chains))

    return replace(world, coins=tuple(map(changed, world.coins)))
