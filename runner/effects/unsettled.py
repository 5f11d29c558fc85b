"""While nobody knows: what a look makes of an effect that is UNKNOWN or SEEN.

An own hit settles either. Else reading goes on until it proves that nothing was executed, or until
patience ends; what is left is for a person.
Source: DESIGN section 6, the states UNKNOWN and SEEN; rules 4, 7, 8 and 9.
"""

from dataclasses import replace

from runner.catalogue.manifest import FoundBy
from runner.effects.classify import VerdictKind
from runner.effects.decisions import Move, Reading, Send, Wait
from runner.effects.evidence import ATTRIBUTED, differences, halt_evidence
from runner.effects.halting import halt, out_of_patience
from runner.effects.hits import adopt, hit_by_nature, near_matches, own_hit
from runner.effects.matching import is_addition, is_shown
from runner.effects.model import EffectRow, EffectState, SeenOrder, Sighting
from runner.effects.transitions import SENDS_MAX, answer_of, is_repeatable, sends_made

_Near = list[tuple[SeenOrder, str]]


def after_look(
    row: EffectRow, sighting: Sighting, reading: Reading, *, claimed: frozenset[str]
) -> Move | Wait | Send:
    """Decide by a look at what became of an UNKNOWN or SEEN effect (rules 4, 7, 8 and 9)."""
    hit = own_hit(row.order, row.attempts, sighting) or hit_by_nature(row, sighting, claimed)
    if hit is not None:
        return hit
    again = _repeated(row, reading)
    if again is not None:
        return again
    if not is_shown(row.order):
        return out_of_patience(row, sighting)
    near = near_matches(row, sighting, claimed)
    settled = None
    if reading.believed:
        settling = _settle_unknown if row.state is EffectState.UNKNOWN else _settle_seen
        settled = settling(row, sighting, reading, near)
    if settled is not None:
        return settled
    if reading.patience_over:
        return out_of_patience(row, sighting, near=near)
    return Wait(reason="nothing the custodian lists proves anything yet")


def _settle_unknown(
    row: EffectRow, sighting: Sighting, reading: Reading, near: _Near
) -> Move | Send:
    """Decide past the fence: what is not there was not executed, unless it looks like a near row.

    A copy is sent only where the custodian is known to recognise it: then its answer is "accepted"
    or G20015, whatever the list shows.
    """
    if not near and _was_refused(row):
        return _rejected(row)
    if not is_repeatable(row.order) and not reading.resend_barred:
        return Send()
    if near:
        words = "an order like it exists, but nothing proves whose it is"
    elif row.attempts[-1].proven_not_executed:
        return _rejected(row)
    elif is_repeatable(row.order):
        words = f"{SENDS_MAX} sends did not bring it about, as far as reading shows"
    else:
        words = (
            "past the fence the custodian's list does not show it; it is not sent again,"
            f" because {reading.resend_barred}"
        )
    return halt(row.order, row.attempts, reason=words, sighting=sighting, near=near)


def _settle_seen(row: EffectRow, sighting: Sighting, reading: Reading, near: _Near) -> Move | None:
    """Attribute the one row that can be the order a duplicate's answer proves to exist.

    Past the fence whatever was executed is listed, so that a single unclaimed row is ours if only
    an executed request makes the next one a duplicate.
    """
    if row.order.found_by is not FoundBy.LIST or not reading.duplicate_landed:
        return None
    ids = {seen.order_id for seen, _ in near}
    if len(ids) != 1 or any(differences(row.order.expectation, seen) for seen, _ in near):
        return None
    move = adopt(near[-1][0], reason=ATTRIBUTED)
    evidence = halt_evidence(
        row.order, row.attempts, reason=ATTRIBUTED, sighting=sighting, near=near
    )
    return replace(move, evidence=evidence)


def _rejected(row: EffectRow) -> Move:
    return Move(
        state=EffectState.REJECTED,
        reason=f"{row.reason}; past the fence the custodian's list does not show it",
    )


def _repeated(row: EffectRow, reading: Reading) -> Send | Wait | None:
    """Decide whether what may be done twice is sent again, now or later; None when it never is."""
    if not is_repeatable(row.order) or sends_made(row.attempts) >= SENDS_MAX:
        return None
    ready, over = reading.looked_enough, False
    if is_addition(row.order):
        # A second one would stay beside the first: only a believed absence makes room for it.
        ready = row.state is EffectState.UNKNOWN and reading.believed
        over = reading.patience_over
    if ready:
        return Send()
    return None if over else Wait(reason="it is not shown yet")


def _was_refused(row: EffectRow) -> bool:
    """Tell whether the last answer was a no that a believed absence makes definite."""
    answer = answer_of(row.attempts[-1])
    return answer.get("refusal") is True or answer.get("verdict") == VerdictKind.NOT_EXECUTED
