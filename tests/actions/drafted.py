"""Effects drafted with the directory of the tests."""

import json
from typing import Any

from runner.actions.effects import draft_effect
from runner.catalogue.load import load_api
from runner.catalogue.manifests import MANIFESTS
from runner.core.types import Scalar
from runner.core.values import Value, value_from_text
from runner.effects.draft import EffectDraft
from runner.effects.model import EffectOrder
from tests.actions.names import DIRECTORY
from tests.hand_clock import HandClock


def drafted(action: str, **arguments: str) -> EffectDraft:
    """Draft an effect from texts, as a playbook would give them; ``from_`` is ``from``."""
    manifest = MANIFESTS[action]
    values: dict[str, Value] = {}
    for argument in manifest.arguments:
        text = arguments.pop(f"{argument.name}_", None) or arguments.pop(argument.name, None)
        text = argument.default if text is None else text
        if text is not None:
            assert isinstance(argument.type, Scalar)
            values[argument.name] = value_from_text(text, argument.type)
    assert not arguments, f"{action} takes no {arguments}"
    return draft_effect(manifest, values, directory=DIRECTORY, api=load_api())


def ordered(draft: EffectDraft, request_id: str = "77") -> EffectOrder:
    """Give a draft an identity, planned now by a clock that nobody has moved."""
    return draft.order(
        run_id="R-1", path="step", request_id=request_id, planned_at=HandClock().now()
    )


def body_of(draft: EffectDraft) -> dict[str, Any]:
    """Return the members of a draft's body, sent under requestId 77."""
    members: dict[str, Any] = json.loads(draft.body("77"))
    return members
