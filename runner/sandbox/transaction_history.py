"""What moved in wallets: a row for each posting to a wallet, whatever caused it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from types import MappingProxyType

from runner.core.clock import timestamp_ms
from runner.core.jsonvalue import JsonValue
from runner.core.money import CONTEXT, ZERO, amount_text
from runner.core.record import record
from runner.sandbox.call import Answer, Call, Handler, is_designated, standard_envelope
from runner.sandbox.holders import OpenWallet
from runner.sandbox.orders import AccountKind, Family
from runner.sandbox.refusal import Refused
from runner.sandbox.withdrawal_rows import transaction_id

_DAYS_MAX = 90
"""The range must be shorter than this.

Source: schemas/ceffu.openapi.yaml, transaction.history, x-window-ms.
"""
_DAY_DIGITS = 8

_DEPOSIT = 15
_MIRROR_APPLY = 1

_BUSINESS = {
    Family.DEPOSIT: (_DEPOSIT, "Receive", "Send"),
    Family.WITHDRAWAL: (10, "Receive", "Send"),
    Family.INTERNAL_TRANSFER: (50, "Transfer In", "Transfer Out"),
    Family.EXCHANGE_TRANSFER: (50, "Transfer In", "Transfer Out"),
    Family.MIRROR_RECORD: (30, "Mirror Settle", "Mirror Settle"),
}
"""BizType, and the words for what came and what went.

Source: operations.yaml, enums, BizType (SDK); of the words only Receive is documented.
"""
_MIRRORX_BUSINESS = {
    10: (3110, "MirrorX Delegation"),
    20: (3120, "MirrorX Undelegation"),
    30: (3130, "MirrorX Settlement"),
}


_SELECT_POSTINGS = (
    "SELECT o.number, o.family, o.type, o.network, a.owner, a.coin, a.network, e.at_ms, p.amount"
    " FROM entry e JOIN orders o ON o.number = e.order_number JOIN posting p ON p.entry_id = e.id"
    " JOIN account a ON a.id = p.account_id"
)


@record
class _Movement:
    """What one order did to one coin of one wallet; ``biz_type`` is None where none is known.

    Units: milliseconds since the epoch.
    """

    wallet: OpenWallet
    coin: str
    network: str
    order_number: int
    biz_type: int | None
    word: str
    amount: Decimal
    at_ms: int


def transaction_history(call: Call) -> Answer:
    """Answer ``transaction.history``: newest first whatever the switch, as its example has it.

    A row stands for what an order did to one coin of a wallet when it was settled: a withdrawal's
    fee is in its row where the coin is the same, and has a row of its own where it is not. Days are
    UTC, the last one included. Amounts have no sign; the word tells what came and what went. An
    application of the archived Mirror has no BizType, so a filter by business leaves it out. Of a
    prime wallet, only what went to or came from a chain has a network; elsewhere it is empty.
    """
    first, last = _day(call, "startDate"), _day(call, "endDate")
    if last < first:
        raise Refused("G20005", "endDate is before startDate")
    if (last - first).days >= _DAYS_MAX:
        raise Refused("G20026", "the time from startDate to endDate is too long")
    from_ms = _midnight_ms(first)
    to_ms = min(_midnight_ms(last + timedelta(days=1)) - 1, call.visible_until_ms)
    found = _movements(call, _wallets(call), from_ms, to_ms)
    movements = [each for each in found if _is_wanted(call, each)]
    page = movements[call.offset : call.offset + call.page_limit]
    rows = [_row(call, each) for each in page]
    return Answer(data=standard_envelope(call, len(movements), rows))


def _day(call: Call, parameter: str) -> date:
    text = call.given[parameter]
    if not (text.isascii() and text.isdecimal() and len(text) == _DAY_DIGITS):
        raise Refused("G20005", f"{parameter} is not a day like 20240301")
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as exc:
        raise Refused("G20005", f"{parameter} is no day of the calendar") from exc


def _midnight_ms(day: date) -> int:
    return timestamp_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _wallets(call: Call) -> dict[str, OpenWallet]:
    visible = {
        wallet.id: wallet
        for wallet in call.registry.wallets(call.entity)
        if is_designated(call, wallet)
    }
    wanted = _texts(call, "walletIds")
    if any(wallet_id not in visible for wallet_id in wanted):
        raise Refused("G20013", "walletIds has one that is no wallet of this entity and key")
    return {
        wallet.id: wallet
        for wallet in visible.values()
        if str(int(wallet.type)) == call.given["walletType"] and (not wanted or wallet.id in wanted)
    }


def _movements(
    call: Call, wallets: Mapping[str, OpenWallet], from_ms: int, to_ms: int
) -> Iterator[_Movement]:
    marks = ", ".join("?" for _ in wallets)
    postings = call.books.run(
        f"{_SELECT_POSTINGS} WHERE a.kind = ? AND e.at_ms BETWEEN ? AND ? AND a.owner IN ({marks})"
        " ORDER BY e.at_ms DESC, e.id DESC, p.rowid",
        (AccountKind.CUSTODY.value, from_ms, to_ms, *wallets),
    )
    for what, group in groupby(postings, lambda row: row[:-1]):
        number, family, order_type, order_network, owner, coin, network, at_ms = what
        total = ZERO
        for posting in group:
            total = CONTEXT.add(total, Decimal(posting[-1]))
        biz_type, word = _business(Family(family), order_type, came=total > 0)
        yield _Movement(
            wallet=wallets[owner],
            coin=coin,
            network=order_network or network,
            order_number=number,
            biz_type=biz_type,
            word=word,
            amount=total,
            at_ms=at_ms,
        )


def _business(family: Family, order_type: int, *, came: bool) -> tuple[int | None, str]:
    if family is Family.MIRRORX_ORDER:
        return _MIRRORX_BUSINESS[order_type]
    if family is Family.MIRROR_RECORD and order_type == _MIRROR_APPLY:
        return None, "Mirror Apply"
    biz_type, word_in, word_out = _BUSINESS[family]
    if came and family is Family.WITHDRAWAL:
        # What a withdrawal brings to another wallet is a deposit there.
        biz_type = _DEPOSIT
    return biz_type, word_in if came else word_out


def _transaction(call: Call, movement: _Movement) -> str:
    order = call.books.order(movement.order_number)
    if order.family is Family.WITHDRAWAL:
        return transaction_id(order) or ""
    return str(order.details.get("tx_id") or "")


def _is_wanted(call: Call, movement: _Movement) -> bool:
    transaction = call.given.get("txId")
    if transaction is not None and _transaction(call, movement) != transaction:
        return False
    fields = {
        "bizTypes": str(movement.biz_type),
        "networks": movement.network,
        "symbols": movement.coin,
    }
    return all(
        not (wanted := _texts(call, name)) or value in wanted for name, value in fields.items()
    )


def _row(call: Call, movement: _Movement) -> JsonValue:
    return {
        "walletId": movement.wallet.id,
        "walletName": movement.wallet.label,
        "network": movement.network,
        "symbol": movement.coin,
        "txId": _transaction(call, movement),
        "transactionType": movement.word,
        "amount": amount_text(abs(movement.amount)),
        "ts": movement.at_ms,
    }


def _texts(call: Call, parameter: str) -> Sequence[str]:
    given = call.structured.get(parameter)
    return [str(item) for item in given] if isinstance(given, list) else ()


HANDLERS: Mapping[str, Handler] = MappingProxyType({"transaction.history": transaction_history})
