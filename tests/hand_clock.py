"""A clock for tests: it moves when told, and by what is slept."""

from datetime import UTC, datetime, timedelta


class HandClock:
    """Virtual time: a wait takes none of the test's."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
        self.elapsed_s = 0.0

    def now(self) -> datetime:
        return self.moment

    def monotonic_s(self) -> float:
        return self.elapsed_s

    async def sleep(self, delay_s: float) -> None:
        self.pass_time(max(delay_s, 0.0))

    def pass_time(self, seconds: float) -> None:
        self.elapsed_s += seconds
        self.moment += timedelta(seconds=seconds)
