"""Histories are read in windows the API accepts, and the windows are one list."""

import json
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from runner.catalogue.api import Api
from runner.client.client import Client
from runner.client.history import Moment, read_history
from runner.client.keys import KeySigner
from runner.client.paging import PagedRows
from runner.client.rate import RateWindow
from runner.client.wire import RawReply, RawRequest
from runner.core.clock import timestamp_ms
from runner.core.errors import RemoteRefused, RequestInvalid
from tests.client.fakes import START, FakeClock, FakeTransport, envelope
from tests.client.samples import parameters_of, reply_of

ORDERS = "mirrorx.order.list"
DEPOSITS = "deposit.history"
ENTRIES = "transaction.history"
DAY_MS = 86_400_000


class Past:
    """A custodian with rows at moments, which answers a window with those inside of it."""

    def __init__(self, api: Api, signer: KeySigner, operation_id: str) -> None:
        clock = FakeClock()
        self.operation = api.operations[operation_id]
        self.moments: list[int] = []
        self.windows: list[tuple[int, int]] = []
        self.range_max_ms = 400 * DAY_MS
        self.status = 20
        self.client = Client(
            api, FakeTransport(self.answer), signer, clock,
            rate=RateWindow(count=10_000, clock=clock),
        )  # fmt: skip

    async def read(self, since: Moment, until: Moment, **options: int) -> PagedRows:
        names = self.operation.range_names
        assert names is not None
        params = {n: v for n, v in parameters_of(self.operation).items() if n not in names}
        for name in ("pageNo", "pageLimit"):
            params.pop(name)
        return await read_history(self.client, self.operation.id, params, since, until, **options)

    def answer(self, request: RawRequest) -> RawReply:
        asked = json.loads(request.body) if request.body else dict(parse_qsl(request.query))
        if "startDate" in asked:
            window = day_ms(asked["startDate"]), day_ms(asked["endDate"])
        else:
            window = int(asked["startTime"]), int(asked["endTime"])
        number = int(asked["pageNo"])
        if number == 1:
            self.windows.append(window)
            self.status += 1
        if window[1] - window[0] > self.range_max_ms:
            return envelope(None, code="G20026")
        # Both ends belong to the window here; that they might not is why windows touch.
        inside = [moment for moment in self.moments if window[0] <= moment <= window[1]]
        size = int(asked["pageLimit"])
        rows = [self.row(moment) for moment in inside[(number - 1) * size : number * size]]
        pages = -(-len(inside) // size)
        return envelope({"data": rows, "totalPage": pages, "pageNo": number, "pageLimit": size})

    def row(self, moment: int) -> dict[str, object]:
        reply = reply_of(self.operation, parameters_of(self.operation))
        row: dict[str, object] = reply["data"]["data"][0]
        if self.operation.id == ENTRIES:
            return {**row, "ts": moment}
        return {**row, "orderViewId": str(moment), "status": self.status}


def day_ms(text: str) -> int:
    return timestamp_ms(datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC))


@pytest.fixture
def orders(api: Api, signer: KeySigner) -> Past:
    return Past(api, signer, ORDERS)


@pytest.fixture
def deposits(api: Api, signer: KeySigner) -> Past:
    return Past(api, signer, DEPOSITS)


@pytest.fixture
def entries(api: Api, signer: KeySigner) -> Past:
    return Past(api, signer, ENTRIES)


async def test_days_are_asked_for_as_they_are_given(entries: Past) -> None:
    """Moments are widened by every time zone; whoever names days wants those days."""
    first, last = date(2026, 1, 1), date(2026, 7, 1)

    history = await entries.read(first, last)

    assert entries.windows[0][0] == day_ms("20260101")
    assert entries.windows[-1][1] == day_ms("20260701")
    assert [start for start, _ in entries.windows[1:]] == [end for _, end in entries.windows[:-1]]
    assert all(end - start < 92 * DAY_MS for start, end in entries.windows)
    assert len(entries.windows) > 1
    assert history.complete


async def test_one_day_is_one_window(entries: Past) -> None:
    history = await entries.read(date(2026, 1, 1), date(2026, 1, 1))

    assert entries.windows == [(day_ms("20260101"), day_ms("20260101"))]
    assert history.complete


async def test_days_that_run_backwards_are_nothing_to_read(entries: Past) -> None:
    history = await entries.read(date(2026, 1, 2), date(2026, 1, 1))

    assert (entries.windows, history.complete) == ([], False)


async def test_days_are_no_moments(orders: Past) -> None:
    with pytest.raises(RequestInvalid, match="is asked for moments"):
        await orders.read(date(2026, 1, 1), date(2026, 1, 2))


async def test_short_stretch_is_one_window(orders: Past) -> None:
    since = START - timedelta(days=3)
    orders.moments = [timestamp_ms(since) + 5]

    history = await orders.read(since, START)

    assert orders.windows == [(timestamp_ms(since), timestamp_ms(START))]
    assert (len(history.rows), history.complete, history.doubt) == (1, True, "")


@pytest.mark.parametrize("operation_id", [ORDERS, DEPOSITS, ENTRIES])
async def test_windows_cover_the_stretch_without_gap_and_stay_under_the_range(
    api: Api, signer: KeySigner, operation_id: str
) -> None:
    past = Past(api, signer, operation_id)
    since = START - timedelta(days=400)

    await past.read(since, START)

    starts, ends = zip(*past.windows, strict=True)
    assert starts[0] <= timestamp_ms(since)
    assert ends[-1] >= timestamp_ms(START) - DAY_MS
    assert starts[1:] == ends[:-1]
    range_ms = past.operation.window_ms or 30 * DAY_MS
    assert all(start < end and end - start < range_ms for start, end in past.windows)


async def test_row_on_the_seam_of_two_windows_is_one_row_as_it_was_read_last(
    orders: Past,
) -> None:
    since = START - timedelta(days=40)
    seam = timestamp_ms(since) + 29 * DAY_MS
    orders.moments = [seam - 1, seam, seam + 1]

    history = await orders.read(since, START)

    assert [row["orderViewId"] for row in history.rows] == [str(m) for m in orders.moments]
    assert [row["status"] for row in history.rows] == ["21", "22", "22"]
    assert history.complete


async def test_pages_of_every_window_are_read(orders: Past) -> None:
    since = START - timedelta(days=50)
    orders.moments = [timestamp_ms(since) + n * DAY_MS for n in range(50)]

    history = await orders.read(since, START, page_limit=7)

    assert [row["orderViewId"] for row in history.rows] == [str(m) for m in orders.moments]
    assert history.complete
    assert history.pages_read > len(orders.windows)


async def test_one_window_that_is_not_complete_makes_the_history_so(orders: Past) -> None:
    since = START - timedelta(days=50)
    orders.moments = [timestamp_ms(since) + n for n in range(50)]

    history = await orders.read(since, START, page_limit=7, pages_max=3)

    assert (len(orders.windows), history.complete) == (2, False)
    assert history.doubt == "there are more than 3 pages"


async def test_range_that_the_custodian_finds_too_large_is_halved(deposits: Past) -> None:
    since = START - timedelta(days=20)
    deposits.moments = [timestamp_ms(since) + n * DAY_MS for n in range(20)]
    deposits.range_max_ms = 7 * DAY_MS

    history = await deposits.read(since, START)

    assert (len(history.rows), history.complete) == (20, True)
    assert all(end - start <= 29 * DAY_MS for start, end in deposits.windows)


async def test_range_that_is_always_too_large_is_an_error(deposits: Past) -> None:
    deposits.range_max_ms = -1

    with pytest.raises(RemoteRefused, match="G20026"):
        await deposits.read(START - timedelta(days=20), START)

    assert len(deposits.windows) < 30


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=1)])
async def test_stretch_that_does_not_run_forwards_is_not_complete(
    orders: Past, ahead: timedelta
) -> None:
    history = await orders.read(START + ahead, START)

    assert (history.rows, history.complete, orders.windows) == ((), False, [])


async def test_days_are_asked_for_whole_in_any_time_zone(entries: Past) -> None:
    noon = datetime(2024, 3, 1, 12, tzinfo=UTC)

    await entries.read(noon, noon + timedelta(hours=1))

    assert entries.windows == [(day_ms("20240229"), day_ms("20240302"))]


async def test_entries_of_a_day_that_two_windows_share_are_counted_once(entries: Past) -> None:
    since = START - timedelta(days=100)
    seam = day_ms(f"{since - timedelta(hours=14):%Y%m%d}") + 89 * DAY_MS
    entries.moments = [seam - DAY_MS, seam, seam + DAY_MS]

    history = await entries.read(since, START)

    assert len(entries.windows) == 2
    assert [row["ts"] for row in history.rows] == [str(m) for m in entries.moments]
    assert history.complete


async def test_operation_without_a_range_has_no_history(api: Api, signer: KeySigner) -> None:
    past = Past(api, signer, ORDERS)

    with pytest.raises(RequestInvalid, match=r"wallet.list takes no range of time"):
        await read_history(past.client, "wallet.list", {}, START - timedelta(days=1), START)


async def test_every_operation_with_a_range_can_be_read_as_a_history(
    api: Api, signer: KeySigner
) -> None:
    ranged = [operation for operation in api.operations.values() if operation.range_names]

    assert len(ranged) == 11
    for operation in ranged:
        past = Past(api, signer, operation.id)
        history = await past.read(START - timedelta(days=45), START)
        assert history.complete, operation.id
