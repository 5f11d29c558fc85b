"""Time that passes when somebody waits, and what else happens meanwhile."""

import heapq
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
"""When every case begins; the plans were made a second before."""


class StoryClock:
    """A ``Clock`` of one case: a wait takes no time of ours, and what is due on the way happens.

    Everything of a case is one chain of awaits, so nobody needs to be waited for.
    """

    def __init__(self) -> None:
        self.elapsed_s = 0.0
        self._due: list[tuple[float, int, Callable[[], Awaitable[None]]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.elapsed_s)

    def monotonic_s(self) -> float:
        return self.elapsed_s

    def later(self, delay_s: float, happen: Callable[[], Awaitable[None]]) -> None:
        """Let something happen when that much time has passed."""
        heapq.heappush(self._due, (self.elapsed_s + delay_s, next(self._numbers), happen))

    async def sleep(self, delay_s: float) -> None:
        end_s = self.elapsed_s + max(delay_s, 0.0)
        while self._due and self._due[0][0] <= end_s:
            due_s, _, happen = heapq.heappop(self._due)
            self.elapsed_s = max(self.elapsed_s, due_s)
            await happen()
        self.elapsed_s = max(self.elapsed_s, end_s)
