"""Sleeping in a way that a person who cancels the run need not wait for."""

import asyncio
from typing import Any

from runner.core.clock import Clock
from runner.engine.gate import Gate, Stopped, Withdrawn


class Alarm:
    """Rings when the run is cancelled, and wakes whoever sleeps in what has been ended by that.

    Rung hard, it wakes everyone: those too who sleep in a ``finally``, which a cancel lets finish.
    """

    def __init__(self) -> None:
        """Make an alarm that has not rung."""
        self._rung = asyncio.Event()
        self._rung_hard = asyncio.Event()
        self._by: Stopped | None = None

    @property
    def rung_hard_by(self) -> Stopped | None:
        """Return what rang it hard, or None: from then on no ``finally`` goes on either."""
        return self._by

    def ring(self, by: Stopped, *, hard: bool = False) -> None:
        """Wake the sleepers, now and from now on; ringing twice is safe."""
        if hard and self._by is None:
            self._by = by
            self._rung_hard.set()
        self._rung.set()

    async def nap(self, clock: Clock, gate: Gate, delay_s: float) -> None:
        """Sleep, but no longer than until the alarm rings for whoever stands behind this gate.

        Units: seconds.
        Errors: ``Withdrawn`` once it has rung.
        """
        self._require_quiet(gate)
        sleep = asyncio.ensure_future(clock.sleep(delay_s))
        try:
            while not sleep.done():
                bell = self._rung_hard if self._rung.is_set() else self._rung
                await _first_of(sleep, bell)
                self._require_quiet(gate)
        finally:
            sleep.cancel()
            await asyncio.gather(sleep, return_exceptions=True)

    def _require_quiet(self, gate: Gate) -> None:
        if self._by is not None:
            raise Withdrawn(self._by)
        if self._rung.is_set():
            gate.require_open()


async def _first_of(sleep: "asyncio.Future[None]", bell: asyncio.Event) -> None:
    woken = asyncio.ensure_future(bell.wait())
    either: set[asyncio.Future[Any]] = {sleep, woken}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        woken.cancel()
        await asyncio.gather(woken, return_exceptions=True)
