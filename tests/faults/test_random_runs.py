"""Tier D: random lives of whole runs, from which nothing but the invariants is expected.

Plans are made and applied, processes die at any boundary, come two at once, or take a run over from
one that lives; files are changed by a byte; the custodian's answers are lost, late or refused; time
passes; an older journal is put back; a person does the same in the portal. After every step the
sandbox's ledger and request log are asked, and in the end all faults stop and every run must end.
"""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from runner.app.testing.bench import Bench, open_bench
from runner.core.boundary import EFFECT_BOUNDARIES
from runner.core.errors import RunnerError
from runner.sandbox.steward import AskedWrongly, Steward
from runner.sandbox.switches import Dedupe, OnDuplicate
from runner.sandbox.virtual import VirtualClock, virtual_loop
from runner.sandbox.world_file import default_world
from tests.faults.runs import SCRIPTS, START, Applied, Backup, Death, Household
from tests.faults.runs_judge import HALTED, halted, wrongs

USUAL = settings.get_current_profile_name() == "ci"
PLANS_MAX = 4
PROCESSES_TO_END = 12
RESTART_S = 400.0
BUG = "70"
LOCKED = "8"
NOT_FINAL = "12"


def _faults() -> Iterator[dict[str, object]]:
    for when in ("before", "after"):
        yield {"kind": "lost_reply", "when": when}
        yield {"kind": "reset", "when": when}
        yield {"kind": "http_error", "status": 503, "when": when}
        yield {"kind": "html", "when": when}
        yield {"kind": "too_many_requests", "when": when}
        for by in ("2s", "45s", "2m"):
            yield {"kind": "delay", "by": by, "when": when}
    yield {"kind": "truncated"}
    yield {"kind": "stuck", "at": 20}
    yield {"kind": "late_failure", "after": "3s"}


PASSED = tuple(EFFECT_BOUNDARIES) + tuple(
    f"{side}-{edge}" for edge in ("own", "run", "locks", "release") for side in ("before", "after")
)
"""The boundaries that these runs come by."""
BOUNDARY = st.sampled_from(PASSED)
NUMBER = st.integers(1, 3)
WHICH = st.integers(0, PLANS_MAX - 1)
AMOUNT = st.decimals("10", "4000", places=6).map(lambda amount: f"{amount} USDT")


@cache
def bench() -> Bench:
    return _OPENED.enter_context(open_bench())


_OPENED = ExitStack()


@contextmanager
def opened(**switches: object) -> Iterator[tuple[asyncio.Runner, Household]]:
    """Open a sandbox in virtual time, with these switches in other positions than usual."""
    world = default_world()
    changed = replace(world.switches, **switches)  # type: ignore[arg-type]  # by name
    clock = VirtualClock(START)
    with (
        bench().sandbox(replace(world, switches=changed), clock) as sandbox,
        asyncio.Runner(loop_factory=lambda: virtual_loop(clock)) as runner,
    ):
        yield runner, Household(sandbox=sandbox)


class Lives(RuleBasedStateMachine):
    """The lives of a few runs in one household."""

    @initialize(
        dedupe=st.sampled_from(("request_id", "none")),
        is_told=st.booleans(),
        shows_ids=st.booleans(),
        on_duplicate=st.sampled_from(("reject", "replay")),
        script=st.sampled_from(tuple(SCRIPTS)),
        amount=AMOUNT,
    )
    def begin(
        self,
        *,
        dedupe: str,
        is_told: bool,
        shows_ids: bool,
        on_duplicate: str,
        script: str,
        amount: str,
    ) -> None:
        self.stack = ExitStack()
        switches = {
            "dedupe": Dedupe(dedupe),
            "on_duplicate": OnDuplicate(on_duplicate),
            "records_carry_request_id": shows_ids,
        }
        self.runner, self.household = self.stack.enter_context(opened(**switches))
        self.remembers = dedupe == "request_id"
        self.household.dedupe_is_known = is_told and self.remembers
        self.steward = Steward(sandbox=self.household.sandbox)
        self.backups: list[Backup] = []
        self.run(self.household.plan(SCRIPTS[script], amount))

    def run(self, what: Coroutine[Any, Any, object]) -> None:
        self.runner.run(what)

    def which(self, number: int) -> Applied:
        return self.household.plans[number % len(self.household.plans)]

    @precondition(lambda self: len(self.household.plans) < PLANS_MAX)
    @rule(script=st.sampled_from(tuple(SCRIPTS)), amount=AMOUNT)
    def plan(self, script: str, amount: str) -> None:
        # The custodian may be out of order, or there may be too little left.
        with suppress(RunnerError):
            self.run(self.household.plan(SCRIPTS[script], amount))

    @rule(number=WHICH)
    def apply(self, number: int) -> None:
        self.run(self.household.process(self.which(number), death=Death()))

    @rule(number=WHICH, name=BOUNDARY, count=NUMBER)
    def apply_and_die(self, number: int, name: str, count: int) -> None:
        death = Death(name=name, number=count)
        self.run(self.household.process(self.which(number), death=death))

    @precondition(lambda self: any(plan.is_known for plan in self.household.plans))
    @rule(number=WHICH)
    def resume(self, number: int) -> None:
        known = [plan for plan in self.household.plans if plan.is_known]
        plan = known[number % len(known)]
        self.run(self.household.process(plan, death=Death(), resumes=True))

    @rule(number=WHICH, name=BOUNDARY, count=NUMBER)
    def apply_by_two(self, number: int, name: str, count: int) -> None:
        self.run(self.household.both(self.which(number), Death(name=name, number=count)))

    @rule(number=WHICH, name=BOUNDARY, count=NUMBER)
    def take_over(self, number: int, name: str, count: int) -> None:
        self.run(self.household.taken_over(self.which(number), name, count))

    @rule(number=WHICH, place=st.integers(0, 5_000), flip=st.integers(1, 255))
    def tamper(self, number: int, place: int, flip: int) -> None:
        before = len(self.household.sandbox.ledger.requests())
        end = self.runner.run(self.household.tampered(self.which(number), place, flip))
        assert (end, len(self.household.sandbox.ledger.requests())) == ("7", before)

    @rule(fault=st.sampled_from(tuple(_faults())), number=WHICH, calls=NUMBER)
    def next_sends_meet(self, fault: dict[str, object], number: int, calls: int) -> None:
        operation = self.which(number).file.plan.effects[0].operation
        self.steward.add_fault({**fault, "operation": operation, "calls": calls})

    @rule(fault=st.sampled_from(tuple(_faults())), call=st.integers(1, 12), calls=NUMBER)
    def some_calls_meet(self, fault: dict[str, object], call: int, calls: int) -> None:
        self.steward.add_fault({**fault, "call": call, "calls": calls})

    @rule()
    def repair(self) -> None:
        for each in self.steward.faults():
            assert isinstance(each, dict)
            self.steward.remove_fault(int(str(each["number"])))

    @rule(passes_s=st.sampled_from((1.0, 20.0, 61.0, 400.0, 90_000.0)))
    def time_passes(self, passes_s: float) -> None:
        self.run(self.household.sandbox.clock.sleep(passes_s))

    @rule()
    def backup(self) -> None:
        self.backups.append(self.household.backup())

    # A copy of what the journal has forgotten is recognised by the custodian or by nobody.
    @precondition(lambda self: self.backups and self.remembers)
    @rule(number=st.integers(0, 9))
    def restore(self, number: int) -> None:
        self.run(self.household.restore(self.backups[number % len(self.backups)]))

    @rule(number=WHICH)
    def somebody_does_the_same(self, number: int) -> None:
        effect = self.which(number).file.plan.effects[0]
        body = json.loads(effect.body)
        given = {name: str(value) for name, value in body.items() if name != "requestId"}
        with suppress(AskedWrongly):
            self.steward.portal({"operation": effect.operation, "parameters": given})

    @invariant()
    def nothing_is_wrong(self) -> None:
        if hasattr(self, "household"):
            assert list(wrongs(self.household)) == []
            assert [plan.end for plan in self.household.plans if plan.end == BUG] == []

    def teardown(self) -> None:
        if not hasattr(self, "household"):
            return
        with self.stack:
            self.repair()
            self.run(self.live_on())
            self.nothing_is_wrong()
            for plan in self.household.plans:
                for end in plan.ends:
                    event(f"a process ended with {end}")
                event(f"a run stands still at {plan.end or 'its plan'}")
                assert not plan.begun or self.stands_still(plan), (plan.ends, plan.words)

    async def live_on(self) -> None:
        """Let nothing befall them any more, and go on until every run stands still."""
        for _ in range(PROCESSES_TO_END):
            for plan in self.household.plans:
                if plan.begun:
                    await self.household.process(plan, death=Death())
            if all(self.stands_still(plan) for plan in self.household.plans if plan.begun):
                return
            await self.household.sandbox.clock.sleep(RESTART_S)

    def stands_still(self, plan: Applied) -> bool:
        if plan.end == HALTED:
            return bool(halted(plan))
        if plan.end == NOT_FINAL:
            return bool(self.household.open_orders(plan))
        if plan.end == LOCKED:
            # An order that does not end, or an effect that has halted, keeps all others away.
            ledger = self.household.sandbox.ledger
            others = any(halted(each) for each in self.household.plans if each is not plan)
            return others or any(order.is_open for order in ledger.orders())
        # A plan that is too old, or not this journal's, begins nothing: intents at most are there.
        return plan.is_finished or (
            plan.end in {"3", "7"} and not any(row.attempts for row in plan.rows)
        )


@pytest.mark.parametrize("script", SCRIPTS)
def test_undisturbed_run_ends_well(script: str) -> None:
    """Random lives may not go well only because nothing is ever sent in them."""
    with opened() as (runner, household):
        runner.run(household.plan(SCRIPTS[script], "12.5 USDT"))
        (plan,) = household.plans

        end = runner.run(household.process(plan, death=Death()))

        orders = household.sandbox.ledger.orders()
        sent = [effect.request_id for effect in plan.file.plan.effects]
        assert (end, [order.request_id for order in orders]) == ("0", sent)
        assert list(wrongs(household)) == []


def test_plan_that_expired_before_its_first_attempt_sends_nothing() -> None:
    with opened() as (runner, household):
        runner.run(household.plan(SCRIPTS["delegate"], "12.5 USDT"))
        (plan,) = household.plans
        runner.run(household.process(plan, death=Death(name="after-intent")))

        runner.run(household.sandbox.clock.sleep(90_000))
        ends = [runner.run(household.process(plan, death=Death())) for _ in range(2)]

        assert ends == ["7", "7"]
        assert [row.attempts for row in plan.rows] == [()]
        assert household.sandbox.ledger.orders() == ()


def test_judge_sees_what_is_executed_twice() -> None:
    with opened(dedupe=Dedupe.NONE) as (runner, household):
        runner.run(household.plan(SCRIPTS["delegate"], "12.5 USDT"))
        (plan,) = household.plans
        Steward(sandbox=household.sandbox).add_fault({"kind": "duplicate_delivery"})

        runner.run(household.process(plan, death=Death()))

        assert f"pay of {plan.file.run_id} was executed 2 times" in list(wrongs(household))


def test_judge_sees_a_verdict_that_the_ledger_denies() -> None:
    with opened() as (runner, household):
        runner.run(household.plan(SCRIPTS["fund"], "12.5 USDT"))
        (plan,) = household.plans

        plan.ends.append("0")

        assert list(wrongs(household)) == [
            f"{plan.file.run_id} ended with 0, and {path} was not executed"
            for path in ("pay", "rest")
        ]


@pytest.mark.skipif(USUAL, reason="which lives are drawn depends on what else was imported")
class TestLives(Lives.TestCase):  # type: ignore[misc,valid-type]  # the library makes it
    """Random lives by the hundred, with HYPOTHESIS_PROFILE=explore: `make faults TIER=d`."""

    settings = settings(
        settings.default,
        max_examples=500,
        stateful_step_count=14,
        suppress_health_check=list(HealthCheck),
    )

    @classmethod
    def tearDownClass(cls) -> None:
        """Leave no key behind."""
        bench.cache_clear()
        _OPENED.close()
