"""The way to the sandbox and back, with everything that can befall a request on it.

``Wire`` is an ASGI application in front of the sandbox's, which raises what httpx raises where
there is a network. It is mounted under the real HTTP transport, or, six times cheaper, under
``Carrier``, which is that transport without httpx; a test plays the same cases through both.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import httpx

from runner.catalogue.manifests import MANIFESTS
from runner.client.wire import RawReply, RawRequest
from runner.core.errors import NotSent, OutcomeUnknown
from runner.core.record import record
from runner.effects.model import EffectOrder
from tests.faults.clock import StoryClock
from tests.faults.custodian import Custodian
from tests.faults.faulty import CLIENT_TIMEOUT_S, OK, READ_OK, ReadFault, SendFault, Way
from tests.faults.models import Twin

Message: TypeAlias = MutableMapping[str, Any]


class Crash(BaseException):
    """The process ends here; nothing of ours may catch it."""


@record
class Post:
    """One send of the effect as the wire saw it.

    Shapes: ``body`` is without its timestamp; ``durable`` tells whether the attempt with this
        timestamp could be read from the disk at that moment.
    """

    body: str
    request_id: str
    timestamp_ms: int
    durable: bool


@dataclass(kw_only=True)
class Wire:
    """The wire of one case.

    Shapes: ``sends`` are the faults of the first send, the second and so on, after which all goes
        well; ``dies_after_s`` makes the first send the last act of its process: what was sent
        arrives that much later.
    """

    custodian: Custodian
    clock: StoryClock
    order: EffectOrder
    sends: tuple[SendFault, ...] = ()
    read: ReadFault = READ_OK
    twin: Twin = Twin.NONE
    dies_after_s: float | None = None
    is_durable: Callable[[int], bool]
    tell: Callable[[str], None] | None = None
    posts: list[Post] = field(default_factory=list)
    reads_spoilt: int = 0
    quiet_since_s: float = 0.0
    """When the last fault was played."""
    arrived: int = 0
    """How many times the effect's request reached the sandbox."""

    def begin(self) -> None:
        """Make the rules that hold from the start."""
        for fault in self.sends:
            self.custodian.add_faults(fault.always, "*")
        if self.read.first_look:
            self._spoil_reads()
        if self.twin is Twin.FIRST:
            self._twin(self.order.body)

    def twin_now(self) -> None:
        """Let somebody in the portal do the same at once."""
        self._twin(self.order.body)

    def calm(self) -> None:
        """Let nothing befall a read any more."""
        self.read = READ_OK

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        is_effect = (scope["method"], scope["path"]) == (self.order.method, self.order.url_path)
        handle = self._post if is_effect else self._get
        for message in await handle(scope, body):
            await send(message)

    # reads

    async def _get(self, scope: Message, body: bytes) -> list[Message]:
        begun = self.posts or self.read.first_look
        if begun and self.read.way is Way.LOST_ANSWER and self.reads_spoilt < self.read.reads:
            self.reads_spoilt += 1
            self._note(f"read {scope['path']}: no answer in time")
            await self._wait_in_vain()
        return await self._deliver(scope, body)

    def _spoil_reads(self) -> None:
        self.quiet_since_s = self.clock.elapsed_s
        if self.read.rules:
            rules = tuple(replace(rule, calls=self.read.reads) for rule in self.read.rules)
            self.reads_spoilt = self.read.reads
            self.custodian.add_faults(rules, MANIFESTS[self.order.action].resolver)

    # sends

    async def _post(self, scope: Message, body: bytes) -> list[Message]:
        number = len(self.posts)
        fault = self.sends[number] if number < len(self.sends) else OK
        self._keep(body)
        if number == 0 and not self.read.first_look:
            self._spoil_reads()
        if fault is not OK:
            self.quiet_since_s = self.clock.elapsed_s + fault.late_s
        self._note(f"send {number + 1}: {fault.name}")
        if fault.way in _NEVER_LEFT:
            kind, words = _NEVER_LEFT[fault.way]
            raise kind(words)
        if number == 0 and self.dies_after_s is not None:
            self._deliver_later(scope, body, self.dies_after_s, fault)
            raise Crash
        if fault.way is Way.LOST:
            await self._wait_in_vain()
        if fault.way in {Way.LATE, Way.RESET_THEN_LATE, Way.QUEUED}:
            self._deliver_later(scope, body, fault.late_s, fault)
            if fault.way is Way.QUEUED:
                return _answer(200, {"code": "G29999", "message": "queued", "data": None})
            if fault.way is Way.RESET_THEN_LATE:
                raise httpx.ReadError("the connection was reset")
            await self._wait_in_vain()
        answer = await self._execute(scope, body, fault, first=number == 0)
        if fault.way is Way.LOST_ANSWER:
            await self._wait_in_vain()
        return _mangled(answer, fault.mangled) if fault.mangled else answer

    async def _execute(
        self, scope: Message, body: bytes, fault: SendFault, *, first: bool
    ) -> list[Message]:
        self.custodian.add_faults(fault.rules, self.order.operation) if fault.rules else None
        if first and self.twin is Twin.BEFORE:
            self._twin(body.decode())
        self.arrived += 1
        try:
            return await self._deliver(scope, body)
        finally:
            if first and self.twin is Twin.AFTER:
                self._twin(body.decode())

    def _deliver_later(self, scope: Message, body: bytes, delay_s: float, fault: SendFault) -> None:
        first = len(self.posts) == 1

        async def arrive() -> None:
            self._note("what was sent arrives, and nobody waits for it")
            try:
                await self._execute(scope, body, fault, first=first)
            except OSError:
                return

        self.clock.later(delay_s, arrive)

    def _keep(self, body: bytes) -> None:
        fields = json.loads(body)
        stamp_ms = int(fields.pop("timestamp"))
        self.posts.append(
            Post(
                body=json.dumps(fields, sort_keys=True),
                request_id=str(fields.get("requestId", "")),
                timestamp_ms=stamp_ms,
                durable=self.is_durable(stamp_ms),
            )
        )

    def _twin(self, body: str) -> None:
        fields: Mapping[str, object] = json.loads(body)
        given = {k: str(v) for k, v in fields.items() if k not in {"requestId", "timestamp"}}
        placed = self.custodian.place(self.order.operation, given)
        self._note(f"somebody places the same in the portal: {placed and placed.id}")

    # both

    async def _deliver(self, scope: Message, body: bytes) -> list[Message]:
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        try:
            await self.custodian.app(scope, receive, send)
        except ConnectionResetError:
            self._note("the connection breaks")
            raise
        if self.tell is not None:
            shown = b"".join(each.get("body", b"") for each in messages[1:])[:300]
            self._note(f"{scope['method']} {scope['path']} -> {messages[0]['status']} {shown!r}")
        return messages

    async def _wait_in_vain(self) -> None:
        await self.clock.sleep(CLIENT_TIMEOUT_S)
        self.quiet_since_s = max(self.quiet_since_s, self.clock.elapsed_s)
        raise httpx.ReadTimeout("no answer in time")

    def _note(self, text: str) -> None:
        if self.tell is not None:
            self.tell(text)


class Carrier:
    """The client's transport port without httpx: the same table of errors, no connections."""

    def __init__(self, app: Wire) -> None:
        self._app = app

    async def send(self, request: RawRequest) -> RawReply:
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        try:
            await self._app(_scope(request), receive, send)
        except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
            raise NotSent(
                "no connection", method=request.method, path=request.path,
                request_id=request.request_id,
            ) from exc  # fmt: skip
        except (httpx.HTTPError, OSError) as exc:
            raise OutcomeUnknown(
                "the call failed", method=request.method, path=request.path,
                request_id=request.request_id,
            ) from exc  # fmt: skip
        headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        return RawReply(
            status=messages[0]["status"],
            body=b"".join(each.get("body", b"") for each in messages[1:]),
            date=headers.get("date", ""),
            content_type=headers.get("content-type", ""),
            retry_after=headers.get("retry-after", ""),
            remote_request_id=headers.get("x-request-id", ""),
            sandbox=headers.get("x-ceffu-sandbox", ""),
        )


def _scope(request: RawRequest) -> Message:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode(),
        "root_path": "",
        "query_string": request.query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in request.headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
        "extensions": {},
    }


def _answer(status: int, envelope: Mapping[str, object]) -> list[Message]:
    text = json.dumps(envelope).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(text))]
    return [
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": text},
    ]


def _mangled(messages: list[Message], how: str) -> list[Message]:
    """Return an answer that is not what the description promises."""
    start = messages[0]
    envelope = json.loads(b"".join(each.get("body", b"") for each in messages[1:]))
    if not isinstance(envelope["data"], dict):
        return messages
    text = _MANGLERS[how](envelope).encode()
    headers = [(k, v) for k, v in start["headers"] if k != b"content-length"]
    headers.append((b"content-length", str(len(text)).encode()))
    return [{**start, "headers": headers}, {"type": "http.response.body", "body": text}]


_ORDER_IDS = frozenset({"orderViewId", "recordId", "walletId", "walletIdStr"})


def _without_order_id(envelope: dict[str, Any]) -> str:
    kept = {k: v for k, v in envelope["data"].items() if k not in _ORDER_IDS}
    return json.dumps({**envelope, "data": kept})


def _with_order(envelope: dict[str, Any]) -> str:
    return json.dumps({**envelope, "code": "G20022", "message": "refused"})


def _odd_status(envelope: dict[str, Any]) -> str:
    return json.dumps({**envelope, "data": {**envelope["data"], "status": 77}})


_MANGLERS: Mapping[str, Callable[[dict[str, Any]], str]] = {
    "no order id": _without_order_id,
    "no data": lambda envelope: json.dumps({**envelope, "data": None}),
    "odd status": _odd_status,
    "double keys": lambda envelope: '{"code": "000000", ' + json.dumps(envelope)[1:],
    "not json": lambda envelope: json.dumps(envelope) + "}",
    "refusal with order": _with_order,
}
_NEVER_LEFT: Mapping[Way, tuple[type[httpx.TransportError], str]] = {
    Way.NO_NAME: (httpx.ConnectError, "Name or service not known"),
    Way.REFUSED: (httpx.ConnectError, "Connection refused"),
    Way.NO_TLS: (httpx.ConnectError, "certificate verify failed"),
    Way.NO_ROUTE_IN_TIME: (httpx.ConnectTimeout, "timed out"),
}
