"""The rules by values: every state, every observation."""

from dataclasses import replace
from decimal import Decimal

import pytest

from runner.core.jsonvalue import JsonValue
from runner.effects.classify import Verdict, VerdictKind
from runner.effects.evidence import differences
from runner.effects.machine import (
    SENDS_MAX,
    TRANSITIONS,
    Blocked,
    LookCloser,
    Move,
    Reading,
    Send,
    Wait,
    after_answer,
    after_halt,
    after_look,
    after_poll,
    among_recent,
    before_sending,
    found_sending,
    is_unsent,
    never_listed,
    out_of_patience,
    sends_made,
    transitions,
)
from runner.effects.matching import same_payload
from runner.effects.model import (
    FINAL_STATES,
    OPEN_STATES,
    Attempt,
    EffectRow,
    EffectState,
    SeenOrder,
    Sighting,
)
from tests.effects.fakes import ORDER, START

S = EffectState
V = VerdictKind
NOBODY: frozenset[str] = frozenset()


def seen(order_id: str = "77", request_id: str = "", **other: object) -> SeenOrder:
    values: dict[str, object] = {
        "subject_id": "33",
        "kind": "delegate",
        "coin": "USDT",
        "network": "",
        "amount": Decimal(10),
        "status": "success",
        "status_code": "30",
    }
    return SeenOrder(order_id=order_id, request_id=request_id, **(values | other))  # type: ignore[arg-type]  # a table of defaults


def sighting(*rows: SeenOrder, complete: bool = True) -> Sighting:
    return Sighting(rows=rows, complete=complete, at=START)


def attempt(number: int = 1, *, proven: bool = False, answer: JsonValue = None) -> Attempt:
    return Attempt(
        number=number,
        timestamp_ms=1000 + number,
        started_at=START,
        key_fingerprint="x",
        answer=answer,
        proven_not_executed=proven,
    )


def row(state: EffectState, *attempts: Attempt, **other: object) -> EffectRow:
    values: dict[str, object] = {"known_order_ids": (), "reason": "why"}
    return EffectRow(
        order=ORDER,
        state=state,
        attempts=attempts or (attempt(),),
        changed_at=START,
        **(values | other),  # type: ignore[arg-type]  # a table of defaults
    )


def verdict(kind: VerdictKind, **other: object) -> Verdict:
    return Verdict(kind=kind, reason="why", **other)  # type: ignore[arg-type]  # by name


# The table.


def test_table_names_every_state() -> None:
    assert set(TRANSITIONS) == set(EffectState)


def test_final_states_lead_nowhere() -> None:
    assert {state for state, targets in TRANSITIONS.items() if not targets} == FINAL_STATES


def test_only_intent_can_be_sent_and_unknown_sent_again() -> None:
    sources = {state for state, targets in TRANSITIONS.items() if S.SENDING in targets}

    assert sources == {S.INTENT, S.UNKNOWN}


def test_an_effect_without_its_id_on_the_wire_is_never_sent_again() -> None:
    bare = replace(ORDER, body='{"amount":"10","label":"\\"requestId\\":"}')

    assert transitions(ORDER, S.UNKNOWN) == TRANSITIONS[S.UNKNOWN]
    assert transitions(bare, S.UNKNOWN) == TRANSITIONS[S.UNKNOWN] - {S.SENDING}


def test_only_an_attempt_just_answered_can_go_back_to_intent() -> None:
    """INTENT is what nothing was sent of, so that a run that ends cancels it."""
    sources = {state for state, targets in TRANSITIONS.items() if S.INTENT in targets}

    assert sources == {S.PLANNED, S.SENDING}


def test_success_and_failure_come_from_accepted_alone() -> None:
    for final in (S.CONFIRMED, S.FAILED):
        assert [s for s, targets in TRANSITIONS.items() if final in targets] == [S.ACCEPTED]


def test_nothing_that_may_have_been_sent_can_be_cancelled() -> None:
    assert [s for s, targets in TRANSITIONS.items() if S.CANCELLED in targets] == [S.INTENT]


def test_every_open_state_can_halt_or_be_found() -> None:
    for state in OPEN_STATES - {S.HALTED}:
        assert {S.ACCEPTED, S.HALTED} <= TRANSITIONS[state]


# Counting.


def test_unsent_attempts_do_not_count_as_sends() -> None:
    attempts = [
        attempt(1, answer={"kind": "not_sent"}, proven=True),
        attempt(2, answer={"kind": "answered"}, proven=True),
        attempt(3, answer={"kind": "lost"}),
        attempt(4),
    ]

    assert sends_made(attempts) == 3
    assert not is_unsent(attempts)
    assert is_unsent(attempts[:2])
    assert is_unsent([])


# Before sending.


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param((), Send(), id="nothing there"),
        pytest.param((seen(amount=Decimal(9)),), Send(), id="another amount"),
        pytest.param((seen(kind="undelegate"),), Send(), id="another kind"),
        pytest.param((seen(coin="BTC"),), Send(), id="another coin"),
        pytest.param((seen(subject_id="34"),), Send(), id="another link"),
        pytest.param((seen(),), LookCloser(), id="a twin"),
        pytest.param((seen(network="ETH"),), LookCloser(), id="a twin of another network"),
        pytest.param((seen(request_id="9"),), LookCloser(), id="a twin with its own requestId"),
        pytest.param((seen(status="failed"),), LookCloser(), id="a failed twin"),
        pytest.param((seen("mine"),), Send(), id="a twin that is an effect of ours"),
        pytest.param(
            (seen(coin="BTC", status="accepted"),), Send(), id="an open order of another coin"
        ),
        pytest.param(
            (seen(subject_id="34", status="accepted"),), Send(), id="an open order of another link"
        ),
    ],
)
def test_look_before_sending(rows: tuple[SeenOrder, ...], expected: object) -> None:
    decision = before_sending(
        ORDER, (), sighting(*rows), claimed=frozenset({"mine"}), expired=False
    )

    assert decision == expected


@pytest.mark.parametrize("status", ["accepted", "in_progress", "unknown"])
@pytest.mark.parametrize("kind", ["delegate", "undelegate"])
def test_open_order_blocks(status: str, kind: str) -> None:
    order = seen("mine", status=status, kind=kind, amount=Decimal(1))

    decision = before_sending(
        ORDER, (), sighting(order), claimed=frozenset({"mine"}), expired=False
    )

    assert decision == Blocked(seen=order)


def test_incomplete_look_does_not_allow_a_send() -> None:
    decision = before_sending(ORDER, (), sighting(complete=False), claimed=NOBODY, expired=False)

    assert isinstance(decision, Wait)


def test_expired_plan_is_cancelled_even_beside_an_open_order() -> None:
    decision = before_sending(
        ORDER, (), sighting(seen(status="accepted")), claimed=NOBODY, expired=True
    )

    assert isinstance(decision, Move)
    assert decision.state is S.CANCELLED


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("expired", [True, False])
def test_own_order_is_adopted_before_anything_else(*, complete: bool, expired: bool) -> None:
    own = seen("77", "41", status="in_progress", status_code="20")

    decision = before_sending(
        ORDER, (), sighting(own, complete=complete), claimed=NOBODY, expired=expired
    )

    assert decision == Move(
        state=S.ACCEPTED,
        order_id="77",
        status="in_progress",
        status_code="20",
        reason="the custodian lists it under our requestId",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal("10.1")},
        {"coin": "BTC"},
        {"kind": "x"},
        {"subject_id": "3"},
        {"network": "ETH"},
    ],
)
def test_own_order_with_another_payload_halts(change: dict[str, object]) -> None:
    decision = before_sending(
        ORDER, (), sighting(seen("77", "41", **change)), claimed=NOBODY, expired=False
    )

    assert isinstance(decision, Move)
    assert decision.state is S.HALTED
    assert decision.reason.startswith("requestId 41: order 77 has our requestId, but ")


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ((), None),
        ((seen("mine"),), None),
        ((seen("other"),), S.HALTED),
        ((seen("other", "9"),), S.HALTED),
        ((seen("77", "41"),), S.ACCEPTED),
    ],
)
def test_recent_look(rows: tuple[SeenOrder, ...], state: EffectState | None) -> None:
    decision = among_recent(ORDER, (), sighting(*rows), claimed=frozenset({"mine"}))

    assert (decision.state if isinstance(decision, Move) else None) is state


def test_incomplete_recent_look_decides_nothing() -> None:
    decision = among_recent(ORDER, (), sighting(complete=False), claimed=NOBODY)

    assert isinstance(decision, Wait)


# After an answer.


@pytest.mark.parametrize(
    ("kind", "state", "proven"),
    [
        (V.ACCEPTED, S.ACCEPTED, False),
        (V.NOT_EXECUTED, S.REJECTED, True),
        (V.REPEATABLE, S.INTENT, True),
        (V.RATE_LIMITED, S.INTENT, True),
        (V.NOT_SENT, S.INTENT, True),
        (V.SEEN, S.SEEN, False),
        (V.UNKNOWN, S.UNKNOWN, False),
    ],
)
def test_answer_to_a_first_attempt(kind: VerdictKind, state: EffectState, *, proven: bool) -> None:
    judged = after_answer(row(S.SENDING), verdict(kind, order_id="77"), can_repeat=True)

    assert (judged.move.state, judged.proven_not_executed) == (state, proven)
    assert judged.move.state in TRANSITIONS[S.SENDING]


@pytest.mark.parametrize(
    ("kind", "state", "proven"),
    [
        (V.ACCEPTED, S.ACCEPTED, False),
        (V.NOT_EXECUTED, S.UNKNOWN, True),
        (V.REPEATABLE, S.UNKNOWN, True),
        (V.RATE_LIMITED, S.UNKNOWN, True),
        (V.NOT_SENT, S.UNKNOWN, True),
        (V.SEEN, S.SEEN, False),
        (V.UNKNOWN, S.UNKNOWN, False),
    ],
)
def test_answer_after_an_attempt_that_may_have_landed(
    kind: VerdictKind, state: EffectState, *, proven: bool
) -> None:
    """Rule 5: "insufficient balance" may be the consequence of attempt 1."""
    sending = row(S.SENDING, attempt(1), attempt(2))

    judged = after_answer(sending, verdict(kind, order_id="77"), can_repeat=True)

    assert (judged.move.state, judged.proven_not_executed) == (state, proven)


def test_answer_after_attempts_proven_unexecuted_is_as_good_as_the_first() -> None:
    sending = row(S.SENDING, attempt(1, proven=True), attempt(2))

    judged = after_answer(sending, verdict(V.NOT_EXECUTED), can_repeat=False)

    assert judged.move.state is S.REJECTED


@pytest.mark.parametrize("kind", [V.REPEATABLE, V.RATE_LIMITED])
def test_last_send_is_not_repeated(kind: VerdictKind) -> None:
    earlier = [attempt(n, proven=True, answer={"kind": "answered"}) for n in range(1, SENDS_MAX)]
    sending = row(S.SENDING, *earlier, attempt(SENDS_MAX))

    judged = after_answer(sending, verdict(kind), can_repeat=True)

    assert (judged.move.state, judged.proven_not_executed) == (S.REJECTED, True)


def test_unsent_attempts_leave_all_sends() -> None:
    earlier = [attempt(n, proven=True, answer={"kind": "not_sent"}) for n in range(1, 9)]
    sending = row(S.SENDING, *earlier, attempt(9))

    judged = after_answer(sending, verdict(V.REPEATABLE), can_repeat=True)

    assert judged.move.state is S.INTENT


def test_repeatable_without_its_remedy_is_a_no() -> None:
    judged = after_answer(row(S.SENDING), verdict(V.REPEATABLE), can_repeat=False)

    assert judged.move.state is S.REJECTED


def test_accepted_under_a_known_order_id_halts() -> None:
    sending = row(S.SENDING, known_order_ids=("77",))

    judged = after_answer(sending, verdict(V.ACCEPTED, order_id="77"), can_repeat=False)

    assert (judged.move.state, judged.proven_not_executed) == (S.HALTED, False)


def test_found_sending_is_unknown() -> None:
    assert found_sending().state is S.UNKNOWN


# After a look at an unknown outcome.

PATIENT = Reading(believed=False, patience_over=False)
BELIEVED = Reading(believed=True, patience_over=False)
IMPATIENT = Reading(believed=False, patience_over=True)
REFUSAL: JsonValue = {"kind": "answered", "verdict": "unknown", "refusal": True}
OWN, NEAR, FOREIGN = seen("77", "41"), seen("77"), seen("77", "9")


@pytest.mark.parametrize(
    ("state", "rows", "reading", "expected"),
    [
        (S.UNKNOWN, (OWN,), PATIENT, S.ACCEPTED),
        (S.UNKNOWN, (OWN,), BELIEVED, S.ACCEPTED),
        (S.UNKNOWN, (OWN,), IMPATIENT, S.ACCEPTED),
        (S.UNKNOWN, (OWN, NEAR), PATIENT, S.ACCEPTED),
        (S.UNKNOWN, (OWN, OWN), PATIENT, S.ACCEPTED),
        (S.UNKNOWN, (OWN, seen("78", "41")), PATIENT, S.HALTED),
        (S.UNKNOWN, (replace(OWN, amount=Decimal(1)),), PATIENT, S.HALTED),
        (S.UNKNOWN, (), PATIENT, None),
        (S.UNKNOWN, (), BELIEVED, S.HALTED),
        (S.UNKNOWN, (), IMPATIENT, S.HALTED),
        (S.UNKNOWN, (NEAR,), PATIENT, None),
        (S.UNKNOWN, (NEAR,), BELIEVED, S.HALTED),
        (S.UNKNOWN, (NEAR,), IMPATIENT, S.HALTED),
        (S.UNKNOWN, (FOREIGN,), PATIENT, None),
        (S.SEEN, (OWN,), PATIENT, S.ACCEPTED),
        (S.SEEN, (replace(OWN, amount=Decimal(1)),), PATIENT, S.HALTED),
        (S.SEEN, (), PATIENT, None),
        (S.SEEN, (), BELIEVED, None),
        (S.SEEN, (), IMPATIENT, S.HALTED),
        (S.SEEN, (NEAR,), BELIEVED, None),
        (S.SEEN, (NEAR,), IMPATIENT, S.HALTED),
    ],
)
def test_look_at_an_unknown_outcome(
    state: EffectState,
    rows: tuple[SeenOrder, ...],
    reading: Reading,
    expected: EffectState | None,
) -> None:
    decision = after_look(row(state), sighting(*rows), reading, claimed=NOBODY)

    assert (decision.state if isinstance(decision, Move) else None) is expected
    assert expected is None or expected in TRANSITIONS[state]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((), S.REJECTED),
        ((FOREIGN,), S.REJECTED),
        ((NEAR,), S.HALTED),
        ((seen("known"),), S.REJECTED),
        ((seen("mine"),), S.REJECTED),
        ((OWN,), S.ACCEPTED),
    ],
)
@pytest.mark.parametrize(
    "last", [attempt(answer=REFUSAL), attempt(proven=True)], ids=["unlisted code", "definite no"]
)
def test_believed_absence_makes_a_refusal_definite(
    rows: tuple[SeenOrder, ...], expected: EffectState, last: Attempt
) -> None:
    unknown = row(S.UNKNOWN, last, known_order_ids=("known",))

    decision = after_look(unknown, sighting(*rows), BELIEVED, claimed=frozenset({"mine"}))

    assert isinstance(decision, Move)
    assert decision.state is expected


@pytest.mark.parametrize("reading", [PATIENT, IMPATIENT])
def test_refusal_is_never_definite_without_belief(reading: Reading) -> None:
    decision = after_look(
        row(S.UNKNOWN, attempt(answer=REFUSAL)), sighting(), reading, claimed=NOBODY
    )

    assert not isinstance(decision, Send)
    assert isinstance(decision, Wait) or decision.state is S.HALTED


def test_halt_names_the_request_and_the_near_match() -> None:
    decision = after_look(row(S.UNKNOWN), sighting(NEAR), IMPATIENT, claimed=NOBODY)

    assert isinstance(decision, Move)
    assert "requestId 41" in decision.reason
    assert isinstance(decision.evidence, dict)
    assert [each["order_id"] for each in decision.evidence["read"]["near_matches"]] == ["77"]


def test_halt_without_any_look_says_so() -> None:
    move = out_of_patience(row(S.UNKNOWN), None)

    assert move.state is S.HALTED
    assert "could not be read" in move.reason
    assert isinstance(move.evidence, dict)
    assert move.evidence["read"] is None


# A halted effect.


@pytest.mark.parametrize(
    ("order_id", "rows", "expected"),
    [
        ("", (), None),
        ("", (NEAR,), None),
        ("", (FOREIGN,), None),
        ("", (OWN,), S.ACCEPTED),
        ("77", (OWN,), S.ACCEPTED),
        ("78", (OWN,), None),
        ("", (replace(OWN, amount=Decimal(1)),), None),
        ("", (OWN, seen("78", "41")), None),
    ],
)
def test_halted_effect_is_helped_by_an_own_hit_alone(
    order_id: str, rows: tuple[SeenOrder, ...], expected: EffectState | None
) -> None:
    decision = after_halt(row(S.HALTED, order_id=order_id), sighting(*rows))

    assert (decision.state if isinstance(decision, Move) else None) is expected


# An accepted order.


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param((), None, id="not listed"),
        pytest.param((seen("78"),), None, id="another order"),
        pytest.param((seen("77"),), S.CONFIRMED, id="success"),
        pytest.param((seen("77", "41"),), S.CONFIRMED, id="success under our requestId"),
        pytest.param((seen("77", amount=Decimal("10.00")),), S.CONFIRMED, id="other spelling"),
        pytest.param((seen("77", status="failed", status_code="99"),), S.FAILED, id="failed"),
        pytest.param((seen("77", status="accepted", status_code="10"),), None, id="as before"),
        pytest.param(
            (seen("77", status="in_progress", status_code="20"),), S.ACCEPTED, id="moved on"
        ),
        pytest.param(
            (seen("77", status="unknown", status_code="55"),), S.ACCEPTED, id="unknown status"
        ),
        pytest.param((seen("77", "9"),), S.HALTED, id="foreign requestId"),
        pytest.param((seen("77", amount=Decimal(9)),), S.HALTED, id="another amount"),
        pytest.param((seen("77", subject_id="3"),), S.HALTED, id="another link"),
        pytest.param((seen("77", coin="BTC"),), S.HALTED, id="another coin"),
        pytest.param((seen("77", kind="x"),), S.HALTED, id="another kind"),
        pytest.param((seen("77", network="ETH"),), S.HALTED, id="another network"),
        pytest.param(
            (seen("77", status="failed", amount=Decimal(9)),), S.HALTED, id="failed but different"
        ),
        pytest.param((seen("77"), seen("78", "41")), S.HALTED, id="our requestId twice"),
        pytest.param(
            (seen("77", status="in_progress"), seen("77")), S.CONFIRMED, id="listed twice, moving"
        ),
        pytest.param(
            (seen("77"), seen("77", status="in_progress")), S.CONFIRMED, id="listed twice, older"
        ),
        pytest.param(
            (seen("77"), seen("77", status="failed")), None, id="success and failed at once"
        ),
        pytest.param(
            (seen("77"), seen("77", amount=Decimal(9))), S.HALTED, id="listed twice, different"
        ),
    ],
)
def test_poll_of_an_accepted_order(
    rows: tuple[SeenOrder, ...], expected: EffectState | None
) -> None:
    accepted = row(S.ACCEPTED, order_id="77", status="accepted", status_code="10")

    decision = after_poll(accepted, sighting(*rows))

    assert (decision.state if isinstance(decision, Move) else None) is expected


def test_incomplete_list_that_shows_the_order_is_good_enough() -> None:
    accepted = row(S.ACCEPTED, order_id="77")

    decision = after_poll(accepted, sighting(seen("77"), complete=False))

    assert isinstance(decision, Move)
    assert decision.state is S.CONFIRMED


@pytest.mark.parametrize(
    ("rows", "complete", "halts"),
    [
        ((), True, True),
        ((), False, False),
        ((seen("78"),), True, True),
        ((seen("77", status="in_progress"),), True, False),
    ],
)
def test_accepted_order_that_no_complete_list_shows_halts(
    rows: tuple[SeenOrder, ...], *, complete: bool, halts: bool
) -> None:
    decision = never_listed(row(S.ACCEPTED, order_id="77"), sighting(*rows, complete=complete))

    assert (isinstance(decision, Move) and decision.state is S.HALTED) is halts


@pytest.mark.parametrize(
    ("rows", "others", "helps"),
    [
        ((NEAR,), NOBODY, True),
        ((NEAR,), frozenset({"77"}), True),
        ((FOREIGN,), NOBODY, False),
        ((replace(NEAR, amount=Decimal(1)),), NOBODY, False),
        ((seen("78"),), NOBODY, False),
    ],
)
def test_halted_effect_takes_up_the_order_that_its_answer_named(
    rows: tuple[SeenOrder, ...], others: frozenset[str], *, helps: bool
) -> None:
    decision = after_halt(row(S.HALTED, order_id="77"), sighting(*rows), claimed=others)

    assert (isinstance(decision, Move) and decision.state is S.ACCEPTED) is helps


# Payloads.


def test_same_payload_leaves_out_the_own_order() -> None:
    twin = seen("78")

    assert same_payload(ORDER, sighting(OWN, twin, seen("79", amount=Decimal(1)))) == (twin,)


def test_differences_are_named() -> None:
    other = seen(subject_id="3", kind="x", coin="BTC", network="ETH", amount=Decimal("1E+1"))

    assert differences(ORDER.expectation, other) == (
        "link is 3, not 33",
        "kind is x, not delegate",
        "coin is BTC, not USDT",
        "network is ETH, not empty",
    )
    assert differences(ORDER.expectation, seen(amount=Decimal("10.0"))) == ()
    assert differences(ORDER.expectation, seen(amount=Decimal("0.10"))) == (
        "amount is 0.1, not 10",
    )
