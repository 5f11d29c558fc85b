"""The rules of one effect as pure functions: what is known in, what to do out.

Nothing here reads a clock, a journal or the network. An *own* order carries our requestId; a *near*
match shows our payload without a requestId, or is a stranger's; it is evidence and never a hit.

The only recovery is reading: an attempt goes out after another only when every earlier one is
proven not executed, and what only a resend could settle ends HALTED.
Source: DESIGN section 6.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.effects.classify import Verdict, VerdictKind
from runner.effects.evidence import differences, halt_evidence
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

_FINAL_STATUSES = frozenset({"success", "failed"})


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
        included, and every fact of the fence is known; ``patience_over`` when no more is read.
    """

    believed: bool
    patience_over: bool


@record
class Judged:
    """What an answer does: the transition, and whether its attempt is proven not executed."""

    move: Move
    proven_not_executed: bool


FirstLook: TypeAlias = Move | Wait | Send | Blocked | LookCloser


def sends_made(attempts: Sequence[Attempt]) -> int:
    """Count the attempts that reached for the wire, or may have."""
    return sum(1 for each in attempts if _answer(each).get("kind") != "not_sent")


def is_unsent(attempts: Sequence[Attempt]) -> bool:
    """Tell whether every attempt, if any, is proven not executed."""
    return all(each.proven_not_executed for each in attempts)


def same_payload(order: EffectOrder, sighting: Sighting) -> tuple[SeenOrder, ...]:
    """Return the listed orders of the effect's link, coin, kind and amount, its own excluded."""
    wanted = order.expectation
    return tuple(
        seen
        for seen in sighting.rows
        if seen.request_id != order.request_id
        and (seen.link_id, seen.coin, seen.kind, seen.amount)
        == (wanted.link_id, wanted.coin, wanted.kind, wanted.amount)
    )


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
        return Wait(reason="the custodian's list could not be read completely")
    if expired:
        return Move(state=EffectState.CANCELLED, reason="the plan expired before anything was sent")
    blocking = _open_order(order, sighting)
    if blocking is not None:
        return Blocked(seen=blocking)
    if any(seen.order_id not in claimed for seen in same_payload(order, sighting)):
        return LookCloser()
    return Send()


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
        return Wait(reason="the custodian's list could not be read completely")
    strangers = [s for s in same_payload(order, sighting) if s.order_id not in claimed]
    if not strangers:
        return Send()
    reason = (
        f"order {strangers[0].order_id}, younger than the plan, already moves the same amount and"
        " no effect of this journal has it: nothing was sent"
    )
    near = [(seen, "same link, coin, kind and amount, younger than the plan") for seen in strangers]
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
) -> Move | Wait:
    """Decide by a look at what became of an UNKNOWN or SEEN effect (rules 4, 7 and 9)."""
    hit = _own_hit(row.order, row.attempts, sighting)
    if hit is not None:
        return hit
    near = _near(row, sighting, claimed)
    if row.state is EffectState.UNKNOWN and reading.believed:
        if near:
            words = "an order like it exists, but nothing proves whose it is"
        elif _was_refused(row):
            return Move(
                state=EffectState.REJECTED,
                reason=f"{row.reason}; past the fence the custodian's list does not show it",
            )
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
    if sighting is None:
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


def after_halt(row: EffectRow, sighting: Sighting) -> Move | Wait:
    """Decide by the one look a resume gives a HALTED effect: only an own hit helps it."""
    hit = _own_hit(row.order, row.attempts, sighting)
    fits = hit is not None and hit.state is EffectState.ACCEPTED
    if hit is not None and fits and row.order_id in {"", hit.order_id}:
        return hit
    return Wait(reason=row.reason)


def after_poll(row: EffectRow, sighting: Sighting) -> Move | Wait:
    """Decide by a look at an ACCEPTED effect's order."""
    request_id = row.order.request_id
    twins = [
        seen
        for seen in sighting.rows
        if seen.request_id == request_id and seen.order_id != row.order_id
    ]
    if twins:
        reason = f"requestId {request_id} is on order {twins[0].order_id} as well"
        near = [(seen, "carries our requestId") for seen in twins]
        return _halt(row.order, row.attempts, reason=reason, sighting=sighting, near=near)
    found = [seen for seen in sighting.rows if seen.order_id == row.order_id]
    if not found:
        return Wait(reason=f"order {row.order_id} is not listed yet")
    for seen in found:
        wrong = list(differences(row.order.expectation, seen))
        if seen.request_id not in {"", request_id}:
            wrong.append(f"requestId is {seen.request_id}, not {request_id}")
        if wrong:
            reason = f"order {row.order_id} is not what was sent: {'; '.join(wrong)}"
            near = [(seen, "; ".join(wrong))]
            return _halt(row.order, row.attempts, reason=reason, sighting=sighting, near=near)
    return _by_status(row, found)


def _by_status(row: EffectRow, found: Sequence[SeenOrder]) -> Move | Wait:
    # A row that moved between two pages may be listed twice, with an older and a newer status.
    final = [seen for seen in found if seen.status in _FINAL_STATUSES]
    if len({seen.status for seen in final}) > 1:
        return Wait(reason=f"order {row.order_id} is listed as success and as failed")
    seen = final[0] if final else found[-1]
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
    return Move(
        state=EffectState.ACCEPTED,
        order_id=own[-1].order_id,
        status=own[-1].status,
        status_code=own[-1].status_code,
        reason="the custodian lists it under our requestId",
    )


def _accept(row: EffectRow, verdict: Verdict) -> Move:
    if verdict.order_id in row.known_order_ids:
        reason = f"the answer names order {verdict.order_id}, which existed before the attempt"
        return _halt(row.order, row.attempts, reason=reason, sighting=None)
    return Move(
        state=EffectState.ACCEPTED,
        order_id=verdict.order_id,
        status=verdict.status,
        status_code=verdict.status_code,
        reason=verdict.reason,
    )


def _open_order(order: EffectOrder, sighting: Sighting) -> SeenOrder | None:
    # The kind does not matter: the lock is the link and the coin. A status nobody knows is not
    # final.
    wanted = order.expectation
    return next(
        (
            seen
            for seen in sighting.rows
            if seen.status not in _FINAL_STATUSES
            and (seen.link_id, seen.coin) == (wanted.link_id, wanted.coin)
        ),
        None,
    )


def _near(
    row: EffectRow, sighting: Sighting, claimed: frozenset[str]
) -> list[tuple[SeenOrder, str]]:
    # A row with another requestId is certainly another request; one without could be ours.
    return [
        (seen, "same link, coin, kind and amount, and no requestId to tell whose it is")
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
