"""One operation being carried out: what it was asked, what it works on, and what it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from typing import Protocol, TypeAlias

from runner.core.jsonvalue import JsonValue
from runner.core.money import CONTEXT, ZERO, AmountInvalid, amount_from_text, decimal_places
from runner.core.record import record
from runner.sandbox.books import Books
from runner.sandbox.holders import OpenWallet
from runner.sandbox.orders import Account, NewOrder, Order
from runner.sandbox.refusal import Refused
from runner.sandbox.registry import Registry
from runner.sandbox.switches import RowOrder, TotalPage
from runner.sandbox.world import Coin, World

_OFFSET_MAX = 2**62


class Requester(Protocol):
    """Who asks: an API key, or a person in the portal.

    Shapes: ``name`` is the key's name and empty for a person; ``wallet_ids`` are the wallets the
        requester is tied to, empty for all of the entity.
    """

    @property
    def name(self) -> str:
        """Return the key's name, or nothing."""
        ...

    @property
    def entity(self) -> str:
        """Return whose wallets are seen."""
        ...

    @property
    def wallet_ids(self) -> frozenset[str]:
        """Return the wallets the requester is tied to."""
        ...


@record
class Call:
    """A verified request for one operation, inside the ledger's transaction.

    Shapes: ``given`` holds the parameters that are texts, numbers or booleans as text, checked
        against the catalogue; ``structured`` those that are lists or objects, their numbers as
        text; ``rows_moved`` is by how many rows a list has moved since its last page was read.
    """

    world: World
    books: Books
    given: Mapping[str, str]
    structured: Mapping[str, object] = field(default_factory=dict)
    key: Requester
    rows_moved: int = 0

    @property
    def entity(self) -> str:
        """Return whose request it is: nothing of another entity exists for it."""
        return self.key.entity

    @property
    def registry(self) -> Registry:
        """Return the wallets and addresses as they are now."""
        return Registry(books=self.books)

    @property
    def page_number(self) -> int:
        """Return the page asked for, counted from 1; the first where the API lets it be absent."""
        return int(self.given.get("pageNo", "1"))

    @property
    def page_limit(self) -> int:
        """Return how many rows a page may have: as the world has it if the request does not say."""
        return int(self.given.get("pageLimit", self.world.switches.page_limit_default))

    @property
    def offset(self) -> int:
        """Return how many rows stand before the page."""
        # A page number may have 18 digits; the database counts in 64 bits.
        before = min((self.page_number - 1) * self.page_limit, _OFFSET_MAX)
        return max(before + self.rows_moved, 0)

    @property
    def newest_first(self) -> bool:
        """Tell whether lists come with the newest row first."""
        return self.world.switches.row_order is RowOrder.NEWEST_FIRST

    @property
    def visible_until_ms(self) -> int:
        """Return the moment up to which new rows show: now, less the world's visibility delay."""
        return self.books.now_ms - self.world.switches.visibility_delay_ms


@record
class Answer:
    """The ``data`` of a successful reply, and the order that was accepted, if one was.

    Shapes: ``replayed`` marks the answer of an earlier request, given again.
    """

    data: JsonValue
    order: Order | None = None
    replayed: bool = False


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
    truthful = call.world.switches.total_page is TotalPage.TRUTHFUL
    return {
        "data": page,
        "totalPage": -(-row_count // call.page_limit) if truthful else 0,
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


def amount_of(call: Call, coin: Coin, parameter: str = "amount") -> Decimal:
    """Return the amount a request names.

    Errors: ``Refused`` G20022 for a text that is not a plain amount, for zero, and for more
        decimals than the coin has.
    """
    try:
        amount = amount_from_text(call.given[parameter])
    except AmountInvalid as exc:
        raise Refused("G20022", f"{parameter} is not a plain decimal number") from exc
    if amount <= 0:
        raise Refused("G20022", f"{parameter} is not above zero")
    if decimal_places(amount) > coin.places:
        raise Refused("G20022", f"{coin.symbol} has {coin.places} decimal places")
    return amount


def accept_order(call: Call, order: NewOrder) -> Order:
    """Accept a write if the amount is available, and reserve it.

    Errors: ``Refused`` with the code of the world's switch.
    """
    wanted: dict[Account, Decimal] = {}
    for leg in order.legs:
        wanted[leg.debit] = CONTEXT.add(wanted.get(leg.debit, ZERO), leg.amount)
    for account, amount in wanted.items():
        if account.kind.may_be_negative or call.books.balance(account).available >= amount:
            continue
        raise Refused(
            call.world.switches.insufficient_balance_code,
            f"{account.kind} does not have that much {account.coin} available",
        )
    return call.books.accept(order)


def wallet_of(call: Call, parameter: str) -> OpenWallet:
    """Return the wallet a request names.

    Errors: ``Refused`` G20013, which the documentation gives for a rounded number too, and for a
        wallet that the key is not tied to.
    """
    wallet = call.registry.wallet(call.entity, call.given[parameter])
    if wallet is None:
        raise Refused("G20013", f"{parameter} is no wallet of this entity")
    if not is_designated(call, wallet):
        raise Refused("G20013", f"the key is not tied to the wallet {parameter} names")
    return wallet


def is_designated(call: Call, wallet: OpenWallet) -> bool:
    """Tell whether the key may see a wallet: its own one, or a sub-wallet of it."""
    tied = call.key.wallet_ids
    return not tied or wallet.id in tied or wallet.parent_id in tied
