"""The queue of webhook notifications, in the ledger.

A notification is queued in the transaction of what it tells of. Whoever delivers it takes it first,
which already fixes when it is tried again: a process that ends while it sends leaves nothing stuck,
and two that serve one ledger do not both send it, as long as one sends faster than the first delay.

Source: operations.yaml, webhooks, delivery.
"""

from runner.core.record import record
from runner.sandbox.books import Books, Row
from runner.sandbox.orders import Order

RETRY_DELAYS_S = (30, 120, 480, 1920, 7680)
"""Seconds from each failed attempt to the next; after the last of them there is none."""
FAILURES_MAX = 500
"""An endpoint that has failed as often in one day, counted in UTC, is suspended."""
WAITING = "waiting"
DELIVERED = "delivered"
FAILED = "failed"

_DAY_MS = 24 * 60 * 60 * 1000


@record
class Delivery:
    """One notification to one endpoint.

    Shapes: ``webhook`` is the endpoint's id; ``body`` is what will be signed; ``tries`` counts the
        attempts so far; ``state`` is ``waiting``, ``delivered`` or ``failed``; ``next_ms`` is when
        it is tried next, None where it is not.
    Units: milliseconds since the epoch.
    """

    number: int
    webhook: str
    event: int
    order_number: int
    body: str
    tries: int
    state: str
    created_ms: int
    next_ms: int | None


@record
class Deliveries:
    """The notifications of one ledger, within one transaction."""

    books: Books

    def add(self, webhook: str, event: int, order: Order, body: str) -> None:
        """Queue a notification about the stage an order has just reached."""
        self.books.run(
            "INSERT INTO delivery (webhook, event, order_number, body, tries, state, created_ms,"
            " next_ms) VALUES (?, ?, ?, ?, 0, ?, ?, ?)",
            (webhook, event, order.number, body, WAITING, order.changed_ms, order.changed_ms),
        )

    def take(self) -> Delivery | None:
        """Take the notification that is due first, as one more attempt; None when none is due.

        One whose last attempt was never heard of, or whose endpoint is suspended, fails here.
        """
        while rows := self.books.run(
            f"{_SELECT} WHERE state = ? AND next_ms <= ? ORDER BY next_ms, number LIMIT 1",
            (WAITING, self.books.now_ms),
        ):
            due = _delivery(rows[0])
            if due.tries > len(RETRY_DELAYS_S) or self.is_suspended(due.webhook):
                self._put(due.number, FAILED, None)
                continue
            delay_s = RETRY_DELAYS_S[min(due.tries, len(RETRY_DELAYS_S) - 1)]
            self.books.run(
                "UPDATE delivery SET tries = tries + 1, next_ms = ? WHERE number = ?",
                (self.books.now_ms + delay_s * 1000, due.number),
            )
            return self._one(due.number)
        return None

    def keep_outcome(self, delivery: Delivery, *, delivered: bool) -> None:
        """Keep what became of an attempt; the last one that fails ends the delivery."""
        if delivered:
            self._put(delivery.number, DELIVERED, None)
            return
        if delivery.tries > len(RETRY_DELAYS_S):
            self._put(delivery.number, FAILED, None)
        self._count_failure(delivery.webhook)

    def send_again(self, webhook: str, event: int, since_ms: int) -> None:
        """Queue anew what has failed of one kind of event since a moment, inclusive."""
        self.books.run(
            "UPDATE delivery SET state = ?, tries = 0, next_ms = ?"
            " WHERE webhook = ? AND event = ? AND state = ? AND created_ms >= ?",
            (WAITING, self.books.now_ms, webhook, event, FAILED, since_ms),
        )

    def is_suspended(self, webhook: str) -> bool:
        """Tell whether an endpoint gets nothing until somebody enables it again."""
        rows = self.books.run("SELECT suspended FROM endpoint WHERE webhook = ?", (webhook,))
        return bool(rows and rows[0][0])

    def enable(self, webhook: str) -> None:
        """Enable an endpoint as a person does in the portal; what failed meanwhile has failed."""
        self.books.run("DELETE FROM endpoint WHERE webhook = ?", (webhook,))

    def next_ms(self) -> int | None:
        """Return when there is something to do next: a notification is due, or an order moves on.

        None when nothing is under way.
        """
        ((due_ms,),) = self.books.run(
            "SELECT min(at_ms) FROM (SELECT min(next_ms) AS at_ms FROM delivery WHERE state = ?"
            " UNION ALL SELECT min(next_ms) FROM orders)",
            (WAITING,),
        )
        result: int | None = due_ms
        return result

    def every(self) -> tuple[Delivery, ...]:
        """Return every notification, first to last."""
        return tuple(map(_delivery, self.books.run(f"{_SELECT} ORDER BY number")))

    def _one(self, number: int) -> Delivery:
        (row,) = self.books.run(f"{_SELECT} WHERE number = ?", (number,))
        return _delivery(row)

    def _put(self, number: int, state: str, next_ms: int | None) -> None:
        self.books.run(
            "UPDATE delivery SET state = ?, next_ms = ? WHERE number = ?", (state, next_ms, number)
        )

    def _count_failure(self, webhook: str) -> None:
        day = self.books.now_ms // _DAY_MS
        self.books.run(
            "INSERT INTO endpoint VALUES (?, ?, 1, 0) ON CONFLICT (webhook) DO UPDATE SET"
            " failures = CASE WHEN day = excluded.day THEN failures + 1 ELSE 1 END,"
            " day = excluded.day",
            (webhook, day),
        )
        self.books.run(
            "UPDATE endpoint SET suspended = 1 WHERE webhook = ? AND failures >= ?",
            (webhook, FAILURES_MAX),
        )


_SELECT = (
    "SELECT number, webhook, event, order_number, body, tries, state, created_ms, next_ms"
    " FROM delivery"
)


def _delivery(row: Row) -> Delivery:
    return Delivery(
        number=row[0],
        webhook=row[1],
        event=row[2],
        order_number=row[3],
        body=row[4],
        tries=row[5],
        state=row[6],
        created_ms=row[7],
        next_ms=row[8],
    )
