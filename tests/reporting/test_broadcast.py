from datetime import UTC, datetime

from runner.engine.events import Event, StepStarted
from runner.reporting.broadcast import Broadcast

EVENT = StepStarted(
    at=datetime(2026, 11, 22, tzinfo=UTC), path="a", title="a", kind="use", action="x"
)


class BrokenReport(RuntimeError):
    """A report that cannot be written."""


def _broken(_event: Event) -> None:
    raise BrokenReport


def test_every_reporter_gets_every_event() -> None:
    first: list[Event] = []
    second: list[Event] = []

    Broadcast([first.append, second.append], lambda _: None).emit(EVENT)

    assert first == second == [EVENT]


def test_reporter_that_fails_is_left_out_and_named_once() -> None:
    seen: list[Event] = []
    failures: list[Exception] = []
    broadcast = Broadcast([_broken, seen.append], failures.append)

    broadcast.emit(EVENT)
    broadcast.emit(EVENT)

    assert seen == [EVENT, EVENT]
    assert [type(failure) for failure in failures] == [BrokenReport]


def test_failing_to_report_a_failure_is_survived() -> None:
    def on_failure(_failure: Exception) -> None:
        raise BrokenReport

    Broadcast([_broken], on_failure).emit(EVENT)
