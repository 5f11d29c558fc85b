"""Runs, their files, their claims and their steps."""

from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType

import pytest

from runner.core.errors import ExitCode, PlanRefused, StoreRefused
from runner.core.jsonvalue import JsonInvalid
from runner.effects.model import Attempt, EffectOrder, EffectState
from runner.effects.ports import Change
from runner.engine.ports import OutcomeState, RunRow, StepOutcome, Store
from runner.journal.journal import Journal

MakeRun = Callable[..., RunRow]
MakeOrder = Callable[..., EffectOrder]
MakeAttempt = Callable[..., Attempt]
At = Callable[[float], datetime]


def outcome(at: At, result: object = None, message: str = "") -> StepOutcome:
    return StepOutcome(
        state=OutcomeState.DONE,
        result=result,  # type: ignore[arg-type]  # some tests hand in what is no JSON
        message=message,
        exit_code=ExitCode.DONE,
        started_at=at(1),
        finished_at=at(2),
    )


async def claim(journal: Journal, order: EffectOrder, attempt: Attempt) -> None:
    await journal.insert_intent(order, known_order_ids=(), at=order.planned_at)
    await journal.begin_attempt(order, attempt)


def test_journal_is_a_store(journal: Journal) -> None:
    store: Store = journal

    assert store.store_id.startswith("S-")


async def test_run_comes_back_as_written(journal: Journal, make_run: MakeRun) -> None:
    run = make_run()

    written = await journal.register_run(run, {"a.yaml": b"\x00\xff", "b.yaml": b""})

    assert written == run
    assert await journal.run("R-1") == run
    assert await journal.run_files("R-1") == {"a.yaml": b"\x00\xff", "b.yaml": b""}
    assert await journal.run("R-2") is None
    assert await journal.run_files("R-2") == {}


async def test_runs_are_listed_newest_first(journal: Journal, make_run: MakeRun) -> None:
    for name in ("R-1", "R-2", "R-3"):
        await journal.register_run(make_run(name), {})

    newest = await journal.runs(limit=2)

    assert [run.run_id for run in newest] == ["R-3", "R-2"]


async def test_run_keeps_its_first_end(journal: Journal, make_run: MakeRun, at: At) -> None:
    await journal.register_run(make_run(), {})

    await journal.finish_run("R-1", exit_code=ExitCode.FAILED, message="no", at=at(5))
    await journal.finish_run("R-1", exit_code=ExitCode.DONE, message="yes", at=at(6))

    run = await journal.run("R-1")
    assert run is not None
    assert (run.exit_code, run.message, run.finished_at) == (ExitCode.FAILED, "no", at(5))


async def test_unclaimed_run_starts_anew(
    journal: Journal, make_run: MakeRun, make_order: MakeOrder, at: At
) -> None:
    await journal.register_run(make_run(), {"a": b"1"})
    await journal.record_step("R-1", "look", outcome(at))
    await journal.started_step("R-1", "pause", at=at(1), deadline=at(9))
    await journal.insert_intent(make_order(), known_order_ids=(), at=at(1))
    await journal.finish_run("R-1", exit_code=ExitCode.LOCKED, message="", at=at(3))

    run = await journal.register_run(make_run(), {"b": b"2"})

    assert run.exit_code is None
    assert await journal.run_files("R-1") == {"b": b"2"}
    assert await journal.step_outcomes("R-1") == {}
    assert await journal.effects("R-1") == ()
    assert await journal.started_step("R-1", "pause", at=at(4), deadline=None) == (at(4), None)
    assert [row.kind for row in await journal.log_rows("R-1")] == ["run", "start"]


async def test_claimed_run_is_returned_as_it_stands(
    journal: Journal,
    make_run: MakeRun,
    make_order: MakeOrder,
    make_attempt: MakeAttempt,
    at: At,
) -> None:
    await journal.register_run(make_run(), {"a": b"1"})
    await journal.record_step("R-1", "look", outcome(at))
    await claim(journal, make_order(), make_attempt())
    await journal.finish_run("R-1", exit_code=ExitCode.FAILED, message="", at=at(3))

    run = await journal.register_run(make_run(tool_version="9"), {"b": b"2"})

    assert (run.claimed, run.exit_code, run.tool_version) == (True, ExitCode.FAILED, "0.1")
    assert await journal.run_files("R-1") == {"a": b"1"}
    assert list(await journal.step_outcomes("R-1")) == ["look"]


async def test_run_id_of_another_plan_is_refused(journal: Journal, make_run: MakeRun) -> None:
    await journal.register_run(make_run(), {})

    with pytest.raises(StoreRefused, match="belongs to another plan"):
        await journal.register_run(make_run(digest="sha256:other"), {})


async def test_first_attempt_claims_the_occurrence(
    journal: Journal, make_run: MakeRun, make_order: MakeOrder, make_attempt: MakeAttempt
) -> None:
    await journal.register_run(make_run(), {})
    key = {"host": "sandbox:x", "entity": "acme", "playbook": "trim", "occurrence": "day one"}
    assert await journal.occurrence_owner(**key, revision=0) is None

    await claim(journal, make_order(), make_attempt())

    run = await journal.run("R-1")
    assert run is not None
    assert run.claimed
    assert await journal.occurrence_owner(**key, revision=0) == "R-1"
    assert await journal.occurrence_owner(**key, revision=1) is None


async def test_second_run_of_an_occurrence_is_refused_and_names_the_first(
    journal: Journal,
    second: Journal,
    make_run: MakeRun,
    make_order: MakeOrder,
    make_attempt: MakeAttempt,
) -> None:
    await journal.register_run(make_run("R-1"), {})
    await second.register_run(make_run("R-2"), {})
    late = make_order("R-2", request_id="42", lock="other")
    await second.insert_intent(late, known_order_ids=(), at=late.planned_at)
    await claim(journal, make_order("R-1"), make_attempt())

    with pytest.raises(PlanRefused, match="by run R-1") as refused:
        await second.begin_attempt(late, make_attempt())

    assert "R-1" in refused.value.hint
    row = await second.effect("R-2", "pay")
    assert row is not None
    assert (row.state, row.attempts) == (EffectState.INTENT, ())
    run = await second.run("R-2")
    assert run is not None
    assert not run.claimed


async def test_cancelled_effect_uses_up_nothing(
    journal: Journal, make_run: MakeRun, make_order: MakeOrder, at: At
) -> None:
    await journal.register_run(make_run(), {})
    order = make_order()
    await journal.insert_intent(order, known_order_ids=(), at=at(0))

    await journal.change_effect(
        order, Change(expected=EffectState.INTENT, state=EffectState.CANCELLED, at=at(1))
    )

    run = await journal.run("R-1")
    assert run is not None
    assert not run.claimed


@pytest.mark.parametrize("state", [EffectState.ACCEPTED, EffectState.HALTED])
async def test_effect_that_may_exist_unsent_claims(
    journal: Journal, make_run: MakeRun, make_order: MakeOrder, at: At, state: EffectState
) -> None:
    """A lost journal's order was found: its occurrence is used, although nothing was sent here."""
    await journal.register_run(make_run(), {})
    order = make_order()
    await journal.insert_intent(order, known_order_ids=(), at=at(0))

    await journal.change_effect(order, Change(expected=EffectState.INTENT, state=state, at=at(1)))

    run = await journal.run("R-1")
    assert run is not None
    assert run.claimed


async def test_step_outcomes_come_back_in_order(
    journal: Journal, make_run: MakeRun, at: At
) -> None:
    await journal.register_run(make_run(), {})
    result = {"z": ["1.50", 2, None, True], "a": {"ü😀": "x\x00y"}}
    first = outcome(at, result, "ü")

    await journal.record_step("R-1", "b", first)
    await journal.record_step("R-1", "a", outcome(at))
    await journal.record_step("R-1", "b", outcome(at, "other"))

    assert await journal.step_outcome("R-1", "b") == first
    assert await journal.step_outcome("R-1", "c") is None
    assert list(await journal.step_outcomes("R-1")) == ["b", "a"]
    found = await journal.step_outcome("R-1", "b")
    assert found is not None
    assert isinstance(found.result, dict)
    assert list(found.result) == ["z", "a"]


async def test_any_mapping_and_sequence_can_be_journalled(
    journal: Journal, make_run: MakeRun, at: At
) -> None:
    await journal.register_run(make_run(), {})

    await journal.record_step("R-1", "a", outcome(at, MappingProxyType({"k": ("x", 1)})))

    found = await journal.step_outcome("R-1", "a")
    assert found is not None
    assert found.result == {"k": ["x", 1]}


@pytest.mark.parametrize("value", [1.5, {1: "x"}, b"x", {"x"}])
async def test_what_is_no_json_is_refused_and_the_journal_lives_on(
    journal: Journal, make_run: MakeRun, at: At, value: object
) -> None:
    await journal.register_run(make_run(), {})

    with pytest.raises(JsonInvalid):
        await journal.record_step("R-1", "a", outcome(at, value))

    assert await journal.step_outcomes("R-1") == {}
    await journal.record_step("R-1", "a", outcome(at))


async def test_first_entry_of_a_step_stays(
    journal: Journal, second: Journal, make_run: MakeRun, at: At
) -> None:
    await journal.register_run(make_run(), {})

    first = await journal.started_step("R-1", "wait", at=at(1), deadline=at(301))
    again = await second.started_step("R-1", "wait", at=at(200), deadline=at(500))

    assert first == again == (at(1), at(301))


async def test_log_tells_the_story_in_order(
    journal: Journal,
    make_run: MakeRun,
    make_order: MakeOrder,
    make_attempt: MakeAttempt,
    at: At,
) -> None:
    await journal.register_run(make_run(), {})
    order = make_order()
    await claim(journal, order, make_attempt())
    change = Change(
        expected=EffectState.SENDING,
        state=EffectState.ACCEPTED,
        order_id="77",
        status="accepted",
        reason="accepted as 77",
        at=at(1),
    )
    await journal.record_answer(order, 1, {}, proven_not_executed=False, change=change)
    await journal.started_step("R-1", "settle", at=at(2), deadline=at(60))
    await journal.record_step("R-1", "pay", outcome(at, message="fine"))
    await journal.finish_run("R-1", exit_code=ExitCode.DONE, message="", at=at(3))

    rows = await journal.log_rows("R-1")

    assert [(row.path, row.kind, row.words) for row in rows] == [
        ("", "run", "registered: trim for day one"),
        ("pay", "effect", "planned -> intent"),
        ("pay", "effect", "intent -> sending, attempt 1"),
        ("pay", "effect", "sending -> accepted, order 77, accepted: accepted as 77"),
        ("settle", "start", "entered, deadline 2026-11-22T10:01:00.123456Z"),
        ("pay", "step", "done: fine"),
        ("", "run", "ended with exit code 0"),
    ]
    assert [row.at for row in rows] == sorted(row.at for row in rows)
