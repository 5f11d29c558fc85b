"""Timestamps: increasing, and in the server's time."""

from datetime import timedelta

from runner.client.stamps import Stamps
from tests.client.fakes import START, START_MS, FakeClock


def test_stamps_increase_while_the_clock_stands_still(clock: FakeClock) -> None:
    stamps = Stamps(clock)

    assert [stamps.next_ms() for _ in range(3)] == [START_MS, START_MS + 1, START_MS + 2]


def test_stamps_follow_the_clock(clock: FakeClock) -> None:
    stamps = Stamps(clock)
    stamps.next_ms()
    clock.elapsed_s = 2.0

    assert stamps.next_ms() == START_MS + 2_000


def test_stamp_from_elsewhere_is_not_given_again(clock: FakeClock) -> None:
    stamps = Stamps(clock)
    stamps.note(START_MS + 5)

    assert stamps.next_ms() == START_MS + 6


def test_resync_learns_the_middle_of_the_servers_second(clock: FakeClock) -> None:
    stamps = Stamps(clock)

    assert stamps.resync(START - timedelta(seconds=90))
    assert stamps.offset == timedelta(seconds=-89.5)
    assert stamps.next_ms() == START_MS - 89_500


def test_resync_back_gives_up_the_lead_of_earlier_stamps(clock: FakeClock) -> None:
    stamps = Stamps(clock)
    stamps.next_ms()
    stamps.resync(START - timedelta(seconds=90))

    assert stamps.next_ms() <= START_MS - 89_498


def test_resync_takes_a_second_for_none(clock: FakeClock) -> None:
    stamps = Stamps(clock)

    assert stamps.resync(START)
    assert stamps.offset == timedelta()


def test_resync_does_not_believe_an_hour(clock: FakeClock) -> None:
    stamps = Stamps(clock)

    assert not stamps.resync(START + timedelta(hours=1))
    assert stamps.offset == timedelta()
