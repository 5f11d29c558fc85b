"""The archived Mirror: links, applications, settlements, records and positions."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from runner.core.jsonvalue import JsonValue
from runner.core.money import CONTEXT, ZERO
from runner.sandbox.books import OrderFilter
from runner.sandbox.call import (
    Answer,
    Call,
    Handler,
    accept_order,
    amount_of,
    archive_envelope,
    archive_page,
    coin_of,
    wallet_of,
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
from runner.sandbox.world import MirrorLink

_APPLY = 1
_PLACES_SHOWN = 20
"""The archive writes amounts with at least this many decimals.

Source: operations.yaml, mirror.position.list, example_items.
"""


def mirror_link_list(call: Call) -> Answer:
    """Answer ``mirror.link.list``."""
    rows: list[JsonValue] = [
        {
            "mirrorLinkId": link.id,
            "binanceUID": link.binance_uid,
            "walletIdStr": call.world.wallet(link.wallet).id,
        }
        for link in call.world.mirror_links_of(call.entity)
    ]
    return Answer(data=archive_page(call, rows))


def mirror_asset_apply(call: Call) -> Answer:
    """Answer ``mirror.asset.apply``: what lies in the wallet is to be mirrored."""
    if call.given.get("operationType", str(_APPLY)) != str(_APPLY):
        raise Refused("G20005", "operationType of an application is 1")
    return _accept(call, _APPLY)


def mirror_asset_settle(call: Call) -> Answer:
    """Answer ``mirror.asset.settle``: what is mirrored is to come back.

    From Ceffu (2) and from Binance (3) move the same amount between the same accounts; the sources
    do not say in what else they differ.
    """
    return _accept(call, int(call.given["operationType"]))


def mirror_record_list(call: Call) -> Answer:
    """Answer ``mirror.record.list``: applications and settlements, oldest first.

    A record shows once the world's visibility delay has passed.
    """
    given = call.given
    wanted = OrderFilter(
        family=Family.MIRROR_RECORD,
        owners=tuple(link.id for link in _links(call, uid_parameter="binanceUID")),
        accepted_from_ms=int(given["startTime"]),
        accepted_to_ms=min(int(given["endTime"]), call.visible_until_ms),
        type=int(given["operationType"]) if "operationType" in given else None,
        status=int(given["status"]) if "status" in given else None,
        coin=coin_of(call).symbol if "coinSymbol" in given else None,
        network=given.get("network"),
        newest_first=call.newest_first,
    )
    count, orders = call.books.page_of_orders(wanted, offset=call.offset, limit=call.page_limit)
    return Answer(data=archive_envelope(call, count, [_record(call, order) for order in orders]))


def mirror_position_list(call: Call) -> Answer:
    """Answer ``mirror.position.list``: a row for each link, coin and network."""
    hide_zero = call.given.get("excludeZeroAmountFlag") == "true"
    rows: list[JsonValue] = [
        {
            "walletIdStr": call.world.wallet(link.wallet).id,
            "binanceUID": link.binance_uid,
            "coinSymbol": coin,
            "network": network,
            "amount": _shown(amount),
            "amountInBTC": _shown(in_btc),
        }
        for link in _links(call, uid_parameter="binanceUid")
        for coin, network, amount, in_btc in _positions(call, link)
        if amount or not hide_zero
    ]
    return Answer(data=archive_page(call, rows))


def mirror_position_summary(call: Call) -> Answer:
    """Answer ``mirror.position.summary``: the worth in BTC for each UID of a wallet."""
    wallet = wallet_of(call, "walletIdStr")
    total = ZERO
    rows: list[JsonValue] = []
    for link in call.world.mirror_links_of(call.entity):
        if link.wallet != wallet.name:
            continue
        subtotal = ZERO
        for _, _, _, in_btc in _positions(call, link):
            subtotal = CONTEXT.add(subtotal, in_btc)
        total = CONTEXT.add(total, subtotal)
        rows.append({"binanceUid": link.binance_uid, "subtotalAmountInBTC": _shown(subtotal)})
    return Answer(data={"walletIdStr": wallet.id, "totalAmountInBTC": _shown(total), "data": rows})


def _accept(call: Call, operation_type: int) -> Answer:
    wanted = call.given["mirrorLinkId"]
    links = call.world.mirror_links_of(call.entity)
    link = next((each for each in links if each.id == wanted), None)
    if link is None:
        raise Refused("G20029", "mirrorLinkId is no mirror link of this entity")
    coin = coin_of(call)
    network = call.given["network"]
    if network not in coin.networks:
        raise Refused("G20005", f"{coin.symbol} is not on this network")
    wallet_id = call.world.wallet(link.wallet).id
    custody = Account(AccountKind.CUSTODY, wallet_id, coin.symbol, network)
    mirrored = Account(AccountKind.MIRRORED, link.id, coin.symbol, network)
    debit, credit = (custody, mirrored) if operation_type == _APPLY else (mirrored, custody)
    amount = amount_of(call, coin)
    order = accept_order(
        call,
        NewOrder(
            family=Family.MIRROR_RECORD,
            type=operation_type,
            entity=call.entity,
            owner=link.id,
            request_id=call.given.get("requestId", ""),
            key_name=call.key.name,
            coin=coin.symbol,
            network=network,
            amount=amount,
            legs=(Leg(debit=debit, credit=credit, amount=amount),),
            stages=stages_of(call.books.now_ms, call.world.timings.mirror_record),
        ),
    )
    data: JsonValue = {"recordId": order.id, "status": order.status, "requestId": order.request_id}
    return Answer(data=data, order=order)


def _record(call: Call, order: Order) -> JsonValue:
    # A ledger belongs to one world, whose links do not change.
    link = next(each for each in call.world.mirror_links if each.id == order.owner)
    row: dict[str, JsonValue] = {
        "recordId": order.id,
        "operationType": order.type,
        "status": order.status,
        "binanceUID": link.binance_uid,
        "walletIdStr": call.world.wallet(link.wallet).id,
        "coinSymbol": order.coin,
        "network": order.network,
        "amount": _shown(order.amount),
    }
    if call.world.switches.records_carry_request_id:
        row["requestId"] = order.request_id
    return row


def _links(call: Call, *, uid_parameter: str) -> Sequence[MirrorLink]:
    ours = links = call.world.mirror_links_of(call.entity)
    if "walletIdStr" in call.given:
        wallet = wallet_of(call, "walletIdStr")
        links = tuple(link for link in links if link.wallet == wallet.name)
    if uid_parameter in call.given:
        uid = call.given[uid_parameter]
        if all(link.binance_uid != uid for link in ours):
            raise Refused("G20029", f"{uid_parameter} is not linked to this entity")
        links = tuple(link for link in links if link.binance_uid == uid)
    return links


def _positions(call: Call, link: MirrorLink) -> Iterator[tuple[str, str, Decimal, Decimal]]:
    for coin in call.world.coins:
        for network in coin.networks:
            account = Account(AccountKind.MIRRORED, link.id, coin.symbol, network)
            amount = call.books.balance(account).amount
            yield coin.symbol, network, amount, CONTEXT.multiply(amount, coin.price_btc)


def _shown(amount: Decimal) -> str:
    text = format(amount, "f")
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(_PLACES_SHOWN, '0')}"


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "mirror.link.list": mirror_link_list,
        "mirror.asset.apply": mirror_asset_apply,
        "mirror.asset.settle": mirror_asset_settle,
        "mirror.record.list": mirror_record_list,
        "mirror.position.list": mirror_position_list,
        "mirror.position.summary": mirror_position_summary,
    }
)
