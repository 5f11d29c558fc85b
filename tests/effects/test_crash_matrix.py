"""A process dies at every write, against every behaviour of the custodian; its list is the judge.

For each case the first process dies before or after its n-th durable write, n = 1, 2, ... until one
is not reached; later processes resume until the effect stands still. Then time runs on for a day so
that whatever is still under way arrives, and the custodian's own list is held against the verdict.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.core.errors import LockHeld, NotSent, OutcomeUnknown, RemoteError
from runner.effects.machine import SENDS_MAX
from runner.effects.model import EffectRow, EffectState, Until
from runner.effects.ports import Facts
from tests.effects.fakes import (
    ACCEPTANCE,
    ALL_FACTS,
    DEDUPE_FACTS,
    LAG,
    MEMORY,
    NO_FACTS,
    ORDER,
    RUN,
    TIMING,
    Bench,
    Crash,
    CrashingStore,
)

BEHAVIOURS = (
    ("ok",),
    ("not_sent", "ok"),
    ("not_sent", "lost_after"),
    ("not_sent", "not_sent", "not_sent", "not_sent", "ok"),
    ("expired", "ok"),
    ("expired", "lost_after"),
    ("expired", "expired", "expired", "expired", "ok"),
    ("limited", "ok"),
    ("lost_before", "ok"),
    ("lost_after", "ok"),
    ("lost_late", "ok"),
    ("500_before", "ok"),
    ("500_after", "ok"),
    ("g20001_before", "ok"),
    ("g20001_after", "ok"),
    ("wrong_id", "ok"),
    ("no_order_id", "ok"),
    ("undocumented", "ok"),
    ("undocumented_after", "ok"),
    ("undocumented_late", "ok"),
    ("others_answer", "ok"),
    ("refused", "ok"),
    ("seen_before", "ok"),
    ("seen_after", "ok"),
)
PROCESSES_MAX = 8
NOTHING_DONE = {EffectState.REJECTED, EffectState.CANCELLED}


@dataclass(frozen=True, kw_only=True)
class World:
    name: str
    facts: Facts = ALL_FACTS
    shows_request_ids: bool = True
    visible_after_s: float = 0.0
    end: str = "success"
    stranger_twin: bool = False
    sent_before: bool = False
    remembers: bool = False


WORLDS = (
    World(name="by id"),
    World(name="by id, late", visible_after_s=LAG.total_seconds(), end="failed"),
    World(name="by id, no facts, later still", facts=NO_FACTS, visible_after_s=300.0),
    World(name="list only", shows_request_ids=False),
    World(name="list only, late", shows_request_ids=False, visible_after_s=LAG.total_seconds()),
    World(name="list only, no facts", shows_request_ids=False, facts=NO_FACTS),
    World(name="list only, a stranger's twin", shows_request_ids=False, stranger_twin=True),
    World(name="a lost journal had sent it", sent_before=True),
    World(name="remembered", facts=DEDUPE_FACTS, remembers=True),
    World(
        name="list only, remembered", facts=DEDUPE_FACTS, remembers=True, shows_request_ids=False
    ),
    World(
        name="list only, remembered, a stranger's twin",
        facts=DEDUPE_FACTS,
        remembers=True,
        shows_request_ids=False,
        stranger_twin=True,
    ),
    World(name="limit proves nothing happened", facts=Facts(rate_limited_not_executed=True)),
)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A journal with the run registered, as bytes: thousands are needed, and making one is slow."""
    path = tmp_path_factory.mktemp("fresh") / "state.sqlite"
    bench = Bench(path=path)
    asyncio.run(bench.journal.register_run(RUN, {}))
    bench.journal.close()
    return path.read_bytes()


def bench_at(path: Path, fresh: bytes, facts: Facts = ALL_FACTS) -> Bench:
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    path.write_bytes(fresh)
    return Bench(path=path, facts=facts)


def crashes() -> Iterator[tuple[int, bool]]:
    for number in range(1, 40):
        yield number, False
        yield number, True


async def play(bench: Bench, world: World, dies_at: int, *, after: bool) -> tuple[str, bool]:
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
                ORDER,
                until=Until.FINAL,
                timing=TIMING,
                acceptance=ACCEPTANCE,
                not_after=None,
            )
        except Crash:
            died = True
        except NotSent:
            end = "unreachable"
        except OutcomeUnknown:
            end = "to be sent again"
        except LockHeld:
            # The twin is still open: nothing is sent beside it, and a person tries again later.
            bench.clock.advance(60.0)
        else:
            if row.state is not EffectState.ACCEPTED and str(row.state) == end:
                break
            end = str(row.state)
        if world.stranger_twin and process == 0:
            bench.custodian.place()
        bench.reopen()
    return end, died


def judge(bench: Bench, row: EffectRow | None, end: str) -> None:
    bench.clock.advance(86_400.0)
    ours = bench.custodian.executions()
    assert len(ours) <= 1, "two effects"
    if end == "unreachable":
        assert ours == []
        return
    assert row is not None
    assert str(row.state) == end
    if row.state in {EffectState.CONFIRMED, EffectState.FAILED}:
        assert [each.seen.order_id for each in ours] == [row.order_id]
        wanted = "success" if row.state is EffectState.CONFIRMED else "failed"
        assert bench.custodian.end == wanted
    elif row.state in NOTHING_DONE:
        assert ours == []
    else:
        assert row.state is EffectState.HALTED
        assert ORDER.request_id in row.reason
        assert isinstance(row.evidence, dict)
        assert row.evidence["request_id"] == ORDER.request_id
        assert ORDER.request_id in str(row.evidence["ask"])
    sent = [order for order, _ in bench.custodian.sends]
    assert all(order == ORDER for order in sent)
    unproven = [each for each in row.attempts if not each.proven_not_executed]
    copies_max = SENDS_MAX if bench.facts.dedupes_request_id else 1
    assert len(unproven) <= copies_max, "an attempt followed one that may have been executed"


CASES = [
    pytest.param(behaviours, world, id=f"{'+'.join(behaviours)}-{world.name}")
    for behaviours in BEHAVIOURS
    for world in WORLDS
    # A duplicate of what was never executed is what the facts of these worlds rule out.
    if not (world.remembers and behaviours[0] == "seen_before")
]


@pytest.mark.parametrize(("behaviours", "world"), CASES)
async def test_no_crash_makes_two_effects_or_a_false_verdict(
    tmp_path: Path, fresh: bytes, behaviours: tuple[str, ...], world: World
) -> None:
    cases = 0
    for dies_at, after in crashes():
        bench = bench_at(tmp_path / str(cases) / "state.sqlite", fresh, world.facts)
        bench.custodian.behaviours = list(behaviours)
        bench.custodian.shows_request_ids = world.shows_request_ids
        bench.custodian.visible_after_s = world.visible_after_s
        bench.custodian.end = world.end
        bench.custodian.remembers_s = MEMORY.total_seconds() if world.remembers else None
        if world.sent_before:
            bench.custodian.place(request_id=ORDER.request_id, age_s=60.0)
            bench.custodian.made[0].ours = True

        end, died = await play(bench, world, dies_at, after=after)

        row = await bench.journal.effect(ORDER.run_id, ORDER.path)
        bench.journal.close()
        judge(bench, row, end)
        cases += 1
        if not died:
            break
    assert cases > 2, "the first process must have died at least once"


@pytest.mark.parametrize(
    "behaviours",
    [b for b in BEHAVIOURS if b[-1] == "lost_after" or b[0].endswith(("_after", "_late", "id"))],
    ids="+".join,
)
async def test_what_landed_is_found_by_its_request_id_wherever_a_process_dies(
    tmp_path: Path, fresh: bytes, behaviours: tuple[str, ...]
) -> None:
    """Halting would be safe too, but nobody needs asking where the list shows our requestId."""
    for number, (dies_at, after) in enumerate(crashes()):
        bench = bench_at(tmp_path / str(number) / "state.sqlite", fresh)
        bench.custodian.behaviours = list(behaviours)

        end, died = await play(bench, WORLDS[0], dies_at, after=after)

        bench.journal.close()
        if bench.custodian.executions():
            assert end == "confirmed"
        if not died:
            break


async def test_two_crashes_in_a_row_change_nothing(tmp_path: Path, fresh: bytes) -> None:
    number = 0
    for first in range(1, 7):
        for second in range(1, 5):
            bench = bench_at(tmp_path / str(number) / "state.sqlite", fresh)
            bench.custodian.behaviours = ["lost_after", "ok"]
            for dies_at in (first, second):
                store = CrashingStore(journal=bench.journal, dies_at=dies_at, after=True)
                with suppress(Crash, RemoteError):
                    await bench.driver(store).run(
                        ORDER,
                        until=Until.FINAL,
                        timing=TIMING,
                        acceptance=ACCEPTANCE,
                        not_after=None,
                    )
                bench.reopen()

            end, _ = await play(bench, WORLDS[0], 0, after=True)

            row = await bench.journal.effect(ORDER.run_id, ORDER.path)
            bench.journal.close()
            judge(bench, row, end)
            number += 1
