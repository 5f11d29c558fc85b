"""The timestamps of requests: the server's time as well as we know it, and never one twice."""

from datetime import datetime, timedelta

from runner.core.clock import Clock, timestamp_ms

OFFSET_MAX = timedelta(minutes=15)


class Stamps:
    """Gives each request its timestamp.

    Signatures are deterministic, so two equal requests in one millisecond would be one signed text
    and the second could be refused as a duplicate (G20015). Every stamp is therefore larger than
    the one before, by bumping it a millisecond where the clock has not moved on.

    Units: milliseconds since the epoch, in the server's time as far as ``resync`` has learnt it.
    Source: NOTES section 7.
    """

    def __init__(self, clock: Clock) -> None:
        """Start by believing the local clock."""
        self._clock = clock
        self._offset = timedelta()
        self._last_ms = 0

    @property
    def offset(self) -> timedelta:
        """Return what is added to the local time."""
        return self._offset

    def now(self) -> datetime:
        """Return the server's time as we know it."""
        return self._clock.now() + self._offset

    def now_ms(self) -> int:
        """Return the server's time as we know it, without using it up."""
        return timestamp_ms(self.now())

    def next_ms(self) -> int:
        """Return a timestamp that was never given before."""
        self._last_ms = max(self.now_ms(), self._last_ms + 1)
        return self._last_ms

    def note(self, stamp_ms: int) -> None:
        """Remember a stamp that came from elsewhere, so that it is not given again."""
        self._last_ms = max(self._last_ms, stamp_ms)

    def resync(self, server_date: datetime) -> bool:
        """Learn the server's time from the Date header of an answer that has just arrived.

        Shapes: the header has whole seconds, so its middle is taken, and a difference of a second
            or less counts as none. A difference above ``OFFSET_MAX`` is not believed: such a clock
            needs a person. After a step back, stamps may repeat ones that were given before it.
        Returns whether the offset is now what the header says.
        """
        offset = server_date + _HALF_SECOND - self._clock.now()
        if abs(offset) > OFFSET_MAX:
            return False
        self._offset = offset if abs(offset) > 2 * _HALF_SECOND else timedelta()
        # Staying above the old stamps would keep the very lead the server has just refused.
        self._last_ms = min(self._last_ms, self.now_ms())
        return True


_HALF_SECOND = timedelta(milliseconds=500)
