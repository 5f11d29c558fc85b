"""Transfers inside one Prime wallet's structure, and between the Prime wallets of an entity."""

from collections.abc import Mapping
from types import MappingProxyType

from runner.core.jsonvalue import JsonValue
from runner.core.money import amount_text
from runner.sandbox.accounts import custody_account
from runner.sandbox.call import (
    Answer,
    Call,
    Handler,
    accept_order,
    amount_of,
    coin_of,
    standard_envelope,
    wallet_of,
)
from runner.sandbox.holders import OpenWallet
from runner.sandbox.lookup import order_asked_for, orders_of_wallet, unknown_order
from runner.sandbox.orders import Family, Leg, NewOrder, Order, stages_of
from runner.sandbox.refusal import Refused
from runner.sandbox.switches import TransferIds
from runner.sandbox.world import WalletType

PRIME_TO_SUB = 10
SUB_TO_PRIME = 20
SUB_TO_SUB = 30
PRIME_TO_PRIME = 40

_STRUCTURE = frozenset({WalletType.PRIME, WalletType.PRIME_SUB})


def transfer_create(call: Call) -> Answer:
    """Answer ``subwallet.transfer.create``; the wallets tell the direction.

    Related are a Prime wallet and its own sub-wallets, sub-wallets of one parent unless the world's
    switch says otherwise, and Prime wallets of one entity. No source names a code for a sub-wallet
    that sweeps its deposits and so cannot transfer: it is an invalid parameter here.
    """
    source, target = wallet_of(call, "fromWalletId"), wallet_of(call, "toWalletId")
    direction = _direction(call, source, target)
    coin = coin_of(call)
    amount = amount_of(call, coin)
    leg = Leg(
        debit=custody_account(source, coin.symbol),
        credit=custody_account(target, coin.symbol),
        amount=amount,
    )
    order = accept_order(
        call,
        NewOrder(
            family=Family.INTERNAL_TRANSFER,
            type=direction,
            entity=call.entity,
            owner=source.id,
            other_owner=target.id,
            request_id=call.given.get("requestId", ""),
            key_name=call.key.name,
            coin=coin.symbol,
            amount=amount,
            legs=(leg,),
            stages=stages_of(call.books.now_ms, call.world.timings.internal_transfer),
        ),
    )
    return Answer(
        data={"orderViewId": order.id, "status": order.status, "direction": order.type},
        order=order,
    )


def transfer_history(call: Call) -> Answer:
    """Answer ``subwallet.transfer.history``: what a wallet gave and got, sweeps included.

    Wallet ids are numbers here, as the page has them.
    """
    wallet = wallet_of(call, "walletId")
    if wallet.type not in _STRUCTURE:
        raise Refused("G20027", "walletId is neither a prime wallet nor a sub-wallet")
    count, orders = orders_of_wallet(call, Family.INTERNAL_TRANSFER, wallet)
    rows = [_row(order, TransferIds.NUMBERS) for order in orders]
    return Answer(data=standard_envelope(call, count, rows))


def transfer_detail(call: Call) -> Answer:
    """Answer ``subwallet.transfer.detail``; the world's switch spells the wallet ids."""
    wallet = wallet_of(call, "walletIdStr")
    order = order_asked_for(call, Family.INTERNAL_TRANSFER)
    if order is None or wallet.id not in {order.owner, order.other_owner}:
        return unknown_order(call)
    return Answer(data=_row(order, call.world.switches.transfer_ids))


def _direction(call: Call, source: OpenWallet, target: OpenWallet) -> int:
    if not {source.type, target.type} <= _STRUCTURE:
        raise Refused("G20024", "only prime wallets and sub-wallets transfer to each other")
    if source.type is WalletType.PRIME_SUB and source.auto_collection:
        raise Refused("G20005", "fromWalletId sweeps its deposits: switch autoCollection off first")
    direction = _DIRECTIONS[source.type, target.type]
    related = {
        PRIME_TO_SUB: target.parent_id == source.id,
        SUB_TO_PRIME: source.parent_id == target.id,
        SUB_TO_SUB: source.parent_id == target.parent_id and _siblings_may(call),
        PRIME_TO_PRIME: True,
    }
    if source.id == target.id or not related[direction]:
        raise Refused("G20021", "fromWalletId and toWalletId do not belong together")
    return direction


def _siblings_may(call: Call) -> bool:
    return call.world.switches.sub_wallets_reach_siblings


_DIRECTIONS = {
    (WalletType.PRIME, WalletType.PRIME_SUB): PRIME_TO_SUB,
    (WalletType.PRIME_SUB, WalletType.PRIME): SUB_TO_PRIME,
    (WalletType.PRIME_SUB, WalletType.PRIME_SUB): SUB_TO_SUB,
    (WalletType.PRIME, WalletType.PRIME): PRIME_TO_PRIME,
}


def _row(order: Order, ids: TransferIds) -> JsonValue:
    if ids is TransferIds.TEXTS:
        wallets: dict[str, JsonValue] = {
            "fromWalletIdStr": order.owner,
            "toWalletIdStr": order.other_owner,
        }
    else:
        wallets = {"fromWalletId": int(order.owner), "toWalletId": int(order.other_owner)}
    return {
        "orderViewId": order.id,
        "direction": order.type,
        **wallets,
        "createTime": order.accepted_ms,
        "coinSymbol": order.coin,
        "amount": amount_text(order.amount),
        "status": order.status,
        "requestId": order.request_id or None,
    }


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "subwallet.transfer.create": transfer_create,
        "subwallet.transfer.history": transfer_history,
        "subwallet.transfer.detail": transfer_detail,
    }
)
