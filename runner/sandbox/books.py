"""Every statement that reads or writes the ledger, inside a transaction.

Words: an *account* holds one coin for one owner; an *entry* is a set of postings that sum to zero
per coin; an *order* is an accepted write or a deposit. Between acceptance and settlement what an
order's legs move is *reserved*: it still counts in the balance of the account it will leave and no
longer in what is available there. The entry is posted when the order is settled.

Example: an order of 100 USDT, accepted at 12:00:00 and successful at 12:00:02, lowers what is
available at 12:00:00 and the balance at 12:00:02; whoever looks first after that moment posts the
entry.

Amounts are decimal text in the tables and ``Decimal`` here; SQLite never computes with them.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from runner.core.clock import timestamp_ms
from runner.core.jsonvalue import JsonValue
from runner.core.money import CONTEXT, ZERO, amount_text
from runner.core.record import record
from runner.sandbox.orders import (
    FAILED,
    Account,
    AccountKind,
    Family,
    Leg,
    NewOrder,
    Order,
    Stage,
    order_id,
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
        signature was never looked at; ``detail`` says in words why a request was refused; ``fault``
        names the faults that were played on it, or is empty.
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
    fault: str = ""


@record
class OrderFilter:
    """Which orders to list; a field that is None does not restrict.

    Shapes: an order is listed under its owner and, unless ``owner_only``, its other owner.
    Units: milliseconds since the epoch, both ends inclusive.
    """

    family: Family
    owners: tuple[str, ...]
    accepted_from_ms: int
    accepted_to_ms: int
    type: int | None = None
    status: int | None = None
    coin: str | None = None
    network: str | None = None
    owner_only: bool = False
    newest_first: bool = False


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
        self.run = run
        self.now = now
        self.now_ms = timestamp_ms(now)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the body wrote if it raises, and keep the rest of the transaction."""
        self.run("SAVEPOINT body")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK TO body")
            raise
        finally:
            self.run("RELEASE body")

    def post_opening(self, opening: Mapping[Account, Decimal]) -> None:
        """Create every account and post the opening entry, balanced by the opening accounts."""
        (entry,) = self.run(
            "INSERT INTO entry (at_ms, order_number) VALUES (?, NULL) RETURNING id", (self.now_ms,)
        )
        for account, amount in sorted(opening.items()):
            source = Account(AccountKind.OPENING, "world", account.coin)
            holder = self._account_id(account)
            if amount:
                self._post(entry[0], self._account_id(source), -amount)
                self._post(entry[0], holder, amount)

    def catch_up(self, after_stage: Callable[["Books", Order], None]) -> None:
        """Take every order to the stage it has reached by now, and post those that are settled.

        The result depends on the moments fixed at acceptance and on now alone, so it does not
        matter how often or by which process it is called. A clock that was set back changes
        nothing. ``after_stage`` is called after each stage, in the order of time, and may accept
        further orders.
        """
        while due := self.run(
            f"{_SELECT_ORDER} WHERE next_ms <= ? ORDER BY next_ms, number LIMIT 1", (self.now_ms,)
        ):
            after_stage(self, self._advance(self._order(due[0]), due[0][-1]))

    def _advance(self, order: Order, passed: int) -> Order:
        stage = order.stages[passed]
        later = order.stages[passed + 1 :]
        self.run(
            "UPDATE orders SET status = ?, changed_ms = ?, passed = ?, next_ms = ?"
            " WHERE number = ?",
            (
                *(stage.status, stage.at_ms, passed + 1, later[0].at_ms if later else None),
                order.number,
            ),
        )
        if stage.status == FAILED:
            self._release(order)
        elif stage.status == order.settles_at:
            self._settle(order, stage.at_ms)
        return self.order(order.number)

    def _settle(self, order: Order, at_ms: int) -> None:
        (entry,) = self.run(
            "INSERT INTO entry (at_ms, order_number) VALUES (?, ?) RETURNING id",
            (at_ms, order.number),
        )
        self._release(order)
        self.run("UPDATE orders SET settled = 1 WHERE number = ?", (order.number,))
        for leg in order.legs:
            self._post(entry[0], self._account_id(leg.debit), -leg.amount)
            self._post(entry[0], self._account_id(leg.credit), leg.amount)

    def _release(self, order: Order) -> None:
        self.run("UPDATE leg SET open = 0 WHERE order_number = ?", (order.number,))

    def balance(self, account: Account) -> Balance:
        """Return what an account holds; one that nobody has used yet holds nothing."""
        found = self.run(f"{_SELECT_ACCOUNT} WHERE {_IS_ACCOUNT}", _key(account))
        if not found:
            return Balance(account=account, amount=ZERO, reserved=ZERO)
        ((account_id, balance),) = found
        reserved = self.run("SELECT amount FROM leg WHERE open = 1 AND debit = ?", (account_id,))
        return Balance(
            account=account,
            amount=Decimal(balance),
            reserved=_total(Decimal(row[0]) for row in reserved),
        )

    def balances(self) -> tuple[Balance, ...]:
        """Return every account, sorted by name."""
        rows = self.run("SELECT kind, owner, coin, network FROM account")
        return tuple(self.balance(account) for account in sorted(map(_account, rows)))

    def accept(self, order: NewOrder, *, at_ms: int | None = None) -> Order:
        """Accept an order and reserve what it moves; the caller has checked that it is available.

        Shapes: ``at_ms`` is the moment of acceptance where it is not now.
        """
        accepted_ms = self.now_ms if at_ms is None else at_ms
        (last,) = self.run("SELECT coalesce(max(number), 0) FROM orders")
        number = last[0] + 1
        self.run(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0,"
            " ?)",
            (
                *(number, order_id(accepted_ms, self.now.strftime("%y%m%d"), number)),
                *(order.family.value, order.type, order.entity, order.owner, order.other_owner),
                *(order.request_id, order.key_name, order.coin, order.network),
                *(amount_text(order.amount), stages_text(order.stages), order.settles_at),
                *(json.dumps(dict(order.details)), order.family.accepted_status, 0),
                *(accepted_ms, accepted_ms),
                order.stages[0].at_ms if order.stages else None,
            ),
        )
        for position, leg in enumerate(order.legs):
            self.run(
                "INSERT INTO leg VALUES (?, ?, ?, ?, ?, 1)",
                (
                    *(number, position, self._account_id(leg.debit), self._account_id(leg.credit)),
                    amount_text(leg.amount),
                ),
            )
        return self.order(number)

    def order(self, number: int) -> Order:
        """Return the order of that number, which exists."""
        (row,) = self.run(f"{_SELECT_ORDER} WHERE number = ?", (number,))
        return self._order(row)

    def order_by_id(self, order_id_: str) -> Order | None:
        """Return the order of that id, or None."""
        rows = self.run(f"{_SELECT_ORDER} WHERE id = ?", (order_id_,))
        return self._order(rows[0]) if rows else None

    def orders_by_request_id(self, request_id: str, family: Family) -> tuple[Order, ...]:
        """Return the orders of a family that carry this requestId, oldest first."""
        rows = self.run(
            f"{_SELECT_ORDER} WHERE request_id = ? AND family = ? ORDER BY number",
            (request_id, family.value),
        )
        return tuple(self._order(row) for row in rows)

    def page_of_orders(
        self, wanted: OrderFilter, *, offset: int, limit: int
    ) -> tuple[int, tuple[Order, ...]]:
        """Return how many orders match, and those of one page, oldest first unless asked."""
        marks = ", ".join("?" for _ in wanted.owners)
        owned = f"owner IN ({marks})"
        values: list[object] = [wanted.family.value, *wanted.owners]
        if not wanted.owner_only:
            owned = f"({owned} OR other_owner IN ({marks}))"
            values += wanted.owners
        where = f"WHERE family = ? AND {owned} AND accepted_ms BETWEEN ? AND ?"
        values += [wanted.accepted_from_ms, wanted.accepted_to_ms]
        for column, value in (
            ("type", wanted.type),
            ("status", wanted.status),
            ("coin", wanted.coin),
            ("network", wanted.network),
        ):
            if value is not None:
                where += f" AND {column} = ?"
                values.append(value)
        (count,) = self.run(f"{_COUNT_ORDERS} {where}", values)
        direction = "DESC" if wanted.newest_first else "ASC"
        rows = self.run(
            f"{_SELECT_ORDER} {where} ORDER BY number {direction} LIMIT ? OFFSET ?",
            [*values, limit, offset],
        )
        return count[0], tuple(self._order(row) for row in rows)

    def orders(self) -> tuple[Order, ...]:
        """Return every order, first to last."""
        return tuple(self._order(row) for row in self.run(f"{_SELECT_ORDER} ORDER BY number"))

    def entries(self) -> tuple[Entry, ...]:
        """Return every entry with its postings, first to last."""
        postings: dict[int, list[tuple[Account, Decimal]]] = {}
        for entry_id, amount, *account in self.run(
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
            for row in self.run("SELECT id, at_ms, order_number FROM entry ORDER BY id")
        )

    def log(self, request: LoggedRequest) -> int:
        """Keep one line of the request log and return its number."""
        (row,) = self.run(
            "INSERT INTO request (at_ms, method, path, operation, key_name, signed, code, detail,"
            " request_id, duplicate, order_id, fault) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " RETURNING number",
            (
                *(self.now_ms, request.method, request.path, request.operation, request.key_name),
                *(request.signed, request.code, request.detail, request.request_id),
                *(request.duplicate, request.order_id, request.fault),
            ),
        )
        number: int = row[0]
        return number

    def requests(self) -> tuple[LoggedRequest, ...]:
        """Return every line of the request log, first to last."""
        rows = self.run(
            "SELECT number, at_ms, method, path, operation, key_name, signed, code, detail,"
            " request_id, duplicate, order_id, fault FROM request ORDER BY number"
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
                fault=row[12],
            )
            for row in rows
        )

    def _order(self, row: Row) -> Order:
        legs = self.run(
            "SELECT d.kind, d.owner, d.coin, d.network, c.kind, c.owner, c.coin, c.network,"
            " l.amount FROM leg l JOIN account d ON d.id = l.debit JOIN account c"
            " ON c.id = l.credit WHERE l.order_number = ? ORDER BY l.position",
            (row[0],),
        )
        return Order(
            number=row[0],
            id=row[1],
            family=Family(row[2]),
            type=row[3],
            entity=row[4],
            owner=row[5],
            other_owner=row[6],
            request_id=row[7],
            key_name=row[8],
            coin=row[9],
            network=row[10],
            amount=Decimal(row[11]),
            legs=tuple(
                Leg(debit=_account(leg[:4]), credit=_account(leg[4:8]), amount=Decimal(leg[8]))
                for leg in legs
            ),
            stages=stages_from_text(row[12]),
            settles_at=row[13],
            details=_details(row[14]),
            status=row[15],
            settled=bool(row[16]),
            accepted_ms=row[17],
            changed_ms=row[18],
        )

    def _account_id(self, account: Account) -> int:
        # An account is made by the first that names it.
        self.run(
            "INSERT OR IGNORE INTO account (kind, owner, coin, network, balance)"
            " VALUES (?, ?, ?, ?, '0')",
            _key(account),
        )
        ((account_id, _),) = self.run(f"{_SELECT_ACCOUNT} WHERE {_IS_ACCOUNT}", _key(account))
        result: int = account_id
        return result

    def _post(self, entry_id: int, account_id: int, amount: Decimal) -> None:
        ((kind, text),) = self.run("SELECT kind, balance FROM account WHERE id = ?", (account_id,))
        balance = CONTEXT.add(Decimal(text), amount)
        assert balance >= 0 or AccountKind(kind).may_be_negative, "an account would go below zero"
        self.run("UPDATE account SET balance = ? WHERE id = ?", (amount_text(balance), account_id))
        self.run(
            "INSERT INTO posting VALUES (?, ?, ?)", (entry_id, account_id, amount_text(amount))
        )


def stages_from_text(text: str) -> tuple[Stage, ...]:
    """Read the stages of an order or of a whitelisted address from its row."""
    return tuple(Stage(at_ms=at_ms, status=status) for at_ms, status in json.loads(text))


def stages_text(stages: Sequence[Stage]) -> str:
    """Write the stages of an order or of a whitelisted address for its row."""
    return json.dumps([[stage.at_ms, stage.status] for stage in stages])


def _details(text: str) -> dict[str, JsonValue]:
    details: dict[str, JsonValue] = json.loads(text)
    return details


_SELECT_ACCOUNT = "SELECT id, balance FROM account"
_COUNT_ORDERS = "SELECT count(*) FROM orders"
_IS_ACCOUNT = "kind = ? AND owner = ? AND coin = ? AND network = ?"
_SELECT_ORDER = (
    "SELECT number, id, family, type, entity, owner, other_owner, request_id, key_name, coin,"
    " network, amount, stages, settles_at, details, status, settled, accepted_ms, changed_ms,"
    " passed FROM orders"
)


def _account(row: Sequence[Any]) -> Account:
    kind, owner, coin, network = row
    return Account(AccountKind(kind), owner, coin, network)


def _key(account: Account) -> tuple[str, str, str, str]:
    return (account.kind.value, account.owner, account.coin, account.network)


def _total(amounts: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for amount in amounts:
        total = CONTEXT.add(total, amount)
    return total
