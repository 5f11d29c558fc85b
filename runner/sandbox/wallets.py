"""The operations on the system and on wallets."""

from collections.abc import Mapping
from types import MappingProxyType

from runner.core.jsonvalue import JsonValue
from runner.core.money import CONTEXT, ZERO, amount_text
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
from runner.sandbox.world import Coin, WalletType, World


def system_status(_call: Call) -> Answer:
    """Answer ``system.status``: normal, whatever the business and wallet type.

    The two numberings of bizType contradict each other, so any number is taken.
    """
    return Answer(data={"status": 0, "message": "Normal"})


def wallet_list(call: Call) -> Answer:
    """Answer ``wallet.list``: every parent wallet, oldest first."""
    rows: list[JsonValue] = [
        {
            "walletId": int(wallet.id),
            "walletIdStr": wallet.id,
            "walletName": wallet.label,
            "walletType": int(wallet.type),
        }
        for wallet in call.registry.wallets(call.entity)
        if not wallet.parent_id and is_designated(call, wallet)
    ]
    return Answer(data=standard_page(call, rows))


def wallet_asset_list(call: Call) -> Answer:
    """Answer ``wallet.asset.list``: a row for each coin, and network where the wallet has them.

    ``amount`` is what lies in the wallet, reserved parts included; ``availableAmount`` leaves the
    reserved parts out; ``totalAmountWithMirror`` adds to ``amount`` what is mirrored or delegated
    from the wallet. An order in flight therefore lowers what is available at once, and ``amount``
    when it succeeds; the total stays.
    """
    wallet = wallet_of(call, "walletId")
    wanted_coin = coin_of(call).symbol if "coinSymbol" in call.given else None
    wanted_network = call.given.get("network")
    if not wallet.type.has_networks and wanted_network is not None:
        raise Refused("G20005", "network does not apply to a prime wallet")
    rows = [
        _asset_row(call, wallet, coin, network)
        for coin in call.world.coins
        for network in networks_of(wallet.type, coin)
        if wanted_coin in {None, coin.symbol} and wanted_network in {None, network}
    ]
    return Answer(data=standard_page(call, rows))


def networks_of(kind: WalletType, coin: Coin) -> tuple[str, ...]:
    """Return the networks a wallet holds a coin on; a prime wallet holds it on the empty one."""
    return coin.networks if kind.has_networks else ("",)


def _asset_row(call: Call, wallet: OpenWallet, coin: Coin, network: str) -> JsonValue:
    held = call.books.balance(Account(AccountKind.CUSTODY, wallet.id, coin.symbol, network))
    away = ZERO
    for account in _accounts_away(call.world, wallet, coin, network):
        away = CONTEXT.add(away, call.books.balance(account).amount)
    return {
        "coinSymbol": coin.symbol,
        "network": network or None,
        "amount": amount_text(held.amount),
        "availableAmount": amount_text(held.available),
        "totalAmountWithMirror": amount_text(CONTEXT.add(held.amount, away)),
    }


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


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "system.status": system_status,
        "wallet.list": wallet_list,
        "wallet.asset.list": wallet_asset_list,
    }
)
