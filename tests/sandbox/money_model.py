"""What should have become of the money: a second opinion on the ledger, a few lines and no SQL.

Accounts are named by text, as the ledger prints them. Money is held, or promised to an order that
is not settled yet; what is promised is not available. Orders are settled, or fail, at a moment
fixed when they are accepted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

UNLIMITED = ("opening/", "outside/")
"""What may go below zero."""
ZERO = Decimal(0)


@dataclass(frozen=True)
class Move:
    """An amount that leaves one account for another."""

    debit: str
    credit: str
    amount: Decimal


@dataclass(frozen=True)
class Promise:
    """An order that is not settled; a moment that never comes is None.

    Once settled, ``then_sweeps`` is promised, for another ``sweep_lasts_ms``.
    """

    moves: tuple[Move, ...]
    settles_ms: int | None = None
    fails_ms: int | None = None
    then_sweeps: Move | None = None
    sweep_lasts_ms: int = 0

    @property
    def ends_ms(self) -> int | None:
        return self.fails_ms if self.settles_ms is None else self.settles_ms


class MoneyModel:
    """All accounts of one world, and everything that is promised."""

    def __init__(self, opening: Mapping[str, Decimal]) -> None:
        self._held = dict(opening)
        self._promises: list[Promise] = []
        self.order_count = 0

    def held(self, account: str) -> Decimal:
        return self._held.get(account, ZERO)

    def promised(self, account: str) -> Decimal:
        moves = [move for promise in self._promises for move in promise.moves]
        return sum((move.amount for move in moves if move.debit == account), ZERO)

    def can_pay(self, moves: Iterable[Move]) -> bool:
        wanted: dict[str, Decimal] = {}
        for move in moves:
            wanted[move.debit] = wanted.get(move.debit, ZERO) + move.amount
        return all(
            account.startswith(UNLIMITED) or self.held(account) - self.promised(account) >= amount
            for account, amount in wanted.items()
        )

    def accept(self, promise: Promise) -> None:
        self._promises.append(promise)
        self.order_count += 1

    def pass_time(self, now_ms: int) -> None:
        """Settle and fail what is due, in the order of time and of acceptance."""
        while due := [p for p in self._promises if p.ends_ms is not None and p.ends_ms <= now_ms]:
            first = min(due, key=lambda promise: promise.ends_ms or 0)
            self._promises.remove(first)
            if first.settles_ms is not None:
                self._settle(first, first.settles_ms)

    def _settle(self, promise: Promise, settles_ms: int) -> None:
        for move in promise.moves:
            self._held[move.debit] = self.held(move.debit) - move.amount
            self._held[move.credit] = self.held(move.credit) + move.amount
        if promise.then_sweeps is not None:
            swept_ms = settles_ms + promise.sweep_lasts_ms
            self.accept(Promise((promise.then_sweeps,), settles_ms=swept_ms))
