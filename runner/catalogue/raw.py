"""Manifests of raw reads: an operation's own names and types, made from its description.

Source: DESIGN section 3, ``uses: api.<operation>`` for reads.
"""

from collections.abc import Iterable

from runner.catalogue.api import Envelope, Operation, Parameter, ReplyField
from runner.catalogue.manifest import RAW_PREFIX, ActionKind, Argument, Manifest
from runner.core.types import (
    BOOL,
    COIN,
    DATE,
    DECIMAL,
    INT,
    NETWORK,
    ORDER_ID,
    STRING,
    TIMESTAMP,
    Field,
    ListOf,
    MapOf,
    Record,
    Scalar,
    Type,
)

BARE_VALUE = "value"
"""What a row is called that is no object."""

_PUT_IN = frozenset({"timestamp", "pageLimit", "pageNo"})
"""Parameters that nobody gives: a request's timestamp, and its page, because all pages are read."""

_BY_LANGUAGE_TYPE: dict[str, Scalar] = {
    "coin": COIN,
    "network": NETWORK,
    "order_id": ORDER_ID,
    "timestamp": TIMESTAMP,
    # The coin stands in a field of its own, so it is an amount only beside that.
    "money": DECIMAL,
    "decimal": DECIMAL,
}


def raw_manifest(operation: Operation) -> Manifest:
    """Build the manifest of a read under its operation's own name.

    Shapes: an object gives its fields, everything else ``rows`` and ``complete``, and what stands
        beside the rows of a page. All of it may be changed by an effect, and how is unknown.
    """
    assert not operation.is_write, f"{operation.id} is a write"
    result = Record(_record_name(operation.id), tuple(_result_fields(operation)))
    return Manifest(
        name=f"{RAW_PREFIX}{operation.id}",
        kind=ActionKind.READ,
        summary=operation.summary,
        operation=operation.id,
        arguments=tuple(_argument(p) for p in operation.parameters if p.name not in _PUT_IN),
        result=result,
        volatile=tuple(field.name for field in result.fields),
    )


def has_rows(operation: Operation) -> bool:
    """Tell whether a raw read gives rows; one that may be a list or an object gives rows too."""
    return operation.envelope is not Envelope.OBJECT or operation.envelope_also is not None


def field_type(field: ReplyField) -> Scalar:
    """Return the type of a field that is neither a list nor an object.

    Numbers that count nothing (ids, statuses) are texts, as everywhere.
    """
    if "boolean" in field.types:
        return BOOL
    return _BY_LANGUAGE_TYPE.get(field.language_type, STRING)


def _result_fields(operation: Operation) -> Iterable[Field]:
    if not has_rows(operation):
        return _fields(operation.id, operation.fields)
    row = _fields(operation.id, operation.fields) or (Field(BARE_VALUE, STRING),)
    rows = ListOf(Record(f"{_record_name(operation.id)}_row", row))
    return (
        Field("rows", rows, summary="one item for each row"),
        Field("complete", BOOL, summary="whether every row was read"),
        *_fields(operation.id, operation.page_fields),
    )


def _fields(name: str, fields: Iterable[ReplyField]) -> tuple[Field, ...]:
    return tuple(
        Field(
            field.name,
            _type(f"{name}.{field.name}", field),
            optional=field.nullable or not field.required,
            summary=field.description,
        )
        for field in fields
    )


def _type(name: str, field: ReplyField) -> Type:
    if "array" in field.types:
        if field.fields:
            return ListOf(Record(_record_name(name), _fields(name, field.fields)))
        return ListOf(STRING)
    if "object" in field.types:
        if field.fields:
            return Record(_record_name(name), _fields(name, field.fields))
        return MapOf(STRING, STRING)
    return field_type(field)


def _argument(parameter: Parameter) -> Argument:
    type_ = _argument_type(parameter)
    return Argument(
        name=parameter.name,
        type=type_,
        required=parameter.required,
        choices=parameter.choices if type_ == STRING else (),
        summary=parameter.description,
    )


def _argument_type(parameter: Parameter) -> Type:
    if "array" in parameter.types:
        return ListOf(_scalar(parameter, parameter.item_types))
    return _scalar(parameter, parameter.types)


def _scalar(parameter: Parameter, types: tuple[str, ...]) -> Scalar:
    if parameter.language_type == "date":
        return DATE
    known = _BY_LANGUAGE_TYPE.get(parameter.language_type)
    if known is not None:
        return known
    if "boolean" in types:
        return BOOL
    if "number" in types:
        return DECIMAL
    # Ids are texts from end to end, also where the API calls them integers.
    is_id = parameter.name.lower().endswith(("id", "ids"))
    return INT if types == ("integer",) and not is_id else STRING


def _record_name(name: str) -> str:
    return f"api_{name.replace('.', '_')}"
