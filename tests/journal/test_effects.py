"""Effects: what is bound for ever, what is refused, and what comes back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from runner.catalogue.manifest import FoundBy
from runner.core.errors import LockHeld, StoreRefused
from runner.effects.model import Attempt, EffectOrder, EffectState, Expectation
from runner.effects.ports import Change
from runner.engine.ports import RunRow
from runner.journal.journal import Journal

MakeRun = Callable[..., RunRow]
MakeOrder = Callable[..., EffectOrder]
MakeAttempt = Callable[..., Attempt]
At = Callable[[float], datetime]


@pytest.fixture(autouse=True)
async def two_runs(journal: Journal, make_run: MakeRun) -> None:
    await journal.register_run(make_run("R-1", "one"), {})
    await journal.register_run(make_run("R-2", "two"), {})


def change(expected: EffectState, state: EffectState, at: datetime, **more: object) -> Change:
    return Change(expected=expected, state=state, at=at, **more)  # type: ignore[arg-type]  # texts


async def test_effect_comes_back_as_returned(
    journal: Journal,
    second: Journal,
    make_order: MakeOrder,
    make_attempt: MakeAttempt,
    at: At,
) -> None:
    order = make_order()

    intent = await journal.insert_intent(order, known_order_ids=("5", "6"), at=at(1))
    assert await second.effect("R-1", "pay") == intent
    sending = await journal.begin_attempt(order, make_attempt())
    assert await second.effect("R-1", "pay") == sending
    accepted = await journal.record_answer(
        order,
        1,
        {"kind": "answered", "status": 200},
        proven_not_executed=False,
        change=change(
            EffectState.SENDING,
            EffectState.ACCEPTED,
            at(2),
            order_id="77",
            status="accepted",
            status_code="10",
            evidence={"a": ("b",)},
        ),
    )
    assert await second.effect("R-1", "pay") == accepted
    confirmed = await journal.change_effect(
        order, change(EffectState.ACCEPTED, EffectState.CONFIRMED, at(3), status="success")
    )

    assert await second.effects("R-1") == (confirmed,)
    assert (confirmed.order_id, confirmed.status, confirmed.status_code) == ("77", "success", "10")
    assert confirmed.known_order_ids == ("5", "6")
    assert confirmed.evidence == {"a": ["b"]}
    assert await second.claimed_order_ids() == {"77"}


async def test_effects_are_in_order_of_intent(
    journal: Journal, make_order: MakeOrder, at: At
) -> None:
    for path in ("z", "a", "m"):
        order = make_order(path=path, request_id=path)
        await journal.insert_intent(order, known_order_ids=(), at=at(1))

    assert [row.order.path for row in await journal.effects("R-1")] == ["z", "a", "m"]


async def test_second_intent_is_refused(journal: Journal, make_order: MakeOrder, at: At) -> None:
    await journal.insert_intent(make_order(), known_order_ids=(), at=at(1))

    with pytest.raises(StoreRefused, match="requestId 41"):
        await journal.insert_intent(make_order(), known_order_ids=(), at=at(2))

    assert len(await journal.effects("R-1")) == 1


async def test_one_request_id_in_a_run_is_one_effect(
    journal: Journal, make_order: MakeOrder, at: At
) -> None:
    await journal.insert_intent(make_order(), known_order_ids=(), at=at(1))

    with pytest.raises(StoreRefused, match="requestId 41"):
        await journal.insert_intent(make_order(path="b"), known_order_ids=(), at=at(2))


async def test_attempted_request_id_keeps_its_payload_for_ever(
    journal: Journal, make_order: MakeOrder, make_attempt: MakeAttempt, at: At
) -> None:
    await journal.insert_intent(make_order(), known_order_ids=(), at=at(1))
    await journal.begin_attempt(make_order(), make_attempt())

    with pytest.raises(StoreRefused, match="another payload"):
        await journal.insert_intent(
            make_order("R-2", body='{"amount":"11"}'), known_order_ids=(), at=at(2)
        )
    with pytest.raises(StoreRefused, match="another effect"):
        await journal.insert_intent(make_order("R-2"), known_order_ids=(), at=at(2))


async def test_unattempted_request_id_is_free(
    journal: Journal, make_order: MakeOrder, make_attempt: MakeAttempt, at: At
) -> None:
    """A plan that sent nothing used up nothing; a later plan may ask for another amount."""
    await journal.insert_intent(make_order(), known_order_ids=(), at=at(1))
    later = make_order("R-2", body='{"amount":"11"}')
    await journal.insert_intent(later, known_order_ids=(), at=at(2))

    await journal.begin_attempt(later, make_attempt())

    with pytest.raises(StoreRefused, match="another payload"):
        await journal.begin_attempt(make_order(), make_attempt())


async def test_order_that_differs_from_its_row_is_refused(
    journal: Journal, make_order: MakeOrder, make_attempt: MakeAttempt, at: At
) -> None:
    await journal.insert_intent(make_order(), known_order_ids=(), at=at(1))

    with pytest.raises(StoreRefused, match="has another payload"):
        await journal.begin_attempt(make_order(body="{}"), make_attempt())


async def test_change_from_another_state_is_refused(
    journal: Journal, make_order: MakeOrder, make_attempt: MakeAttempt, at: At
) -> None:
    order = make_order()
    with pytest.raises(StoreRefused, match="has no row"):
        await journal.begin_attempt(order, make_attempt())
    await journal.insert_intent(order, known_order_ids=(), at=at(1))

    with pytest.raises(StoreRefused, match="expected to be unknown, but is intent"):
        await journal.change_effect(order, change(EffectState.UNKNOWN, EffectState.ACCEPTED, at(2)))


async def test_transition_outside_the_table_is_a_bug(
    journal: Journal, make_order: MakeOrder, at: At
) -> None:
    order = make_order()
    await journal.insert_intent(order, known_order_ids=(), at=at(1))

    with pytest.raises(AssertionError, match="intent -> confirmed"):
        await journal.change_effect(order, change(EffectState.INTENT, EffectState.CONFIRMED, at(2)))

    row = await journal.effect("R-1", "pay")
    assert row is not None
    assert row.state is EffectState.INTENT


async def test_attempts_are_counted_without_gaps(
    journal: Journal, make_order: MakeOrder, make_attempt: MakeAttempt, at: At
) -> None:
    await journal.insert_intent(make_order(), known_order_ids=(), at=at(1))

    with pytest.raises(StoreRefused, match="attempt 2 cannot follow 0"):
        await journal.begin_attempt(make_order(), make_attempt(2))


async def test_attempt_is_answered_once(
    journal: Journal, make_order: MakeOrder, make_attempt: MakeAttempt, at: At
) -> None:
    order = make_order()
    await journal.insert_intent(order, known_order_ids=(), at=at(1))
    await journal.begin_attempt(order, make_attempt())
    back = change(EffectState.SENDING, EffectState.INTENT, at(2))
    row = await journal.record_answer(
        order, 1, {"kind": "not_sent"}, proven_not_executed=True, change=back
    )
    assert row.attempts[0].proven_not_executed
    await journal.begin_attempt(order, make_attempt(2))

    with pytest.raises(StoreRefused, match="not waiting for an answer"):
        await journal.record_answer(order, 1, {}, proven_not_executed=False, change=back)


async def test_attempt_takes_the_lock_it_needs(
    journal: Journal, make_order: MakeOrder, make_attempt: MakeAttempt, at: At
) -> None:
    await journal.insert_intent(make_order(), known_order_ids=(), at=at(1))
    await journal.begin_attempt(make_order(), make_attempt())

    with pytest.raises(LockHeld) as held:
        await journal.take_locks("R-2", ("mirrorx/33/USDT",), at=at(2))

    assert held.value.owner == "R-1"


async def test_attempt_under_a_foreign_lock_is_refused(
    journal: Journal, make_order: MakeOrder, make_attempt: MakeAttempt, at: At
) -> None:
    await journal.take_locks("R-2", ("mirrorx/33/USDT",), at=at(0))
    await journal.insert_intent(make_order(), known_order_ids=(), at=at(1))

    with pytest.raises(LockHeld) as held:
        await journal.begin_attempt(make_order(), make_attempt())

    assert held.value.owner == "R-2"
    run = await journal.run("R-1")
    assert run is not None
    assert not run.claimed


@pytest.mark.parametrize("state", ["sending", "unknown", "seen", "halted", "accepted"])
async def test_two_effects_behind_one_lock_are_never_open_together(
    journal: Journal,
    make_order: MakeOrder,
    make_attempt: MakeAttempt,
    at: At,
    state: str,
) -> None:
    first, other = make_order(), make_order(path="b", request_id="42")
    await journal.insert_intent(first, known_order_ids=(), at=at(1))
    await journal.insert_intent(other, known_order_ids=(), at=at(1))
    await journal.begin_attempt(first, make_attempt())
    if state != "sending":
        await journal.record_answer(
            first,
            1,
            {},
            proven_not_executed=False,
            change=change(EffectState.SENDING, EffectState(state), at(2)),
        )

    with pytest.raises(LockHeld, match="effect pay of run R-1"):
        await journal.begin_attempt(other, make_attempt())


async def test_rejected_effect_frees_the_way_for_the_next(
    journal: Journal, make_order: MakeOrder, make_attempt: MakeAttempt, at: At
) -> None:
    first, other = make_order(), make_order(path="b", request_id="42")
    await journal.insert_intent(first, known_order_ids=(), at=at(1))
    await journal.begin_attempt(first, make_attempt())
    await journal.record_answer(
        first,
        1,
        {},
        proven_not_executed=True,
        change=change(EffectState.SENDING, EffectState.REJECTED, at(2)),
    )
    await journal.insert_intent(other, known_order_ids=(), at=at(3))

    row = await journal.begin_attempt(other, make_attempt())

    assert row.state is EffectState.SENDING


WITHDRAWAL = Expectation(
    subject_id="37",
    kind="withdrawal",
    coin="USDT",
    network="ETH",
    amount=Decimal("10.5"),
    details={"address": "0xAB", "memo": ""},
)
CREATION = Expectation(subject_id="", kind="wallet", details={"name": "desk 7", "type": "prime"})


@pytest.mark.parametrize(
    ("found_by", "expectation"),
    [(FoundBy.REQUEST_ID, WITHDRAWAL), (FoundBy.NAME, CREATION)],
)
async def test_effect_of_any_kind_comes_back_as_returned(
    journal: Journal,
    second: Journal,
    make_order: MakeOrder,
    at: At,
    found_by: FoundBy,
    expectation: Expectation,
) -> None:
    order = replace(make_order(), found_by=found_by, expectation=expectation)

    written = await journal.insert_intent(order, known_order_ids=("1",), at=at(1))

    assert await second.effect("R-1", "pay") == written
    assert written.order == order


@pytest.mark.parametrize("state", [EffectState.UNKNOWN, EffectState.SEEN])
async def test_repeatable_effect_is_attempted_again(
    journal: Journal,
    make_order: MakeOrder,
    make_attempt: MakeAttempt,
    at: At,
    state: EffectState,
) -> None:
    order = replace(make_order(), found_by=FoundBy.STATE)
    await journal.insert_intent(order, known_order_ids=(), at=at(1))
    await journal.begin_attempt(order, make_attempt())
    await journal.record_answer(
        order,
        1,
        {},
        proven_not_executed=False,
        change=change(EffectState.SENDING, state, at(2)),
    )

    row = await journal.begin_attempt(order, make_attempt(2))

    assert (row.state, len(row.attempts)) == (EffectState.SENDING, 2)


@pytest.mark.parametrize("found_by", [FoundBy.LIST, FoundBy.REQUEST_ID, FoundBy.NAME])
async def test_other_effect_is_not_attempted_again_while_its_outcome_is_unknown(
    journal: Journal,
    make_order: MakeOrder,
    make_attempt: MakeAttempt,
    at: At,
    found_by: FoundBy,
) -> None:
    order = replace(make_order(), found_by=found_by)
    await journal.insert_intent(order, known_order_ids=(), at=at(1))
    await journal.begin_attempt(order, make_attempt())
    await journal.record_answer(
        order,
        1,
        {},
        proven_not_executed=False,
        change=change(EffectState.SENDING, EffectState.UNKNOWN, at(2)),
    )

    with pytest.raises(StoreRefused, match="expected to be intent, but is unknown"):
        await journal.begin_attempt(order, make_attempt(2))
