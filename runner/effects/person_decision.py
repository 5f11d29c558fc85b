"""What a person decides about a run or one of its effects: its words, and what a signature is over.

A decision that changes an effect is written in the transaction that changes it, so that there is
never one without the other.
"""

from collections.abc import Mapping
from enum import StrEnum

from runner.core.jsonvalue import JsonValue, canonical_json
from runner.effects.ports import Decision


class DecisionKind(StrEnum):
    """What was decided."""

    ADOPT = "adopt"
    """An order at the custodian is this effect."""
    NOT_EXECUTED = "not-executed"
    """The effect was not executed and never will be."""
    CANCEL = "cancel"
    """The run begins nothing more."""
    CANCEL_NOW = "cancel-now"
    """The run begins nothing more, what stands in a ``finally`` included."""


CANCELS = (DecisionKind.CANCEL.value, DecisionKind.CANCEL_NOW.value)
"""What ends a whole run, the stronger one last."""


def ticket_of(decision: Decision) -> str:
    """Return where the custodian said so, or nothing."""
    return _said(decision, "ticket")


def statement_of(decision: Decision) -> bytes:
    """Return the bytes that say what was decided: the ones a signature is over."""
    return canonical_json(
        {
            "type": "runner-decision-v1",
            "run_id": decision.run_id,
            "path": decision.path,
            "decision": decision.kind,
            "who": decision.who,
            "reason": decision.reason,
            "payload": decision.payload,
        }
    )


def decided_payload(*, ticket: str, seen: JsonValue, signatures: JsonValue = None) -> JsonValue:
    """Return what a decision keeps beside its reason: the ticket, and what was read before it.

    Shapes: ``signatures`` say whose signatures it rests on, None where none were asked for.
    """
    kept: dict[str, JsonValue] = {"ticket": ticket, "seen": seen}
    return kept if signatures is None else {**kept, "signatures": signatures}


def _said(decision: Decision, name: str) -> str:
    payload = decision.payload
    value = payload.get(name) if isinstance(payload, Mapping) else None
    return value if isinstance(value, str) else ""
