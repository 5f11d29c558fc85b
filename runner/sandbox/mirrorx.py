"""MirrorX: links, what is available, positions and orders."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from runner.core.jsonvalue import JsonValue
from runner.core.money import CONTEXT, ZERO, amount_text
from runner.sandbox.books import OrderFilter
from runner.sandbox.call import (
    Answer,
    Call,
    Handler,
    accept_order,
    amount_of,
    coin_of,
    standard_envelope,
    standard_page,
)
from runner.sandbox.orders import (
    Account,
    AccountKind,
    Family,
    Leg,
    NewOrder,
    Order,
    stages_of,
)
from runner.sandbox.refusal import Refused
from runner.sandbox.world import LINK_APPROVED, MirrorXLink

_DELEGATE = "10"


def mirrorx_link_list(call: Call) -> Answer:
    """Answer ``mirrorx.link.list``; dates are milliseconds since the epoch, as text.

    No source states the format of createDate.
    """
    rows: list[JsonValue] = [
        {
            "mirrorXLinkId": link.id,
            "binanceUID": link.binance_uid,
            "walletIdStr": call.world.wallet(link.wallet).id,
            "label": link.label,
            "status": link.status,
            "createDate": str(link.created_ms),
        }
        for link in call.world.mirrorx_links_of(call.entity)
    ]
    return Answer(data=standard_page(call, rows))


def mirrorx_available_check(call: Call) -> Answer:
    """Answer ``mirrorx.available.check``: the most an order of that type could take now."""
    debit, _ = _accounts(call, _link(call), coin_of(call).symbol)
    available = call.books.balance(debit).available
    return Answer(data={"coinSymbol": debit.coin, "maxAvailableAmount": amount_text(available)})


def mirrorx_position_list(call: Call) -> Answer:
    """Answer ``mirrorx.position.list``: a row for each coin, and the worth of the Binance account.

    ``exchangeBalance`` is in USDT and counts what was delegated and what the account holds besides.
    """
    link = _link(call)
    hide_zero = call.given.get("excludeZeroAmountFlag") == "true"
    rows: list[JsonValue] = []
    worth = ZERO
    for coin in call.world.coins:
        delegated = _amount(call, Account(AccountKind.DELEGATED, link.id, coin.symbol))
        besides = _amount(call, Account(AccountKind.EXCHANGE, link.binance_uid, coin.symbol))
        held = CONTEXT.add(delegated, besides)
        worth = CONTEXT.add(worth, CONTEXT.multiply(held, coin.price_usdt))
        if delegated or not hide_zero:
            rows.append(
                {
                    "mirrorXLinkId": link.id,
                    "binanceUID": link.binance_uid,
                    "walletIdStr": call.world.wallet(link.wallet).id,
                    "coinSymbol": coin.symbol,
                    "mirrorXBalance": amount_text(delegated),
                }
            )
    return Answer(data=standard_page(call, rows, exchangeBalance=amount_text(worth)))


def mirrorx_order_list(call: Call) -> Answer:
    """Answer ``mirrorx.order.list``: nine fields a row and no requestId, oldest first.

    ``orderTime`` is milliseconds since the epoch, as text; no source states its format. An order
    shows once the world's visibility delay has passed.
    """
    link = _link(call)
    given = call.given
    wanted = OrderFilter(
        family=Family.MIRRORX_ORDER,
        owners=(link.id,),
        accepted_from_ms=int(given["startTime"]),
        accepted_to_ms=min(int(given["endTime"]), call.visible_until_ms),
        type=int(given["orderType"]) if "orderType" in given else None,
        coin=coin_of(call).symbol if "coinSymbol" in given else None,
        newest_first=call.newest_first,
    )
    count, orders = call.books.page_of_orders(wanted, offset=call.offset, limit=call.page_limit)
    rows = [_order_row(call, link, order) for order in orders]
    return Answer(data=standard_envelope(call, count, rows))


def mirrorx_order_create(call: Call) -> Answer:
    """Answer ``mirrorx.order.create``: delegation to the Binance UID, or undelegation from it."""
    link = _link(call)
    if link.status != LINK_APPROVED:
        raise Refused("G20029", "the link behind mirrorXLinkId is not approved")
    coin = coin_of(call)
    debit, credit = _accounts(call, link, coin.symbol)
    amount = amount_of(call, coin)
    order = accept_order(
        call,
        NewOrder(
            family=Family.MIRRORX_ORDER,
            type=int(call.given["orderType"]),
            entity=call.entity,
            owner=link.id,
            request_id=call.given.get("requestId", ""),
            key_name=call.key.name,
            coin=coin.symbol,
            amount=amount,
            legs=(Leg(debit=debit, credit=credit, amount=amount),),
            stages=stages_of(call.books.now_ms, call.world.timings.mirrorx_order),
        ),
    )
    data: JsonValue = {
        "orderViewId": order.id,
        "status": order.status,
        "requestId": order.request_id,
    }
    return Answer(data=data, order=order)


def _link(call: Call) -> MirrorXLink:
    wanted = call.given["mirrorXLinkId"]
    links = call.world.mirrorx_links_of(call.entity)
    link = next((each for each in links if each.id == wanted), None)
    if link is None:
        raise Refused("G20029", "mirrorXLinkId is no MirrorX link of this entity")
    return link


def _accounts(call: Call, link: MirrorXLink, coin: str) -> tuple[Account, Account]:
    custody = Account(AccountKind.CUSTODY, call.world.wallet(link.wallet).id, coin)
    delegated = Account(AccountKind.DELEGATED, link.id, coin)
    if call.given["orderType"] == _DELEGATE:
        return custody, delegated
    return delegated, custody


def _amount(call: Call, account: Account) -> Decimal:
    return call.books.balance(account).amount


def _order_row(call: Call, link: MirrorXLink, order: Order) -> JsonValue:
    return {
        "orderViewId": order.id,
        "mirrorXLinkId": link.id,
        "binanceUID": link.binance_uid,
        "walletIdStr": call.world.wallet(link.wallet).id,
        "orderType": order.type,
        "coinSymbol": order.coin,
        "amount": amount_text(order.amount),
        "status": order.status,
        "orderTime": str(order.accepted_ms),
    }


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "mirrorx.link.list": mirrorx_link_list,
        "mirrorx.available.check": mirrorx_available_check,
        "mirrorx.position.list": mirrorx_position_list,
        "mirrorx.order.list": mirrorx_order_list,
        "mirrorx.order.create": mirrorx_order_create,
    }
)
