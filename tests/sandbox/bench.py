"""A sandbox whose clock is stepped by hand, callers with its keys, and the description."""

import json
import shutil
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from runner.catalogue.api import Api, Operation
from runner.catalogue.load import load_api
from runner.sandbox.directory import open_sandbox
from runner.sandbox.incoming import IncomingDeposit, receive_deposit
from runner.sandbox.switches import HttpStatusMode
from runner.sandbox.world import World
from tests.client.samples import COMPILED
from tests.sandbox.good_requests import DEPOSIT_TX, GOOD, ReplyOf
from tests.sandbox.signed_caller import Caller, SteppedClock, http_for


class Bench:
    """An open sandbox of one world, in a folder of its own, with keys made beforehand."""

    def __init__(self, folder: Path, world: World, keys: Path) -> None:
        self.world = world
        self.clock = SteppedClock()
        self.api = loaded_api()
        self.folder = folder / "box"
        shutil.copytree(keys, self.folder / "keys")
        self.sandbox = open_sandbox(self.folder, world, self.clock)

    def close(self) -> None:
        self.sandbox.close()

    def restart(self) -> None:
        self.sandbox.close()
        self.sandbox = open_sandbox(self.folder, self.world, self.clock)

    def caller(self, key: str = "full") -> Caller:
        return Caller(self.sandbox.keys[key], self.clock, http_for(self.sandbox.app))

    async def send(
        self, operation: Operation, parameters: Mapping[str, Any], *, key: str = "full"
    ) -> httpx.Response:
        return await send_with(self.caller(key), operation, parameters)

    async def send_good(self, operation_id: str) -> httpx.Response:
        """Send the good request of an operation, and before it what leads up to it."""
        replies: dict[str, httpx.Response] = {}
        if GOOD[operation_id].deposited:
            self._receive_deposit(GOOD[operation_id].deposited)
        for earlier in GOOD[operation_id].after:
            replies[earlier] = await self.send_good(earlier)
            self.clock.step(60)
        parameters = {
            name: replies[value.operation].json()["data"][value.name]
            if isinstance(value, ReplyOf)
            else value
            for name, value in GOOD[operation_id].parameters.items()
        }
        return await self.send(self.api.operations[operation_id], parameters)

    def _receive_deposit(self, wallet: str) -> None:
        incoming = IncomingDeposit(
            coin="USDT", network="ETH", amount=Decimal(125), wallet=wallet, tx_id=DEPOSIT_TX
        )
        with self.sandbox.ledger.transaction() as books:
            receive_deposit(self.world, books, incoming)
        self.clock.step(60)

    def check(self, operation: Operation, response: httpx.Response, code: str) -> None:
        """Hold an answer against its expected code, that code's status, and the description."""
        envelope = response.json()
        detail = response.headers.get("x-ceffu-sandbox-detail")
        assert envelope["code"] == code, (operation.id, envelope, detail)
        assert response.status_code == self._status_of(code)
        schema = described(operation.id, response.status_code)
        assert [error.message for error in schema.iter_errors(envelope)] == []

    def _status_of(self, code: str) -> int:
        mapped = self.world.switches.http_status is HttpStatusMode.MAPPED
        return self.api.error_codes[code].http_status if mapped else 200


async def send_with(
    caller: Caller, operation: Operation, parameters: Mapping[str, Any]
) -> httpx.Response:
    """Send a request as the operation wants it: in the query, or as a body."""
    send = caller.post if operation.has_body else caller.get
    return await send(operation.path, **parameters)


@cache
def loaded_api() -> Api:
    return load_api()


@cache
def described(operation_id: str, status: int) -> Draft202012Validator:
    """Return the schema the description gives for an answer with this HTTP status."""
    operation = loaded_api().operations[operation_id]
    document = json.loads(COMPILED.read_bytes())
    responses = document["paths"][operation.path][operation.method.lower()]["responses"]
    answer = responses[str(status)]
    if "$ref" in answer:
        answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    schema = answer["content"]["application/json"]["schema"]
    return Draft202012Validator({"components": document["components"], **schema})
