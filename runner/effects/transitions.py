"""Which state may follow which, and what an effect's attempts amount to.

Source: DESIGN section 6, the table of states; rules 5 and 8.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from runner.catalogue.manifest import FoundBy
from runner.core.jsonvalue import JsonValue
from runner.effects.model import Attempt, EffectOrder, EffectState

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
            {
                EffectState.SENDING,
                EffectState.ACCEPTED,
                EffectState.REJECTED,
                EffectState.HALTED,
            }
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
"""Every transition there is; the journal refuses any other. ACCEPTED to itself notes a status.

UNKNOWN goes to SENDING without INTENT between: an effect in INTENT is one that nothing was sent of,
and whoever ends a run cancels it; one that may have been executed must never stand there.
"""

REPEATED: Mapping[EffectState, frozenset[EffectState]] = MappingProxyType(
    {EffectState.SEEN: frozenset({EffectState.SENDING})}
)
"""The transitions that repeatable effects have besides: the next attempt after a duplicate."""

_REPEATABLE = frozenset({FoundBy.STATE, FoundBy.NOTHING})


def is_repeatable(order: EffectOrder) -> bool:
    """Tell whether an effect leaves the same when it is done twice."""
    return order.found_by in _REPEATABLE


def transitions(order: EffectOrder, state: EffectState) -> frozenset[EffectState]:
    """Return the states an effect may go to from one; the journal refuses every other."""
    if is_repeatable(order):
        return TRANSITIONS[state] | REPEATED.get(state, frozenset())
    if state is EffectState.UNKNOWN and not carries_request_id(order):
        return TRANSITIONS[state] - {EffectState.SENDING}
    return TRANSITIONS[state]


def carries_request_id(order: EffectOrder) -> bool:
    """Tell whether the custodian is told the requestId: some operations take none."""
    # In JSON text an unescaped name with its colon can only be a member.
    return '"requestId":' in order.body


def sends_made(attempts: Sequence[Attempt]) -> int:
    """Count the attempts that reached for the wire, or may have."""
    return sum(1 for each in attempts if answer_of(each).get("kind") != "not_sent")


def is_unsent(attempts: Sequence[Attempt]) -> bool:
    """Tell whether every attempt, if any, is proven not executed."""
    return all(each.proven_not_executed for each in attempts)


def answer_of(attempt: Attempt) -> Mapping[str, JsonValue]:
    """Return what the journal keeps of an attempt's answer; empty while there is none."""
    return attempt.answer if isinstance(attempt.answer, Mapping) else {}
