"""Time that passes when nobody has anything to do: hours of waits in milliseconds.

A ``VirtualClock`` stands still while anything in the process can go on. When every task waits, on
the clock or for a reply that nobody is about to send, it jumps to the end of the shortest sleep. It
needs an event loop of its own (``virtual_loop``), which is what knows that nothing else is to do.

Whatever waits outside the loop (a thread, another process) is not seen; a sandbox on such a clock
is opened ``alone``, and its ledger's row stays as it is.
"""

import asyncio
import heapq
import selectors
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

_GRACE_S = 0.002
"""How long a reply over a socket of this machine may take to become readable."""


class VirtualClock:
    """A ``Clock`` that jumps from one end of a sleep to the next."""

    def __init__(self, start: datetime) -> None:
        """Begin at a moment, aware, in UTC."""
        self._start = start
        self._elapsed_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        """Return the virtual time."""
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic_s(self) -> float:
        """Return how much virtual time has passed."""
        return self._elapsed_s

    async def sleep(self, delay_s: float) -> None:
        """Wait until everybody else waits as well, or has slept longer."""
        if delay_s <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due_s = self._elapsed_s + delay_s
        heapq.heappush(self._sleepers, (due_s, next(self._numbers), woken))
        await woken

    def jump(self) -> bool:
        """End the shortest sleep there is; false where nobody sleeps."""
        while self._sleepers:
            due_s, _, woken = heapq.heappop(self._sleepers)
            if woken.done():
                continue
            self._elapsed_s = max(self._elapsed_s, due_s)
            woken.set_result(None)
            return True
        return False


def virtual_loop(clock: VirtualClock) -> asyncio.AbstractEventLoop:
    """Return an event loop that lets a clock jump when there is nothing else to do.

    Use it as ``asyncio.Runner(loop_factory=lambda: virtual_loop(clock))``.
    """
    return asyncio.SelectorEventLoop(_IdleSelector(clock))


class _IdleSelector(selectors.BaseSelector):
    """Waits for sockets like any other, and tells the clock when there is nothing to wait for."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._inner = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return self._inner.select(timeout)
        grace_s = _GRACE_S if timeout is None else min(timeout, _GRACE_S)
        ready = self._inner.select(grace_s)
        if ready or self._clock.jump():
            return ready
        return self._inner.select(timeout)

    def register(
        self,
        fileobj: Any,  # noqa: ANN401 - what the standard library takes
        events: int,
        data: Any = None,  # noqa: ANN401 - what the standard library takes
    ) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:  # noqa: ANN401 - as above
        return self._inner.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._inner.get_map()

    def close(self) -> None:
        self._inner.close()
