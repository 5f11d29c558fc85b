"""Effects from arguments to bodies, and from bodies to what the sandbox lists."""

import json
from datetime import timedelta

import pytest

from runner.actions.custodian import Custodian
from runner.actions.effects import DRAFTS, draft_effect
from runner.actions.resolvers import resolver_for
from runner.actions.wire import ClientTransport
from runner.catalogue.api import Envelope
from runner.catalogue.load import load_api
from runner.catalogue.manifest import FoundBy
from runner.catalogue.manifests import MANIFESTS, NAMED
from runner.core.money import money_from_text
from runner.core.values import Value
from runner.effects.draft import EffectDraft, EffectRefused
from runner.effects.model import EffectOrder, SendKind
from runner.sandbox.directory import Sandbox
from tests.hand_clock import HandClock

USDT = money_from_text("250000 USDT")
ARGUMENTS: dict[str, dict[str, Value]] = {
    "mirror.apply": {"link": "acme/mirror-01", "amount": USDT, "network": "ETH"},
    "mirror.settle": {
        "link": "acme/mirror-01",
        "amount": money_from_text("10 USDT"),
        "network": "ETH",
        "from": "binance",
    },
    "mirrorx.delegate": {"link": "acme/arb-01", "amount": USDT},
    "mirrorx.undelegate": {"link": "acme/arb-01", "amount": money_from_text("0.5 BTC")},
}
BODIES = {
    "mirror.apply": (
        '{"amount":"250000","coinSymbol":"USDT","mirrorLinkId":"1450411129215791001",'
        '"network":"ETH","requestId":"77"}'
    ),
    "mirror.settle": (
        '{"amount":"10","coinSymbol":"USDT","mirrorLinkId":"1450411129215791001",'
        '"network":"ETH","operationType":"3","requestId":"77"}'
    ),
    "mirrorx.delegate": (
        '{"amount":"250000","coinSymbol":"USDT","mirrorXLinkId":7127,"orderType":10,'
        '"requestId":"77"}'
    ),
    "mirrorx.undelegate": (
        '{"amount":"0.5","coinSymbol":"BTC","mirrorXLinkId":7127,"orderType":20,"requestId":"77"}'
    ),
}


def drafted(custodian: Custodian, action: str, **arguments: Value) -> EffectDraft:
    given = {**ARGUMENTS[action], **arguments}
    return draft_effect(MANIFESTS[action], given, directory=custodian.directory, api=custodian.api)


def ordered(custodian: Custodian, action: str, request_id: str = "77") -> EffectOrder:
    return drafted(custodian, action).order(
        run_id="R-1", path="step", request_id=request_id, planned_at=custodian.clock.now()
    )


def test_every_effect_found_in_a_list_has_a_body_to_compare() -> None:
    listed = {name for name, m in NAMED.items() if m.found_by is FoundBy.LIST}

    assert listed == set(BODIES) == set(ARGUMENTS)
    assert set(DRAFTS) == {name for name, m in NAMED.items() if m.is_effect}


@pytest.mark.parametrize("action", sorted(DRAFTS))
def test_acceptance_is_what_the_description_says_of_the_reply(action: str) -> None:
    manifest = MANIFESTS[action]
    operation = load_api().operations[manifest.operation]
    acceptance, fields = manifest.acceptance, {field.name for field in operation.fields}

    assert acceptance.order_field in {*fields, ""}
    assert acceptance.echoes_request_id is ("requestId" in fields)
    assert bool(acceptance.statuses) is ("status" in fields)
    assert acceptance.is_bare is (operation.envelope is Envelope.VALUE)


@pytest.mark.parametrize("action", sorted(DRAFTS))
def test_effect_is_found_as_the_description_says(action: str) -> None:
    manifest = MANIFESTS[action]
    operation = load_api().operations[manifest.operation]

    assert operation.readback == manifest.resolver
    assert operation.readback_by_request_id is (manifest.found_by is FoundBy.REQUEST_ID)


@pytest.mark.parametrize("action", sorted(BODIES))
def test_body_is_exactly_this(custodian: Custodian, action: str) -> None:
    assert drafted(custodian, action).body("77") == BODIES[action]


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("0 USDT", "amount-not-positive"),
        ("0.0000001 USDT", "precision-exceeded"),
        ("1 DOGE", "unknown-coin"),
    ],
)
def test_amount_that_must_not_be_sent_is_refused(
    custodian: Custodian, amount: str, code: str
) -> None:
    with pytest.raises(EffectRefused) as refused:
        drafted(custodian, "mirrorx.delegate", amount=money_from_text(amount))

    assert refused.value.code == code


def test_unknown_network_is_refused(custodian: Custodian) -> None:
    with pytest.raises(EffectRefused) as refused:
        drafted(custodian, "mirror.apply", network="MOON")

    assert refused.value.code == "unknown-network"


@pytest.mark.parametrize("action", sorted(BODIES))
async def test_effect_is_accepted_listed_and_done(
    custodian: Custodian, clock: HandClock, action: str
) -> None:
    transport = ClientTransport(custodian.client)
    order = ordered(custodian, action)

    report = await transport.send(order, await transport.timestamp_ms())

    assert report.kind is SendKind.ANSWERED
    assert report.code == "000000"
    assert report.data is not None
    assert report.data["requestId"] == "77"

    clock.pass_time(5)
    since = clock.now() - timedelta(minutes=1)
    sighting = await resolver_for(custodian, order).look(order, since=since)

    assert sighting.complete
    (seen,) = sighting.rows
    assert seen.order_id == report.data[MANIFESTS[action].acceptance.order_field]
    assert (seen.subject_id, seen.kind, seen.coin, seen.network, seen.amount) == (
        order.expectation.subject_id,
        order.expectation.kind,
        order.expectation.coin,
        order.expectation.network,
        order.expectation.amount,
    )
    assert seen.status == "success"


async def test_sent_body_is_the_planned_text_with_the_timestamp_last(
    custodian: Custodian, sandbox: Sandbox
) -> None:
    transport = ClientTransport(custodian.client)
    order = ordered(custodian, "mirror.apply")

    await transport.send(order, await transport.timestamp_ms())

    (request,) = [r for r in sandbox.ledger.requests() if r.method == "POST"]
    assert request.request_id == json.loads(order.body)["requestId"]
    assert request.signed is True


async def test_repeated_request_id_is_answered_as_a_duplicate(custodian: Custodian) -> None:
    transport = ClientTransport(custodian.client)
    order = ordered(custodian, "mirrorx.delegate")
    await transport.send(order, await transport.timestamp_ms())

    report = await transport.send(order, await transport.timestamp_ms())

    assert (report.kind, report.code) == (SendKind.ANSWERED, "G20015")


async def test_refused_effect_is_an_answer_and_not_an_exception(custodian: Custodian) -> None:
    transport = ClientTransport(custodian.client)
    too_much = drafted(
        custodian, "mirrorx.delegate", amount=money_from_text("999999999 USDT")
    ).order(run_id="R-1", path="p", request_id="78", planned_at=custodian.clock.now())

    report = await transport.send(too_much, await transport.timestamp_ms())

    assert (report.kind, report.code) == (SendKind.ANSWERED, "G20022")
