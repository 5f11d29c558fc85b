"""Every statement that reads or writes the ledger, inside a transaction.

Words: an *account* holds one coin for one owner; an *entry* is a set of postings that sum to zero
per coin; an *order* is an accepted write. Between acceptance and success an order's amount is
*reserved*: it still counts in the balance of the account it will leave and no longer in what is
available there. The entry is posted when the order succeeds.

Example: an order of 100 USDT, accepted at 12:00:00 and successful at 12:00:02, lowers what is
available at 12:00:00 and the balance at 12:00:02; whoever looks first after that moment posts the
entry.

Amounts are decimal text in the tables and ``Decimal`` here; SQLite never computes with them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from runner.core.clock import timestamp_ms
from runner.core.money import CONTEXT, ZERO, amount_text
from runner.core.record import record
from runner.sandbox.orders import (
    SUCCESS,
    Account,
    AccountKind,
    Family,
    NewOrder,
    Order,
    order_id,
    status_at,
)

Row: TypeAlias = tuple[Any, ...]
"""One row as the database gives it; the statement says what stands where."""


@record
class Balance:
    """What one account holds; ``reserved`` is the part that open orders will take away."""

    account: Account
    amount: Decimal
    reserved: Decimal

    @property
    def available(self) -> Decimal:
        """Return what a new order may take."""
        return CONTEXT.subtract(self.amount, self.reserved)


@record
class LoggedRequest:
    """One request that arrived, and what it was answered.

    Shapes: ``number`` counts from 1 in order of arrival in the ledger; ``operation``, ``key_name``,
        ``request_id`` and ``order_id`` are empty where there is none; ``signed`` is None where the
        signature was never looked at; ``detail`` says in words why a request was refused.
    Units: ``at_ms`` is milliseconds since the epoch.
    """

    number: int = 0
    at_ms: int = 0
    method: str
    path: str
    operation: str = ""
    key_name: str = ""
    signed: bool | None = None
    code: str
    detail: str = ""
    request_id: str = ""
    duplicate: bool = False
    order_id: str = ""


@record
class OrderFilter:
    """Which orders to list; a field that is None does not restrict.

    Units: milliseconds since the epoch, both ends inclusive.
    """

    family: Family
    link_ids: tuple[str, ...]
    accepted_from_ms: int
    accepted_to_ms: int
    type: int | None = None
    status: int | None = None
    coin: str | None = None
    network: str | None = None


@record
class Entry:
    """One entry; ``order_number`` is None for the opening, the only entry that no order caused."""

    number: int
    at_ms: int
    order_number: int | None
    postings: tuple[tuple[Account, Decimal], ...]


class RunStatement(Protocol):
    """What executes one statement in the open transaction and returns all its rows."""

    def __call__(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """Execute; a failure raises and undoes the whole transaction."""
        ...


class Books:
    """The ledger within one transaction, at one moment."""

    def __init__(self, run: RunStatement, *, now: datetime) -> None:
        """Take what executes statements, and the moment that counts as now."""
        self._run = run
        self.now = now
        self.now_ms = timestamp_ms(now)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the body wrote if it raises, and keep the rest of the transaction."""
        self._run("SAVEPOINT body")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK TO body")
            raise
        finally:
            self._run("RELEASE body")

    def post_opening(self, opening: Mapping[Account, Decimal]) -> None:
        """Create every account and post the opening entry, balanced by the opening accounts."""
        for account in sorted(opening):
            source = Account(AccountKind.OPENING, "world", account.coin)
            for created in (account, source):
                self._run(
                    "INSERT OR IGNORE INTO account (kind, owner, coin, network, balance)"
                    " VALUES (?, ?, ?, ?, '0')",
                    _account_key(created),
                )
        (entry,) = self._run(
            "INSERT INTO entry (at_ms, order_number) VALUES (?, NULL) RETURNING id", (self.now_ms,)
        )
        for account, amount in sorted(opening.items()):
            if amount:
                source = Account(AccountKind.OPENING, "world", account.coin)
                self._post(entry[0], self._account_id(source), -amount)
                self._post(entry[0], self._account_id(account), amount)

    def catch_up(self) -> None:
        """Bring every open order to the status it has now, and post those that succeeded.

        The result depends on the moments fixed at acceptance and on now alone, so it does not
        matter how often or by which process it is called.
        """
        due = self._run(
            f"{_SELECT_ORDER} WHERE o.status != 30"
            " AND (o.success_ms <= ? OR (o.status != 20 AND o.in_progress_ms <= ?))"
            " ORDER BY o.success_ms, o.number",
            (self.now_ms, self.now_ms),
        )
        for order in map(_order, due):
            status = status_at(order, self.now_ms)
            self._run("UPDATE orders SET status = ? WHERE number = ?", (status, order.number))
            if status == SUCCESS:
                (entry,) = self._run(
                    "INSERT INTO entry (at_ms, order_number) VALUES (?, ?) RETURNING id",
                    (order.success_ms, order.number),
                )
                self._post(entry[0], self._account_id(order.debit), -order.amount)
                self._post(entry[0], self._account_id(order.credit), order.amount)

    def balance(self, account: Account) -> Balance:
        """Return what an account holds; every account of the world exists from the opening on."""
        ((account_id, balance),) = self._run(
            "SELECT id, balance FROM account"
            " WHERE kind = ? AND owner = ? AND coin = ? AND network = ?",
            _account_key(account),
        )
        reserved = self._run(
            "SELECT amount FROM orders WHERE status != 30 AND debit = ?", (account_id,)
        )
        return Balance(
            account=account,
            amount=Decimal(balance),
            reserved=_total(Decimal(row[0]) for row in reserved),
        )

    def balances(self) -> tuple[Balance, ...]:
        """Return every account, sorted by name."""
        rows = self._run("SELECT kind, owner, coin, network FROM account")
        return tuple(self.balance(account) for account in sorted(map(_account, rows)))

    def has_request_id(self, request_id: str) -> bool:
        """Tell whether an accepted write has carried this requestId."""
        return bool(self._run("SELECT 1 FROM orders WHERE request_id = ?", (request_id,)))

    def accept(self, order: NewOrder) -> Order:
        """Accept a write and reserve its amount; the caller has checked that it is available."""
        (last,) = self._run("SELECT coalesce(max(number), 0) FROM orders")
        number = last[0] + 1
        in_progress_ms = self.now_ms + order.timing.in_progress_after_ms
        accepted = Order(
            number=number,
            id=order_id(self.now_ms, self.now.strftime("%y%m%d"), number),
            family=order.family,
            type=order.type,
            link_id=order.link_id,
            request_id=order.request_id,
            key_name=order.key_name,
            debit=order.debit,
            credit=order.credit,
            amount=order.amount,
            status=order.family.accepted_status,
            accepted_ms=self.now_ms,
            in_progress_ms=in_progress_ms,
            success_ms=in_progress_ms + order.timing.success_after_ms,
        )
        self._run(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(accepted.number, accepted.id, accepted.family.value, accepted.type),
                *(accepted.link_id, accepted.request_id, accepted.key_name),
                *(self._account_id(accepted.debit), self._account_id(accepted.credit)),
                *(amount_text(accepted.amount), accepted.status, accepted.accepted_ms),
                *(accepted.in_progress_ms, accepted.success_ms),
            ),
        )
        return accepted

    def page_of_orders(
        self, wanted: OrderFilter, *, offset: int, limit: int
    ) -> tuple[int, tuple[Order, ...]]:
        """Return how many orders match, and those of one page, oldest first."""
        links = ", ".join("?" for _ in wanted.link_ids)
        where = f"WHERE o.family = ? AND o.link_id IN ({links}) AND o.accepted_ms BETWEEN ? AND ?"
        values: list[object] = [wanted.family.value, *wanted.link_ids]
        values += [wanted.accepted_from_ms, wanted.accepted_to_ms]
        for column, value in (
            ("o.type", wanted.type),
            ("o.status", wanted.status),
            ("d.coin", wanted.coin),
            # Of the two accounts of an order both or neither have a network.
            ("d.network", wanted.network),
        ):
            if value is not None:
                where += f" AND {column} = ?"
                values.append(value)
        (count,) = self._run(f"SELECT count(*) {_FROM_ORDER} {where}", values)
        rows = self._run(
            f"{_SELECT_ORDER} {where} ORDER BY o.number LIMIT ? OFFSET ?", [*values, limit, offset]
        )
        return count[0], tuple(map(_order, rows))

    def orders(self) -> tuple[Order, ...]:
        """Return every order, first to last."""
        return tuple(map(_order, self._run(f"{_SELECT_ORDER} ORDER BY o.number")))

    def entries(self) -> tuple[Entry, ...]:
        """Return every entry with its postings, first to last."""
        postings: dict[int, list[tuple[Account, Decimal]]] = {}
        for entry_id, amount, *account in self._run(
            "SELECT p.entry_id, p.amount, a.kind, a.owner, a.coin, a.network"
            " FROM posting p JOIN account a ON a.id = p.account_id ORDER BY p.rowid"
        ):
            postings.setdefault(entry_id, []).append((_account(account), Decimal(amount)))
        return tuple(
            Entry(
                number=row[0],
                at_ms=row[1],
                order_number=row[2],
                postings=tuple(postings.get(row[0], ())),
            )
            for row in self._run("SELECT id, at_ms, order_number FROM entry ORDER BY id")
        )

    def log(self, request: LoggedRequest) -> int:
        """Keep one line of the request log and return its number."""
        (row,) = self._run(
            "INSERT INTO request (at_ms, method, path, operation, key_name, signed, code, detail,"
            " request_id, duplicate, order_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " RETURNING number",
            (
                *(self.now_ms, request.method, request.path, request.operation, request.key_name),
                *(request.signed, request.code, request.detail, request.request_id),
                *(request.duplicate, request.order_id),
            ),
        )
        number: int = row[0]
        return number

    def requests(self) -> tuple[LoggedRequest, ...]:
        """Return every line of the request log, first to last."""
        rows = self._run(
            "SELECT number, at_ms, method, path, operation, key_name, signed, code, detail,"
            " request_id, duplicate, order_id FROM request ORDER BY number"
        )
        return tuple(
            LoggedRequest(
                number=row[0],
                at_ms=row[1],
                method=row[2],
                path=row[3],
                operation=row[4],
                key_name=row[5],
                signed=None if row[6] is None else bool(row[6]),
                code=row[7],
                detail=row[8],
                request_id=row[9],
                duplicate=bool(row[10]),
                order_id=row[11],
            )
            for row in rows
        )

    def _account_id(self, account: Account) -> int:
        ((account_id,),) = self._run(
            "SELECT id FROM account WHERE kind = ? AND owner = ? AND coin = ? AND network = ?",
            _account_key(account),
        )
        result: int = account_id
        return result

    def _post(self, entry_id: int, account_id: int, amount: Decimal) -> None:
        ((kind, text),) = self._run("SELECT kind, balance FROM account WHERE id = ?", (account_id,))
        balance = CONTEXT.add(Decimal(text), amount)
        assert balance >= 0 or kind == AccountKind.OPENING, "an account would go below zero"
        self._run("UPDATE account SET balance = ? WHERE id = ?", (amount_text(balance), account_id))
        self._run(
            "INSERT INTO posting VALUES (?, ?, ?)", (entry_id, account_id, amount_text(amount))
        )


_FROM_ORDER = "FROM orders o JOIN account d ON d.id = o.debit JOIN account c ON c.id = o.credit"
_SELECT_ORDER = (
    "SELECT o.number, o.id, o.family, o.type, o.link_id, o.request_id, o.key_name, o.amount,"
    " o.status, o.accepted_ms, o.in_progress_ms, o.success_ms,"
    f" d.kind, d.owner, d.coin, d.network, c.kind, c.owner, c.coin, c.network {_FROM_ORDER}"
)


def _order(row: Row) -> Order:
    return Order(
        number=row[0],
        id=row[1],
        family=Family(row[2]),
        type=row[3],
        link_id=row[4],
        request_id=row[5],
        key_name=row[6],
        amount=Decimal(row[7]),
        status=row[8],
        accepted_ms=row[9],
        in_progress_ms=row[10],
        success_ms=row[11],
        debit=_account(row[12:16]),
        credit=_account(row[16:20]),
    )


def _account(row: Sequence[Any]) -> Account:
    kind, owner, coin, network = row
    return Account(AccountKind(kind), owner, coin, network)


def _account_key(account: Account) -> tuple[str, str, str, str]:
    return (account.kind.value, account.owner, account.coin, account.network)


def _total(amounts: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for amount in amounts:
        total = CONTEXT.add(total, amount)
    return total
