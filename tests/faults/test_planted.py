"""Teeth: every planted bug does its harm, and the judge sees it; the right program does none."""

from dataclasses import replace
from pathlib import Path

import pytest

from runner.core.errors import LeaseLost
from runner.effects.model import EffectRow, EffectState, Until
from runner.journal.codec import moment_text
from runner.journal.ownership import raise_epoch
from tests.effects.fakes import ACCEPTANCE, ORDER, START, TIMING, Bench
from tests.effects.fakes import RUN as BENCH_RUN
from tests.faults.cases import case_from
from tests.faults.clock import StoryClock
from tests.faults.custodian import Custodian
from tests.faults.disk import fresh_journal
from tests.faults.judge import judge
from tests.faults.planted import PLANTED, Alter, unfenced
from tests.faults.play import Stage
from tests.faults.subjects import RUN

IN_ONE_PROCESS = [name for name, planted in PLANTED.items() if planted.case]
BUGS_MIN = 15


async def found(case: str, alter: Alter | None) -> set[str]:
    stage = Stage(custodian=Custodian(), fresh=await fresh_journal(RUN, StoryClock()), alter=alter)
    outcome = await stage.play(case_from(case))
    return {str(each.fault) for each in judge(outcome, stage.custodian).violations}


def test_there_are_enough_bugs() -> None:
    assert len(PLANTED) >= BUGS_MIN
    assert [name for name in PLANTED if name not in IN_ONE_PROCESS] == ["owner-checked-outside"]


@pytest.mark.parametrize("name", IN_ONE_PROCESS)
async def test_planted_bug_is_caught_in_its_case_and_the_program_is_not(name: str) -> None:
    planted = PLANTED[name]

    assert planted.harm in await found(planted.case, planted.alter)
    assert await found(planted.case, None) == set()


@pytest.mark.parametrize("is_planted", [False, True])
async def test_a_former_owner_can_write_an_attempt_only_where_that_is_planted(
    tmp_path: Path, *, is_planted: bool
) -> None:
    """A process is stopped before its attempt, another takes the run over, the first wakes up."""
    bench = Bench(path=tmp_path / "state" / "state.sqlite")
    await bench.journal.register_run(BENCH_RUN, {})
    first = bench.journal
    if is_planted:
        unfenced(first)
    writer = first._writer  # noqa: SLF001 - the kernel's lock keeps two owners out of one machine
    with writer.database.writing("own") as sql:
        writer.owns("R-1", raise_epoch(sql, "R-1", "first", at=moment_text(START)))

    async def taken_over(row: EffectRow) -> None:
        if row.state is EffectState.INTENT:
            with writer.database.writing("own") as sql:
                raise_epoch(sql, "R-1", "second", at=moment_text(START))

    driver = replace(bench.driver(), notice=taken_over)
    driving = driver.run(
        ORDER, until=Until.ACCEPTED, timing=TIMING, acceptance=ACCEPTANCE, not_after=None
    )
    if is_planted:
        await driving
    else:
        with pytest.raises(LeaseLost):
            await driving

    bench.journal.close()
    assert len(bench.custodian.sends) == (1 if is_planted else 0)
