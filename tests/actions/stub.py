"""A custodian that answers with prepared replies over real HTTP, for what no sandbox serves."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from runner.actions.custodian import Custodian
from runner.app.world_directory import directory_from_world
from runner.catalogue.load import load_api
from runner.client.client import Client
from runner.client.rate import RateWindow
from runner.client.transport import HttpTransport
from runner.controls.directory import Directory
from runner.sandbox.world_file import default_world
from tests.client.fakes import http, read_request, serving, throwaway_signer
from tests.hand_clock import HandClock

_JSON = "Content-Type: application/json;charset=UTF-8\r\n"


class Stub:
    """Answers each request with the next reply, the last one again and again."""

    def __init__(self, replies: Sequence[Mapping[str, Any]]) -> None:
        self._replies = list(replies)
        self.asked: list[dict[str, str]] = []
        """The parameters of each request, without what is put in by itself."""
        self.paths: list[str] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, _, body = (await read_request(reader)).partition(b"\r\n\r\n")
        target = urlsplit(head.split(b" ")[1].decode("ascii"))
        self.paths.append(target.path)
        asked = json.loads(body) if body else dict(parse_qsl(target.query))
        self.asked.append({n: v for n, v in asked.items() if n not in _PUT_IN})
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        writer.write(http(json.dumps(reply).encode(), headers=_JSON))
        await writer.drain()


_PUT_IN = frozenset({"timestamp", "pageNo", "pageLimit"})


@asynccontextmanager
async def answering(
    *replies: Mapping[str, Any], directory: Directory | None = None
) -> AsyncIterator[tuple[Custodian, Stub]]:
    """Serve replies on loopback, and look at them through the real client."""
    stub = Stub(replies)
    clock = HandClock()
    api = load_api()
    async with serving(stub.handle) as port, HttpTransport(f"http://127.0.0.1:{port}") as wire:
        client = Client(
            api, wire, throwaway_signer(), clock, rate=RateWindow(count=1000, clock=clock)
        )
        names = directory or directory_from_world(default_world())
        yield Custodian(api=api, client=client, directory=names, clock=clock), stub


def page(*rows: Mapping[str, Any], **beside: object) -> dict[str, Any]:
    """Return the reply of a page that is the only one."""
    data = {"data": list(rows), "totalPage": 1, "pageNo": 1, "pageLimit": 100, **beside}
    return {"data": data, "code": "000000", "message": "Success"}


def single(**fields: object) -> dict[str, Any]:
    """Return the reply of one object."""
    return {"data": fields, "code": "000000", "message": "Success"}


def empty() -> dict[str, Any]:
    """Return the reply that has nothing to say."""
    return {"data": None, "code": "000000", "message": "Success"}


def refusing(code: str) -> dict[str, Any]:
    """Return a business error."""
    return {"data": None, "code": code, "message": "no"}
