"""Tier C: every write, sync and send of one run, without any of our instrumentation.

``strace`` ends the process at the N-th call of a sort, or lets that call fail, for N = 1, 2, ...
until a run passes untouched; then a process without it goes on, and the ledger judges. Every
process that is traced is a whole interpreter. Keys do not hinder it: a tracer that starts a process
itself may trace it whatever PR_SET_DUMPABLE says.
Source: RELIABILITY 2.2; https://sqlite.org/testing.html, section 3.
"""

import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from threading import Lock

from runner.core.record import record
from tests.faults.processes.deaths import Kill
from tests.faults.processes.kills import Count, Player
from tests.faults.processes.lane import Lane
from tests.faults.processes.tracing import MISHAPS, MORE_MISHAPS

ACTIONS = ("mirrorx.delegate", "withdrawal.create")
CALLS_MAX = 400
"""No run makes so many calls of one sort: a series that goes on for longer is a bug of ours."""
FEW = ("sync+SIGKILL+3", "sync+EIO+4", "pwrite+SIGKILL+30", "send+SIGKILL+4", "send+ECONNRESET+5")


@record
class Series:
    """The cases of one sort of call and one mishap, N = ``first``, ``first + step``, ..."""

    action: str
    sort: str
    mishap: str
    first: int = 1
    step: int = 1

    def cases(self) -> Iterator[Kill]:
        """Yield them without end."""
        for number in range(self.first, CALLS_MAX, self.step):
            what = f"call:{self.sort}+{self.mishap}+{number}"
            yield Kill(action=self.action, fault="ok", what=what)


def all_series(*, every: bool = False, parts: int = 2) -> list[Series]:
    """Return every series, each in parts that can be played side by side.

    Shapes: with ``every`` also the mishaps that take long, and a second effect.
    """
    actions = ACTIONS if every else ACTIONS[:1]
    mishaps = MORE_MISHAPS if every else MISHAPS
    sorts = [(sort, mishap) for sort, some in mishaps.items() for mishap in some]
    return [
        Series(action=action, sort=sort, mishap=mishap, first=first + 1, step=parts)
        for action, (sort, mishap), first in product(actions, sorts, range(parts))
    ]


def few_calls() -> list[Kill]:
    """Return a handful of cases, for every change."""
    return [
        Kill(action=ACTIONS[number % 2], fault="ok", what=f"call:{each}")
        for number, each in enumerate(FEW)
    ]


def reason_without_strace() -> str:
    """Say why nothing can be traced here, or nothing."""
    if shutil.which("strace") is None:
        return "there is no strace here (Debian: apt install strace)"
    tried = subprocess.run(
        ["strace", "-f", "-o", "/dev/null", "-e", "inject=fsync:error=EIO:when=1", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip()}"


def play_series(series: Sequence[Series], *, lanes: int) -> Count:
    """Play every series until its first run that passes untouched, and count the cases."""
    count, mutex, left = Count(), Lock(), deque(series)

    def play(each: Series, lane: Lane) -> None:
        for case in each.cases():
            played = Player(lane).play(case)
            with mutex:
                count.take(played)
            if not played.reached:
                return
        raise AssertionError(f"{each} does not end")

    def work(folder: Path) -> None:
        folder.mkdir()
        with Lane(folder) as lane:
            while True:
                try:
                    each = left.popleft()
                except IndexError:
                    return
                play(each, lane)

    with tempfile.TemporaryDirectory(prefix="calls-") as name, ThreadPoolExecutor(lanes) as pool:
        folders = [Path(name) / f"calls-{number}" for number in range(lanes)]
        for done in [pool.submit(work, folder) for folder in folders]:
            done.result()
    return count
