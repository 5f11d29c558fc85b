"""Sending again what may have been executed: only under facts, one id, four times at most."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from runner.core.errors import ConfirmationRefused, OutcomeUnknown, PolicyDenied, RunnerError
from runner.core.jsonvalue import JsonValue
from runner.effects.evidence import ATTRIBUTED, how_known
from runner.effects.machine import SENDS_MAX, Move, Reading, Send, Wait, after_look
from runner.effects.model import Attempt, EffectOrder, EffectRow, EffectState, Until
from runner.effects.ports import Facts
from runner.effects.resending import Copy, why_not_resent
from tests.effects.fakes import (
    ACCEPTANCE,
    ALL_FACTS,
    DEDUPE_FACTS,
    FENCE_S,
    MEMORY,
    ORDER,
    RUN,
    START,
    TIMING,
    Bench,
    CrashingStore,
)
from tests.effects.kinds import BLIND, CREATION, RESEND, WITHDRAWAL, NoEyes
from tests.effects.test_machine import NOBODY, attempt, row, seen, sighting

S = EffectState
COPY = Copy(key_fingerprint="x", first_age_s=100.0, last_age_s=90.0)
MAY = Reading(believed=True, patience_over=False, resend_barred="")
BARRED = Reading(believed=True, patience_over=False, resend_barred="nobody knows")
LANDED = Reading(believed=True, patience_over=False, resend_barred="", duplicate_landed=True)


# Whether it may.


def test_a_copy_is_safe_while_the_custodian_is_known_to_recognise_it() -> None:
    assert why_not_resent(ORDER, [attempt()], DEDUPE_FACTS, COPY) == ""


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (ALL_FACTS, "not known that the custodian never executes a requestId twice"),
        (replace(DEDUPE_FACTS, dedupes_request_id=False), "not known that the custodian"),
        (replace(DEDUPE_FACTS, dedupe_lifetime=None), "not known that the custodian"),
        (replace(DEDUPE_FACTS, dedupe_lifetime=timedelta(seconds=165)), "may have forgotten"),
        (replace(DEDUPE_FACTS, dedupe_lifetime=timedelta(seconds=99)), "may have forgotten"),
    ],
)
def test_every_fact_is_needed(facts: Facts, words: str) -> None:
    assert words in why_not_resent(ORDER, [attempt()], facts, COPY)


def test_the_copy_itself_must_arrive_before_the_id_is_forgotten() -> None:
    """100 s old, 65 s under way at most: 165 s are not enough, a little more is."""
    facts = replace(DEDUPE_FACTS, dedupe_lifetime=timedelta(seconds=165, milliseconds=1))

    assert why_not_resent(ORDER, [attempt()], facts, COPY) == ""


def test_another_key_is_barred_unless_a_fact_spans_keys() -> None:
    other = replace(COPY, key_fingerprint="y")
    across = replace(DEDUPE_FACTS, dedupe_across_keys=True)

    assert "another key" in why_not_resent(ORDER, [attempt()], DEDUPE_FACTS, other)
    assert why_not_resent(ORDER, [attempt()], across, other) == ""


def test_the_key_of_what_was_never_executed_does_not_matter() -> None:
    attempts = [replace(attempt(1, proven=True), key_fingerprint="old"), attempt(2)]

    assert why_not_resent(ORDER, attempts, DEDUPE_FACTS, COPY) == ""


def test_four_sends_are_all() -> None:
    attempts = [attempt(number) for number in range(1, SENDS_MAX + 1)]

    assert why_not_resent(ORDER, attempts[:3], DEDUPE_FACTS, COPY) == ""
    assert "sent 4 times" in why_not_resent(ORDER, attempts, DEDUPE_FACTS, COPY)


@pytest.mark.parametrize("copy", [replace(COPY, first_age_s=-1.0), replace(COPY, last_age_s=-0.1)])
def test_a_clock_that_was_set_back_bars_it(copy: Copy) -> None:
    assert "set back" in why_not_resent(ORDER, [attempt()], DEDUPE_FACTS, copy)


def test_what_carries_no_request_id_is_never_sent_again() -> None:
    bare = replace(ORDER, body='{"amount":"10"}')

    assert "carries no requestId" in why_not_resent(bare, [attempt()], DEDUPE_FACTS, COPY)


# What a look decides where it may.

REFUSED: JsonValue = {"kind": "answered", "verdict": "not_executed"}
UNLISTED: JsonValue = {"kind": "answered", "verdict": "unknown", "refusal": True}
NOT_SENT: JsonValue = {"kind": "not_sent", "verdict": "not_sent"}


@pytest.mark.parametrize("order", [ORDER, WITHDRAWAL, CREATION], ids=lambda o: str(o.found_by))
def test_believed_absence_is_sent_again_where_that_is_safe(order: EffectOrder) -> None:
    unknown = replace(row(S.UNKNOWN), order=order)

    assert after_look(unknown, sighting(), MAY, claimed=NOBODY) == Send()


def test_an_order_like_it_is_settled_by_a_copy_alone() -> None:
    """The copy is answered G20015 or accepted: either tells whose the listed order is."""
    assert after_look(row(S.UNKNOWN), sighting(seen()), MAY, claimed=NOBODY) == Send()


def test_nothing_is_sent_again_before_the_fence() -> None:
    early = replace(MAY, believed=False)

    assert isinstance(after_look(row(S.UNKNOWN), sighting(), early, claimed=NOBODY), Wait)


@pytest.mark.parametrize("answer", [REFUSED, UNLISTED])
def test_a_refusal_with_believed_absence_is_final_and_not_sent_again(answer: JsonValue) -> None:
    """Rule 5: attempt 1 is proven not executed now, so the refusal of attempt 2 stands."""
    last = attempt(2, proven=answer == REFUSED, answer=answer)

    decision = after_look(row(S.UNKNOWN, attempt(1), last), sighting(), MAY, claimed=NOBODY)

    assert isinstance(decision, Move)
    assert decision.state is S.REJECTED


def test_a_refusal_beside_an_order_like_it_is_not_final() -> None:
    """ "Insufficient balance because the first one landed"."""
    last = attempt(2, proven=True, answer=REFUSED)
    unknown = row(S.UNKNOWN, attempt(1), last)

    assert after_look(unknown, sighting(seen()), MAY, claimed=NOBODY) == Send()
    barred = after_look(unknown, sighting(seen()), BARRED, claimed=NOBODY)
    assert isinstance(barred, Move)
    assert barred.state is S.HALTED


@pytest.mark.parametrize(("reading", "state"), [(MAY, None), (BARRED, S.REJECTED)])
def test_a_copy_that_was_not_sent_is_followed_by_another(
    reading: Reading, state: EffectState | None
) -> None:
    last = attempt(2, proven=True, answer=NOT_SENT)

    decision = after_look(row(S.UNKNOWN, attempt(1), last), sighting(), reading, claimed=NOBODY)

    assert (decision.state if isinstance(decision, Move) else None) is state


def test_the_halt_says_why_it_was_not_sent_again() -> None:
    decision = after_look(row(S.UNKNOWN), sighting(), BARRED, claimed=NOBODY)

    assert isinstance(decision, Move)
    assert "it is not sent again, because nobody knows" in decision.reason


# A duplicate's answer.


def attributed(
    *rows: object, reading: Reading = LANDED, order: EffectOrder = ORDER
) -> Move | Wait | Send:
    sent: EffectRow = replace(row(S.SEEN), order=order, known_order_ids=("known",))
    return after_look(sent, sighting(*rows), reading, claimed=frozenset({"mine"}))  # type: ignore[arg-type]  # rows


def test_the_only_order_it_can_be_is_attributed() -> None:
    decision = attributed(seen("77"), seen("mine"), seen("known"), seen("78", "9"))

    assert isinstance(decision, Move)
    assert (decision.state, decision.order_id, decision.reason) == (S.ACCEPTED, "77", ATTRIBUTED)
    assert isinstance(decision.evidence, dict)
    assert [each["order_id"] for each in decision.evidence["read"]["near_matches"]] == ["77"]


@pytest.mark.parametrize(
    ("rows", "reading"),
    [
        pytest.param((), LANDED, id="nothing is listed"),
        pytest.param((seen("77"), seen("78")), LANDED, id="two could be it"),
        pytest.param((seen("77", network="ETH"),), LANDED, id="it differs"),
        pytest.param((seen("77"),), replace(LANDED, believed=False), id="before the fence"),
        pytest.param((seen("77"),), MAY, id="a rejected request may have used its id up"),
    ],
)
def test_nothing_less_is_attributed_and_nothing_is_sent_again(
    rows: tuple[object, ...], reading: Reading
) -> None:
    assert isinstance(attributed(*rows, reading=reading), Wait)

    late = attributed(*rows, reading=replace(reading, patience_over=True))
    assert isinstance(late, Move)
    assert late.state is S.HALTED


def test_what_is_asked_for_by_its_id_is_not_attributed() -> None:
    """A detail by requestId that shows nothing contradicts the duplicate: nothing is guessed."""
    near = seen("77", kind="withdrawal", network="ETH", details=WITHDRAWAL.expectation.details)

    assert isinstance(attributed(near, order=WITHDRAWAL), Wait)


# The driver.


@dataclass(kw_only=True)
class Denying(CrashingStore):
    """A journal whose policy lets the first attempt through and no other."""

    refusal: RunnerError

    async def begin_attempt(self, order: EffectOrder, attempt: Attempt) -> EffectRow:
        if attempt.number > 1:
            raise self.refusal
        return await self.journal.begin_attempt(order, attempt)


async def drive(bench: Bench) -> EffectRow:
    return await bench.driver().run(
        ORDER, until=Until.FINAL, timing=TIMING, acceptance=ACCEPTANCE, not_after=None
    )


@pytest.fixture
def remembering(bench: Bench) -> Bench:
    bench.facts = DEDUPE_FACTS
    bench.custodian.remembers_s = MEMORY.total_seconds()
    return bench


def ids_sent(bench: Bench) -> set[tuple[str, str]]:
    return {(order.request_id, order.body) for order, _ in bench.custodian.sends}


@pytest.mark.parametrize("shows_request_ids", [True, False])
async def test_what_was_lost_on_the_way_is_sent_again(
    remembering: Bench, *, shows_request_ids: bool
) -> None:
    remembering.custodian.shows_request_ids = shows_request_ids
    remembering.custodian.behaviours = ["lost_before", "lost_before", "ok"]

    done = await drive(remembering)

    assert done.state is S.CONFIRMED
    assert len(remembering.custodian.executions()) == 1
    assert ids_sent(remembering) == {(ORDER.request_id, ORDER.body)}
    assert len(done.attempts) == 3
    assert remembering.states.count("intent") == 1
    assert sum(remembering.clock.slept) > 2 * FENCE_S


async def test_what_landed_in_a_list_without_ids_is_proven_by_a_copy(remembering: Bench) -> None:
    remembering.custodian.shows_request_ids = False
    remembering.custodian.behaviours = ["lost_after"]

    done = await drive(remembering)

    assert remembering.states == [
        "intent",
        "sending",
        "unknown",
        "sending",
        "seen",
        "accepted",
        "confirmed",
    ]
    (made,) = remembering.custodian.executions()
    assert done.order_id == made.seen.order_id
    assert how_known(done) == ATTRIBUTED
    assert done.reason.endswith(ATTRIBUTED)


async def test_a_strangers_twin_is_never_taken_for_ours(remembering: Bench) -> None:
    """Ours was lost on the way, a stranger's equal order is listed: the copy is accepted."""
    remembering.custodian.shows_request_ids = False
    remembering.custodian.behaviours = ["lost_before", "ok"]

    async def twin() -> None:
        if len(remembering.custodian.sends) == 1:
            remembering.custodian.place()

    remembering.wire.before_answer = twin
    done = await drive(remembering)

    (made,) = remembering.custodian.executions()
    assert (done.state, done.order_id) == (S.CONFIRMED, made.seen.order_id)


async def test_a_twin_beside_what_landed_halts(remembering: Bench) -> None:
    remembering.custodian.shows_request_ids = False
    remembering.custodian.behaviours = ["lost_after"]

    async def twin() -> None:
        if len(remembering.custodian.sends) == 1:
            remembering.custodian.place()

    remembering.wire.before_answer = twin
    done = await drive(remembering)

    assert done.state is S.HALTED
    assert isinstance(done.evidence, dict)
    assert len(done.evidence["read"]["near_matches"]) == 2
    assert len(remembering.custodian.executions()) == 1


async def test_four_lost_sends_halt(remembering: Bench) -> None:
    remembering.custodian.behaviours = ["lost_before"]

    done = await drive(remembering)

    assert (done.state, len(remembering.custodian.sends)) == (S.HALTED, SENDS_MAX)
    assert "it was sent 4 times" in done.reason


async def test_refusal_after_the_first_landed_is_not_believed(remembering: Bench) -> None:
    remembering.custodian.shows_request_ids = False
    remembering.custodian.remembers_s = None
    remembering.facts = replace(DEDUPE_FACTS, dedupe_lifetime=timedelta(hours=1))
    remembering.custodian.behaviours = ["lost_after", "refused"]

    done = await drive(remembering)

    assert done.state is S.HALTED
    assert len(remembering.custodian.executions()) == 1


async def test_a_copy_is_not_sent_once_waiting_has_made_it_unsafe(remembering: Bench) -> None:
    """The rate window may hold a send up for longer than the custodian remembers."""
    remembering.custodian.behaviours = ["lost_before"]
    wait = remembering.wire.timestamp_ms

    async def held_up() -> int:
        if remembering.custodian.sends:
            remembering.clock.advance(MEMORY.total_seconds())
        return await wait()

    driver = remembering.driver()
    object.__setattr__(remembering.wire, "timestamp_ms", held_up)
    done = await driver.run(
        ORDER, until=Until.FINAL, timing=TIMING, acceptance=ACCEPTANCE, not_after=None
    )

    assert (done.state, len(remembering.custodian.sends)) == (S.HALTED, 1)
    assert "may have forgotten" in done.reason


async def test_a_clock_set_back_a_little_does_not_make_an_attempt_younger(
    remembering: Bench,
) -> None:
    """The process measures what it has lived through itself, whatever the wall clock says."""
    remembering.facts = replace(DEDUPE_FACTS, dedupe_lifetime=timedelta(seconds=230))
    remembering.custodian.behaviours = ["lost_before", "ok"]

    async def set_back() -> None:
        remembering.clock.wall -= timedelta(seconds=60)

    remembering.wire.before_answer = set_back
    done = await drive(remembering)

    assert (done.state, len(remembering.custodian.sends)) == (S.HALTED, 1)
    assert "may have forgotten" in done.reason


async def test_another_key_does_not_send_again(remembering: Bench) -> None:
    remembering.custodian.behaviours = ["lost_before", "ok"]

    async def change() -> None:
        remembering.wire.key_fingerprint = "SHA256:new"

    remembering.wire.before_answer = change
    done = await drive(remembering)

    assert (done.state, len(remembering.custodian.sends)) == (S.HALTED, 1)
    assert "signed with another key" in done.reason


async def test_an_expired_plan_does_not_keep_a_copy_back(remembering: Bench) -> None:
    remembering.custodian.behaviours = ["lost_before", "ok"]

    done = await remembering.driver().run(
        ORDER,
        until=Until.FINAL,
        timing=TIMING,
        acceptance=ACCEPTANCE,
        not_after=START + timedelta(seconds=5),
    )

    assert done.state is S.CONFIRMED


@pytest.mark.parametrize("refusal", [PolicyDenied("not today"), ConfirmationRefused("nobody said")])
async def test_a_denial_keeps_what_may_have_been_executed_open(
    remembering: Bench, refusal: RunnerError
) -> None:
    """A policy that says no now does not undo what was sent: nobody may call it denied."""
    remembering.custodian.behaviours = ["lost_before", "ok"]
    denying = Denying(journal=remembering.journal, dies_at=0, after=False, refusal=refusal)

    with pytest.raises(OutcomeUnknown, match="nobody knows what became of"):
        await remembering.driver(denying).run(
            ORDER, until=Until.FINAL, timing=TIMING, acceptance=ACCEPTANCE, not_after=None
        )

    kept = await remembering.journal.effect(ORDER.run_id, ORDER.path)
    assert kept is not None
    assert (kept.state, len(remembering.custodian.sends)) == (S.UNKNOWN, 1)
    assert (await drive(remembering)).state is S.CONFIRMED


async def test_copies_that_cannot_be_sent_are_tried_again_by_the_next_process(
    remembering: Bench,
) -> None:
    remembering.custodian.behaviours = ["lost_before", *["not_sent"] * 4, "ok"]

    with pytest.raises(OutcomeUnknown, match="one of them may have been executed"):
        await drive(remembering)
    remembering.reopen()

    assert (await drive(remembering)).state is S.CONFIRMED


async def test_what_no_read_shows_waits_before_it_is_sent_again(tmp_path: Path) -> None:
    bench = Bench(path=tmp_path / "state" / "state.sqlite", subject=RESEND, eyes_of=NoEyes)
    await bench.journal.register_run(RUN, {})
    bench.custodian.behaviours = ["lost_before", "ok"]

    done = await bench.driver().run(
        RESEND, until=Until.FINAL, timing=TIMING, acceptance=BLIND.acceptance, not_after=None
    )

    bench.journal.close()
    assert (done.state, len(bench.custodian.sends)) == (S.CONFIRMED, 2)
    assert bench.clock.slept[0] >= TIMING.every_s * 0.75
