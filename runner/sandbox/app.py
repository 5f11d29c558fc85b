"""The sandbox as an ASGI application.

A request goes: route, size, ``verify``, ``parameters``, ``duplicates``, operation. From the
ledger's transaction on nothing is awaited until the commit, which keeps the effect and the line of
the request log together; only then, after the world's reply delay, is the answer sent. Requests
that are refused before any operation are logged as well.

Every answer is ``{"data", "code", "message"}`` and carries ``x-request-id``, ``date`` (by the
sandbox's clock), ``x-ceffu-sandbox`` with the sandbox's name, and ``x-ceffu-sandbox-detail`` with a
reason where it is refused.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from runner.catalogue.api import Api, Operation
from runner.core.clock import Clock, timestamp_ms
from runner.core.jsonvalue import JsonValue
from runner.sandbox.books import Books, LoggedRequest
from runner.sandbox.call import Answer, Call
from runner.sandbox.duplicates import Duplicates
from runner.sandbox.ledger import Ledger
from runner.sandbox.operations import HANDLERS
from runner.sandbox.parameters import (
    Given,
    body_parameters,
    check_names,
    check_parameters,
    query_parameters,
)
from runner.sandbox.refusal import Refused
from runner.sandbox.strict_types import check_types
from runner.sandbox.switches import HttpStatusMode, Types
from runner.sandbox.verify import (
    PublicKey,
    check_permission,
    check_signature,
    check_timestamp,
    check_use,
    find_key,
    read_credentials,
)
from runner.sandbox.world import World

SUCCESS_CODE = "000000"
BODY_BYTES_MAX = 64 * 1024
_LOGGED_CHARACTERS_MAX = 200


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
    endpoint = _Endpoint(name=name, api=api, world=world, ledger=ledger, keys=keys, clock=clock)
    return Starlette(routes=[Route("/{path:path}", endpoint)])


@dataclass(slots=True)
class _Arrived:
    """What is known of a request so far; the request log is written from it."""

    line: LoggedRequest
    operation: Operation | None = None
    key: PublicKey | None = None
    signature: bytes = b""
    given: Given = field(default_factory=Given)


class _Endpoint:
    """Answers every path and method, as one ASGI application."""

    def __init__(
        self,
        *,
        name: str,
        api: Api,
        world: World,
        ledger: Ledger,
        keys: tuple[PublicKey, ...],
        clock: Clock,
    ) -> None:
        self._name = name
        self._api = api
        self._world = world
        self._ledger = ledger
        self._keys = {key.api_key: key for key in keys}
        self._clock = clock
        self._operations = {
            (operation.method, operation.path): operation
            for operation in (api.operations[operation_id] for operation_id in HANDLERS)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await _read_body(request)
        except ClientDisconnect:
            # What never arrived whole is no request, and nobody waits for an answer.
            return
        response, operation_id = self._answer(request, body)
        delay_ms = self._world.switches.reply_delay_ms.get(operation_id, 0)
        if delay_ms:
            await self._clock.sleep(delay_ms / 1000)
        await response(scope, receive, send)

    def _answer(self, request: Request, body: bytes | None) -> tuple[Response, str]:
        arrived = _Arrived(
            line=LoggedRequest(
                method=request.method[:_LOGGED_CHARACTERS_MAX],
                path=request.scope["path"][:_LOGGED_CHARACTERS_MAX],
                code=SUCCESS_CODE,
            )
        )
        refused: Refused | None = None
        try:
            self._admit(arrived, request, body)
        except Refused as exc:
            refused = exc
        with self._ledger.transaction() as books:
            answer: Answer | None = None
            if refused is None:
                try:
                    answer = self._execute(arrived, books)
                except Refused as exc:
                    refused = exc
            line = arrived.line
            if refused is not None:
                line = replace(
                    line, code=refused.code, detail=refused.detail, duplicate=refused.duplicate
                )
            elif answer is not None:
                order_id = answer.order.id if answer.order is not None else ""
                line = replace(line, order_id=order_id, duplicate=answer.replayed)
            number = books.log(line)
            moment = books.now
        if refused is not None:
            response = self._refusal(refused)
        else:
            assert answer is not None, "a request that is not refused is answered"
            response = _envelope(answer.data, SUCCESS_CODE, self._message(SUCCESS_CODE), status=200)
        self._announce(response, number, moment)
        return response, arrived.line.operation

    def _admit(self, arrived: _Arrived, request: Request, body: bytes | None) -> None:
        operation = self._route(request)
        arrived.operation = operation
        arrived.line = replace(arrived.line, operation=operation.id)
        if body is None:
            raise Refused("G20023", f"the body is above {BODY_BYTES_MAX} bytes", status=413)
        query: bytes = request.scope["query_string"]
        credentials = read_credentials(request.scope["headers"])
        key = find_key(self._keys, credentials)
        arrived.key, arrived.signature = key, credentials.signature
        arrived.line = replace(arrived.line, key_name=key.name)
        check_use(key, request.client.host if request.client else "")
        arrived.line = replace(arrived.line, signed=False)
        check_signature(key, credentials, body if operation.has_body else query)
        arrived.line = replace(arrived.line, signed=True)
        given = body_parameters(body) if operation.has_body else query_parameters(query)
        arrived.given = given
        if operation.is_write:
            shown = given.texts.get("requestId", "")[:_LOGGED_CHARACTERS_MAX]
            arrived.line = replace(arrived.line, request_id=shown)
        check_timestamp(
            given.texts.get("timestamp"),
            now_ms=timestamp_ms(self._clock.now()),
            window_ms=self._world.switches.timestamp_window_ms,
        )
        check_permission(key, operation)
        if self._world.switches.types is Types.STRICT:
            check_types(operation, given.written)
        check_parameters(operation, given)
        check_names(operation, given, self._world)

    def _route(self, request: Request) -> Operation:
        path = request.scope["path"]
        operation = self._operations.get((request.method, path))
        if operation is not None:
            return operation
        allowed = sorted(method for method, known in self._operations if known == path)
        if allowed:
            raise Refused(
                "G20002", "this path has another method", status=405, allow=", ".join(allowed)
            )
        raise Refused("G20002", "no operation has this path", status=404)

    def _execute(self, arrived: _Arrived, books: Books) -> Answer:
        operation, key = arrived.operation, arrived.key
        assert operation is not None, "a request is admitted only for an operation"
        assert key is not None, "a request is admitted only with a key"
        call = Call(
            world=self._world,
            books=books,
            given=arrived.given.texts,
            structured=arrived.given.structured,
            key=key,
        )
        duplicates = Duplicates(books=books, switches=self._world.switches)
        replayed = duplicates.find(operation, call, arrived.signature)
        if replayed is not None:
            return replayed
        try:
            with books.savepoint():
                answer = HANDLERS[operation.id](call)
        except Refused:
            duplicates.remember(operation, call, arrived.signature, None)
            raise
        duplicates.remember(operation, call, arrived.signature, answer)
        return answer

    def _refusal(self, refused: Refused) -> Response:
        known = self._api.error_codes.get(refused.code)
        status = refused.status or 200
        mapped = self._world.switches.http_status is HttpStatusMode.MAPPED
        if refused.status is None and mapped and known is not None:
            status = known.http_status
        response = _envelope(None, refused.code, self._message(refused.code), status=status)
        response.headers["x-ceffu-sandbox-detail"] = refused.detail
        if refused.allow:
            response.headers["allow"] = refused.allow
        return response

    def _message(self, code: str) -> str:
        known = self._api.error_codes.get(code)
        return (known.message or known.meaning) if known is not None else "Unknown error"

    def _announce(self, response: Response, number: int, moment: datetime) -> None:
        response.headers["x-request-id"] = f"sandbox-{number:012d}"
        response.headers["x-ceffu-sandbox"] = self._name
        response.headers["date"] = format_datetime(moment, usegmt=True)


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
