"""Decisions of people: never without what they change, and never the other way round."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from runner.core.errors import StoreRefused
from runner.effects.model import EffectOrder, EffectRow, EffectState, SeenOrder
from runner.effects.person_decision import DecisionKind, decided_payload
from runner.effects.ports import Change, Decision
from runner.effects.resolving import resolution
from runner.engine.ports import RunRow
from runner.journal.journal import Journal
from tests.journal.driven_child import ORDER, START, begin


def decided(kind: DecisionKind = DecisionKind.NOT_EXECUTED) -> Decision:
    return Decision(
        run_id="R-1",
        path="pay",
        kind=kind.value,
        who="ada@desk",
        reason="told",
        payload=decided_payload(ticket="CS-1", seen={"reads": ["none"]}),
        at=START,
    )


async def halted(journal: Journal) -> EffectRow:
    await begin(journal)
    states = (EffectState.SENDING, EffectState.UNKNOWN, EffectState.HALTED)
    for before, after in pairwise(states):
        await journal.change_effect(ORDER, Change(expected=before, state=after, at=START))
    row = await journal.effect("R-1", "pay")
    assert row is not None
    return row


def seen(order_id: str) -> SeenOrder:
    return SeenOrder(order_id=order_id, subject_id="33", kind="delegate", status="accepted")


async def test_decision_and_its_transition_come_back(journal: Journal) -> None:
    row, decision = await halted(journal), decided()

    after = await journal.change_effect(ORDER, resolution(row, decision, None), decision=decision)

    assert after == await journal.effect("R-1", "pay")
    assert after.state is EffectState.CANCELLED
    assert await journal.decisions("R-1") == (decision,)


async def test_no_driver_can_cancel_what_is_halted(journal: Journal) -> None:
    """Only a decision makes that transition: any other is a bug."""
    await halted(journal)

    with pytest.raises(AssertionError, match="halted -> cancelled"):
        await journal.change_effect(
            ORDER, Change(expected=EffectState.HALTED, state=EffectState.CANCELLED, at=START)
        )


async def test_effect_that_moved_meanwhile_is_not_decided_about(journal: Journal) -> None:
    row = await halted(journal)
    change = Change(expected=EffectState.HALTED, state=EffectState.ACCEPTED, order_id="9", at=START)
    await journal.change_effect(ORDER, change)

    with pytest.raises(StoreRefused, match="expected to be halted, but is accepted"):
        await journal.change_effect(ORDER, resolution(row, decided(), None), decision=decided())

    assert await journal.decisions("R-1") == ()


async def test_order_of_another_effect_is_never_adopted(
    journal: Journal, make_run: Callable[..., RunRow], make_order: Callable[..., EffectOrder]
) -> None:
    """Two people may adopt one order in two runs at once; the second is refused."""
    await journal.register_run(make_run("R-2", "day two"), {})
    other = make_order("R-2", request_id="42", lock="mirrorx/34/USDT")
    await journal.insert_intent(other, known_order_ids=(), at=START)
    found = Change(expected=EffectState.INTENT, state=EffectState.ACCEPTED, order_id="9", at=START)
    await journal.change_effect(other, found)
    row, adopting = await halted(journal), decided(DecisionKind.ADOPT)

    with pytest.raises(StoreRefused, match="order 9 belongs to effect pay of run R-2"):
        await journal.change_effect(ORDER, resolution(row, adopting, seen("9")), decision=adopting)

    assert await journal.decisions("R-1") == ()
