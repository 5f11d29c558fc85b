"""One attempt of one operation, over a transport that answers from a list."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest

from runner.catalogue.api import Api
from runner.client.client import Client
from runner.client.keys import KeySigner
from runner.client.rate import RateWindow
from runner.client.wire import RawReply
from runner.core.errors import NotSent, RemoteRefused, ReplyRefused, RequestInvalid
from tests.client.fakes import (
    API_KEY,
    START,
    START_MS,
    FakeClock,
    FakeTransport,
    envelope,
)

STATUS = {"bizType": 10, "walletType": 20}
NORMAL = {"status": 0, "message": "Normal"}
SETTLE = (
    '{"amount":"1.5","coinSymbol":"USDT","mirrorLinkId":"33","network":"ETH",'
    '"operationType":"2","requestId":"77"}'
)
DONE = {"recordId": "1", "status": 0, "requestId": "77"}


class Bench:
    """A client and everything it stands on."""

    def __init__(self, api: Api, signer: KeySigner, clock: FakeClock) -> None:
        self.clock = clock
        self.transport = FakeTransport(lambda request: self.replies.pop(0))
        self.replies: list[RawReply] = []
        self.client = Client(
            api, self.transport, signer, clock, rate=RateWindow(count=5, clock=clock)
        )


@pytest.fixture
def bench(api: Api, signer: KeySigner, clock: FakeClock) -> Bench:
    return Bench(api, signer, clock)


async def test_read_signs_exactly_the_query_it_sends(bench: Bench, signer: KeySigner) -> None:
    bench.replies = [envelope(NORMAL)]

    reply = await bench.client.call("system.status", STATUS)

    [request] = bench.transport.requests
    assert request.query == f"bizType=10&walletType=20&timestamp={START_MS}"
    assert dict(request.headers) == {
        "open-apikey": API_KEY,
        "signature": signer.sign(request.query.encode()),
    }
    assert (request.method, request.path, request.body) == (
        "GET",
        "/open-api/v1/system/status",
        b"",
    )
    assert reply.record == {"status": "0", "message": "Normal"}
    assert reply.remote_request_id == "trace-1"


async def test_write_signs_exactly_the_body_it_sends(bench: Bench, signer: KeySigner) -> None:
    bench.replies = [envelope(DONE)]
    stamp = await bench.client.next_write_stamp()

    answer = await bench.client.send_write("mirror.asset.settle", SETTLE, timestamp_ms=stamp)

    [request] = bench.transport.requests
    assert request.body == f'{SETTLE[:-1]},"timestamp":{stamp}}}'.encode()
    assert dict(request.headers)["signature"] == signer.sign(request.body)
    assert dict(request.headers)["Content-Type"] == "application/json"
    assert (request.query, request.request_id) == ("", "77")
    assert answer.is_success
    assert answer.data == {"recordId": "1", "status": "0", "requestId": "77"}


async def test_equal_reads_in_one_millisecond_are_not_the_same_text(bench: Bench) -> None:
    bench.replies = [envelope(NORMAL) for _ in range(5)]

    await asyncio.gather(*(bench.client.call("system.status", STATUS) for _ in range(5)))

    assert len({request.query for request in bench.transport.requests}) == 5
    assert bench.clock.elapsed_s == 0.0


async def test_read_is_stamped_after_the_wait_for_the_rate_window(bench: Bench) -> None:
    bench.replies = [envelope(NORMAL) for _ in range(6)]
    for _ in range(6):
        await bench.client.call("system.status", STATUS)

    assert bench.transport.requests[5].query.endswith(f"timestamp={START_MS + 1000}")


async def test_write_stamp_waits_for_the_rate_window_once(bench: Bench) -> None:
    bench.replies = [envelope(DONE) for _ in range(6)]
    for _ in range(6):
        stamp = await bench.client.next_write_stamp()
        await bench.client.send_write("mirror.asset.settle", SETTLE, timestamp_ms=stamp)

    assert bench.clock.elapsed_s == 1.0


async def test_write_with_a_stamp_that_did_not_wait_waits_itself(bench: Bench) -> None:
    bench.replies = [envelope(DONE) for _ in range(6)]
    for _ in range(6):
        stamp = bench.client.timestamp_ms()
        await bench.client.send_write("mirror.asset.settle", SETTLE, timestamp_ms=stamp)

    assert bench.clock.elapsed_s == 1.0


@pytest.mark.parametrize("offset_ms", [-5_001, 5_001])
async def test_write_stamped_far_from_now_is_not_sent(bench: Bench, offset_ms: int) -> None:
    stamp = START_MS + offset_ms

    with pytest.raises(NotSent, match=r"requestId 77.*stamped 5001 ms away from now"):
        await bench.client.send_write("mirror.asset.settle", SETTLE, timestamp_ms=stamp)

    assert bench.transport.requests == []


async def test_same_stamp_is_not_sent_twice(bench: Bench) -> None:
    bench.replies = [envelope(DONE)]
    stamp = await bench.client.next_write_stamp()
    await bench.client.send_write("mirror.asset.settle", SETTLE, timestamp_ms=stamp)

    with pytest.raises(NotSent, match="sent before"):
        await bench.client.send_write("mirror.asset.settle", SETTLE, timestamp_ms=stamp)

    assert len(bench.transport.requests) == 1


async def test_stamps_that_are_too_old_to_be_sent_are_forgotten(bench: Bench) -> None:
    for _ in range(50):
        await bench.client.next_write_stamp()
        bench.clock.elapsed_s += 1.0
    bench.replies = [envelope(DONE)]
    stamp = await bench.client.next_write_stamp()

    await bench.client.send_write("mirror.asset.settle", SETTLE, timestamp_ms=stamp)

    assert len(bench.client._write_stamps) <= 6  # noqa: SLF001 - memory shows in no answer


async def test_client_names_its_key(bench: Bench, signer: KeySigner) -> None:
    assert bench.client.fingerprint == signer.fingerprint


@pytest.mark.parametrize("code", ["G20002", "G20015", "G20001", "G20007", "G99999"])
async def test_write_hands_on_every_code_for_the_caller_to_classify(
    bench: Bench, code: str
) -> None:
    bench.replies = [envelope(None, code=code, status=400, date=format_datetime(START))]
    stamp = await bench.client.next_write_stamp()

    answer = await bench.client.send_write("mirror.asset.settle", SETTLE, timestamp_ms=stamp)

    assert (answer.status, answer.code, answer.data) == (400, code, None)
    assert answer.server_date == START
    assert not answer.is_success


async def test_refusal_that_names_an_order_is_handed_on_with_it(bench: Bench) -> None:
    """Found by the fault matrix: without the order the refusal was believed."""
    bench.replies = [envelope(DONE, code="G20022")]
    stamp = await bench.client.next_write_stamp()

    answer = await bench.client.send_write("mirror.asset.settle", SETTLE, timestamp_ms=stamp)

    assert (answer.code, answer.is_success) == ("G20022", False)
    assert dict(answer.data or {}) == {name: str(value) for name, value in DONE.items()}


@pytest.mark.parametrize(
    "reply",
    [
        envelope(None),
        envelope({**DONE, "requestId": "78"}),
        envelope({"status": 0, "requestId": "77"}),
        envelope(DONE, status=500),
        RawReply(status=502, body=b"<html>"),
    ],
)
async def test_write_answer_that_confirms_nothing_is_refused(bench: Bench, reply: RawReply) -> None:
    bench.replies = [reply]
    stamp = await bench.client.next_write_stamp()

    with pytest.raises(ReplyRefused, match="requestId 77"):
        await bench.client.send_write("mirror.asset.settle", SETTLE, timestamp_ms=stamp)


async def test_number_for_a_request_id_is_the_same_id(bench: Bench) -> None:
    bench.replies = [envelope({**DONE, "requestId": 77})]
    stamp = await bench.client.next_write_stamp()

    answer = await bench.client.send_write("mirror.asset.settle", SETTLE, timestamp_ms=stamp)

    assert answer.is_success


@pytest.mark.parametrize(
    ("code", "status", "retryable"),
    [
        ("G20001", 200, True),
        ("G20007", 401, True),
        ("G20012", 429, True),
        ("G20015", 200, True),
        ("G20009", 401, False),
        ("G20013", 403, False),
        ("G99999", 200, False),
        ("G99999", 503, True),
    ],
)
async def test_refused_read_says_whether_later_helps(
    bench: Bench, code: str, status: int, retryable: bool
) -> None:
    bench.replies = [envelope(None, code=code, status=status)]

    with pytest.raises(RemoteRefused) as caught:
        await bench.client.call("system.status", STATUS)

    error = caught.value
    assert (error.code, error.status, error.retryable) == (code, status, retryable)
    assert error.remote_request_id == "trace-1"
    assert "timestamp" not in str(error)


async def test_read_told_that_its_time_is_off_learns_the_servers(bench: Bench) -> None:
    date = format_datetime(START + timedelta(seconds=90), usegmt=True)
    bench.replies = [envelope(None, code="G20007", date=date), envelope(NORMAL)]
    with pytest.raises(RemoteRefused):
        await bench.client.call("system.status", STATUS)

    await bench.client.call("system.status", STATUS)

    assert bench.client.clock_offset == timedelta(seconds=90.5)
    assert bench.transport.requests[1].query.endswith(f"timestamp={START_MS + 90_500}")


async def test_wrong_door_is_refused_before_anything_is_signed(bench: Bench) -> None:
    with pytest.raises(RequestInvalid, match="goes through send_write"):
        await bench.client.call("mirror.asset.settle", {})
    with pytest.raises(RequestInvalid, match="goes through call"):
        await bench.client.send_write("system.status", "{}", timestamp_ms=START_MS)

    assert bench.transport.requests == []


async def test_parameters_that_do_not_fit_take_no_token(bench: Bench) -> None:
    for _ in range(20):
        with pytest.raises(RequestInvalid):
            await bench.client.call("system.status", {"bizType": "x", "walletType": 20})

    assert bench.clock.elapsed_s == 0.0


async def test_request_shows_neither_api_key_nor_signature(bench: Bench, signer: KeySigner) -> None:
    bench.replies = [envelope(NORMAL)]
    await bench.client.call("system.status", STATUS)
    [request] = bench.transport.requests

    assert API_KEY not in repr(request)
    assert signer.sign(request.query.encode()) not in repr(request)
    assert replace(request) == request


async def test_body_is_the_plan_and_the_timestamp_for_any_planned_text(bench: Bench) -> None:
    planned = SETTLE.replace("USDT", "\\u0055SDT")
    bench.replies = [envelope(DONE)]
    stamp = await bench.client.next_write_stamp()

    await bench.client.send_write("mirror.asset.settle", planned, timestamp_ms=stamp)

    body = bench.transport.requests[0].body
    assert body.startswith(planned[:-1].encode())
    assert json.loads(body) == {**json.loads(planned), "timestamp": stamp}


async def test_api_key_a_server_repeats_in_its_message_is_taken_out(bench: Bench) -> None:
    body = json.dumps({"data": None, "code": "G20003", "message": f"key {API_KEY} is no good"})
    bench.replies = [RawReply(status=200, body=body.encode())]
    stamp = await bench.client.next_write_stamp()

    answer = await bench.client.send_write("mirror.asset.settle", SETTLE, timestamp_ms=stamp)

    assert answer.message == "key [redacted] is no good"
