"""Webhook notifications: what becomes one, what it says, and the operation that sends them again.

Only deposits and withdrawals are told of, when they have come to their end, good or bad. No source
shows what a notification looks like: here it is the API's transaction with the event's type, its
moment and the endpoint's id beside it.

Source: operations.yaml, webhooks; NOTES section 1.
"""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType

from runner.core.jsonvalue import JsonValue
from runner.core.money import amount_text
from runner.sandbox.books import Books
from runner.sandbox.call import Answer, Call, Handler
from runner.sandbox.deliveries import Deliveries
from runner.sandbox.orders import FAILED, Family, Order
from runner.sandbox.refusal import Refused
from runner.sandbox.registry import Registry
from runner.sandbox.withdrawal_rows import transaction_id
from runner.sandbox.world import WebhookTarget, World

_EVENTS = {Family.DEPOSIT: (1, 2), Family.WITHDRAWAL: (3, 4)}
"""The event of the good and of the bad end."""
_DIRECTIONS = {Family.DEPOSIT: 10, Family.WITHDRAWAL: 20}
_AGE_DAYS_MAX = 180
_DAY_MS = 24 * 60 * 60 * 1000
_MILLISECONDS = re.compile(r"[0-9]{1,14}", re.ASCII)


def notify(world: World, books: Books, order: Order) -> None:
    """Queue what the endpoints are told about the stage an order has just reached.

    The good end is the last stage there is: confirmed on a blockchain, sent where there is none.
    """
    if order.family not in _EVENTS:
        return
    succeeded, failed = _EVENTS[order.family]
    if order.status == FAILED:
        event = failed
    elif order.status == order.stages[-1].status:
        event = succeeded
    else:
        return
    for target in world.webhooks:
        if event in target.events and _concerns(target, books, order):
            body = notification_text(_content(target, event, order))
            Deliveries(books=books).add(target.id, event, order, body)


def webhook_resend(call: Call) -> Answer:
    """Answer ``webhook.resend``: false, and nothing is sent, to an endpoint that is suspended.

    The age is limited as the vendor's own tool has it; which code the server gives is not known.
    """
    given = call.given
    targets = (t for t in call.world.webhooks if t.entity == call.entity)
    target = next((t for t in targets if t.id == given["webhookId"]), None)
    if target is None:
        raise Refused("G20005", "webhookId is no webhook of this entity")
    if not _MILLISECONDS.fullmatch(given["resendFromDateTime"]):
        raise Refused("G20005", "resendFromDateTime is not milliseconds since the epoch")
    since_ms = int(given["resendFromDateTime"])
    if since_ms < call.books.now_ms - _AGE_DAYS_MAX * _DAY_MS:
        raise Refused("G20005", f"resendFromDateTime is more than {_AGE_DAYS_MAX} days ago")
    deliveries = Deliveries(books=call.books)
    if deliveries.is_suspended(target.id):
        return Answer(data=False)
    deliveries.send_again(target.id, int(given["eventType"]), since_ms)
    return Answer(data=True)


def notification_text(content: Mapping[str, JsonValue]) -> str:
    """Spell a notification the one way its signature is over: keys sorted, no blanks."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _concerns(target: WebhookTarget, books: Books, order: Order) -> bool:
    if target.entity != order.entity:
        return False
    if not target.wallets:
        return True
    registry = Registry(books=books)
    wallet = registry.wallet(order.entity, order.owner)
    assert wallet is not None, "a deposit or withdrawal belongs to a wallet"
    parent = registry.wallet(order.entity, wallet.parent_id)
    names = {wallet.name} if parent is None else {wallet.name, parent.name}
    return not names.isdisjoint(target.wallets)


def _content(target: WebhookTarget, event: int, order: Order) -> Mapping[str, JsonValue]:
    details = order.details
    return {
        "webhookId": target.id,
        "eventType": str(event),
        "timestamp": order.changed_ms,
        "orderViewId": order.id,
        "txId": _transaction_id(order),
        "direction": _DIRECTIONS[order.family],
        "fromAddress": details.get("from_address"),
        "toAddress": details.get("to_address"),
        "memo": details.get("memo") or None,
        "network": order.network or None,
        "coinSymbol": order.coin,
        "amount": amount_text(order.amount),
        "status": order.status,
        "txTime": order.accepted_ms,
        "walletId": int(order.owner),
        "walletIdStr": order.owner,
        "requestId": order.request_id or None,
    }


def _transaction_id(order: Order) -> JsonValue:
    # A withdrawal that failed was never on a chain.
    if order.family is Family.WITHDRAWAL:
        return transaction_id(order)
    return order.details["tx_id"]


HANDLERS: Mapping[str, Handler] = MappingProxyType({"webhook.resend": webhook_resend})
