"""The sandbox as an ASGI application.

From the ledger's transaction on nothing is awaited until the commit, which keeps all of a request's
effects and its line of the request log together (``service``); only then, after the world's reply
delay, is the answer sent. Requests that are refused before any operation are logged as well.

A request that a fault holds up before its execution is counted when it arrives, in a transaction of
its own, and carried out when its time has come; one that is killed in between never was.

Every answer is ``{"data", "code", "message"}`` and carries ``x-request-id``, ``date`` (by the
sandbox's clock), ``x-ceffu-sandbox`` with the sandbox's name, and ``x-ceffu-sandbox-detail`` with a
reason where it is refused.
"""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from runner.catalogue.api import Api
from runner.core.clock import Clock
from runner.core.jsonvalue import JsonValue
from runner.sandbox.faults import Fault, FaultKind
from runner.sandbox.ledger import Ledger
from runner.sandbox.refusal import Refused
from runner.sandbox.service import (
    BODY_BYTES_MAX,
    SUCCESS_CODE,
    Arrival,
    Reply,
    Service,
)
from runner.sandbox.steering import FaultRules
from runner.sandbox.switches import HttpStatusMode
from runner.sandbox.verify import PublicKey
from runner.sandbox.wire import replaced_response, send_cut
from runner.sandbox.world import World

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def build_app(
    *,
    name: str,
    api: Api,
    world: World,
    ledger: Ledger,
    keys: tuple[PublicKey, ...],
    clock: Clock,
) -> Starlette:
    """Build the application of one sandbox; ``name`` is how it announces itself."""
    service = Service(api=api, world=world, keys=keys)
    return mount_service(service, name=name, ledger=ledger, clock=clock)


def mount_service(service: Service, *, name: str, ledger: Ledger, clock: Clock) -> Starlette:
    """Build the application that answers with a service."""
    endpoint = _Endpoint(service=service, name=name, ledger=ledger, clock=clock)
    return Starlette(routes=[Route("/{path:path}", endpoint)])


class _Endpoint:
    """Answers every path and method, as one ASGI application."""

    def __init__(self, *, service: Service, name: str, ledger: Ledger, clock: Clock) -> None:
        self._service = service
        self._name = name
        self._switches = service.world.switches
        self._ledger = ledger
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await _read_body(request)
        except ClientDisconnect:
            # What never arrived whole is no request, and nobody waits for an answer.
            return
        arrival = self._arrival(request, body)
        played, reply = self._begin(arrival)
        if reply is None:
            await self._clock.sleep(_delay_s(played, when="before"))
            with self._ledger.transaction(durable=_is_write(arrival)) as books:
                reply = self._service.answer(books, arrival, played)
        delay_s = self._reply_delay_s(arrival) + _delay_s(played, when="after")
        if delay_s:
            await self._clock.sleep(delay_s)
        response = self._response(reply)
        if reply.fault is None or not await send_cut(reply.fault, response, scope, receive, send):
            await response(scope, receive, send)

    def _arrival(self, request: Request, body: bytes | None) -> Arrival:
        path = request.scope["path"]
        return Arrival(
            method=request.method,
            path=path,
            query=request.scope["query_string"],
            headers=request.scope["headers"],
            body=body,
            address=request.client.host if request.client else "",
            operation=self._service.operation(request.method, path),
        )

    def _begin(self, arrival: Arrival) -> tuple[tuple[Fault, ...], Reply | None]:
        with self._ledger.transaction(durable=_is_write(arrival)) as books:
            played: tuple[Fault, ...] = ()
            if arrival.operation is not None:
                played = FaultRules(books=books).play(arrival.operation)
            if _delay_s(played, when="before"):
                return played, None
            return played, self._service.answer(books, arrival, played)

    def _reply_delay_s(self, arrival: Arrival) -> float:
        if arrival.operation is None:
            return 0.0
        return self._switches.reply_delay_ms.get(arrival.operation.id, 0) / 1000

    def _response(self, reply: Reply) -> Response:
        response = self._answer_of(reply)
        if reply.fault is not None:
            response = replaced_response(reply.fault) or response
        moment = _EPOCH + timedelta(milliseconds=reply.now_ms)
        response.headers["x-request-id"] = f"sandbox-{reply.number:012d}"
        response.headers["x-ceffu-sandbox"] = self._name
        response.headers["date"] = format_datetime(moment, usegmt=True)
        return response

    def _answer_of(self, reply: Reply) -> Response:
        if reply.fault is not None and reply.fault.kind is FaultKind.ERROR_CODE:
            return self._refusal(Refused(reply.fault.text("code"), "the sandbox plays a fault"))
        if reply.refused is not None:
            return self._refusal(reply.refused)
        assert reply.answer is not None, "a request that is not refused is answered"
        message = self._switches.success_message
        return _envelope(reply.answer.data, SUCCESS_CODE, message, status=200)

    def _refusal(self, refused: Refused) -> Response:
        known = self._service.api.error_codes.get(refused.code)
        status = refused.status or 200
        mapped = self._switches.http_status is HttpStatusMode.MAPPED
        if refused.status is None and mapped and known is not None:
            status = known.http_status
        response = _envelope(None, refused.code, self._message(refused.code), status=status)
        response.headers["x-ceffu-sandbox-detail"] = refused.detail
        if refused.allow:
            response.headers["allow"] = refused.allow
        return response

    def _message(self, code: str) -> str:
        known = self._service.api.error_codes.get(code)
        return (known.message or known.meaning) if known is not None else "Unknown error"


def _is_write(arrival: Arrival) -> bool:
    return arrival.operation is not None and arrival.operation.is_write


def _delay_s(played: tuple[Fault, ...], *, when: str) -> float:
    return sum(
        fault.duration("by").total_seconds()
        for fault in played
        if fault.kind is FaultKind.DELAY and fault.text("when") == when
    )


async def _read_body(request: Request) -> bytes | None:
    # None for a body that is too large; the rest of it is read and dropped, so that the client can
    # finish sending and see the answer.
    body = bytearray()
    too_large = False
    async for chunk in request.stream():
        too_large = too_large or len(body) + len(chunk) > BODY_BYTES_MAX
        if not too_large:
            body += chunk
    return None if too_large else bytes(body)


def _envelope(data: JsonValue, code: str, message: str, *, status: int) -> Response:
    content = json.dumps(
        {"data": data, "code": code, "message": message},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return Response(content, status_code=status, media_type="application/json")
