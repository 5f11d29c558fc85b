"""The rate window: exact, in order, and not slower than it must be."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.client.rate import RateWindow
from tests.client.fakes import FakeClock


async def taken_times(count: int, asks_s: list[float], window_s: float = 1.0) -> list[float]:
    clock = FakeClock()
    rate = RateWindow(count=count, clock=clock, window_s=window_s)
    times = []
    for pause_s in asks_s:
        clock.elapsed_s += pause_s
        await rate.take()
        times.append(clock.monotonic_s())
    return times


@given(
    count=st.integers(1, 12),
    pauses_s=st.lists(st.floats(0, 0.7) | st.just(0.0), min_size=1, max_size=60),
)
def test_rate_never_gives_more_than_the_count_in_a_rolling_window(
    count: int, pauses_s: list[float]
) -> None:
    times = asyncio.run(taken_times(count, pauses_s))

    for first, beyond in zip(times, times[count:], strict=False):
        assert first + 1.0 <= beyond


async def test_rate_gives_ten_a_second_as_fast_as_that_allows() -> None:
    times = await taken_times(10, [0.0] * 35)

    assert times[9] == 0.0
    assert times[34] == pytest.approx(3.0, abs=1e-4)


async def test_rate_does_not_delay_what_fits() -> None:
    assert await taken_times(2, [0.0, 0.5, 0.5, 0.5]) == [0.0, 0.5, 1.0, 1.5]


async def test_rate_serves_waiters_in_the_order_they_came() -> None:
    rate = RateWindow(count=1, clock=FakeClock())
    served: list[int] = []

    async def ask(number: int) -> None:
        await rate.take()
        served.append(number)

    await asyncio.gather(*(ask(n) for n in range(6)))

    assert served == [0, 1, 2, 3, 4, 5]


async def test_cancelled_waiter_takes_no_token() -> None:
    clock = FakeClock()
    rate = RateWindow(count=1, clock=clock)
    await rate.take()
    waiter = asyncio.ensure_future(rate.take())
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    clock.elapsed_s = 1.0

    await rate.take()

    assert clock.elapsed_s == 1.0
