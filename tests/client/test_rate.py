"""The rate window: exact, in order, and not slower than it must be."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.catalogue.api import Api, Operation
from runner.catalogue.body import body_text
from runner.client.client import Client
from runner.client.keys import KeySigner
from runner.client.rate import RateSlot, RateWindow
from runner.client.wire import RawReply, RawRequest
from runner.core.errors import RemoteRefused
from tests.client.fakes import FakeClock, envelope
from tests.client.samples import parameters_of


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


async def test_held_place_counts_until_its_request_has_left() -> None:
    clock = FakeClock()
    rate = RateWindow(count=2, clock=clock)
    held = await rate.hold(5.0)
    clock.elapsed_s = 3.0
    await rate.take()
    waiter = asyncio.ensure_future(rate.take())
    await rate.use(held)
    await waiter

    assert clock.elapsed_s == 4.0


async def test_held_place_that_is_never_used_is_given_up() -> None:
    clock = FakeClock()
    rate = RateWindow(count=1, clock=clock)
    held = await rate.hold(5.0)

    await rate.take()
    assert clock.elapsed_s == 5.0
    await rate.use(held)
    assert clock.elapsed_s == 6.0


@given(
    count=st.integers(1, 10),
    moves=st.lists(
        st.tuples(st.sampled_from(["take", "hold", "use"]), st.floats(0, 1.5)),
        min_size=1, max_size=60,
    ),
)  # fmt: skip
def test_rate_holds_for_what_leaves_however_long_places_are_held(
    count: int, moves: list[tuple[str, float]]
) -> None:
    async def left() -> list[float]:
        clock = FakeClock()
        rate = RateWindow(count=count, clock=clock)
        held: list[RateSlot] = []
        times = []
        for move, pause_s in moves:
            clock.elapsed_s += pause_s
            if move == "hold":
                held.append(await rate.hold(5.0))
                continue
            if move == "use" and held:
                await rate.use(held.pop(0))
            else:
                await rate.take()
            times.append(clock.monotonic_s())
        return times

    times = asyncio.run(left())

    for first, beyond in zip(times, times[count:], strict=False):
        assert first + 1.0 <= beyond


async def test_eleven_requests_of_one_key_never_leave_within_a_second(
    api: Api, signer: KeySigner
) -> None:
    """All 52 operations over three clients of one key, writes sent long after their stamps."""
    clock = FakeClock()
    rate = RateWindow(count=10, clock=clock)
    left: list[tuple[float, str]] = []

    class Leaving:
        """A transport that notes when it is handed each request."""

        async def send(self, request: RawRequest) -> RawReply:
            left.append((clock.monotonic_s(), request.path))
            return envelope(None, code="G20002")

    clients = [Client(api, Leaving(), signer, clock, rate=rate) for _ in range(3)]

    async def call(number: int, operation: Operation) -> None:
        client = clients[number % 3]
        if not operation.is_write:
            with pytest.raises(RemoteRefused):
                await client.call(operation.id, parameters_of(operation))
            return
        body = body_text(operation, parameters_of(operation))
        stamp_ms = await client.next_write_stamp()
        await clock.sleep(number % 5 * 0.37)
        await client.send_write(operation.id, body, timestamp_ms=stamp_ms)

    operations = list(api.operations.values()) * 2
    await asyncio.gather(*(call(number, each) for number, each in enumerate(operations)))

    assert {path for _, path in left} == {operation.path for operation in operations}
    times = sorted(moment for moment, _ in left)
    assert len(times) == 104
    for first, eleventh in zip(times, times[10:], strict=False):
        assert first + 1.0 <= eleventh
