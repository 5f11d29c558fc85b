"""The driver in virtual time, on a real journal, against a custodian with a list of its own."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from runner.core.errors import (
    LockHeld,
    NotSent,
    RemoteError,
    RemoteRefused,
    ReplyRefused,
    StoreRefused,
)
from runner.effects.model import EffectRow, EffectState, Until
from runner.effects.pacing import Timing
from runner.effects.ports import Facts
from tests.effects.fakes import (
    ACCEPTANCE,
    ALL_FACTS,
    FENCE_S,
    LAG,
    NO_FACTS,
    ORDER,
    START,
    TIMING,
    Bench,
    Crash,
    CrashingStore,
)


async def drive(
    bench: Bench,
    *,
    until: Until = Until.FINAL,
    timing: Timing = TIMING,
    not_after: datetime | None = None,
    store: CrashingStore | None = None,
) -> EffectRow:
    return await bench.driver(store).run(
        ORDER, until=until, timing=timing, acceptance=ACCEPTANCE, not_after=not_after
    )


async def die(bench: Bench, *, at: int, after: bool) -> None:
    store = CrashingStore(journal=bench.journal, dies_at=at, after=after)
    with pytest.raises(Crash):
        await drive(bench, store=store)
    bench.reopen()


async def test_effect_is_sent_once_and_confirmed(bench: Bench) -> None:
    row = await drive(bench)

    assert row.state is EffectState.CONFIRMED
    assert bench.states == ["intent", "sending", "accepted", "confirmed"]
    assert len(bench.custodian.executions()) == 1
    assert row.order_id == bench.custodian.executions()[0].seen.order_id
    assert (row.status, row.status_code) == ("success", "30")
    assert bench.noticed[-1] == row == await bench.journal.effect("R-1", "pay")


async def test_accepted_is_enough_when_asked_for(bench: Bench) -> None:
    row = await drive(bench, until=Until.ACCEPTED)

    assert row.state is EffectState.ACCEPTED
    assert len(bench.eyes.looks) == 1
    assert (await drive(bench)).state is EffectState.CONFIRMED
    assert len(bench.custodian.sends) == 1


async def test_final_effect_is_returned_untouched(bench: Bench) -> None:
    first = await drive(bench)
    looks = len(bench.eyes.looks)

    again = await drive(bench)

    assert again == first
    assert (len(bench.eyes.looks), len(bench.custodian.sends)) == (looks, 1)


async def test_failed_order_is_failed(bench: Bench) -> None:
    bench.custodian.end = "failed"

    row = await drive(bench)

    assert (row.state, row.status_code) == (EffectState.FAILED, "99")


async def test_status_on_the_way_is_noted(bench: Bench) -> None:
    bench.custodian.final_after_s = 100.0
    bench.custodian.behaviours = ["ok"]
    bench.wire.before_answer = None

    async def progress() -> None:
        made = bench.custodian.made[-1]
        made.seen = replace(made.seen, status="in_progress", status_code="20")

    bench.wire.before_answer = progress

    row = await drive(bench)

    assert row.state is EffectState.CONFIRMED
    assert [(r.state, r.status_code) for r in bench.noticed[2:]] == [
        (EffectState.ACCEPTED, "10"),
        (EffectState.ACCEPTED, "20"),
        (EffectState.CONFIRMED, "30"),
    ]


@pytest.mark.parametrize("field", ["subject_id", "kind", "coin", "network", "amount"])
async def test_order_that_differs_from_what_was_sent_halts(bench: Bench, field: str) -> None:
    async def alter() -> None:
        made = bench.custodian.made[-1]
        other = Decimal("10.000000001") if field == "amount" else "other"
        made.seen = replace(made.seen, **{field: other})  # type: ignore[arg-type]  # by name

    bench.wire.before_answer = alter

    row = await drive(bench)

    assert row.state is EffectState.HALTED
    assert "is not what was sent" in row.reason
    assert "requestId 41" in row.reason


async def test_equal_amounts_in_another_spelling_are_equal(bench: Bench) -> None:
    async def respell() -> None:
        made = bench.custodian.made[-1]
        made.seen = replace(made.seen, amount=Decimal("10.000"))

    bench.wire.before_answer = respell

    assert (await drive(bench)).state is EffectState.CONFIRMED


async def test_order_that_is_never_listed_halts_and_is_taken_up_once_it_is(bench: Bench) -> None:
    """Found by the fault matrix: it was followed for ever, `resume` after `resume`."""
    bench.custodian.visible_after_s = 5_000.0
    patient = replace(TIMING, within_s=TIMING.patience_s + 60)

    halted = await drive(bench, timing=patient)
    asked_again = await drive(bench, timing=patient)
    bench.clock.advance(5_000.0)
    listed = await drive(bench, timing=patient)

    assert halted.state is asked_again.state is EffectState.HALTED
    assert "accepted it as 900000, and does not list" in halted.reason
    assert ORDER.request_id in halted.reason
    assert (listed.state, listed.order_id) == (EffectState.CONFIRMED, "900000")


async def test_order_that_is_not_listed_is_followed_while_patience_lasts(bench: Bench) -> None:
    bench.custodian.visible_after_s = 5_000.0

    row = await drive(bench, timing=replace(TIMING, within_s=TIMING.patience_s - 60))

    assert row.state is EffectState.ACCEPTED


async def test_order_that_stays_open_is_handed_back_accepted(bench: Bench) -> None:
    bench.custodian.final_after_s = 10_000.0

    row = await drive(bench)

    assert row.state is EffectState.ACCEPTED
    assert sum(bench.clock.slept) == pytest.approx(TIMING.within_s)
    assert max(bench.clock.slept) <= TIMING.every_s_max


async def test_order_that_is_not_listed_yet_stays_accepted(bench: Bench) -> None:
    bench.custodian.visible_after_s = 700.0

    row = await drive(bench)
    later = await drive(bench)

    assert (row.state, later.state) == (EffectState.ACCEPTED, EffectState.CONFIRMED)


async def test_failing_looks_do_not_end_an_accepted_effect(bench: Bench) -> None:
    bench.eyes.faults = ["", "error", "forbidden", "incomplete", "error"]

    assert (await drive(bench)).state is EffectState.CONFIRMED


# Before the first attempt.


async def test_own_order_of_a_lost_journal_is_adopted_unsent(bench: Bench) -> None:
    bench.custodian.place(request_id="41", age_s=3600.0, order_id="123")

    row = await drive(bench)

    assert (row.state, row.order_id, row.attempts) == (EffectState.CONFIRMED, "123", ())
    assert bench.custodian.sends == []
    run = await bench.journal.run("R-1")
    assert run is not None
    assert run.claimed


async def test_own_request_id_with_another_payload_halts_unsent(bench: Bench) -> None:
    bench.custodian.place(request_id="41", amount="11")

    row = await drive(bench)

    assert row.state is EffectState.HALTED
    assert "amount is 11, not 10" in row.reason
    assert bench.custodian.sends == []


@pytest.mark.parametrize("request_id", ["", "foreign"])
async def test_younger_twin_of_a_stranger_halts_unsent(bench: Bench, request_id: str) -> None:
    bench.custodian.final_after_s = 0.0
    order_id = bench.custodian.place(request_id=request_id)

    row = await drive(bench)

    assert row.state is EffectState.HALTED
    assert order_id in row.reason
    assert bench.custodian.sends == []


async def test_twin_within_the_skew_before_the_plan_halts(bench: Bench) -> None:
    bench.custodian.final_after_s = 0.0
    bench.custodian.place(age_s=4.0)

    assert (await drive(bench)).state is EffectState.HALTED


@pytest.mark.parametrize(
    ("facts", "age_s", "state"),
    [
        (ALL_FACTS, 10.0, EffectState.CONFIRMED),
        (NO_FACTS, 10.0, EffectState.HALTED),
        (NO_FACTS, 400.0, EffectState.CONFIRMED),
    ],
)
async def test_older_twin_is_no_obstacle(
    bench: Bench, facts: Facts, age_s: float, state: EffectState
) -> None:
    bench.facts = facts
    bench.custodian.place(age_s=age_s)

    assert (await drive(bench)).state is state


async def test_twin_that_belongs_to_an_effect_of_ours_is_no_obstacle(bench: Bench) -> None:
    await drive(bench)
    second = replace(ORDER, path="pay again", request_id="42")

    row = await bench.driver().run(
        second, until=Until.FINAL, timing=TIMING, acceptance=ACCEPTANCE, not_after=None
    )

    assert row.state is EffectState.CONFIRMED
    assert len(bench.custodian.executions()) == 2


@pytest.mark.parametrize("kind", ["delegate", "undelegate"])
async def test_open_order_on_the_lock_blocks_and_writes_nothing(bench: Bench, kind: str) -> None:
    bench.custodian.final_after_s = 7200.0
    order_id = bench.custodian.place(kind=kind, amount="999", age_s=3600.0)

    with pytest.raises(LockHeld) as held:
        await drive(bench)

    assert held.value.owner == f"order {order_id}"
    assert await bench.journal.effect("R-1", "pay") is None
    assert bench.custodian.sends == []


@pytest.mark.parametrize("fault", ["error", "incomplete"])
async def test_nothing_is_sent_before_a_complete_look(bench: Bench, fault: str) -> None:
    bench.eyes.faults = [fault] * 4

    with pytest.raises(RemoteError) as raised:
        await drive(bench)

    assert isinstance(raised.value, ReplyRefused) == (fault == "incomplete")
    assert bench.custodian.sends == []
    assert await bench.journal.effect("R-1", "pay") is None
    assert (await drive(bench)).state is EffectState.CONFIRMED


async def test_failed_closer_look_is_repeated_before_anything_is_sent(bench: Bench) -> None:
    bench.custodian.place(age_s=60.0)
    bench.eyes.faults = ["", "error", "", "incomplete"]

    row = await drive(bench)

    assert row.state is EffectState.CONFIRMED
    assert len(set(bench.eyes.looks[:6])) == 2


async def test_look_that_can_never_work_is_not_repeated(bench: Bench) -> None:
    bench.eyes.faults = ["forbidden"]

    with pytest.raises(RemoteError, match="not allowed"):
        await drive(bench)

    assert len(bench.eyes.looks) == 1


async def test_known_orders_are_snapshotted(bench: Bench) -> None:
    order_id = bench.custodian.place(amount="5", age_s=3600.0)

    row = await drive(bench)

    assert row.known_order_ids == (order_id,)


async def test_answer_that_names_an_older_order_halts(bench: Bench) -> None:
    bench.custodian.place(amount="5", age_s=3600.0, order_id="900001")

    row = await drive(bench)

    assert row.state is EffectState.HALTED
    assert "existed before the attempt" in row.reason


# The plan's end of life.


async def test_expired_effect_is_cancelled_unsent(bench: Bench) -> None:
    row = await drive(bench, not_after=START)

    assert row.state is EffectState.CANCELLED
    assert bench.custodian.sends == []
    run = await bench.journal.run("R-1")
    assert run is not None
    assert not run.claimed


async def test_expired_plan_still_finds_its_own_order(bench: Bench) -> None:
    bench.custodian.place(request_id="41")

    assert (await drive(bench, not_after=START)).state is EffectState.CONFIRMED


async def test_plan_that_expires_between_attempts_is_cancelled(bench: Bench) -> None:
    bench.custodian.behaviours = ["not_sent", "ok"]

    row = await drive(bench, not_after=START + timedelta(seconds=2))

    assert row.state is EffectState.CANCELLED
    assert bench.custodian.executions() == []


async def test_recovery_is_not_bound_by_the_plans_end(bench: Bench) -> None:
    bench.custodian.behaviours = ["lost_after"]

    row = await drive(bench, not_after=START + timedelta(seconds=2))

    assert row.state is EffectState.CONFIRMED


# Attempts proven not executed.


async def test_unsent_attempts_are_followed_by_another(bench: Bench) -> None:
    bench.custodian.behaviours = ["not_sent", "not_sent", "not_sent", "ok"]

    row = await drive(bench)

    assert row.state is EffectState.CONFIRMED
    assert [each.proven_not_executed for each in row.attempts] == [True, True, True, False]
    assert len({timestamp for _, timestamp in bench.custodian.sends}) == 4
    assert {order.body for order, _ in bench.custodian.sends} == {ORDER.body}


async def test_unreachable_custodian_leaves_an_intent_to_resume(bench: Bench) -> None:
    bench.custodian.behaviours = ["not_sent"] * 9 + ["ok"]

    for _ in range(2):
        with pytest.raises(NotSent, match="requestId 41"):
            await drive(bench)
        row = await bench.journal.effect("R-1", "pay")
        assert row is not None
        assert row.state is EffectState.INTENT
        bench.reopen()

    row = await drive(bench)
    assert (row.state, len(row.attempts)) == (EffectState.CONFIRMED, 10)


async def test_expired_timestamp_is_repeated_by_the_servers_clock(bench: Bench) -> None:
    bench.custodian.behaviours = ["expired", "ok"]

    row = await drive(bench)

    assert row.state is EffectState.CONFIRMED
    assert bench.wire.resyncs == ["Sun, 22 Nov 2026 10:00:02 GMT"]
    assert len(bench.custodian.sends) == 2


async def test_expired_timestamp_without_a_date_is_rejected(bench: Bench) -> None:
    bench.custodian.behaviours = ["expired_undated", "ok"]

    row = await drive(bench)

    assert (row.state, len(bench.custodian.sends)) == (EffectState.REJECTED, 1)


async def test_fourth_send_is_the_last(bench: Bench) -> None:
    bench.custodian.behaviours = ["expired"] * 4 + ["ok"]

    row = await drive(bench)

    assert (row.state, len(bench.custodian.sends)) == (EffectState.REJECTED, 4)


async def test_sends_are_counted_across_processes(bench: Bench) -> None:
    bench.custodian.behaviours = ["expired", "not_sent", "not_sent", "not_sent"]
    with pytest.raises(NotSent):
        await drive(bench)
    bench.reopen()
    bench.custodian.behaviours = ["expired"]

    row = await drive(bench)

    assert row.state is EffectState.REJECTED
    assert len(bench.custodian.sends) == 1 + 3 + 3


async def test_rate_limit_is_waited_out_where_a_fact_allows_it(bench: Bench) -> None:
    bench.facts = replace(ALL_FACTS, rate_limited_not_executed=True)
    bench.custodian.behaviours = ["limited", "ok"]

    row = await drive(bench)

    assert row.state is EffectState.CONFIRMED
    assert bench.clock.slept[0] >= 1.5


async def test_rate_limit_without_the_fact_is_unknown_and_never_resent(bench: Bench) -> None:
    bench.custodian.behaviours = ["limited", "ok"]

    row = await drive(bench)

    assert (row.state, len(bench.custodian.sends)) == (EffectState.HALTED, 1)


async def test_mixed_failures_end_as_unreachable(bench: Bench) -> None:
    bench.facts = replace(ALL_FACTS, rate_limited_not_executed=True)
    bench.custodian.behaviours = ["not_sent", "not_sent", "not_sent", "limited"]

    with pytest.raises(RemoteRefused, match="tried 4 times, nothing was executed"):
        await drive(bench)


async def test_definite_no_is_rejected(bench: Bench) -> None:
    bench.custodian.behaviours = ["refused", "ok"]

    row = await drive(bench)

    assert (row.state, len(bench.custodian.sends)) == (EffectState.REJECTED, 1)
    assert row.reason == "G20022 no"


async def test_attempt_that_was_held_up_is_not_sent(bench: Bench) -> None:
    """A SIGSTOP between the attempt's commit and its send: the signature is too old by then."""
    driver = bench.driver()

    async def stop_once(row: EffectRow) -> None:
        if row.state is EffectState.SENDING and len(row.attempts) == 1:
            bench.clock.advance(6.0)

    held_up = replace(driver, notice=stop_once)

    row = await held_up.run(
        ORDER, until=Until.FINAL, timing=TIMING, acceptance=ACCEPTANCE, not_after=None
    )

    assert row.state is EffectState.CONFIRMED
    assert [each.proven_not_executed for each in row.attempts] == [True, False]
    assert len(bench.custodian.sends) == 1


# Unknown outcomes.


async def test_lost_reply_is_found_by_request_id(bench: Bench) -> None:
    bench.custodian.behaviours = ["lost_after"]

    row = await drive(bench)

    assert row.state is EffectState.CONFIRMED
    assert bench.states == ["intent", "sending", "unknown", "accepted", "confirmed"]
    assert len(bench.custodian.sends) == 1


async def test_absence_is_believed_past_the_fence_only(bench: Bench) -> None:
    bench.custodian.behaviours = ["lost_before"]

    row = await drive(bench)

    assert row.state is EffectState.HALTED
    assert "past the fence" in row.reason
    assert FENCE_S < sum(bench.clock.slept) < FENCE_S + 2 * TIMING.every_s_max


@pytest.mark.parametrize(
    "facts",
    [
        NO_FACTS,
        replace(ALL_FACTS, timestamp_window=None),
        replace(ALL_FACTS, clock_skew=None),
        replace(ALL_FACTS, read_lag=None),
    ],
)
async def test_absence_is_never_believed_with_a_fact_missing(bench: Bench, facts: Facts) -> None:
    bench.facts = facts
    bench.custodian.behaviours = ["undocumented"]

    row = await drive(bench)

    assert row.state is EffectState.HALTED
    assert sum(bench.clock.slept) > TIMING.patience_s


async def test_undocumented_no_is_rejected_once_absence_is_proven(bench: Bench) -> None:
    bench.custodian.behaviours = ["undocumented"]

    row = await drive(bench)

    assert row.state is EffectState.REJECTED
    assert sum(bench.clock.slept) > FENCE_S


async def test_order_that_arrives_at_the_last_moment_is_found(bench: Bench) -> None:
    bench.custodian.behaviours = ["lost_late"]
    bench.custodian.visible_after_s = LAG.total_seconds()

    row = await drive(bench)

    assert row.state is EffectState.CONFIRMED


async def test_clock_set_forward_does_not_open_the_fence(bench: Bench) -> None:
    bench.custodian.behaviours = ["lost_late"]

    async def jump() -> None:
        bench.clock.wall += timedelta(seconds=FENCE_S + 10)

    bench.wire.before_answer = jump
    bench.custodian.visible_after_s = 0.0

    row = await drive(bench)

    assert row.state is EffectState.CONFIRMED


async def test_incomplete_looks_prove_no_absence(bench: Bench) -> None:
    bench.custodian.behaviours = ["undocumented"]
    bench.eyes.faults = [""] + ["incomplete"] * 500

    row = await drive(bench)

    assert row.state is EffectState.HALTED
    assert sum(bench.clock.slept) > TIMING.patience_s


async def test_matching_row_without_request_id_is_never_adopted(bench: Bench) -> None:
    bench.custodian.shows_request_ids = False
    bench.custodian.behaviours = ["lost_after"]

    row = await drive(bench)

    assert row.state is EffectState.HALTED
    made = bench.custodian.executions()[0].seen
    assert isinstance(row.evidence, dict)
    assert [near["order_id"] for near in row.evidence["read"]["near_matches"]] == [made.order_id]
    assert made.order_id in str(row.evidence["ask"])


async def test_two_orders_with_our_request_id_halt(bench: Bench) -> None:
    async def twice() -> None:
        bench.custodian.place(request_id="41")

    bench.custodian.behaviours = ["lost_after"]
    bench.wire.before_answer = twice

    row = await drive(bench)

    assert row.state is EffectState.HALTED
    assert "several orders" in row.reason


async def test_second_order_with_our_request_id_halts_an_accepted_effect(bench: Bench) -> None:
    async def twice() -> None:
        bench.custodian.place(request_id="41")

    bench.wire.before_answer = twice

    row = await drive(bench)

    assert row.state is EffectState.HALTED
    assert "as well" in row.reason


@pytest.mark.parametrize("behaviour", ["seen_after", "lost_after"])
async def test_known_request_id_is_read_until_it_shows(bench: Bench, behaviour: str) -> None:
    bench.custodian.behaviours = [behaviour]
    bench.custodian.visible_after_s = 19.0

    row = await drive(bench)

    assert (row.state, len(bench.custodian.sends)) == (EffectState.CONFIRMED, 1)


async def test_known_request_id_that_never_shows_halts_after_patience(bench: Bench) -> None:
    bench.custodian.behaviours = ["seen_before"]

    row = await drive(bench)

    assert row.state is EffectState.HALTED
    assert TIMING.patience_s < sum(bench.clock.slept)
    assert "knows the requestId" in row.reason


async def test_unreadable_custodian_halts_after_patience(bench: Bench) -> None:
    bench.custodian.behaviours = ["lost_after"]
    bench.eyes.faults = [""] + ["error"] * 500

    row = await drive(bench)

    assert row.state is EffectState.HALTED
    assert "could not be read" in row.reason


async def test_evidence_holds_what_was_sent_read_and_must_be_asked(bench: Bench) -> None:
    bench.custodian.behaviours = ["500_before"]

    row = await drive(bench)

    assert isinstance(row.evidence, dict)
    assert row.evidence["request_id"] == "41"
    assert row.evidence["expected"]["amount"] == "10"
    assert row.evidence["attempts"] == [
        {
            "number": 1,
            "sent_at": "2026-11-22T10:00:01.000Z",
            "timestamp_ms": 1795341601000,
            "answer": {
                "kind": "answered",
                "verdict": "unknown",
                "reason": "HTTP 500 proves nothing: HTML",
                "status": 500,
            },
        }
    ]
    assert row.evidence["read"]["complete"] is True
    assert row.evidence["ask"] == (
        "Please tell us what became of the request with requestId 41.\n"
        "POST /open-api/v1/mirrorX/order: delegate 10 USDT, link 33.\n"
        "Sent 2026-11-22T10:00:01.000Z, signed timestamp 1795341601000.\n"
        "Was it executed? If so, under which order id and with what status; if not, can you"
        " confirm that it never will be?"
    )


# Another process goes on.


async def test_effect_found_sending_is_unknown(bench: Bench) -> None:
    await die(bench, at=3, after=False)
    row = await bench.journal.effect("R-1", "pay")
    assert row is not None
    assert row.state is EffectState.SENDING
    bench.noticed.clear()

    row = await drive(bench)

    assert bench.states == ["unknown", "accepted", "confirmed"]
    assert len(bench.custodian.sends) == 1


async def test_clock_set_forward_before_a_restart_does_not_open_the_fence(bench: Bench) -> None:
    """A new process measures the fence from its own start, whatever the wall clock says."""
    bench.custodian.behaviours = ["undocumented"]
    await die(bench, at=3, after=True)
    bench.clock.wall += timedelta(seconds=FENCE_S + 10)
    bench.clock.slept.clear()

    row = await drive(bench)

    assert row.state is EffectState.REJECTED
    assert sum(bench.clock.slept) > FENCE_S


async def test_patience_long_over_still_takes_two_looks(bench: Bench) -> None:
    bench.facts = NO_FACTS
    bench.custodian.behaviours = ["lost_before"]
    await die(bench, at=3, after=False)
    bench.clock.advance(86_400.0)
    looks = len(bench.eyes.looks)

    row = await drive(bench)

    assert row.state is EffectState.HALTED
    assert len(bench.eyes.looks) - looks == 2


async def test_halted_effect_is_read_once_more_and_goes_on_when_found(bench: Bench) -> None:
    bench.custodian.behaviours = ["lost_after"]
    bench.custodian.visible_after_s = 5_000.0
    assert (await drive(bench)).state is EffectState.HALTED
    looks = len(bench.eyes.looks)

    assert (await drive(bench)).state is EffectState.HALTED
    assert len(bench.eyes.looks) - looks == 1
    bench.clock.advance(5_000.0)
    row = await drive(bench)

    assert row.state is EffectState.CONFIRMED
    assert len(bench.custodian.sends) == 1


async def test_halted_effect_stays_halted_when_it_cannot_be_read(bench: Bench) -> None:
    bench.custodian.behaviours = ["lost_before"]
    halted = await drive(bench)
    bench.eyes.faults = ["error"]

    assert await drive(bench) == halted


async def test_other_payload_for_a_known_effect_is_refused(bench: Bench) -> None:
    await drive(bench)
    other = replace(ORDER, body="{}")

    with pytest.raises(StoreRefused, match="another payload"):
        await bench.driver().run(
            other, until=Until.FINAL, timing=TIMING, acceptance=ACCEPTANCE, not_after=None
        )


# Cancellation.


async def test_cancelled_send_is_finished_and_journalled_first(bench: Bench) -> None:
    reached, released = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reached.set()
        await released.wait()

    bench.wire.before_answer = hold
    task = asyncio.create_task(drive(bench))
    await reached.wait()

    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    released.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    row = await bench.journal.effect("R-1", "pay")
    assert row is not None
    assert row.state is EffectState.ACCEPTED
    assert (await drive(bench)).state is EffectState.CONFIRMED
    assert len(bench.custodian.sends) == 1


async def test_failure_while_cancelled_is_not_hidden(bench: Bench) -> None:
    reached, released = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reached.set()
        await released.wait()
        raise RuntimeError("a bug of the transport")

    bench.wire.before_answer = hold
    task = asyncio.create_task(drive(bench))
    await reached.wait()
    task.cancel()
    released.set()

    with pytest.raises(RuntimeError, match="a bug"):
        await task


@pytest.mark.parametrize(
    ("random", "first"), [(lambda: 0.0, 2.0), (lambda: 0.5, 1.75), (lambda: 0.999, 1.5005)]
)
async def test_pauses_have_jitter(bench: Bench, random: Callable[[], float], first: float) -> None:
    driver = replace(bench.driver(), random=random)

    await driver.run(ORDER, until=Until.FINAL, timing=TIMING, acceptance=ACCEPTANCE, not_after=None)

    assert bench.clock.slept[0] == pytest.approx(first)
