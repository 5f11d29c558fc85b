"""The body of a request, from values to the text that is planned, signed and sent."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from runner.catalogue.api import Operation, Parameter

ParameterValue: TypeAlias = "str | int | Sequence[ParameterValue] | Mapping[str, ParameterValue]"
"""The value of a parameter (``bool`` is an ``int``); lists and objects travel in bodies alone."""


def body_text(operation: Operation, values: Mapping[str, ParameterValue]) -> str:
    """Write a body without its timestamp: members sorted by name, no blanks.

    The type that the description names first is the one that is sent, with two exceptions, because
    a number may be read as a double on its way: an amount goes as text wherever text is accepted,
    and so does an integer beyond 2^53.

    Shapes: a value that is not of the type of its parameter, or has no parameter, is written as a
        text; whoever checks the body before it is signed finds it. Digits are written as they are.
    """
    return _object(operation.parameters, values)


def _object(parameters: Sequence[Parameter], values: Mapping[str, ParameterValue]) -> str:
    known = {parameter.name: parameter for parameter in parameters}
    members = (
        f"{_quoted(name)}:{_value(known.get(name), value)}"
        for name, value in sorted(values.items())
    )
    return "{" + ",".join(members) + "}"


def _value(parameter: Parameter | None, value: ParameterValue) -> str:
    if isinstance(value, Mapping):
        return _object(parameter.fields if parameter else (), value)
    if not isinstance(value, str | int):
        types = parameter.item_types if parameter else ()
        return "[" + ",".join(_item(types, item) for item in value) + "]"
    return _scalar(parameter.types if parameter else (), value)


def _item(types: tuple[str, ...], item: ParameterValue) -> str:
    return _scalar(types, item) if isinstance(item, str | int) else _value(None, item)


def _scalar(types: tuple[str, ...], value: str | int) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if text in {"true", "false"} and types[:1] == ("boolean",):
        return text
    return text if _is_number(types, text) else _quoted(text)


def _is_number(types: tuple[str, ...], text: str) -> bool:
    first = types[0] if types else "string"
    if first not in {"integer", "number"} or (first == "number" and "string" in types):
        return False
    if not (_INTEGER if first == "integer" else _NUMBER).fullmatch(text):
        return False
    return "string" not in types or abs(int(text)) <= _EXACT_MAX


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_EXACT_MAX = 2**53
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,29})", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,40})?", re.ASCII)
