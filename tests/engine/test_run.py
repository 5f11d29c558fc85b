"""The interpreter over playbooks as people write them, with every port a fake."""

from datetime import timedelta
from decimal import Decimal

import pytest

from runner.core.errors import (
    ExitCode,
    LockHeld,
    NotSent,
    OutcomeUnknown,
    PlanRefused,
    RemoteError,
    RemoteRefused,
    ReplyRefused,
    RequestInvalid,
)
from runner.core.money import Money
from runner.core.types import MONEY
from runner.core.values import Unknown, Value
from runner.effects.model import EffectState
from runner.engine.events import StepFinished, StepStarted, WaitLooked
from runner.engine.ports import OutcomeState
from runner.engine.reading import ATTEMPTS_MAX
from runner.engine.verdict import Cause, WalkEnd, exit_code
from tests.engine.engine_fakes import (
    START,
    FakeEffects,
    FakeReads,
    Stage,
    playbook_of,
    positions,
    record,
)

SYSTEM: Value = {"normal": True, "message": ""}
BROKEN: Value = {"normal": False, "message": "maintenance"}

LOOK = """
  - id: system
    uses: system.status
"""
APPLY = """
  - id: apply
    effect: mirror.apply
    with: {link: prime, amount: 5 USDT, network: ETH}
"""
ACCEPT = APPLY + "    confirm: accepted\n"
SETTLE = """
  - id: settle
    effect: mirror.settle
    with: {link: prime, amount: 5 USDT, network: ETH, from: ceffu}
    confirm: accepted
"""
WAIT = """
  - id: arrived
    wait:
      uses: mirror.record
      with: {link: prime, record: r}
      until: result.status == "success"
      fail_if: result.status == "failed"
      every: 1s..4s
      timeout: 10s
"""


def _stage(
    steps: str,
    *,
    head: str = "",
    inputs: dict[str, Value] | None = None,
    effects: FakeEffects | None = None,
    **answers: list[Value | Exception],
) -> Stage:
    known: dict[str, list[Value | Exception]] = {
        "system.status": [SYSTEM],
        "mirror.positions": [positions("100")],
        "mirror.record": [record("success")],
    }
    known |= {name.replace("__", "."): found for name, found in answers.items()}
    return Stage(
        playbook=playbook_of(steps, head=head),
        reads=FakeReads(known),
        effects=effects or FakeEffects(),
        inputs=inputs or {},
    )


def _remote(kind: type[RemoteError]) -> RemoteError:
    return kind("no", method="GET", path="/x")


# Sequence


async def test_steps_run_in_order_and_the_walk_is_done() -> None:
    stage = _stage(LOOK + APPLY + WAIT)

    end = await stage.walk()

    assert end == WalkEnd(cause=Cause.DONE, outputs={})
    assert stage.states() == ["system done", "apply done", "arrived done"]
    assert [name for name, _ in stage.reads.calls] == ["system.status", "mirror.record"]
    assert list(stage.journal.outcomes) == ["system", "apply", "arrived"]


async def test_each_step_is_announced_before_it_ends() -> None:
    stage = _stage(LOOK + APPLY)

    await stage.walk()

    assert [
        (type(event).__name__, event.path)
        for event in stage.events
        if isinstance(event, StepStarted | StepFinished)
    ] == [
        ("StepStarted", "system"),
        ("StepFinished", "system"),
        ("StepStarted", "apply"),
        ("StepFinished", "apply"),
    ]


async def test_defaults_of_the_manifest_are_arguments() -> None:
    stage = _stage(LOOK)

    await stage.walk()

    assert stage.reads.calls == [("system.status", {"wallet_type": "prime", "biz_type": 30})]


async def test_step_sees_inputs_and_steps_before_it() -> None:
    head = "inputs:\n  amount: {type: money}\n"
    stage = _stage(
        """
  - id: before
    uses: mirror.positions
    with: {link: prime}
  - id: apply
    effect: mirror.apply
    with:
      link: prime
      amount: ${{ balance(steps.before, "USDT") - inputs.amount }}
      network: ETH
""",
        head=head,
        inputs={"amount": Money(Decimal(30), "USDT")},
    )

    await stage.walk()

    assert stage.effects.requests[0].arguments["amount"] == Money(Decimal(70), "USDT")


async def test_outputs_are_what_the_walk_ends_with() -> None:
    text = LOOK + "outputs:\n  normal: {type: bool, value: '${{ steps.system.normal }}'}\n"
    stage = _stage(text)

    end = await stage.walk()

    assert end.outputs == {"normal": True}


async def test_let_names_see_those_before_them() -> None:
    stage = _stage(
        """
  - id: check
    let:
      a: 2 + 3
      b: a * 2
    assert: b == 10
"""
    )

    assert (await stage.walk()).cause is Cause.DONE


# Skipping


async def test_step_whose_condition_is_false_is_skipped() -> None:
    stage = _stage(LOOK + APPLY + "    if: not steps.system.normal\n")

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert stage.states() == ["system done", "apply skipped"]
    assert stage.effects.requests == []
    assert stage.journal.outcomes["apply"].state is OutcomeState.SKIPPED


async def test_effect_the_plan_has_decided_cannot_be_skipped() -> None:
    """The run would end well without having done what was approved."""
    skipped = APPLY + "    if: not steps.system.normal\n"
    stage = _stage(LOOK + skipped, effects=FakeEffects(decided=frozenset({"apply"})))

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.DRIFTED, "apply")
    assert exit_code(end.cause, (), sent=False) is ExitCode.PLAN_REFUSED


async def test_arguments_of_a_skipped_step_are_never_looked_at() -> None:
    stage = _stage(
        """
  - id: system
    uses: system.status
    if: 1 > 2
  - id: check
    assert: not ran(steps.system)
"""
    )

    assert (await stage.walk()).cause is Cause.DONE
    assert stage.reads.calls == []


async def test_skipped_step_stays_skipped_when_resumed() -> None:
    stage = _stage(LOOK + "    if: 1 > 2\n" + WAIT, mirror__record=[_remote(NotSent)])
    stage.reads.answers = {}
    await stage.walk()

    await stage.walk()

    assert stage.states()[0] == "system skipped again"


@pytest.mark.parametrize("again", [False, True])
async def test_step_without_a_verb_has_run_all_the_same(*, again: bool) -> None:
    check = "  - id: check\n    assert: 2 > 1\n"
    stage = _stage(check + LOOK + "    if: ran(steps.check)\n" + WAIT)
    if again:
        stage.reads = FakeReads({"system.status": [_remote(NotSent)]})
        await stage.walk()
        stage.reads = FakeReads({"system.status": [SYSTEM], "mirror.record": [record("success")]})

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert "system done" in stage.states()


async def test_step_without_a_verb_that_may_be_skipped_is_undecided() -> None:
    check = '  - id: check\n    assert: 2 > 1\n    if: steps.arrived.status == "success"\n'
    stage = _stage(WAIT + check + LOOK + "    if: ran(steps.check)\n")

    await stage.walk(assume_waits=True)

    assert stage.states() == ["arrived assumed", "check assumed", "system assumed"]


# Asserts


async def test_assert_that_fails_before_anything_was_sent_ends_with_4() -> None:
    stage = _stage(LOOK + "    assert: result.normal\n" + APPLY, system__status=[BROKEN])

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.ENDED, "system")
    assert end.message == "assert failed: result.normal"
    assert not end.resumable
    assert stage.effects.requests == []
    assert exit_code(end.cause, (), sent=False) is ExitCode.ENDED_BEFORE_SENDING


async def test_assert_that_fails_after_sending_ends_with_13_and_settles_first() -> None:
    effects = FakeEffects(
        states={"apply": EffectState.ACCEPTED}, settled={"apply": EffectState.CONFIRMED}
    )
    check = "  - id: check\n    assert: 1 > 2\n"
    stage = _stage(ACCEPT + check, effects=effects)

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.ENDED, "check")
    assert effects.settle_count == 1
    assert exit_code(end.cause, effects.settled.values(), sent=True) is ExitCode.ENDED_AFTER_SENDING


async def test_steps_after_one_that_failed_do_not_run() -> None:
    stage = _stage("  - id: check\n    assert: 1 > 2\n" + LOOK + APPLY)

    await stage.walk()

    assert stage.states() == ["check failed"]
    assert stage.reads.calls == []


async def test_second_assert_counts_too() -> None:
    stage = _stage("  - id: check\n    assert: [2 > 1, 1 > 2]\n")

    assert (await stage.walk()).message == "assert failed: 1 > 2"


async def test_step_that_failed_fails_alike_when_resumed() -> None:
    stage = _stage(LOOK + "    assert: result.normal\n", system__status=[BROKEN, SYSTEM])
    first = await stage.walk()

    second = await stage.walk()

    assert second == first
    assert stage.states() == ["system failed again"]
    assert len(stage.reads.calls) == 1


async def test_expression_that_cannot_be_evaluated_ends_the_walk() -> None:
    head = "inputs:\n  by: {type: decimal}\n"
    check = "  - id: check\n    assert: round_down(1 / inputs.by, 2) > 0\n"
    stage = _stage(check, head=head, inputs={"by": Decimal(0)})

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.ENDED, "check")


# Messages


async def test_message_of_a_step_explains_its_failure() -> None:
    stage = _stage(
        LOOK + "    assert: result.normal\n    message: it says ${{ result.message }}\n",
        system__status=[BROKEN],
    )

    end = await stage.walk()

    assert end.message == "it says maintenance (assert failed: result.normal)"


async def test_message_of_a_wait_explains_its_failure() -> None:
    stage = _stage(WAIT + "    message: nothing came\n", mirror__record=[record("failed")])

    assert (await stage.walk()).message == "nothing came (`fail_if` holds)"


async def test_message_is_not_said_when_all_is_well() -> None:
    stage = _stage(LOOK + "    assert: result.normal\n    message: never\n")

    await stage.walk()

    assert stage.messages() == []


# Waits


async def test_wait_ends_at_the_first_look_that_holds() -> None:
    stage = _stage(WAIT, mirror__record=[record("accepted"), record("success"), record("failed")])

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert len(stage.reads.calls) == 2
    result = stage.journal.outcomes["arrived"].result
    assert result == {"found": True, "record": "r", "status": "success"}


async def test_pauses_grow_to_their_bound_and_never_pass_the_deadline() -> None:
    stage = _stage(WAIT, mirror__record=[record("accepted")])

    await stage.walk()

    assert [round(pause, 2) for pause in stage.clock.sleeps] == [1.0, 1.6, 2.56, 4.0, 0.84]
    assert stage.clock.elapsed_s == pytest.approx(10)


async def test_pauses_are_spread_over_their_upper_half() -> None:
    stage = _stage(WAIT, mirror__record=[record("accepted"), record("success")])
    stage.random = lambda: 0.0

    await stage.walk()

    assert stage.clock.sleeps == [0.5]


async def test_wait_that_times_out_has_failed() -> None:
    stage = _stage(WAIT + LOOK, mirror__record=[record("accepted")])

    end = await stage.walk()

    assert end.cause is Cause.ENDED
    assert end.message == "timed out after 6 looks: the condition did not hold"
    assert stage.states() == ["arrived failed"]


async def test_wait_looks_a_last_time_at_the_deadline() -> None:
    answers: list[Value | Exception] = [record("accepted")] * 5
    stage = _stage(WAIT, mirror__record=[*answers, record("success")])

    assert (await stage.walk()).cause is Cause.DONE


async def test_wait_fails_as_soon_as_it_must() -> None:
    stage = _stage(WAIT, mirror__record=[record("accepted"), record("failed"), record("success")])

    end = await stage.walk()

    assert (end.cause, end.message) == (Cause.ENDED, "`fail_if` holds")
    assert len(stage.reads.calls) == 2


async def test_look_that_cannot_be_taken_is_taken_again() -> None:
    stage = _stage(
        WAIT,
        mirror__record=[
            _remote(NotSent),
            _remote(OutcomeUnknown),
            _remote(ReplyRefused),
            record("success"),
        ],
    )

    assert (await stage.walk()).cause is Cause.DONE


async def test_wait_that_never_sees_anything_says_why() -> None:
    stage = _stage(WAIT, mirror__record=[_remote(NotSent)])

    end = await stage.walk()

    assert end.cause is Cause.ENDED
    assert end.message == "timed out after 6 looks: the last look failed: GET /x: no"


async def test_look_refused_for_good_ends_the_wait_at_once() -> None:
    stage = _stage(WAIT, mirror__record=[_remote(RemoteRefused)])

    end = await stage.walk()

    assert (end.cause, end.message) == (Cause.ENDED, "GET /x: no")
    assert stage.clock.sleeps == []


async def test_each_look_that_did_not_hold_is_told() -> None:
    stage = _stage(WAIT, mirror__record=[record("accepted"), record("accepted"), record("success")])

    await stage.walk()

    looks = [event for event in stage.events if isinstance(event, WaitLooked)]
    assert [(look.look_number, look.holds) for look in looks] == [(1, False), (2, False)]
    assert {look.deadline for look in looks} == {START + timedelta(seconds=10)}


async def test_restarted_wait_keeps_its_first_deadline() -> None:
    stage = _stage(WAIT, mirror__record=[record("accepted")])
    stage.journal.entries["arrived"] = (START, START + timedelta(seconds=3))

    end = await stage.walk()

    assert end.cause is Cause.ENDED
    assert stage.clock.elapsed_s == pytest.approx(3)


@pytest.mark.parametrize(("status", "cause"), [("success", Cause.DONE), ("accepted", Cause.ENDED)])
async def test_restart_after_the_deadline_looks_once_more(status: str, cause: Cause) -> None:
    stage = _stage(WAIT, mirror__record=[record(status)])
    stage.journal.entries["arrived"] = (START, START - timedelta(days=1))

    end = await stage.walk()

    assert end.cause is cause
    assert len(stage.reads.calls) == 1
    assert stage.clock.sleeps == []


# Reads


@pytest.mark.parametrize("kind", [NotSent, OutcomeUnknown, ReplyRefused])
async def test_read_is_tried_again_where_that_may_help(kind: type[RemoteError]) -> None:
    stage = _stage(LOOK, system__status=[_remote(kind), _remote(kind), SYSTEM])

    assert (await stage.walk()).cause is Cause.DONE
    assert [round(pause, 2) for pause in stage.clock.sleeps] == [0.5, 1.0]


async def test_read_is_tried_a_few_times_only_and_the_run_can_go_on() -> None:
    stage = _stage(LOOK + APPLY, system__status=[_remote(NotSent)])

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.UNREACHABLE, "system")
    assert end.resumable
    assert len(stage.reads.calls) == ATTEMPTS_MAX
    assert stage.states() == ["system suspended"]
    assert stage.journal.outcomes == {}
    assert exit_code(end.cause, (), sent=False) is ExitCode.UNREACHABLE


async def test_read_is_not_tried_again_past_its_timeout() -> None:
    stage = _stage(LOOK + "    timeout: 1s\n", system__status=[_remote(NotSent)])

    assert (await stage.walk()).cause is Cause.UNREACHABLE
    assert len(stage.reads.calls) == 2
    assert stage.clock.elapsed_s <= 1


@pytest.mark.parametrize("kind", [RemoteRefused, RequestInvalid])
async def test_read_refused_for_good_ends_the_run(kind: type[RemoteError]) -> None:
    """Neither a refusal nor a request that fits no description gets better by resuming."""
    stage = _stage(LOOK, system__status=[_remote(kind)])

    end = await stage.walk()

    assert end.cause is Cause.ENDED
    assert not end.resumable
    assert len(stage.reads.calls) == 1


async def test_run_that_could_not_read_goes_on_where_it_was() -> None:
    stage = _stage(APPLY + LOOK, system__status=[*[_remote(NotSent)] * ATTEMPTS_MAX, SYSTEM])
    assert (await stage.walk()).resumable

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert stage.states() == ["apply done again", "system done"]
    assert len(stage.effects.requests) == 1


# Resuming


async def test_resumed_run_sees_the_values_the_first_one_saw() -> None:
    steps = """
  - id: before
    uses: mirror.positions
    with: {link: prime}
  - id: system
    uses: system.status
  - id: check
    assert: balance(steps.before, "USDT") == money(100, "USDT")
"""
    answers: list[Value | Exception] = [*[_remote(NotSent)] * ATTEMPTS_MAX, SYSTEM]
    stage = _stage(
        steps, mirror__positions=[positions("100"), positions("999")], system__status=answers
    )
    await stage.walk()

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert [name for name, _ in stage.reads.calls].count("mirror.positions") == 1


async def test_finished_run_walked_again_does_nothing() -> None:
    stage = _stage(LOOK + APPLY + WAIT)
    first = await stage.walk()
    calls, requests = len(stage.reads.calls), len(stage.effects.requests)

    again = await stage.walk()

    assert again == first
    assert (len(stage.reads.calls), len(stage.effects.requests)) == (calls, requests)
    assert stage.states() == ["system done again", "apply done again", "arrived done again"]


# Effects


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        (EffectState.CONFIRMED, Cause.DONE),
        (EffectState.ACCEPTED, Cause.NOT_FINAL),
        (EffectState.SENDING, Cause.OUTCOME_UNKNOWN),
        (EffectState.UNKNOWN, Cause.OUTCOME_UNKNOWN),
        (EffectState.SEEN, Cause.OUTCOME_UNKNOWN),
        (EffectState.HALTED, Cause.OUTCOME_UNKNOWN),
        (EffectState.REJECTED, Cause.EFFECT_FAILED),
        (EffectState.FAILED, Cause.EFFECT_FAILED),
        (EffectState.CANCELLED, Cause.DRIFTED),
    ],
)
async def test_state_of_an_effect_decides_how_the_walk_goes_on(
    state: EffectState, cause: Cause
) -> None:
    stage = _stage(APPLY + LOOK, effects=FakeEffects(states={"apply": state}))

    end = await stage.walk()

    assert end.cause is cause
    assert ("system done" in stage.states()) == (cause is Cause.DONE)
    if cause is not Cause.DONE:
        assert end.path == "apply"
        assert end.message.startswith("apply: ")


async def test_accepted_is_enough_where_the_step_says_so() -> None:
    effects = FakeEffects(states={"apply": EffectState.ACCEPTED})
    stage = _stage(ACCEPT + LOOK, effects=effects)

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert not effects.requests[0].until_final


async def test_accepted_effect_of_another_step_is_not_this_one() -> None:
    """An effect that waits for an earlier one on its lock must not pass for sent.

    The port then answers with the earlier effect, which is accepted and not final.
    """
    effects = FakeEffects(
        states={"apply": EffectState.ACCEPTED, "settle": EffectState.ACCEPTED},
        answers_with={"settle": "apply"},
    )
    stage = _stage(ACCEPT + SETTLE, effects=effects)

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.NOT_FINAL, "settle")
    assert "settle" not in stage.journal.outcomes


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (PlanRefused("other body"), Cause.DRIFTED),
        (LockHeld("held", owner="R-2"), Cause.LOCKED),
        (NotSent("no route", method="POST", path="/x"), Cause.UNREACHABLE),
    ],
)
async def test_effect_that_could_not_be_sent_says_why(error: Exception, cause: Cause) -> None:
    stage = _stage(APPLY + LOOK, effects=FakeEffects(states={"apply": error}))

    end = await stage.walk()

    assert (end.cause, end.path, end.message) == (cause, "apply", str(error))


async def test_effect_that_is_unknown_is_performed_again_when_resumed() -> None:
    stage = _stage(APPLY, effects=FakeEffects(states={"apply": EffectState.UNKNOWN}))
    await stage.walk()
    stage.effects = FakeEffects()

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert [request.path for request in stage.effects.requests] == ["apply"]


async def test_effect_result_feeds_later_steps() -> None:
    stage = _stage(ACCEPT + WAIT.replace("record: r", "record: '${{ steps.apply.record }}'"))

    await stage.walk()

    assert stage.reads.calls[0][1]["record"] == "record-apply"


# The end


async def test_walk_settles_what_was_only_accepted() -> None:
    effects = FakeEffects(settled={"apply": EffectState.CONFIRMED})
    stage = _stage(ACCEPT, effects=effects)

    assert (await stage.walk()).cause is Cause.DONE
    assert effects.settle_count == 1


@pytest.mark.parametrize(
    ("states", "cause"),
    [
        ([EffectState.ACCEPTED], Cause.NOT_FINAL),
        ([EffectState.FAILED], Cause.EFFECT_FAILED),
        ([EffectState.HALTED], Cause.OUTCOME_UNKNOWN),
        ([EffectState.CONFIRMED, EffectState.ACCEPTED], Cause.NOT_FINAL),
        ([EffectState.FAILED, EffectState.ACCEPTED], Cause.NOT_FINAL),
        ([EffectState.FAILED, EffectState.HALTED], Cause.OUTCOME_UNKNOWN),
        ([EffectState.ACCEPTED, EffectState.UNKNOWN], Cause.OUTCOME_UNKNOWN),
        ([EffectState.CANCELLED, EffectState.FAILED], Cause.EFFECT_FAILED),
    ],
    ids=str,
)
async def test_what_is_most_open_decides_the_end(states: list[EffectState], cause: Cause) -> None:
    """A run that still has something open must stay resumable, whatever else has failed."""
    settled = {f"e{number}": state for number, state in enumerate(states)}
    stage = _stage(ACCEPT, effects=FakeEffects(settled=settled))

    assert (await stage.walk()).cause is cause


async def test_settling_that_cannot_reach_the_custodian_is_not_final() -> None:
    stage = _stage(ACCEPT, effects=FakeEffects(settle_error=_remote(NotSent)))

    end = await stage.walk()

    assert end.cause is Cause.NOT_FINAL
    assert end.resumable


async def test_run_that_stopped_with_something_open_stays_resumable() -> None:
    effects = FakeEffects(settled={"a": EffectState.FAILED, "b": EffectState.ACCEPTED})
    stage = _stage("  - id: check\n    assert: 1 > 2\n", effects=effects)

    end = await stage.walk()

    assert end.cause is Cause.NOT_FINAL
    assert "check: assert failed" in end.message


async def test_run_that_can_go_on_settles_nothing_yet() -> None:
    stage = _stage(LOOK, system__status=[_remote(NotSent)])

    await stage.walk()

    assert stage.effects.settle_count == 0


async def test_rejected_effect_is_told_once() -> None:
    effects = FakeEffects(
        states={"apply": EffectState.REJECTED}, settled={"apply": EffectState.REJECTED}
    )
    stage = _stage(APPLY, effects=effects)

    end = await stage.walk()

    assert end.cause is Cause.EFFECT_FAILED
    assert end.message == "apply: it is rejected"


# The dry run's ports


async def test_waits_are_assumed_where_the_ports_say_so() -> None:
    stage = _stage(WAIT)

    end = await stage.walk(assume_waits=True)

    assert end.cause is Cause.DONE
    assert stage.states() == ["arrived assumed"]
    assert stage.reads.calls == []


async def test_condition_on_what_only_the_run_knows_is_undecided() -> None:
    steps = WAIT + APPLY + '    if: steps.arrived.status == "success"\n'
    stage = _stage(steps, effects=FakeEffects(states={"apply": EffectState.PLANNED}))

    await stage.walk(assume_waits=True)

    assert stage.states() == ["arrived assumed", "apply assumed"]
    assert stage.effects.requests[0].undecided


async def test_assert_on_what_only_the_run_knows_is_assumed() -> None:
    check = '  - id: check\n    assert: steps.arrived.status == "success"\n'
    stage = _stage(WAIT + check)

    end = await stage.walk(assume_waits=True)

    assert end.cause is Cause.DONE
    assert stage.messages()[-1] == "only the run can decide its assert"


async def test_assert_that_is_false_ends_a_dry_run_too() -> None:
    stage = _stage(LOOK + "    assert: result.normal\n", system__status=[BROKEN])

    assert (await stage.walk(assume_waits=True)).cause is Cause.ENDED


async def test_unknown_argument_reaches_the_port_as_unknown() -> None:
    steps = ACCEPT + APPLY.replace("id: apply", "id: again").replace(
        "5 USDT", "'${{ steps.apply.amount }}'"
    )
    effects = FakeEffects(states={"apply": EffectState.PLANNED, "again": EffectState.PLANNED})
    effects.amount = Unknown(MONEY)
    stage = _stage(steps, effects=effects)

    await stage.walk(assume_waits=True)

    assert effects.requests[1].arguments["amount"] == Unknown(MONEY)


async def test_conditions_are_told_with_what_they_were_found_to_be() -> None:
    stage = _stage(
        "  - id: system\n"
        "    uses: system.status\n"
        "    if: 1 < 2\n"
        "    assert: result.normal\n"
        "  - id: never\n"
        "    if: 2 < 1\n"
        "    assert: 1 > 2\n"
    )

    await stage.walk()

    finished = [event for event in stage.events if isinstance(event, StepFinished)]
    assert [event.conditions for event in finished] == [
        ("if 1 < 2: true", "assert result.normal: true"),
        ("if 2 < 1: false",),
    ]
