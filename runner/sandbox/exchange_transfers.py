"""The archived transfers between a Prime wallet and a Binance account."""

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
from runner.sandbox.lookup import order_asked_for, orders_of_wallet, unknown_order
from runner.sandbox.orders import Account, AccountKind, Family, Leg, NewOrder, Order, stages_of
from runner.sandbox.refusal import Refused
from runner.sandbox.world import WalletType

TO_EXCHANGE = 10
FROM_EXCHANGE = 20

_BINANCE = 10


def exchange_transfer_create(call: Call) -> Answer:
    """Answer ``exchange.transfer.create``.

    The page says that direction 20, from the exchange, does not work; the world's switch opens it.
    coinSymbol is optional on the page, and nothing says which coin would be meant.
    """
    wallet = wallet_of(call, "parentWalletId")
    if wallet.type is not WalletType.PRIME:
        raise Refused("G20019", "parentWalletId is not a prime wallet")
    uid = call.given["exchangeUserId"]
    if uid not in _uids(call):
        raise Refused("G20005", "exchangeUserId is not bound to this entity")
    direction = int(call.given.get("direction", TO_EXCHANGE))
    if direction == FROM_EXCHANGE and not call.world.switches.transfers_from_exchange:
        raise Refused("G20005", "only direction 10, to the exchange, works")
    if "coinSymbol" not in call.given:
        raise Refused("G20005", "coinSymbol is missing")
    coin = coin_of(call)
    amount = amount_of(call, coin)
    custody = custody_account(wallet, coin.symbol)
    exchange = Account(AccountKind.EXCHANGE, uid, coin.symbol)
    debit, credit = (custody, exchange) if direction == TO_EXCHANGE else (exchange, custody)
    order = accept_order(
        call,
        NewOrder(
            family=Family.EXCHANGE_TRANSFER,
            type=direction,
            entity=call.entity,
            owner=wallet.id,
            request_id=call.given.get("requestId", ""),
            key_name=call.key.name,
            coin=coin.symbol,
            amount=amount,
            legs=(Leg(debit=debit, credit=credit, amount=amount),),
            stages=stages_of(call.books.now_ms, call.world.timings.exchange_transfer),
            details={"exchangeUserId": uid},
        ),
    )
    return Answer(
        data={"orderViewId": order.id, "status": order.status, "direction": order.type},
        order=order,
    )


def exchange_transfer_history(call: Call) -> Answer:
    """Answer ``exchange.transfer.history``."""
    wallet = wallet_of(call, "walletId")
    count, orders = orders_of_wallet(call, Family.EXCHANGE_TRANSFER, wallet)
    return Answer(data=standard_envelope(call, count, [_row(order) for order in orders]))


def exchange_transfer_detail(call: Call) -> Answer:
    """Answer ``exchange.transfer.detail``, by order or by the caller's requestId in a wallet."""
    wallet = wallet_of(call, "walletId")
    order = order_asked_for(call, Family.EXCHANGE_TRANSFER)
    if order is None or order.owner != wallet.id:
        return unknown_order(call)
    return Answer(data=_row(order))


def _uids(call: Call) -> set[str]:
    world = call.world
    bound = {account.uid for account in world.exchange_accounts if account.entity == call.entity}
    bound |= {link.binance_uid for link in world.mirror_links_of(call.entity)}
    return bound | {link.binance_uid for link in world.mirrorx_links_of(call.entity)}


def _row(order: Order) -> JsonValue:
    return {
        "orderViewId": order.id,
        "direction": order.type,
        "walletId": int(order.owner),
        "createTime": order.accepted_ms,
        "exchangeCode": _BINANCE,
        "exchangeUserId": order.details["exchangeUserId"],
        "coinSymbol": order.coin,
        "amount": amount_text(order.amount),
        "status": order.status,
        "requestId": order.request_id or None,
    }


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "exchange.transfer.create": exchange_transfer_create,
        "exchange.transfer.history": exchange_transfer_history,
        "exchange.transfer.detail": exchange_transfer_detail,
    }
)
