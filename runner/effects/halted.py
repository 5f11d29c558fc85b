"""What becomes of a halted effect when a resume reads it again."""

from runner.effects.decisions import Move, Wait
from runner.effects.hits import hit_by_nature, own_hit
from runner.effects.model import EffectRow, EffectState, Sighting


def after_halt(
    row: EffectRow, sighting: Sighting, *, claimed: frozenset[str] = frozenset()
) -> Move | Wait:
    """Decide by the one look a resume gives a HALTED effect: only an own hit helps it."""
    others = claimed - {row.order_id}
    hit = own_hit(row.order, row.attempts, sighting) or hit_by_nature(row, sighting, others)
    fits = hit is not None and hit.state is EffectState.ACCEPTED
    if hit is not None and fits and row.order_id in {"", hit.order_id}:
        return hit
    return Wait(reason=row.reason)
