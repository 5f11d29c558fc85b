"""Requests and replies of every operation: the documentation's example, and what it leaves out."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator

from runner.catalogue.api import Envelope, ExampleKind, Operation, Parameter, ReplyField
from runner.catalogue.body import ParameterValue

Fill: TypeAlias = Callable[[ReplyField | Parameter], Any]
"""Says what a field holds where an example does not, or None to leave that to its type."""

COMPILED = Path(__file__).parents[2] / "runner" / "catalogue" / "ceffu.openapi.json"
BIG_ID = "23100038788988438622080004"
BIG_INTEGER = 2**63 - 1
LONG_AMOUNT = "1234567890.1234567890123456789012345678901234567891"


def parameters_of(operation: Operation, fill: Fill | None = None) -> dict[str, ParameterValue]:
    """Return the documented example of a request, without its timestamp.

    What is required and has no example is made up; what excludes another is left out.
    """
    documented: Mapping[str, Any] = _thawed(operation.request_example) or {}
    if operation.request_example_kind is not ExampleKind.WHOLE:
        documented = {}
    wanted = {*documented, *operation.requires_one_of[:1]}
    wanted |= {p.name for p in operation.parameters if p.required or p.example}
    wanted -= {"timestamp", *operation.at_most_one_of[1:]}
    known = {} if fill else documented
    return {
        parameter.name: known.get(parameter.name) or _parameter_value(parameter, fill)
        for parameter in operation.parameters
        if parameter.name in wanted
    }


def reply_of(
    operation: Operation, params: Mapping[str, ParameterValue], fill: Fill | None = None
) -> dict[str, Any]:
    """Return the documented example of a reply; what it leaves open is made up.

    Documented requests and replies belong to different calls; this one echoes its requestId.
    """
    reply = _reply(operation, fill)
    if isinstance(reply["data"], dict) and "requestId" in reply["data"]:
        reply["data"]["requestId"] = params.get("requestId", reply["data"]["requestId"])
    return reply


def _reply(operation: Operation, fill: Fill | None) -> dict[str, Any]:
    documented = _thawed(operation.response_example) or {}
    if documented and operation.response_example_kind is ExampleKind.WHOLE and not fill:
        whole: dict[str, Any] = documented
        return whole
    shown = documented.get("data")
    return {"data": _data(operation, shown, fill), "code": "000000", "message": "Success"}


def schema_of(operation: Operation) -> Draft202012Validator:
    """Return the validator of an operation's successful reply, from the compiled description."""
    return _validator(operation, "responses/200")


def body_schema_of(operation: Operation) -> Draft202012Validator:
    """Return the validator of an operation's request body."""
    return _validator(operation, "requestBody")


def _validator(operation: Operation, part: str) -> Draft202012Validator:
    document = json.loads(COMPILED.read_bytes())
    path = operation.path.replace("~", "~0").replace("/", "~1")
    where = f"{path}/{operation.method.lower()}/{part}/content/application~1json/schema"
    return Draft202012Validator({**document, "$ref": f"#/paths/{where}"})


def spelt(value: Any, fields: Sequence[ReplyField] = ()) -> Any:  # noqa: ANN401 - any JSON value
    """Return JSON as a client hands it on: numbers as text, each field under its first name."""
    if isinstance(value, Mapping):
        names = {alias: field.name for field in fields for alias in field.aliases}
        inner = {field.name: field.fields for field in fields}
        renamed = {names.get(str(name), str(name)): item for name, item in value.items()}
        return {name: spelt(item, inner.get(name, ())) for name, item in renamed.items()}
    if isinstance(value, list):
        return [spelt(item, fields) for item in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return json.dumps(value) if is_number else value


def oversized(field: ReplyField | Parameter) -> str | int | None:
    """Fill ids with digits that no double keeps, and amounts of replies with 40 decimals."""
    if field.choices or field.fields:
        return None
    if isinstance(field, ReplyField) and field.language_type in {"money", "decimal"}:
        return LONG_AMOUNT
    if not field.name.lower().endswith(("id", "idstr", "walletstr")):
        return None
    if "string" in field.types:
        return BIG_ID
    return BIG_INTEGER if "integer" in field.types else None


def _parameter_value(parameter: Parameter, fill: Fill | None) -> ParameterValue:
    made: ParameterValue | None = fill(parameter) if fill else None
    if made is not None:
        return made
    if "array" in parameter.types:
        return [parameter.choices[0] if parameter.choices else "10"]
    if "object" in parameter.types:
        return {
            field.name: _parameter_value(field, fill)
            for field in parameter.fields
            if field.required or field.example
        }
    example = parameter.example or next(iter(parameter.choices), "")
    made_up = {"date": "20240301", "coin": "ETH", "network": "ETH", "money": "10.2"}
    text = example or made_up.get(parameter.language_type, "12936129221")
    # The documented name of a sub-wallet is a character longer than the page allows.
    return text[: parameter.length_max]


def _data(operation: Operation, shown: Any, fill: Fill | None) -> Any:  # noqa: ANN401 - any JSON value
    if operation.envelope is Envelope.VALUE:
        return shown
    if operation.envelope is Envelope.OBJECT:
        is_usable = operation.response_example_kind is ExampleKind.PARTIAL and not fill
        return {**_object(operation.fields, fill), **(shown if is_usable else {})}
    examples: Iterable[Mapping[str, object]] = () if fill else operation.row_examples
    rows: list[Any] = [
        {**_object(operation.fields, fill), **_thawed(example)} for example in examples or ({},)
    ]
    if operation.value is not None:
        rows = [BIG_INTEGER]
    names = operation.envelope.page_names
    if names is None:
        return rows
    page = {names.rows: rows, names.number: 1, names.size: 25}
    counts = {names.pages: 1} if names.pages else {names.total: len(rows)}
    return {**page, **counts, **_object(operation.page_fields, fill)}


def _object(fields: Sequence[ReplyField], fill: Fill | None) -> dict[str, Any]:
    return {field.name: _field_value(field, fill) for field in fields}


def _field_value(field: ReplyField, fill: Fill | None) -> Any:  # noqa: ANN401 - any JSON value
    made = fill(field) if fill else None
    if made is not None:
        return made
    kind = field.types[0]
    if kind in {"array", "object"}:
        item = _object(field.fields, fill) if field.fields else _scalar(field.item_types, field)
        if kind == "array":
            return [item]
        return {"any": item} if field.item_types else item
    return _scalar(field.types, field)


def _scalar(types: tuple[str, ...], field: ReplyField) -> Any:  # noqa: ANN401 - any JSON value
    if "boolean" in types[:1]:
        return True
    is_number = types[:1] in {("integer",), ("number",)}
    if field.choices:
        return int(field.choices[0]) if is_number else field.choices[0]
    made_up = {"money": "1.5", "decimal": "0.5", "coin": "ETH", "network": "ETH"}
    return 10 if is_number else made_up.get(field.language_type, "77")


def _thawed(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, Mapping):
        return {name: _thawed(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_thawed(item) for item in value]
    return value
