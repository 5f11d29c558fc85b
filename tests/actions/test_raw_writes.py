"""Writes under the API's own names: what is planned is what was typed."""

import json

import pytest

from runner.actions.effects import draft_effect
from runner.actions.raw_writes import RawWriteRefused, named_write, require_action
from runner.app.world_directory import directory_from_world
from runner.catalogue.load import load_api
from runner.catalogue.manifest import ActionKind
from runner.catalogue.manifests import MANIFESTS, NAMED
from runner.core.types import Scalar
from runner.core.values import value_from_text
from runner.sandbox.world_file import default_world

API = load_api()
DIRECTORY = directory_from_world(default_world())
MIRROR = {
    "mirrorLinkId": "1450411129215791001",
    "coinSymbol": "USDT",
    "network": "ETH",
    "amount": "5.5",
}
MIRRORX = {"mirrorXLinkId": "7127", "coinSymbol": "USDT", "amount": "5.5"}


@pytest.mark.parametrize(
    ("operation_id", "values", "action"),
    [
        ("mirror.asset.apply", MIRROR, "mirror.apply"),
        ("mirror.asset.settle", {**MIRROR, "operationType": "2"}, "mirror.settle"),
        ("mirror.asset.settle", {**MIRROR, "operationType": "3"}, "mirror.settle"),
        ("mirrorx.order.create", {**MIRRORX, "orderType": "10"}, "mirrorx.delegate"),
        ("mirrorx.order.create", {**MIRRORX, "orderType": "20"}, "mirrorx.undelegate"),
    ],
)
def test_action_sends_exactly_what_was_given(
    operation_id: str, values: dict[str, str], action: str
) -> None:
    write = named_write(API.operations[operation_id], values, DIRECTORY)

    manifest = MANIFESTS[write.action]
    arguments = {}
    for argument in manifest.arguments:
        assert isinstance(argument.type, Scalar)
        arguments[argument.name] = value_from_text(write.arguments[argument.name], argument.type)
    draft = draft_effect(manifest, arguments, directory=DIRECTORY, api=API)
    assert (write.action, draft.operation.id) == (action, operation_id)
    assert set(write.arguments) == set(arguments)
    sent = {name: str(value) for name, value in json.loads(draft.body("1")).items()}
    assert sent == {**values, "requestId": "1"}


@pytest.mark.parametrize("value", ["30", "5"])
def test_value_that_no_action_sends_is_refused(value: str) -> None:
    with pytest.raises(RawWriteRefused, match=f"orderType={value}"):
        named_write(
            API.operations["mirrorx.order.create"], {**MIRRORX, "orderType": value}, DIRECTORY
        )


def test_every_effect_can_be_called() -> None:
    effects = {m.operation for m in NAMED.values() if m.kind is ActionKind.EFFECT}

    for operation_id in effects:
        require_action(API.operations[operation_id])
