"""What counts in a sum, and that nobody passes a limit by being quick."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from runner.catalogue.manifest import FoundBy
from runner.controls.guard import SpentAsked
from runner.controls.policy import EffectFacts, Spent
from runner.core.errors import ConfirmationRefused, PolicyDenied
from runner.effects.model import Attempt, EffectOrder, EffectState
from runner.effects.ports import Change
from runner.engine.ports import RunRow
from runner.journal.connection import open_connection
from runner.journal.journal import Journal
from runner.journal.schema import MIGRATIONS
from runner.journal.sqlite import open_journal
from tests.journal.conftest import START, StillClock

CHILD = Path(__file__).with_name("spending_child.py")
Moment = Callable[[float], datetime]
Orders = Callable[..., EffectOrder]
Runs = Callable[..., RunRow]
Attempts = Callable[..., Attempt]
DAY = SpentAsked(since=START - timedelta(days=1), own_run=False)


class Told:
    """A policy port that says what it is told, and keeps what it was shown."""

    def __init__(self, *refusals: Exception | None, asked: SpentAsked = DAY) -> None:
        self._refusals = list(refusals)
        self._asked = asked
        self.shown: list[tuple[Decimal, ...]] = []

    def facts(self, order: EffectOrder) -> EffectFacts:
        amount = order.expectation.amount
        assert amount is not None
        return EffectFacts(
            action=order.action, coin="USDT", amount=amount, link="acme/arb", playbook="trim"
        )

    async def look(self, order: EffectOrder, at: datetime) -> None:
        pass

    def asked(self, order: EffectOrder, at: datetime) -> SpentAsked:
        return self._asked

    def require(self, order: EffectOrder, at: datetime, spent: Iterable[Spent]) -> None:
        self.shown.append(tuple(sorted(each.facts.amount for each in spent)))
        refusal = self._refusals.pop(0) if self._refusals else None
        if refusal is not None:
            raise refusal


def amount(order: EffectOrder, text: str) -> EffectOrder:
    return replace(order, expectation=replace(order.expectation, amount=Decimal(text)))


async def test_intent_and_what_it_spends_are_one_row_each(
    journal: Journal, make_run: Runs, make_order: Orders, at: Moment
) -> None:
    await journal.register_run(make_run(), {})

    await journal.held_to(Told()).insert_intent(make_order(), known_order_ids=(), at=at(1))

    assert await journal.spent(DAY, run_id="") == (
        Spent(
            facts=EffectFacts(
                action="mirrorx.delegate",
                coin="USDT",
                amount=Decimal("10.50"),
                link="acme/arb",
                playbook="trim",
            ),
            at=at(1),
            run_id="R-1",
        ),
    )


@pytest.mark.parametrize("refusal", [PolicyDenied("no"), ConfirmationRefused("nobody said yes")])
async def test_refused_intent_leaves_nothing(
    journal: Journal,
    make_run: Runs,
    make_order: Orders,
    at: Moment,
    refusal: Exception,
) -> None:
    await journal.register_run(make_run(), {})

    with pytest.raises(type(refusal)):
        await journal.held_to(Told(refusal)).insert_intent(
            make_order(), known_order_ids=(), at=at(1)
        )

    assert await journal.effect("R-1", "pay") is None
    assert await journal.spent(DAY, run_id="") == ()


async def test_policy_is_asked_again_before_the_first_attempt(
    journal: Journal,
    make_run: Runs,
    make_order: Orders,
    make_attempt: Attempts,
    at: Moment,
) -> None:
    """Hours pass between an intent and its send when a run is resumed."""
    await journal.register_run(make_run(), {})
    told = Told(None, PolicyDenied("it is night now"))
    store = journal.held_to(told)
    await store.insert_intent(make_order(), known_order_ids=(), at=at(1))

    with pytest.raises(PolicyDenied):
        await store.begin_attempt(make_order(), make_attempt())

    row = await journal.effect("R-1", "pay")
    assert row is not None
    assert row.state is EffectState.INTENT
    assert row.attempts == ()
    # Not what the effect itself spends: that is its own amount.
    assert told.shown == [(), ()]


async def test_effect_counts_from_its_send_on(
    journal: Journal,
    make_run: Runs,
    make_order: Orders,
    make_attempt: Attempts,
    at: Moment,
) -> None:
    """Hours pass between an intent and its send; a day's limit begins with the send."""
    await journal.register_run(make_run(), {})
    store, order = journal.held_to(Told()), make_order()
    await store.insert_intent(order, known_order_ids=(), at=at(1))

    await store.begin_attempt(order, replace(make_attempt(), started_at=at(80_000)))

    since = SpentAsked(since=at(79_000), own_run=False)
    assert [each.at for each in await journal.spent(since, run_id="")] == [at(80_000)]


async def test_denied_attempt_leaves_the_moment_that_counts(
    journal: Journal,
    make_run: Runs,
    make_order: Orders,
    make_attempt: Attempts,
    at: Moment,
) -> None:
    await journal.register_run(make_run(), {})
    store, order = journal.held_to(Told(None, PolicyDenied("no"))), make_order()
    await store.insert_intent(order, known_order_ids=(), at=at(1))

    with pytest.raises(PolicyDenied):
        await store.begin_attempt(order, replace(make_attempt(), started_at=at(80_000)))

    assert [each.at for each in await journal.spent(DAY, run_id="")] == [at(1)]


async def test_every_send_is_a_new_decision(
    journal: Journal,
    make_run: Runs,
    make_order: Orders,
    make_attempt: Attempts,
    at: Moment,
) -> None:
    """Also where an earlier attempt may have been executed."""
    await journal.register_run(make_run(), {})
    told = Told(None, None, PolicyDenied("no more"))
    order = replace(make_order(), found_by=FoundBy.STATE)
    store = journal.held_to(told)
    await store.insert_intent(order, known_order_ids=(), at=at(1))
    await store.begin_attempt(order, make_attempt())
    unknown = Change(expected=EffectState.SENDING, state=EffectState.UNKNOWN, at=at(2))
    await store.record_answer(order, 1, {}, proven_not_executed=False, change=unknown)

    with pytest.raises(PolicyDenied):
        await store.begin_attempt(order, make_attempt(2))

    row = await journal.effect("R-1", "pay")
    assert row is not None
    assert (row.state, len(row.attempts)) == (EffectState.UNKNOWN, 1)


@pytest.mark.parametrize(
    ("states", "counts"),
    [
        ((), True),
        ((EffectState.HALTED,), True),
        ((EffectState.CANCELLED,), False),
        ((EffectState.ACCEPTED,), True),
        ((EffectState.ACCEPTED, EffectState.CONFIRMED), True),
        ((EffectState.ACCEPTED, EffectState.FAILED), False),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else str(value),
)
async def test_what_may_have_moved_money_counts(
    journal: Journal,
    make_run: Runs,
    make_order: Orders,
    at: Moment,
    states: tuple[EffectState, ...],
    counts: bool,
) -> None:
    await journal.register_run(make_run(), {})
    store, before = journal.held_to(Told()), EffectState.INTENT
    await store.insert_intent(make_order(), known_order_ids=(), at=at(1))
    for state in states:
        change = Change(expected=before, state=state, order_id="7", at=at(2))
        await store.change_effect(make_order(), change)
        before = state

    assert bool(await journal.spent(DAY, run_id="")) == counts


async def test_rejected_effect_does_not_count(
    journal: Journal,
    make_run: Runs,
    make_order: Orders,
    make_attempt: Attempts,
    at: Moment,
) -> None:
    await journal.register_run(make_run(), {})
    store, order = journal.held_to(Told()), make_order()
    await store.insert_intent(order, known_order_ids=(), at=at(1))
    await store.begin_attempt(order, make_attempt())
    refused = Change(expected=EffectState.SENDING, state=EffectState.REJECTED, at=at(2))
    await store.record_answer(order, 1, {}, proven_not_executed=True, change=refused)

    assert await journal.spent(DAY, run_id="") == ()


async def test_only_what_is_asked_for_is_read(
    journal: Journal, make_run: Runs, make_order: Orders, at: Moment
) -> None:
    for run_id, text, seconds in (("R-1", "1", -100_000), ("R-1", "2", 0), ("R-2", "4", 0)):
        if await journal.run(run_id) is None:
            await journal.register_run(make_run(run_id, run_id), {})
        order = amount(make_order(run_id, f"pay{text}", f"{run_id}{text}"), text)
        await journal.held_to(Told()).insert_intent(order, known_order_ids=(), at=at(seconds))

    async def amounts(asked: SpentAsked, run_id: str) -> list[Decimal]:
        found = await journal.spent(asked, run_id=run_id)
        return sorted(each.facts.amount for each in found)

    assert await amounts(DAY, "R-1") == [2, 4]
    assert await amounts(replace(DAY, own_run=True), "R-1") == [1, 2, 4]
    assert await amounts(SpentAsked(since=None, own_run=True), "R-1") == [1, 2]
    assert await amounts(SpentAsked(since=None, own_run=False), "R-1") == []


async def test_effects_of_an_older_journal_count(
    tmp_path: Path, make_run: Runs, make_order: Orders, at: Moment
) -> None:
    """By what was written down then: action, coin, amount, network and playbook."""
    path = tmp_path / "state" / "state.sqlite"
    journal = open_journal(path, clock=StillClock())
    await journal.register_run(make_run(), {})
    await journal.insert_intent(make_order(), known_order_ids=(), at=at(1))
    journal.close()
    number = next(n for n, m in enumerate(MIGRATIONS) if any("TABLE spent" in s for s in m))
    with sqlite3.connect(path) as sql:
        for table in (
            "spent",
            "run_head",
            "chain",
            "ownership",
            "register",
            "decision",
            "suspension",
        ):
            sql.execute(f"DROP TABLE {table}")
        sql.execute("ALTER TABLE attempt DROP COLUMN epoch")
        sql.execute(f"PRAGMA user_version = {number}")
    sql.close()

    reopened = open_journal(path, clock=StillClock())
    found = await reopened.spent(DAY, run_id="")
    reopened.close()

    facts = EffectFacts(
        action="mirrorx.delegate", coin="USDT", amount=Decimal("10.50"), playbook="trim"
    )
    assert found == (Spent(facts=facts, at=at(1), run_id="R-1"),)


def test_processes_that_race_do_not_pass_a_limit(repository: Path, state_file: Path) -> None:
    """Each alone could spend 600 USDT in the time; 505 is the limit of both."""
    open_connection(state_file, clock=StillClock()).close()
    with ExitStack() as stack:
        children = []
        for run_id in ("R-1", "R-2"):
            process = subprocess.Popen(
                [sys.executable, str(CHILD), run_id, str(state_file)],
                env={**os.environ, "PYTHONPATH": str(repository)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            children.append(process)
        for process in children:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"

        for process in children:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        counts = [int(process.communicate(timeout=120)[0]) for process in children]

    assert sum(counts) == 50
