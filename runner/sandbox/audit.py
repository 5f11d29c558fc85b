"""Whether a ledger adds up: the judge of every exactly-once test."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from runner.core.money import CONTEXT, ZERO, amount_text
from runner.sandbox.books import Balance, Entry, LoggedRequest
from runner.sandbox.orders import Account, Order


def audit(
    *,
    balances: Sequence[Balance],
    entries: Sequence[Entry],
    orders: Sequence[Order],
    requests: Sequence[LoggedRequest],
) -> tuple[str, ...]:
    """Return what does not add up, one sentence each.

    Every entry sums to zero per coin; every entry is the opening or belongs to one order that was
    settled, and moves what that order says; every balance is the sum of its postings, is not
    below zero, and covers what is reserved; every order of a key was answered to exactly one
    request, and one without a key (a deposit, a settlement, a collection, the portal) to none.
    """
    return (
        *_entries_sum_to_zero(entries),
        *_entries_match_orders(entries, {order.number: order for order in orders}),
        *_balances_match_postings(balances, entries),
        *_orders_match_requests(orders, requests),
    )


def _entries_sum_to_zero(entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        totals: dict[str, Decimal] = {}
        for account, amount in entry.postings:
            totals[account.coin] = CONTEXT.add(totals.get(account.coin, ZERO), amount)
        for coin, total in totals.items():
            if total:
                yield f"entry {entry.number} leaves {amount_text(total)} {coin} over"


def _entries_match_orders(entries: Sequence[Entry], orders: Mapping[int, Order]) -> Iterator[str]:
    openings = [entry for entry in entries if entry.order_number is None]
    if len(openings) != 1:
        yield f"there are {len(openings)} opening entries"
    posted = Counter(entry.order_number for entry in entries if entry.order_number is not None)
    for number, order in orders.items():
        wanted = 1 if order.settled else 0
        if posted[number] != wanted:
            yield f"order {order.id} has {posted[number]} entries where {wanted} belong"
        reached = {stage.status for stage in order.stages if stage.at_ms <= order.changed_ms}
        if order.settled != (order.settles_at in reached):
            yield f"order {order.id} has status {order.status} and is settled: {order.settled}"
    for entry in entries:
        if entry.order_number is None:
            continue
        owner = orders.get(entry.order_number)
        if owner is None:
            yield f"entry {entry.number} belongs to no order"
        elif list(entry.postings) != _postings(owner):
            yield f"entry {entry.number} does not move what order {owner.id} says"


def _postings(order: Order) -> list[tuple[Account, Decimal]]:
    postings = []
    for leg in order.legs:
        postings += [(leg.debit, CONTEXT.minus(leg.amount)), (leg.credit, leg.amount)]
    return postings


def _balances_match_postings(
    balances: Sequence[Balance], entries: Sequence[Entry]
) -> Iterator[str]:
    totals: dict[Account, Decimal] = {}
    for entry in entries:
        for account, amount in entry.postings:
            totals[account] = CONTEXT.add(totals.get(account, ZERO), amount)
    for balance in balances:
        total = totals.get(balance.account, ZERO)
        if balance.amount != total:
            yield f"{balance.account} says {balance.amount} and its postings {total}"
        if not balance.account.kind.may_be_negative and balance.available < 0:
            yield f"{balance.account} holds {balance.amount}, less than nothing or than reserved"


def _orders_match_requests(
    orders: Sequence[Order], requests: Sequence[LoggedRequest]
) -> Iterator[str]:
    answered = Counter((r.order_id, r.request_id) for r in requests if r.order_id)
    for order in orders:
        count = answered.pop((order.id, order.request_id), 0)
        wanted = 1 if order.key_name else 0
        if count != wanted:
            yield f"order {order.id} was caused by {count} requests"
    for order_id, request_id in answered:
        yield f"request {request_id} was answered with {order_id}, which is no order"
