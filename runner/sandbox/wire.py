"""What travels back, where it is not simply the answer: cut connections and foreign pages.

On a real socket the server puts a ``Cut`` into the scope. Under a transport without sockets, like
httpx's for tests, there is nothing to cut: the caller gets a ``ConnectionResetError`` instead,
which a client has to take for a lost answer like any other.
"""

from typing import Protocol

from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from runner.sandbox.faults import Fault, FaultKind

CUT_EXTENSION = "ceffu_sandbox.cut"
"""Where the scope's extensions have what cuts the connection."""
_TOO_MANY_REQUESTS = 429
_CUTTING = frozenset({FaultKind.LOST_REPLY, FaultKind.RESET, FaultKind.TRUNCATED})


class Cut(Protocol):
    """Ends the connection of one request.

    An implementer sends what was handed over before, unless ``reset``; then the connection ends
    with RST and what was not sent is dropped.
    """

    def __call__(self, *, reset: bool) -> None:
        """Begin to end it; the request's ``receive`` tells when it is done."""
        ...


def replaced_response(fault: Fault) -> Response | None:
    """Return what stands in the answer's place, or None where the answer itself is concerned."""
    if fault.kind is FaultKind.EMPTY:
        return Response(b"", media_type="application/json")
    if fault.kind is FaultKind.HTML:
        return Response(_HTML, status_code=fault.number("status"), media_type="text/html")
    if fault.kind is FaultKind.HTTP_ERROR:
        return PlainTextResponse("Internal error\n", status_code=fault.number("status"))
    if fault.kind is FaultKind.TOO_MANY_REQUESTS:
        response = PlainTextResponse("Too many requests\n", status_code=_TOO_MANY_REQUESTS)
        if fault.text("retry_after"):
            seconds = -(-fault.duration("retry_after").total_seconds() // 1)
            response.headers["retry-after"] = f"{seconds:.0f}"
        return response
    return None


async def send_cut(
    fault: Fault, response: Response, scope: Scope, receive: Receive, send: Send
) -> bool:
    """Cut the connection if the fault says so, half of the answer first where it is truncated.

    Shapes: false where the fault cuts nothing, and then nothing was sent.
    Errors: ``ConnectionResetError`` where there is no socket to cut.
    """
    if fault.kind not in _CUTTING:
        return False
    if fault.kind is FaultKind.TRUNCATED:
        await send(
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": response.raw_headers,
            }
        )
        half = bytes(response.body)[: len(response.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
    cut: Cut | None = scope.get("extensions", {}).get(CUT_EXTENSION)
    if cut is None:
        raise ConnectionResetError(f"the sandbox plays {fault}")
    cut(reset=fault.kind is FaultKind.RESET)
    # Until the connection is gone the server must not think that the request was forgotten.
    while (await receive())["type"] != "http.disconnect":
        pass
    return True


_HTML = b"""<html>
<head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>sandbox</center></body>
</html>
"""
