"""Teeth: every planted bug does its harm, and the judge sees it; the right program does none."""

import pytest

from tests.faults.cases import case_from
from tests.faults.clock import StoryClock
from tests.faults.custodian import Custodian
from tests.faults.disk import fresh_journal
from tests.faults.judge import judge
from tests.faults.planted import PLANTED, Alter
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
