"""``python -m tests.faults.processes``: plays tier B or C, or single cases of them.

``python -m tests.faults.processes --tier b|c [--few] [--every] [--publish]``; with ``CASE`` it
plays what a failing run has named.
"""

import argparse
import os
import random
import sys
import time

from tests.faults.processes.calls import all_series, few_calls, play_series, reason_without_strace
from tests.faults.processes.crew import play_kills
from tests.faults.processes.deaths import Kill, all_kills, few_kills, kill_from
from tests.faults.processes.kills import Count
from tests.faults.provenance import last_commit
from tests.faults.tiers import TierFigures, keep_tier, text_of

LANES_A_CORE = 7
"""Most of a case is waiting until a signed request cannot arrive any more."""
TRACED_A_CORE = 2


def main(arguments: list[str]) -> int:
    """Do what the command line asks, and return 1 where an invariant does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.processes")
    parser.add_argument("case", nargs="*", help="cases as a failing run names them")
    parser.add_argument("--tier", choices=("b", "c"), default="b")
    parser.add_argument("--few", action="store_true", help="what every change is held against")
    parser.add_argument("--every", action="store_true", help="and all that is sampled otherwise")
    parser.add_argument("--publish", action="store_true", help="keep the figures for the pages")
    given = parser.parse_args(arguments)
    commit, begun_s = last_commit(), time.monotonic()
    if given.tier == "c" and not given.few and not given.case:
        count, without = _series(every=given.every)
    else:
        count, without = _cases(given)
    figures = TierFigures(
        tier=given.tier,
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


def _cases(given: argparse.Namespace) -> tuple[Count, str]:
    cases = [kill_from(text) for text in given.case]
    if not cases and given.tier == "c":
        cases = few_calls()
    elif not cases:
        cases = list(few_kills() if given.few else all_kills(every=given.every))
    without = reason_without_strace() if any(map(_is_traced, cases)) else ""
    if without:
        cases = [case for case in cases if not _is_traced(case)]
    # Cases of one effect side by side would all wait for the same fence at once.
    random.Random(len(cases)).shuffle(cases)
    lanes = min(LANES_A_CORE * (os.cpu_count() or 1), len(cases))
    begun_s = time.monotonic()

    def tell(done: int, of: int) -> None:
        if sys.stderr.isatty() or not done % 100:
            sys.stderr.write(f"\r{done} of {of} cases, {time.monotonic() - begun_s:.0f} s ")
            sys.stderr.flush()

    count, no_database = play_kills(cases, lanes=lanes, tell=tell)
    return count, without or no_database


def _series(*, every: bool) -> tuple[Count, str]:
    without = reason_without_strace()
    if without:
        return Count(), without
    lanes = TRACED_A_CORE * (os.cpu_count() or 1)
    return play_series(all_series(every=every), lanes=lanes), ""


def _is_traced(case: Kill) -> bool:
    return case.what.startswith("call:")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
