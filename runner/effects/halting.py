"""The end that a person must undo: why, what was seen, and what to ask the custodian."""

from collections.abc import Sequence

from runner.effects.decisions import Move
from runner.effects.evidence import halt_evidence
from runner.effects.matching import is_shown
from runner.effects.model import Attempt, EffectOrder, EffectRow, EffectState, SeenOrder, Sighting
from runner.effects.transitions import sends_made


def halt(
    order: EffectOrder,
    attempts: Sequence[Attempt],
    *,
    reason: str,
    sighting: Sighting | None,
    near: Sequence[tuple[SeenOrder, str]] = (),
) -> Move:
    """Stop for a person, with everything that is known."""
    words = f"requestId {order.request_id}: {reason}"
    evidence = halt_evidence(order, attempts, reason=reason, sighting=sighting, near=near)
    return Move(state=EffectState.HALTED, reason=words, evidence=evidence)


def out_of_patience(
    row: EffectRow,
    sighting: Sighting | None,
    *,
    near: Sequence[tuple[SeenOrder, str]] = (),
) -> Move:
    """Halt an effect that reading did not settle in time."""
    if not is_shown(row.order):
        words = f"no read shows what became of it, and it was sent {sends_made(row.attempts)} times"
    elif sighting is None:
        words = "the custodian's list could not be read"
    elif row.state is EffectState.SEEN:
        words = "the custodian knows the requestId, but its list does not show the order"
    elif near:
        words = "an order like it exists, but nothing proves whose it is"
    else:
        words = "the custodian's list does not show it, which proves nothing"
    return halt(
        row.order, row.attempts, reason=f"{words} ({row.reason})", sighting=sighting, near=near
    )
