"""Waits and pauses that may not hold the process, and alarms that ring while somebody sleeps."""

import asyncio
from datetime import timedelta

import pytest

from runner.engine.gate import Gate, Stopped, Withdrawn
from runner.engine.naps import Alarm
from runner.engine.verdict import Cause
from tests.engine.engine_fakes import (
    START,
    FakeClock,
    FakeEffects,
    FakeReads,
    Stage,
    playbook_of,
    record,
)

BY = Stopped(Cause.CANCELLED, "asked by ops")


class StillClock(FakeClock):
    """A clock on which no time ever passes."""

    async def sleep(self, delay_s: float) -> None:
        await super().sleep(0)
        await asyncio.Event().wait()


async def napping(alarm: Alarm, gate: Gate) -> "asyncio.Task[None]":
    task = asyncio.ensure_future(alarm.nap(StillClock(), gate, 3600.0))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not task.done()
    return task


async def test_cancel_wakes_who_sleeps_behind_its_gate() -> None:
    alarm, gate = Alarm(), Gate()
    task = await napping(alarm, Gate(gate))

    gate.close(BY)
    alarm.ring(BY)

    with pytest.raises(Withdrawn):
        await task


async def test_finally_sleeps_on_until_the_alarm_rings_hard() -> None:
    """Before, whoever slept there after a cancel was woken at once, again and again."""
    alarm = Alarm()
    alarm.ring(BY)
    task = await napping(alarm, Gate())

    alarm.ring(BY, hard=True)

    with pytest.raises(Withdrawn):
        await task
    assert alarm.rung_hard_by is BY


async def test_nap_ends_when_its_time_is_over() -> None:
    clock = FakeClock()

    await Alarm().nap(clock, Gate(), 5.0)

    assert clock.now() == START + timedelta(seconds=5)


WAIT = """
  - id: arrived
    wait:
      uses: mirror.record
      with: {link: prime, record: r}
      until: result.status == "success"
      every: 4m..4m
      timeout: 1h
"""


def stage(steps: str, *answers: str) -> Stage:
    return Stage(
        playbook=playbook_of(steps),
        reads=FakeReads({"mirror.record": [record(each) for each in answers]}),
        effects=FakeEffects(),
        hold_max_s=600.0,
    )


async def test_long_pause_is_handed_back_with_its_end_and_not_begun_again() -> None:
    held = stage("  - id: rest\n    pause: 4h\n", "")

    first = await held.walk()
    held.clock.elapsed_s = 3 * 3600.0
    second = await held.walk()
    held.clock.elapsed_s = 4 * 3600.0 - 60
    third = await held.walk()

    end = START + timedelta(hours=4)
    assert (first.cause, first.due, first.path) == (Cause.SUSPENDED, end, "rest")
    assert (second.cause, second.due) == (Cause.SUSPENDED, end)
    assert (third.cause, held.clock.now()) == (Cause.DONE, end)


async def test_wait_looks_as_long_as_it_may_and_is_due_at_its_next_look() -> None:
    """Two pauses of four minutes fit into ten; a third would not."""
    held = stage(WAIT, "accepted")

    ended = await held.walk()

    assert ended.cause is Cause.SUSPENDED
    assert len(held.reads.calls) == 3
    assert ended.due is not None
    assert (ended.due - held.clock.now()).total_seconds() == pytest.approx(240, rel=0.3)


async def test_deadline_of_a_wait_is_that_of_its_first_entry() -> None:
    held = stage(WAIT, "accepted")
    await held.walk()
    held.clock.elapsed_s = 2 * 3600.0

    ended = await held.walk()

    assert ended.cause is Cause.ENDED
    assert "timed out after 1 looks" in ended.message
