"""Sleeping in a way that a person who cancels the run need not wait for."""

import asyncio

from runner.core.clock import Clock
from runner.engine.gate import Gate


class Alarm:
    """Rings once, when the run is cancelled, and wakes every wait and pause."""

    def __init__(self) -> None:
        """Make an alarm that has not rung."""
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake everyone, now and from now on; ringing twice is safe."""
        self._rung.set()

    async def nap(self, clock: Clock, gate: Gate, delay_s: float) -> None:
        """Sleep, but no longer than until the alarm rings.

        Units: seconds.
        Errors: ``Withdrawn`` once it has rung.
        """
        if not self._rung.is_set():
            sleep = asyncio.ensure_future(clock.sleep(delay_s))
            woken = asyncio.ensure_future(self._rung.wait())
            try:
                await asyncio.wait({sleep, woken}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in (sleep, woken):
                    each.cancel()
                await asyncio.gather(sleep, woken, return_exceptions=True)
        if self._rung.is_set():
            gate.require_open()
