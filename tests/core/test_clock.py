from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.clock import SystemClock, moment_from_text, timestamp_ms, timestamp_text


@given(st.datetimes(timezones=st.just(UTC)))
def test_moment_comes_back_to_the_millisecond(moment: datetime) -> None:
    expected = moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    assert moment_from_text(timestamp_text(moment)) == expected


@given(st.integers(-(2**40), 2**42))
def test_milliseconds_are_exact(ms: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)

    assert timestamp_ms(moment) == ms


def test_part_of_a_millisecond_is_dropped_not_rounded() -> None:
    moment = datetime(2026, 1, 1, 0, 0, 0, 999_999, UTC)

    assert timestamp_text(moment) == "2026-01-01T00:00:00.999Z"
    assert timestamp_ms(moment) % 1000 == 999


def test_moment_of_another_zone_is_written_in_utc() -> None:
    moment = datetime(2026, 11, 22, 12, tzinfo=timezone(timedelta(hours=5, minutes=30)))

    assert timestamp_text(moment) == "2026-11-22T06:30:00.000Z"


@pytest.mark.parametrize(
    "text", ["2026-11-22T10:00:00Z", "2026-11-22T11:00:00+01:00", "2026-11-22T10:00:00.000Z"]
)
def test_moment_is_read_from_any_zone(text: str) -> None:
    moment = moment_from_text(text)

    assert moment == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert moment.tzinfo is UTC


@pytest.mark.parametrize("text", ["", "2026-11-22", "2026-11-22T10:00:00", "yesterday", "10:00Z"])
def test_moment_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time zone|Invalid isoformat"):
        moment_from_text(text)


async def test_system_clock_goes_forward() -> None:
    clock = SystemClock()
    before = clock.monotonic_s()

    await clock.sleep(-1.0)

    assert clock.monotonic_s() >= before
    assert clock.now().tzinfo is UTC
