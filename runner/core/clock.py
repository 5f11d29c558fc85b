"""Time as a parameter."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What tells the time and waits.

    An implementer may run time at any speed, but ``monotonic_s`` never goes back and ``sleep``
    returns only when ``monotonic_s`` has advanced by at least the time asked for.
    """

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds since some start, for measuring durations and deadlines in one process."""
        ...

    async def sleep(self, delay_s: float) -> None:
        """Wait; a delay of zero or less yields to other tasks once."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the wall time."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return the monotonic time."""
        return time.monotonic()

    async def sleep(self, delay_s: float) -> None:
        """Wait on the event loop."""
        # Everything imports this module for its texts; only runs wait.
        import asyncio

        await asyncio.sleep(max(delay_s, 0.0))


def timestamp_ms(moment: datetime) -> int:
    """Return milliseconds since the epoch, exactly."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // _MILLISECOND


def timestamp_text(moment: datetime) -> str:
    """Spell a moment as RFC 3339 in UTC with milliseconds: ``2026-11-22T10:00:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def moment_from_ms(milliseconds: int) -> datetime:
    """Return the moment so many milliseconds after the beginning of 1970, in UTC.

    Errors: ``OverflowError`` for one that no calendar of ours reaches.
    """
    return _EPOCH + timedelta(milliseconds=milliseconds)


def moment_from_text(text: str) -> datetime:
    """Read what ``timestamp_text`` wrote, or any RFC 3339 moment with a zone.

    Errors: ``ValueError``.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: end it with Z")
    return moment.astimezone(UTC)


_MILLISECOND = datetime.resolution * 1000


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
