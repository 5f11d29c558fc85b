"""From what an effect asks for to the one order that is sent."""

from decimal import Decimal

import pytest

from runner.catalogue.load import load_api
from runner.catalogue.manifests import MANIFESTS
from runner.core.money import Money
from runner.effects.draft import EffectDraft, EffectRefused
from runner.effects.machine import transitions
from runner.effects.model import EffectState, Expectation
from runner.effects.transitions import carries_request_id
from tests.effects.fakes import START

API = load_api()


def drafted(action: str, **fields: str) -> EffectDraft:
    manifest = MANIFESTS[action]
    return EffectDraft(
        manifest=manifest,
        operation=API.operations[manifest.operation],
        fields=fields,
        expectation=Expectation(
            subject_id="33", kind="delegate", coin="USDT", amount=Decimal("10.50")
        ),
        parts={"link": "acme/arb-01", "wallet": "w", "coin": "USDT", "webhook": "9", "event": "1"},
    )


def test_draft_becomes_the_order_byte_for_byte() -> None:
    draft = drafted("mirrorx.delegate", amount="10.5", coinSymbol="USDT")

    order = draft.order(run_id="R-1", path="pay", request_id="41", planned_at=START)

    assert order.body == '{"amount":"10.5","coinSymbol":"USDT","requestId":"41"}'
    assert (order.method, order.url_path) == (draft.operation.method, draft.operation.path)
    assert order.lock == draft.lock == "mirrorx:acme/arb-01:USDT"
    assert draft.money == Money(Decimal("10.50"), "USDT")
    assert order.found_by is draft.manifest.found_by


@pytest.mark.parametrize("manifest", [m for m in MANIFESTS.values() if m.is_effect and m.operation])
def test_an_effect_is_told_by_its_id_where_its_operation_takes_one(manifest: object) -> None:
    assert isinstance(manifest, type(MANIFESTS["mirrorx.delegate"]))
    takes_one = API.operations[manifest.operation].parameter("requestId") is not None
    draft = drafted(manifest.name)
    parts = dict.fromkeys(_names(manifest.lock), "x")
    order = EffectDraft(
        manifest=manifest,
        operation=draft.operation,
        fields={},
        expectation=draft.expectation,
        parts=parts,
    ).order(run_id="R-1", path="pay", request_id="41", planned_at=START)

    assert carries_request_id(order) is takes_one
    assert EffectState.SENDING in transitions(order, EffectState.INTENT)


def test_refusal_keeps_its_code() -> None:
    refused = EffectRefused("name-taken", "it is taken", hint="choose another")

    assert (refused.code, str(refused), refused.hint) == (
        "name-taken",
        "it is taken",
        "choose another",
    )


def _names(template: str) -> list[str]:
    return [part.partition("}")[0] for part in template.split("{")[1:]]
