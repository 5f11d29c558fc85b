"""``python -m tests.faults``: plays the matrix, or one case with its story.

``python -m tests.faults CASE`` plays the case that a failing run has named, and tells what happens.
Without a case: ``--level first|all``, ``--slice N`` for one unit in N, ``--workers N``, and
``--publish``, which writes the figures into the pages; ``--rewrite`` writes those of the last run.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.cases import case_from
from tests.faults.clock import StoryClock
from tests.faults.custodian import Custodian
from tests.faults.disk import fresh_journal
from tests.faults.judge import judge
from tests.faults.matrix import IN_ONE_PROCESS, LEVELS, Tally, a_slice, play_all, survivors
from tests.faults.planted import PLANTED
from tests.faults.play import Stage
from tests.faults.subjects import RUN
from tests.faults.table import (
    FIGURES,
    PAGE,
    PARTS,
    README,
    REPOSITORY,
    Figures,
    figures_of,
    read_figures,
    summary,
    written,
)


def main(arguments: list[str]) -> int:
    """Do what the command line asks, and return 1 where an invariant does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("case", nargs="?", help="a case as a failing run names it")
    parser.add_argument("--level", choices=LEVELS, default="first")
    parser.add_argument("--slice", type=int, default=1, help="one unit in so many")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--publish", action="store_true", help="write the figures into the pages")
    parser.add_argument("--rewrite", action="store_true", help="write the last run's into them")
    parser.add_argument("--figures", type=Path, help="write the figures into a file as well")
    given = parser.parse_args(arguments)
    if given.rewrite:
        figures = read_figures()
        publish(figures)
        sys.stdout.write(PARTS["tiers"](figures))
        return 0
    if given.case:
        return asyncio.run(tell_case(given.case))
    units = a_slice(given.slice, LEVELS[given.level]())
    begun_s = time.monotonic()
    tally = play_all(units, workers=given.workers, tell=_progress(begun_s))
    figures = figures_of(
        tally,
        level=given.level if given.slice == 1 else f"{given.level}, one in {given.slice}",
        commit=_commit(),
        workers=given.workers,
        took_s=round(time.monotonic() - begun_s),
        planted=IN_ONE_PROCESS,
        survived=tuple(survivors(PLANTED)),
    )
    show(figures, tally)
    if given.figures:
        given.figures.write_text(figures.to_json(), encoding="utf-8")
    failed = bool(figures.violations or figures.survived)
    if given.publish and not failed:
        FIGURES.write_text(figures.to_json(), encoding="utf-8")
        publish(figures)
    return 1 if failed else 0


def publish(figures: Figures) -> None:
    """Write the figures into the pages."""
    for page in (PAGE, README):
        page.write_text(written(page.read_text("utf-8"), figures), encoding="utf-8")


def show(figures: Figures, tally: Tally) -> None:
    """Print the table, and what has failed with a line that plays it again."""
    print(summary(figures))
    for reason, count in figures.halts.items():
        print(f"halted {count:>7}  {reason}")
    for fault, count in figures.violations.items():
        print(f"FAILED {count:>7}  {fault}")
    for name in figures.survived:
        print(f"SURVIVED the planted bug {name}")
    for case, words in tally.failures:
        print(f"python -m tests.faults {case}\n    {words}")


async def tell_case(text: str) -> int:
    """Play one case and tell its story."""
    stage = Stage(custodian=Custodian(), fresh=await fresh_journal(RUN, StoryClock()), tell=print)
    outcome = await stage.play(case_from(text))
    verdict = judge(outcome, stage.custodian)
    print(f"ended {outcome.end} after {outcome.processes} processes, reached: {outcome.reached}")
    for order in outcome.orders:
        print(f"ledger: {order.id} {order.moved or order.made} status {order.status}")
    if verdict.halt:
        print(f"halted because: {verdict.halt}")
    for violation in verdict.violations:
        print(f"FAILED {violation}")
    return 1 if verdict.violations else 0


def _progress(begun_s: float) -> Callable[[int, int], None]:
    def tell(done: int, of: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done} of {of} units, {time.monotonic() - begun_s:.0f} s ")

    return tell


def _commit() -> str:
    # What is on trial is the program: the commit that changed it last.
    command = [
        "git",
        "-C",
        str(REPOSITORY),
        "log",
        "-1",
        "--abbrev=12",
        "--format=%h",
        "--",
        "runner",
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
