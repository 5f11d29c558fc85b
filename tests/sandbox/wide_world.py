"""A world with two entities, a second prime wallet, closed networks, fees in another coin."""

from dataclasses import replace
from decimal import Decimal

from runner.sandbox.world import (
    CoinNetwork,
    ExchangeAccount,
    Fee,
    Holding,
    Key,
    ListedAddress,
    MirrorXLink,
    Wallet,
    WalletType,
    World,
)

CUSTODY = "374671162262925312"
PRIME = "306718327844294657"
DESK_1 = "306718327844294701"
"""A sub-wallet of ``PRIME`` that sweeps its deposits."""
DESK_2 = "306718327844294702"
DESK_3 = "306718327844294703"
"""A sub-wallet of ``PRIME`` that is empty."""
COSIGN = "412207751180337153"
PRIME_2 = "306718327844294801"
DESK_OF_2 = "306718327844294802"
FOREIGN_CUSTODY = "374671162262925901"
FOREIGN_PRIME = "306718327844294901"
FOREIGN_UID = "854038999"
UID = "1000001201750"

BROKER = "0x52908400098527886E0F7030069857D2E4169EE7"
BROKER_BTC = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
VENUE = "0x8617E340B3D01FA5F11F306F4090FD50E238070D"
"""On the whitelist and not approved."""
XRP_ADDRESS = "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh"

_BASE = CoinNetwork(network="BASE", fee=Fee(coin="ETH", amount=Decimal("0.0004")))
_CLOSED = CoinNetwork(network="TRON", withdrawal_enabled=False)
_FREE = CoinNetwork(network="FREE")


def wide_world(world: World) -> World:
    """Widen the default world."""
    coins = tuple(
        replace(coin, chains=(*coin.chains, _BASE, _CLOSED, _FREE))
        if coin.symbol == "USDT"
        else coin
        for coin in world.coins
    )
    prime_2, foreign_prime = "acme/prime-02", "beta/prime-01"
    wallets = (
        *world.wallets,
        Wallet(name="acme/desk-03", id=DESK_3, type=WalletType.PRIME_SUB, parent="acme/prime-01"),
        Wallet(name=prime_2, id=PRIME_2, type=WalletType.PRIME),
        Wallet(name="acme/desk-21", id=DESK_OF_2, type=WalletType.PRIME_SUB, parent=prime_2),
        Wallet(name="beta/custody-01", id=FOREIGN_CUSTODY, type=WalletType.QUALIFIED),
        Wallet(
            name=foreign_prime,
            id=FOREIGN_PRIME,
            type=WalletType.PRIME,
            holdings=(Holding(coin="USDT", amount=Decimal(900)),),
        ),
    )
    custody = replace(
        world.wallet("acme/custody-01"),
        holdings=(
            *world.wallet("acme/custody-01").holdings,
            Holding(coin="USDT", amount=Decimal(500), network="BASE"),
            Holding(coin="USDT", amount=Decimal(500), network="FREE"),
        ),
    )
    everything = next(key.permissions for key in world.keys if key.name == "operator")
    return replace(
        world,
        entities=("acme", "beta"),
        coins=coins,
        wallets=tuple(custody if each.id == CUSTODY else each for each in wallets),
        whitelist=(
            *world.whitelist,
            *(
                ListedAddress(
                    name=f"acme/broker-{network.lower()}",
                    id=f"81000000000001{number:02d}",
                    address=BROKER,
                    network=network,
                    symbol="USDT",
                )
                for number, network in enumerate(("BASE", "TRON", "FREE"))
            ),
            ListedAddress(
                name="acme/xrp",
                id="8100000000000200",
                address=XRP_ADDRESS,
                network="XRP",
                symbol="XRP",
                memo="82486739",
            ),
        ),
        mirrorx_links=(
            *world.mirrorx_links,
            MirrorXLink(
                name="beta/arb-01", id="9001", wallet=foreign_prime, binance_uid=FOREIGN_UID
            ),
        ),
        exchange_accounts=(
            *world.exchange_accounts,
            ExchangeAccount(uid="1000001201999", entity="beta"),
        ),
        keys=(
            *world.keys,
            Key(name="desk", permissions=everything, entity="acme", wallets=("acme/prime-01",)),
            Key(name="stranger", permissions=everything, entity="beta"),
        ),
    )
