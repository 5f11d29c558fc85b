"""The sandbox on a real socket of this machine, in the caller's event loop."""

import asyncio
import ipaddress
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from runner.core.errors import SettingsInvalid
from runner.sandbox.wire import CUT_EXTENSION


@asynccontextmanager
async def serve(
    app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, grace_s: float = 1.0
) -> AsyncIterator[str]:
    """Serve an application while the body runs, and give its base URL: ``http://127.0.0.1:40123``.

    The kernel picks the port when it is 0. The server takes no signals, writes no log and knows no
    lifespan. At the end requests that are being answered have ``grace_s`` to finish; what is
    committed stays committed.

    Units: ``grace_s`` is seconds, zero cuts off at once.
    Errors: ``SettingsInvalid`` for an address that is not loopback, or that cannot be had.
    """
    listener = _listen(host, port)
    state = ServerState()
    server = Server(_config(_cuttable(_without_cancellation(app), state)))
    server.server_state = state
    await _start(server, listener)
    bound_host, bound_port = listener.getsockname()[:2]
    shown_host = f"[{bound_host}]" if ":" in bound_host else bound_host
    try:
        yield f"http://{shown_host}:{bound_port}"
    finally:
        await _stop(server, grace_s)


def _listen(host: str, port: int) -> socket.socket:
    try:
        address = ipaddress.ip_address(host)
    except ValueError as exc:
        raise SettingsInvalid(f"{host!r} is not an IP address", hint="use 127.0.0.1") from exc
    if not address.is_loopback:
        raise SettingsInvalid(
            f"the sandbox does not listen on {host}: its keys and its money are not real",
            hint="use 127.0.0.1",
        )
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004 - IPv4
    # asyncio sets TCP_NODELAY only on sockets that name their protocol; without it every answer
    # waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
    except OSError as exc:
        listener.close()
        raise SettingsInvalid(f"cannot listen on {host} port {port}: {exc.strerror}") from exc
    return listener


def _config(app: ASGIApp) -> Config:
    return Config(
        app,
        interface="asgi3",
        lifespan="off",
        http="h11",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        # The application sends the date of its own clock.
        date_header=False,
        # A run may pause between two steps for longer than the usual five seconds.
        timeout_keep_alive=75,
    )


async def _start(server: Server, listener: socket.socket) -> None:
    # The steps of Server.serve() without its signal handlers and without its main loop, which only
    # renews the date header and looks for a reason to exit ten times a second.
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[listener])


async def _stop(server: Server, grace_s: float) -> None:
    # Server.shutdown() sleeps 0.1 s even when nothing is open, which every sandboxed run would pay.
    for listening in server.servers:
        listening.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()
    running = set(server.server_state.tasks)
    if running:
        await asyncio.wait(running, timeout=grace_s)
    # Connections go before the tasks behind them: a client that is cut off sees no answer, never
    # one that uvicorn made up.
    for connection in list(server.server_state.connections):
        connection.transport.abort()
    # One turn of the loop for the transports to report that they are closed.
    await asyncio.sleep(0)
    late = set(server.server_state.tasks)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)


def _cuttable(app: ASGIApp, state: ServerState) -> ASGIApp:
    # An application speaks HTTP and cannot end the connection below it; faults have to.
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        for connection in state.connections:
            if isinstance(connection, H11Protocol) and connection.scope is scope:
                extensions: dict[str, object] = {CUT_EXTENSION: partial(_cut, connection.transport)}
                scope = {**scope, "extensions": extensions}
        await app(scope, receive, send)

    return answer


def _cut(transport: asyncio.Transport, *, reset: bool) -> None:
    if not reset:
        transport.close()
        return
    # A socket that lingers for no time at all is reset when it is closed.
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _without_cancellation(app: ASGIApp) -> ASGIApp:
    # uvicorn logs a cancelled request as a crash of the application; only _stop cancels here, after
    # the connection is gone.
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    return answer
