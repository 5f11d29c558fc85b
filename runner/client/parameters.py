"""Checks what is about to be signed against the API's description."""

import re
from collections.abc import Iterable, Mapping

from runner.catalogue.api import Location, Operation, Parameter
from runner.core.diagnostics import did_you_mean
from runner.core.errors import RequestInvalid
from runner.core.jsonvalue import JsonInvalid, NumberText, parse_strict_json


def query_pairs(
    operation: Operation, params: Mapping[str, str | int | bool]
) -> list[tuple[str, str]]:
    """Check the parameters of a read and spell them, in the order of the description.

    Shapes: ``timestamp`` is not among the parameters; booleans become ``true`` and ``false``.
    Errors: ``RequestInvalid``, naming the first parameter that does not fit.
    """
    texts = {name: _text(operation, name, value) for name, value in params.items()}
    _check_names(operation, texts, Location.QUERY)
    for name, text in texts.items():
        _check_text(operation, _known(operation, name), text)
    _check_window(operation, texts)
    return [(p.name, texts[p.name]) for p in operation.parameters if p.name in texts]


def check_body(operation: Operation, planned_body: str) -> str:
    """Check the planned body of a write and return its requestId, or nothing if it has none.

    Shapes: the text of a JSON object without ``timestamp``; its values are texts, numbers or
        booleans.
    Errors: ``RequestInvalid``.
    """
    try:
        members = parse_strict_json(planned_body.encode("utf-8"))
    except (JsonInvalid, UnicodeEncodeError) as exc:
        raise invalid(operation, f"the planned body is {exc}") from exc
    if not isinstance(members, dict):
        raise invalid(operation, "the planned body is not a JSON object")
    request_id = members.get("requestId", "")
    request_id = request_id if isinstance(request_id, str) else ""
    _check_names(operation, members, Location.BODY, request_id)
    for name, value in members.items():
        _check_member(operation, _known(operation, name), value, request_id)
    return request_id


def invalid(
    operation: Operation, reason: str, request_id: str = "", hint: str = ""
) -> RequestInvalid:
    """Build the error that names the operation's call."""
    return RequestInvalid(
        reason, method=operation.method, path=operation.path, request_id=request_id, hint=hint
    )


def _text(operation: Operation, name: str, value: str | int | bool) -> str:  # noqa: FBT001 - a value, not a switch
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise invalid(operation, f"{name} is {type(value).__name__}, which no query can carry")
    return value


def _known(operation: Operation, name: str) -> Parameter:
    parameter = operation.parameter(name)
    assert parameter is not None, "names are checked before values"
    return parameter


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


def _check_member(
    operation: Operation, parameter: Parameter, value: object, request_id: str
) -> None:
    if isinstance(value, bool):
        fits, text = "boolean" in parameter.types, "true" if value else "false"
    elif isinstance(value, NumberText):
        fits, text = bool({"integer", "number"} & set(parameter.types)), str(value)
    elif isinstance(value, str):
        fits, text = "string" in parameter.types, value
    else:
        fits, text = False, ""
    if not fits:
        raise invalid(
            operation, f"{parameter.name} must be {' or '.join(parameter.types)}", request_id
        )
    _check_text(operation, parameter, text, request_id)


def _check_text(
    operation: Operation, parameter: Parameter, text: str, request_id: str = ""
) -> None:
    complaint = _complaint(parameter, text)
    if complaint:
        raise invalid(operation, f"{parameter.name} {complaint}", request_id)


def _complaint(parameter: Parameter, text: str) -> str:
    if not text:
        return "is empty"
    if _UNSAFE.search(text):
        return "holds a character that cannot be sent"
    if parameter.choices and text not in parameter.choices:
        return f"must be one of {', '.join(parameter.choices)}"
    if parameter.length_max is not None and len(text) > parameter.length_max:
        return f"is longer than {parameter.length_max} characters"
    if not _is_of_type(text, parameter.types):
        return f"must be {' or '.join(_WORDS[name] for name in parameter.types)}"
    if _INTEGER.fullmatch(text) and not _is_within(parameter, int(text)):
        low = parameter.minimum if parameter.minimum is not None else "any"
        high = parameter.maximum if parameter.maximum is not None else "any"
        return f"must be between {low} and {high}"
    return ""


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
    if operation.window_ms is None or not {"startTime", "endTime"} <= set(texts):
        return
    length_ms = int(texts["endTime"]) - int(texts["startTime"])
    if not 0 <= length_ms < operation.window_ms:
        raise invalid(
            operation,
            f"startTime to endTime must be less than {operation.window_ms // 86_400_000} days"
            " and not run backwards",
        )


TIMESTAMP = "timestamp"
_WORDS = {"boolean": "true or false", "integer": "a whole number"}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,29})", re.ASCII)
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
