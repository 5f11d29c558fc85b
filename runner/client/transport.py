"""The HTTP library's one door: bytes out, bytes in, and its errors turned into ours.

httpx is used one floor below its client, at ``AsyncHTTPTransport``. Redirects, cookies, ``.netrc``,
proxies from the environment and log lines with whole URLs live in the client above, so they are not
switched off here but absent. TLS contexts are built here too: the standard library's ready-made one
writes session keys to ``SSLKEYLOGFILE``, and its default paths follow ``SSL_CERT_FILE``. What the
``httpcore`` logger may say is for ``app/log_setup.py`` to decide, as for every foreign logger.

Three lessons are built in (DEPENDENCIES section 5, PERFORMANCE "What to know first" 2):

* A cancelled httpx call can leave its pool one connection short, for good. So a call runs in a task
  of its own, and cancelling ``send`` leaves that task running to its end.
* The cap on a call's total time has to cancel, because a server may drip bytes for ever. Such a
  call retires the pool it ran in; the next call gets a new one.
* One pool collapses above eight or ten connections. So there are several small ones.
"""

import asyncio
import ipaddress
import re
import ssl
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias
from urllib.parse import urlsplit

import certifi
import httpx

from runner.client.wire import RawReply, RawRequest
from runner.core.errors import (
    NotSent,
    OutcomeUnknown,
    RemoteError,
    ReplyRefused,
    SettingsInvalid,
)
from runner.core.record import record

AsgiApp: TypeAlias = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]
"""An ASGI application, as the specification types it."""


@record
class Timeouts:
    """How long the parts of a call may take.

    Units: seconds. ``slot_s`` is the wait for a free connection before anything is sent;
        ``connect_s`` covers name, connection and TLS, each; ``read_s`` and ``write_s`` the silence
        between two pieces; ``total_s`` everything after the slot, however lively the server is.
    """

    slot_s: float = 5.0
    connect_s: float = 5.0
    read_s: float = 15.0
    write_s: float = 10.0
    total_s: float = 30.0


@record
class Limits:
    """How many connections there are and how large a reply may be.

    Shapes: ``pools`` times ``connections`` calls run at once; 16 x 4 carried 64 tasks at 0.87 to
        1.05 of the throughput of 8, 8 x 8 at 0.7 to 0.85.
    Units: ``body_bytes_max`` counts bytes as they travel; compressed replies are refused.
        ``keepalive_s`` is below what servers usually allow (5 s and up), so that a connection is
        rarely reused in the moment the server closes it.
    """

    pools: int = 16
    connections: int = 4
    keepalive_s: float = 4.0
    body_bytes_max: int = 8 * 1024 * 1024


class HttpTransport:
    """Sends requests to one host, each once.

    Shapes: ``base_url`` is ``https://HOST[:PORT]``, or ``http://`` on loopback only. ``ca`` is a
        PEM file used instead of the built-in list of authorities. ``proxy`` is an ``http://`` or
        ``https://`` URL; the environment's proxies are not looked at. ``mount`` is an ASGI
        application that answers instead of the network.
    Errors: ``SettingsInvalid`` from the constructor.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeouts: Timeouts | None = None,
        limits: Limits | None = None,
        ca: Path | None = None,
        proxy: str | None = None,
        mount: AsgiApp | None = None,
    ) -> None:
        """Check the address and prepare the pools; nothing is opened yet."""
        self._base = _checked_base(base_url)
        self._timeouts = timeouts or Timeouts()
        self._limits = limits or Limits()
        self._mount = mount
        is_tls = self._base.scheme == "https"
        self._tls = _tls_context(ca) if is_tls and mount is None else _no_tls()
        self._proxy = _checked_proxy(proxy, ca, is_tls=is_tls) if proxy else None
        self._pools = [_Pool(transport=self._open_pool()) for _ in range(self._limits.pools)]
        self._slots = asyncio.Semaphore(self._limits.pools * self._limits.connections)
        self._running: set[asyncio.Task[RawReply]] = set()
        self._is_closed = False
        self._extensions = {
            "timeout": {
                "connect": self._timeouts.connect_s,
                "read": self._timeouts.read_s,
                "write": self._timeouts.write_s,
                "pool": self._timeouts.slot_s,
            }
        }

    async def send(self, request: RawRequest) -> RawReply:
        """Send once and return the reply, whatever its status.

        Cancelling it while it waits for a connection sends nothing; cancelling it later leaves the
        call running to its end, and ``aclose`` waits for that.

        Errors: ``NotSent``, ``OutcomeUnknown``, ``ReplyRefused``.
        """
        await self._take_slot(request)
        # No await between the slot and the task, so a cancellation cannot lose the slot.
        task = asyncio.ensure_future(self._attempt(request))
        self._running.add(task)
        task.add_done_callback(self._finish)
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Wait for calls still running, at most their total time, and close every connection."""
        self._is_closed = True
        if self._running:
            await asyncio.wait(self._running)
        for pool in self._pools:
            await pool.transport.aclose()

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        await self.aclose()

    async def _take_slot(self, request: RawRequest) -> None:
        if self._is_closed:
            raise _error(NotSent, request, "the client is closed")
        try:
            async with asyncio.timeout(self._timeouts.slot_s):
                await self._slots.acquire()
        except TimeoutError as exc:
            raise _error(NotSent, request, "no connection became free in time") from exc

    def _finish(self, task: "asyncio.Task[RawReply]") -> None:
        self._running.discard(task)
        self._slots.release()

    async def _attempt(self, request: RawRequest) -> RawReply:
        pool = min(self._pools, key=_busy)
        pool.busy += 1
        try:
            async with asyncio.timeout(self._timeouts.total_s):
                return await self._exchange(pool.transport, request)
        except TimeoutError as exc:
            self._retire(pool)
            reason = f"no complete answer within {self._timeouts.total_s:g} s"
            raise _error(OutcomeUnknown, request, reason) from exc
        except (httpx.HTTPError, httpx.StreamError, OSError) as exc:
            raise _translated(exc, request) from exc
        finally:
            pool.busy -= 1
            if pool.is_retired and not pool.busy:
                await pool.transport.aclose()

    async def _exchange(self, transport: httpx.AsyncBaseTransport, request: RawRequest) -> RawReply:
        target = f"{request.path}?{request.query}" if request.query else request.path
        url = self._base.copy_with(raw_path=target.encode("ascii"))
        assert url.raw_path == target.encode("ascii"), "the signed text was encoded again"
        response = await transport.handle_async_request(
            httpx.Request(
                request.method,
                url,
                headers=[*_HEADERS, *request.headers],
                content=request.body if request.method == "POST" else None,
                extensions=self._extensions,
            )
        )
        try:
            return await self._read(response, request)
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response, request: RawRequest) -> RawReply:
        encoding = response.headers.get("content-encoding", "identity")
        if encoding.strip().lower() != "identity":
            # A few compressed bytes can be a gigabyte; we asked for none and take none.
            reason = "a compressed answer, which was not asked for"
            raise _error(ReplyRefused, request, reason, status=response.status_code)
        body = bytearray()
        async for chunk in response.stream:  # type: ignore[union-attr]  # async by construction
            body += chunk
            if len(body) > self._limits.body_bytes_max:
                reason = f"an answer of more than {self._limits.body_bytes_max} bytes"
                raise _error(ReplyRefused, request, reason, status=response.status_code)
        return RawReply(
            status=response.status_code,
            body=bytes(body),
            date=_header(response, "date"),
            content_type=_header(response, "content-type"),
            retry_after=_header(response, "retry-after"),
            remote_request_id=_header(response, "x-request-id"),
            sandbox=_header(response, "x-ceffu-sandbox"),
        )

    def _retire(self, pool: "_Pool") -> None:
        if not pool.is_retired:
            pool.is_retired = True
            self._pools[self._pools.index(pool)] = _Pool(transport=self._open_pool())

    def _open_pool(self) -> httpx.AsyncBaseTransport:
        if self._mount is not None:
            return httpx.ASGITransport(app=self._mount)
        return httpx.AsyncHTTPTransport(
            verify=self._tls,
            trust_env=False,
            http1=True,
            http2=False,
            limits=httpx.Limits(
                max_connections=self._limits.connections,
                max_keepalive_connections=self._limits.connections,
                keepalive_expiry=self._limits.keepalive_s,
            ),
            proxy=self._proxy,
            retries=0,
        )


@dataclass(slots=True, kw_only=True, eq=False)
class _Pool:
    """One small pool of connections and how many calls it carries."""

    transport: httpx.AsyncBaseTransport
    busy: int = 0
    is_retired: bool = False


def _busy(pool: _Pool) -> int:
    return pool.busy


def _translated(exc: Exception, request: RawRequest) -> RemoteError:
    """Turn the library's error into ours: the most specific row of the table that fits."""
    fitting = [kind for kind in _TRANSLATIONS if isinstance(exc, kind)]
    kind = max(fitting, key=lambda k: len(k.__mro__))
    error, words = _TRANSLATIONS[kind]
    # Only what the machine says about names, connections and certificates is worth repeating.
    detail = f" ({_printable(str(exc))})" if error is NotSent and str(exc) else ""
    return _error(error, request, f"{words}{detail}")


def _error(
    error: type[RemoteError], request: RawRequest, reason: str, *, status: int | None = None
) -> RemoteError:
    return error(
        reason,
        method=request.method,
        path=request.path,
        status=status,
        request_id=request.request_id,
    )


def _header(response: httpx.Response, name: str) -> str:
    # What could move a terminal's cursor counts as absent.
    value = response.headers.get(name, "").strip()
    return value if _PRINTABLE.fullmatch(value) else ""


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:200]


def _checked_base(base_url: str) -> httpx.URL:
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname or "", parts.port
        url = httpx.URL(base_url)
    except (ValueError, httpx.InvalidURL) as exc:
        raise SettingsInvalid("the custodian's address is not a URL") from exc
    if parts.username is not None or parts.password is not None:
        raise SettingsInvalid("the custodian's address must not hold a user or password")
    if not host or port == 0 or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise SettingsInvalid(
            "the custodian's address must be a scheme and a host, and perhaps a port",
            hint="write it like https://open-api.example.com",
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise SettingsInvalid(
            f"the address http://{host} is not encrypted",
            hint="use https; plain http is for a sandbox on this machine only",
        )
    if parts.scheme not in {"http", "https"}:
        raise SettingsInvalid("the custodian's address must start with https://")
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_proxy(proxy: str, ca: Path | None, *, is_tls: bool) -> httpx.Proxy:
    scheme = urlsplit(proxy).scheme
    if scheme not in {"http", "https"}:
        raise SettingsInvalid("a proxy's address must start with http:// or https://")
    if not is_tls:
        # Through a forwarding proxy the proxy would see, and could change, every request.
        raise SettingsInvalid("a proxy is for https alone", hint="reach the sandbox without it")
    try:
        return httpx.Proxy(proxy, ssl_context=_tls_context(ca) if scheme == "https" else None)
    except (ValueError, httpx.InvalidURL):
        # The cause would quote the address, which may hold a password.
        raise SettingsInvalid("the proxy's address is not a URL") from None


def _tls_context(ca: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=str(ca) if ca else certifi.where())
    except OSError as exc:  # ssl.SSLError is one
        raise SettingsInvalid(
            f"the authorities in {ca} cannot be used", hint="give a file of PEM certificates"
        ) from exc
    return context


def _no_tls() -> ssl.SSLContext:
    # Never used for a handshake; it trusts nobody, and loading no authorities saves 20 ms.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


_TRANSLATIONS: dict[type[Exception], tuple[type[RemoteError], str]] = {
    # Raised while a connection is being made, before the first byte of a request:
    httpx.ConnectError: (NotSent, "no connection"),
    httpx.ConnectTimeout: (NotSent, "no connection in time"),
    httpx.PoolTimeout: (NotSent, "no connection became free in time"),
    httpx.ProxyError: (NotSent, "the proxy made no tunnel"),
    httpx.UnsupportedProtocol: (NotSent, "the address has a scheme that is not spoken"),
    # From here on bytes may have left. A connection the server had just closed looks the same.
    httpx.ReadTimeout: (OutcomeUnknown, "no answer in time"),
    httpx.WriteTimeout: (OutcomeUnknown, "the request could not be sent in time"),
    httpx.ReadError: (OutcomeUnknown, "the connection broke before the answer was complete"),
    httpx.WriteError: (OutcomeUnknown, "the connection broke while the request was sent"),
    httpx.RemoteProtocolError: (OutcomeUnknown, "the answer broke off or was not HTTP"),
    httpx.HTTPError: (OutcomeUnknown, "the call failed"),
    httpx.StreamError: (OutcomeUnknown, "the call failed"),
    OSError: (OutcomeUnknown, "the call failed"),
}
_HEADERS = (
    ("Accept", "application/json"),
    ("Accept-Encoding", "identity"),
    ("User-Agent", "ceffu-runner"),
)
_PRINTABLE = re.compile(r"[\x20-\x7e]{1,200}", re.ASCII)
