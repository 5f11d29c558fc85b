"""Plays cases of tier B on several lanes at once: most of a case is waiting for a fence."""

import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.processes.deaths import Kill
from tests.faults.processes.kills import Count, Played, Player
from tests.faults.processes.lane import Lane
from tests.postgres import served

_Tell = Callable[[int, int], None]


def play_kills(
    cases: Iterable[Kill], *, lanes: int, tell: _Tell | None = None
) -> tuple[Count, str]:
    """Play cases and count them.

    Shapes: ``lanes`` sandboxes, half of which show requestIds in their lists; ``tell`` hears how
        many cases of how many are done. Returned is also why the cases on PostgreSQL were left out,
        or nothing.
    """
    waiting = list(cases)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kills-")))
        url, without = "", ""
        if any(case.journal == "postgresql" for case in waiting):
            try:
                url = stack.enter_context(served())
            except pytest.skip.Exception as reason:
                without = str(reason)
                waiting = [case for case in waiting if case.journal != "postgresql"]
        crew = _Crew(waiting, tell)
        threads = [
            threading.Thread(target=crew.work, args=(folder / f"lane-{number}", url, number % 2))
            for number in range(max(2, lanes))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if crew.broken:
        raise crew.broken[0]
    return crew.count, without


class _Crew:
    def __init__(self, cases: list[Kill], tell: _Tell | None) -> None:
        self._queues = {ids: deque(c for c in cases if c.ids is ids) for ids in (False, True)}
        self._of = len(cases)
        self._done = 0
        self._tell = tell
        self._mutex = threading.Lock()
        self.count = Count()
        self.broken: list[BaseException] = []

    def work(self, folder: Path, url: str, shows_ids: int) -> None:
        """Play what is left, one case after the other."""
        queue = self._queues[bool(shows_ids)]
        if not queue:
            return
        folder.mkdir()
        try:
            with Lane(folder, postgres=url, shows_ids=bool(shows_ids)) as lane:
                player = Player(lane)
                while not self.broken:
                    try:
                        case = queue.popleft()
                    except IndexError:
                        return
                    self._took(player.play(case))
        except BaseException as error:  # noqa: BLE001 - a thread's own end is told by its starter
            self.broken.append(error)

    def _took(self, played: Played) -> None:
        with self._mutex:
            self.count.take(played)
            self._done += 1
            if self._tell is not None:
                self._tell(self._done, self._of)
