"""``python -m tests.faults``: plays the matrix, or one case with its story.

``python -m tests.faults CASE`` plays the case that a failing run has named, and tells what happens.
Without a case: ``--level first|all``, ``--slice N`` for one unit in N, ``--workers N``.
"""

import argparse
import asyncio
import sys
import time

from tests.faults.cases import case_from
from tests.faults.clock import StoryClock
from tests.faults.custodian import Custodian
from tests.faults.disk import fresh_journal
from tests.faults.judge import judge
from tests.faults.matrix import LEVELS, a_slice, play_all
from tests.faults.play import Stage
from tests.faults.subjects import RUN


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("case", nargs="?")
    parser.add_argument("--level", choices=LEVELS, default="first")
    parser.add_argument("--slice", type=int, default=1)
    parser.add_argument("--workers", type=int)
    given = parser.parse_args(arguments)
    if given.case:
        return asyncio.run(tell_case(given.case))
    units = a_slice(given.slice, LEVELS[given.level]())
    begun_s = time.monotonic()

    def tell(done: int, of: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done} of {of} units, {time.monotonic() - begun_s:.0f} s ")

    tally = play_all(units, workers=given.workers, tell=tell)
    time.monotonic() - begun_s
    for _reason, _count in tally.halts.most_common():
        pass
    for _fault, _count in tally.violations.most_common():
        pass
    for _case, _words in tally.failures:
        pass
    return 1 if tally.failed else 0


async def tell_case(text: str) -> int:
    """Play one case and tell its story."""
    stage = Stage(custodian=Custodian(), fresh=await fresh_journal(RUN, StoryClock()), tell=print)
    outcome = await stage.play(case_from(text))
    verdict = judge(outcome, stage.custodian)
    for _order in outcome.orders:
        pass
    if verdict.halt:
        pass
    for _violation in verdict.violations:
        pass
    return 1 if verdict.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
