"""Pinned effects of every way of being found: their locks, and what their steps see."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from runner.catalogue.manifest import FoundBy, Manifest
from runner.catalogue.manifests import MANIFESTS, NAMED
from runner.core.money import Money
from runner.core.values import Value
from runner.effects.draft import EffectDraft
from runner.effects.model import EffectOrder, EffectRow, EffectState, Until
from runner.engine.pinned import Pinned, PinnedEffects
from runner.engine.ports import EffectRequest, EffectResult
from tests.actions.drafted import drafted

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
DRAFTS: dict[str, dict[str, str]] = {
    "withdrawal.create": {
        "from_": "acme/custody-01",
        "to": "acme/cold-01",
        "amount": "5 USDT",
        "network": "ETH",
    },
    "subwallet.transfer": {
        "from_": "acme/prime-01",
        "to": "acme/desk-01",
        "amount": "5 USDT",
    },
    "exchange.transfer": {
        "wallet": "acme/prime-01",
        "direction": "to_exchange",
        "amount": "5 USDT",
    },
    "wallet.create": {"name": "desk 7", "type": "prime"},
    "subwallet.create": {"parent": "acme/prime-01", "name": "desk 7"},
    "wallet.update": {"wallet": "acme/custody-01", "name": "vault"},
    "subwallet.update": {"wallet": "acme/desk-01", "name": "desk"},
    "whitelist.upsert": {
        "destination": "acme/cold-01",
        "coin": "USDT",
        "network": "ETH",
        "confirmation": "confirmed",
    },
    "webhook.resend": {
        "webhook": "17",
        "event": "deposit_failed",
        "since": "2026-11-22T10:00:00Z",
    },
}
NEW = sorted(DRAFTS)


def draft_of(action: str) -> EffectDraft:
    return drafted(action, **DRAFTS[action])


class Driver:
    """Takes each effect straight to where it is asked to, with what an answer would leave."""

    def __init__(self) -> None:
        self.driven: list[tuple[str, Until]] = []

    async def run(self, order: EffectOrder, *, until: Until, **_: object) -> EffectRow:
        self.driven.append((order.path, until))
        state = EffectState.CONFIRMED if until is Until.FINAL else EffectState.ACCEPTED
        return EffectRow(
            order=order,
            state=state,
            attempts=(),
            known_order_ids=(),
            order_id="9",
            status="success",
            status_code="30",
            changed_at=NOW,
        )


class Store:
    """Notes the locks given back."""

    def __init__(self) -> None:
        self.released: list[str] = []

    async def release_locks(self, run_id: str, names: tuple[str, ...]) -> None:
        assert run_id == "R-1"
        self.released.extend(names)


def pinned(action: str, *paths: str) -> tuple[PinnedEffects, Driver, Store]:
    def draft(manifest: Manifest, arguments: Mapping[str, Value]) -> EffectDraft:
        return draft_of(manifest.name)

    orders = {
        path: draft_of(action).order(
            run_id="R-1", path=path, request_id=f"7{number}", planned_at=NOW
        )
        for number, path in enumerate(paths)
    }
    driver, store = Driver(), Store()
    found = Pinned(run_id="R-1", orders=orders, manifests=MANIFESTS, draft=draft, not_after=NOW)
    effects = PinnedEffects(
        found,
        driver,  # type: ignore[arg-type]  # the one method it uses of the driver
        store,  # type: ignore[arg-type]  # the one method it uses of the journal
        (),
    )
    return effects, driver, store


async def perform(
    effects: PinnedEffects, action: str, path: str, *, final: bool = False
) -> EffectResult:
    return await effects.perform(
        EffectRequest(
            path=path,
            manifest=MANIFESTS[action],
            arguments={},
            until_final=final,
            within_s=60,
            every_s=1,
            every_s_max=5,
        )
    )


def test_every_effect_but_the_list_only_ones_is_here() -> None:
    others = {n for n, m in NAMED.items() if m.is_effect and m.found_by is not FoundBy.LIST}

    assert set(NEW) == others


@pytest.mark.parametrize("action", NEW)
async def test_result_is_what_the_manifest_promises(action: str) -> None:
    effects, _, _ = pinned(action, "x")

    result = await perform(effects, action, "x", final=True)

    assert isinstance(result.value, Mapping)
    fields = MANIFESTS[action].result.fields
    assert set(result.value) == {field.name for field in fields}
    if "amount" in result.value:
        assert result.value["amount"] == Money(Decimal(5), "USDT")
    if MANIFESTS[action].result_order:
        assert result.value[MANIFESTS[action].result_order] == "9"


async def test_new_subwallet_knows_its_parent() -> None:
    effects, _, _ = pinned("subwallet.create", "x")

    result = await perform(effects, "subwallet.create", "x", final=True)

    assert isinstance(result.value, Mapping)
    assert result.value["parent_id"] == "306718327844294657"
    assert result.value["name"] == "desk 7"


async def test_order_found_by_its_request_id_gives_its_lock_back_when_accepted() -> None:
    effects, driver, store = pinned("withdrawal.create", "x", "y")

    await perform(effects, "withdrawal.create", "x")
    assert store.released == []
    await perform(effects, "withdrawal.create", "y")

    # Nor does the second wait for the end of the first.
    assert driver.driven == [("x", Until.ACCEPTED), ("y", Until.ACCEPTED)]
    assert store.released == ["wallet:acme/custody-01:USDT"]


@pytest.mark.parametrize("action", ["wallet.update", "whitelist.upsert", "wallet.create"])
async def test_other_accepted_effects_are_finished_before_the_next(action: str) -> None:
    effects, driver, store = pinned(action, "x", "y")

    await perform(effects, action, "x")
    await perform(effects, action, "y")

    assert driver.driven == [("x", Until.ACCEPTED), ("x", Until.FINAL), ("y", Until.ACCEPTED)]
    assert store.released == []


async def test_settling_takes_transfers_to_their_end_too() -> None:
    effects, driver, _ = pinned("subwallet.transfer", "x")
    await perform(effects, "subwallet.transfer", "x")

    (result,) = await effects.settle_all()

    assert (result.state, driver.driven[-1]) == (EffectState.CONFIRMED, ("x", Until.FINAL))


def test_draft_and_order_say_the_same() -> None:
    draft = draft_of("withdrawal.create")
    order = draft.order(run_id="R-1", path="x", request_id="7", planned_at=NOW)

    assert (order.found_by, order.expectation) == (FoundBy.REQUEST_ID, draft.expectation)
    assert replace(order, found_by=FoundBy.LIST) != order
