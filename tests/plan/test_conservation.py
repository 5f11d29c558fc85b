"""The projected ledger against a model that adds everything up anew for every question.

Random movements with fees in the same coin, another one, none, or one that nobody knows; decided or
not. The model is a list of postings and a few loops; it shares no code with the ledger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.catalogue.load import load_api
from runner.catalogue.manifests import MANIFESTS
from runner.core.money import Money
from runner.effects.draft import EffectDraft, Outgoing
from runner.effects.model import Expectation
from runner.plan.fee import FEES, FeeBasis, PlannedFee, unknown_fee
from runner.plan.projection import ProjectedLedger

API = load_api()
WALLETS = ("a", "b")
COINS = ("USDT", "ETH")
OPENING = Decimal(100)


@dataclass(frozen=True)
class Move:
    """One withdrawal between wallets, or out of one, with its fee.

    Shapes: ``fee`` is the amount and coin, None for a fee nobody knows; an amount of 0 is no fee.
    """

    source: str
    target: str
    coin: str
    amount: Decimal
    fee: tuple[Decimal, str] | None
    decided: bool

    @property
    def postings(self) -> list[tuple[str, str, Decimal]]:
        """Return account, coin and signed amount of everything that is known to move."""
        found = [
            (f"custody:{self.source}", self.coin, -self.amount),
            (f"custody:{self.target}", self.coin, self.amount),
        ]
        if self.fee is not None and self.fee[0]:
            amount, coin = self.fee
            found += [(f"custody:{self.source}", coin, -amount), (FEES, coin, amount)]
        return found


AMOUNTS = st.integers(1, 120_000).map(lambda n: Decimal(n) / 1000)
MOVES = st.builds(
    Move,
    source=st.sampled_from(WALLETS),
    target=st.sampled_from((*WALLETS, "out")),
    coin=st.sampled_from(COINS),
    amount=AMOUNTS,
    fee=st.one_of(
        st.none(), st.tuples(st.one_of(st.just(Decimal(0)), AMOUNTS), st.sampled_from(COINS))
    ),
    decided=st.booleans(),
).filter(lambda move: move.source != move.target)


def _ledger(moves: Sequence[Move]) -> ProjectedLedger:
    ledger = ProjectedLedger()
    for wallet in WALLETS:
        for coin in COINS:
            ledger.seeds[f"custody:{wallet}", coin] = OPENING
    for index, move in enumerate(moves):
        ledger.move(str(index), _draft(move), decided=move.decided, fee=_fee(move))
    return ledger


def _draft(move: Move) -> EffectDraft:
    manifest = MANIFESTS["withdrawal.create"]
    return EffectDraft(
        manifest=manifest,
        operation=API.operations[manifest.operation],
        fields={},
        expectation=Expectation(
            subject_id="1", kind="withdrawal", coin=move.coin, amount=move.amount
        ),
        parts={
            "from": move.source,
            "from_network": "",
            "arrives_in": f"custody:{move.target}",
            "coin": move.coin,
        },
        outgoing=Outgoing(
            wallet=move.source,
            wallet_type="prime",
            coin=move.coin,
            network="ETH",
            amount=move.amount,
            pooled=True,
        ),
    )


def _fee(move: Move) -> PlannedFee:
    if move.fee is None:
        return unknown_fee("withdrawal.fee", "refused")
    amount, coin = move.fee
    basis = FeeBasis.ESTIMATE if amount else FeeBasis.NONE
    return PlannedFee(
        basis=basis.value,
        amount=amount,
        coin=coin,
        debit=f"custody:{move.source}" if amount else "",
        credit=FEES if amount else "",
        estimate=None,
        source="withdrawal.fee",
    )


@given(st.lists(MOVES, max_size=10))
def test_nothing_comes_out_of_nothing(moves: list[Move]) -> None:
    ledger = _ledger(moves)

    ledger.check_conserved()
    for coin in COINS:
        assert sum(total for (_, of), total in ledger.sums.items() if of == coin) == 0
        changes = [line.change for line in ledger.lines() if line.coin == coin]
        if None not in changes:
            assert sum(change for change in changes if change is not None) == 0


def test_ledger_that_does_not_add_up_is_no_plan() -> None:
    ledger = _ledger([Move("a", "out", "USDT", Decimal(5), (Decimal(1), "ETH"), decided=True)])
    ledger.sums[FEES, "ETH"] += 1

    with pytest.raises(AssertionError, match="does not add up in ETH"):
        ledger.check_conserved()


@given(st.lists(MOVES, max_size=10))
def test_every_line_is_what_the_movements_come_to_or_is_not_known(moves: list[Move]) -> None:
    lines = {(line.account, line.coin): line for line in _ledger(moves).lines()}

    touched = {(account, coin) for move in moves for account, coin, _ in move.postings}
    assert lines.keys() == touched
    for account, coin in touched:
        of = [m for m in moves if any(p[:2] == (account, coin) for p in m.postings)]
        fogged = any(m.fee is None and account == f"custody:{m.source}" for m in moves)
        line = lines[account, coin]
        if fogged or not all(m.decided for m in of):
            assert (line.change, line.after) == (None, None)
            continue
        change = sum((p[2] for m in of for p in m.postings if p[:2] == (account, coin)), Decimal(0))
        assert line.change == change
        is_known = account.removeprefix("custody:") in WALLETS
        assert line.after == (OPENING + change if is_known else None)


@given(st.lists(MOVES, max_size=10))
def test_shortages_are_those_of_the_model(moves: list[Move]) -> None:
    found = {(s.path, s.account, s.money or s.fee): s.decided for s in _ledger(moves).shortages()}

    expected: dict[tuple[str, str, Money | None], bool] = {}
    for index, move in enumerate(moves):
        account = f"custody:{move.source}"
        for coin in dict.fromkeys(coin for name, coin, _ in move.postings if name == account):
            needed = -sum((p[2] for p in move.postings if p[:2] == (account, coin)), Decimal(0))
            certain = _held(moves[:index], account, coin, count_undecided=False)
            at_worst = _held(moves[:index], account, coin, count_undecided=True)
            paid = move.amount if coin == move.coin else needed
            key = str(index), account, Money(paid, coin)
            if move.decided and certain < needed:
                expected[key] = True
            elif at_worst < needed:
                expected[key] = False
    assert found == expected


def _held(before: Sequence[Move], account: str, coin: str, *, count_undecided: bool) -> Decimal:
    held = OPENING
    for move in before:
        for name, of, signed in move.postings:
            if (name, of) == (account, coin) and (move.decided or (count_undecided and signed < 0)):
                held += signed
    return held
