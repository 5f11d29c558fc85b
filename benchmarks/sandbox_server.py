"""A server to be measured, in a process of its own: the sandbox, or one bare endpoint.

``python -m benchmarks.sandbox_server sandbox|bare FOLDER`` prints its address and serves until its
stdin closes. The bare endpoint reads a request and answers a few words of JSON with Starlette on
the same uvicorn, which is what any server of this kind costs before it does anything.
"""

import asyncio
import sys
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from runner.core.clock import SystemClock
from runner.sandbox.directory import open_sandbox
from runner.sandbox.server import serve
from runner.sandbox.world_file import default_world

ANSWER = b'{"data":null,"code":"000000","message":"Success"}'


async def answer(request: Request) -> Response:
    """Answer the same to everything."""
    await request.body()
    return Response(ANSWER, media_type="application/json")


def application(kind: str, folder: Path) -> ASGIApp:
    """Build what is to be measured."""
    if kind == "bare":
        return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    return open_sandbox(folder, default_world(), SystemClock()).app


async def main(kind: str, folder: Path) -> None:
    """Serve until stdin ends."""
    async with serve(application(kind, folder)) as url:
        print(url, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
