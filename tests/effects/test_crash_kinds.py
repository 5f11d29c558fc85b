"""The crash matrix of what is found by requestId, by name, by its state, or not at all.

As for the list-only effects: a process dies before or after every durable write, against every
behaviour of the custodian, whose own record is the judge.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.core.errors import NotSent, RemoteError
from runner.effects.machine import SENDS_MAX
from runner.effects.model import EffectRow, EffectState, Until
from runner.effects.ports import Facts
from tests.effects.fakes import (
    ALL_FACTS,
    LAG,
    NO_FACTS,
    RUN,
    TIMING,
    Bench,
    Crash,
    CrashingStore,
)
from tests.effects.kinds import BLIND, BY_ID, BY_NAME, BY_STATE, Kind, RequestIdEyes
from tests.effects.test_crash_matrix import BEHAVIOURS, NOTHING_DONE, crashes

PROCESSES_MAX = 10
REPEATED = (
    ("lost_before", "lost_before", "ok"),
    ("lost_before", "lost_before", "lost_before", "lost_before", "ok"),
    ("lost_before", "refused"),
    ("lost_after", "refused"),
    ("lost_late", "refused"),
    ("lost_before", "not_sent", "not_sent", "not_sent", "not_sent", "not_sent", "ok"),
    ("lost_before", "seen_before", "ok"),
)
KINDS = {"by requestId": BY_ID, "by name": BY_NAME, "by state": BY_STATE, "blind": BLIND}


@dataclass(frozen=True, kw_only=True)
class World:
    name: str
    facts: Facts = ALL_FACTS
    visible_after_s: float = 0.0
    fee_after_s: float = 0.0
    shows_request_ids: bool = True
    end: str = "success"
    sent_before: bool = False
    stranger_twin: bool = False


PLAIN = World(name="plain")
LATE = World(name="late", visible_after_s=LAG.total_seconds())
NO_FACTS_LATER = World(name="no facts, later still", facts=NO_FACTS, visible_after_s=300.0)
SENT_BEFORE = World(name="a lost journal had sent it", sent_before=True)
LATE_FAILURE = World(name="late, fails", visible_after_s=LAG.total_seconds(), end="failed")
TWIN = World(name="a stranger's twin", shows_request_ids=False, stranger_twin=True)
FEE_LATE = World(name="fee late", fee_after_s=240.0)
BARE_HISTORY = World(name="history without ids", shows_request_ids=False)
LIMITS = World(name="limit proves nothing happened", facts=Facts(rate_limited_not_executed=True))

ALL = (*BEHAVIOURS, *REPEATED)
FEW = (("ok",), ("limited", "ok"), ("lost_before", "ok"), ("lost_after", "ok"), ("lost_late", "ok"))
CASES = [
    (name, world, behaviours)
    for name, worlds, several in (
        ("by requestId", (PLAIN, LATE_FAILURE, NO_FACTS_LATER, TWIN), BEHAVIOURS),
        ("by requestId", (SENT_BEFORE, FEE_LATE, BARE_HISTORY, LIMITS), FEW),
        ("by name", (PLAIN, LATE), BEHAVIOURS),
        ("by name", (NO_FACTS_LATER, SENT_BEFORE), FEW),
        ("by state", (PLAIN, LATE), ALL),
        ("by state", (NO_FACTS_LATER, SENT_BEFORE), (*FEW, *REPEATED)),
        # Whose "true" an answer was cannot be told where nothing can be read.
        ("blind", (PLAIN,), tuple(each for each in ALL if each[0] != "others_answer")),
    )
    for world in worlds
    for behaviours in several
]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A journal with the run registered, as bytes: thousands are needed, and making one is slow."""
    path = tmp_path_factory.mktemp("fresh") / "state.sqlite"
    bench = Bench(path=path)
    asyncio.run(bench.journal.register_run(RUN, {}))
    bench.journal.close()
    return path.read_bytes()


def bench_at(path: Path, fresh: bytes, kind: Kind, world: World) -> Bench:
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    path.write_bytes(fresh)
    bench = Bench(path=path, facts=world.facts, subject=kind.order, eyes_of=kind.eyes)
    bench.custodian.visible_after_s = world.visible_after_s
    bench.custodian.shows_request_ids = world.shows_request_ids
    bench.custodian.end = world.end
    if isinstance(bench.eyes, RequestIdEyes):
        bench.eyes.fee_after_s = world.fee_after_s
    if world.sent_before:
        bench.custodian.place(request_id=kind.order.request_id, age_s=600.0)
        bench.custodian.made[0].ours = True
    return bench


async def play(
    bench: Bench, kind: Kind, world: World, dies_at: int, *, after: bool
) -> tuple[str, bool]:
    """Drive the effect through as many processes as it takes; say where it ended, and if one died.

    Shapes: the end is a state, or ``unreachable`` where nothing was ever sent.
    """
    died = False
    end = ""
    for process in range(PROCESSES_MAX):
        store = CrashingStore(
            journal=bench.journal, dies_at=dies_at if process == 0 else 0, after=after
        )
        try:
            row = await bench.driver(store).run(
                kind.order,
                until=Until.FINAL,
                timing=TIMING,
                acceptance=kind.acceptance,
                not_after=None,
            )
        except Crash:
            died = True
        except NotSent:
            end = "unreachable"
        except RemoteError:
            # Some attempt may count, and the next could not be sent: a person resumes later, or a
            # fee that will be compared is not shown yet.
            end = ""
            bench.clock.advance(300.0)
        else:
            if row.state is not EffectState.ACCEPTED and str(row.state) == end:
                break
            end = str(row.state)
        if world.stranger_twin and process == 0:
            bench.custodian.place()
        bench.reopen()
    return end, died


def judge(bench: Bench, kind: Kind, row: EffectRow | None, end: str) -> None:
    bench.clock.advance(86_400.0)
    ours = bench.custodian.executions()
    sends = [order for order, _ in bench.custodian.sends]
    assert all(order == kind.order for order in sends)
    if end == "unreachable":
        assert ours == []
        return
    assert row is not None
    assert str(row.state) == end
    reached = [a for a in row.attempts if _kind_of(a.answer) != "not_sent"]
    assert len(reached) <= SENDS_MAX
    if not kind.is_repeatable:
        assert len(ours) <= 1, "two effects"
        unproven = [each for each in row.attempts if not each.proven_not_executed]
        assert len(unproven) <= 1, "an attempt followed one that may have been executed"
    if row.state in {EffectState.CONFIRMED, EffectState.FAILED}:
        wanted = "success" if row.state is EffectState.CONFIRMED else "failed"
        assert ours, "confirmed, and never executed"
        assert kind.is_repeatable or [e.seen.order_id for e in ours] == [row.order_id]
        assert bench.custodian.end == wanted
    elif row.state in NOTHING_DONE:
        assert ours == []
    elif row.state is EffectState.HALTED:
        assert kind.order.request_id in row.reason
        assert isinstance(row.evidence, dict)
        assert row.evidence["request_id"] == kind.order.request_id
    else:
        # The answer was another's: what it names is never shown under our requestId, and so it is
        # never called done.
        assert row.state is EffectState.ACCEPTED
        assert ours == []


def _kind_of(answer: object) -> object:
    return answer.get("kind") if isinstance(answer, dict) else None


@pytest.mark.parametrize(
    ("name", "world", "behaviours"),
    CASES,
    ids=[f"{name}-{world.name}-{'+'.join(behaviours)}" for name, world, behaviours in CASES],
)
async def test_no_crash_makes_two_effects_or_a_false_verdict(
    tmp_path: Path, fresh: bytes, name: str, world: World, behaviours: tuple[str, ...]
) -> None:
    kind = KINDS[name]
    cases = 0
    for dies_at, after in crashes():
        path = tmp_path / str(cases) / "state.sqlite"
        bench = bench_at(path, fresh, kind, world)
        bench.custodian.behaviours = list(behaviours)

        end, died = await play(bench, kind, world, dies_at, after=after)

        row = await bench.journal.effect(kind.order.run_id, kind.order.path)
        bench.journal.close()
        judge(bench, kind, row, end)
        cases += 1
        if not died:
            break
    assert cases > 2, "the first process must have died at least once"
