"""The operations that list the coins a kind of wallet supports.

A world's coins are those of every kind of wallet.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from runner.core.jsonvalue import JsonValue
from runner.core.money import ZERO, amount_text
from runner.sandbox.call import Answer, Call, Handler
from runner.sandbox.world import Coin, CoinNetwork, World

_NO_MAXIMUM = "99999999999"
"""What a prime wallet's coin says where the world has no maximum: there it must say something."""


def coin_prime_list(call: Call) -> Answer:
    """Answer ``coin.prime.list``: a row for each coin, with its networks inside."""
    rows: list[JsonValue] = [
        {
            "coinId": number,
            "coinSymbol": coin.symbol,
            "coinFullName": _full_name(coin),
            "depositEnable": any(chain.deposit_enabled for chain in coin.chains),
            "withdrawalEnable": any(chain.withdrawal_enabled for chain in coin.chains),
            "transferPrecision": coin.places,
            "networkConfigList": [_network(coin, chain) for chain in coin.chains],
        }
        for number, coin in enumerate(call.world.coins, start=1)
    ]
    return Answer(data=rows)


def coin_network_list(call: Call) -> Answer:
    """Answer ``coin.qualified.list`` and ``coin.cosign.list``: a row for each coin and network."""
    return Answer(data=_networks(call.world))


def _networks(world: World) -> Sequence[JsonValue]:
    return [
        {
            "coinId": number,
            "coinSymbol": coin.symbol,
            "coinFullName": _full_name(coin),
            "network": chain.network,
            "protocol": chain.protocol or None,
            "depositEnable": chain.deposit_enabled,
            "withdrawalEnable": chain.withdrawal_enabled,
            "withdrawalMin": amount_text(chain.minimum),
            "withdrawalMax": None if chain.maximum is None else amount_text(chain.maximum),
            "precision": coin.places,
            "addressRegex": _address(chain),
        }
        for number, coin in enumerate(world.coins, start=1)
        for chain in coin.chains
    ]


def _network(coin: Coin, chain: CoinNetwork) -> JsonValue:
    return {
        "coinSymbol": coin.symbol,
        "coinFullName": _full_name(coin),
        "network": chain.network,
        "depositEnable": chain.deposit_enabled,
        "withdrawalEnable": chain.withdrawal_enabled,
        "withdrawalMin": amount_text(chain.minimum),
        "withdrawalMax": _NO_MAXIMUM if chain.maximum is None else amount_text(chain.maximum),
        "precision": coin.places,
        "withdrawalFee": amount_text(ZERO if chain.fee is None else chain.fee.amount),
        "addressRegex": _address(chain),
    }


def _full_name(coin: Coin) -> str:
    return coin.full_name or coin.symbol


def _address(chain: CoinNetwork) -> str | None:
    # Readers may search for it where the world matches the whole address.
    return f"^(?:{chain.address})$" if chain.address else None


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "coin.prime.list": coin_prime_list,
        "coin.qualified.list": coin_network_list,
        "coin.cosign.list": coin_network_list,
    }
)
