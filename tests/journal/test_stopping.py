"""The kill switch's flags in the journal, and the transactions that look at them."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from runner.controls.caps import Cap, Caps
from runner.controls.guard import Guard, SpentAsked, open_guard
from runner.controls.kill_switch import JOURNAL, KillSwitch, Scope, Stop
from runner.controls.policy import Spent, VerdictKind
from runner.core.errors import PolicyDenied, SendingStopped
from runner.effects.model import Attempt, EffectOrder, EffectState
from runner.engine.ports import RunRow
from runner.journal.journal import Journal
from runner.journal.stopping import stop_decision
from tests.journal.test_spending import Told

Orders = Callable[..., EffectOrder]
Attempts = Callable[..., Attempt]
Runs = Callable[..., RunRow]
Moment = Callable[[float], datetime]


class Capped(Told):
    """A policy port that holds effects to a guard."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self._guard = guard

    def asked(self, order: EffectOrder, at: datetime) -> SpentAsked:
        return self._guard.asked(self.facts(order), at)

    def require(self, order: EffectOrder, at: datetime, spent: Iterable[Spent]) -> None:
        verdict = self._guard.verdict(self.facts(order), at, spent, run_id=order.run_id)
        if verdict.kind is not VerdictKind.ALLOW:
            raise PolicyDenied(verdict.reason)


def stop(at: datetime, scope: Scope = Scope.ALL, name: str = "") -> Stop:
    return Stop(scope=scope, name=name, reason="halt", who="ann", at=at, place=JOURNAL)


async def test_flag_holds_until_it_is_lifted(journal: Journal, at: Moment) -> None:
    everything, usdt = stop(at(1)), stop(at(2), Scope.COIN, "USDT")
    await journal.record_decision(stop_decision(everything))
    await journal.record_decision(stop_decision(usdt))
    assert await journal.stops() == (everything, usdt)

    await journal.record_decision(stop_decision(stop(at(3)), lifts=True))

    assert await journal.stops() == (usdt,)
    verified = await journal.verify()
    assert verified is not None
    assert verified.differences == ()


async def test_flag_stops_an_intent(
    journal: Journal, make_run: Runs, make_order: Orders, at: Moment
) -> None:
    await journal.register_run(make_run(), {})
    await journal.record_decision(stop_decision(stop(at(1), Scope.LINK, "acme/arb")))

    with pytest.raises(SendingStopped):
        await journal.held_to(Told()).insert_intent(make_order(), known_order_ids=(), at=at(2))

    assert await journal.effect("R-1", "pay") is None


@pytest.mark.parametrize("by_file", [True, False])
async def test_switch_between_an_intent_and_its_send_stops_the_send(
    journal: Journal,
    make_run: Runs,
    make_order: Orders,
    make_attempt: Attempts,
    at: Moment,
    tmp_path: Path,
    *,
    by_file: bool,
) -> None:
    file = tmp_path / "STOP"
    await journal.register_run(make_run(), {})
    store = journal.held_to(Told(), KillSwitch(files=(file,)))
    await store.insert_intent(make_order(), known_order_ids=(), at=at(1))
    if by_file:
        file.touch()
    else:
        await journal.record_decision(stop_decision(stop(at(2))))

    with pytest.raises(SendingStopped):
        await store.begin_attempt(make_order(), make_attempt())

    row = await journal.effect("R-1", "pay")
    assert row is not None
    assert (row.state, row.attempts) == (EffectState.INTENT, ())


async def test_loop_of_10_000_withdrawals_stops_at_its_cap(
    journal: Journal, make_run: Runs, make_order: Orders, at: Moment
) -> None:
    """Row by row in the transactions of the sends, whatever a plan was judged by before."""
    caps = Caps(per_run=Cap(place="profiles.yaml:9", count=50))
    guard = replace(open_guard("anything"), caps=caps)
    await journal.register_run(make_run(), {})
    store = journal.held_to(Capped(guard))

    async def loop() -> None:
        for number in range(10_000):
            order = make_order(path=f"pay[{number}]", request_id=str(number + 1))
            await store.insert_intent(order, known_order_ids=(), at=at(1))

    with pytest.raises(PolicyDenied, match="this would be effect 51, the cap is 50"):
        await loop()

    assert len(await journal.effects("R-1")) == 50


async def test_words_of_others_are_never_sql(
    journal: Journal, make_run: Runs, make_order: Orders, at: Moment
) -> None:
    evil = "x'); DROP TABLE run; --"
    await journal.register_run(make_run(occurrence=evil), {evil: evil.encode()})
    await journal.take_locks("R-1", (evil, f"-{evil}"), at=at(1))
    await journal.held_to(Told()).insert_intent(
        make_order(path=evil, body=evil), known_order_ids=(evil,), at=at(2)
    )
    await journal.record_decision(stop_decision(stop(at(3), Scope.COIN, evil)))

    assert [row.name for row in await journal.lock_rows()] == [f"-{evil}", evil]
    assert [row.order.path for row in await journal.effects("R-1")] == [evil]
    assert [each.name for each in await journal.stops()] == [evil]
    run = await journal.run("R-1")
    assert run is not None
    assert run.occurrence == evil
    verified = await journal.verify()
    assert verified is not None
    assert verified.differences == ()
