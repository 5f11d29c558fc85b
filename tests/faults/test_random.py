"""Tier D: random lives of one effect, from which nothing but the invariants is expected.

Processes start, die at any boundary and start again; sends and reads meet any fault; time passes;
somebody does the same in the portal; the journal is backed up and an older backup is put back. Then
all faults stop, and what stands at the end is held against the ledger.
"""

import asyncio

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from runner.core.boundary import EFFECT_BOUNDARIES
from runner.effects.model import FINAL_STATES, EffectState
from tests.faults.cases import NO_CRASH, Case
from tests.faults.clock import StoryClock
from tests.faults.custodian import Custodian
from tests.faults.disk import fresh_journal
from tests.faults.faulty import OK, READ_FAULTS, SEND_FAULTS
from tests.faults.judge import Fault, judge
from tests.faults.models import Known, Model, Repeat, Shows
from tests.faults.play import AFTERWARDS_S, PATIENT, RESTART_S, UNREACHABLE_S, Playing, Stage
from tests.faults.subjects import RUN, SUBJECTS

DRIVEN = tuple(name for name in EFFECT_BOUNDARIES if not name.endswith(("-step", "-finish")))
CRASHES = (
    NO_CRASH,
    *(f"{name}#1" for name in DRIVEN),
    *(f"eio-{how}:{name}#1" for how in ("kept", "lost") for name in DRIVEN if "before" in name),
)
LIES = ("twice", "wrong-", "whole-", "skew-", "far-", "late-at-window-skewed", "g20015-before")
"""Faults that no case without a plan of its own can be judged by."""
SENDS = tuple(name for name in SEND_FAULTS if not name.startswith(LIES))
UNHARMED = {Fault.DUPLICATE, Fault.FALSE_VERDICT, Fault.BROKEN_RULE}
PROCESSES_TO_END = 12
USUAL = settings.get_current_profile_name() == "ci"

_STAGE = Stage(custodian=Custodian(), fresh=asyncio.run(fresh_journal(RUN, StoryClock())))


class Life(RuleBasedStateMachine):
    """One effect's life."""

    @initialize(
        action=st.sampled_from(tuple(SUBJECTS)),
        shows=st.sampled_from(Shows),
        known=st.sampled_from(Known),
        repeat=st.sampled_from((Repeat.REJECT, Repeat.REPLAY, Repeat.NONE)),
    )
    def begin(self, action: str, shows: Shows, known: Known, repeat: Repeat) -> None:
        if known is Known.REMEMBERED and repeat is Repeat.NONE:
            repeat = Repeat.REJECT
        self.loop = asyncio.new_event_loop()
        model = Model(shows=shows, known=known, repeat=repeat)
        self.playing = Playing(stage=_STAGE, case=Case(action=action, model=model))
        self.backups: list[bytes] = [_STAGE.fresh]
        self.twins = 0

    @rule(crash=st.sampled_from(CRASHES))
    def process(self, crash: str) -> None:
        self.loop.run_until_complete(self.playing.process(crash))

    @rule(name=st.sampled_from(SENDS))
    def next_send_meets(self, name: str) -> None:
        wire = self.playing.wire
        sent = wire.sends[: len(wire.posts)]
        sent += (OK,) * (len(wire.posts) - len(sent))
        wire.sends = (*sent, SEND_FAULTS[name])

    @rule(name=st.sampled_from(tuple(READ_FAULTS)))
    def next_reads_meet(self, name: str) -> None:
        wire = self.playing.wire
        wire.read, wire.reads_spoilt = READ_FAULTS[name], 0

    @rule(passes_s=st.sampled_from((1.0, 20.0, 61.0, 90.0, 1_000.0, 90_000.0)))
    def time_passes(self, passes_s: float) -> None:
        self.loop.run_until_complete(self.playing.clock.sleep(passes_s))

    @rule()
    def backup(self) -> None:
        self.backups.append(self.playing.disk.content)

    # A copy of what the journal has forgotten is recognised by the custodian or by nobody.
    @precondition(lambda self: self.playing.case.model.repeat is not Repeat.NONE)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        self.playing.disk.restore(data.draw(st.sampled_from(self.backups)))

    @precondition(lambda self: self.twins == 0 and SUBJECTS[self.playing.case.action].makes is None)
    @rule()
    def somebody_does_the_same(self) -> None:
        self.twins += 1
        self.playing.wire.twin_now()

    @invariant()
    def nothing_is_done_twice(self) -> None:
        made = self.playing.stage.custodian.made_by_key() if hasattr(self, "playing") else ()
        assert len(made) <= 1

    def teardown(self) -> None:
        if not hasattr(self, "playing"):
            return
        end = self.loop.run_until_complete(self.live_on())
        outcome = self.loop.run_until_complete(self.playing.outcome(end, 0.0))
        self.loop.close()
        found = judge(outcome, _STAGE.custodian).violations
        assert [str(each) for each in found if each.fault in UNHARMED] == []
        assert end in {*map(str, FINAL_STATES), "halted", "accepted", "locked"}

    async def live_on(self) -> str:
        """Let nothing befall it any more, and go on until it stands still."""
        playing = self.playing
        playing.wire.calm()
        playing.wire.sends = ()
        end = ""
        for _ in range(PROCESSES_TO_END):
            row, trouble = await playing.process(NO_CRASH)
            end = trouble or str(row.state if row else "")
            if row is not None and row.state in {*FINAL_STATES, EffectState.HALTED}:
                break
            await playing.clock.sleep(UNREACHABLE_S if trouble in PATIENT else RESTART_S)
        await playing.clock.sleep(AFTERWARDS_S)
        return end


class TestLives(Life.TestCase):  # type: ignore[misc,valid-type]  # the library makes it
    """A few lives, always the same; HYPOTHESIS_PROFILE=explore tries new ones by the thousand."""

    settings = settings(
        settings.default,
        max_examples=25 if USUAL else 2_000,
        stateful_step_count=14,
        suppress_health_check=list(HealthCheck),
    )
