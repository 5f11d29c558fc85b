"""The real client at a sandbox: what it makes of an answer, in a few words."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from runner.catalogue.body import ParameterValue, body_text
from runner.catalogue.load import load_api
from runner.client.client import Client, Reply
from runner.client.keys import KeyFile, KeySigner, load_key
from runner.client.rate import RateWindow
from runner.client.transport import AsgiApp, HttpTransport, Timeouts
from runner.core.clock import Clock
from runner.core.errors import RemoteError
from runner.sandbox.directory import Sandbox
from runner.sandbox.server import serve

ORDER = {"mirrorXLinkId": "7127", "orderType": "10", "coinSymbol": "USDT", "amount": "5"}
CREATE = "mirrorx.order.create"


@dataclass(frozen=True, slots=True)
class Told:
    """What the client made of one call: an error's kind and status, or an answer's code."""

    kind: str
    status: int | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class ClientCaller:
    """Calls one sandbox through the real client."""

    client: Client

    async def write(
        self, operation_id: str = CREATE, request_id: str = "1", **changed: ParameterValue
    ) -> Told:
        """Send a write once."""
        operation = load_api().operations[operation_id]
        names = {parameter.name for parameter in operation.parameters}
        params = ORDER | {"requestId": request_id} | changed
        body = body_text(operation, {k: v for k, v in params.items() if k in names})
        try:
            stamp_ms = await self.client.next_write_stamp()
            answer = await self.client.send_write(operation_id, body, timestamp_ms=stamp_ms)
        except RemoteError as error:
            return Told(type(error).__name__, error.status, error.code)
        return Told("answer", answer.status, answer.code)

    async def read(self, operation_id: str, **params: ParameterValue) -> Reply:
        """Make one attempt of a read."""
        return await self.client.call(operation_id, params)


def client_of(transport: HttpTransport, sandbox: Sandbox, clock: Clock) -> ClientCaller:
    """Return a caller with the operator's key."""
    key = sandbox.keys["operator"]
    loaded = load_key(KeyFile(path=key.pem_path), environ={}, remember=lambda _secret: None)
    signer = KeySigner(api_key=key.api_key, key=loaded)
    rate = RateWindow(count=100_000, clock=clock)
    return ClientCaller(Client(load_api(), transport, signer, clock, rate=rate))


@asynccontextmanager
async def client_over_socket(
    sandbox: Sandbox, clock: Clock, *, timeouts: Timeouts | None = None
) -> AsyncIterator[ClientCaller]:
    """Serve a sandbox on a real socket and call it there."""
    async with serve(sandbox.app) as url, HttpTransport(url, timeouts=timeouts) as transport:
        yield client_of(transport, sandbox, clock)


@asynccontextmanager
async def client_in_process(
    sandbox: Sandbox, clock: Clock, *, app: AsgiApp | None = None
) -> AsyncIterator[ClientCaller]:
    """Call a sandbox without a socket."""
    async with HttpTransport("http://127.0.0.1:1", mount=app or sandbox.app) as transport:
        yield client_of(transport, sandbox, clock)


def faulty(kind: str, operation: str = CREATE, **options: object) -> Mapping[str, object]:
    """Return a rule as a world spells it."""
    return {"kind": kind, "operation": operation, **options}
