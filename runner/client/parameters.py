"""Checks what is about to be signed against the API's description."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from runner.catalogue.api import Location, Operation, Parameter
from runner.catalogue.body import ParameterValue, body_text
from runner.core.diagnostics import did_you_mean
from runner.core.errors import RequestInvalid
from runner.core.jsonvalue import JsonInvalid, NumberText, parse_strict_json

PAGE_LIMIT = 100
REQUEST_ID_LENGTH_MAX = 50
"""Pages allow 70 where they say anything; those who use the API keep to 50."""


def query_pairs(
    operation: Operation, params: Mapping[str, ParameterValue]
) -> list[tuple[str, str]]:
    """Check the parameters of a read and spell them, in the order of the description.

    Shapes: ``timestamp`` is not among the parameters; booleans become ``true`` and ``false``. What
        page to read is always said, whether the description demands it or not: the first, of at
        most ``PAGE_LIMIT`` rows, where ``params`` leave it open.
    Errors: ``RequestInvalid``, naming the first parameter that does not fit.
    """
    given = {**_first_page(operation, params), **params}
    texts = {name: _text(operation, name, value) for name, value in given.items()}
    _check_names(operation, texts, Location.QUERY)
    for name, text in texts.items():
        _check_text(operation, _known(operation.parameters, name), text)
    _check_window(operation, texts)
    return [(p.name, texts[p.name]) for p in operation.parameters if p.name in texts]


def planned_body(operation: Operation, params: Mapping[str, ParameterValue]) -> str:
    """Write and check the body of a read that is a POST, without its timestamp.

    Shapes: as ``query_pairs`` about pages; as ``body_text`` about types.
    Errors: ``RequestInvalid``.
    """
    body = body_text(operation, {**_first_page(operation, params), **params})
    check_body(operation, body)
    return body


def check_body(operation: Operation, planned_body: str) -> str:
    """Check the planned body of a request and return its requestId, or nothing if it has none.

    Shapes: the text of a JSON object without ``timestamp``.
    Errors: ``RequestInvalid``.
    """
    try:
        members = parse_strict_json(planned_body.encode("utf-8"))
    except (JsonInvalid, UnicodeEncodeError) as exc:
        raise invalid(operation, f"the planned body is {exc}") from exc
    if not isinstance(members, dict):
        raise invalid(operation, "the planned body is not a JSON object")
    request_id = members.get("requestId", "")
    request_id = str(request_id) if isinstance(request_id, str) else ""
    _check_names(operation, members, Location.BODY, request_id)
    complaint = next(_complaints(operation.parameters, members), "")
    if complaint:
        raise invalid(operation, complaint, request_id)
    _check_window(operation, {n: str(v) for n, v in members.items() if isinstance(v, str)})
    return request_id


def invalid(
    operation: Operation, reason: str, request_id: str = "", hint: str = ""
) -> RequestInvalid:
    """Build the error that names the operation's call."""
    return RequestInvalid(
        reason, method=operation.method, path=operation.path, request_id=request_id, hint=hint
    )


def _first_page(operation: Operation, params: Mapping[str, ParameterValue]) -> dict[str, int]:
    if operation.parameter("pageNo") is None:
        return {}
    page = {"pageLimit": min(PAGE_LIMIT, operation.page_max or PAGE_LIMIT), "pageNo": 1}
    return {name: value for name, value in page.items() if name not in params}


def _text(operation: Operation, name: str, value: ParameterValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise invalid(operation, f"{name} is {type(value).__name__}, which no query can carry")
    return value


def _known(parameters: Sequence[Parameter], name: str) -> Parameter:
    return next(parameter for parameter in parameters if parameter.name == name)


def _check_names(
    operation: Operation, given: Iterable[str], location: Location, request_id: str = ""
) -> None:
    names = set(given)
    if TIMESTAMP in names:
        raise invalid(
            operation, "timestamp is put in when the request is signed, not before", request_id
        )
    known = {p.name for p in operation.parameters if p.location is location} - {TIMESTAMP}
    for name in sorted(names - known):
        raise invalid(
            operation, f"{operation.id} has no parameter {name}", request_id,
            did_you_mean(name, known),
        )  # fmt: skip
    for parameter in operation.parameters:
        if parameter.required and parameter.name in known and parameter.name not in names:
            raise invalid(operation, f"{parameter.name} is required", request_id)
    if operation.requires_one_of and not names & set(operation.requires_one_of):
        wanted = " or ".join(operation.requires_one_of)
        raise invalid(operation, f"{wanted} is required", request_id)
    if len(names & set(operation.at_most_one_of)) > 1:
        rivals = " and ".join(operation.at_most_one_of)
        raise invalid(operation, f"{rivals} exclude each other", request_id)


def _complaints(
    parameters: Sequence[Parameter], members: Mapping[str, object], where: str = ""
) -> Iterator[str]:
    """Say what is wrong with the members of a body, whose own names are known to be right."""
    for name, value in members.items():
        parameter = _known(parameters, name)
        if isinstance(value, dict) and "object" in parameter.types:
            yield from _object_complaints(parameter, value, f"{where}{name}.")
        elif isinstance(value, list) and "array" in parameter.types:
            for number, item in enumerate(value):
                complaint = _json_complaint(parameter, item, parameter.item_types)
                if complaint:
                    yield f"{where}{name}[{number}] {complaint}"
        else:
            complaint = _json_complaint(parameter, value, parameter.types)
            if complaint:
                yield f"{where}{name} {complaint}"


def _object_complaints(
    parameter: Parameter, members: Mapping[str, object], where: str
) -> Iterator[str]:
    if not parameter.fields:
        return
    known = {field.name for field in parameter.fields}
    yield from (f"{where}{name} is not known" for name in members if name not in known)
    yield from (
        f"{where}{field.name} is required"
        for field in parameter.fields
        if field.required and field.name not in members
    )
    known_members = {name: value for name, value in members.items() if name in known}
    yield from _complaints(parameter.fields, known_members, where)


def _json_complaint(parameter: Parameter, value: object, types: tuple[str, ...]) -> str:
    if isinstance(value, bool):
        fits, text = "boolean" in types, "true" if value else "false"
    elif isinstance(value, NumberText):
        fits, text = bool({"integer", "number"} & set(types)), str(value)
    elif isinstance(value, str):
        fits, text = "string" in types, value
    else:
        fits, text = False, ""
    return _complaint(parameter, text, types) if fits else f"must be {' or '.join(types)}"


def _check_text(operation: Operation, parameter: Parameter, text: str) -> None:
    complaint = _complaint(parameter, text, parameter.types)
    if complaint:
        raise invalid(operation, f"{parameter.name} {complaint}")


def _complaint(parameter: Parameter, text: str, types: tuple[str, ...]) -> str:
    if not text:
        return "is empty"
    if _UNSAFE.search(text):
        return "holds a character that cannot be sent"
    if parameter.choices and text not in parameter.choices:
        return f"must be one of {', '.join(parameter.choices)}"
    length_max = _length_max(parameter)
    if length_max is not None and len(text) > length_max:
        return f"is longer than {length_max} characters"
    if not _is_of_type(text, types):
        return f"must be {' or '.join(_WORDS.get(name, name) for name in types)}"
    if parameter.language_type == "date" and _day(text) is None:
        return "must be a day, as YYYYMMDD"
    if _INTEGER.fullmatch(text) and not _is_within(parameter, int(text)):
        low = parameter.minimum if parameter.minimum is not None else "any"
        high = parameter.maximum if parameter.maximum is not None else "any"
        return f"must be between {low} and {high}"
    return ""


def _length_max(parameter: Parameter) -> int | None:
    if parameter.name != "requestId":
        return parameter.length_max
    return min(parameter.length_max or REQUEST_ID_LENGTH_MAX, REQUEST_ID_LENGTH_MAX)


def _is_of_type(text: str, types: tuple[str, ...]) -> bool:
    if {"string", "number"} & set(types):
        return True
    if "boolean" in types and text in {"true", "false"}:
        return True
    return "integer" in types and bool(_INTEGER.fullmatch(text))


def _is_within(parameter: Parameter, number: int) -> bool:
    if parameter.minimum is not None and number < parameter.minimum:
        return False
    return parameter.maximum is None or number <= parameter.maximum


def _check_window(operation: Operation, texts: Mapping[str, str]) -> None:
    names = operation.range_names
    if names is None or not set(names) <= set(texts):
        return
    start, end = (_moment_ms(_known(operation.parameters, name), texts[name]) for name in names)
    words = f"{names[0]} to {names[1]} must"
    if end < start:
        raise invalid(operation, f"{words} not run backwards")
    if operation.window_ms is not None and end - start >= operation.window_ms:
        raise invalid(operation, f"{words} be less than {operation.window_ms // DAY_MS} days")


def _moment_ms(parameter: Parameter, text: str) -> int:
    day = _day(text) if parameter.language_type == "date" else None
    return int(text) if day is None else day.toordinal() * DAY_MS


def _day(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


DAY_MS = 86_400_000
TIMESTAMP = "timestamp"
_WORDS = {"boolean": "true or false", "integer": "a whole number"}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,29})", re.ASCII)
_DAY = re.compile(r"[0-9]{8}", re.ASCII)
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
