"""The client: one attempt of one operation of the catalogue."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from runner.catalogue.api import Api, Operation, WriteOutcome
from runner.catalogue.body import ParameterValue
from runner.client.envelope import SUCCESS, Answer, Content, read_answer, read_content, refused
from runner.client.keys import Signer
from runner.client.parameters import check_body, invalid, planned_body, query_pairs
from runner.client.rate import RateSlot, RateWindow
from runner.client.signing import body_bytes, query_text
from runner.client.stamps import Stamps
from runner.client.wire import RawRequest, Transport
from runner.core.clock import Clock
from runner.core.errors import KeyRefused, NotSent, RemoteRefused
from runner.core.record import record
from runner.core.secret import redact

SEND_WITHIN_MS = 5_000


@record
class Reply:
    """What a read returned.

    Shapes: ``record`` is the object of an object reply, or None; ``rows`` are those of a list or a
        page; ``page`` holds what stands beside the rows; ``value`` is data that is neither, all as
        in ``envelope.Content``. Numbers are text. ``body_sha256`` names the bytes of the answer.
    """

    operation_id: str
    record: Mapping[str, object] | None
    rows: tuple[Mapping[str, object], ...]
    page: Mapping[str, object]
    server_date: datetime | None
    remote_request_id: str
    body_sha256: str
    value: object = None


@record
class WriteAnswer:
    """A well-formed answer to a write, of any code; the caller decides what it proves.

    Shapes: ``data`` is the checked object of a success, or the object that stands unchecked beside
        any other code, which contradicts a refusal; else None. ``value`` is the data of a success
        that is no object (``true``). ``code`` and ``status`` are both needed to classify: a
        definite code under a 5xx is still the custodian's word.
    """

    status: int
    code: str
    message: str
    data: Mapping[str, object] | None
    server_date: datetime | None
    retry_after_s: int | None
    remote_request_id: str
    body_sha256: str
    value: object = None

    @property
    def is_success(self) -> bool:
        """Tell whether the custodian says it has accepted the write."""
        return self.code == SUCCESS


class Client:
    """Calls operations of the catalogue, each call one attempt.

    Every call is checked against the description before anything is signed, waits for the rate
    window of its key, is stamped after that wait and signed right after the stamp. Safe for any
    number of tasks of one event loop.

    Errors: ``RequestInvalid`` for parameters that do not fit (nothing was sent); ``NotSent``,
        ``OutcomeUnknown``, ``ReplyRefused`` as in ``core.errors``.
    Source: DESIGN sections 4 and 6 rule 3.
    """

    def __init__(
        self,
        api: Api,
        transport: Transport,
        signer: Signer,
        clock: Clock,
        *,
        rate: RateWindow,
        send_within_ms: int = SEND_WITHIN_MS,
    ) -> None:
        """Take what a call needs; the transport is closed by whoever opened it."""
        self._api = api
        self._transport = transport
        self._signer = signer
        self._rate = rate
        self._stamps = Stamps(clock)
        self._send_within_ms = send_within_ms
        # Stamps of writes that are young enough to be sent, oldest first, each with its place in
        # the rate window until it is sent.
        self._write_stamps: OrderedDict[int, RateSlot | None] = OrderedDict()

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of the key this client signs with."""
        return self._signer.fingerprint

    @property
    def clock_offset(self) -> timedelta:
        """Return what is added to the local time to get the server's."""
        return self._stamps.offset

    def resync(self, server_date: datetime) -> bool:
        """Learn the server's time from an answer that has just arrived; see ``Stamps.resync``.

        Reads do this by themselves when they are told G20007. For a write the caller decides.
        """
        return self._stamps.resync(server_date)

    async def call(self, operation_id: str, params: Mapping[str, ParameterValue]) -> Reply:
        """Make one attempt of a read.

        Shapes: ``params`` without ``timestamp``, and without the page for the first one; see
            ``Reply``.
        Errors: those of the class; ``RemoteRefused`` for any code but success, ``retryable`` where
            the same read may succeed later (G20001, G20007, G20012, G20015, or an error status of
            the server with any code).
        """
        operation = self._checked(operation_id, write=False)
        if operation.has_body:
            planned = planned_body(operation, params)
            await self._rate.take()
            request = await self._body_request(operation, planned, self._stamps.next_ms())
        else:
            pairs = query_pairs(operation, params)
            await self._rate.take()
            query = query_text(pairs, self._stamps.next_ms())
            request = await self._query_request(operation, query)
        answer, content = await self._exchange(operation, request)
        if content is None:
            raise self._remote_refused(request, answer)
        return Reply(
            operation_id=operation.id,
            record=content.record,
            rows=content.rows,
            page=content.page,
            value=content.value,
            server_date=answer.server_date,
            remote_request_id=answer.remote_request_id,
            body_sha256=answer.body_sha256,
        )

    def server_now(self) -> datetime:
        """Return the server's time as its answers have taught it, else this machine's."""
        return self._stamps.now()

    def timestamp_ms(self) -> int:
        """Return the timestamp of the next write without waiting for the rate window.

        ``send_write`` then waits for it, at the cost of an older stamp.
        """
        return self._stamps.next_ms()

    async def next_write_stamp(self) -> int:
        """Wait for the rate window and return the timestamp of the next write.

        The caller makes it durable in the attempt row and then calls ``send_write`` with it.
        """
        place = await self._rate.hold(self._send_within_ms / 1000)
        stamp_ms = self._stamps.next_ms()
        self._write_stamps[stamp_ms] = place
        return stamp_ms

    async def send_write(self, operation_id: str, body: str, *, timestamp_ms: int) -> WriteAnswer:
        """Send a write once.

        Shapes: ``body`` is the planned JSON object without ``timestamp``; ``timestamp_ms`` comes
            from ``next_write_stamp``, which has waited for the rate window, or from
            ``timestamp_ms``, and then this call waits for it.
        Errors: those of the class. ``NotSent`` also when the stamp is further from now than
            ``send_within_ms`` (the fence of an attempt counts from its stamp) or was sent before
            (equal bytes are never sent twice). ``ReplyRefused`` also when a success lacks data or
            a required field, or names another requestId.
        """
        operation = self._checked(operation_id, write=True)
        request_id = check_body(operation, body)
        if timestamp_ms not in self._write_stamps:
            await self._rate.take()
        place = self._claim_stamp(operation, timestamp_ms, request_id)
        if place is not None:
            await self._rate.use(place)
        request = await self._body_request(operation, body, timestamp_ms, request_id)
        if self._signer.is_slow:
            # Whoever holds the key may have taken the time that the stamp had.
            self._refuse_stale(operation, timestamp_ms, request_id)
        answer, content = await self._exchange(operation, request)
        return WriteAnswer(
            status=answer.status,
            code=answer.code,
            message=answer.message,
            data=content.record if content else _object(answer.data),
            value=content.value if content else None,
            server_date=answer.server_date,
            retry_after_s=answer.retry_after_s,
            remote_request_id=answer.remote_request_id,
            body_sha256=answer.body_sha256,
        )

    def operation(self, operation_id: str) -> Operation:
        """Return the description of an operation of the catalogue."""
        return self._api.operations[operation_id]

    def _checked(self, operation_id: str, *, write: bool) -> Operation:
        operation = self.operation(operation_id)
        if operation.is_write is not write:
            wanted = "send_write" if operation.is_write else "call"
            raise invalid(operation, f"{operation_id} goes through {wanted}")
        return operation

    async def _headers(
        self, operation: Operation, signed: bytes, request_id: str = ""
    ) -> tuple[tuple[str, str], ...]:
        try:
            signature = (
                await asyncio.to_thread(self._signer.sign, signed)
                if self._signer.is_slow
                else self._signer.sign(signed)
            )
        except KeyRefused as error:
            # No byte has left yet, which is what whoever waits for an effect must know.
            raise NotSent(
                str(error),
                method=operation.method,
                path=operation.path,
                request_id=request_id,
                hint=error.hint,
            ) from error
        return (("open-apikey", self._signer.api_key), ("signature", signature))

    async def _query_request(self, operation: Operation, query: str) -> RawRequest:
        return RawRequest(
            method=operation.method,
            path=operation.path,
            query=query,
            headers=await self._headers(operation, query.encode("ascii")),
        )

    async def _body_request(
        self, operation: Operation, planned: str, stamp_ms: int, request_id: str = ""
    ) -> RawRequest:
        data = body_bytes(planned, stamp_ms)
        headers = await self._headers(operation, data, request_id)
        return RawRequest(
            method=operation.method,
            path=operation.path,
            body=data,
            headers=(*headers, ("Content-Type", "application/json")),
            request_id=request_id,
        )

    def _claim_stamp(self, operation: Operation, stamp_ms: int, request_id: str) -> RateSlot | None:
        now_ms = self._stamps.now_ms()
        while self._write_stamps and next(iter(self._write_stamps)) < now_ms - self._send_within_ms:
            self._write_stamps.popitem(last=False)
        self._refuse_stale(operation, stamp_ms, request_id)
        if stamp_ms in self._write_stamps and self._write_stamps[stamp_ms] is None:
            reason = "a request with this timestamp was sent before"
            raise _needs_new_stamp(operation, reason, request_id)
        self._stamps.note(stamp_ms)
        place = self._write_stamps.get(stamp_ms)
        self._write_stamps[stamp_ms] = None
        return place

    def _refuse_stale(self, operation: Operation, stamp_ms: int, request_id: str) -> None:
        away_ms = abs(self._stamps.now_ms() - stamp_ms)
        if away_ms > self._send_within_ms:
            reason = f"stamped {away_ms} ms away from now, which is too far"
            raise _needs_new_stamp(operation, reason, request_id)

    async def _exchange(
        self, operation: Operation, request: RawRequest
    ) -> tuple[Answer, Content | None]:
        raw = await self._transport.send(request)
        answer = read_answer(request, raw)
        if self._signer.api_key in answer.message:
            # Messages are journalled and shown, and a server may say whose key it did not like.
            answer = replace(answer, message=redact(answer.message, [self._signer.api_key]))
        if answer.code != SUCCESS:
            return answer, None
        content = read_content(operation, request, raw, answer)
        echoed = (content.record or {}).get("requestId")
        if operation.is_write and echoed is not None and echoed != request.request_id:
            raise refused(request, raw, "a success that names another requestId", answer.code)
        return answer, content

    def _remote_refused(self, request: RawRequest, answer: Answer) -> RemoteRefused:
        known = self._api.error_codes.get(answer.code)
        outcome = known.write_outcome if known else None
        if outcome is WriteOutcome.REPEATABLE and answer.server_date:
            self._stamps.resync(answer.server_date)
        meaning = answer.message or (known.meaning if known else "") or "refused"
        error = RemoteRefused(
            f"{answer.code} {meaning}",
            method=request.method,
            path=request.path,
            status=answer.status,
            code=answer.code,
            remote_request_id=answer.remote_request_id,
        )
        # A read changes nothing, so whatever a later moment can cure is worth another attempt.
        error.retryable = outcome in _CURED_BY_TIME or answer.status >= _SERVER_ERROR
        return error


def _object(data: object) -> Mapping[str, object] | None:
    return data if isinstance(data, dict) else None


def _needs_new_stamp(operation: Operation, reason: str, request_id: str) -> NotSent:
    return NotSent(
        reason,
        method=operation.method,
        path=operation.path,
        request_id=request_id,
        hint="a new attempt takes a new timestamp",
    )


_CURED_BY_TIME = frozenset(
    {
        WriteOutcome.REPEATABLE,
        WriteOutcome.RATE_LIMITED,
        WriteOutcome.ALREADY_RECEIVED,
        WriteOutcome.UNKNOWN,
    }
)
_SERVER_ERROR = 500
