"""Locks between runs, and who drives a run."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from runner.catalogue.manifest import FoundBy
from runner.core.errors import LockHeld, StoreRefused
from runner.effects.model import Attempt, EffectOrder, EffectState
from runner.effects.ports import Change
from runner.engine.ports import RunRow
from runner.journal.journal import Journal
from runner.journal.sqlite import open_journal
from tests.journal.conftest import StillClock

MakeRun = Callable[..., RunRow]
MakeOrder = Callable[..., EffectOrder]
MakeAttempt = Callable[..., Attempt]
At = Callable[[float], datetime]


@pytest.fixture(autouse=True)
async def two_runs(journal: Journal, make_run: MakeRun) -> None:
    await journal.register_run(make_run("R-1", "one"), {})
    await journal.register_run(make_run("R-2", "two"), {})


async def test_locks_are_taken_all_or_none(journal: Journal, second: Journal, at: At) -> None:
    async with journal.own_run("R-1"):
        await journal.take_locks("R-1", ("m",), at=at(0))
        with pytest.raises(LockHeld) as held:
            await second.take_locks("R-2", ("z", "m", "a"), at=at(1))
        await journal.take_locks("R-1", ("a", "z"), at=at(2))

    assert held.value.owner == "R-1"
    assert "R-1" in held.value.message


async def test_own_locks_can_be_taken_again(journal: Journal, at: At) -> None:
    await journal.take_locks("R-1", ("a", "b", "a"), at=at(0))

    await journal.take_locks("R-1", ("b", "c"), at=at(1))


async def test_locks_of_a_dead_unclaimed_run_are_taken_over(
    journal: Journal, second: Journal, at: At
) -> None:
    async with journal.own_run("R-1"):
        await journal.take_locks("R-1", ("a",), at=at(0))

    async with second.own_run("R-2"):
        await second.take_locks("R-2", ("a",), at=at(1))
        async with journal.own_run("R-1"):
            with pytest.raises(LockHeld) as held:
                await journal.take_locks("R-1", ("a",), at=at(2))

    assert held.value.owner == "R-2"


async def test_locks_of_a_dead_claimed_run_stay(
    journal: Journal, make_order: MakeOrder, make_attempt: MakeAttempt, at: At
) -> None:
    await journal.insert_intent(make_order(lock="a"), known_order_ids=(), at=at(0))
    await journal.begin_attempt(make_order(lock="a"), make_attempt())

    with pytest.raises(LockHeld, match="R-1") as held:
        await journal.take_locks("R-2", ("a",), at=at(1))

    assert held.value.owner == "R-1"


async def test_released_locks_are_free(journal: Journal, at: At) -> None:
    async with journal.own_run("R-1"):
        await journal.take_locks("R-1", ("a", "b"), at=at(0))
        await journal.release_locks("R-1", ("a",))

        await journal.take_locks("R-2", ("a",), at=at(1))
        with pytest.raises(LockHeld):
            await journal.take_locks("R-2", ("b",), at=at(2))


async def test_foreign_lock_is_not_released(journal: Journal, at: At) -> None:
    async with journal.own_run("R-1"):
        await journal.take_locks("R-1", ("a",), at=at(0))
        await journal.release_locks("R-2", ("a",))

        with pytest.raises(LockHeld):
            await journal.take_locks("R-2", ("a",), at=at(1))


@pytest.mark.parametrize("found_by", [each for each in FoundBy if each is not FoundBy.REQUEST_ID])
async def test_lock_of_an_accepted_effect_stays(
    journal: Journal,
    make_order: MakeOrder,
    make_attempt: MakeAttempt,
    at: At,
    found_by: FoundBy,
) -> None:
    await _accepted(journal, replace(make_order(lock="a"), found_by=found_by), make_attempt(), at)

    await journal.release_locks("R-1", ("a",))

    with pytest.raises(LockHeld):
        await journal.take_locks("R-2", ("a",), at=at(2))


async def test_lock_of_an_accepted_order_that_is_found_by_its_request_id_is_free(
    journal: Journal, make_order: MakeOrder, make_attempt: MakeAttempt, at: At
) -> None:
    order = replace(make_order(lock="a"), found_by=FoundBy.REQUEST_ID)
    await _accepted(journal, order, make_attempt(), at)
    other = replace(order, run_id="R-2", request_id="42")

    await journal.release_locks("R-1", ("a",))
    await journal.take_locks("R-2", ("a",), at=at(2))
    await journal.insert_intent(other, known_order_ids=(), at=at(3))
    row = await journal.begin_attempt(other, make_attempt())

    assert row.state is EffectState.SENDING


async def _accepted(journal: Journal, order: EffectOrder, attempt: Attempt, at: At) -> None:
    await journal.insert_intent(order, known_order_ids=(), at=at(0))
    await journal.begin_attempt(order, attempt)
    change = Change(expected=EffectState.SENDING, state=EffectState.ACCEPTED, at=at(1))
    await journal.record_answer(order, 1, {}, proven_not_executed=False, change=change)


@pytest.mark.parametrize(
    ("state", "stays"),
    [
        (EffectState.HALTED, True),
        (EffectState.UNKNOWN, True),
        (EffectState.SEEN, True),
        (EffectState.ACCEPTED, True),
        (EffectState.REJECTED, False),
    ],
)
async def test_lock_of_an_open_effect_stays(
    journal: Journal,
    make_order: MakeOrder,
    make_attempt: MakeAttempt,
    at: At,
    state: EffectState,
    *,
    stays: bool,
) -> None:
    order = make_order(lock="a")
    await journal.insert_intent(order, known_order_ids=(), at=at(0))
    await journal.begin_attempt(order, make_attempt())
    await journal.record_answer(
        order,
        1,
        {},
        proven_not_executed=False,
        change=Change(expected=EffectState.SENDING, state=state, at=at(1)),
    )

    await journal.release_locks("R-1", ("a",))

    if stays:
        with pytest.raises(LockHeld):
            await journal.take_locks("R-2", ("a",), at=at(2))
    else:
        await journal.take_locks("R-2", ("a",), at=at(2))


async def test_run_has_one_driver(journal: Journal, second: Journal) -> None:
    async with journal.own_run("R-1"):
        with pytest.raises(LockHeld) as held:
            async with second.own_run("R-1"):
                pass
        async with second.own_run("R-2"):
            pass

    assert held.value.owner.startswith(f"process {os.getpid()}")
    async with second.own_run("R-1"):
        pass


@pytest.mark.parametrize("run_id", ["", "../x", "a/b", ".hidden", "a\0b", "x" * 65])
async def test_odd_run_id_never_becomes_a_file(journal: Journal, run_id: str) -> None:
    with pytest.raises(StoreRefused, match="not the id of a run"):
        async with journal.own_run(run_id):
            pass


async def test_linked_lock_file_is_refused(
    state_file: Path, clock: StillClock, tmp_path: Path
) -> None:
    journal = open_journal(state_file, clock=clock)
    folder = state_file.parent / "runs"
    folder.mkdir()
    (folder / "R-1.lock").symlink_to(tmp_path / "victim")

    with pytest.raises(StoreRefused, match="cannot be opened"):
        async with journal.own_run("R-1"):
            pass

    journal.close()
    assert not (tmp_path / "victim").exists()
