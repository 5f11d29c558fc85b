"""How many requests may leave in a rolling window."""

import asyncio
from collections import deque

from runner.core.clock import Clock


class RateSlot:
    """One place in a window that is held for a request which has not left yet."""

    __slots__ = ()


class RateWindow:
    """At most ``count`` requests in any window of ``window_s`` seconds, in the order asked for.

    One object serves all clients of one API key, because the custodian counts by key. A request
    given its place at t leaves the window at t + window_s exactly. A place that is *held* counts
    until its request leaves, however long that takes, so that a request which waits for something
    else in between never joins others that came later. The guarantee is about when requests are
    let go; one reaches the server a little later, so a profile keeps some distance from the real
    limit.

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
        # Held places and when each is given up.
        self._held: dict[RateSlot, float] = {}
        self._turn = asyncio.Lock()

    async def take(self) -> None:
        """Wait until one more request may leave, which it does at once.

        Cancelling a waiter takes no place and keeps the order of the others.
        """
        async with self._turn:
            await self._wait()
            self._taken.append(self._clock.monotonic_s())

    async def hold(self, hold_s: float) -> RateSlot:
        """Wait until one more request may leave, and keep its place for at most ``hold_s``."""
        async with self._turn:
            await self._wait()
            slot = RateSlot()
            self._held[slot] = self._clock.monotonic_s() + hold_s
            return slot

    async def use(self, slot: RateSlot) -> None:
        """Let the request of a held place leave now; one given up since then waits like any other.

        Calling it twice takes two places.
        """
        now_s = self._clock.monotonic_s()
        if self._held.pop(slot, now_s) <= now_s:
            await self.take()
        else:
            self._taken.append(now_s)

    async def _wait(self) -> None:
        while (delay_s := self._delay_s()) > 0:
            await self._clock.sleep(delay_s)

    def _delay_s(self) -> float:
        now_s = self._clock.monotonic_s()
        while self._taken and self._taken[0] + self._window_s <= now_s:
            self._taken.popleft()
        if len(self._taken) + len(self._held) < self._count:
            return 0.0
        for slot in [slot for slot, until_s in self._held.items() if until_s <= now_s]:
            del self._held[slot]
        if len(self._taken) + len(self._held) < self._count:
            return 0.0
        # Every held place stays at least a window if its request leaves now, or is given up before.
        first_s = self._taken[0] if self._taken else now_s
        frees_s = min(self._held.values(), default=now_s + self._window_s)
        # A delay below the clock's resolution could be slept for ever without time moving on.
        return max(min(first_s + self._window_s, frees_s) - now_s, _TICK_S)


_TICK_S = 1e-6
