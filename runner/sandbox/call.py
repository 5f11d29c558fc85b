"""One operation being carried out: what it was asked, what it works on, and what it answers."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from runner.core.jsonvalue import JsonValue
from runner.core.money import AmountInvalid, amount_from_text, decimal_places
from runner.core.record import record
from runner.sandbox.books import Books
from runner.sandbox.orders import NewOrder, Order
from runner.sandbox.refusal import Refused
from runner.sandbox.world import Coin, World

_PAGE_LIMIT_DEFAULT = "25"
_OFFSET_MAX = 2**62


@record
class Call:
    """A verified request for one operation, inside the ledger's transaction.

    Shapes: ``given`` holds the parameters as text, checked against the catalogue.
    """

    world: World
    books: Books
    given: Mapping[str, str]
    key_name: str

    @property
    def page_number(self) -> int:
        """Return the page asked for, counted from 1; the first where the API lets it be absent."""
        return int(self.given.get("pageNo", "1"))

    @property
    def page_limit(self) -> int:
        """Return how many rows a page may have; 25 (the documentation's example) if not said."""
        return int(self.given.get("pageLimit", _PAGE_LIMIT_DEFAULT))

    @property
    def offset(self) -> int:
        """Return how many rows stand before the page."""
        # A page number may have 18 digits; the database counts in 64 bits.
        return min((self.page_number - 1) * self.page_limit, _OFFSET_MAX)


@record
class Answer:
    """The ``data`` of a successful reply, and the order that was accepted, if one was."""

    data: JsonValue
    order: Order | None = None


Handler: TypeAlias = Callable[[Call], Answer]
"""Carries out one operation.

Errors: ``Refused``; whatever was written before it is undone.
"""


def standard_page(
    call: Call, rows: Sequence[JsonValue], **extra: JsonValue
) -> Mapping[str, JsonValue]:
    """Cut one page from all rows, in the standard envelope."""
    page = rows[call.offset : call.offset + call.page_limit]
    return standard_envelope(call, len(rows), page, **extra)


def standard_envelope(
    call: Call, row_count: int, page: Sequence[JsonValue], **extra: JsonValue
) -> Mapping[str, JsonValue]:
    """Wrap the rows of one page; ``totalPage`` counts pages.

    Source: operations.yaml, pagination, standard.
    """
    return {
        "data": page,
        "totalPage": -(-row_count // call.page_limit),
        "pageNo": call.page_number,
        "pageLimit": call.page_limit,
        **extra,
    }


def archive_page(call: Call, rows: Sequence[JsonValue]) -> Mapping[str, JsonValue]:
    """Cut one page from all rows, in the archive's envelope."""
    return archive_envelope(call, len(rows), rows[call.offset : call.offset + call.page_limit])


def archive_envelope(
    call: Call, row_count: int, page: Sequence[JsonValue]
) -> Mapping[str, JsonValue]:
    """Wrap the rows of one page; ``total`` counts rows and the size is called ``pageSize``.

    Source: operations.yaml, pagination, mirror archive.
    """
    return {
        "total": row_count,
        "data": page,
        "pageNo": call.page_number,
        "pageSize": call.page_limit,
    }


def coin_of(call: Call) -> Coin:
    """Return the coin a request names.

    Errors: ``Refused`` G20005.
    """
    coin = call.world.coin(call.given["coinSymbol"])
    if coin is None:
        raise Refused("G20005", "coinSymbol is no coin of this sandbox")
    return coin


def amount_of(call: Call, coin: Coin) -> Decimal:
    """Return the amount a request names.

    Errors: ``Refused`` G20022 for a text that is not a plain amount, for zero, and for more
        decimals than the coin has.
    """
    try:
        amount = amount_from_text(call.given["amount"])
    except AmountInvalid as exc:
        raise Refused("G20022", "amount is not a plain decimal number") from exc
    if amount <= 0:
        raise Refused("G20022", "amount is not above zero")
    if decimal_places(amount) > coin.places:
        raise Refused("G20022", f"{coin.symbol} has {coin.places} decimal places")
    return amount


def accept_order(call: Call, order: NewOrder) -> Order:
    """Accept a write if the amount is available, and reserve it.

    Errors: ``Refused`` with the code of the world's switch.
    """
    if call.books.balance(order.debit).available < order.amount:
        raise Refused(
            call.world.switches.insufficient_balance_code,
            f"{order.debit.kind} does not have that much {order.debit.coin} available",
        )
    return call.books.accept(order)
