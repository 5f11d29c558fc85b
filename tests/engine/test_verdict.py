"""The table of exit codes and its precedence, DESIGN section 8, row by row."""

import itertools

import pytest

from runner.core.errors import ExitCode
from runner.effects.model import FINAL_STATES, OPEN_STATES, EffectState
from runner.engine.verdict import RESUMABLE, Cause, WalkEnd, exit_code, worst_first

CONFIRMED = (EffectState.CONFIRMED,)


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("state", sorted(OPEN_STATES))
def test_open_effect_is_10_whatever_else_happened(
    state: EffectState, cause: Cause, *, sent: bool
) -> None:
    others = list(EffectState)

    assert exit_code(cause, [*others, state], sent=sent) is ExitCode.OUTCOME_UNKNOWN
    assert exit_code(cause, [state], sent=sent) is ExitCode.OUTCOME_UNKNOWN


@pytest.mark.parametrize(
    ("cause", "sent", "expected"),
    [
        (Cause.DONE, True, 0),
        (Cause.DONE, False, 0),
        (Cause.ENDED, False, 4),
        (Cause.ENDED, True, 13),
        (Cause.DRIFTED, False, 7),
        (Cause.DRIFTED, True, 13),
        (Cause.LOCKED, False, 8),
        (Cause.LOCKED, True, 8),
        (Cause.UNREACHABLE, False, 9),
        (Cause.UNREACHABLE, True, 9),
        (Cause.EFFECT_FAILED, True, 1),
        (Cause.NOT_FINAL, True, 12),
        (Cause.OUTCOME_UNKNOWN, True, 10),
        (Cause.INTERRUPTED, False, 130),
        (Cause.INTERRUPTED, True, 130),
        (Cause.TERMINATED, False, 143),
        (Cause.TERMINATED, True, 143),
    ],
)
def test_cause_alone_gives_its_exit_code(cause: Cause, *, sent: bool, expected: int) -> None:
    states = CONFIRMED if sent else ()

    assert exit_code(cause, states, sent=sent) == expected


# From strongest to weakest, as DESIGN section 8 lists them, without the codes a walk cannot have.
PRECEDENCE = [
    (10, Cause.OUTCOME_UNKNOWN, EffectState.UNKNOWN),
    (12, Cause.NOT_FINAL, EffectState.ACCEPTED),
    (130, Cause.INTERRUPTED, None),
    (1, Cause.EFFECT_FAILED, EffectState.FAILED),
    (13, Cause.ENDED, EffectState.CONFIRMED),
]


@pytest.mark.parametrize(
    ("stronger", "weaker"), list(itertools.combinations(PRECEDENCE, 2)), ids=lambda row: str(row[0])
)
def test_stronger_code_wins_whichever_way_it_arises(
    stronger: tuple[int, Cause, EffectState | None], weaker: tuple[int, Cause, EffectState | None]
) -> None:
    code, cause, state = stronger
    states = [s for s in (state, weaker[2]) if s is not None]

    assert exit_code(cause, states, sent=True) == code
    if state is not None:
        assert exit_code(weaker[1], states, sent=True) == code


@pytest.mark.parametrize("cause", [Cause.DONE, Cause.ENDED, Cause.DRIFTED])
@pytest.mark.parametrize("state", [EffectState.REJECTED, EffectState.FAILED])
def test_failed_effect_is_1_even_where_the_walk_ended_otherwise(
    cause: Cause, state: EffectState
) -> None:
    assert exit_code(cause, [EffectState.CONFIRMED, state], sent=True) is ExitCode.FAILED


def test_cancelled_effect_alone_leaves_the_cause_to_speak() -> None:
    states = [EffectState.CANCELLED]

    assert exit_code(Cause.DRIFTED, states, sent=False) is ExitCode.PLAN_REFUSED
    assert exit_code(Cause.ENDED, states, sent=False) is ExitCode.ENDED_BEFORE_SENDING


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("states", [(), *[(state,) for state in EffectState]], ids=str)
def test_every_walk_has_an_exit_code_that_is_0_only_when_done(
    cause: Cause, states: tuple[EffectState, ...]
) -> None:
    code = exit_code(cause, states, sent=bool(states))

    assert isinstance(code, ExitCode)
    if code is ExitCode.DONE:
        assert cause is Cause.DONE
        assert set(states) <= FINAL_STATES | {EffectState.PLANNED, EffectState.INTENT}


def test_run_goes_on_after_the_causes_that_leave_something_to_do() -> None:
    assert {cause for cause in Cause if WalkEnd(cause=cause, outputs={}).resumable} == RESUMABLE
    assert {
        Cause.DONE,
        Cause.ENDED,
        Cause.EFFECT_FAILED,
        Cause.DRIFTED,
    }.isdisjoint(RESUMABLE)


def test_every_cause_has_its_place_in_the_order_of_precedence() -> None:
    """Two things that end a run at once are told by the worse of them, whatever they are."""
    order = sorted(Cause, key=worst_first)

    assert order[0] is Cause.OUTCOME_UNKNOWN
    assert order[-1] is Cause.DONE
    assert order.index(Cause.UNAPPROVED) < order.index(Cause.DENIED)
    assert order.index(Cause.DENIED) < order.index(Cause.EFFECT_FAILED)
