"""One request within one transaction: admitted, carried out, logged, and spoilt by faults.

A request goes: route, size, ``verify``, ``parameters``, ``duplicates``, operation. Everything it
does, its line in the request log and the count of every fault rule included, is in the transaction
of the ``Books`` given, so a kill at any point leaves either all of it or nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from runner.catalogue.api import Api, Operation
from runner.core.record import record
from runner.sandbox.books import Books, LoggedRequest
from runner.sandbox.call import Answer, Call
from runner.sandbox.duplicates import Duplicates
from runner.sandbox.faults import ANSWERING, Fault, FaultKind
from runner.sandbox.operations import HANDLERS
from runner.sandbox.parameters import (
    Given,
    body_parameters,
    check_names,
    check_parameters,
    query_parameters,
)
from runner.sandbox.portal import portal_order
from runner.sandbox.refusal import Refused
from runner.sandbox.spoiling import respell, restage, spoilt_call, spoilt_data, world_under
from runner.sandbox.strict_types import check_types
from runner.sandbox.switches import Types
from runner.sandbox.verify import (
    PublicKey,
    check_permission,
    check_rate,
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
_STRANGERS_FROM = 8_000_000_000_000_000
"""Where requestIds of strangers begin; still below 2^53, and far from what a client would count."""


LoadAddedKeys: TypeAlias = Callable[[Books], Iterable[PublicKey]]
"""Loads the keys that were added to a sandbox after it was made."""


@record
class Arrival:
    """A request as it came from the wire.

    Shapes: ``operation`` is None for a path or method that nothing has; ``body`` is None for one
        that was too large; ``address`` is the caller's IP address, empty where it is not known.
    """

    method: str
    path: str
    query: bytes
    headers: Sequence[tuple[bytes, bytes]] = field(repr=False)
    body: bytes | None
    address: str
    operation: Operation | None


@record
class Reply:
    """What a request is answered, before it is put into an envelope.

    Shapes: ``answer`` is None for a refusal, and then ``refused`` says which; ``number`` is the
        line of the request log; ``now_ms`` is the time the answer shows; ``fault`` is the one that
        decides what travels back, or None.
    """

    answer: Answer | None
    refused: Refused | None
    number: int
    now_ms: int
    fault: Fault | None = None


@dataclass(slots=True)
class _Arrived:
    """What is known of a request so far; the request log is written from it."""

    line: LoggedRequest
    world: World
    books: Books
    played: tuple[Fault, ...]
    operation: Operation | None = None
    key: PublicKey | None = None
    signature: bytes = b""
    given: Given = field(default_factory=Given)
    refused: Refused | None = None
    spoils: bool = True

    def faults(self, kind: FaultKind) -> list[Fault]:
        """Return the faults of a kind that are played on it."""
        return [fault for fault in self.played if fault.kind is kind]


class Service:
    """The custody API behind the wire."""

    def __init__(
        self,
        *,
        api: Api,
        world: World,
        keys: Iterable[PublicKey],
        load_added: LoadAddedKeys | None = None,
    ) -> None:
        """Take the description, the world, its keys, and what loads those added to it."""
        self.api = api
        self.world = world
        self._keys = {key.api_key: key for key in keys}
        self._load_added = load_added
        self._operations = {
            (operation.method, operation.path): operation
            for operation in (api.operations[operation_id] for operation_id in HANDLERS)
        }

    def operation(self, method: str, path: str) -> Operation | None:
        """Return what a request asks for, or None."""
        return self._operations.get((method, path))

    def answer(self, books: Books, arrival: Arrival, played: tuple[Fault, ...]) -> Reply:
        """Carry a request out, with the faults that are played on it."""
        arrived = self._arrive(books, arrival, played)
        fault = next((each for each in played if each.kind in ANSWERING), None)
        if fault is not None and fault.is_before:
            return self._unexecuted(arrived, fault)
        self._let_others(arrived, when="before")
        reply = self._carry_out(arrived)
        for twice in arrived.faults(FaultKind.DUPLICATE_DELIVERY):
            # The second copy meets none of the faults: they belong to the call, not to its copy.
            arrived.spoils = False
            second = self._carry_out(arrived)
            reply = second if twice.text("answer") == "second" else reply
        self._let_others(arrived, when="after")
        return replace(reply, fault=fault)

    def _arrive(self, books: Books, arrival: Arrival, played: tuple[Fault, ...]) -> _Arrived:
        arrived = _Arrived(
            line=LoggedRequest(
                method=arrival.method[:_LOGGED_CHARACTERS_MAX],
                path=arrival.path[:_LOGGED_CHARACTERS_MAX],
                code=SUCCESS_CODE,
                fault=", ".join(map(str, played)),
            ),
            world=world_under(self.world, played),
            books=books,
            played=played,
        )
        try:
            self._admit(arrived, arrival)
        except Refused as exc:
            arrived.refused = exc
        return arrived

    def _admit(self, arrived: _Arrived, arrival: Arrival) -> None:
        operation = self._routed(arrival)
        switches = arrived.world.switches
        arrived.operation = operation
        arrived.line = replace(arrived.line, operation=operation.id)
        if arrival.body is None:
            raise Refused("G20023", f"the body is above {BODY_BYTES_MAX} bytes", status=413)
        credentials = read_credentials(arrival.headers)
        if credentials.api_key not in self._keys and self._load_added is not None:
            added = self._load_added(arrived.books)
            self._keys |= {each.api_key: each for each in added}
        key = find_key(self._keys, credentials)
        arrived.key, arrived.signature = key, credentials.signature
        arrived.line = replace(arrived.line, key_name=key.name)
        check_use(key, arrival.address)
        arrived.line = replace(arrived.line, signed=False)
        check_signature(key, credentials, arrival.body if operation.has_body else arrival.query)
        arrived.line = replace(arrived.line, signed=True)
        check_rate(arrived.books, key, switches.rate_limit)
        given = (
            body_parameters(arrival.body) if operation.has_body else query_parameters(arrival.query)
        )
        arrived.given = given
        if operation.is_write:
            shown = given.texts.get("requestId", "")[:_LOGGED_CHARACTERS_MAX]
            arrived.line = replace(arrived.line, request_id=shown)
        check_timestamp(
            given.texts.get("timestamp"),
            now_ms=self._shown_ms(arrived),
            window_ms=switches.timestamp_window_ms,
        )
        check_permission(key, operation)
        if switches.types is Types.STRICT:
            check_types(operation, given.written)
        check_parameters(operation, given, switches)
        check_names(operation, given, arrived.world)

    def _routed(self, arrival: Arrival) -> Operation:
        if arrival.operation is not None:
            return arrival.operation
        allowed = sorted(method for method, path in self._operations if path == arrival.path)
        if allowed:
            raise Refused(
                "G20002", "this path has another method", status=405, allow=", ".join(allowed)
            )
        raise Refused("G20002", "no operation has this path", status=404)

    def _carry_out(self, arrived: _Arrived) -> Reply:
        answer: Answer | None = None
        refused = arrived.refused
        if refused is None:
            try:
                answer = self._execute(arrived)
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
            answer = replace(answer, data=spoilt_data(answer.data, arrived.played))
        number = arrived.books.log(line)
        now_ms = self._shown_ms(arrived)
        return Reply(answer=answer, refused=refused, number=number, now_ms=now_ms)

    def _execute(self, arrived: _Arrived) -> Answer:
        operation, key, books = arrived.operation, arrived.key, arrived.books
        assert operation is not None, "a request is admitted only for an operation"
        assert key is not None, "a request is admitted only with a key"
        call = Call(
            world=arrived.world,
            books=books,
            given=arrived.given.texts,
            structured=arrived.given.structured,
            key=key,
        )
        call = spoilt_call(call, arrived.played)
        duplicates = Duplicates(books=books, switches=arrived.world.switches)
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
        if answer.order is not None and arrived.spoils:
            restage(books, answer.order, arrived.played)
        return answer

    def _unexecuted(self, arrived: _Arrived, fault: Fault) -> Reply:
        line = replace(arrived.line, code=fault.text("code"), detail="not executed")
        refused = Refused(fault.text("code") or "G20001", "the sandbox plays a fault")
        return Reply(
            answer=None,
            refused=refused,
            number=arrived.books.log(line),
            now_ms=self._shown_ms(arrived),
            fault=fault,
        )

    def _let_others(self, arrived: _Arrived, *, when: str) -> None:
        # Whoever else acts beside a request acts beside one that is taken seriously.
        if arrived.refused is not None:
            return
        for fault in arrived.faults(FaultKind.STRANGER):
            if fault.text("when") == when:
                self._let_stranger(arrived, fault)
        for fault in arrived.faults(FaultKind.PORTAL_ORDER):
            if fault.text("when") == when:
                self._let_person(arrived, fault)

    def _let_stranger(self, arrived: _Arrived, fault: Fault) -> None:
        operation, books = arrived.operation, arrived.books
        assert operation is not None, "strangers repeat an operation"
        texts = {k: v for k, v in arrived.given.texts.items() if k != "requestId"}
        key = next((k for k in self._keys.values() if k.name == fault.text("key")), None)
        if key is None:
            assert arrived.key is not None, "a request is admitted only with a key"
            person = _Person(entity=arrived.key.entity)
            call = Call(world=arrived.world, books=books, given=texts, key=person)
            self._try(call, operation)
            return
        ((lines,),) = books.run("SELECT coalesce(max(number), 0) FROM request")
        request_id = str(_STRANGERS_FROM + lines)
        call = Call(
            world=arrived.world, books=books, given={**texts, "requestId": request_id}, key=key
        )
        call = replace(call, structured=arrived.given.structured)
        answer, refused = self._try(call, operation)
        books.log(
            replace(
                arrived.line,
                key_name=key.name,
                request_id=request_id,
                code=SUCCESS_CODE if refused is None else refused.code,
                detail="" if refused is None else refused.detail,
                order_id=answer.order.id if answer is not None and answer.order else "",
                fault="stranger",
            )
        )

    def _try(self, call: Call, operation: Operation) -> tuple[Answer | None, Refused | None]:
        try:
            with call.books.savepoint():
                return HANDLERS[operation.id](call), None
        except Refused as exc:
            return None, exc

    def _let_person(self, arrived: _Arrived, fault: Fault) -> None:
        given = respell(fault.options["with"])
        try:
            with arrived.books.savepoint():
                portal_order(arrived.world, arrived.books, fault.text("places"), given)
        except Refused:
            # A person who cannot do it gives up; the request goes on.
            return

    def _shown_ms(self, arrived: _Arrived) -> int:
        shown_ms = arrived.books.now_ms
        for fault in arrived.faults(FaultKind.CLOCK_SKEW):
            ahead = fault.duration("ahead") - fault.duration("behind")
            shown_ms += round(ahead.total_seconds() * 1000)
        return shown_ms


@record
class _Person:
    """Somebody in the portal: a requester without a key."""

    entity: str
    name: str = ""
    wallet_ids: frozenset[str] = frozenset()
