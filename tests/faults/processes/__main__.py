"""``python -m tests.faults.processes``: plays tier B, or one case of it.

``python -m tests.faults.processes CASE`` plays the case that a failing run has named.
"""

import argparse
import os
import random
import sys
import time

from tests.faults.processes.crew import play_kills
from tests.faults.processes.kills import all_kills, few_kills, kill_from
from tests.faults.provenance import last_commit
from tests.faults.tiers import TierFigures, keep_tier, text_of

LANES_A_CORE = 7
"""Most of a case is waiting until a signed request cannot arrive any more."""


def main(arguments: list[str]) -> int:
    """Do what the command line asks, and return 1 where an invariant does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.processes")
    parser.add_argument("case", nargs="*", help="cases as a failing run names them")
    parser.add_argument("--few", action="store_true", help="those that every change is held against")
    parser.add_argument("--lanes", type=int, default=LANES_A_CORE * (os.cpu_count() or 1))
    parser.add_argument("--publish", action="store_true", help="keep the figures for the pages")
    given = parser.parse_args(arguments)
    cases = [kill_from(text) for text in given.case] or list(few_kills() if given.few else all_kills())
    # Cases of one effect side by side would all wait for the same fence at once.
    random.Random(len(cases)).shuffle(cases)
    commit, begun_s = last_commit(), time.monotonic()

    def tell(done: int, of: int) -> None:
        if sys.stderr.isatty() or not done % 100:
            sys.stderr.write(f"\r{done} of {of} cases, {time.monotonic() - begun_s:.0f} s ")
            sys.stderr.flush()

    count, without = play_kills(cases, lanes=min(given.lanes, len(cases)), tell=tell)
    figures = TierFigures(
        tier="b",
        commit=commit,
        took_s=round(time.monotonic() - begun_s),
        cases=count.cases,
        kills=count.kills,
        processes=count.processes,
        by_what=dict(sorted(count.by_what.items())),
        ends=dict(sorted(count.by_end.items())),
        halts=dict(count.halts.most_common()),
        violations=dict(sorted(count.violations.items())),
        left_out=without,
    )
    sys.stdout.write(f"{text_of(figures)}\n")
    for case, words in count.failures:
        sys.stdout.write(f"python -m tests.faults.processes {case}\n    {words}\n")
    if given.publish and not figures.violations and not without:
        keep_tier(figures)
    return 1 if figures.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
