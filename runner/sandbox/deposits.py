"""The operations that list deposits or find one."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from runner.core.jsonvalue import JsonValue
from runner.core.money import amount_text
from runner.sandbox.books import OrderFilter
from runner.sandbox.call import (
    Answer,
    Call,
    Handler,
    coin_of,
    is_designated,
    standard_envelope,
)
from runner.sandbox.orders import CONFIRMED, SUCCESS, Family, Order
from runner.sandbox.refusal import Refused
from runner.sandbox.switches import UnknownId
from runner.sandbox.wallet_kinds import parent_wallet_of, prime_or_sub_wallet_of, sub_wallet_of
from runner.sandbox.wallets import shown_sub_wallets
from runner.sandbox.world import WalletType, World

_ON_CHAIN = 10
"""Source: operations.yaml, enums, TransferType."""


def deposit_history(call: Call) -> Answer:
    """Answer ``deposit.history``: the deposits of a parent wallet."""
    wallet = parent_wallet_of(call, "walletId")
    count, orders = _page(call, (wallet.id,))
    rows = [transaction_row(call.world, order) for order in orders]
    return Answer(data=standard_envelope(call, count, rows))


def subwallet_deposit_history_v1(call: Call) -> Answer:
    """Answer ``subwallet.deposit.history_v1``: the deposits of one sub-wallet."""
    wallet = sub_wallet_of(call, "walletId")
    count, orders = _page(call, (wallet.id,))
    rows = [transaction_row(call.world, order) for order in orders]
    return Answer(data=standard_envelope(call, count, rows))


def subwallet_deposit_history(call: Call) -> Answer:
    """Answer ``subwallet.deposit.history``: of a prime wallet's sub-wallets, or of one."""
    wallet = prime_or_sub_wallet_of(call, "walletId")
    wallets = [wallet]
    if wallet.type is WalletType.PRIME:
        wallets = list(shown_sub_wallets(call, wallet))
    count, orders = _page(call, tuple(each.id for each in wallets))
    rows: list[JsonValue] = [
        {**_common_fields(call.world, order), **_newer_fields(), "walletIdStr": order.owner}
        for order in orders
    ]
    return Answer(data=standard_envelope(call, count, rows))


def deposit_detail(call: Call) -> Answer:
    """Answer ``deposit.detail``: every deposit that fits all that was said, as a list.

    ``address`` may be the sender's or the receiver's; the sources disagree.
    """
    found = [order for order in _found(call) if _fits(order, call.given)]
    _refuse_nothing(call, found)
    return Answer(data=[transaction_row(call.world, order) for order in found] or None)


def deposit_detail_v1(call: Call) -> Answer:
    """Answer ``deposit.detail_v1``: the first deposit of a transaction, as one object."""
    found = _found(call)
    _refuse_nothing(call, found)
    if not found:
        return Answer(data=None)
    row = {**_common_fields(call.world, found[0]), "walletId": int(found[0].owner)}
    return Answer(data=row)


def transaction_row(world: World, order: Order) -> Mapping[str, JsonValue]:
    """Return a deposit as the API shows it."""
    return {**_common_fields(world, order), **_newer_fields(), "walletId": int(order.owner)}


def _common_fields(world: World, order: Order) -> Mapping[str, JsonValue]:
    blocks = _blocks(world, order)
    return {
        "orderViewId": order.id,
        "txId": order.details["tx_id"],
        "transferType": _ON_CHAIN,
        "direction": order.type,
        "fromAddress": order.details["from_address"],
        "toAddress": order.details["to_address"],
        "network": order.network,
        "coinSymbol": order.coin,
        "amount": amount_text(order.amount),
        "feeSymbol": order.coin,
        "feeAmount": None,
        "status": order.status,
        "confirmedBlockCount": {SUCCESS: min(1, blocks), CONFIRMED: blocks}.get(order.status, 0),
        "unlockConfirm": blocks,
        "maxConfirmBlock": blocks,
        "memo": order.details["memo"] or None,
        "txTime": order.accepted_ms,
    }


def _newer_fields() -> Mapping[str, JsonValue]:
    return {"currentBlock": None, "requestId": None}


def _blocks(world: World, order: Order) -> int:
    coin = world.coin(order.coin)
    assert coin is not None, "a deposit is of a coin of the world"
    chain = coin.on(order.network)
    assert chain is not None, "a deposit comes over a network of its coin"
    return chain.confirmations


def _page(call: Call, wallet_ids: tuple[str, ...]) -> tuple[int, tuple[Order, ...]]:
    given = call.given
    wanted = OrderFilter(
        family=Family.DEPOSIT,
        owners=wallet_ids,
        accepted_from_ms=int(given["startTime"]),
        accepted_to_ms=min(int(given["endTime"]), call.visible_until_ms),
        coin=coin_of(call).symbol if "coinSymbol" in given else None,
        network=given.get("network"),
        newest_first=call.newest_first,
    )
    return call.books.page_of_orders(wanted, offset=call.offset, limit=call.page_limit)


def _found(call: Call) -> Sequence[Order]:
    statement = "SELECT number FROM orders WHERE family = ? AND entity = ?"
    values = [Family.DEPOSIT.value, call.entity]
    if "txId" in call.given:
        statement += " AND json_extract(details, '$.tx_id') = ?"
        values.append(call.given["txId"])
    if "orderViewId" in call.given:
        statement += " AND id = ?"
        values.append(call.given["orderViewId"])
    rows = call.books.run(f"{statement} ORDER BY number", values)
    return tuple(_visible(call, (call.books.order(row[0]) for row in rows)))


def _visible(call: Call, orders: Iterable[Order]) -> Iterable[Order]:
    for order in orders:
        wallet = call.registry.wallet(order.entity, order.owner)
        assert wallet is not None, "a deposit belongs to a wallet"
        if is_designated(call, wallet) and order.accepted_ms <= call.visible_until_ms:
            yield order


def _fits(order: Order, given: Mapping[str, str]) -> bool:
    ends = {order.details["from_address"], order.details["to_address"]}
    return given.get("memo", order.details["memo"]) == order.details["memo"] and (
        "address" not in given or given["address"] in ends
    )


def _refuse_nothing(call: Call, found: Sequence[Order]) -> None:
    if not found and call.world.switches.unknown_id is UnknownId.ERROR:
        raise Refused("G20005", "no deposit of this entity fits")


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "deposit.history": deposit_history,
        "deposit.detail": deposit_detail,
        "deposit.detail_v1": deposit_detail_v1,
        "subwallet.deposit.history": subwallet_deposit_history,
        "subwallet.deposit.history_v1": subwallet_deposit_history_v1,
    }
)
