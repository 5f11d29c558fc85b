"""From a raw reply to an answer one may believe.

An envelope is a JSON object ``{data, code, message}`` whose ``code`` is a string; ``"000000"`` is
success and nothing else is. HTTP 200 does not imply success, and an error status with a well-formed
envelope counts by its code. Everything else, a proxy's HTML page or an empty body for example, is
``ReplyRefused``: it proves nothing about what the request did.

Where sources disagree about a shape, what is read has one: a field seen under several names is
handed on under the first, data seen as a list and as an object has rows either way, and a row that
is no object is ``{"value": ...}``.

Source: ``operations.yaml`` response_envelope; RELIABILITY 1.5.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from runner.catalogue.api import Envelope, Operation, ReplyField
from runner.client.wire import RawReply, RawRequest
from runner.core.errors import ReplyRefused
from runner.core.ids import bytes_digest
from runner.core.jsonvalue import JsonInvalid, NumberText, parse_strict_json
from runner.core.record import record

SUCCESS = "000000"
BARE_VALUE = "value"


@record
class Answer:
    """A well-formed envelope of any code.

    Shapes: ``data`` is JSON with numbers as text; ``message`` has no control characters and at most
        300 characters; ``server_date`` is the Date header, or None; ``retry_after_s`` is None
        unless the server gave whole seconds; ``body_sha256`` is the digest of the reply's bytes.
    """

    status: int
    code: str
    message: str
    data: object
    server_date: datetime | None
    retry_after_s: int | None
    remote_request_id: str
    body_sha256: str


@record
class Content:
    """The data of a successful answer, checked against the description.

    Shapes: ``record`` is the object of an object reply, or None where the reply is null or has
        rows; of an operation that is seen with a list as well it is the one object, and ``rows``
        hold what came. ``page`` holds what stands beside the rows of a page. ``value`` is the data
        of a reply that is neither, ``true`` for example, and None otherwise.
    """

    record: Mapping[str, object] | None
    rows: tuple[Mapping[str, object], ...]
    page: Mapping[str, object]
    value: object = None


def read_answer(request: RawRequest, reply: RawReply) -> Answer:
    """Read the envelope.

    Errors: ``ReplyRefused`` for a redirect, a content type that no JSON has, anything that is not
        strict JSON, a code that is not a short string, or ``000000`` under any status but 200.
    """
    if 300 <= reply.status < 400:  # noqa: PLR2004 - the class of HTTP redirects
        raise refused(request, reply, "a redirect, which is never followed")
    if reply.content_type and not _JSON_TYPE.match(reply.content_type):
        raise refused(request, reply, "an answer whose content type is not that of JSON")
    members = _members(request, reply)
    code = members.get("code")
    if not isinstance(code, str) or isinstance(code, NumberText) or not _CODE.fullmatch(code):
        raise refused(request, reply, "an answer without a code")
    if code == SUCCESS and reply.status != 200:  # noqa: PLR2004 - HTTP OK
        raise refused(request, reply, "a success code under a status that is none")
    if code == SUCCESS and "data" not in members:
        raise refused(request, reply, "a success without data")
    message = members.get("message")
    return Answer(
        status=reply.status,
        code=code,
        message=_plain(message) if isinstance(message, str) else "",
        data=members.get("data"),
        server_date=_date(reply.date),
        retry_after_s=int(reply.retry_after) if _SECONDS.fullmatch(reply.retry_after) else None,
        remote_request_id=reply.remote_request_id,
        body_sha256=bytes_digest(reply.body),
    )


def read_content(
    operation: Operation, request: RawRequest, reply: RawReply, answer: Answer
) -> Content:
    """Check the data of a successful answer, field by field.

    Numbers may come as text and text as numbers, because the sources disagree; what is handed on is
    text either way. Fields that the description does not know are handed on untouched, and so are
    unknown values of an enumeration.

    Errors: ``ReplyRefused`` for null data where the description allows none or the operation is a
        write (it confirms nothing), a missing field, or a field of another JSON type.
    """
    if answer.data is None:
        if operation.is_write or not operation.data_nullable:
            raise refused(request, reply, "a success without data")
        return Content(record=None, rows=(), page={})
    try:
        return _content(operation, answer.data)
    except _Misfit as exc:
        raise refused(request, reply, f"a success whose {exc}", answer.code) from exc


def refused(request: RawRequest, reply: RawReply, reason: str, code: str = "") -> ReplyRefused:
    """Build the error for an answer that is not what the API promises."""
    return ReplyRefused(
        reason,
        method=request.method,
        path=request.path,
        status=reply.status,
        code=code,
        request_id=request.request_id,
        remote_request_id=reply.remote_request_id,
    )


class _Misfit(ValueError):
    """Data that does not fit the description; the message continues "a success whose"."""


def _members(request: RawRequest, reply: RawReply) -> dict[str, object]:
    if not reply.body.strip():
        raise refused(request, reply, "an empty answer")
    try:
        members = parse_strict_json(reply.body)
    except JsonInvalid as exc:
        # The parser's words can quote the answer, which is a stranger's text (a proxy's page).
        raise refused(request, reply, "an answer that is not strict JSON") from exc
    if not isinstance(members, dict):
        raise refused(request, reply, "an answer that is not a JSON object")
    return members


def _content(operation: Operation, data: object) -> Content:
    names = operation.envelope.page_names
    if names is not None:
        page = _record(data, operation.page_fields, "data")
        if names.rows not in page:
            raise _Misfit("page has no rows")
        rows = () if page[names.rows] is None else _rows(page[names.rows], operation, "data.data")
        rest = {name: page[name] for name in page if name != names.rows}
        return Content(record=None, rows=rows, page=rest)
    if operation.envelope is Envelope.VALUE:
        assert operation.value is not None, "data that is neither object nor list is described"
        _check_value(data, operation.value, "data")
        return Content(record=None, rows=(), page={}, value=data)
    return _listed_or_single(operation, data)


def _listed_or_single(operation: Operation, data: object) -> Content:
    shapes = {operation.envelope, operation.envelope_also}
    if shapes == {Envelope.OBJECT, Envelope.LIST}:
        found = _rows(data if isinstance(data, list) else [data], operation, "data")
        is_one = operation.envelope is Envelope.OBJECT and len(found) == 1
        return Content(record=found[0] if is_one else None, rows=found, page={})
    if operation.envelope is Envelope.LIST:
        return Content(record=None, rows=_rows(data, operation, "data"), page={})
    return Content(record=_record(data, operation.fields, "data"), rows=(), page={})


def _rows(data: object, operation: Operation, where: str) -> tuple[Mapping[str, object], ...]:
    if operation.value is None:
        return _records(data, operation.fields, where)
    items = _listed(data, where)
    for number, item in enumerate(items):
        _check_value(item, operation.value, f"{where}[{number}]")
    return tuple({BARE_VALUE: item} for item in items)


def _records(
    data: object, fields: Sequence[ReplyField], where: str
) -> tuple[Mapping[str, object], ...]:
    items = _listed(data, where)
    return tuple(_record(row, fields, f"{where}[{n}]") for n, row in enumerate(items))


def _listed(data: object, where: str) -> list[object]:
    if not isinstance(data, list):
        raise _Misfit(f"{where} is not a list")
    return data


def _record(data: object, fields: Sequence[ReplyField], where: str) -> dict[str, object]:
    if not isinstance(data, dict):
        raise _Misfit(f"{where} is not an object")
    for field in fields:
        if field.aliases:
            data = _under_one_name(data, field, where)
        if field.name in data:
            value = data[field.name]
            checked = _check_value(value, field, f"{where}.{field.name}")
            if checked is not value:
                data[field.name] = checked
        elif field.required:
            raise _Misfit(f"{where} has no {field.name}")
    return data


def _under_one_name(data: dict[str, object], field: ReplyField, where: str) -> dict[str, object]:
    names = [name for name in (field.name, *field.aliases) if data.get(name) is not None]
    if not names:
        return data
    # A number may have been rounded on its way through somebody's doubles; a text has its digits.
    texts = [name for name in names if not isinstance(data[name], NumberText)]
    if len({str(data[name]) for name in texts}) > 1:
        raise _Misfit(f"{where} has two values for {field.name}")
    value = data[(texts or names)[0]]
    rest = {name: data[name] for name in data if name not in field.aliases}
    return {**rest, field.name: value}


def _check_value(value: object, field: ReplyField, where: str) -> object:
    """Check a value and return it, or what it is under the names of the description."""
    if value is None:
        if not field.nullable:
            raise _Misfit(f"{where} is null")
    elif isinstance(value, list):
        return _checked_list(value, field, where)
    elif not _is_of_type(value, field.types):
        raise _Misfit(f"{where} is not {' or '.join(field.types)}")
    elif isinstance(value, dict):
        return _checked_object(value, field, where)
    return value


def _checked_list(value: list[object], field: ReplyField, where: str) -> list[object]:
    if "array" not in field.types:
        raise _Misfit(f"{where} is a list")
    if field.fields:
        return list(_records(value, field.fields, where))
    if field.item_types:
        _check_items(field, {f"{where}[{n}]": item for n, item in enumerate(value)})
    return value


def _checked_object(value: dict[str, object], field: ReplyField, where: str) -> object:
    if not field.item_types:
        return _record(value, field.fields, where)
    # A map: its keys are anything, its values are all of one shape.
    if not field.fields:
        _check_items(field, {f"{where}.{name}": item for name, item in value.items()})
        return value
    return {name: _record(item, field.fields, f"{where}.{name}") for name, item in value.items()}


def _check_items(field: ReplyField, items: Mapping[str, object]) -> None:
    for where, item in items.items():
        if not _is_of_type(item, field.item_types):
            raise _Misfit(f"{where} is not {' or '.join(field.item_types)}")


def _is_of_type(value: object, types: tuple[str, ...]) -> bool:
    if isinstance(value, bool):
        return "boolean" in types
    if isinstance(value, dict):
        return "object" in types
    if not isinstance(value, str):
        return False
    if "string" in types:
        return True
    if "number" in types:
        return bool(_NUMBER.fullmatch(value))
    return "integer" in types and bool(_INTEGER.fullmatch(value))


def _plain(text: str) -> str:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return shown if len(shown) <= _MESSAGE_MAX else f"{shown[:_MESSAGE_MAX]}…"


def _date(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):  # what email.utils lets through
        return None


_CODE = re.compile(r"[0-9A-Za-z_.-]{1,32}", re.ASCII)
_JSON_TYPE = re.compile(
    r"(?:application/(?:[\w.-]+\+)?json|text/(?:json|plain))\s*(?:;|$)", re.ASCII | re.IGNORECASE
)
"""Web frameworks call a text that happens to be JSON text/plain; a page or a file is neither."""
_SECONDS = re.compile(r"[0-9]{1,6}", re.ASCII)
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_MESSAGE_MAX = 300
