"""The pages say what the last full run counted, and what the matrix plays today."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.faulty import SEND_FAULTS
from tests.faults.matrix import Tally
from tests.faults.table import PAGE, PARTS, README, figures_of, read_figures, summary, written
from tests.faults.tiers import read_tiers


@pytest.mark.parametrize("page", [PAGE, README], ids=lambda path: path.name)
def test_page_shows_the_figures_of_the_last_run(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert written(text, read_figures()) == text, "run python -m tests.faults --rewrite"


def test_pages_have_every_part() -> None:
    text = PAGE.read_text(encoding="utf-8") + README.read_text(encoding="utf-8")

    assert [name for name in PARTS if f"<!-- begin faults: {name} -->" not in text] == []


def test_last_run_broke_nothing_and_missed_nothing() -> None:
    figures = read_figures()

    assert figures.violations == {}
    assert figures.survived == ()


def test_last_run_of_every_tier_broke_nothing() -> None:
    assert [tier for tier, figures in read_tiers().items() if figures.violations] == []


def test_every_send_fault_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert [name for name in SEND_FAULTS if f"`{name}`" not in text] == []


def test_figures_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    tally = Tally(
        cases=2,
        requests=9,
        by_action=Counter({"mirror.apply": 2}),
        by_end=Counter({"halted": 1, "confirmed": 1}),
        halts=Counter({"nobody knows": 1}),
        violations=Counter({"duplicate": 1}),
        stories={1, 2},
    )
    figures = figures_of(
        tally, level="first", commit="abc", workers=2, took_s=3, planted=("a", "b"), survived=("b",)
    )
    path = tmp_path / "figures.json"
    path.write_text(figures.to_json(), encoding="utf-8")

    assert read_figures(path) == figures
    assert "| duplicates | 1 |" in summary(figures)
    assert "| planted bugs caught | 1 of 2 |" in summary(figures)


def test_tallies_of_several_processes_add_up() -> None:
    one = Tally(cases=1, by_end=Counter({"halted": 1}), stories={1}, failures=[("b", "words")])
    other = Tally(cases=2, by_end=Counter({"halted": 2}), stories={1, 2}, failures=[("a", "words")])

    total = Tally()
    for each in (one, replace(other)):
        total.add(each)

    assert (total.cases, total.by_end["halted"], total.stories) == (3, 3, {1, 2})
    assert [case for case, _ in total.failures] == ["a", "b"]
