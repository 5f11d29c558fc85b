"""Whoever was taken over writes nothing more; decisions are rows of their run."""

import sqlite3
from collections.abc import Callable
from datetime import datetime

import pytest

from runner.core.errors import ExitCode, LeaseLost
from runner.effects.model import Attempt, EffectOrder, EffectState
from runner.effects.ports import Change, Decision
from runner.engine.ports import OutcomeState, RunRow, StepOutcome
from runner.journal.journal import Journal
from runner.journal.sqlite import journal_in_memory
from tests.journal.conftest import START, StillClock

MakeRun = Callable[..., RunRow]
MakeOrder = Callable[..., EffectOrder]
MakeAttempt = Callable[..., Attempt]
At = Callable[[float], datetime]

OUTCOME = StepOutcome(
    state=OutcomeState.DONE,
    result=None,
    message="",
    exit_code=ExitCode.DONE,
    started_at=START,
    finished_at=START,
)


def in_memory(sql: sqlite3.Connection) -> Journal:
    return journal_in_memory(sql, clock=StillClock())


async def test_owner_that_was_taken_over_writes_nothing(
    make_run: MakeRun, make_order: MakeOrder, make_attempt: MakeAttempt, at: At
) -> None:
    """Two journals in one process stand for two hosts: neither sees the other's lock file."""
    sql = sqlite3.connect(":memory:", isolation_level=None)
    first, second = in_memory(sql), in_memory(sql)
    order = make_order()
    async with first.own_run("R-1"):
        await first.register_run(make_run(), {})
        await first.insert_intent(order, known_order_ids=(), at=at(1))
        async with second.own_run("R-1"):
            with pytest.raises(LeaseLost, match=r"epoch 2; this process had it at epoch 1"):
                await first.begin_attempt(order, make_attempt())
            with pytest.raises(LeaseLost):
                await first.record_step("R-1", "a", OUTCOME)
            with pytest.raises(LeaseLost):
                await first.finish_run("R-1", exit_code=ExitCode.DONE, message="", at=at(2))

            row = await second.begin_attempt(order, make_attempt())

    assert row.state is EffectState.SENDING
    assert sql.execute("SELECT number, epoch FROM attempt").fetchall() == [(1, 2)]
    run = await second.run("R-1")
    assert run is not None
    assert run.exit_code is None
    sql.close()


async def test_who_gave_a_run_back_writes_it_no_more(journal: Journal, make_run: MakeRun) -> None:
    async with journal.own_run("R-1"):
        await journal.register_run(make_run(), {})

    with pytest.raises(LeaseLost, match="does not own it"):
        await journal.record_step("R-1", "a", OUTCOME)

    assert await journal.step_outcomes("R-1") == {}


async def test_decision_is_written_with_the_transition_it_leads_to(
    journal: Journal, make_run: MakeRun, make_order: MakeOrder, at: At
) -> None:
    await journal.register_run(make_run(), {})
    await journal.insert_intent(make_order(), known_order_ids=(), at=at(1))
    decision = Decision(
        run_id="R-1",
        path="pay",
        kind="cancel",
        reason="TRS-7",
        who="ada",
        at=at(2),
        payload={"asked": ["twice"]},
    )

    await journal.change_effect(
        make_order(),
        Change(expected=EffectState.INTENT, state=EffectState.CANCELLED, at=at(2)),
        decision=decision,
    )

    assert await journal.decisions("R-1") == (decision,)
    assert await journal.decisions("") == ()


async def test_decision_about_the_journal_is_in_its_register(journal: Journal, at: At) -> None:
    before = journal.high_water()
    decision = Decision(kind="adopt", reason="restored", who="ada", at=at(1))

    await journal.record_decision(decision)

    assert await journal.decisions("") == (decision,)
    assert journal.high_water().number == before.number + 1
