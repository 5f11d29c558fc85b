"""What lies in wallets: amounts for each coin, and what they are worth."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType

from runner.core.jsonvalue import JsonValue
from runner.core.money import CONTEXT, ZERO, amount_text
from runner.core.record import record
from runner.sandbox.call import (
    Answer,
    Call,
    Handler,
    coin_of,
    is_designated,
    standard_page,
    wallet_of,
)
from runner.sandbox.holders import OpenWallet
from runner.sandbox.orders import Account, AccountKind
from runner.sandbox.refusal import Refused
from runner.sandbox.wallet_kinds import parent_wallet_of, prime_or_sub_wallet_of, sub_wallet_of
from runner.sandbox.wallets import networks_of
from runner.sandbox.world import Coin, WalletType, World


@record
class _Held:
    """What one wallet has of one coin on one network.

    Shapes: ``amount`` lies in the wallet, reserved parts included; ``away`` is mirrored or
        delegated from it.
    """

    coin: Coin
    network: str
    amount: Decimal
    available: Decimal
    away: Decimal

    @property
    def total(self) -> Decimal:
        return CONTEXT.add(self.amount, self.away)

    @property
    def locked(self) -> Decimal:
        return CONTEXT.subtract(self.total, self.available)


def wallet_asset_list(call: Call) -> Answer:
    """Answer ``wallet.asset.list``: a row for each coin, and network where the wallet has them.

    ``amount`` is what lies in the wallet, reserved parts included; ``availableAmount`` leaves the
    reserved parts out; ``totalAmountWithMirror`` adds to ``amount`` what is mirrored or delegated
    from the wallet. An order in flight therefore lowers what is available at once, and ``amount``
    when it succeeds; the total stays.
    """
    wallet = wallet_of(call, "walletId")
    if not wallet.type.has_networks and "network" in call.given:
        raise Refused("G20005", "network does not apply to a prime wallet")
    return _asset_list(call, wallet)


def subwallet_asset_list(call: Call) -> Answer:
    """Answer ``subwallet.asset.list``: as ``wallet.asset.list``, of a sub-wallet alone."""
    return _asset_list(call, sub_wallet_of(call, "walletId"))


def wallet_asset_summary(call: Call) -> Answer:
    """Answer ``wallet.asset.summary``: the worth of a parent wallet by the world's prices.

    The total counts what is mirrored or delegated, as it stays in custody. Locked is all of the
    total that is not available: that, and what is reserved. No source says what it means.
    """
    wallet = parent_wallet_of(call, "walletIdStr")
    return Answer(data={"walletIdStr": wallet.id, **_totals(_held(call, wallet))})


def subwallet_asset_summary(call: Call) -> Answer:
    """Answer ``subwallet.asset.summary``: of a prime wallet's sub-wallets, or of one."""
    wallet = prime_or_sub_wallet_of(call, "walletIdStr")
    wallets = [wallet]
    if wallet.type is WalletType.PRIME:
        found = call.registry.sub_wallets(wallet.id)
        wallets = [each for each in found if is_designated(call, each)]
    held = {each.id: _held(call, each) for each in wallets}
    rows: list[JsonValue] = [
        {
            "walletIdStr": wallet_id,
            "subTotalAmountInBTC": _in_btc(parts),
            "subTotalAmountInUSD": _in_usd(parts),
        }
        for wallet_id, parts in held.items()
    ]
    every = [part for parts in held.values() for part in parts]
    return Answer(data={"walletIdStr": wallet.id, **_totals(every), "data": rows})


def _asset_list(call: Call, wallet: OpenWallet) -> Answer:
    wanted_coin = coin_of(call).symbol if "coinSymbol" in call.given else None
    wanted_network = call.given.get("network")
    rows: list[JsonValue] = [
        {
            "coinSymbol": held.coin.symbol,
            "network": held.network or None,
            "amount": amount_text(held.amount),
            "availableAmount": amount_text(held.available),
            "totalAmountWithMirror": amount_text(held.total),
        }
        for held in _held(call, wallet)
        if wanted_coin in {None, held.coin.symbol} and wanted_network in {None, held.network}
    ]
    return Answer(data=standard_page(call, rows))


def _held(call: Call, wallet: OpenWallet) -> tuple[_Held, ...]:
    return tuple(
        _held_on(call, wallet, coin, network)
        for coin in call.world.coins
        for network in networks_of(wallet.type, coin)
    )


def _held_on(call: Call, wallet: OpenWallet, coin: Coin, network: str) -> _Held:
    balance = call.books.balance(Account(AccountKind.CUSTODY, wallet.id, coin.symbol, network))
    return _Held(
        coin=coin,
        network=network,
        amount=balance.amount,
        available=balance.available,
        away=_sum(
            call.books.balance(account).amount
            for account in _accounts_away(call.world, wallet, coin, network)
        ),
    )


def _accounts_away(world: World, wallet: OpenWallet, coin: Coin, network: str) -> list[Account]:
    if wallet.type.has_networks:
        return [
            Account(AccountKind.MIRRORED, link.id, coin.symbol, network)
            for link in world.mirror_links
            if link.wallet == wallet.name
        ]
    return [
        Account(AccountKind.DELEGATED, link.id, coin.symbol)
        for link in world.mirrorx_links
        if link.wallet == wallet.name
    ]


def _totals(held: Iterable[_Held]) -> Mapping[str, JsonValue]:
    every = tuple(held)
    locked = _sum(CONTEXT.multiply(each.locked, each.coin.price_btc) for each in every)
    return {
        "totalAmountInBTC": _in_btc(every),
        "totalAmountInUSD": _in_usd(every),
        "lockedAmountInBTC": amount_text(locked),
    }


def _in_btc(held: Iterable[_Held]) -> str:
    return amount_text(_sum(CONTEXT.multiply(each.total, each.coin.price_btc) for each in held))


def _in_usd(held: Iterable[_Held]) -> str:
    # A world knows no dollars: one USDT is one.
    return amount_text(_sum(CONTEXT.multiply(each.total, each.coin.price_usdt) for each in held))


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for amount in amounts:
        total = CONTEXT.add(total, amount)
    return total


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "wallet.asset.list": wallet_asset_list,
        "wallet.asset.summary": wallet_asset_summary,
        "subwallet.asset.list": subwallet_asset_list,
        "subwallet.asset.summary": subwallet_asset_summary,
    }
)
