"""What goes over the wire: one request, one reply, and the port that carries them."""

from dataclasses import field
from typing import Protocol

from runner.core.record import record


@record
class RawRequest:
    """One request, already signed.

    Shapes: ``path`` starts with a slash and has no query; ``query`` is the signed text of a GET,
        without ``?``, and empty for a POST; ``body`` is the signed bytes of a POST. ``request_id``
        is the body's requestId and only names the call in errors. The headers hold the API key and
        the signature, so the repr leaves them out.
    """

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    request_id: str = ""


@record
class RawReply:
    """One reply, complete and within the caps, but not yet believed.

    Shapes: header values are printable ASCII, or empty where the header is absent or is not;
        ``sandbox`` is the name a sandbox announces itself with, and empty from a custodian.
    """

    status: int
    body: bytes
    date: str = ""
    content_type: str = ""
    retry_after: str = ""
    remote_request_id: str = ""
    sandbox: str = ""


class Transport(Protocol):
    """Carries one request to the custodian, once.

    An implementer makes at most one attempt, follows no redirect, keeps no cookie, adds nothing to
    the signed text, and raises ``NotSent`` only when it is proven that no byte of the request left.
    A cancelled ``send`` leaves the call running to its own end. Calls may run side by side.

    Errors: ``NotSent``, ``OutcomeUnknown``; ``ReplyRefused`` for a reply beyond the caps.
    """

    async def send(self, request: RawRequest) -> RawReply:
        """Send the request and return the whole reply, whatever its status."""
        ...
