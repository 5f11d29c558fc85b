"""After an attempt: what its answer makes of the effect.

Source: DESIGN section 6, rules 4, 5 and 8.
"""

from runner.catalogue.manifest import FoundBy
from runner.effects.classify import Verdict, VerdictKind
from runner.effects.decisions import Judged, Move
from runner.effects.halting import halt
from runner.effects.model import EffectRow, EffectState
from runner.effects.transitions import SENDS_MAX, is_unsent, sends_made


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


def _accept(row: EffectRow, verdict: Verdict) -> Move:
    is_edited = row.order.found_by is FoundBy.STATE
    if verdict.order_id in row.known_order_ids and not is_edited:
        reason = f"the answer names order {verdict.order_id}, which existed before the attempt"
        return halt(row.order, row.attempts, reason=reason, sighting=None)
    return Move(
        state=EffectState.ACCEPTED,
        order_id=verdict.order_id,
        status=verdict.status,
        status_code=verdict.status_code,
        reason=verdict.reason,
    )
