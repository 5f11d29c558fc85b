"""What becomes of a halted effect when a resume reads it again."""

from runner.effects.decisions import Move, Wait
from runner.effects.evidence import differences
from runner.effects.hits import adopt, hit_by_nature, own_hit
from runner.effects.model import EffectRow, EffectState, Sighting


def after_halt(
    row: EffectRow, sighting: Sighting, *, claimed: frozenset[str] = frozenset()
) -> Move | Wait:
    """Decide by the one look a resume gives a HALTED effect: only an own order helps it.

    That is one which carries our requestId, or the one that the custodian's answer has named.
    """
    others = claimed - {row.order_id}
    hit = own_hit(row.order, row.attempts, sighting) or hit_by_nature(row, sighting, others)
    hit = hit or _answered_hit(row, sighting)
    fits = hit is not None and hit.state is EffectState.ACCEPTED
    if hit is not None and fits and row.order_id in {"", hit.order_id}:
        return hit
    return Wait(reason=row.reason)


def _answered_hit(row: EffectRow, sighting: Sighting) -> Move | None:
    """Return the order that an answer to this effect has named, once it is listed as sent."""
    found = [seen for seen in sighting.rows if row.order_id and seen.order_id == row.order_id]
    wrong = [seen for seen in found if differences(row.order.expectation, seen)]
    strange = [seen for seen in found if seen.request_id not in {"", row.order.request_id}]
    if not found or wrong or strange:
        return None
    return adopt(found[-1], reason="the custodian lists the order that its answer named")
