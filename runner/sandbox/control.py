"""The control endpoint: JSON over HTTP for what ``Steward`` can do, on a port and token of its own.

It is another application than the API, so no path of the API's port leads here. Every request needs
``authorization: Bearer TOKEN``; the token is drawn anew each time the sandbox is served and stands
in the file ``control.token`` (0600) of the sandbox's folder.

Answers are JSON: 200 with the result, 400 with ``{"error", "hint"}`` for what cannot be read or
done, 401 without the token, 404 and 405 for
what there is not.
"""

import hmac
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runner.core.errors import RunnerError
from runner.core.jsonvalue import JsonInvalid, JsonValue, parse_strict_json
from runner.sandbox.directory import Sandbox
from runner.sandbox.keys import write_file
from runner.sandbox.server import serve
from runner.sandbox.steward import AskedWrongly, Steward, key_json

TOKEN_FILE = "control.token"  # noqa: S105 - where it is, not what it is
_BODY_BYTES_MAX = 64 * 1024
_Look: TypeAlias = Callable[[], JsonValue]
_Change: TypeAlias = Callable[[Mapping[str, object]], JsonValue]
_Act: TypeAlias = Callable[[Request], Awaitable[JsonValue]]


def draw_token(folder: Path) -> str:
    """Draw a token and write it where only the sandbox's owner reads it."""
    token = secrets.token_urlsafe(32)
    write_file(folder / TOKEN_FILE, f"{token}\n".encode("ascii"))
    return token


@asynccontextmanager
async def serve_control(sandbox: Sandbox, *, port: int = 0) -> AsyncIterator[str]:
    """Serve the control endpoint of a sandbox while the body runs, and give its base URL.

    Errors: ``SettingsInvalid`` for a port that cannot be had.
    """
    token, path = draw_token(sandbox.folder), sandbox.folder / TOKEN_FILE
    try:
        async with serve(build_control(Steward(sandbox=sandbox), token), port=port) as url:
            yield url
    finally:
        # A second server of the same sandbox has written its own.
        if path.exists() and path.read_text("ascii").strip() == token:
            path.unlink(missing_ok=True)


def build_control(steward: Steward, token: str) -> Starlette:
    """Build the application that steers one sandbox."""
    door = _Door(token)

    async def add_key(request: Request) -> JsonValue:
        return key_json(steward.add_key(await _asked(request)))

    async def remove_fault(request: Request) -> JsonValue:
        return steward.remove_fault(request.path_params["number"])

    return Starlette(
        routes=[
            door.looks("/state", steward.status),
            door.looks("/clock", steward.clock),
            door.changes("/clock", steward.change_clock),
            door.looks("/faults", steward.faults),
            door.changes("/faults", steward.add_fault),
            door.route("/faults/{number:int}", remove_fault, "DELETE"),
            door.looks("/balances", steward.balances),
            door.looks("/orders", steward.orders),
            door.looks("/requests", steward.requests),
            door.looks("/check", steward.check),
            door.changes("/deposits", steward.deposit),
            door.changes("/portal", steward.portal),
            door.changes("/settlements", steward.settle),
            door.route("/keys", add_key, "POST"),
            # Whoever has no token does not even learn what there is.
            Route("/{path:path}", door.guard(_nothing)),
        ],
    )


class _Door:
    """Lets nobody in without the token."""

    def __init__(self, token: str) -> None:
        self._wanted = f"Bearer {token}".encode("ascii")

    def looks(self, path: str, look: _Look) -> Route:
        async def act(_request: Request) -> JsonValue:
            return look()

        return self.route(path, act, "GET")

    def changes(self, path: str, change: _Change) -> Route:
        async def act(request: Request) -> JsonValue:
            return change(await _asked(request))

        return self.route(path, act, "POST")

    def route(self, path: str, act: _Act, method: str) -> Route:
        return Route(path, self.guard(act), methods=[method])

    def guard(self, act: _Act) -> Callable[[Request], Awaitable[Response]]:
        async def handler(request: Request) -> Response:
            given = request.headers.get("authorization", "").encode("utf-8")
            if not hmac.compare_digest(given, self._wanted):
                return _json({"error": "the control token is needed", "hint": ""}, status=401)
            try:
                return _json(await act(request))
            except RunnerError as exc:
                return _json({"error": exc.message, "hint": exc.hint}, status=400)

        return handler


async def _nothing(_request: Request) -> JsonValue:
    raise HTTPException(404)


async def _asked(request: Request) -> Mapping[str, object]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_BYTES_MAX:
            raise AskedWrongly(f"the body is above {_BODY_BYTES_MAX} bytes")
    try:
        asked = parse_strict_json(bytes(body))
    except JsonInvalid as exc:
        raise AskedWrongly(f"the body is no strict JSON: {exc}") from exc
    if not isinstance(asked, dict):
        raise AskedWrongly("the body is no JSON object")
    return asked


def _json(value: JsonValue, *, status: int = 200) -> Response:
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(content, status_code=status, media_type="application/json")
