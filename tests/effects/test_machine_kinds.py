"""The rules by values for what is found by requestId, by name, by its state, or not at all."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from runner.catalogue.manifest import CHAIN_STATUSES, Acceptance
from runner.core.jsonvalue import JsonValue
from runner.effects.classify import Verdict, VerdictKind, classify
from runner.effects.evidence import ask_text, is_same_address, wanted_words
from runner.effects.machine import (
    REPEATED,
    SENDS_MAX,
    TRANSITIONS,
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
    transitions,
)
from runner.effects.matching import needs_claims
from runner.effects.model import (
    Attempt,
    EffectOrder,
    EffectRow,
    EffectState,
    SeenOrder,
    SendKind,
    SendReport,
    Sighting,
)
from runner.effects.ports import Facts
from runner.reporting.recap import effect_line
from tests.effects.fakes import CODES, ORDER, START
from tests.effects.kinds import BY_ID, BY_NAME, CREATION, RESEND, UPDATE, WITHDRAWAL

S = EffectState
NOBODY: frozenset[str] = frozenset()
ENTRY = replace(
    UPDATE,
    action="whitelist.upsert",
    body='{"address":"0xab"}',
    expectation=replace(
        UPDATE.expectation,
        subject_id="",
        kind="whitelist entry",
        coin="USDT",
        network="ETH",
        details={"address": "0xab", "memo": "", "label": "Cold"},
    ),
)
PATIENT = Reading(believed=False, patience_over=False)
ENOUGH = Reading(believed=False, patience_over=False, looked_enough=True)
BELIEVED = Reading(believed=True, patience_over=False, looked_enough=True)
IMPATIENT = Reading(believed=False, patience_over=True, looked_enough=True)


def seen_of(
    order: EffectOrder,
    order_id: str = "77",
    changes: Mapping[str, object] | None = None,
    **named: object,
) -> SeenOrder:
    """Return what the custodian shows of an effect that was executed to its end."""
    wanted = order.expectation
    seen = SeenOrder(
        order_id=order_id,
        subject_id=wanted.subject_id,
        kind=wanted.kind,
        coin=wanted.coin,
        network=wanted.network,
        amount=wanted.amount,
        details=wanted.details,
        status="success",
        status_code="30",
    )
    return replace(seen, **{**(changes or {}), **named})  # type: ignore[arg-type]  # a table of changes


def sighting(*rows: SeenOrder, complete: bool = True) -> Sighting:
    return Sighting(rows=rows, complete=complete, at=START)


def attempts(count: int = 1) -> tuple[Attempt, ...]:
    return tuple(
        Attempt(number=number, timestamp_ms=number, started_at=START, key_fingerprint="x")
        for number in range(1, count + 1)
    )


def row_of(
    order: EffectOrder,
    state: EffectState,
    *,
    sent: int = 1,
    known: tuple[str, ...] = (),
    order_id: str = "",
) -> EffectRow:
    return EffectRow(
        order=order,
        state=state,
        attempts=attempts(sent),
        known_order_ids=known,
        order_id=order_id,
        reason="why",
        changed_at=START,
    )


def state_of(decision: object) -> EffectState | None:
    return decision.state if isinstance(decision, Move) else None


# the table


def test_only_repeatable_effects_are_sent_again() -> None:
    for order in (ORDER, WITHDRAWAL, CREATION):
        assert all(transitions(order, state) == TRANSITIONS[state] for state in S)
    for order in (UPDATE, RESEND):
        more = {state for state in S if transitions(order, state) != TRANSITIONS[state]}
        assert more == set(REPEATED) == {S.SEEN}
        assert all(S.SENDING in transitions(order, state) for state in more)


# by requestId


def test_open_order_of_the_wallet_stands_in_nobodys_way() -> None:
    other = seen_of(WITHDRAWAL, status="accepted", amount=Decimal(3))

    decision = before_sending(WITHDRAWAL, (), sighting(other), claimed=NOBODY, expired=False)

    assert decision == Send()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, LookCloser()),
        ({"details": {"address": "0xff", "memo": ""}}, LookCloser()),
        ({"amount": None}, LookCloser()),
        ({"amount": Decimal(9)}, Send()),
        ({"subject_id": "34"}, Send()),
        ({"subject_id": "34", "amount": None}, Send()),
    ],
    ids=str,
)
def test_orders_like_it_are_looked_at_closer(changes: dict[str, object], expected: object) -> None:
    decision = before_sending(
        WITHDRAWAL,
        (),
        sighting(seen_of(WITHDRAWAL, changes=changes)),
        claimed=NOBODY,
        expired=False,
    )

    assert decision == expected


def test_recent_order_like_it_halts_and_one_with_a_hidden_fee_waits() -> None:
    twin, hidden = seen_of(WITHDRAWAL), seen_of(WITHDRAWAL, "78", amount=None)

    halted = among_recent(WITHDRAWAL, (), sighting(twin, hidden), claimed=NOBODY)
    waiting = among_recent(WITHDRAWAL, (), sighting(hidden), claimed=NOBODY)
    ours = among_recent(WITHDRAWAL, (), sighting(hidden), claimed=frozenset({"78"}))

    assert state_of(halted) is S.HALTED
    assert isinstance(waiting, Wait)
    assert "its fee is not shown yet" in waiting.reason
    assert ours == Send()


def test_order_under_our_request_id_is_adopted_before_its_fee_is_shown() -> None:
    own = seen_of(WITHDRAWAL, request_id="41", amount=None)

    decision = after_look(row_of(WITHDRAWAL, S.UNKNOWN), sighting(own), PATIENT, claimed=NOBODY)

    assert state_of(decision) is S.ACCEPTED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, S.CONFIRMED),
        ({"amount": None}, None),
        ({"details": {"memo": ""}}, None),
        ({"amount": None, "status": "failed"}, S.FAILED),
        ({"amount": None, "status": "in_progress"}, S.ACCEPTED),
        ({"amount": Decimal(9)}, S.HALTED),
        ({"details": {"address": "0xff", "memo": ""}}, S.HALTED),
        ({"details": {"address": "0xab", "memo": "5"}}, S.HALTED),
        ({"status": "unknown", "status_code": "50"}, S.ACCEPTED),
    ],
    ids=str,
)
def test_success_counts_once_everything_is_compared(
    changes: dict[str, object], expected: EffectState | None
) -> None:
    accepted = row_of(WITHDRAWAL, S.ACCEPTED, order_id="77")
    own = seen_of(WITHDRAWAL, changes=changes, request_id="41")

    assert state_of(after_poll(accepted, sighting(own))) is expected


def test_what_is_not_shown_yet_is_named() -> None:
    accepted = row_of(WITHDRAWAL, S.ACCEPTED, order_id="77")
    own = seen_of(WITHDRAWAL, request_id="41", amount=None, details={"memo": ""})

    decision = after_poll(accepted, sighting(own))

    assert isinstance(decision, Wait)
    assert decision.reason == "order 77 does not show its address, amount without the fee yet"


# by name


@pytest.mark.parametrize("changes", [{}, {"details": {"name": "desk 7", "type": "other"}}])
def test_name_that_is_taken_halts_before_anything_is_sent(changes: dict[str, object]) -> None:
    decision = before_sending(
        CREATION, (), sighting(seen_of(CREATION, changes=changes)), claimed=NOBODY, expired=False
    )

    assert isinstance(decision, Move)
    assert decision.state is S.HALTED
    assert "77 has the name already: nothing was sent" in decision.reason


def test_free_name_is_sent() -> None:
    other = seen_of(CREATION, details={"name": "desk 8", "type": "prime"})

    decision = before_sending(CREATION, (), sighting(other), claimed=NOBODY, expired=False)

    assert decision == Send()


TWIN = seen_of(CREATION, "78")


@pytest.mark.parametrize(
    ("rows", "known", "claimed", "complete", "expected"),
    [
        pytest.param((seen_of(CREATION),), (), NOBODY, True, S.ACCEPTED, id="the one new wallet"),
        pytest.param((seen_of(CREATION),), (), NOBODY, False, None, id="a second may be hidden"),
        pytest.param((seen_of(CREATION), TWIN), (), NOBODY, True, S.HALTED, id="two"),
        pytest.param((seen_of(CREATION),), ("77",), NOBODY, True, S.HALTED, id="there before"),
        pytest.param(
            (seen_of(CREATION),), (), frozenset({"77"}), True, S.HALTED, id="another effect's"
        ),
        pytest.param(
            (seen_of(CREATION, details={"name": "desk 7", "type": "qualified"}),),
            (),
            NOBODY,
            True,
            S.HALTED,
            id="of another type",
        ),
        pytest.param(
            (seen_of(CREATION, subject_id="5"),), (), NOBODY, True, S.HALTED, id="of another parent"
        ),
        pytest.param((), (), NOBODY, True, None, id="not there"),
    ],
)
@pytest.mark.parametrize("state", [S.UNKNOWN, S.SEEN])
def test_new_thing_of_the_name_is_ours(
    state: EffectState,
    rows: tuple[SeenOrder, ...],
    known: tuple[str, ...],
    claimed: frozenset[str],
    complete: bool,
    expected: EffectState | None,
) -> None:
    row = row_of(CREATION, state, known=known)

    decision = after_look(row, sighting(*rows, complete=complete), PATIENT, claimed=claimed)

    assert state_of(decision) is expected


def test_creation_is_never_sent_again() -> None:
    for reading in (ENOUGH, BELIEVED, IMPATIENT):
        decision = after_look(row_of(CREATION, S.UNKNOWN), sighting(), reading, claimed=NOBODY)
        assert not isinstance(decision, Send)


def test_new_wallet_is_confirmed_when_listed_and_alone() -> None:
    accepted = row_of(CREATION, S.ACCEPTED, order_id="77")

    listed = after_poll(accepted, sighting(seen_of(CREATION)))
    missing = after_poll(accepted, sighting(replace(TWIN, details={"name": "x"})))
    twice = after_poll(accepted, sighting(seen_of(CREATION), TWIN))
    other = after_poll(
        accepted, sighting(seen_of(CREATION, details={"name": "desk 8", "type": "prime"}))
    )

    assert state_of(listed) is S.CONFIRMED
    assert isinstance(missing, Wait)
    assert state_of(twice) is S.HALTED
    assert state_of(other) is S.HALTED


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "the custodian says success; found by its name; the name is its identity"),
        (
            {"verdict": "unknown"},
            "the custodian says success; found by its name; the name is its identity",
        ),
        ({"verdict": "accepted"}, "the custodian says success"),
    ],
)
def test_verdict_says_where_the_name_alone_tells_whose_it_is(
    answer: dict[str, JsonValue] | None, words: str
) -> None:
    adopted = after_look(
        row_of(CREATION, S.UNKNOWN), sighting(seen_of(CREATION)), PATIENT, claimed=NOBODY
    )
    row = row_of(CREATION, S.ACCEPTED, order_id="77")
    row = replace(row, attempts=(replace(row.attempts[0], answer=answer),))

    decision = after_poll(row, sighting(seen_of(CREATION)))

    assert isinstance(adopted, Move)
    assert adopted.reason == "found by its name; the name is its identity"
    assert isinstance(decision, Move)
    assert (decision.state, decision.reason) == (S.CONFIRMED, words)
    assert ("found by its name" in effect_line(row).remark) is ("found by" in words)


def test_halted_creation_is_helped_by_the_one_new_wallet_alone() -> None:
    halted = row_of(CREATION, S.HALTED)

    assert state_of(after_halt(halted, sighting(seen_of(CREATION)))) is S.ACCEPTED
    assert isinstance(after_halt(halted, sighting(seen_of(CREATION), TWIN)), Wait)
    known = row_of(CREATION, S.HALTED, known=("77",))
    assert isinstance(after_halt(known, sighting(seen_of(CREATION))), Wait)


# repeatable


def test_state_that_holds_already_is_not_sent() -> None:
    decision = before_sending(
        UPDATE, (), sighting(seen_of(UPDATE, "33")), claimed=NOBODY, expired=False
    )

    assert isinstance(decision, Move)
    assert (decision.state, decision.order_id) == (S.ACCEPTED, "33")


def test_entry_of_the_same_place_with_another_label_is_not_doubled() -> None:
    other = seen_of(ENTRY, details={**ENTRY.expectation.details, "label": "Old"})
    failed = replace(other, status="failed")
    edited = replace(ENTRY, expectation=replace(ENTRY.expectation, subject_id="77"))

    beside = before_sending(ENTRY, (), sighting(other), claimed=NOBODY, expired=False)
    again = before_sending(ENTRY, (), sighting(failed), claimed=NOBODY, expired=False)
    edit = before_sending(edited, (), sighting(other), claimed=NOBODY, expired=False)

    assert state_of(beside) is S.CANCELLED
    assert again == Send()
    assert edit == Send()


@pytest.mark.parametrize("state", [S.UNKNOWN, S.SEEN])
@pytest.mark.parametrize(
    ("sent", "reading", "expected"),
    [
        (1, PATIENT, Wait),
        (1, ENOUGH, Send),
        (SENDS_MAX - 1, ENOUGH, Send),
        (SENDS_MAX, ENOUGH, Wait),
        (SENDS_MAX, IMPATIENT, Move),
    ],
)
def test_what_is_not_seen_is_sent_again_at_most_four_times(
    state: EffectState, sent: int, reading: Reading, expected: type
) -> None:
    row = row_of(UPDATE, state, sent=sent)

    decision = after_look(row, sighting(), reading, claimed=NOBODY)

    assert isinstance(decision, expected)
    assert state_of(decision) in {None, S.HALTED}


@pytest.mark.parametrize(
    ("state", "sent", "reading", "expected"),
    [
        (S.UNKNOWN, 1, ENOUGH, Wait),
        (S.UNKNOWN, 1, BELIEVED, Send),
        (S.UNKNOWN, 1, IMPATIENT, Move),
        (S.UNKNOWN, SENDS_MAX, BELIEVED, Move),
        (S.SEEN, 1, BELIEVED, Wait),
        (S.SEEN, 1, IMPATIENT, Move),
    ],
)
def test_addition_is_sent_again_past_the_fence_alone(
    state: EffectState, sent: int, reading: Reading, expected: type
) -> None:
    """Done twice it would leave two entries."""
    decision = after_look(row_of(ENTRY, state, sent=sent), sighting(), reading, claimed=NOBODY)

    assert isinstance(decision, expected)
    assert state_of(decision) in {None, S.HALTED}


@pytest.mark.parametrize("status", ["success", "failed"])
def test_two_new_entries_halt_an_addition_with_both_as_evidence(status: str) -> None:
    two = sighting(seen_of(ENTRY, "77"), seen_of(ENTRY, "78", status=status))

    found = after_look(row_of(ENTRY, S.UNKNOWN, sent=2), two, PATIENT, claimed=NOBODY)
    polled = after_poll(row_of(ENTRY, S.ACCEPTED, sent=2, order_id="77"), two)
    old = after_look(row_of(ENTRY, S.UNKNOWN, known=("78",)), two, PATIENT, claimed=NOBODY)

    for decision in (found, polled):
        assert isinstance(decision, Move)
        assert decision.state is S.HALTED
        assert "entry 77 and 78 are new, and one was to be added" in decision.reason
        assert "order 77" in str(decision.evidence)
        assert "order 78" in str(decision.evidence)
    assert state_of(old) is S.ACCEPTED
    assert isinstance(after_halt(row_of(ENTRY, S.HALTED, sent=2), two), Wait)


EDIT = replace(ENTRY, expectation=replace(ENTRY.expectation, subject_id="77"))


def test_edit_of_an_entry_is_sent_though_it_looks_as_wanted() -> None:
    """The list does not show whether the counterparty was checked."""
    same = seen_of(EDIT, subject_id="77")

    decision = before_sending(EDIT, (), sighting(same), claimed=NOBODY, expired=False)

    assert decision == Send()


@pytest.mark.parametrize(
    ("sent", "expected"), [(1, Send()), (SENDS_MAX - 1, Send()), (SENDS_MAX, None)]
)
@pytest.mark.parametrize("last", ["lost", "answered"])
def test_unanswered_edit_is_settled_by_an_answer_alone(
    sent: int, expected: Send | None, last: str
) -> None:
    row = row_of(EDIT, S.UNKNOWN, sent=sent)
    answered = replace(row.attempts[-1], answer={"kind": last, "refusal": last == "answered"})
    row = replace(row, attempts=(*row.attempts[:-1], answered))

    decision = after_look(row, sighting(seen_of(EDIT)), BELIEVED, claimed=NOBODY)

    if expected is not None:
        assert decision == expected
    else:
        assert state_of(decision) is S.HALTED
    assert isinstance(after_halt(row_of(EDIT, S.HALTED), sighting(seen_of(EDIT))), Wait)


def test_answered_edit_is_confirmed_once_the_list_shows_it() -> None:
    accepted = row_of(EDIT, S.ACCEPTED, order_id="77")
    late = seen_of(EDIT, details={**EDIT.expectation.details, "label": "Old"})

    assert isinstance(after_poll(accepted, sighting(late)), Wait)
    assert state_of(after_poll(accepted, sighting(seen_of(EDIT)))) is S.CONFIRMED


def test_failed_entry_counts_where_it_came_after_the_first_send() -> None:
    failed = seen_of(ENTRY, status="failed")

    new = after_look(row_of(ENTRY, S.UNKNOWN), sighting(failed), PATIENT, claimed=NOBODY)
    old = after_look(
        row_of(ENTRY, S.UNKNOWN, known=("77",)), sighting(failed), PATIENT, claimed=NOBODY
    )

    assert state_of(new) is S.ACCEPTED
    assert isinstance(old, Wait)


def test_state_that_is_late_is_waited_for() -> None:
    accepted = row_of(UPDATE, S.ACCEPTED)
    late = seen_of(UPDATE, "33", details={"name": "desk 7"})

    assert isinstance(after_poll(accepted, sighting(late)), Wait)
    assert state_of(after_poll(accepted, sighting(seen_of(UPDATE, "33")))) is S.CONFIRMED


def test_answer_may_name_the_entry_that_was_edited() -> None:
    sending = row_of(ENTRY, S.SENDING, known=("77",))
    verdict = Verdict(kind=VerdictKind.ACCEPTED, reason="", order_id="77")

    assert after_answer(sending, verdict, can_repeat=False).move.state is S.ACCEPTED


def test_resend_that_was_taken_is_done() -> None:
    decision = after_poll(row_of(RESEND, S.ACCEPTED), sighting())

    assert isinstance(decision, Move)
    assert (decision.state, decision.status) == (S.CONFIRMED, "success")


def test_resend_that_nobody_answered_four_times_halts_without_reading_on() -> None:
    decision = after_look(
        row_of(RESEND, S.UNKNOWN, sent=SENDS_MAX), sighting(), PATIENT, claimed=NOBODY
    )

    assert isinstance(decision, Move)
    assert decision.state is S.HALTED
    assert "was sent 4 times" in decision.reason


# answers


def judged(acceptance: Acceptance, **report: object) -> Verdict:
    values = {"kind": SendKind.ANSWERED, "status": 200, "code": "000000", **report}
    return classify(
        SendReport(**values),  # type: ignore[arg-type]  # by name
        WITHDRAWAL,
        codes=CODES,
        facts=Facts(),
        acceptance=acceptance,
    )


def test_answer_without_a_request_id_is_accepted_where_its_schema_has_none() -> None:
    verdict = judged(BY_ID.acceptance, data={"orderViewId": "9", "status": "10"})

    assert (verdict.kind, verdict.order_id) == (VerdictKind.ACCEPTED, "9")


@pytest.mark.parametrize(
    ("acceptance", "report"),
    [
        (BY_ID.acceptance, {"data": {"status": "10"}}),
        (BY_ID.acceptance, {"data": {"orderViewId": "9", "status": "50"}}),
        (BY_ID.acceptance, {"data": {"orderViewId": "9"}}),
        (BY_ID.acceptance, {"data": {"orderViewId": "9", "status": "10", "requestId": "8"}}),
        (BY_NAME.acceptance, {"data": {}}),
        (Acceptance(is_bare=True), {"value": "false"}),
        (Acceptance(is_bare=True), {"value": ""}),
    ],
)
def test_answer_that_lacks_what_it_should_have_proves_nothing(
    acceptance: Acceptance, report: dict[str, object]
) -> None:
    assert judged(acceptance, **report).kind is VerdictKind.UNKNOWN


def test_status_of_a_chain_is_read_as_one() -> None:
    chain = Acceptance(order_field="orderViewId", statuses=CHAIN_STATUSES)

    verdict = judged(chain, data={"orderViewId": "9", "status": "30"})

    assert verdict.status == "in_progress"


# words


def test_question_names_everything_that_was_asked_for() -> None:
    assert wanted_words(WITHDRAWAL.expectation) == (
        "withdrawal 10 USDT on ETH, wallet 33, address 0xab"
    )
    assert wanted_words(CREATION.expectation) == "wallet, name desk 7, type prime"
    assert "POST /open-api/v1/wallet/create: wallet, name desk 7, type prime." in ask_text(
        CREATION, attempts()
    )


def test_question_says_where_no_request_id_was_sent() -> None:
    assert "a request without a requestId (ours is 41)" in ask_text(RESEND, attempts())
    assert "the request with requestId 41" in ask_text(WITHDRAWAL, attempts())


# matching


def test_only_what_could_be_another_effects_is_looked_up() -> None:
    named, other = seen_of(CREATION), seen_of(CREATION, details={"name": "x"})

    assert needs_claims(CREATION, sighting(named))
    assert not needs_claims(CREATION, sighting(other))
    assert needs_claims(WITHDRAWAL, sighting(seen_of(WITHDRAWAL, amount=None)))
    assert not needs_claims(UPDATE, sighting(seen_of(UPDATE, subject_id="34")))


def test_letters_count_in_every_address_but_a_hexadecimal_one() -> None:
    hexadecimal = "0x" + "aB" * 20

    assert is_same_address(hexadecimal, hexadecimal.lower())
    assert not is_same_address("TQn9Y2khEsLJW", "tqn9y2kheslJW")
    assert is_same_address("TQn9Y2khEsLJW", "TQn9Y2khEsLJW")
