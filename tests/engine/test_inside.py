"""Steps inside steps: groups, loops, branches, attempts and pauses, with every port a fake."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from runner.core.errors import NotSent, OutcomeUnknown, RemoteRefused
from runner.core.money import Money
from runner.core.values import Value
from runner.effects.model import EffectState
from runner.engine.events import StepStarted
from runner.engine.ports import EffectRequest, EffectResult, OutcomeState, Ports
from runner.engine.run import Interpreter, Walk
from runner.engine.verdict import Cause, WalkEnd
from tests.engine.engine_fakes import (
    START,
    FakeEffects,
    FakeReads,
    Stage,
    playbook_of,
    positions,
)

SYSTEM: Value = {"normal": True, "message": ""}
BROKEN: Value = {"normal": False, "message": "maintenance"}
UNREACHABLE = NotSent("no", method="GET", path="/x")
REFUSED = RemoteRefused("no", method="GET", path="/x")
TARGETS = "inputs:\n  targets: {type: list<money>}\n"
USDT, BTC = Money(Decimal(5), "USDT"), Money(Decimal(2), "BTC")

LOOP = """
  - id: each
    foreach: target in inputs.targets
    key: target.coin
    effect: mirror.apply
    with: {link: prime, amount: "${{ target }}", network: ETH}
"""
BRANCHES = """
  - id: both
    parallel:
      - id: left
        steps:
          - id: apply
            effect: mirror.apply
            with: {link: prime, amount: 5 USDT, network: ETH}
          - id: after
            uses: system.status
      - id: right
        steps:
          - id: look
            uses: mirror.positions
            with: {link: prime}
          - id: settle
            effect: mirror.settle
            with: {link: prime, amount: 1 USDT, network: ETH, from: ceffu}
"""


def _stage(
    steps: str,
    *,
    head: str = "",
    inputs: Mapping[str, Value] | None = None,
    effects: FakeEffects | None = None,
    **answers: Iterable[Value | Exception],
) -> Stage:
    known: dict[str, Iterable[Value | Exception]] = {
        "system.status": [SYSTEM],
        "mirror.positions": [positions("100")],
    }
    known |= {name.replace("__", "."): found for name, found in answers.items()}
    return Stage(
        playbook=playbook_of(steps, head=head),
        reads=FakeReads(known),
        effects=effects or FakeEffects(),
        inputs=inputs or {},
    )


def _loop(*targets: Money, on: str = "", effects: FakeEffects | None = None) -> Stage:
    return _stage(LOOP + on, head=TARGETS, inputs={"targets": targets}, effects=effects)


# Groups


async def test_steps_of_a_group_are_named_by_their_path_and_read_through_it() -> None:
    stage = _stage(
        """
  - id: group
    let: {least: 2 + 3}
    steps:
      - id: look
        uses: mirror.positions
        with: {link: prime}
      - id: deeper
        steps:
          - assert: balance(steps.look, "USDT") > 0 and least == 5
          - id: again
            uses: system.status
    assert: result.deeper.again.normal
  - assert: balance(steps.group.look, "USDT") > 0
"""
    )

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert stage.states() == [
        "group/look done",
        "group/deeper/[1] done",
        "group/deeper/again done",
        "group/deeper done",
        "group done",
        "[2] done",
    ]
    started = [event.path for event in stage.events if isinstance(event, StepStarted)]
    assert started[:3] == ["group", "group/look", "group/deeper"]


async def test_group_that_is_skipped_does_nothing_and_says_so_for_all_inside() -> None:
    stage = _stage(
        """
  - id: group
    if: 1 > 2
    steps:
      - id: apply
        effect: mirror.apply
        with: {link: prime, amount: 5 USDT, network: ETH}
  - assert: not ran(steps.group) and not ran(steps.group.apply)
"""
    )

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert stage.states() == ["group skipped", "[2] done"]
    assert stage.effects.passed_over == ["group"]


async def test_failure_inside_a_group_is_told_at_its_place() -> None:
    stage = _stage(
        "  - id: group\n    steps:\n      - id: look\n        uses: system.status\n"
        "        assert: result.normal\n",
        system__status=[BROKEN],
    )

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.ENDED, "group/look")
    assert stage.messages() == ["assert failed: result.normal", "ended by group/look"]


async def test_timeout_of_a_group_lets_nothing_new_begin_and_is_kept_over_a_restart() -> None:
    stage = _stage(
        """
  - id: group
    timeout: 30s
    steps:
      - id: nap
        pause: 20s
      - id: nap_again
        pause: 20s
      - id: look
        uses: system.status
"""
    )

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.ENDED, "group/nap_again")
    assert end.message == "group timed out before the pause was over"
    assert stage.clock.elapsed_s == 30
    assert stage.reads.calls == []
    again = await stage.walk()
    assert (again.cause, again.message) == (end.cause, end.message)


# Loops


async def test_each_item_is_an_effect_of_its_own_under_its_key() -> None:
    stage = _loop(USDT, BTC)

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert [r.path for r in stage.effects.requests] == ["each[USDT]", "each[BTC]"]
    assert stage.states() == ["each[USDT] done", "each[BTC] done", "each done"]


async def test_loop_gives_a_map_by_key_without_what_was_skipped() -> None:
    stage = _stage(
        LOOP.replace("    effect", '    if: target.coin != "BTC"\n    effect')
        + """
  - assert:
      - len(steps.each) == 1
      - steps.each["USDT"].amount == money("5 USDT")
      - '"BTC" not in steps.each'
      - all(order.status == "accepted" for order in values(steps.each))
""",
        head=TARGETS,
        inputs={"targets": (USDT, BTC)},
    )

    end = await stage.walk()

    assert end == WalkEnd(cause=Cause.DONE, outputs={})
    assert "each[BTC] skipped" in stage.states()


async def test_loop_without_a_key_gives_a_list_and_counts_from_one() -> None:
    stage = _stage(
        """
  - id: each
    foreach: number in [3, 4]
    uses: system.status
    assert: number > 2 and result.normal
  - assert: len(steps.each) == 2 and steps.each[0].normal
"""
    )

    assert (await stage.walk()).cause is Cause.DONE
    assert stage.states() == ["each[1] done", "each[2] done", "each done", "[2] done"]


async def test_loop_over_nothing_is_done() -> None:
    stage = _loop()

    assert (await stage.walk()).cause is Cause.DONE
    assert stage.states() == ["each done"]


async def test_keys_are_spelt_in_paths_without_anything_that_parts_them() -> None:
    stage = _stage(
        "  - id: each\n    foreach: name in inputs.names\n    key: name\n    uses: system.status\n",
        head="inputs:\n  names: {type: list<string>}\n",
        inputs={"names": ("acme/arb-01", "a[b]", "ä", "50%")},
    )

    await stage.walk()

    assert [state.partition(" ")[0] for state in stage.states()] == [
        "each[acme%2Farb-01]",
        "each[a%5Bb%5D]",
        "each[%C3%A4]",
        "each[50%25]",
        "each",
    ]


async def test_loops_stand_in_loops_and_see_all_names_around() -> None:
    stage = _stage(
        """
  - id: outer
    foreach: a in [1, 2]
    let: {b: a * 10}
    steps:
      - id: inner
        foreach: c in [100, 200]
        let: {sum_of_all: a + b + c}
        uses: system.status
        assert: sum_of_all == a * 11 + c
"""
    )

    assert (await stage.walk()).cause is Cause.DONE
    assert stage.states()[:3] == [
        "outer[1]/inner[1] done",
        "outer[1]/inner[2] done",
        "outer[1]/inner done",
    ]


async def test_first_failure_stops_the_items_that_come_after() -> None:
    effects = FakeEffects({"each[USDT]": EffectState.REJECTED})
    stage = _loop(USDT, BTC, effects=effects)

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.EFFECT_FAILED, "each[USDT]")
    assert [r.path for r in effects.requests] == ["each[USDT]"]


async def test_others_are_finished_where_that_is_asked_for() -> None:
    effects = FakeEffects({"each[USDT]": EffectState.REJECTED})
    stage = _loop(USDT, BTC, on="    on_failure: finish_others\n", effects=effects)

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.ITEM_FAILED, "each[USDT]")
    assert [r.path for r in effects.requests] == ["each[USDT]", "each[BTC]"]


async def test_every_failure_of_a_loop_is_told() -> None:
    effects = FakeEffects({"each[USDT]": EffectState.REJECTED, "each[BTC]": EffectState.FAILED})
    stage = _loop(USDT, BTC, on="    on_failure: finish_others\n", effects=effects)

    end = await stage.walk()

    assert end.message == "each[USDT]: it is rejected; each[BTC]: it is failed"


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ((USDT, USDT), "the key 'USDT' is there twice"),
        ((Money(Decimal(1), ""),), "the key '' cannot name an item: it is empty"),
    ],
)
async def test_key_that_is_no_stable_name_ends_the_run(
    targets: tuple[Money, ...], words: str
) -> None:
    stage = _loop(*targets)

    end = await stage.walk()

    assert end.cause is Cause.DRIFTED
    assert words in end.message
    assert stage.effects.requests == []


async def test_halted_item_suspends_the_run_while_the_others_are_finished() -> None:
    """DESIGN section 6, rule 12."""
    effects = FakeEffects({"each[USDT]": EffectState.HALTED})
    stage = _loop(USDT, BTC, on="    on_failure: finish_others\n", effects=effects)

    end = await stage.walk()

    assert (end.cause, end.resumable) == (Cause.OUTCOME_UNKNOWN, True)
    assert stage.journal.outcomes["each[BTC]"].state is OutcomeState.DONE
    assert "each[USDT]" not in stage.journal.outcomes
    assert "each" not in stage.journal.outcomes

    effects.states = {}
    effects.requests.clear()
    assert (await stage.walk()).cause is Cause.DONE
    assert [r.path for r in effects.requests] == ["each[USDT]"]


async def test_halted_item_stops_the_others_where_they_are_not_to_finish() -> None:
    effects = FakeEffects({"each[USDT]": EffectState.HALTED})
    stage = _loop(USDT, BTC, effects=effects)

    end = await stage.walk()

    assert end.cause is Cause.OUTCOME_UNKNOWN
    assert [r.path for r in effects.requests] == ["each[USDT]"]


async def test_what_is_unknown_weighs_more_than_what_has_failed() -> None:
    effects = FakeEffects({"each[USDT]": EffectState.REJECTED, "each[BTC]": EffectState.HALTED})
    stage = _loop(USDT, BTC, on="    on_failure: finish_others\n", effects=effects)

    end = await stage.walk()

    assert (end.cause, end.resumable) == (Cause.OUTCOME_UNKNOWN, True)


# Side by side


@dataclass
class _Gathering(FakeEffects):
    """Lets effects end only once so many are under way at the same time."""

    needed: int = 2
    under_way: int = 0
    most: int = 0
    met: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)

    async def perform(self, request: EffectRequest) -> EffectResult:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        if self.under_way > 1:
            self.started.set()
        if self.under_way >= self.needed:
            self.met.set()
        await self.met.wait()
        self.under_way -= 1
        return await super().perform(request)


@pytest.mark.parametrize("allowed", [2, 3])
async def test_items_are_under_way_together_as_many_as_allowed(allowed: int) -> None:
    targets = [Money(Decimal(1), coin) for coin in ("AAA", "BBB", "CCC", "DDD")]
    effects = _Gathering(needed=allowed)
    stage = _loop(*targets, on=f"    max_parallel: {allowed}\n", effects=effects)

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert effects.most == allowed


async def test_branches_run_side_by_side_and_give_a_record() -> None:
    effects = _Gathering()
    check = (
        "  - assert:\n"
        '      - steps.both.left.apply.status == "accepted"\n'
        '      - balance(steps.both.right.look, "USDT") == money("100 USDT")\n'
    )
    stage = _stage(BRANCHES + check, effects=effects)

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert {r.path for r in effects.requests} == {"both/left/apply", "both/right/settle"}


async def test_failing_branch_stops_the_other_before_its_next_step() -> None:
    effects = FakeEffects({"both/left/apply": EffectState.REJECTED})
    stage = _stage(BRANCHES.replace("parallel:", "max_parallel: 1\n    parallel:"), effects=effects)

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.EFFECT_FAILED, "both/left/apply")
    assert [r.path for r in effects.requests] == ["both/left/apply"]
    assert stage.reads.calls == []


async def test_resumed_branch_does_not_outrun_the_failure_of_the_other() -> None:
    """The process died between the failure and its news to the other branch."""
    effects = FakeEffects({"both/right/settle": EffectState.REJECTED})
    stage = _stage(BRANCHES, effects=effects)
    await stage.walk()
    for path in ("both/left/apply", "both/left/after", "both/left", "both"):
        stage.journal.outcomes.pop(path, None)
    effects.requests.clear()

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.EFFECT_FAILED, "both/right/settle")
    assert effects.requests == []


async def test_interruption_reaches_every_branch_and_waits_for_them() -> None:
    effects = _Gathering(needed=3)
    stage = _stage(BRANCHES, effects=effects)

    walking = asyncio.ensure_future(stage.walk())
    await effects.started.wait()
    walking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await walking
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_bug_in_one_branch_ends_the_others_and_is_not_hidden() -> None:
    effects = FakeEffects({"both/left/apply": ZeroDivisionError("a bug")})
    stage = _stage(BRANCHES, effects=effects)

    with pytest.raises(ZeroDivisionError):
        await stage.walk()


async def test_unknown_outcome_in_one_branch_suspends_and_goes_on_with_it_alone() -> None:
    effects = FakeEffects({"both/left/apply": EffectState.HALTED})
    stage = _stage(BRANCHES + "    on_failure: finish_others\n", effects=effects)
    assert (await stage.walk()).cause is Cause.OUTCOME_UNKNOWN
    assert "both/right/settle" in stage.journal.outcomes
    effects.states = {}
    effects.requests.clear()

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert [r.path for r in effects.requests] == ["both/left/apply"]


# Attempts

TRY = """
  - id: guarded
    try:
      - id: look
        uses: system.status
        assert: result.normal
      - id: apply
        effect: mirror.apply
        with: {link: prime, amount: 5 USDT, network: ETH}
    rescue:
      - id: why
        uses: mirror.positions
        with: {link: prime}
        assert: error.kind == "KIND"
    finally:
      - id: last
        uses: system.status
  - id: next
    assert: not ran(steps.guarded.apply)
"""


async def test_rescue_runs_after_a_failure_and_the_run_goes_on() -> None:
    stage = _stage(TRY.replace("KIND", "assert"), system__status=[BROKEN, SYSTEM])

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert stage.states() == [
        "guarded/look failed",
        "guarded/rescue/why done",
        "guarded/finally/last done",
        "guarded done",
        "next done",
    ]
    assert stage.effects.given_up == ["guarded"]
    assert stage.effects.settled_under[0] == "guarded"


async def test_rescue_is_left_out_where_nothing_has_failed() -> None:
    steps = TRY.replace("not ran", "ran")
    stage = _stage(steps)

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert "guarded/rescue/why done" not in stage.states()
    assert "guarded/finally/last done" in stage.states()


@pytest.mark.parametrize(
    ("answer", "kind"), [(UNREACHABLE, "unreachable"), (REFUSED, "read"), (BROKEN, "assert")]
)
async def test_error_says_what_kind_of_failure_it_was(answer: Value | Exception, kind: str) -> None:
    answers = [answer] * 4 if isinstance(answer, Exception) else [answer]
    stage = _stage(TRY.replace("KIND", kind), system__status=[*answers, SYSTEM])

    assert (await stage.walk()).cause is Cause.DONE


async def test_failed_effect_can_be_looked_at_and_the_run_still_fails() -> None:
    effects = FakeEffects(
        {"guarded/apply": EffectState.REJECTED}, settled={"guarded/apply": EffectState.REJECTED}
    )
    stage = _stage(TRY.replace("KIND", "effect"), effects=effects)

    end = await stage.walk()

    assert "guarded/rescue/why done" in stage.states()
    assert "next done" in stage.states()
    assert end.cause is Cause.EFFECT_FAILED


@pytest.mark.parametrize(
    "state",
    [EffectState.HALTED, EffectState.UNKNOWN, EffectState.ACCEPTED, OutcomeUnknown],
)
async def test_what_is_open_passes_through_and_nothing_after_it_runs(
    state: EffectState | type[OutcomeUnknown],
) -> None:
    told = state("?", method="POST", path="/x") if isinstance(state, type) else state
    stage = _stage(TRY.replace("KIND", "effect"), effects=FakeEffects({"guarded/apply": told}))

    end = await stage.walk()

    assert end.resumable
    assert stage.states() == [
        "guarded/look done",
        "guarded/apply suspended",
        "guarded suspended",
    ]
    assert "guarded/finally/last" not in stage.journal.outcomes


async def test_failure_while_an_effect_is_not_final_is_not_rescued() -> None:
    steps = TRY.replace("KIND", "assert").replace(
        "    rescue:", "      - assert: 1 > 2\n    rescue:"
    )
    effects = FakeEffects(settled={"guarded/apply": EffectState.ACCEPTED})
    stage = _stage(steps, effects=effects)

    end = await stage.walk()

    assert end.cause is Cause.NOT_FINAL
    assert "guarded/rescue/why" not in stage.journal.outcomes
    effects.settled = {"guarded/apply": EffectState.CONFIRMED}
    await stage.walk()
    assert "guarded/rescue/why" in stage.journal.outcomes


async def test_finally_runs_once_and_cannot_change_the_verdict() -> None:
    steps = """
  - id: guarded
    try:
      - assert: 1 > 2
    finally:
      - id: last
        uses: system.status
        assert: result.normal
      - id: never
        uses: system.status
"""
    stage = _stage(steps, system__status=[BROKEN])

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.ENDED, "guarded/[1]")
    assert stage.states() == [
        "guarded/[1] failed",
        "guarded/finally/last failed",
        "guarded failed",
    ]
    reads = len(stage.reads.calls)
    assert (await stage.walk()).path == end.path
    assert len(stage.reads.calls) == reads


async def test_unreachable_custodian_in_finally_changes_nothing() -> None:
    steps = """
  - id: guarded
    try:
      - assert: 1 < 2
    finally:
      - id: last
        uses: system.status
"""
    stage = _stage(steps, system__status=[UNREACHABLE])

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert stage.states()[1] == "guarded/finally/last failed"


async def test_timeout_of_the_try_itself_is_not_rescued_by_it() -> None:
    steps = """
  - id: guarded
    timeout: 10s
    try:
      - id: nap
        pause: 1m
    rescue:
      - assert: 1 < 2
    finally:
      - id: last
        uses: system.status
"""
    stage = _stage(steps)

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.ENDED, "guarded/nap")
    assert stage.states() == ["guarded/nap failed", "guarded/finally/last done", "guarded failed"]


async def test_soft_cancel_runs_finally_and_sends_nothing_more() -> None:
    steps = """
  - id: guarded
    try:
      - id: nap
        pause: 1h
      - id: apply
        effect: mirror.apply
        with: {link: prime, amount: 5 USDT, network: ETH}
    rescue:
      - assert: 1 < 2
    finally:
      - id: last
        uses: system.status
  - id: untouched
    try:
      - assert: 1 < 2
    finally:
      - id: last
        uses: system.status
"""
    stage = _stage(steps)
    clock = _Endless()
    ports = Ports(
        journal=stage.journal,
        reads=stage.reads,
        effects=stage.effects,
        clock=clock,
        random=lambda: 0.5,
        places=lambda _: 6,
    )
    interpreter = Interpreter(
        Walk(playbook=stage.playbook, inputs={}, now=START), ports, stage.events.append
    )
    walking = asyncio.ensure_future(interpreter.run())
    await clock.asleep.wait()

    interpreter.cancel("asked by ops")
    end = await walking

    assert (end.cause, end.message, end.resumable) == (Cause.CANCELLED, "asked by ops", False)
    assert stage.states() == [
        "guarded/nap suspended",
        "guarded/finally/last done",
        "guarded suspended",
    ]
    assert stage.effects.requests == []


class _Endless:
    """A clock on which nothing that is slept for ever comes."""

    def __init__(self) -> None:
        self.asleep = asyncio.Event()

    def now(self) -> datetime:
        return START

    def monotonic_s(self) -> float:
        return 0.0

    async def sleep(self, delay_s: float) -> None:
        del delay_s
        self.asleep.set()
        await asyncio.Event().wait()


# Pauses and retries


async def test_pause_lasts_as_long_as_it_says_whatever_restarts() -> None:
    stage = _stage("  - id: nap\n    pause: 10m\n  - id: look\n    uses: system.status\n")
    stage.journal.entries["nap"] = (START, START + timedelta(minutes=10))
    stage.clock.elapsed_s = 240

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert stage.clock.sleeps == [360]


@pytest.mark.parametrize(
    ("until", "slept"),
    [
        ('"2026-11-22T10:05:00Z"', [300]),
        ('now + duration("1m")', [60]),
        ('"2026-11-22T09:00:00Z"', []),
    ],
)
async def test_pause_until_a_moment(until: str, slept: list[float]) -> None:
    stage = _stage(f"  - id: nap\n    pause:\n      until: {until}\n")

    assert (await stage.walk()).cause is Cause.DONE
    assert stage.clock.sleeps == slept


async def test_plan_does_not_pause() -> None:
    stage = _stage("  - id: nap\n    pause: 10m\n")

    await stage.walk(assume_waits=True)

    assert stage.clock.sleeps == []
    assert stage.messages() == ["not waited for in a plan; the run will pause"]


async def test_retry_says_how_often_and_how_long() -> None:
    steps = "  - id: look\n    uses: system.status\n    retry: {attempts: 6, every: 1s..4s}\n"
    stage = _stage(steps, system__status=[UNREACHABLE] * 5 + [SYSTEM])

    assert (await stage.walk()).cause is Cause.DONE
    assert [round(slept) for slept in stage.clock.sleeps] == [1, 2, 4, 4, 4]
    assert len(stage.reads.calls) == 6


async def test_retry_of_one_attempt_is_none() -> None:
    steps = "  - id: look\n    uses: system.status\n    retry: {attempts: 1}\n"
    stage = _stage(steps, system__status=[UNREACHABLE])

    assert (await stage.walk()).cause is Cause.UNREACHABLE
    assert len(stage.reads.calls) == 1


# What does not begin

GUARDED = """
  - id: both
    max_parallel: 1
    parallel:
      - id: left
        steps:
          - id: look
            uses: mirror.positions
            with: {link: prime}
            assert: not result.complete
      - id: right
        let: {impossible: "[1, 2][5]"}
        steps:
          - id: guarded
            try:
              - id: inner
                uses: system.status
            finally:
              - id: last
                uses: system.status
"""


async def test_branch_that_never_begins_evaluates_nothing_and_ends_nothing() -> None:
    stage = _stage(GUARDED)

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.ENDED, "both/left/look")
    assert stage.states() == ["both/left/look failed", "both/left failed", "both failed"]
    assert stage.reads.calls == [("mirror.positions", {"link": "prime"})]


async def test_try_that_was_begun_is_ended_though_nothing_else_goes_on() -> None:
    """The process died after the other branch had failed and before this one heard of it."""
    stage = _stage(GUARDED.replace('        let: {impossible: "[1, 2][5]"}\n', ""))
    stage.journal.entries["both/right/guarded"] = (START, None)

    end = await stage.walk()
    again = await stage.walk()

    assert end.path == again.path == "both/left/look"
    assert "both/right/guarded/inner" not in stage.journal.outcomes
    assert "both/right/guarded/finally/last" in stage.journal.outcomes
    assert [name for name, _ in stage.reads.calls] == ["mirror.positions", "system.status"]
