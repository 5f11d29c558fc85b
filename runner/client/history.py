"""All rows of a stretch of time, read in windows that the API accepts."""

from collections.abc import Hashable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias

from runner.catalogue.api import Operation
from runner.catalogue.body import ParameterValue
from runner.client.client import Client
from runner.client.identity import row_key
from runner.client.paging import PAGES_MAX, PagedRows, read_pages
from runner.client.parameters import DAY_MS, PAGE_LIMIT, invalid
from runner.core.clock import timestamp_ms
from runner.core.errors import RemoteRefused

WINDOW_MS = 30 * DAY_MS
"""The strictest range that any operation states; the others may have one that nobody wrote down."""


Moment: TypeAlias = datetime | date
"""One end of a stretch of time; a day stands for itself where days are asked for."""


async def read_history(  # noqa: PLR0913 - what is read, from when to when, and two caps
    client: Client,
    operation_id: str,
    params: Mapping[str, ParameterValue],
    since: Moment,
    until: Moment,
    *,
    page_limit: int = PAGE_LIMIT,
    pages_max: int = PAGES_MAX,
) -> PagedRows:
    """Read all pages of a history from ``since`` until ``until``, oldest window first.

    Windows touch each other, because nobody says whether their ends belong to them, and a row seen
    in two of them is one row, the later reading of it. Each is a day shorter than the documented
    range, or than ``WINDOW_MS`` where none is documented, and is halved as often as the custodian
    says that it is too large (G20026). Where days are asked for instead of moments, the days around
    the stretch in any time zone are read, so rows from a little outside of it are among the others.

    Shapes: ``params`` without the two bounds, which are both moments, or both days, inclusive;
        ``complete`` when every window was. A stretch that does not run forwards leaves nothing to
        read, which is not the same as nothing being there.
    Errors: those of ``read_pages``; ``RequestInvalid`` for an operation without a range, or days
        for one that is asked for moments.
    Source: NOTES section 2, MirrorX order list range.
    """
    operation = client.operation(operation_id)
    bounds = _Bounds(operation)
    start_ms, end_ms = bounds.stretch_ms(since, until)
    if not bounds.runs_forwards(since, until):
        return PagedRows(
            rows=(), complete=False, page_fields={}, pages_read=0,
            doubt="the stretch of time has no length",
        )  # fmt: skip
    history = _History(operation_id)
    span_ms = bounds.span_ms
    while True:
        window_end_ms = min(start_ms + span_ms, end_ms)
        asked = {**params, **bounds.spelt(start_ms, window_end_ms)}
        try:
            paged = await read_pages(
                client, operation_id, asked, page_limit=page_limit, pages_max=pages_max
            )
        except RemoteRefused as exc:
            if exc.code != RANGE_TOO_LARGE or span_ms <= bounds.step_ms:
                raise
            span_ms = max(span_ms // 2 // bounds.step_ms, 1) * bounds.step_ms
            continue
        history.take(paged)
        if window_end_ms >= end_ms:
            return history.result()
        start_ms = window_end_ms


class _Bounds:
    """How an operation is told a range: moments in milliseconds, or days."""

    def __init__(self, operation: Operation) -> None:
        if operation.range_names is None:
            raise invalid(operation, f"{operation.id} takes no range of time")
        self._operation = operation
        self._start, self._end = operation.range_names
        described = operation.parameter(self._start)
        self._is_days = described is not None and described.language_type == "date"
        self.step_ms = DAY_MS if self._is_days else _STEP_MS
        self.span_ms = (operation.window_ms or WINDOW_MS) - DAY_MS

    def runs_forwards(self, since: Moment, until: Moment) -> bool:
        # A day has a length, a moment has none.
        return since < until or (since == until and not isinstance(since, datetime))

    def stretch_ms(self, since: Moment, until: Moment) -> tuple[int, int]:
        if not (isinstance(since, datetime) and isinstance(until, datetime)):
            if not self._is_days:
                raise invalid(self._operation, f"{self._operation.id} is asked for moments")
            return _day_ms(since), _day_ms(until)
        if not self._is_days:
            return timestamp_ms(since), timestamp_ms(until)
        first, last = timestamp_ms(since - _ZONES), timestamp_ms(until + _ZONES)
        return first // DAY_MS * DAY_MS, last // DAY_MS * DAY_MS

    def spelt(self, start_ms: int, end_ms: int) -> dict[str, ParameterValue]:
        if not self._is_days:
            return {self._start: start_ms, self._end: end_ms}
        return {self._start: _day(start_ms), self._end: _day(end_ms)}


class _History:
    """What the windows have shown so far."""

    def __init__(self, operation_id: str) -> None:
        self._operation_id = operation_id
        self._rows: dict[Hashable, Mapping[str, object]] = {}
        self._windows: list[PagedRows] = []

    def take(self, paged: PagedRows) -> None:
        self._windows.append(paged)
        for row in paged.rows:
            self._rows[row_key(self._operation_id, row)] = row

    def result(self) -> PagedRows:
        return PagedRows(
            rows=tuple(self._rows.values()),
            complete=all(window.complete for window in self._windows),
            page_fields=self._windows[0].page_fields,
            pages_read=sum(window.pages_read for window in self._windows),
            doubt=next((window.doubt for window in self._windows if window.doubt), ""),
        )


def _day_ms(day: date) -> int:
    return timestamp_ms(datetime.combine(day, time(), tzinfo=UTC))


def _day(moment_ms: int) -> str:
    return f"{_EPOCH + timedelta(milliseconds=moment_ms):%Y%m%d}"


RANGE_TOO_LARGE = "G20026"
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a calendar without zones
_STEP_MS = 60_000
_ZONES = timedelta(hours=14)
"""No time zone is further from UTC."""
