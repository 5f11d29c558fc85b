"""Raw reads: an operation's own parameters in, its own fields out."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from runner.actions.custodian import Custodian
from runner.actions.rows import Row
from runner.catalogue.api import Operation, ReplyField
from runner.catalogue.body import ParameterValue
from runner.catalogue.raw import BARE_VALUE, field_type, has_rows
from runner.client.history import Moment, read_history
from runner.client.paging import read_pages
from runner.core.clock import timestamp_ms
from runner.core.errors import ReplyRefused
from runner.core.money import amount_text
from runner.core.types import BOOL, DECIMAL, TIMESTAMP
from runner.core.values import Value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def raw_read(
    custodian: Custodian, operation: Operation, arguments: Mapping[str, Value]
) -> Value:
    """Read once, all pages and all of a stretch of time included.

    Shapes: the result is of the type ``catalogue.raw.raw_manifest`` says.
    Errors: ``RemoteError``; ``RequestInvalid`` for parameters that do not go together.
    """
    params = {name: _parameter(value) for name, value in arguments.items()}
    convert = _Conversion(operation)
    if not has_rows(operation):
        reply = await custodian.client.call(operation.id, params)
        if reply.record is None:
            raise convert.refused("the reply has no data")
        return convert.record(operation.fields, reply.record)
    if operation.envelope.page_names is None:
        reply = await custodian.client.call(operation.id, params)
        return {"rows": convert.rows(reply.rows), "complete": True}
    stretch = _stretch(operation, arguments)
    if stretch is None:
        paged = await read_pages(custodian.client, operation.id, params)
    else:
        rest = {n: v for n, v in params.items() if n not in (operation.range_names or ())}
        paged = await read_history(custodian.client, operation.id, rest, *stretch)
    return {
        "rows": convert.rows(paged.rows),
        "complete": paged.complete,
        **convert.record(operation.page_fields, paged.page_fields),
    }


def _stretch(operation: Operation, arguments: Mapping[str, Value]) -> tuple[Moment, Moment] | None:
    """Return the moments or days a history is read between; None where one end is not given."""
    start, end = (arguments.get(name) for name in operation.range_names or ("", ""))
    if isinstance(start, date) and isinstance(end, date):
        return start, end
    return None


def _parameter(value: Value) -> ParameterValue:
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return amount_text(value)
    if isinstance(value, datetime):
        return timestamp_ms(value)
    if isinstance(value, date):
        return f"{value:%Y%m%d}"
    assert isinstance(value, tuple), f"no raw argument is a {type(value).__name__}"
    return tuple(_parameter(item) for item in value)


class _Conversion:
    """Turns the objects of one operation's replies into values of the language."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation

    def rows(self, rows: Iterable[Mapping[str, object]]) -> tuple[Value, ...]:
        fields = self._operation.fields
        if fields:
            return tuple(self.record(fields, row) for row in rows)
        return tuple({BARE_VALUE: str(row[BARE_VALUE])} for row in rows)

    def record(self, fields: Iterable[ReplyField], found: Mapping[str, object]) -> dict[str, Value]:
        result: dict[str, Value] = {}
        for field in fields:
            value = found.get(field.name)
            is_empty = value is None or (value == "" and not _is_text(field))
            if is_empty and (field.nullable or not field.required):
                continue
            result[field.name] = self._value(field, value)
        return result

    def refused(self, reason: str) -> ReplyRefused:
        return ReplyRefused(reason, method=self._operation.method, path=self._operation.path)

    def _value(self, field: ReplyField, value: object) -> Value:
        if isinstance(value, list):
            return tuple(
                self.record(field.fields, item) if isinstance(item, Mapping) else str(item)
                for item in value
            )
        if isinstance(value, Mapping):
            if field.fields:
                return self.record(field.fields, value)
            return {str(name): str(item) for name, item in value.items()}
        return self._scalar(field, value)

    def _scalar(self, field: ReplyField, value: object) -> Value:
        wanted = field_type(field)
        if wanted == BOOL:
            return value if isinstance(value, bool) else str(value) == "true"
        row = Row({field.name: value}, method=self._operation.method, path=self._operation.path)
        text = row.text(field.name)
        if wanted == DECIMAL:
            return row.amount(field.name)
        return self._moment(field.name, text) if wanted == TIMESTAMP else text

    def _moment(self, name: str, text: str) -> datetime:
        try:
            return _EPOCH + timedelta(milliseconds=int(text))
        except (ValueError, OverflowError) as exc:
            raise self.refused(f"the reply's field {name} is not a moment") from exc


def _is_text(field: ReplyField) -> bool:
    return field_type(field) not in {DECIMAL, TIMESTAMP}
