"""Every operation of the description over real HTTP, judged by others: OpenSSL and JSON Schema."""

import asyncio
import base64
import json
import re
import subprocess
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from runner.catalogue.api import Api, Envelope, Operation, Parameter
from runner.catalogue.body import ParameterValue, body_text
from runner.catalogue.load import load_api
from runner.client.client import Client, Reply, WriteAnswer
from runner.client.keys import KeySigner
from runner.client.rate import RateWindow
from runner.client.transport import HttpTransport
from runner.core.money import amount_from_reply
from tests.client.fakes import API_KEY, START_MS, VECTORS, FakeClock, http, read_request, serving
from tests.client.samples import (
    LONG_AMOUNT,
    body_schema_of,
    oversized,
    parameters_of,
    reply_of,
    schema_of,
    spelt,
)

OPERATIONS = sorted(load_api().operations)
JSON_HEADER = "Content-Type: application/json;charset=UTF-8\r\n"


async def exchange(
    api: Api,
    signer: KeySigner,
    operation: Operation,
    params: Mapping[str, ParameterValue],
    reply: bytes,
) -> tuple[bytes, Reply | WriteAnswer]:
    """Call an operation once over a socket; return the request's bytes and what was understood."""
    seen: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(http(reply, headers=JSON_HEADER))
        await writer.drain()

    clock = FakeClock()
    async with serving(handler) as port, HttpTransport(f"http://127.0.0.1:{port}") as wire:
        client = Client(api, wire, signer, clock, rate=RateWindow(count=10, clock=clock))
        answer: Reply | WriteAnswer
        if operation.is_write:
            stamp_ms = await client.next_write_stamp()
            body = body_text(operation, params)
            answer = await client.send_write(operation.id, body, timestamp_ms=stamp_ms)
        else:
            answer = await client.call(operation.id, params)
    [request] = seen
    return request, answer


def parts(request: bytes) -> tuple[str, str, dict[str, str], bytes]:
    """Split a request into method, target, headers and body."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    method, target, version = first.split(" ")
    assert version == "HTTP/1.1"
    headers = dict(line.split(": ", 1) for line in lines)
    return method, target, {name.lower(): value for name, value in headers.items()}, body


def assert_openssl_verifies(signed: bytes, signature: str, folder: Path) -> None:
    (folder / "signed").write_bytes(signed)
    (folder / "signature").write_bytes(base64.b64decode(signature, validate=True))
    public = VECTORS / "throwaway-test-key.public.pem"
    command = ["openssl", "dgst", "-sha512", "-verify", str(public)]
    command += ["-signature", str(folder / "signature"), str(folder / "signed")]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)
    assert verified.stdout == "Verified OK\n", verified.stderr


def understood(answer: Reply | WriteAnswer, operation: Operation) -> object:
    """Put what the client handed on back into the shape of ``data``."""
    if operation.envelope is Envelope.VALUE:
        return answer.value
    if isinstance(answer, WriteAnswer):
        return answer.data
    rows: list[Any] = [dict(row) for row in answer.rows]
    if operation.value is not None:
        rows = [row["value"] for row in rows]
    names = operation.envelope.page_names
    if names is not None:
        return {**answer.page, names.rows: rows}
    return answer.record if operation.envelope is Envelope.OBJECT else rows


@pytest.mark.parametrize("operation_id", OPERATIONS)
async def test_documented_example_goes_over_the_wire_as_it_was_signed(
    api: Api, signer: KeySigner, operation_id: str, tmp_path: Path
) -> None:
    operation = api.operations[operation_id]
    params = parameters_of(operation)
    reply = json.dumps(reply_of(operation, params))

    request, _ = await exchange(api, signer, operation, params, reply.encode())

    method, target, headers, body = parts(request)
    assert (method, headers["open-apikey"]) == (operation.method, API_KEY)
    if operation.has_body:
        assert target == operation.path
        assert headers["content-type"] == "application/json"
        members = json.loads(body)
        body_schema_of(operation).validate(members)
        assert members.pop("timestamp") == START_MS
        assert spelt(members) == spelt({**pages_of(operation), **params})
        planned = json.dumps(members, separators=(",", ":"), sort_keys=True)
        signed = f'{planned[:-1]},"timestamp":{START_MS}}}'.encode()
        assert body == signed
    else:
        names = [p.name for p in operation.parameters if p.name != "timestamp"]
        texts = {name: str(value) for name, value in {**pages_of(operation), **params}.items()}
        pairs = [f"{name}={quote(texts[name], safe='')}" for name in names if name in texts]
        signed = "&".join([*pairs, f"timestamp={START_MS}"]).encode()
        assert target.encode() == operation.path.encode() + b"?" + signed
        assert body == b""
    assert_openssl_verifies(signed, headers["signature"], tmp_path)


def pages_of(operation: Operation) -> dict[str, ParameterValue]:
    return {"pageNo": 1, "pageLimit": 100} if operation.parameter("pageNo") else {}


@pytest.mark.parametrize("operation_id", OPERATIONS)
async def test_documented_reply_fits_its_schema_and_is_read_whole(
    api: Api, signer: KeySigner, operation_id: str
) -> None:
    operation = api.operations[operation_id]
    params = parameters_of(operation)
    reply = reply_of(operation, params)
    schema_of(operation).validate(reply)

    _, answer = await exchange(api, signer, operation, params, json.dumps(reply).encode())

    fields = operation.fields
    if operation.envelope.page_names is not None:
        expected = spelt(reply["data"])
        rows = expected[operation.envelope.page_names.rows]
        expected[operation.envelope.page_names.rows] = spelt(rows, fields)
    else:
        expected = spelt(reply["data"], fields)
    assert understood(answer, operation) == expected


@pytest.mark.parametrize("operation_id", OPERATIONS)
async def test_long_ids_and_amounts_lose_no_digit_either_way(
    api: Api, signer: KeySigner, operation_id: str
) -> None:
    operation = api.operations[operation_id]
    params = parameters_of(operation, oversized)
    reply = reply_of(operation, params, oversized)

    request, answer = await exchange(api, signer, operation, params, json.dumps(reply).encode())

    sent = re.findall(rb"[0-9]{17,}", request.partition(b"\r\n")[0] + parts(request)[3])
    wanted = [str(value) for name, value in params.items() if oversized(known(operation, name))]
    assert sorted(sent) == sorted(digits.encode() for digits in wanted)

    assert big_texts(understood(answer, operation)) == big_texts(spelt(reply["data"]))


def known(operation: Operation, name: str) -> Parameter:
    parameter = operation.parameter(name)
    assert parameter is not None
    return parameter


def big_texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if len(value) > 16 else []
    if isinstance(value, Mapping):
        value = [*value.values()]
    return sorted(t for item in value for t in big_texts(item)) if isinstance(value, list) else []


async def test_amount_sent_as_a_number_keeps_its_forty_decimals(
    api: Api, signer: KeySigner
) -> None:
    operation = api.operations["wallet.asset.list"]
    params = parameters_of(operation)
    reply = json.dumps(reply_of(operation, params)).replace('"1.5"', LONG_AMOUNT)

    _, answer = await exchange(api, signer, operation, params, reply.encode())

    assert isinstance(answer, Reply)
    amount = answer.rows[0]["amount"]
    assert amount == LONG_AMOUNT
    assert amount_from_reply(str(amount)) == Decimal(LONG_AMOUNT)
