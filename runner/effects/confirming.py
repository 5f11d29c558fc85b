"""An accepted order on its way: the same one, the same payload, and then its end.

Source: DESIGN section 6, the state ACCEPTED.
"""

from collections.abc import Sequence

from runner.catalogue.manifest import FoundBy
from runner.effects.decisions import Move, Wait
from runner.effects.evidence import differences, how_known, not_shown
from runner.effects.halting import halt
from runner.effects.hits import doubled
from runner.effects.matching import FINAL_STATUSES, same_name
from runner.effects.model import EffectOrder, EffectRow, EffectState, SeenOrder, Sighting


def after_poll(row: EffectRow, sighting: Sighting) -> Move | Wait:
    """Decide by a look at an ACCEPTED effect's order."""
    order = row.order
    if order.found_by is FoundBy.NOTHING:
        return Move(
            state=EffectState.CONFIRMED,
            status="success",
            reason="the custodian took it, and no read shows more",
        )
    if order.found_by is FoundBy.STATE:
        return _state_reached(row, sighting)
    twins = _twins(row, sighting)
    if twins:
        reason = f"{_identity(order)} is on {twins[0].order_id} as well"
        near = [(seen, f"carries our {_identity_word(order)}") for seen in twins]
        return halt(order, row.attempts, reason=reason, sighting=sighting, near=near)
    found = [seen for seen in sighting.rows if seen.order_id == row.order_id]
    if not found:
        return Wait(reason=f"order {row.order_id} is not listed yet")
    for seen in found:
        wrong = list(differences(order.expectation, seen))
        if seen.request_id not in {"", order.request_id}:
            wrong.append(f"requestId is {seen.request_id}, not {order.request_id}")
        if wrong:
            reason = f"order {row.order_id} is not what was sent: {'; '.join(wrong)}"
            near = [(seen, "; ".join(wrong))]
            return halt(order, row.attempts, reason=reason, sighting=sighting, near=near)
    return _by_status(row, found)


def never_listed(row: EffectRow, sighting: Sighting | None) -> Move | Wait:
    """Decide about an accepted order whose time and patience are over, by one look at everything.

    An order that a complete list does not show by then may never come: whoever follows it on would
    follow it for ever. What is shown, or could not be read, is followed further.
    """
    words = f"order {row.order_id} is not listed"
    is_order = row.order.found_by not in {FoundBy.NOTHING, FoundBy.STATE}
    if not is_order or sighting is None or not sighting.complete:
        return Wait(reason=words)
    if any(seen.order_id == row.order_id for seen in sighting.rows):
        return Wait(reason=f"order {row.order_id} is {row.status}")
    reason = f"the custodian accepted it as {row.order_id}, and does not list that order"
    return halt(row.order, row.attempts, reason=reason, sighting=sighting)


def out_of_time(row: EffectRow) -> Move | Wait:
    """Decide about an accepted order that is not final when its time is over: it stays what it is.

    Time proves nothing; the order is handed back, still owned, and followed again by a resume.
    """
    return Wait(reason=f"order {row.order_id} is {row.status}")


def _state_reached(row: EffectRow, sighting: Sighting) -> Move | Wait:
    """Decide whether what a repeatable effect wanted is there; a difference may only be late."""
    twice = doubled(row, sighting)
    if twice is not None:
        return twice
    own = row.order_id or row.order.expectation.subject_id
    found = [
        seen
        for seen in sighting.rows
        if seen.order_id == own and not differences(row.order.expectation, seen)
    ]
    if not found:
        return Wait(reason="the custodian does not show yet what was asked for")
    return _by_status(row, found)


def _by_status(row: EffectRow, found: Sequence[SeenOrder]) -> Move | Wait:
    # A row that moved between two pages may be listed twice, with an older and a newer status.
    final = [seen for seen in found if seen.status in FINAL_STATUSES]
    if len({seen.status for seen in final}) > 1:
        return Wait(reason=f"order {row.order_id} is listed as success and as failed")
    seen = final[0] if final else found[-1]
    hidden = not_shown(row.order.expectation, seen)
    if seen.status == "success" and hidden:
        # What has failed moved nothing; what has succeeded must be compared to the last detail.
        return Wait(reason=f"order {row.order_id} does not show its {', '.join(hidden)} yet")
    state = {"success": EffectState.CONFIRMED, "failed": EffectState.FAILED}.get(
        seen.status, EffectState.ACCEPTED
    )
    known = how_known(row)
    how = f"; {known}" if known else ""
    unchanged = (seen.status, seen.status_code) == (row.status, row.status_code)
    if state is EffectState.ACCEPTED and unchanged:
        return Wait(reason=f"order {row.order_id} is {seen.status}")
    return Move(
        state=state,
        status=seen.status,
        status_code=seen.status_code,
        reason=f"the custodian says {seen.status}{how}",
    )


def _twins(row: EffectRow, sighting: Sighting) -> list[SeenOrder]:
    """Return what else has the identity that an accepted effect's own order has."""
    order = row.order
    if order.found_by is FoundBy.NAME:
        others = same_name(order, sighting)
    else:
        others = tuple(s for s in sighting.rows if s.request_id == order.request_id)
    return [seen for seen in others if seen.order_id != row.order_id]


def _identity(order: EffectOrder) -> str:
    if order.found_by is FoundBy.NAME:
        return f"the name {order.expectation.details['name']}"
    return f"requestId {order.request_id}"


def _identity_word(order: EffectOrder) -> str:
    return "name" if order.found_by is FoundBy.NAME else "requestId"
