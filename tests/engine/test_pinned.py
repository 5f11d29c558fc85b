"""Only what the plan pinned is driven, one order at a time on a lock."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from runner.catalogue.load import load_api
from runner.catalogue.manifest import Manifest
from runner.catalogue.manifests import MANIFESTS
from runner.core.errors import PlanRefused
from runner.core.money import Money
from runner.core.source import Span
from runner.core.values import Value
from runner.effects.draft import EffectDraft
from runner.effects.model import EffectOrder, EffectRow, EffectState, Expectation, Until
from runner.engine.pinned import Pinned, PinnedEffects
from runner.engine.ports import EffectRequest
from runner.playbook.model import Drift

API = load_api()
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def _draft(manifest: Manifest, arguments: Mapping[str, Value]) -> EffectDraft:
    money = arguments["amount"]
    assert isinstance(money, Money)
    link = str(arguments["link"])
    return EffectDraft(
        manifest=manifest,
        operation=API.operations[manifest.operation],
        fields={"amount": str(money.amount)},
        expectation=Expectation(
            subject_id="1", kind="apply", coin=money.coin, network="ETH", amount=money.amount
        ),
        parts={"link": link, "wallet": "w", "coin": money.coin, "network": "ETH"},
    )


def _request(
    path: str, *, amount: str = "5", link: str = "a", final: bool = False
) -> EffectRequest:
    return EffectRequest(
        path=path,
        title=path,
        span=Span(file="t.yaml", line=1, column=1, end_line=1, end_column=1),
        manifest=MANIFESTS["mirror.apply"],
        arguments={"amount": Money(Decimal(amount), "USDT"), "link": link},
        until_final=final,
        within_s=60,
        every_s=1,
        every_s_max=5,
    )


def _order(path: str, *, link: str = "a") -> EffectOrder:
    request = _request(path, link=link)
    draft = _draft(request.manifest, request.arguments)
    return draft.order(run_id="R-1", path=path, request_id=f"id-{path}", planned_at=NOW)


def _row(order: EffectOrder, state: EffectState) -> EffectRow:
    return EffectRow(
        order=order, state=state, attempts=(), known_order_ids=(), order_id="9", changed_at=NOW
    )


class _Driver:
    """Takes an effect straight to the state it is told, by path and how far it shall go."""

    def __init__(self, ends: Mapping[tuple[str, Until], EffectState] | None = None) -> None:
        self.ends = ends or {}
        self.driven: list[tuple[str, Until]] = []

    async def run(self, order: EffectOrder, *, until: Until, **_: object) -> EffectRow:
        self.driven.append((order.path, until))
        usual = EffectState.CONFIRMED if until is Until.FINAL else EffectState.ACCEPTED
        return _row(order, self.ends.get((order.path, until), usual))


class _Store:
    """Notes the locks given back."""

    def __init__(self) -> None:
        self.released: list[str] = []

    async def release_locks(self, run_id: str, names: tuple[str, ...]) -> None:
        assert run_id == "R-1"
        self.released.extend(names)


class _Bench:
    """Pinned effects with a driver and a store to look at."""

    def __init__(
        self,
        *orders: EffectOrder,
        driver: _Driver | None = None,
        rows: Iterable[EffectRow] = (),
        decided: frozenset[str] = frozenset(),
    ) -> None:
        self.driver = driver or _Driver()
        self.store = _Store()
        pinned = Pinned(
            run_id="R-1",
            orders={order.path: order for order in orders},
            manifests=MANIFESTS,
            draft=_draft,
            not_after=NOW,
            decided=decided,
        )
        self.effects = PinnedEffects(
            pinned,
            self.driver,  # type: ignore[arg-type]  # the one method it uses of the driver
            self.store,  # type: ignore[arg-type]  # the one method it uses of the journal
            rows,
        )


async def test_effect_as_pinned_is_driven_as_far_as_asked() -> None:
    bench = _Bench(_order("x"), _order("y", link="b"))

    first = await bench.effects.perform(_request("x"))
    second = await bench.effects.perform(_request("y", link="b", final=True))

    assert (first.state, second.state) == (EffectState.ACCEPTED, EffectState.CONFIRMED)
    assert bench.driver.driven == [("x", Until.ACCEPTED), ("y", Until.FINAL)]


async def test_result_is_what_the_manifest_promises() -> None:
    bench = _Bench(_order("x"))

    result = await bench.effects.perform(_request("x"))

    assert isinstance(result.value, Mapping)
    assert set(result.value) == {f.name for f in MANIFESTS["mirror.apply"].result.fields}
    assert result.value["request_id"] == "id-x"
    assert result.value["amount"] == Money(Decimal(5), "USDT")


async def test_effect_the_plan_does_not_have_is_refused() -> None:
    bench = _Bench(_order("x"))

    with pytest.raises(PlanRefused, match="the plan has no effect here"):
        await bench.effects.perform(_request("other"))
    assert bench.driver.driven == []


async def test_effect_with_another_body_is_refused() -> None:
    bench = _Bench(_order("x"))

    with pytest.raises(PlanRefused, match="the plan pinned"):
        await bench.effects.perform(_request("x", amount="6"))
    assert bench.driver.driven == []


async def test_order_accepted_on_the_lock_is_finished_first() -> None:
    bench = _Bench(_order("x"), _order("y"))
    await bench.effects.perform(_request("x"))

    await bench.effects.perform(_request("y"))

    assert bench.driver.driven == [
        ("x", Until.ACCEPTED),
        ("x", Until.FINAL),
        ("y", Until.ACCEPTED),
    ]


async def test_order_on_another_lock_is_left_alone() -> None:
    bench = _Bench(_order("x"), _order("y", link="b"))
    await bench.effects.perform(_request("x"))

    await bench.effects.perform(_request("y", link="b"))

    assert bench.driver.driven == [("x", Until.ACCEPTED), ("y", Until.ACCEPTED)]


@pytest.mark.parametrize("state", [EffectState.ACCEPTED, EffectState.FAILED, EffectState.HALTED])
async def test_order_that_does_not_finish_stands_in_the_way(state: EffectState) -> None:
    bench = _Bench(_order("x"), _order("y"), driver=_Driver({("x", Until.FINAL): state}))
    await bench.effects.perform(_request("x"))

    result = await bench.effects.perform(_request("y"))

    assert (result.path, result.state) == ("x", state)
    assert ("y", Until.ACCEPTED) not in bench.driver.driven


async def test_order_of_an_earlier_process_stands_in_the_way_too() -> None:
    order = _order("x")
    bench = _Bench(order, _order("y"), rows=[_row(order, EffectState.ACCEPTED)])

    await bench.effects.perform(_request("y"))

    assert bench.driver.driven[0] == ("x", Until.FINAL)


async def test_settling_takes_what_was_accepted_to_its_end() -> None:
    bench = _Bench(_order("x"), _order("y", link="b"))
    await bench.effects.perform(_request("x"))
    await bench.effects.perform(_request("y", link="b", final=True))

    results = await bench.effects.settle_all()

    assert [(result.path, result.state) for result in results] == [
        ("x", EffectState.CONFIRMED),
        ("y", EffectState.CONFIRMED),
    ]
    assert bench.driver.driven[-1] == ("x", Until.FINAL)


async def test_lock_is_given_back_after_its_last_effect_only() -> None:
    bench = _Bench(_order("x"), _order("y"))

    await bench.effects.perform(_request("x", final=True))
    assert bench.store.released == []
    await bench.effects.perform(_request("y", final=True))

    assert bench.store.released == ["mirror:a:USDT"]


async def test_lock_of_an_open_effect_is_kept() -> None:
    driver = _Driver({("x", Until.FINAL): EffectState.HALTED})
    bench = _Bench(_order("x"), driver=driver)

    await bench.effects.perform(_request("x", final=True))

    assert bench.store.released == []


async def test_effect_left_to_the_run_may_be_passed_over() -> None:
    bench = _Bench(_order("x"))

    await bench.effects.pass_over("x")

    assert bench.driver.driven == []


async def test_effect_the_plan_has_decided_cannot_be_passed_over() -> None:
    bench = _Bench(_order("x"), decided=frozenset({"x"}))

    with pytest.raises(PlanRefused, match="its `if` is now false"):
        await bench.effects.pass_over("x")


# Drift, and what runs side by side


def _drifting(path: str, drift: Drift, amount: str) -> EffectRequest:
    return replace(_request(path, amount=amount), drift=drift)


@pytest.mark.parametrize(
    ("drift", "amount", "sent"),
    [
        (Drift.AT_MOST, "5", "5"),
        (Drift.AT_MOST, "3", "3"),
        (Drift.AT_MOST, "7", "5"),
        (Drift.PLANNED, "7", "5"),
        (Drift.PLANNED, "3", "5"),
    ],
)
async def test_amount_that_is_sent_follows_the_drift(drift: Drift, amount: str, sent: str) -> None:
    bench = _Bench(_order("x"))

    result = await bench.effects.perform(_drifting("x", drift, amount))

    assert isinstance(result.value, Mapping)
    assert result.value["amount"] == Money(Decimal(sent), "USDT")
    assert result.value["request_id"] == "id-x"


async def test_at_most_with_nothing_left_is_passed_over_and_gives_its_lock_back() -> None:
    bench = _Bench(_order("x"), decided=frozenset({"x"}))

    result = await bench.effects.perform(_drifting("x", Drift.AT_MOST, "0"))
    await bench.effects.require_complete()

    assert (result.skipped, result.reason) == (True, "there is nothing left to move")
    assert bench.driver.driven == []
    assert bench.store.released == ["mirror:a:USDT"]


async def test_at_most_allows_no_other_difference_than_the_amount() -> None:
    bench = _Bench(_order("x"))
    other = replace(
        _drifting("x", Drift.AT_MOST, "3"),
        arguments={"amount": Money(Decimal(3), "BTC"), "link": "a"},
    )

    with pytest.raises(PlanRefused):
        await bench.effects.perform(other)


async def test_what_has_come_to_qualify_is_left_out_by_at_most_alone() -> None:
    bench = _Bench()

    result = await bench.effects.perform(_drifting("x", Drift.AT_MOST, "3"))

    assert result.skipped
    assert "not in the plan" in result.reason
    with pytest.raises(PlanRefused):
        await bench.effects.perform(_drifting("x", Drift.PLANNED, "3"))


async def test_amount_an_earlier_process_has_bound_is_never_changed() -> None:
    lesser = _draft(MANIFESTS["mirror.apply"], {"amount": Money(Decimal(3), "USDT"), "link": "a"})
    bound = lesser.order(run_id="R-1", path="x", request_id="id-x", planned_at=NOW)
    bench = _Bench(_order("x"), rows=[_row(bound, EffectState.INTENT)])

    result = await bench.effects.perform(_drifting("x", Drift.AT_MOST, "2"))

    assert isinstance(result.value, Mapping)
    assert result.value["amount"] == Money(Decimal(3), "USDT")


async def test_decided_effect_the_run_never_came_to_is_drift() -> None:
    bench = _Bench(_order("each[USDT]"), decided=frozenset({"each[USDT]"}))

    with pytest.raises(PlanRefused) as refused:
        await bench.effects.require_complete()

    assert "each[USDT]: the plan pinned this effect" in str(refused.value)
    await bench.effects.give_up("each")
    await bench.effects.require_complete()


async def test_decided_effect_that_was_only_intended_is_not_left_out_in_silence() -> None:
    order = _order("x")
    rows = [_row(order, EffectState.INTENT)]
    bench = _Bench(order, decided=frozenset({"x"}), rows=rows)

    assert await bench.effects.settle_all() == ()
    with pytest.raises(PlanRefused, match="its `if` is now false"):
        await bench.effects.pass_over("x")
    with pytest.raises(PlanRefused, match="the run never came to it"):
        await bench.effects.require_complete()


async def test_passed_over_effect_nobody_knows_about_keeps_its_lock() -> None:
    order = _order("x")
    bench = _Bench(order, rows=[_row(order, EffectState.UNKNOWN)])

    await bench.effects.pass_over("x")

    assert bench.store.released == []


async def test_step_around_a_decided_effect_cannot_be_passed_over() -> None:
    bench = _Bench(_order("group/each[USDT]"), decided=frozenset({"group/each[USDT]"}))

    with pytest.raises(PlanRefused):
        await bench.effects.pass_over("group")
    await bench.effects.pass_over("gro")


async def test_effects_of_one_lock_take_turns() -> None:
    class Slow(_Driver):
        under_way = 0
        most = 0

        async def run(self, order: EffectOrder, *, until: Until, **_: object) -> EffectRow:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            await asyncio.sleep(0)
            self.under_way -= 1
            return await super().run(order, until=until)

    driver = Slow()
    bench = _Bench(_order("x"), _order("y"), _order("z", link="b"), driver=driver)

    await asyncio.gather(
        bench.effects.perform(_request("x", final=True)),
        bench.effects.perform(_request("y", final=True)),
    )
    assert driver.most == 1
    await asyncio.gather(
        bench.effects.perform(_request("x", final=True)),
        bench.effects.perform(_request("z", link="b", final=True)),
    )
    assert driver.most == 2


async def test_open_effect_beside_it_stands_in_the_way_of_its_lock_alone() -> None:
    driver = _Driver({("x", Until.ACCEPTED): EffectState.HALTED})
    bench = _Bench(_order("x"), _order("y"), _order("z", link="b"), driver=driver)
    await bench.effects.perform(_request("x"))

    blocked = await bench.effects.perform(_request("y"))
    free = await bench.effects.perform(_request("z", link="b"))

    assert (blocked.path, blocked.state) == ("x", EffectState.HALTED)
    assert free.state is EffectState.ACCEPTED


async def test_settling_inside_a_step_leaves_the_others_alone() -> None:
    bench = _Bench(_order("a/x"), _order("b/x", link="b"))
    await bench.effects.perform(_request("a/x"))
    await bench.effects.perform(_request("b/x", link="b"))

    results = await bench.effects.settle_all("a")

    assert [(each.path, each.state) for each in results] == [("a/x", EffectState.CONFIRMED)]
    assert bench.driver.driven[-1] == ("a/x", Until.FINAL)
    assert ("b/x", Until.FINAL) not in bench.driver.driven
