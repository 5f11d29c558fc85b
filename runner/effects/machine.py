"""The rules of one effect as pure functions: what is known in, what to do out.

Nothing here reads a clock, a journal or the network. An *own* order carries our requestId; a *near*
match shows our payload without a requestId, or is a stranger's; it is evidence and never a hit. Of
what has a name that nothing else has, the one new thing of that name is our own; of what leaves the
same when it is done twice, whatever shows what was wanted.

The only recovery is reading: an attempt goes out after another only when every earlier one is
proven not executed, and what only a resend could settle ends HALTED. Repeatable effects alone are
sent again where reading does not show them, at most ``SENDS_MAX`` times in their life.
Source: DESIGN section 6.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from runner.catalogue.manifest import FoundBy
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.effects.classify import Verdict, VerdictKind
from runner.effects.evidence import differences, halt_evidence, not_shown
from runner.effects.matching import (
    FINAL_STATUSES,
    adds_entry,
    as_wanted,
    is_rival,
    is_shown,
    open_order,
    same_name,
    same_payload,
    unclear,
    words_for_like,
)
from runner.effects.model import (
    Attempt,
    EffectOrder,
    EffectRow,
    EffectState,
    SeenOrder,
    Sighting,
)

SENDS_MAX = 4
"""How many times one effect may reach for the wire in its life, attempts never sent not counted."""

TRANSITIONS: Mapping[EffectState, frozenset[EffectState]] = MappingProxyType(
    {
        EffectState.PLANNED: frozenset({EffectState.INTENT}),
        EffectState.INTENT: frozenset(
            {
                EffectState.SENDING,
                EffectState.ACCEPTED,
                EffectState.CANCELLED,
                EffectState.HALTED,
            }
        ),
        EffectState.SENDING: frozenset(
            {
                EffectState.INTENT,
                EffectState.UNKNOWN,
                EffectState.SEEN,
                EffectState.ACCEPTED,
                EffectState.REJECTED,
                EffectState.HALTED,
            }
        ),
        EffectState.UNKNOWN: frozenset(
            {EffectState.ACCEPTED, EffectState.REJECTED, EffectState.HALTED}
        ),
        EffectState.SEEN: frozenset({EffectState.ACCEPTED, EffectState.HALTED}),
        EffectState.ACCEPTED: frozenset(
            {
                EffectState.ACCEPTED,
                EffectState.CONFIRMED,
                EffectState.FAILED,
                EffectState.HALTED,
            }
        ),
        EffectState.HALTED: frozenset({EffectState.ACCEPTED}),
        EffectState.CONFIRMED: frozenset(),
        EffectState.REJECTED: frozenset(),
        EffectState.FAILED: frozenset(),
        EffectState.CANCELLED: frozenset(),
    }
)
"""Every transition there is; the journal refuses any other. ACCEPTED to itself notes a status."""

REPEATED: Mapping[EffectState, frozenset[EffectState]] = MappingProxyType(
    {
        EffectState.UNKNOWN: frozenset({EffectState.SENDING}),
        EffectState.SEEN: frozenset({EffectState.SENDING}),
    }
)
"""The transitions that repeatable effects have besides: the next attempt after an unknown one."""

_REPEATABLE = frozenset({FoundBy.STATE, FoundBy.NOTHING})
_INCOMPLETE = "the custodian's list could not be read completely"
_GONE = "the plan expired before anything was sent"


@record
class Move:
    """Make this transition durable."""

    state: EffectState
    order_id: str = ""
    status: str = ""
    status_code: str = ""
    reason: str = ""
    evidence: JsonValue = None


@record
class Wait:
    """Nothing is proven yet: look again later."""

    reason: str


@record
class Send:
    """Nothing at the custodian stands in the way of an attempt."""


@record
class Blocked:
    """An open order at the custodian holds the lock: nothing may be sent beside it."""

    seen: SeenOrder


@record
class LookCloser:
    """Unclaimed orders look like this effect: read the recent ones alone before deciding."""


@record
class Reading:
    """What looking has been good for so far.

    Shapes: ``believed`` is true when two complete looks past the fence lie behind, the present one
        included, and every fact of the fence is known; ``patience_over`` when no more is read;
        ``looked_enough`` when two complete looks lie behind since the last attempt.
    """

    believed: bool
    patience_over: bool
    looked_enough: bool = False


@record
class Judged:
    """What an answer does: the transition, and whether its attempt is proven not executed."""

    move: Move
    proven_not_executed: bool


FirstLook: TypeAlias = Move | Wait | Send | Blocked | LookCloser


def is_repeatable(order: EffectOrder) -> bool:
    """Tell whether an effect leaves the same when it is done twice."""
    return order.found_by in _REPEATABLE


def transitions(order: EffectOrder, state: EffectState) -> frozenset[EffectState]:
    """Return the states an effect may go to from one; the journal refuses every other."""
    more = REPEATED.get(state, frozenset()) if is_repeatable(order) else frozenset()
    return TRANSITIONS[state] | more


def sends_made(attempts: Sequence[Attempt]) -> int:
    """Count the attempts that reached for the wire, or may have."""
    return sum(1 for each in attempts if _answer(each).get("kind") != "not_sent")


def is_unsent(attempts: Sequence[Attempt]) -> bool:
    """Tell whether every attempt, if any, is proven not executed."""
    return all(each.proven_not_executed for each in attempts)


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
    hit = _own_hit(order, attempts, sighting)
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
    return _halt(order, attempts, reason=reason, sighting=sighting, near=near)


def _before_repeatable(
    order: EffectOrder,
    attempts: Sequence[Attempt],  # noqa: ARG001 - none of them can have been executed
    sighting: Sighting,
    claimed: frozenset[str],  # noqa: ARG001 - what there is counts, not whose it is
) -> FirstLook:
    shown = as_wanted(order, sighting, known=None)
    if shown is not None and is_shown(order):
        return _adopt(shown, reason="the custodian shows already what is wanted")
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
    hit = _own_hit(order, attempts, sighting)
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
    return _halt(order, attempts, reason=reason, sighting=sighting, near=near)


def after_answer(row: EffectRow, verdict: Verdict, *, can_repeat: bool) -> Judged:
    """Decide by the answer to the last attempt of a SENDING effect (rules 4, 5 and 8).

    Shapes: ``can_repeat`` says that the remedy for a repeatable answer exists: the server's date.
    """
    earlier_unsent = is_unsent(row.attempts[:-1])
    kind, reason = verdict.kind, verdict.reason
    if kind is VerdictKind.ACCEPTED:
        return Judged(move=_accept(row, verdict), proven_not_executed=False)
    if kind is VerdictKind.SEEN:
        return Judged(move=Move(state=EffectState.SEEN, reason=reason), proven_not_executed=False)
    if kind is VerdictKind.UNKNOWN:
        return Judged(
            move=Move(state=EffectState.UNKNOWN, reason=reason), proven_not_executed=False
        )
    if not earlier_unsent:
        # "Insufficient balance" may be the consequence of an earlier attempt that landed.
        words = f"{reason}; but an earlier attempt may have been executed"
        return Judged(move=Move(state=EffectState.UNKNOWN, reason=words), proven_not_executed=True)
    if kind is VerdictKind.NOT_EXECUTED:
        state = EffectState.REJECTED
    elif kind is VerdictKind.NOT_SENT:
        state = EffectState.INTENT
    else:
        # This attempt has no answer in the row yet, so it is counted as one that was sent.
        again = sends_made(row.attempts) < SENDS_MAX
        again = again and (can_repeat or kind is not VerdictKind.REPEATABLE)
        state = EffectState.INTENT if again else EffectState.REJECTED
    return Judged(move=Move(state=state, reason=reason), proven_not_executed=True)


def found_sending() -> Move:
    """Return what a SENDING effect becomes when no process is sending it."""
    return Move(
        state=EffectState.UNKNOWN,
        reason="an earlier process ended between the attempt and its answer",
    )


def after_look(
    row: EffectRow, sighting: Sighting, reading: Reading, *, claimed: frozenset[str]
) -> Move | Wait | Send:
    """Decide by a look at what became of an UNKNOWN or SEEN effect (rules 4, 7 and 9).

    Shapes: Send is for repeatable effects alone.
    """
    hit = _own_hit(row.order, row.attempts, sighting) or _hit_by_nature(row, sighting, claimed)
    if hit is not None:
        return hit
    if is_repeatable(row.order) and sends_made(row.attempts) < SENDS_MAX:
        is_time = reading.looked_enough
        if adds_entry(row.order):
            # Done twice it leaves two: only what is believed to be absent is added again.
            is_time = reading.believed or reading.patience_over
        return Send() if is_time else Wait(reason="it is not shown yet")
    if not is_shown(row.order):
        return out_of_patience(row, sighting)
    near = _near(row, sighting, claimed)
    if row.state is EffectState.UNKNOWN and reading.believed:
        if near:
            words = "an order like it exists, but nothing proves whose it is"
        elif _was_refused(row):
            return Move(
                state=EffectState.REJECTED,
                reason=f"{row.reason}; past the fence the custodian's list does not show it",
            )
        elif is_repeatable(row.order):
            words = f"{SENDS_MAX} sends did not bring it about, as far as reading shows"
        else:
            words = "past the fence the custodian's list does not show it; a resend could settle it"
        return _halt(row.order, row.attempts, reason=words, sighting=sighting, near=near)
    if reading.patience_over:
        return out_of_patience(row, sighting, near=near)
    return Wait(reason="nothing the custodian lists proves anything yet")


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
    return _halt(
        row.order, row.attempts, reason=f"{words} ({row.reason})", sighting=sighting, near=near
    )


def after_halt(
    row: EffectRow, sighting: Sighting, *, claimed: frozenset[str] = frozenset()
) -> Move | Wait:
    """Decide by the one look a resume gives a HALTED effect: only an own hit helps it."""
    others = claimed - {row.order_id}
    hit = _own_hit(row.order, row.attempts, sighting) or _hit_by_nature(row, sighting, others)
    fits = hit is not None and hit.state is EffectState.ACCEPTED
    if hit is not None and fits and row.order_id in {"", hit.order_id}:
        return hit
    return Wait(reason=row.reason)


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
        return _halt(order, row.attempts, reason=reason, sighting=sighting, near=near)
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
            return _halt(order, row.attempts, reason=reason, sighting=sighting, near=near)
    return _by_status(row, found)


def _state_reached(row: EffectRow, sighting: Sighting) -> Move | Wait:
    """Decide whether what a repeatable effect wanted is there; a difference may only be late."""
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
    unchanged = (seen.status, seen.status_code) == (row.status, row.status_code)
    if state is EffectState.ACCEPTED and unchanged:
        return Wait(reason=f"order {row.order_id} is {seen.status}")
    return Move(
        state=state,
        status=seen.status,
        status_code=seen.status_code,
        reason=f"the custodian says {seen.status}",
    )


def _own_hit(order: EffectOrder, attempts: Sequence[Attempt], sighting: Sighting) -> Move | None:
    own = [seen for seen in sighting.rows if seen.request_id == order.request_id]
    if not own:
        return None
    near = [
        (seen, "; ".join(differences(order.expectation, seen)) or "carries our requestId")
        for seen in own
    ]
    if len({seen.order_id for seen in own}) > 1:
        reason = "several orders carry our requestId"
        return _halt(order, attempts, reason=reason, sighting=sighting, near=near)
    for seen in own:
        wrong = differences(order.expectation, seen)
        if wrong:
            reason = f"order {seen.order_id} has our requestId, but {'; '.join(wrong)}"
            return _halt(order, attempts, reason=reason, sighting=sighting, near=near)
    return _adopt(own[-1], reason="the custodian lists it under our requestId")


def _hit_by_nature(row: EffectRow, sighting: Sighting, claimed: frozenset[str]) -> Move | None:
    """Return what an attempt has brought about that is known by what it is, not by a requestId."""
    if row.order.found_by is FoundBy.NAME:
        return _named_hit(row, sighting, claimed)
    if row.order.found_by is FoundBy.STATE and is_shown(row.order):
        shown = as_wanted(row.order, sighting, known=frozenset(row.known_order_ids))
        return None if shown is None else _adopt(shown, reason="the custodian shows what is wanted")
    return None


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
        return _adopt(found[0], reason="the one new thing of that name")
    return _halt(order, row.attempts, reason=reason, sighting=sighting, near=near)


def _adopt(seen: SeenOrder, *, reason: str) -> Move:
    return Move(
        state=EffectState.ACCEPTED,
        order_id=seen.order_id,
        status=seen.status,
        status_code=seen.status_code,
        reason=reason,
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


def _accept(row: EffectRow, verdict: Verdict) -> Move:
    is_edited = row.order.found_by is FoundBy.STATE
    if verdict.order_id in row.known_order_ids and not is_edited:
        reason = f"the answer names order {verdict.order_id}, which existed before the attempt"
        return _halt(row.order, row.attempts, reason=reason, sighting=None)
    return Move(
        state=EffectState.ACCEPTED,
        order_id=verdict.order_id,
        status=verdict.status,
        status_code=verdict.status_code,
        reason=verdict.reason,
    )


def _near(
    row: EffectRow, sighting: Sighting, claimed: frozenset[str]
) -> list[tuple[SeenOrder, str]]:
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


def _was_refused(row: EffectRow) -> bool:
    """Tell whether a believed absence turns the last answer into a definite no."""
    last = row.attempts[-1]
    return last.proven_not_executed or _answer(last).get("refusal") is True


def _halt(
    order: EffectOrder,
    attempts: Sequence[Attempt],
    *,
    reason: str,
    sighting: Sighting | None,
    near: Sequence[tuple[SeenOrder, str]] = (),
) -> Move:
    words = f"requestId {order.request_id}: {reason}"
    evidence = halt_evidence(order, attempts, reason=reason, sighting=sighting, near=near)
    return Move(state=EffectState.HALTED, reason=words, evidence=evidence)


def _answer(attempt: Attempt) -> Mapping[str, JsonValue]:
    return attempt.answer if isinstance(attempt.answer, Mapping) else {}
