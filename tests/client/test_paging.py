"""All pages, and the word of honour that they are all."""

from collections.abc import Callable
from urllib.parse import parse_qs

import pytest

from runner.catalogue.api import Api, Envelope, Operation
from runner.client.client import Client
from runner.client.identity import IDENTITIES
from runner.client.keys import KeySigner
from runner.client.paging import PagedRows, read_pages
from runner.client.rate import RateWindow
from runner.client.wire import RawReply, RawRequest
from runner.core.errors import RemoteRefused, ReplyRefused
from tests.client.fakes import FakeClock, FakeTransport, envelope
from tests.client.samples import reply_of

ORDERS = "mirrorx.order.list"
POSITIONS = "mirror.position.list"
Page = Callable[[int, int], RawReply]


def order(number: int, status: int = 30) -> dict[str, object]:
    return {
        "orderViewId": f"id-{number}", "mirrorXLinkId": "33", "binanceUID": "1",
        "walletIdStr": "2", "orderType": 10, "coinSymbol": "USDT", "amount": "5",
        "status": status, "orderTime": "1",
    }  # fmt: skip


def position(number: int, amount: str = "1") -> dict[str, object]:
    return {
        "walletIdStr": "1", "binanceUID": "2", "coinSymbol": f"C{number}", "network": "BSC",
        "amount": amount, "amountInBTC": "0",
    }  # fmt: skip


class Reader:
    """Reads pages of two rows from a function of page number and request number."""

    def __init__(self, api: Api, signer: KeySigner) -> None:
        self._api = api
        self._signer = signer
        self.asked: list[int] = []

    async def read(self, operation_id: str, page: Page, **options: int) -> PagedRows:
        def answer(request: RawRequest) -> RawReply:
            asked = parse_qs(request.query)
            assert asked["pageLimit"] == [str(options.get("page_limit", 2))]
            self.asked.append(int(asked["pageNo"][0]))
            return page(self.asked[-1], len(self.asked))

        clock = FakeClock()
        client = Client(
            self._api, FakeTransport(answer), self._signer, clock,
            rate=RateWindow(count=1_000, clock=clock),
        )  # fmt: skip
        params: dict[str, str | int | bool] = (
            {"mirrorXLinkId": "33", "startTime": 1, "endTime": 2}
            if operation_id == ORDERS
            else {"walletIdStr": "1"}
        )
        return await read_pages(client, operation_id, params, **{"page_limit": 2, **options})


@pytest.fixture
def reader(api: Api, signer: KeySigner) -> Reader:
    return Reader(api, signer)


def standard(
    pages: list[list[dict[str, object]]], *, claim: int | None = None, clamp: bool = False
) -> Page:
    def page(number: int, _: int) -> RawReply:
        if clamp:
            number = min(number, len(pages))
        rows = pages[number - 1] if number <= len(pages) else []
        total = len(pages) if claim is None else claim
        return envelope({"data": rows, "totalPage": total, "pageNo": number, "pageLimit": 2})

    return page


def archive(pages: list[list[dict[str, object]]], *, total: int | None = None) -> Page:
    def page(number: int, _: int) -> RawReply:
        rows = pages[number - 1] if number <= len(pages) else []
        count = sum(map(len, pages)) if total is None else total
        return envelope({"data": rows, "total": count, "pageNo": number, "pageSize": 2})

    return page


def ids(result: PagedRows) -> list[object]:
    return [row["orderViewId"] for row in result.rows]


async def test_one_short_page_is_all(reader: Reader) -> None:
    result = await reader.read(ORDERS, standard([[order(1)]]))

    assert (ids(result), result.complete, reader.asked) == (["id-1"], True, [1])
    assert result.page_fields == {"totalPage": "1", "pageNo": "1", "pageLimit": "2"}


async def test_pages_are_read_to_the_short_one(reader: Reader) -> None:
    result = await reader.read(ORDERS, standard([[order(1), order(2)], [order(3)]]))

    assert (ids(result), result.complete) == (["id-1", "id-2", "id-3"], True)
    assert reader.asked == [1, 2]


async def test_full_last_page_is_followed_by_a_look_behind_it(reader: Reader) -> None:
    result = await reader.read(ORDERS, standard([[order(1), order(2)]]))

    assert (ids(result), result.complete, reader.asked) == (["id-1", "id-2"], True, [1, 2])


async def test_null_data_is_no_row_and_complete(reader: Reader) -> None:
    result = await reader.read(ORDERS, lambda number, _: envelope(None))

    assert (result.rows, result.complete, reader.asked) == ((), True, [1])


async def test_empty_first_page_is_complete(reader: Reader) -> None:
    result = await reader.read(ORDERS, standard([], claim=0))

    assert (result.rows, result.complete, reader.asked) == ((), True, [1])


async def test_total_page_of_zero_beside_rows_does_not_end_the_reading(reader: Reader) -> None:
    """Seen in an archived example: NOTES section 3."""
    result = await reader.read(ORDERS, standard([[order(1), order(2)], [order(3)]], claim=0))

    assert (ids(result), result.complete) == (["id-1", "id-2", "id-3"], True)
    assert reader.asked == [1, 2, 3]


async def test_claim_that_is_too_small_does_not_end_the_reading(reader: Reader) -> None:
    result = await reader.read(ORDERS, standard([[order(1), order(2)], [order(3)]], claim=1))

    assert (ids(result), result.complete) == (["id-1", "id-2", "id-3"], True)


@pytest.mark.parametrize("middle", [[], [order(3)]])
async def test_thin_page_in_the_middle_does_not_end_the_reading(
    reader: Reader, middle: list[dict[str, object]]
) -> None:
    pages = [[order(1), order(2)], middle, [order(4)]]

    result = await reader.read(ORDERS, standard(pages))

    assert "id-4" in ids(result)
    assert result.complete
    assert reader.asked == [1, 2, 3]


async def test_error_behind_the_last_page_is_its_end(reader: Reader) -> None:
    def page(number: int, count: int) -> RawReply:
        if number == 2:
            return envelope(None, code="G20004")
        return standard([[order(1), order(2)]])(number, count)

    result = await reader.read(ORDERS, page)

    assert (ids(result), result.complete) == (["id-1", "id-2"], True)


async def test_error_before_the_last_page_is_an_error(reader: Reader) -> None:
    def page(number: int, count: int) -> RawReply:
        if number == 2:
            return envelope(None, code="G20004")
        return standard([[order(1), order(2)]], claim=3)(number, count)

    with pytest.raises(RemoteRefused, match="G20004"):
        await reader.read(ORDERS, page)


async def test_last_page_repeated_behind_the_end_is_the_end(reader: Reader) -> None:
    """Paging libraries of Java servers clamp the page number."""
    pages = [[order(1), order(2)], [order(3), order(4)]]

    result = await reader.read(ORDERS, standard(pages, clamp=True))

    assert (len(result.rows), result.complete, reader.asked) == (4, True, [1, 2, 3])


async def test_page_that_says_it_is_another_is_refused(reader: Reader) -> None:
    with pytest.raises(ReplyRefused, match="page 1 instead of page 2"):
        await reader.read(ORDERS, lambda number, _: standard([[order(1), order(2)]] * 3)(1, 0))


async def test_smaller_page_size_of_the_server_counts(reader: Reader) -> None:
    def page(number: int, _: int) -> RawReply:
        rows = [order(number)] if number <= 3 else []
        return envelope({"data": rows, "totalPage": 3, "pageNo": number, "pageLimit": 1})

    result = await reader.read(ORDERS, page)

    assert (ids(result), result.complete) == (["id-1", "id-2", "id-3"], True)


async def test_row_that_moved_is_read_again_and_then_complete(reader: Reader) -> None:
    """A new order at the front pushes the last row of page 1 onto page 2."""
    before = [[order(1), order(2)], [order(2), order(3)], []]
    after = [[order(0), order(1)], [order(2), order(3)], []]

    def page(number: int, count: int) -> RawReply:
        return standard(before if count <= 3 else after, claim=2)(number, count)

    result = await reader.read(ORDERS, page)

    assert (ids(result), result.complete) == (["id-0", "id-1", "id-2", "id-3"], True)
    assert reader.asked == [1, 2, 3, 1, 2, 3]
    assert result.pages_read == 6


async def test_rows_that_keep_moving_are_not_complete(reader: Reader) -> None:
    pages = [[order(1), order(2)], [order(2, status=20)]]

    result = await reader.read(ORDERS, standard(pages))

    assert (ids(result), result.complete) == (["id-1", "id-2"], False)
    assert result.doubt == "rows moved between pages while they were read"
    assert result.rows[1]["status"] == "20"


async def test_claim_that_shrinks_on_the_way_is_not_complete(reader: Reader) -> None:
    def page(number: int, count: int) -> RawReply:
        pages = [[order(1), order(2)], [order(4)]]
        return standard(pages, claim=3 if number == 1 else 2)(number, count)

    result = await reader.read(ORDERS, page)

    assert not result.complete


async def test_more_pages_than_the_cap_are_not_complete(reader: Reader) -> None:
    def page(number: int, count: int) -> RawReply:
        rows = [order(2 * number), order(2 * number + 1)]
        return envelope({"data": rows, "totalPage": 999, "pageNo": number, "pageLimit": 2})

    result = await reader.read(ORDERS, page, pages_max=3)

    assert (len(result.rows), result.complete) == (6, False)
    assert result.doubt == "there are more than 3 pages"


async def test_archive_pages_are_counted_by_rows(reader: Reader) -> None:
    pages = [[position(1), position(2)], [position(3)]]

    result = await reader.read(POSITIONS, archive(pages))

    assert (len(result.rows), result.complete, reader.asked) == (3, True, [1, 2])


async def test_archive_total_that_was_not_seen_is_not_complete(reader: Reader) -> None:
    pages = [[position(1), position(2)], [position(3)]]

    result = await reader.read(POSITIONS, archive(pages, total=4))

    assert not result.complete
    assert result.doubt == "the server counts 4 rows and showed 3"


async def test_archive_total_that_changes_on_the_way_is_not_complete(reader: Reader) -> None:
    def page(number: int, count: int) -> RawReply:
        pages = [[position(1), position(2)], [position(3)]]
        return archive(pages, total=2 + number)(number, count)

    result = await reader.read(POSITIONS, page)

    assert not result.complete


async def test_archive_total_of_zero_beside_rows_says_nothing(reader: Reader) -> None:
    result = await reader.read(POSITIONS, archive([[position(1)]], total=0))

    assert (len(result.rows), result.complete, reader.asked) == (1, True, [1, 2])


async def test_equal_rows_without_an_id_on_two_pages_have_moved(reader: Reader) -> None:
    pages = [[position(1), position(2)], [position(2)]]

    result = await reader.read(POSITIONS, archive(pages))

    assert (len(result.rows), result.complete) == (2, False)


async def test_rows_that_differ_without_an_id_are_both_kept(reader: Reader) -> None:
    pages = [[position(1), position(1, "2")]]

    result = await reader.read(POSITIONS, archive(pages))

    assert (len(result.rows), result.complete) == (2, True)


async def test_asset_that_moved_with_another_balance_is_counted_once(reader: Reader) -> None:
    """Both rows would double the balance, and both are "different rows"."""
    pages = [[position(1), position(2)], [position(2, "7")]]

    result = await reader.read(POSITIONS, archive(pages))

    assert [row["amount"] for row in result.rows] == ["1", "7"]
    assert not result.complete


async def test_list_without_pages_is_one_answer_with_each_row_once(
    api: Api, signer: KeySigner
) -> None:
    coin = reply_of(api.operations["coin.qualified.list"], {})["data"][0]
    rows = [coin, {**coin, "network": "BSC"}, coin]
    clock = FakeClock()
    client = Client(
        api, FakeTransport([envelope(rows)]), signer, clock, rate=RateWindow(count=1, clock=clock)
    )

    result = await read_pages(client, "coin.qualified.list", {})

    assert [row["network"] for row in result.rows] == ["ETH", "BSC"]
    assert (result.complete, result.pages_read) == (True, 1)


def test_every_list_has_an_identity_of_fields_it_describes(api: Api) -> None:
    """A list that is missing counts rows as the same only when all their fields are."""
    lists = {
        operation.id: operation
        for operation in api.operations.values()
        if not operation.is_write
        and (operation.envelope.page_names or Envelope.LIST in operation_shapes(operation))
    }

    assert set(lists) - set(IDENTITIES) == {"transaction.history"}
    assert set(IDENTITIES) <= set(lists)
    for operation_id, names in IDENTITIES.items():
        described = {field.name for field in lists[operation_id].fields} or {"value"}
        assert set(names) <= described, operation_id


def operation_shapes(operation: Operation) -> set[Envelope | None]:
    return {operation.envelope, operation.envelope_also}
