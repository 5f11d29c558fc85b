"""Which of what the custodian shows is the effect itself, and which is only like it.

An *own* order carries our requestId; a *near* match shows our payload without a requestId, or is a
stranger's; it is evidence and never a hit by itself. Of what has a name that nothing else has, the
one new thing of that name is our own; of what leaves the same when it is done twice, whatever shows
what was wanted.
"""

from collections.abc import Sequence

from runner.catalogue.manifest import FoundBy
from runner.effects.decisions import Move
from runner.effects.evidence import BY_NAME, differences, subject_word
from runner.effects.halting import halt
from runner.effects.matching import (
    added,
    as_wanted,
    is_shown,
    same_name,
    same_payload,
    words_for_like,
)
from runner.effects.model import Attempt, EffectOrder, EffectRow, EffectState, SeenOrder, Sighting


def own_hit(order: EffectOrder, attempts: Sequence[Attempt], sighting: Sighting) -> Move | None:
    """Adopt what carries our requestId, or halt where it is not what was sent; else None."""
    own = [seen for seen in sighting.rows if seen.request_id == order.request_id]
    if not own:
        return None
    near = [
        (seen, "; ".join(differences(order.expectation, seen)) or "carries our requestId")
        for seen in own
    ]
    if len({seen.order_id for seen in own}) > 1:
        reason = "several orders carry our requestId"
        return halt(order, attempts, reason=reason, sighting=sighting, near=near)
    for seen in own:
        wrong = differences(order.expectation, seen)
        if wrong:
            reason = f"order {seen.order_id} has our requestId, but {'; '.join(wrong)}"
            return halt(order, attempts, reason=reason, sighting=sighting, near=near)
    return adopt(own[-1], reason="the custodian lists it under our requestId")


def hit_by_nature(row: EffectRow, sighting: Sighting, claimed: frozenset[str]) -> Move | None:
    """Return what an attempt has brought about that is known by what it is, not by a requestId."""
    if row.order.found_by is FoundBy.NAME:
        return _named_hit(row, sighting, claimed)
    if row.order.found_by is FoundBy.STATE and is_shown(row.order):
        twice = doubled(row, sighting)
        if twice is not None:
            return twice
        shown = as_wanted(row.order, sighting, known=frozenset(row.known_order_ids))
        return None if shown is None else adopt(shown, reason="the custodian shows what is wanted")
    return None


def doubled(row: EffectRow, sighting: Sighting) -> Move | None:
    """Halt an addition of which more than one is there that was not there before."""
    found = {seen.order_id: seen for seen in added(row.order, sighting, row.known_order_ids)}
    if len(found) <= 1:
        return None
    word = subject_word(row.order.expectation.kind)
    reason = f"{word} {' and '.join(found)} are new, and one was to be added"
    near = [(seen, f"a new {word} that is what was asked for") for seen in found.values()]
    return halt(row.order, row.attempts, reason=reason, sighting=sighting, near=near)


def _named_hit(row: EffectRow, sighting: Sighting, claimed: frozenset[str]) -> Move | None:
    found = same_name(row.order, sighting)
    if not found or not sighting.complete:
        # A second thing of that name may be among the rows that were not read.
        return None
    order = row.order
    wrong = {seen.order_id: differences(order.expectation, seen) for seen in found}
    known = {*row.known_order_ids, *claimed}
    near = [(seen, "; ".join(wrong[seen.order_id]) or "it has the name") for seen in found]
    if len(wrong) > 1:
        reason = "several have the name"
    elif found[0].order_id in known:
        reason = f"{found[0].order_id} has the name and was there before, or is another effect's"
    elif wrong[found[0].order_id]:
        reason = f"{found[0].order_id} has the name, but {'; '.join(wrong[found[0].order_id])}"
    else:
        return adopt(found[0], reason=BY_NAME)
    return halt(order, row.attempts, reason=reason, sighting=sighting, near=near)


def adopt(seen: SeenOrder, *, reason: str) -> Move:
    """Take what is shown for the effect's own."""
    return Move(
        state=EffectState.ACCEPTED,
        order_id=seen.order_id,
        status=seen.status,
        status_code=seen.status_code,
        reason=reason,
    )


def near_matches(
    row: EffectRow, sighting: Sighting, claimed: frozenset[str]
) -> list[tuple[SeenOrder, str]]:
    """Return what could be the effect, or a stranger's, each with words that say why."""
    # A row with another requestId is certainly another request; one without could be ours.
    if row.order.expectation.amount is None:
        return []
    what = words_for_like(row.order)
    return [
        (seen, f"{what}, and no requestId to tell whose it is")
        for seen in same_payload(row.order, sighting)
        if not seen.request_id
        and seen.order_id not in row.known_order_ids
        and seen.order_id not in claimed
    ]
