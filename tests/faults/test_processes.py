"""Tiers B and C in small: real processes that die for real, judged by a served sandbox's ledger."""

from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from runner.core.boundary import EFFECT_BOUNDARIES
from tests.faults.judge import Fault
from tests.faults.processes.calls import all_series, few_calls, reason_without_strace
from tests.faults.processes.crew import play_kills
from tests.faults.processes.deaths import (
    ACTIONS,
    FAULTS,
    JOURNALS,
    TEETH,
    Kill,
    all_kills,
    few_kills,
    kill_from,
)
from tests.faults.tiers import TierFigures, columns, keep_tier, read_tiers, text_of

KILLS_MIN = 2_000
LANES = 8


@pytest.mark.slow
def test_no_death_and_no_failing_system_call_of_a_real_process_breaks_an_invariant() -> None:
    """One crew plays both tiers, because most of a case is waiting."""
    untraced = reason_without_strace()

    count, without = play_kills([*few_kills(), *(() if untraced else few_calls())], lanes=LANES)

    assert (count.failures, count.unreached) == ([], 0)
    if untraced or without:
        pytest.skip(f"the rest was played: {untraced or without}")


@pytest.mark.slow
def test_judge_sees_what_a_custodian_without_memory_executes_twice() -> None:
    """Teeth: a network that delivers twice, and a ledger in which it shows."""
    case = Kill(action="subwallet.transfer", fault=TEETH, what="kill:after-final")

    count, _ = play_kills([case], lanes=1)

    assert count.violations[Fault.DUPLICATE] == 1


def test_every_fault_meets_every_boundary_and_effect_in_a_process_that_is_killed() -> None:
    single = [case for case in all_kills() if case.what.startswith("kill:") and case.told]
    met = {(case.action, case.fault, case.boundary) for case in single if case.journal == "sqlite"}

    assert set(product(ACTIONS, FAULTS, EFFECT_BOUNDARIES)) <= met
    for journal in JOURNALS:
        assert {(c.fault, c.boundary) for c in single if c.journal == journal} >= set(
            product(FAULTS, EFFECT_BOUNDARIES)
        )
    assert len(single) >= KILLS_MIN


def test_no_case_is_played_twice() -> None:
    for cases in (all_kills(), all_kills(every=True), few_kills()):
        assert [case for case, count in Counter(cases).items() if count > 1] == []


def test_case_is_read_back_from_its_name() -> None:
    for case in (*few_kills(), *few_calls()):
        assert kill_from(str(case)) == case


def test_parts_of_a_series_are_the_whole_series() -> None:
    numbers = sorted(
        int(case.what.rpartition("+")[2])
        for series in all_series()
        if (series.sort, series.mishap) == ("sync", "EIO")
        for case, _ in zip(series.cases(), range(5), strict=False)
    )

    assert numbers == list(range(1, 11))


def test_figures_of_a_tier_are_kept_beside_those_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "tiers.json"
    figures = [
        TierFigures(
            tier=tier,
            commit="abc",
            took_s=3,
            cases=1_234,
            kills=7,
            processes=9,
            by_what={"kill, sqlite": 1_234},
            ends={"confirmed": 1_234},
            halts={},
            violations={"duplicate": 2},
        )
        for tier in "bc"
    ]

    for each in figures:
        keep_tier(each, path)

    assert list(read_tiers(path).values()) == figures
    assert ("duplicates", "2", "2") in columns(figures)
    assert "FAILED       2  duplicate" in text_of(figures[0])
