"""Replies, held against the description of the API."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from runner.catalogue.api import Envelope, Operation, ReplyField
from runner.catalogue.load import load_api
from tests.client.samples import schema_of
from tests.sandbox.signed_caller import Caller, data_of

ENVELOPES: Mapping[Envelope | None, frozenset[str]] = {
    Envelope.PAGE: frozenset({"data", "totalPage", "pageNo", "pageLimit"}),
    Envelope.ARCHIVE_PAGE: frozenset({"data", "total", "pageNo", "pageSize"}),
}


def check_reply(operation: Operation, response: httpx.Response) -> None:
    """Check a good reply against the schema, and that it has no field the catalogue has not."""
    envelope = response.json()
    schema_of(operation).validate(envelope)
    data = envelope["data"]
    names = {name for field in operation.fields for name in (field.name, *field.aliases)}
    if operation.envelope in ENVELOPES:
        page_names = {field.name for field in operation.page_fields}
        assert set(data) == ENVELOPES[operation.envelope] | page_names
        rows = data["data"]
    else:
        rows = data if isinstance(data, list) else [data]
    for row in rows:
        if isinstance(row, Mapping):
            assert set(row) <= names
            _check_lists(row, operation.fields)


def _check_lists(row: Mapping[str, Any], fields: Sequence[ReplyField]) -> None:
    for field in fields:
        for item in row.get(field.name) or [] if field.types[0] == "array" else []:
            if isinstance(item, Mapping):
                assert set(item) <= {inner.name for inner in field.fields}


async def ask(caller: Caller, operation_id: str, **parameters: object) -> Any:  # noqa: ANN401 - any
    """Call an operation by its id, check the reply, and return its data."""
    response = await call(caller, operation_id, **parameters)
    data = data_of(response)
    check_reply(load_api().operations[operation_id], response)
    return data


async def call(caller: Caller, operation_id: str, **parameters: object) -> httpx.Response:
    """Call an operation by its id."""
    operation = load_api().operations[operation_id]
    if operation.method == "POST":
        return await caller.post(operation.path, **parameters)
    return await caller.get(operation.path, **parameters)
