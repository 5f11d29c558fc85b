"""Only what the plan pinned is driven, one order at a time on a lock."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from runner.catalogue.load import load_api
from runner.catalogue.manifest import Manifest
from runner.catalogue.manifests import MANIFESTS
from runner.core.errors import PlanRefused
from runner.core.money import Money
from runner.core.values import Value
from runner.effects.draft import EffectDraft
from runner.effects.model import EffectOrder, EffectRow, EffectState, Expectation, Until
from runner.engine.pinned import Pinned, PinnedEffects
from runner.engine.ports import EffectRequest

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
