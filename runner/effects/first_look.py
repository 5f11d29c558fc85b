"""Before an attempt: what the custodian shows must not be this effect, or stand in its way.

Source: DESIGN section 6, rules 6 and 9.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from runner.catalogue.manifest import FoundBy
from runner.effects.decisions import Blocked, FirstLook, LookCloser, Move, Send, Wait
from runner.effects.halting import halt
from runner.effects.hits import adopt, own_hit
from runner.effects.matching import (
    as_wanted,
    is_rival,
    is_shown,
    open_order,
    same_name,
    same_payload,
    unclear,
    words_for_like,
)
from runner.effects.model import Attempt, EffectOrder, EffectState, Sighting

_INCOMPLETE = "the custodian's list could not be read completely"
_GONE = "the plan expired before anything was sent"


def before_sending(
    order: EffectOrder,
    attempts: Sequence[Attempt],
    sighting: Sighting,
    *,
    claimed: frozenset[str],
    expired: bool,
) -> FirstLook:
    """Decide by the look before an attempt, which reaches back past the plan (rules 6 and 9).

    Shapes: ``claimed`` are the order ids that any effect of ours has; ``expired`` says that the
        plan's ``not_after`` has passed.
    """
    hit = own_hit(order, attempts, sighting)
    if hit is not None:
        return hit
    if not sighting.complete:
        return Wait(reason=_INCOMPLETE)
    if expired:
        return Move(state=EffectState.CANCELLED, reason=_GONE)
    return _BEFORE_SENDING[order.found_by](order, attempts, sighting, claimed)


def _before_listed(
    order: EffectOrder,
    attempts: Sequence[Attempt],  # noqa: ARG001 - one shape for every way of finding
    sighting: Sighting,
    claimed: frozenset[str],
) -> FirstLook:
    blocking = open_order(order, sighting)
    if blocking is not None and order.found_by is FoundBy.LIST:
        return Blocked(seen=blocking)
    like_it = (*same_payload(order, sighting), *unclear(order, sighting))
    if any(seen.order_id not in claimed for seen in like_it):
        return LookCloser()
    return Send()


def _before_named(
    order: EffectOrder,
    attempts: Sequence[Attempt],
    sighting: Sighting,
    claimed: frozenset[str],  # noqa: ARG001 - whoever made it, the name is taken
) -> FirstLook:
    taken = same_name(order, sighting)
    if not taken:
        return Send()
    reason = f"{taken[0].order_id} has the name already: nothing was sent"
    near = [(seen, "it has the name") for seen in taken]
    return halt(order, attempts, reason=reason, sighting=sighting, near=near)


def _before_repeatable(
    order: EffectOrder,
    attempts: Sequence[Attempt],  # noqa: ARG001 - none of them can have been executed
    sighting: Sighting,
    claimed: frozenset[str],  # noqa: ARG001 - what there is counts, not whose it is
) -> FirstLook:
    shown = as_wanted(order, sighting, known=None)
    if shown is not None and is_shown(order):
        return adopt(shown, reason="the custodian shows already what is wanted")
    rival = next((s for s in sighting.rows if is_rival(order, s)), None)
    if rival is not None:
        return Move(
            state=EffectState.CANCELLED,
            reason=f"entry {rival.order_id} is there already, and another would be added beside it",
        )
    return Send()


_BEFORE_SENDING: Mapping[
    FoundBy,
    Callable[[EffectOrder, Sequence[Attempt], Sighting, frozenset[str]], FirstLook],
] = MappingProxyType(
    {
        FoundBy.LIST: _before_listed,
        FoundBy.REQUEST_ID: _before_listed,
        FoundBy.NAME: _before_named,
        FoundBy.STATE: _before_repeatable,
        FoundBy.NOTHING: lambda *_: Send(),
    }
)


def among_recent(
    order: EffectOrder,
    attempts: Sequence[Attempt],
    sighting: Sighting,
    *,
    claimed: frozenset[str],
) -> Move | Wait | Send:
    """Decide by a look at the orders younger than the plan alone (rule 6)."""
    hit = own_hit(order, attempts, sighting)
    if hit is not None:
        return hit
    if not sighting.complete:
        return Wait(reason=_INCOMPLETE)
    strangers = [s for s in same_payload(order, sighting) if s.order_id not in claimed]
    hidden = [s for s in unclear(order, sighting) if s.order_id not in claimed]
    if not strangers and hidden:
        return Wait(
            reason=f"order {hidden[0].order_id}, younger than the plan, may move the same amount:"
            " its fee is not shown yet"
        )
    if not strangers:
        return Send()
    what = words_for_like(order)
    reason = (
        f"order {strangers[0].order_id}, younger than the plan, already moves the same amount and"
        " no effect of this journal has it: nothing was sent"
    )
    near = [(seen, f"{what}, younger than the plan") for seen in strangers]
    return halt(order, attempts, reason=reason, sighting=sighting, near=near)
