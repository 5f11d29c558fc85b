"""Where the sources contradict each other, one behaviour of the client for each contradiction."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest

from runner.catalogue.api import Api, WriteOutcome
from runner.catalogue.body import ParameterValue, body_text
from runner.client.client import Client, Reply, WriteAnswer
from runner.client.keys import KeySigner
from runner.client.paging import read_pages
from runner.client.parameters import check_body
from runner.client.rate import RateWindow
from runner.client.wire import RawReply
from runner.core.errors import ReplyRefused, RequestInvalid
from tests.client.fakes import FakeClock, FakeTransport, envelope
from tests.client.samples import parameters_of, reply_of

WALLET = "374671162262925312"
ROUNDED = 374671162262925300


class Desk:
    """Sends documented requests, changed as a test wants, and answers them likewise."""

    def __init__(self, api: Api, signer: KeySigner) -> None:
        clock = FakeClock()
        self.api = api
        self.replies: list[RawReply] = []
        self.transport = FakeTransport(lambda request: self.replies.pop(0))
        self.client = Client(
            api, self.transport, signer, clock, rate=RateWindow(count=1_000, clock=clock)
        )

    async def read(
        self, operation_id: str, data: object = None, **changes: ParameterValue
    ) -> Reply:
        self.replies.append(envelope(data))
        params = {**parameters_of(self.api.operations[operation_id]), **changes}
        return await self.client.call(operation_id, params)

    async def write(
        self, operation_id: str, data: object, **changes: ParameterValue
    ) -> WriteAnswer:
        operation = self.api.operations[operation_id]
        self.replies.append(envelope(data))
        body = body_text(operation, {**parameters_of(operation), **changes})
        stamp_ms = self.client.timestamp_ms()
        return await self.client.send_write(operation_id, body, timestamp_ms=stamp_ms)

    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.transport.requests[-1].query))

    def documented(self, operation_id: str) -> Any:  # noqa: ANN401 - any JSON value
        operation = self.api.operations[operation_id]
        return reply_of(operation, parameters_of(operation))["data"]

    def body(self, operation_id: str, **changes: ParameterValue) -> dict[str, Any]:
        operation = self.api.operations[operation_id]
        text = body_text(operation, {**parameters_of(operation), **changes})
        check_body(operation, text)
        members: dict[str, Any] = json.loads(text)
        return members


@pytest.fixture
def desk(api: Api, signer: KeySigner) -> Desk:
    return Desk(api, signer)


def row_of(page: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = page["data"][0]
    return row


async def test_wallet_id_goes_into_a_query_as_its_digits(desk: Desk) -> None:
    await desk.read("deposit.history", walletId=WALLET)

    assert desk.query()["walletId"] == WALLET


async def test_wallet_id_is_read_from_its_text_beside_a_rounded_number(desk: Desk) -> None:
    page = desk.documented("wallet.list")
    row_of(page).update(walletId=ROUNDED, walletIdStr=WALLET)

    [row] = (await desk.read("wallet.list", page)).rows

    assert row["walletIdStr"] == WALLET


@pytest.mark.parametrize("spelling", ["fromWalletId", "fromWalletIdStr"])
@pytest.mark.parametrize("value", [int(WALLET), WALLET])
async def test_transfers_wallets_are_read_under_one_name(
    desk: Desk, spelling: str, value: int | str
) -> None:
    record = desk.documented("subwallet.transfer.detail")
    record.pop("fromWalletIdStr", record.pop("fromWalletId", None))

    reply = await desk.read("subwallet.transfer.detail", {**record, spelling: value})

    assert reply.record is not None
    assert reply.record["fromWalletId"] == WALLET
    assert "fromWalletIdStr" not in reply.record


@pytest.mark.parametrize("first", [ROUNDED, None])
async def test_text_is_read_where_a_number_or_nothing_stands_under_the_other_name(
    desk: Desk, first: int | None
) -> None:
    record = desk.documented("subwallet.transfer.detail")
    both = {**record, "fromWalletId": first, "fromWalletIdStr": WALLET}

    reply = await desk.read("subwallet.transfer.detail", both)

    assert reply.record is not None
    assert reply.record["fromWalletId"] == WALLET


async def test_two_texts_for_one_field_that_differ_are_refused(desk: Desk) -> None:
    record = desk.documented("subwallet.transfer.detail")
    both = {**record, "fromWalletId": "1", "fromWalletIdStr": WALLET}

    with pytest.raises(ReplyRefused, match="data has two values for fromWalletId"):
        await desk.read("subwallet.transfer.detail", both)


async def test_transfer_without_a_wallet_under_any_name_is_refused(desk: Desk) -> None:
    record = desk.documented("subwallet.transfer.detail")
    record.pop("fromWalletIdStr", record.pop("fromWalletId", None))

    with pytest.raises(ReplyRefused, match="data has no fromWalletId"):
        await desk.read("subwallet.transfer.detail", record)


@pytest.mark.parametrize("spelling", ["walletStr", "walletIdStr"])
async def test_withdrawals_wallet_is_read_under_one_name(desk: Desk, spelling: str) -> None:
    page = desk.documented("withdrawal.history")
    row = row_of(page)
    row.pop("walletStr")
    row[spelling] = WALLET

    [read] = (await desk.read("withdrawal.history", page)).rows

    assert read["walletStr"] == WALLET


@pytest.mark.parametrize("operation_id", ["withdrawal.detail", "deposit.detail"])
@pytest.mark.parametrize(
    ("sent", "read"),
    [("1669000000000", "1669000000000"), (1669000000000, "1669000000000"), (None, None)],
)
async def test_tx_time_is_read_as_text_number_or_nothing(
    desk: Desk, operation_id: str, sent: object, read: object
) -> None:
    data = desk.documented(operation_id)
    (data[0] if isinstance(data, list) else data)["txTime"] = sent

    reply = await desk.read(operation_id, data)

    assert (reply.record or reply.rows[0])["txTime"] == read


async def test_mirrorx_link_is_a_number_in_the_body_and_digits_in_a_query(desk: Desk) -> None:
    await desk.read("mirrorx.position.list", mirrorXLinkId="33")

    assert desk.body("mirrorx.order.create", mirrorXLinkId="33")["mirrorXLinkId"] == 33
    assert desk.query()["mirrorXLinkId"] == "33"


@pytest.mark.parametrize(
    ("operation_id", "sent"),
    [
        ("wallet.create", 77),
        ("subwallet.create", 77),
        ("subwallet.transfer.create", 77),
        ("withdrawal.create_v1", 77),
        ("exchange.transfer.create", 77),
        ("withdrawal.create", "77"),
        ("mirrorx.order.create", "77"),
        ("mirror.asset.settle", "77"),
        ("mirror.asset.apply", "77"),
    ],
)
def test_request_id_has_the_type_that_the_operation_documents(
    desk: Desk, operation_id: str, sent: object
) -> None:
    assert desk.body(operation_id, requestId="77")["requestId"] == sent


@pytest.mark.parametrize("echo", [77, "77"])
async def test_request_id_is_the_same_as_number_and_as_text(desk: Desk, echo: int | str) -> None:
    data = {**desk.documented("mirrorx.order.create"), "requestId": echo}

    answer = await desk.write("mirrorx.order.create", data, requestId="77")

    assert answer.is_success


def test_request_id_has_at_most_fifty_characters(desk: Desk) -> None:
    desk.body("withdrawal.create", requestId="7" * 50)

    with pytest.raises(RequestInvalid, match="requestId is longer than 50 characters"):
        desk.body("withdrawal.create", requestId="7" * 51)


def test_sub_wallet_transfer_needs_a_request_id(desk: Desk) -> None:
    operation = desk.api.operations["subwallet.transfer.create"]
    params = {n: v for n, v in parameters_of(operation).items() if n != "requestId"}

    with pytest.raises(RequestInvalid, match="requestId is required"):
        check_body(operation, body_text(operation, params))


def test_amount_is_sent_as_text_even_where_a_number_is_documented(desk: Desk) -> None:
    assert desk.body("subwallet.transfer.create", amount="10.2")["amount"] == "10.2"


@pytest.mark.parametrize(
    ("wallet", "sent"), [("201108087331", 201108087331), (WALLET, WALLET), (str(2**53), 2**53)]
)
def test_id_beyond_what_doubles_hold_is_sent_as_text_where_text_is_taken(
    desk: Desk, wallet: str, sent: object
) -> None:
    assert desk.body("subwallet.transfer.create", fromWalletId=wallet)["fromWalletId"] == sent


def test_long_id_is_sent_as_exact_number_where_text_is_not_taken(desk: Desk) -> None:
    assert desk.body("withdrawal.create_v1", walletId=WALLET)["walletId"] == int(WALLET)


@pytest.mark.parametrize("biz_type", [10, 15, 20, 30])
async def test_system_status_takes_the_numbers_of_both_sources(desk: Desk, biz_type: int) -> None:
    await desk.read("system.status", desk.documented("system.status"), bizType=biz_type)

    assert desk.query()["bizType"] == str(biz_type)


def test_event_type_of_a_resend_is_text(desk: Desk) -> None:
    assert desk.body("webhook.resend", eventType=1)["eventType"] == "1"


async def test_resend_is_answered_by_a_bare_truth(desk: Desk) -> None:
    answer = await desk.write("webhook.resend", True)

    assert (answer.is_success, answer.value, answer.data) == (True, True, None)


def test_confirmation_stands_at_the_top(desk: Desk) -> None:
    detail = {"firstName": "A", "confirmation": "confirmed"}

    assert desk.body("whitelist.upsert", confirmation="confirmed")["confirmation"] == "confirmed"
    with pytest.raises(RequestInvalid, match=r"correspondentDetail.confirmation is not known"):
        desk.body("whitelist.upsert", correspondentDetail=detail)


@pytest.mark.parametrize("operation_id", ["withdrawal.create", "withdrawal.create_v1"])
def test_customized_fee_has_its_own_name(desk: Desk, operation_id: str) -> None:
    assert desk.body(operation_id, customizeFeeAmount="0.1")["customizeFeeAmount"] == "0.1"
    with pytest.raises(RequestInvalid, match="has no parameter getCustomizeFeeAmount"):
        desk.body(operation_id, getCustomizeFeeAmount="0.1")


@pytest.mark.parametrize("is_list", [True, False])
async def test_deposit_detail_is_rows_whether_list_or_object(desk: Desk, *, is_list: bool) -> None:
    [row] = desk.documented("deposit.detail")

    reply = await desk.read("deposit.detail", [row] if is_list else row)

    assert [r["orderViewId"] for r in reply.rows] == [row["orderViewId"]]
    assert reply.record is None


@pytest.mark.parametrize("is_list", [True, False])
async def test_older_deposit_detail_is_a_record_whether_list_or_object(
    desk: Desk, *, is_list: bool
) -> None:
    row = desk.documented("deposit.detail_v1")

    reply = await desk.read("deposit.detail_v1", [row] if is_list else row)

    assert reply.record is not None
    assert reply.rows == (reply.record,)


async def test_older_deposit_detail_of_several_rows_is_no_record(desk: Desk) -> None:
    row = desk.documented("deposit.detail_v1")

    reply = await desk.read("deposit.detail_v1", [row, {**row, "orderViewId": "2"}])

    assert (reply.record, len(reply.rows)) == (None, 2)


@pytest.mark.parametrize("operation_id", ["mirrorx.position.list", "mirror.position.list"])
@pytest.mark.parametrize(("value", "sent"), [(True, "true"), (False, "false")])
async def test_zero_amount_flag_is_a_literal(
    desk: Desk, operation_id: str, *, value: bool, sent: str
) -> None:
    await desk.read(operation_id, excludeZeroAmountFlag=value)

    assert desk.query()["excludeZeroAmountFlag"] == sent


@pytest.mark.parametrize(
    ("operation_id", "right", "wrong"),
    [
        ("mirror.position.list", "binanceUid", "binanceUID"),
        ("mirror.record.list", "binanceUID", "binanceUid"),
    ],
)
async def test_binance_uid_is_spelt_as_each_operation_spells_it(
    desk: Desk, operation_id: str, right: str, wrong: str
) -> None:
    await desk.read(operation_id, **{right: "1"})

    with pytest.raises(RequestInvalid) as caught:
        await desk.read(operation_id, **{wrong: "1"})

    assert caught.value.hint == f'did you mean "{right}"?'


async def test_page_is_always_asked_for_by_number_and_size(desk: Desk) -> None:
    for operation in desk.api.operations.values():
        if operation.parameter("pageNo") is None:
            continue
        params = {
            name: value
            for name, value in parameters_of(operation).items()
            if name not in {"pageNo", "pageLimit"}
        }
        desk.replies.append(envelope(None))
        await desk.client.call(operation.id, params)

        request = desk.transport.requests[-1]
        sent = json.loads(request.body) if operation.has_body else dict(parse_qsl(request.query))
        assert (str(sent["pageNo"]), str(sent["pageLimit"])) == ("1", "100"), operation.id


@pytest.mark.parametrize("newest_first", [True, False])
async def test_order_of_the_pages_does_not_matter(desk: Desk, *, newest_first: bool) -> None:
    rows = [{**row_of(desk.documented("mirrorx.order.list")), "orderViewId": n} for n in "1234"]
    rows = rows[::-1] if newest_first else rows
    desk.replies = [
        envelope({"data": rows[at : at + 2], "totalPage": 2, "pageNo": at // 2 + 1, "pageLimit": 2})
        for at in (0, 2, 4)
    ]
    params = parameters_of(desk.api.operations["mirrorx.order.list"])

    paged = await read_pages(desk.client, "mirrorx.order.list", params, page_limit=2)

    assert {row["orderViewId"] for row in paged.rows} == set("1234")
    assert paged.complete


@pytest.mark.parametrize("message", ["Success", "global.success", "", None])
async def test_message_of_a_success_says_nothing(desk: Desk, message: str | None) -> None:
    body = {"data": desk.documented("system.status"), "code": "000000", "message": message}
    desk.replies.append(RawReply(status=200, body=json.dumps(body).encode()))
    params = parameters_of(desk.api.operations["system.status"])

    assert (await desk.client.call("system.status", params)).record


def test_duplicated_request_proves_neither_success_nor_failure(desk: Desk) -> None:
    assert desk.api.error_codes["G20015"].write_outcome is WriteOutcome.ALREADY_RECEIVED


def test_transfer_with_an_exchange_is_looked_up_by_get(desk: Desk) -> None:
    assert desk.api.operations["exchange.transfer.detail"].method == "GET"


@pytest.mark.parametrize("value", ["10", 10])
async def test_number_of_the_sdk_and_text_of_the_page_are_one(desk: Desk, value: object) -> None:
    page = desk.documented("withdrawal.history")
    row_of(page).update(status=value, amount=value, transferType=value)

    [row] = (await desk.read("withdrawal.history", page)).rows

    assert [row["status"], row["amount"], row["transferType"]] == ["10", "10", "10"]


async def test_bare_ids_of_the_older_sub_wallet_list_are_rows(desk: Desk) -> None:
    page = {"data": [1551518146968961001], "totalPage": 0, "pageNo": 1, "pageLimit": 5}

    reply = await desk.read("subwallet.list_v1", page)

    assert reply.rows == ({"value": "1551518146968961001"},)


async def test_history_by_post_is_a_read(desk: Desk) -> None:
    await desk.read("transaction.history", walletIds=[WALLET], bizTypes=[15, "3110"])

    [request] = desk.transport.requests
    body = json.loads(request.body)
    assert (request.method, request.query) == ("POST", "")
    assert (body["walletIds"], body["bizTypes"]) == ([WALLET], [15, 3110])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bizTypes": ["x"]}, r"bizTypes\[0\] must be"),
        ({"bizTypes": 15}, "bizTypes must be array"),
        ({"walletIds": [""]}, r"walletIds\[0\] is empty"),
        ({"startDate": "20240230"}, "startDate must be a day, as YYYYMMDD"),
        ({"startDate": "2024-03-01"}, "startDate must be a day, as YYYYMMDD"),
        ({"startDate": "20240402"}, "startDate to endDate must not run backwards"),
        ({"startDate": "20240101"}, "startDate to endDate must be less than 90 days"),
        ({"pageLimit": 101}, "pageLimit must be between 1 and 100"),
    ],
)
async def test_history_by_post_is_checked_before_it_is_signed(
    desk: Desk, changes: dict[str, ParameterValue], reason: str
) -> None:
    with pytest.raises(RequestInvalid, match=reason):
        await desk.read("transaction.history", **changes)

    assert desk.transport.requests == []


def test_withdrawal_goes_to_an_address_or_a_wallet_and_not_to_both(desk: Desk) -> None:
    with pytest.raises(RequestInvalid, match="withdrawalAddress and toWalletIdStr exclude each"):
        desk.body("withdrawal.create", withdrawalAddress="0x1", toWalletIdStr="1")
