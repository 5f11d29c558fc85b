"""How many requests may leave in a rolling window."""

import asyncio
from collections import deque

from runner.core.clock import Clock


class RateWindow:
    """At most ``count`` tokens in any window of ``window_s`` seconds, in the order asked for.

    One object serves all clients of one API key, because the custodian counts by key. A token taken
    at t leaves the window at t + window_s exactly. The guarantee is about when tokens are given; a
    request reaches the server a little later, so a profile keeps some distance from the real limit.

    Source: DEPENDENCIES section 5 (a leaky bucket lets 19 of 10 pass in a rolling second).
    """

    def __init__(self, *, count: int, clock: Clock, window_s: float = 1.0) -> None:
        """Start with an empty window."""
        assert count >= 1, "a rate of zero would wait for ever"
        assert window_s > 0, "a window has a length"
        self._count = count
        self._clock = clock
        self._window_s = window_s
        self._taken: deque[float] = deque()
        self._turn = asyncio.Lock()

    async def take(self) -> None:
        """Wait until one more request may leave.

        Cancelling a waiter takes no token and keeps the order of the others.
        """
        async with self._turn:
            while (delay_s := self._delay_s()) > 0:
                await self._clock.sleep(delay_s)
            self._taken.append(self._clock.monotonic_s())

    def _delay_s(self) -> float:
        now_s = self._clock.monotonic_s()
        while self._taken and self._taken[0] + self._window_s <= now_s:
            self._taken.popleft()
        if len(self._taken) < self._count:
            return 0.0
        # A delay below the clock's resolution could be slept for ever without time moving on.
        return max(self._taken[0] + self._window_s - now_s, _TICK_S)


_TICK_S = 1e-6
