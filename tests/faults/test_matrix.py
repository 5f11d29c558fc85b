"""A slice of the fault matrix, small enough for every run of the tests; `make faults` plays all."""

import asyncio
from dataclasses import replace

import pytest

from tests.faults.cases import Case, case_from
from tests.faults.clock import StoryClock
from tests.faults.custodian import Custodian
from tests.faults.disk import fresh_journal
from tests.faults.judge import judge
from tests.faults.matrix import a_slice, first_faults, play_here
from tests.faults.models import Model, Shows
from tests.faults.play import Stage
from tests.faults.subjects import RUN

SLICE_OF = 100
PARTS = 4
CASES_MIN = 60

FOUND = {
    "a refusal whose data names the order it has made": (
        "mirror.apply/refusal-with-order/ok/ids,reject,known,alone/-"
    ),
    "an order accepted and never listed": (
        "mirrorx.delegate/wrong-order-id/ok/bare,reject,known,alone/-"
    ),
}
"""The cases that have found a bug of ours; docs/fault-matrix.md tells of each."""


@pytest.mark.parametrize("part", range(PARTS))
def test_no_case_of_the_slice_breaks_an_invariant(part: int) -> None:
    units = a_slice(SLICE_OF, first_faults())[part::PARTS]

    tally = play_here(units)

    assert tally.failures == []
    assert tally.cases >= CASES_MIN


@pytest.mark.parametrize("case", FOUND.values(), ids=FOUND)
async def test_what_the_matrix_has_found_stays_mended(case: str) -> None:
    stage = Stage(custodian=Custodian(), fresh=await fresh_journal(RUN, StoryClock()))

    outcome = await stage.play(case_from(case))

    assert outcome.reached
    assert judge(outcome, stage.custodian).violations == ()


@pytest.mark.parametrize(
    "case",
    [
        "mirrorx.delegate/ok/ok/bare,reject,known,alone/-",
        "withdrawal.create/reset-after/timeout/ids,reject,known,alone/after-send#1",
        "mirror.settle/dns/ok/ids-late,reject,known,alone/-",
        "exchange.transfer/truncated-after/ok/bare,reject,unknown,twin-after/before-answer#1",
        "subwallet.transfer/late-in-window/http-500/bare-late,reject,known,alone/-",
    ],
)
async def test_httpx_and_rsa_between_client_and_sandbox_change_nothing(case: str) -> None:
    cheap = Stage(custodian=Custodian(), fresh=await fresh_journal(RUN, StoryClock()))
    real = replace(cheap, custodian=Custodian(real_keys=True), real_http=True)

    played = [await stage.play(case_from(case)) for stage in (cheap, real)]

    assert played[0].requests == played[1].requests
    assert (played[0].end, played[0].edges) == (played[1].end, played[1].edges)


def test_case_is_read_back_from_its_name() -> None:
    case = Case(
        action="mirror.apply",
        sends=("dns", "reset-after"),
        read="stale",
        model=Model(shows=Shows.BARE_LATE),
        crash="eio-kept:before-intent#1",
    )

    assert case_from(str(case)) == case


def test_same_slice_is_chosen_every_time() -> None:
    chosen = a_slice(SLICE_OF, first_faults())

    assert chosen == a_slice(SLICE_OF, first_faults())
    assert 0 < len(chosen) < len(list(first_faults())) / 50


def test_judge_sees_a_second_execution() -> None:
    """Teeth: the sandbox executes twice what the network has delivered twice, and it is noticed."""
    case = case_from("mirrorx.delegate/twice-first/ok/bare,none,known,alone/-")
    stage = Stage(custodian=Custodian(), fresh=asyncio.run(fresh_journal(RUN, StoryClock())))

    outcome = asyncio.run(stage.play(case))
    twice = replace(outcome, case=replace(case, sends=("ok",)))

    assert [str(v.fault) for v in judge(twice, stage.custodian).violations] == ["duplicate"]
