"""What counts as an answer, and what proves nothing."""

import json
from datetime import UTC, datetime

import pytest

from runner.catalogue.api import Api, Envelope, Operation, ReplyField
from runner.client.envelope import Content, read_answer, read_content
from runner.client.wire import RawReply, RawRequest
from runner.core.errors import ReplyRefused
from tests.client.fakes import envelope

REQUEST = RawRequest(method="POST", path="/open-api/v1/mirror/asset/settle", request_id="77")
DONE = {"recordId": "23100038788988438622080004", "status": 0, "requestId": "77"}
ROW = {
    "walletIdStr": "1", "binanceUID": "2", "coinSymbol": "BTC", "network": "BTC",
    "amount": "0.5", "amountInBTC": "0.5",
}  # fmt: skip


def raw(body: bytes | str, status: int = 200) -> RawReply:
    return RawReply(status=status, body=body.encode() if isinstance(body, str) else body)


def content(api: Api, operation_id: str, data: object) -> Content:
    reply = envelope(data)
    return read_content(api.operations[operation_id], REQUEST, reply, read_answer(REQUEST, reply))


def misfit(api: Api, operation_id: str, data: object) -> str:
    with pytest.raises(ReplyRefused) as caught:
        content(api, operation_id, data)
    return caught.value.reason


def test_success_is_read() -> None:
    reply = RawReply(
        status=200,
        body=json.dumps({"data": DONE, "code": "000000", "message": "Success"}).encode(),
        date="Sun, 22 Nov 2026 10:00:00 GMT",
        retry_after="7",
        remote_request_id="trace-1",
    )

    answer = read_answer(REQUEST, reply)

    assert answer.data == {**DONE, "status": "0"}
    assert answer.code == "000000"
    assert answer.server_date == datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    assert answer.retry_after_s == 7
    assert answer.remote_request_id == "trace-1"
    assert answer.body_sha256.startswith("sha256:")


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500, 503])
def test_well_formed_refusal_counts_under_any_status(status: int) -> None:
    answer = read_answer(REQUEST, raw('{"code":"G20012","message":"slow","data":null}', status))

    assert (answer.status, answer.code, answer.message) == (status, "G20012", "slow")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 200),
        ("  \n", 200),
        ("<html>502</html>", 502),
        ("null", 200),
        ("[]", 200),
        ('"000000"', 200),
        ("{}", 200),
        ('{"data":{},"code":200,"message":"success"}', 200),
        ('{"data":{},"code":000000}', 200),
        ('{"data":{},"code":null}', 200),
        ('{"data":{},"code":""}', 200),
        ('{"data":{},"code":"\\u001b[2J"}', 200),
        ('{"data":{},"code":"' + "G" * 33 + '"}', 200),
        ('{"code":"000000","message":"Success"}', 200),
        ('{"data":{},"code":"000000"}', 201),
        ('{"data":{},"code":"000000"}', 202),
        ('{"data":{},"code":"000000"}', 404),
        ('{"data":{},"code":"000000"}', 500),
        ('{"data":{},"code":"G20002"}', 302),
        ('{"data":{},"code":"000000","code":"G20002"}', 200),
        ('{"data":{"a":1,"a":2},"code":"000000"}', 200),
        ('{"data":NaN,"code":"000000"}', 200),
        ('{"data":Infinity,"code":"000000"}', 200),
        ('{"data":"\\ud800","code":"000000"}', 200),
        ('{"data":{},"code":"000000"', 200),
        ('{"data":{},"code":"000000"}{}', 200),
        ('{"data":{},"code":"000000"}\x00', 200),
        ("[" * 100_000, 200),
        ('{"data":' + "[" * 100_000 + "]" * 100_000 + ',"code":"000000"}', 200),
        (b'{"data":"\xff","code":"000000"}', 200),
        (b'\xef\xbb\xbf{"data":{},"code":"000000"}', 200),
        (b"\x1f\x8b\x08\x00", 200),
    ],
)
def test_what_is_no_envelope_proves_nothing(body: bytes | str, status: int) -> None:
    with pytest.raises(ReplyRefused) as caught:
        read_answer(REQUEST, raw(body, status))

    assert caught.value.status == status
    assert caught.value.request_id == "77"


def test_refusal_does_not_quote_a_stranger() -> None:
    with pytest.raises(ReplyRefused) as caught:
        read_answer(REQUEST, raw("<html>\x1b]52;c;evil\x07 canary</html>", 502))

    assert "canary" not in str(caught.value)


def test_message_is_shortened_and_cannot_move_a_cursor() -> None:
    body = json.dumps({"code": "G20002", "message": "\x1b[2J\u202e" + "x" * 1000})

    message = read_answer(REQUEST, raw(body)).message

    assert message.startswith("\ufffd[2J\ufffdxxx")
    assert len(message) == 301


def test_message_of_another_type_is_nothing() -> None:
    assert read_answer(REQUEST, raw('{"code":"G20002","message":{"a":1}}')).message == ""


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Nov 2026 10:00:00 GMT", "1"])
def test_date_that_is_none_is_none(date: str) -> None:
    reply = RawReply(status=200, body=b'{"code":"G20002"}', date=date)

    assert read_answer(REQUEST, reply).server_date is None


def test_record_is_handed_on_with_unknown_fields_and_numbers_as_text(api: Api) -> None:
    read = content(api, "mirror.asset.settle", {**DONE, "status": 12_345, "more": [1]})

    assert read.record == {**DONE, "status": "12345", "more": ["1"]}


def test_ids_may_be_numbers_and_numbers_text(api: Api) -> None:
    """The sources disagree about types, so text and number are one."""
    read = content(api, "mirror.asset.settle", {"recordId": 2**70, "status": "0", "requestId": 77})

    assert read.record == {"recordId": str(2**70), "status": "0", "requestId": "77"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "a success without data"),
        ([], "a success whose data is not an object"),
        ("ok", "a success whose data is not an object"),
        ({"status": 0, "requestId": "77"}, "a success whose data has no recordId"),
        ({**DONE, "recordId": None}, "a success whose data.recordId is null"),
        ({**DONE, "recordId": True}, "a success whose data.recordId is not string"),
        ({**DONE, "recordId": ["x"]}, "a success whose data.recordId is a list"),
        ({**DONE, "recordId": {}}, "a success whose data.recordId is not string"),
        ({**DONE, "status": "done"}, "a success whose data.status is not integer"),
        ({**DONE, "status": 1.5}, "a success whose data.status is not integer"),
    ],
)
def test_success_of_a_write_that_does_not_fit_is_refused(
    api: Api, data: object, reason: str
) -> None:
    assert misfit(api, "mirror.asset.settle", data) == reason


def test_null_data_of_a_read_is_no_row(api: Api) -> None:
    assert content(api, "mirror.position.list", None) == Content(record=None, rows=(), page={})


def test_page_is_split_into_rows_and_the_rest(api: Api) -> None:
    page = {"data": [ROW], "total": 1, "pageNo": 1, "pageSize": 25}

    read = content(api, "mirror.position.list", page)

    assert read.rows == (ROW,)
    assert read.page == {"total": "1", "pageNo": "1", "pageSize": "25"}


def test_null_rows_of_a_page_are_none(api: Api) -> None:
    assert content(api, "mirror.position.list", {"data": None, "total": 0}).rows == ()


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ([ROW], "a success whose data is not an object"),
        ({"total": 0}, "a success whose page has no rows"),
        ({"data": {}}, "a success whose data.data is not a list"),
        ({"data": [ROW, "x"]}, "a success whose data.data[1] is not an object"),
        ({"data": [{**ROW, "amount": None}]}, "a success whose data.data[0].amount is null"),
    ],
)
def test_page_that_does_not_fit_is_refused(api: Api, page: object, reason: str) -> None:
    assert misfit(api, "mirror.position.list", page) == reason


def test_rows_inside_a_record_are_checked_too(api: Api) -> None:
    summary = {"walletIdStr": "1", "totalAmountInBTC": "2", "data": [{"binanceUid": "3"}]}

    assert misfit(api, "mirror.position.summary", summary) == (
        "a success whose data.data[0] has no subtotalAmountInBTC"
    )


LISTED = Operation(
    id="made.up", title="", group="", summary="", method="GET", path="/made-up", permission="",
    archived=False, certain=False, parameters=(), envelope=Envelope.LIST, data_nullable=False,
    fields=(
        ReplyField(name="open", types=("boolean",), required=False, nullable=True),
        ReplyField(name="rate", types=("number",), required=False, nullable=False),
        ReplyField(name="tags", types=("array",), required=False, nullable=False),
        ReplyField(name="more", types=("object",), required=False, nullable=False),
    ),
)  # fmt: skip


def listed(data: object) -> Content:
    reply = envelope(data)
    return read_content(LISTED, REQUEST, reply, read_answer(REQUEST, reply))


def test_list_reply_is_rows() -> None:
    rows = [{"open": True, "rate": 1.5e-7, "tags": ["a"], "more": {"x": 1}}, {"open": None}, {}]

    assert listed(rows).rows == (
        {"open": True, "rate": "1.5e-07", "tags": ["a"], "more": {"x": "1"}},
        {"open": None},
        {},
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"open": "true"}, "a success whose data[0].open is not boolean"),
        ({"rate": "1,5"}, "a success whose data[0].rate is not number"),
        ({"rate": True}, "a success whose data[0].rate is not number"),
        ({"rate": {}}, "a success whose data[0].rate is not number"),
        ({"tags": {}}, "a success whose data[0].tags is not array"),
        ({"more": "x"}, "a success whose data[0].more is not object"),
    ],
)
def test_list_row_of_another_type_is_refused(row: dict[str, object], reason: str) -> None:
    with pytest.raises(ReplyRefused) as caught:
        listed([row])

    assert caught.value.reason == reason


def test_null_data_where_none_is_allowed_is_refused() -> None:
    with pytest.raises(ReplyRefused, match="a success without data"):
        listed(None)


def test_date_without_a_zone_is_utc() -> None:
    date = "Sun, 22 Nov 2026 10:00:00 -0000"
    reply = RawReply(status=200, body=b'{"code":"G20002"}', date=date)

    assert read_answer(REQUEST, reply).server_date == datetime(2026, 11, 22, 10, tzinfo=UTC)
