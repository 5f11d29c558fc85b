"""Withdrawals over a chain that come back, because a wallet of the sandbox has the address."""

from datetime import UTC, datetime, timedelta

from runner.sandbox.books import Books
from runner.sandbox.incoming import DepositRefused, IncomingDeposit, receive_deposit
from runner.sandbox.orders import SUCCESS, Family, Order
from runner.sandbox.registry import Registry
from runner.sandbox.withdrawals import ON_CHAIN
from runner.sandbox.world import World

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def arrive(world: World, books: Books, order: Order) -> None:
    """Let a withdrawal arrive as a deposit the moment it is sent.

    Where no wallet has the address, or none can receive there, the money is with somebody outside.
    """
    if order.family is not Family.WITHDRAWAL or order.type != ON_CHAIN or order.status != SUCCESS:
        return
    address = str(order.details.get("to_address") or "")
    memo = str(order.details.get("memo") or "")
    owner = Registry(books=books).owner_of_address(address, memo)
    if owner is None or owner.network != order.network:
        return
    sent = next(leg.amount for leg in order.legs)
    incoming = IncomingDeposit(
        coin=order.coin,
        network=order.network,
        amount=sent,
        address=address,
        memo=memo,
        from_address=str(order.details.get("from_address") or ""),
        tx_id=str(order.details.get("tx_id") or ""),
    )
    # Counted from when it was sent, which may be long before anybody looks.
    then = Books(books.run, now=_EPOCH + timedelta(milliseconds=order.changed_ms))
    try:
        receive_deposit(world, then, incoming)
    except DepositRefused:
        return
