"""Showing withdrawals: lists and details of both versions.

Both versions show every withdrawal, whichever made it. The amount listed includes the fee where
that is in the same coin, so it is not the amount of a version 2 request.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from runner.core.jsonvalue import JsonValue
from runner.core.money import amount_text
from runner.sandbox.books import Books
from runner.sandbox.call import Answer, Call, Handler, standard_envelope, wallet_of
from runner.sandbox.lookup import order_asked_for, orders_of_wallet, unknown_order
from runner.sandbox.orders import CONFIRMED, FAILED, SUCCESS, Family, Order
from runner.sandbox.withdrawals import ON_CHAIN
from runner.sandbox.world import CoinNetwork, World

_Row: TypeAlias = Callable[[Call, Order], JsonValue]

_WITHDRAWAL = 20
"""The direction of a withdrawal.

Source: operations.yaml, enums, TransactionDirection.
"""


def withdrawal_history(call: Call) -> Answer:
    """Answer ``withdrawal.history``: what a wallet paid, not what other wallets paid to it."""
    return _history(call, _row_v2)


def withdrawal_history_v1(call: Call) -> Answer:
    """Answer ``withdrawal.history_v1``."""
    return _history(call, _row_v1)


def withdrawal_detail(call: Call) -> Answer:
    """Answer ``withdrawal.detail``, by order or by the caller's requestId."""
    order = order_asked_for(call, Family.WITHDRAWAL)
    return unknown_order(call) if order is None else Answer(data=_row_v2(call, order))


def withdrawal_detail_v1(call: Call) -> Answer:
    """Answer ``withdrawal.detail_v1``, by order alone."""
    order = order_asked_for(call, Family.WITHDRAWAL)
    return unknown_order(call) if order is None else Answer(data=_row_v1(call, order))


def chain_fields(world: World, books: Books, order: Order) -> dict[str, JsonValue]:
    """Return what a withdrawal shows of the chain: txId once it is sent, and blocks seen since.

    Shapes: all four are None for what stays inside the custodian. Blocks come evenly from the
        moment it is sent until it is confirmed.
    """
    if order.type != ON_CHAIN:
        return dict.fromkeys(("txId", "confirmedBlockCount", "unlockConfirm", "maxConfirmBlock"))
    confirmations = _chain_of(world, order).confirmations
    return {
        "txId": transaction_id(order),
        "confirmedBlockCount": _blocks_seen(order, confirmations, books.now_ms),
        "unlockConfirm": confirmations,
        "maxConfirmBlock": confirmations,
    }


def transaction_id(order: Order) -> str | None:
    """Return the transaction on the chain that sent a withdrawal, or None before there is one."""
    if order.type != ON_CHAIN or order.status not in {SUCCESS, CONFIRMED}:
        return None
    return str(order.details["tx_id"])


def _chain_of(world: World, order: Order) -> CoinNetwork:
    coin = world.coin(order.coin)
    chain = coin.on(order.network) if coin is not None else None
    assert chain is not None, "a ledger belongs to one world, which has the networks of its orders"
    return chain


def _blocks_seen(order: Order, confirmations: int, now_ms: int) -> int:
    moments = {stage.status: stage.at_ms for stage in order.stages}
    if order.status == CONFIRMED:
        return confirmations
    if order.status != SUCCESS or CONFIRMED not in moments:
        return 0
    sent_ms, confirmed_ms = moments[SUCCESS], moments[CONFIRMED]
    # A clock that was set back sees fewer blocks, never less than none.
    passed_ms = max(0, now_ms - sent_ms)
    seen = confirmations * passed_ms // max(1, confirmed_ms - sent_ms)
    return min(max(0, confirmations - 1), seen)


def _history(call: Call, row: _Row) -> Answer:
    wallet = wallet_of(call, "walletId")
    count, orders = orders_of_wallet(call, Family.WITHDRAWAL, wallet, owner_only=True)
    return Answer(data=standard_envelope(call, count, [row(call, order) for order in orders]))


def _row_v2(call: Call, order: Order) -> dict[str, JsonValue]:
    return {
        **_shared(call, order),
        "fromAddress": order.details.get("from_address"),
        "toAddress": order.details.get("to_address"),
        "txTime": str(_moment_ms(order)),
        "walletStr": order.owner,
        "requestId": order.request_id or None,
    }


def _row_v1(call: Call, order: Order) -> dict[str, JsonValue]:
    return {
        **_shared(call, order),
        "fromAddress": order.details.get("from_address") or "",
        "toAddress": order.details.get("to_address") or "",
        "txTime": _moment_ms(order),
        "walletId": int(order.owner),
    }


def _shared(call: Call, order: Order) -> dict[str, JsonValue]:
    return {
        "orderViewId": order.id,
        "transferType": order.type,
        "direction": _WITHDRAWAL,
        "network": order.network,
        "coinSymbol": order.coin,
        "amount": amount_text(order.amount),
        "feeSymbol": order.details["fee_coin"],
        "feeAmount": order.details["fee_amount"],
        "status": order.status,
        "memo": order.details["memo"] or None,
        **chain_fields(call.world, call.books, order),
    }


def _moment_ms(order: Order) -> int:
    # The sources do not say which moment; until it is sent there is only that of acceptance.
    reached = [stage for stage in order.stages if stage.at_ms <= order.changed_ms]
    sent = [stage.at_ms for stage in reached if stage.status == SUCCESS]
    return sent[0] if sent and order.status != FAILED else order.accepted_ms


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "withdrawal.history": withdrawal_history,
        "withdrawal.history_v1": withdrawal_history_v1,
        "withdrawal.detail": withdrawal_detail,
        "withdrawal.detail_v1": withdrawal_detail_v1,
    }
)
