"""While nobody knows: what a look makes of an effect that is UNKNOWN or SEEN.

The only recovery is reading: an attempt goes out after another only when every earlier one is
proven not executed, and what only a resend could settle ends HALTED. Repeatable effects alone are
sent again where reading does not show them, at most ``SENDS_MAX`` times in their life; what adds a
thing beside others only past the fence, for a second one would stay.
Source: DESIGN section 6, rules 4, 7 and 9.
"""

from runner.effects.decisions import Move, Reading, Send, Wait
from runner.effects.halting import halt, out_of_patience
from runner.effects.hits import hit_by_nature, near_matches, own_hit
from runner.effects.matching import is_addition, is_shown
from runner.effects.model import EffectRow, EffectState, Sighting
from runner.effects.transitions import SENDS_MAX, answer_of, is_repeatable, sends_made


def after_look(
    row: EffectRow, sighting: Sighting, reading: Reading, *, claimed: frozenset[str]
) -> Move | Wait | Send:
    """Decide by a look at what became of an UNKNOWN or SEEN effect (rules 4, 7 and 9).

    Shapes: Send is for repeatable effects alone.
    """
    hit = own_hit(row.order, row.attempts, sighting) or hit_by_nature(row, sighting, claimed)
    if hit is not None:
        return hit
    again = _sent_again(row, reading)
    if again is not None:
        return again
    if not is_shown(row.order):
        return out_of_patience(row, sighting)
    near = near_matches(row, sighting, claimed)
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
        return halt(row.order, row.attempts, reason=words, sighting=sighting, near=near)
    if reading.patience_over:
        return out_of_patience(row, sighting, near=near)
    return Wait(reason="nothing the custodian lists proves anything yet")


def _sent_again(row: EffectRow, reading: Reading) -> Send | Wait | None:
    """Decide whether what is not shown is sent again, now or later; None when it never is."""
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
    """Tell whether a believed absence turns the last answer into a definite no."""
    last = row.attempts[-1]
    return last.proven_not_executed or answer_of(last).get("refusal") is True
