"""Orders against effects, case by case."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from runner.catalogue.manifest import FoundBy
from runner.effects.model import Attempt, EffectRow, EffectState, SeenOrder
from runner.effects.reconciling import Area, DifferenceKind, reconcile
from tests.effects.fakes import ORDER, START

OURS = SeenOrder(
    order_id="9",
    subject_id="33",
    kind="delegate",
    coin="USDT",
    amount=Decimal(10),
    status="success",
)
LATER = START + timedelta(hours=1)


def row(state: EffectState, order_id: str = "9") -> EffectRow:
    attempt = Attempt(number=1, timestamp_ms=1, started_at=START, key_fingerprint="x")
    return EffectRow(
        order=ORDER,
        state=state,
        attempts=(attempt,),
        known_order_ids=(),
        order_id=order_id,
        changed_at=START,
    )


def area(*rows: SeenOrder, doubt: str = "", subject: str = "33") -> Area:
    return Area(name="orders", subject_ids=frozenset({subject}), rows=rows, doubt=doubt)


@pytest.mark.parametrize(
    ("state", "seen", "kind", "words"),
    [
        (EffectState.CONFIRMED, replace(OURS, status="failed"), "contradicted", "says failed"),
        (EffectState.CONFIRMED, replace(OURS, status="in_progress"), "contradicted", "in_progress"),
        (EffectState.CONFIRMED, replace(OURS, amount=Decimal(9)), "contradicted", "amount is 9"),
        (EffectState.FAILED, OURS, "contradicted", "journal says failed, the custodian success"),
        (EffectState.REJECTED, OURS, "contradicted", "says rejected, and the custodian has"),
        (EffectState.CANCELLED, OURS, "contradicted", "says cancelled, and the custodian has"),
        (EffectState.ACCEPTED, replace(OURS, request_id="4"), "contradicted", "requestId is 4"),
        (EffectState.HALTED, OURS, "open", "says halted"),
    ],
)
def test_order_that_says_something_else_is_a_difference(
    state: EffectState, seen: SeenOrder, kind: str, words: str
) -> None:
    (found,) = reconcile([row(state)], [area(seen)], since=START).differences

    assert found.kind.value == kind
    assert words in found.words.replace("the custodian failed", "the custodian says failed")


@pytest.mark.parametrize("state", [EffectState.CONFIRMED, EffectState.ACCEPTED])
def test_order_as_the_journal_says_is_matched(state: EffectState) -> None:
    found = reconcile([row(state)], [area(OURS), area(OURS)], since=START)

    assert (found.matched, found.differences) == (1, ())


def test_order_is_ours_by_its_request_id_alone() -> None:
    ours = replace(OURS, request_id="41")

    (found,) = reconcile([row(EffectState.UNKNOWN, "")], [area(ours)], since=START).differences

    assert (found.kind, found.row is not None) == (DifferenceKind.OPEN, True)


@pytest.mark.parametrize(
    ("state", "areas", "expected"),
    [
        (EffectState.CONFIRMED, [area()], [DifferenceKind.MISSING]),
        (EffectState.ACCEPTED, [area()], [DifferenceKind.MISSING]),
        (EffectState.CONFIRMED, [area(subject="34")], [DifferenceKind.MISSING]),
        (EffectState.CONFIRMED, [area(doubt="cut")], []),
        (EffectState.REJECTED, [area()], []),
        (EffectState.HALTED, [area(doubt="cut")], [DifferenceKind.OPEN]),
    ],
    ids=["confirmed", "accepted", "not-asked", "doubt", "rejected", "halted"],
)
def test_effect_that_is_not_shown(
    state: EffectState, areas: list[Area], expected: list[DifferenceKind]
) -> None:
    found = reconcile([row(state)], areas, since=START)

    assert [each.kind for each in found.differences] == expected


def test_effect_from_before_need_not_be_shown() -> None:
    assert reconcile([row(EffectState.CONFIRMED)], [area()], since=LATER).differences == ()


def test_what_the_custodian_does_by_itself_is_counted_apart() -> None:
    found = reconcile([], [area(replace(OURS, kind="settlement"))], since=START)

    assert (found.own_doing, found.differences) == (1, ())


def test_stranger_that_is_like_an_open_effect_is_said_to_be() -> None:
    found = reconcile([row(EffectState.HALTED, "")], [area(OURS)], since=START)

    words = {each.kind: each.words for each in found.differences}
    assert "pay of R-1, halted, is like it" in words[DifferenceKind.UNEXPLAINED]


def test_effect_that_no_list_of_orders_shows_is_counted() -> None:
    named = replace(row(EffectState.CONFIRMED), order=replace(ORDER, found_by=FoundBy.NAME))

    assert reconcile([named], [area()], since=START).not_compared == 1
