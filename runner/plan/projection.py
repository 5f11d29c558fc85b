"""The projected ledger: what the planned effects would do to the balances the reads showed.

Double entry: every movement takes an amount of one coin from one account and puts it into another,
so the sum over all accounts never changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from runner.catalogue.manifest import BalanceField, Manifest, account_name
from runner.core.money import CONTEXT, ZERO, Money
from runner.core.record import record
from runner.core.types import MONEY, ListOf, MapOf, Record, Type
from runner.core.values import Unknown, Value
from runner.effects.draft import EffectDraft


@record
class PlannedMovement:
    """One effect's movement; ``decided`` is False when only the run knows whether it happens."""

    path: str
    money: Money
    debit: str
    credit: str
    decided: bool


@record
class Touched:
    """One effect's coin, and the projected accounts it takes from and gives to."""

    coin: str
    accounts: tuple[str, str]


@record
class BalanceLine:
    """One account and coin that effects touch.

    Shapes: ``before`` is None where no read showed the account; ``after`` is None where it cannot
        be known: the balance before is not, or an undecided effect stands in between.
    """

    account: str
    coin: str
    before: Decimal | None
    after: Decimal | None
    change: Decimal


@record
class Shortage:
    """An effect that would take more than its account holds at that point."""

    path: str
    account: str
    money: Money
    available: Decimal
    decided: bool


@dataclass(slots=True)
class ProjectedLedger:
    """Opening balances from reads, and the movements planned so far, in order.

    Shapes: ``changes`` is what the movements add up to, by account and coin, None behind an
        undecided one; it is kept as they come, so that a long plan takes linear time.
    """

    seeds: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    complete: set[str] = field(default_factory=set)
    movements: list[PlannedMovement] = field(default_factory=list)
    changes: dict[tuple[str, str], Decimal | None] = field(default_factory=dict)

    def move(self, path: str, draft: EffectDraft, *, decided: bool) -> None:
        """Add an effect's movement; one that moves no money adds none."""
        money = draft.money
        if money is None:
            return
        debit, credit = accounts_of(draft)
        self.movements.append(
            PlannedMovement(path=path, money=money, debit=debit, credit=credit, decided=decided)
        )
        for account, signed in ((debit, CONTEXT.minus(money.amount)), (credit, money.amount)):
            before = self.change(account, money.coin)
            known = decided and before is not None
            self.changes[account, money.coin] = (
                CONTEXT.add(before or ZERO, signed) if known else None
            )

    def seed(
        self, manifest: Manifest, parts: Mapping[str, str], value: Mapping[str, Value]
    ) -> None:
        """Take opening balances from a read; the first sight of an account counts.

        A complete read also opens the accounts it would have listed and does not, with zero.
        """
        for balance in manifest.balances:
            if not balance.seeds:
                continue
            for row in _rows(value, balance.rows):
                money = row[balance.field]
                if isinstance(money, Money):
                    key = (_account(balance, parts, row), money.coin)
                    self.seeds.setdefault(key, money.amount)
            if value.get("complete") is True and not parts.get("coin"):
                network = parts.get("network") or "*"
                self.complete.add(account_name(balance.account, {**parts, "network": network}))

    def overlay(
        self, manifest: Manifest, parts: Mapping[str, str], value: Mapping[str, Value]
    ) -> Mapping[str, Value]:
        """Return what a read would show after the movements planned so far.

        Balances become "read + projected change"; they are unknown behind an undecided effect, as
        are the fields the manifest calls volatile behind any effect.
        """
        if not self.movements:
            return value
        result = dict(value)
        for balance in manifest.balances:
            rows = [self._row(balance, parts, row) for row in _rows(result, balance.rows)]
            result[balance.rows] = tuple(rows)
            if balance.summed:
                result[balance.summed] = self._summed(balance, parts, value)
        for path in manifest.volatile:
            _forget(result, path, manifest.result)
        return result

    def lines(self) -> tuple[BalanceLine, ...]:
        """Return every account and coin that the effects touch, sorted."""
        return tuple(self._line(account, coin) for account, coin in sorted(self.changes))

    def shortages(self) -> tuple[Shortage, ...]:
        """Return the effects that would overdraw an account whose opening is known, in order."""
        found = []
        running = {key: self.opening(*key) for key in self.changes}
        for movement in self.movements:
            debit, credit = (
                (movement.debit, movement.money.coin),
                (movement.credit, movement.money.coin),
            )
            held = running[debit]
            if held is not None:
                if held < movement.money.amount:
                    found.append(
                        Shortage(
                            path=movement.path,
                            account=movement.debit,
                            money=movement.money,
                            available=held,
                            decided=movement.decided,
                        )
                    )
                running[debit] = CONTEXT.subtract(held, movement.money.amount)
            arrived = running[credit]
            if arrived is not None and movement.decided:
                running[credit] = CONTEXT.add(arrived, movement.money.amount)
        return tuple(found)

    def opening(self, account: str, coin: str) -> Decimal | None:
        """Return an account's opening balance, or None where no read showed it."""
        seed = self.seeds.get((account, coin))
        if seed is not None:
            return seed
        if (account.rpartition(":")[0], coin) in self.seeds:
            # The read shows the coin without a network: what lies on this one is not known.
            return None
        general = {account, account_pattern(account), f"{account}:*"}
        return ZERO if general & self.complete else None

    def change(self, account: str, coin: str) -> Decimal | None:
        """Return what the movements so far do to an account; None behind an undecided one."""
        return self.changes.get((account, coin), ZERO)

    def _line(self, account: str, coin: str) -> BalanceLine:
        before, change = self.opening(account, coin), self.change(account, coin)
        unknown = before is None or change is None
        return BalanceLine(
            account=account,
            coin=coin,
            before=before,
            after=None if unknown else CONTEXT.add(before or ZERO, change or ZERO),
            change=change if change is not None else ZERO,
        )

    def _row(
        self, balance: BalanceField, parts: Mapping[str, str], row: Mapping[str, Value]
    ) -> Mapping[str, Value]:
        money = row[balance.field]
        if not isinstance(money, Money):
            return row
        change = self.change(_account(balance, parts, row), money.coin)
        if change is None:
            return {**row, balance.field: Unknown(MONEY)}
        return {**row, balance.field: Money(CONTEXT.add(money.amount, change), money.coin)}

    def _summed(
        self, balance: BalanceField, parts: Mapping[str, str], value: Mapping[str, Value]
    ) -> Mapping[str, Value]:
        shown = value[balance.summed]
        assert isinstance(shown, Mapping)
        result = dict(shown)
        shown_coin = parts.get("coin")
        for account, coin in self.changes:
            if shown_coin not in {"", None, coin} or not _belongs(account, balance, parts):
                continue
            if coin not in result and value.get("complete") is not True:
                # The run could not tell either.
                continue
            before, change = result.get(coin, Money(ZERO, coin)), self.change(account, coin)
            if change is None or not isinstance(before, Money):
                result[coin] = Unknown(MONEY)
            else:
                result[coin] = Money(CONTEXT.add(before.amount, change), coin)
        return result


def accounts_of(draft: EffectDraft) -> tuple[str, str]:
    """Return the accounts an effect takes from and gives to; empty where it moves nothing."""
    movement = draft.manifest.movement
    if movement is None:
        return "", ""
    return account_name(movement.debit, draft.parts), account_name(movement.credit, draft.parts)


def account_pattern(account: str) -> str:
    """Return the account with its last section, the network, replaced by a star."""
    return f"{account.rpartition(':')[0]}:*"


def _account(balance: BalanceField, parts: Mapping[str, str], row: Mapping[str, Value]) -> str:
    return account_name(balance.account, {**parts, "network": str(row.get("network", ""))})


def _belongs(account: str, balance: BalanceField, parts: Mapping[str, str]) -> bool:
    bare = account_name(balance.account, {**parts, "network": ""})
    if parts.get("network"):
        return account == account_name(balance.account, parts)
    return account == bare or account_pattern(account) == f"{bare}:*"


def _rows(value: Mapping[str, Value], name: str) -> tuple[Mapping[str, Value], ...]:
    rows = value[name]
    assert isinstance(rows, tuple)
    return tuple(row for row in rows if isinstance(row, Mapping))


def _forget(result: dict[str, Value], path: str, record: Record) -> None:
    head, _, tail = path.partition(".")
    described = record.field(head)
    assert described is not None, f"{record.name} has no field {head}"
    if not tail:
        if head in result:
            result[head] = Unknown(described.type)
        return
    item = _item(described.type)
    described_tail = item.field(tail)
    assert described_tail is not None, f"{item.name} has no field {tail}"
    rows = _rows(result, head)
    result[head] = tuple({**row, tail: Unknown(described_tail.type)} for row in rows)


def _item(type_: Type) -> Record:
    assert isinstance(type_, ListOf) and not isinstance(type_.item, ListOf | MapOf)  # noqa: PT018
    assert isinstance(type_.item, Record)
    return type_.item
