"""Deposit addresses: made when they are first asked for, the same in every sandbox of one world.

A wallet has one address on a network, whatever the coin, as long as its coins write addresses
alike. Where a network has memos, all wallets share the address and each has a memo of its own.
"""

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType

from runner.core.jsonvalue import JsonValue
from runner.sandbox.address_texts import text_fitting
from runner.sandbox.books import Books
from runner.sandbox.call import Answer, Call, Handler, coin_of, standard_envelope
from runner.sandbox.holders import DepositAddress, OpenWallet
from runner.sandbox.refusal import Refused
from runner.sandbox.registry import Registry
from runner.sandbox.wallet_kinds import parent_wallet_of, prime_wallet_of, sub_wallet_of
from runner.sandbox.wallets import shown_sub_wallets
from runner.sandbox.world import Coin, CoinNetwork, World

ANY_ADDRESS = "0x[0-9a-f]{40}"
"""What addresses look like on a network of which the world does not say it."""
_MEMO_MIN = 100_000_000
_TRIES_MAX = 100


def deposit_address_get(call: Call) -> Answer:
    """Answer ``deposit.address.get``; only a prime wallet must say the coin."""
    wallet = parent_wallet_of(call, "walletId")
    if "coinSymbol" in call.given:
        coin = coin_of(call)
    elif not wallet.type.has_networks:
        raise Refused("G20005", "coinSymbol is needed for a prime wallet")
    else:
        coin = _first_coin_on(call)
    return Answer(data=_shown(_address(call, wallet, coin)))


def subwallet_deposit_address_get(call: Call) -> Answer:
    """Answer ``subwallet.deposit.address.get``."""
    return Answer(data=_shown(_address(call, sub_wallet_of(call, "walletId"), coin_of(call))))


def subwallet_deposit_address_list(call: Call) -> Answer:
    """Answer ``subwallet.deposit.address.list``: a row for each sub-wallet."""
    parent = prime_wallet_of(call, "parentWalletId")
    coin = coin_of(call)
    wallets = shown_sub_wallets(call, parent)
    rows: list[JsonValue] = [
        {**_shown(_address(call, wallet, coin)), "walletId": int(wallet.id)}
        for wallet in wallets[call.offset : call.offset + call.page_limit]
    ]
    return Answer(data=standard_envelope(call, len(wallets), rows))


def address_for(
    world: World, books: Books, wallet: OpenWallet, coin: Coin, chain: CoinNetwork
) -> DepositAddress:
    """Return the address of a wallet for a coin on a network, made now if there is none.

    Errors: ``Refused`` G20025 where deposits are disabled, and where the pattern leaves no address
        that is not another wallet's.
    """
    if not chain.deposit_enabled:
        raise Refused("G20025", f"deposits of {coin.symbol} on {chain.network} are disabled")
    registry = Registry(books=books)
    known = registry.deposit_address(wallet.id, coin.symbol, chain.network)
    if known is not None:
        return known
    for attempt in range(_TRIES_MAX):
        made = _made(world, wallet, coin, chain, attempt)
        owner = registry.owner_of_address(made.address, made.memo)
        if owner is None or owner.wallet_id == wallet.id:
            registry.add_deposit_address(made)
            return made
    raise Refused("G20025", f"there are no more addresses on {chain.network}")


def _made(
    world: World, wallet: OpenWallet, coin: Coin, chain: CoinNetwork, attempt: int
) -> DepositAddress:
    shared = f"{world.name}\n{chain.network}"
    own = f"{shared}\n{wallet.id}\n{attempt}"
    digest = sha256(f"memo\n{own}".encode()).digest()
    memo = str(_MEMO_MIN + int.from_bytes(digest[:8]) % (9 * _MEMO_MIN))
    return DepositAddress(
        wallet_id=wallet.id,
        coin=coin.symbol,
        network=chain.network,
        address=text_fitting(chain.address or ANY_ADDRESS, shared if chain.has_memo else own),
        memo=memo if chain.has_memo else "",
    )


def _address(call: Call, wallet: OpenWallet, coin: Coin) -> DepositAddress:
    chain = coin.on(call.given["network"])
    if chain is None:
        raise Refused("G20005", f"{coin.symbol} is not on this network")
    return address_for(call.world, call.books, wallet, coin, chain)


def _first_coin_on(call: Call) -> Coin:
    on = [coin for coin in call.world.coins if coin.on(call.given["network"]) is not None]
    if not on:
        raise Refused("G20005", "network is none of this sandbox")
    return on[0]


def _shown(address: DepositAddress) -> Mapping[str, JsonValue]:
    return {"walletAddress": address.address, "memo": address.memo}


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "deposit.address.get": deposit_address_get,
        "subwallet.deposit.address.get": subwallet_deposit_address_get,
        "subwallet.deposit.address.list": subwallet_deposit_address_list,
    }
)
