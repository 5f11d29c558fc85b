"""Whatever two owners of runs do in whatever order, together they do not pass a limit."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from runner.core.errors import PolicyDenied
from runner.effects.model import EffectOrder, EffectState
from runner.effects.ports import Change
from runner.journal.journal import Journal
from tests.journal.conftest import START
from tests.journal.spending_child import Limit
from tests.journal.test_spending import Attempts, Orders, Runs, amount

LIMIT_MAX = 900
APART = timedelta(days=10)
"""Between two examples in one journal: more than any window."""

MOVES = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["intend", "intend", "send", "reject", "cancel"]),
        st.integers(1, 400),
        st.integers(0, 8 * 3600),
    ),
    min_size=1,
    max_size=14,
)
"""Who, what, how much of it, and how many seconds later than what came before."""


@dataclass
class _Spent:
    """What one effect has spent, by the test's own account."""

    order: EffectOrder
    owner: int
    amount: Decimal
    at: datetime
    state: EffectState = EffectState.INTENT

    @property
    def counts(self) -> bool:
        return self.state not in {EffectState.REJECTED, EffectState.CANCELLED}


@dataclass
class _Both:
    """Two connections to one journal under one limit, and the account of what they spend."""

    journals: tuple[Journal, Journal]
    limit: int
    window: timedelta
    make_attempt: Attempts
    spent: list[_Spent] = field(default_factory=list)

    def policy(self) -> Limit:
        hours = self.window // timedelta(hours=1)
        return Limit(at_most=f"{self.limit} USDT", window=f"{hours}h")

    def sum_at(self, at: datetime) -> Decimal:
        return sum(
            (s.amount for s in self.spent if s.counts and s.at > at - self.window), Decimal(0)
        )

    async def intend(self, owner: int, order: EffectOrder, at: datetime) -> None:
        assert order.expectation.amount is not None
        size = order.expectation.amount
        store = self.journals[owner].held_to(self.policy())
        fits = self.sum_at(at) + size <= self.limit
        try:
            await store.insert_intent(order, known_order_ids=(), at=at)
        except PolicyDenied:
            assert not fits, "what fits must not be denied"
            return
        assert fits, "the limit was passed by an intent"
        self.spent.append(_Spent(order=order, owner=owner, amount=size, at=at))

    async def send(self, each: _Spent, at: datetime) -> None:
        """Send what was intended; by now others may have spent what was left."""
        store = self.journals[each.owner].held_to(self.policy())
        others = self.sum_at(at) - (each.amount if each.at > at - self.window else 0)
        fits = others + each.amount <= self.limit
        try:
            await store.begin_attempt(each.order, replace(self.make_attempt(), started_at=at))
        except PolicyDenied:
            assert not fits, "what fits must not be denied"
            return
        assert fits, "the limit was passed by a send"
        each.at, each.state = at, EffectState.SENDING

    async def end(self, each: _Spent, state: EffectState, at: datetime) -> None:
        change = Change(expected=each.state, state=state, at=at)
        store = self.journals[each.owner].held_to(self.policy())
        if state is EffectState.REJECTED:
            await store.record_answer(each.order, 1, {}, proven_not_executed=True, change=change)
        else:
            await store.change_effect(each.order, change)
        each.state = state

    def one(self, owner: int, state: EffectState) -> _Spent | None:
        return next((s for s in self.spent if s.owner == owner and s.state is state), None)


def test_two_owners_never_pass_a_limit_of_a_window(
    journal: Journal,
    second: Journal,
    make_run: Runs,
    make_order: Orders,
    make_attempt: Attempts,
) -> None:
    both, examples = (journal, second), iter(range(10_000))

    async def play(limit: int, hours: int, moves: list[tuple[int, str, int, int]]) -> None:
        number = next(examples)
        now = START + APART * number
        for owner in (0, 1):
            run_id = f"R-{number}-{owner}"
            await both[owner].register_run(make_run(run_id, run_id), {})
        shared = _Both(
            journals=both, limit=limit, window=timedelta(hours=hours), make_attempt=make_attempt
        )
        for step, (owner, what, size, later_s) in enumerate(moves):
            now += timedelta(seconds=later_s)
            if what == "intend":
                name = f"{number}{step:03}"
                order = make_order(
                    f"R-{number}-{owner}", f"p{step}", name, lock=f"mirrorx/{name}/USDT"
                )
                await shared.intend(owner, amount(order, str(size)), now)
            elif what == "send" and (each := shared.one(owner, EffectState.INTENT)):
                await shared.send(each, now)
            elif what == "reject" and (each := shared.one(owner, EffectState.SENDING)):
                await shared.end(each, EffectState.REJECTED, now)
            elif what == "cancel" and (each := shared.one(owner, EffectState.INTENT)):
                await shared.end(each, EffectState.CANCELLED, now)
            assert shared.sum_at(now) <= limit

    @settings(
        max_examples=40,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.integers(1, LIMIT_MAX), st.sampled_from([1, 24, 72]), MOVES)
    def hold(limit: int, hours: int, moves: list[tuple[int, str, int, int]]) -> None:
        asyncio.run(play(limit, hours, moves))

    hold()
