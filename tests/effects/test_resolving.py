"""What speaks against a person's decision, case by case."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from runner.catalogue.manifest import FoundBy
from runner.effects.model import (
    Attempt,
    EffectOrder,
    EffectRow,
    EffectState,
    Expectation,
    SeenOrder,
    Sighting,
)
from runner.effects.person_decision import DecisionKind, decided_payload, statement_of
from runner.effects.ports import Decision
from runner.effects.resolving import (
    Fence,
    Looked,
    against_adopting,
    against_not_executed,
    is_decided,
    resolution,
)
from tests.effects.fakes import ORDER, START

PASSED = Fence(is_known=True, left_s=-1.0)
OURS = SeenOrder(
    order_id="9",
    subject_id="33",
    kind="delegate",
    coin="USDT",
    amount=Decimal("10.00"),
    status="success",
    status_code="30",
)
ATTEMPT = Attempt(
    number=1,
    timestamp_ms=1,
    started_at=START + timedelta(seconds=1),
    key_fingerprint="SHA256:x",
)
NAMED = replace(
    ORDER,
    found_by=FoundBy.NAME,
    expectation=Expectation(subject_id="", kind="wallet", details={"name": "desk"}),
)
WALLET = SeenOrder(
    order_id="9", subject_id="", kind="wallet", details={"name": "desk"}, status="success"
)


def row(
    order: EffectOrder = ORDER,
    *,
    known: tuple[str, ...] = (),
    sent: bool = True,
    order_id: str = "",
) -> EffectRow:
    return EffectRow(
        order=order,
        state=EffectState.HALTED,
        attempts=(ATTEMPT,) if sent else (),
        known_order_ids=known,
        order_id=order_id,
        reason="lost",
        evidence={"ask": "was it executed?"},
        changed_at=START,
    )


def looked(
    *rows: SeenOrder,
    recent: tuple[SeenOrder, ...] | None = None,
    claimed: tuple[str, ...] = (),
    complete: bool = True,
) -> Looked:
    return Looked(
        whole=Sighting(rows=rows, complete=complete, at=START),
        recent=Sighting(rows=rows if recent is None else recent, complete=complete, at=START),
        claimed=frozenset(claimed),
    )


def test_nothing_speaks_against_the_right_order() -> None:
    assert against_adopting(row(), "9", looked(OURS)) == ()


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (replace(OURS, coin="BTC"), "equality: coin is BTC, not USDT"),
        (replace(OURS, amount=Decimal(9)), "equality: amount is 9, not 10"),
        (replace(OURS, subject_id="34"), "equality: link is 34, not 33"),
        (replace(OURS, kind="undelegate"), "equality: kind is undelegate, not delegate"),
        (replace(OURS, amount=None), "equality: amount without the fee is not shown yet"),
        (replace(OURS, request_id="42"), "equality: requestId is 42, not 41"),
    ],
    ids=["coin", "amount", "link", "kind", "fee", "request-id"],
)
def test_each_difference_is_named(seen: SeenOrder, why: str) -> None:
    assert against_adopting(row(), "9", looked(seen)) == (why,)


def test_every_problem_is_named_at_once() -> None:
    old = replace(OURS, coin="BTC", amount=Decimal(9))

    found = against_adopting(row(known=("9",)), "9", looked(old, recent=(), claimed=("9",)))

    assert [each.partition(":")[0] for each in found] == [
        "equality",
        "equality",
        "time",
        "time",
        "unclaimed",
    ]


@pytest.mark.parametrize("complete", [True, False])
def test_order_that_is_not_listed_does_not_exist(complete: bool) -> None:
    (found,) = against_adopting(row(), "8", looked(OURS, complete=complete))

    assert found.startswith("existence: the custodian does not show 8")
    assert ("completely" in found) is not complete


def test_recent_list_that_was_cut_proves_no_time() -> None:
    cut = looked(OURS, recent=(), complete=False)

    assert against_adopting(row(), "9", cut) == (
        "time: the list of recent orders could not be read completely",
    )


def test_effect_halted_before_it_was_sent_may_be_the_order_it_was_halted_for() -> None:
    """A journal that was lost had sent it: the look before the first attempt found the order."""
    assert against_adopting(row(known=("9",), sent=False), "9", looked(OURS)) == ()


def test_edited_thing_was_there_before() -> None:
    wanted = replace(ORDER.expectation, subject_id="9")
    edit = replace(ORDER, found_by=FoundBy.STATE, expectation=wanted)

    assert (
        against_adopting(row(edit, known=("9",)), "9", looked(replace(OURS, subject_id="9"))) == ()
    )


def test_believed_absence_needs_no_ticket() -> None:
    assert against_not_executed(row(), [looked(), looked()], fence=PASSED, ticket="") == ()


@pytest.mark.parametrize("ticket", ["", "CS-1"])
@pytest.mark.parametrize(
    ("effect", "seen", "why"),
    [
        (row(), replace(OURS, request_id="41"), "order 9 carries our requestId"),
        (row(order_id="9"), OURS, "the custodian gave it order 9"),
        (row(NAMED), WALLET, "9 has the name"),
        (row(replace(ORDER, found_by=FoundBy.STATE)), OURS, "what was wanted, 9"),
    ],
    ids=["request-id", "order-id", "name", "state"],
)
def test_no_ticket_outweighs_what_is_there(
    effect: EffectRow, seen: SeenOrder, why: str, ticket: str
) -> None:
    found = against_not_executed(effect, [looked(), looked(seen)], fence=PASSED, ticket=ticket)

    assert [each for each in found if why in each and each.startswith("it was executed")]


@pytest.mark.parametrize(
    ("effect", "look", "fence"),
    [
        (row(), looked(OURS), PASSED),
        (row(), looked(replace(OURS, amount=None)), PASSED),
        (row(), looked(complete=False), PASSED),
        (row(), looked(), Fence(is_known=False)),
        (row(replace(ORDER, found_by=FoundBy.NOTHING)), looked(), PASSED),
    ],
    ids=["like-it", "fee-hidden", "incomplete", "facts-unknown", "never-shown"],
)
def test_what_reading_cannot_prove_needs_the_custodians_word(
    effect: EffectRow, look: Looked, fence: Fence
) -> None:
    without = against_not_executed(effect, [look], fence=fence, ticket="")
    with_it = against_not_executed(effect, [look], fence=fence, ticket="CS-1")

    assert [each for each in without if "--ticket" in each]
    assert with_it == ()


def test_before_the_fence_no_ticket_helps() -> None:
    fence = Fence(is_known=True, left_s=12.4)

    (found,) = against_not_executed(row(), [looked()], fence=fence, ticket="CS-1")

    assert found.endswith("for 13s")


def test_what_was_never_sent_was_not_executed() -> None:
    never = row(known=("9",), sent=False)

    assert against_not_executed(never, [looked(OURS)], fence=Fence(is_known=False), ticket="") == ()


def test_others_orders_are_no_likeness() -> None:
    claimed, known = replace(OURS, order_id="7"), replace(OURS, order_id="8")
    theirs = replace(OURS, request_id="42")
    look = looked(claimed, known, theirs, claimed=("7",))

    assert against_not_executed(row(known=("8",)), [look], fence=PASSED, ticket="") == ()


@pytest.mark.parametrize("seen", [OURS, None], ids=["adopt", "not-executed"])
def test_decision_is_carried_out_and_kept_with_the_evidence(seen: SeenOrder | None) -> None:
    kind = DecisionKind.NOT_EXECUTED if seen is None else DecisionKind.ADOPT
    decision = Decision(
        run_id="R-1",
        path="pay",
        kind=kind,
        who="ada@desk",
        reason="told",
        payload=decided_payload(ticket="CS-1", seen=None),
        at=START,
    )

    change = resolution(row(), decision, seen)

    assert change.expected is EffectState.HALTED
    wanted = EffectState.CANCELLED if seen is None else EffectState.ACCEPTED
    assert (change.state, change.order_id) == (wanted, "" if seen is None else "9")
    assert "ada@desk: told (ticket CS-1)" in change.reason
    assert isinstance(change.evidence, dict)
    assert change.evidence["ask"] == "was it executed?"
    after = replace(row(), state=change.state, evidence=change.evidence)
    assert is_decided(after) is (seen is None)
    assert not is_decided(replace(after, evidence=None))
    unticketed = replace(decision, payload=decided_payload(ticket="", seen=None))
    assert "ticket" not in resolution(row(), unticketed, seen).reason


def test_statement_has_everything_a_signature_must_be_over() -> None:
    decision = Decision(
        run_id="R-1",
        path="pay",
        kind="adopt",
        who="ada",
        reason="told",
        payload={"ticket": "CS-1"},
        at=START,
    )

    assert statement_of(decision) == (
        b'{"decision":"adopt","path":"pay","payload":{"ticket":"CS-1"},"reason":"told",'
        b'"run_id":"R-1","type":"runner-decision-v1","who":"ada"}'
    )
