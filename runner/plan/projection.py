"""The projected ledger: what the planned effects would do to the balances the reads showed.

Double entry: every movement takes an amount of one coin from one account and puts it into another,
fees included, so the sum over all accounts never changes.
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
from runner.plan.fee import FeeBasis, PlannedFee


@record
class Leg:
    """One amount that leaves one account for another."""

    money: Money
    debit: str
    credit: str


@record
class PlannedMovement:
    """What one effect moves.

    Shapes: ``fee`` is None where nothing is taken on top, or nobody knows how much or from where;
        ``decided`` is False when only the run knows whether it happens.
    """

    path: str
    amount: Leg
    fee: Leg | None
    decided: bool

    @property
    def legs(self) -> tuple[Leg, ...]:
        """Return what is moved, the amount first."""
        return (self.amount,) if self.fee is None else (self.amount, self.fee)


@record
class Touched:
    """One effect's coin, and the projected accounts it takes from and gives to."""

    coin: str
    accounts: tuple[str, str]


@record
class BalanceLine:
    """One account and coin that effects touch.

    Shapes: ``before`` is None where no read showed the account; ``change`` is None where an
        undecided effect or a fee that is not known stands in between; ``after`` is None where
        either is.
    """

    account: str
    coin: str
    before: Decimal | None
    after: Decimal | None
    change: Decimal | None


@record
class Shortage:
    """An effect that would take more than its account holds at that point.

    Shapes: ``money`` is its amount, where this account pays it, and ``fee`` its fee, likewise;
        ``decided`` is False where only an undecided effect, this one or one before it, causes it.
    """

    path: str
    account: str
    money: Money | None
    fee: Money | None
    available: Decimal
    decided: bool


@dataclass(slots=True)
class ProjectedLedger:
    """Opening balances from reads, and the movements planned so far, in order.

    Shapes: ``changes`` is what the movements add up to, by account and coin, None behind an
        undecided one; it is kept as they come, so that a long plan takes linear time. ``sums`` is
        the same with every undecided one counted: over all accounts of a coin it is zero.
        ``clouded`` holds the accounts, by wallet and coin, out of which a fee comes that nobody
        knows; a coin left empty stands for all of them.
    """

    seeds: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    complete: set[str] = field(default_factory=set)
    movements: list[PlannedMovement] = field(default_factory=list)
    changes: dict[tuple[str, str], Decimal | None] = field(default_factory=dict)
    sums: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    clouded: set[tuple[str, str]] = field(default_factory=set)

    def move(
        self, path: str, draft: EffectDraft, *, decided: bool, fee: PlannedFee | None = None
    ) -> None:
        """Add an effect's movement and its fee's; one that moves no money adds none."""
        money = draft.money
        if money is None:
            return
        debit, credit = accounts_of(draft)
        movement = PlannedMovement(
            path=path,
            amount=Leg(money=money, debit=debit, credit=credit),
            fee=fee_leg(fee),
            decided=decided,
        )
        self.movements.append(movement)
        for leg in movement.legs:
            minus = CONTEXT.minus(leg.money.amount)
            for account, signed in ((leg.debit, minus), (leg.credit, leg.money.amount)):
                self._add(account, leg.money.coin, signed, decided=decided)
        if fee is not None and not fee.debit and fee.basis != FeeBasis.NONE:
            assert draft.outgoing is not None, "only what leaves a wallet has a fee"
            self.clouded.add((f"custody:{draft.outgoing.wallet}", fee.coin))

    def _add(self, account: str, coin: str, signed: Decimal, *, decided: bool) -> None:
        key = account, coin
        self.sums[key] = CONTEXT.add(self.sums.get(key, ZERO), signed)
        before = self.changes.get(key, ZERO)
        known = decided and before is not None
        self.changes[key] = CONTEXT.add(before or ZERO, signed) if known else None

    def check_conserved(self) -> None:
        """Insist that no coin has come out of nothing, or gone there."""
        totals: dict[str, Decimal] = {}
        for (_, coin), change in self.sums.items():
            totals[coin] = CONTEXT.add(totals.get(coin, ZERO), change)
        odd = sorted(coin for coin, total in totals.items() if total)
        assert not odd, f"the projected ledger does not add up in {', '.join(odd)}"

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
        """Return the effects that would overdraw an account whose opening is known, in order.

        What an undecided effect brings is never counted on; what one takes is counted for a
        warning, and not against decided effects.
        """
        sure = {key: self.opening(*key) for key in self.sums}
        wary = dict(sure)
        found = []
        for movement in self.movements:
            payers = dict.fromkeys((leg.debit, leg.money.coin) for leg in movement.legs)
            for account, coin in payers:
                short = _shortage(movement, account, coin, sure, wary)
                if short is not None:
                    found.append(short)
            for leg in movement.legs:
                _pay(wary, leg, arrives=movement.decided)
                if movement.decided:
                    _pay(sure, leg, arrives=True)
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
        """Return what the movements so far do to an account; None where that is not known."""
        return None if self._is_clouded(account, coin) else self.changes.get((account, coin), ZERO)

    def _is_clouded(self, account: str, coin: str) -> bool:
        if not self.clouded:
            return False
        wallets = account, account.rpartition(":")[0]
        return any((wallet, each) in self.clouded for wallet in wallets for each in (coin, ""))

    def _line(self, account: str, coin: str) -> BalanceLine:
        before, change = self.opening(account, coin), self.change(account, coin)
        unknown = before is None or change is None
        return BalanceLine(
            account=account,
            coin=coin,
            before=before,
            after=None if unknown else CONTEXT.add(before or ZERO, change or ZERO),
            change=change,
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
        bare = account_name(balance.account, {**parts, "network": parts.get("network") or ""})
        for coin in result:
            if self._is_clouded(bare, coin):
                result[coin] = Unknown(MONEY)
        return result


def fee_leg(fee: PlannedFee | None) -> Leg | None:
    """Return what a fee moves, where that is known and more than nothing."""
    if fee is None or fee.money is None or not fee.debit:
        return None
    return Leg(money=fee.money, debit=fee.debit, credit=fee.credit)


def _shortage(
    movement: PlannedMovement,
    account: str,
    coin: str,
    sure: Mapping[tuple[str, str], Decimal | None],
    wary: Mapping[tuple[str, str], Decimal | None],
) -> Shortage | None:
    amount, fee = (
        leg.money if leg is not None and (leg.debit, leg.money.coin) == (account, coin) else None
        for leg in (movement.amount, movement.fee)
    )
    needed = CONTEXT.add(
        ZERO if amount is None else amount.amount, ZERO if fee is None else fee.amount
    )
    held, at_worst = sure[account, coin], wary[account, coin]
    if held is None or at_worst is None:
        return None
    certain = movement.decided and held < needed
    if not certain and at_worst >= needed:
        return None
    return Shortage(
        path=movement.path,
        account=account,
        money=amount,
        fee=fee,
        available=held if certain else at_worst,
        decided=certain,
    )


def _pay(held: dict[tuple[str, str], Decimal | None], leg: Leg, *, arrives: bool) -> None:
    coin, amount = leg.money.coin, leg.money.amount
    paid, given = held[leg.debit, coin], held[leg.credit, coin]
    if paid is not None:
        held[leg.debit, coin] = CONTEXT.subtract(paid, amount)
    if given is not None and arrives:
        held[leg.credit, coin] = CONTEXT.add(given, amount)


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
