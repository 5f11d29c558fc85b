"""The sandbox's time: real, scaled, or stepped by hand, and the same for all that have it open.

What makes it the same is one row of the ledger: in which mode time runs, and which moment of the
sandbox belonged to which moment of the machine. Whoever changes it writes the row; everybody reads
it each time they look, so that a step of one process ends the waits of the others.

Example: at 10:00 by the machine a sandbox is scaled by 60 and says 12:00. At 10:01 it says 13:00,
and a wait of an hour takes a minute.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import TypeAlias

from runner.core.clock import Clock, timestamp_ms, timestamp_text
from runner.core.errors import UsageInvalid
from runner.core.record import record

FACTOR_MIN, FACTOR_MAX = Decimal("0.001"), Decimal(1_000_000)
"""How slow and how fast time may be scaled, inclusive."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEPPED_POLL_S = 0.05
_RUNNING_POLL_S = 0.5


class ClockMode(StrEnum):
    """How the sandbox's time passes."""

    REAL = "real"
    """As the machine's does."""
    SCALED = "scaled"
    """As the machine's does, times a factor."""
    STEPPED = "stepped"
    """Not at all, until somebody steps it."""


@record
class ClockStart:
    """How a world's time begins: ``start_ms`` is None for the moment the sandbox is made."""

    mode: ClockMode = ClockMode.REAL
    factor: Decimal = Decimal(1)
    start_ms: int | None = None


@record
class ClockRow:
    """The row of the ledger: at the machine's ``real_ms`` the sandbox's time was ``at_ms``.

    Shapes: ``factor`` is above zero and only matters where time is scaled.
    Units: milliseconds since the epoch.
    """

    mode: ClockMode
    factor: Decimal
    at_ms: int
    real_ms: int

    @property
    def rate(self) -> float:
        """Return how many seconds pass here in one of the machine's."""
        if self.mode is ClockMode.SCALED:
            return float(self.factor)
        return 1.0 if self.mode is ClockMode.REAL else 0.0

    def moment(self, real_now: datetime) -> datetime:
        """Return what time it is here when the machine says ``real_now``."""
        if self.mode is ClockMode.REAL:
            # Exact to the microsecond: without a start of its own it is the machine's time.
            return real_now + timedelta(milliseconds=self.at_ms - self.real_ms)
        began = _EPOCH + timedelta(milliseconds=self.at_ms)
        if self.mode is ClockMode.STEPPED:
            return began
        passed = real_now - (_EPOCH + timedelta(milliseconds=self.real_ms))
        microseconds = self.factor * (passed // timedelta(microseconds=1))
        return began + timedelta(microseconds=int(microseconds.to_integral_value(ROUND_FLOOR)))


@record
class ClockChange:
    """What somebody wants of the clock; what is None stays as it is.

    Shapes: ``advance`` and ``to`` exclude each other.
    """

    mode: ClockMode | None = None
    factor: Decimal | None = None
    advance: timedelta | None = None
    to: datetime | None = None


def first_row(start: ClockStart, real_now: datetime) -> ClockRow:
    """Return the row a new ledger begins with."""
    real_ms = timestamp_ms(real_now)
    return ClockRow(
        mode=start.mode,
        factor=start.factor,
        at_ms=real_ms if start.start_ms is None else start.start_ms,
        real_ms=real_ms,
    )


def changed_row(row: ClockRow, change: ClockChange, real_now: datetime) -> ClockRow:
    """Return the row after a change; time goes on from the moment it had reached.

    Errors: ``UsageInvalid`` for a change that would set time back, for a step and a moment at once,
        and for a factor where time is not scaled.
    """
    now = row.moment(real_now)
    if change.advance is not None and change.to is not None:
        raise UsageInvalid(
            "the clock is either advanced by a time or set to a moment", hint="give one of them"
        )
    moment = change.to or now + (change.advance or timedelta(0))
    if moment < now:
        raise UsageInvalid(
            f"the clock cannot be set back: it is {timestamp_text(now)} there",
            hint="runner sandbox reset starts anew",
        )
    mode = change.mode or row.mode
    if change.factor is not None and mode is not ClockMode.SCALED:
        raise UsageInvalid(f"a {mode.value} clock has no factor", hint="add --mode scaled")
    factor = row.factor if change.factor is None else change.factor
    if not FACTOR_MIN <= factor <= FACTOR_MAX:
        raise UsageInvalid(f"time is scaled by {FACTOR_MIN} to {FACTOR_MAX}")
    return ClockRow(
        mode=mode,
        factor=factor,
        at_ms=timestamp_ms(moment),
        real_ms=timestamp_ms(real_now),
    )


ReadRow: TypeAlias = Callable[[], ClockRow]
"""Reads the row as it was committed last, outside any transaction."""


@record
class _Look:
    """What the clocks said at one moment: ``real_s`` by the machine's monotonic one."""

    row: ClockRow
    real_s: float
    now: datetime


class SandboxClock:
    """The sandbox's time in one process, as a ``Clock``.

    It may be asked inside a transaction: it then sees what was committed before, which is all there
    is while the write lock is held.
    """

    def __init__(self, read_row: ReadRow, real: Clock, *, alone: bool = False) -> None:
        """Take what reads the row, and the machine's clock.

        Shapes: ``alone`` promises that nobody else will change the row, so that a wait is one wait
            of ``real`` and needs no looking.
        """
        self.real = real
        self._read_row = read_row
        self._alone = alone
        self._seen: _Look | None = None
        self._elapsed_s = 0.0

    def row(self) -> ClockRow:
        """Return the row as it is now."""
        return self._read_row()

    def now(self) -> datetime:
        """Return the sandbox's time."""
        return self.row().moment(self.real.now())

    def monotonic_s(self) -> float:
        """Return how much of the sandbox's time has passed in this process."""
        before, look = self._seen, self._look()
        if before is not None and look.row == before.row:
            # By the machine's monotonic clock, so that a change of its wall clock is no time.
            self._elapsed_s += look.row.rate * (look.real_s - before.real_s)
        elif before is not None:
            self._elapsed_s += max((look.now - before.now).total_seconds(), 0.0)
        self._seen = look
        return self._elapsed_s

    def _look(self) -> "_Look":
        row = self.row()
        return _Look(row=row, real_s=self.real.monotonic_s(), now=row.moment(self.real.now()))

    async def sleep(self, delay_s: float) -> None:
        """Wait until that much of the sandbox's time has passed, by itself or by a step."""
        if delay_s <= 0:
            await self.real.sleep(0)
            return
        end_s = self.monotonic_s() + delay_s
        while (left_s := end_s - self.monotonic_s()) > 0:
            await self.real.sleep(self._pause_s(self.row().rate, left_s))

    def _pause_s(self, rate: float, left_s: float) -> float:
        if not rate:
            return _STEPPED_POLL_S
        # A nanosecond more than needed, or rounding could leave a rest that never passes.
        pause_s = left_s / rate + 1e-9
        return pause_s if self._alone else min(pause_s, _RUNNING_POLL_S)
