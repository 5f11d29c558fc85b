"""The JSON types of a body, held to the description: what a strict server would take.

A query has no types, so only bodies are looked at. Where sources disagree the description names
several types, and each of them is right here.
"""

import re
from collections.abc import Mapping, Sequence

from runner.catalogue.api import Operation, Parameter
from runner.core.jsonvalue import NumberText
from runner.sandbox.parameters import number_text
from runner.sandbox.refusal import Refused

_WHOLE = re.compile(r"-?[0-9]{1,40}", re.ASCII)
_INTEGER_MAX = 2**63 - 1


def check_types(operation: Operation, written: Mapping[str, object]) -> None:
    """Check that every parameter is written with a type that the description names.

    Shapes: ``written`` is the body as read, its numbers ``NumberText``. A null is of no type, and
        an integer has 64 bits.
        Members that the operation does not have are ignored.
    Errors: ``Refused`` G20005, of a requestId G20014.
    """
    _check_members(operation.parameters, written, "")


def _check_members(
    parameters: Sequence[Parameter], written: Mapping[str, object], within: str
) -> None:
    for parameter in parameters:
        if parameter.name not in written:
            continue
        value, name = written[parameter.name], within + parameter.name
        _check_type(parameter.types, value, name)
        if isinstance(value, list) and parameter.item_types:
            for item in value:
                _check_type(parameter.item_types, item, f"an item of {name}")
        if isinstance(value, dict):
            _check_members(parameter.fields, value, f"{name}.")


def _check_type(types: tuple[str, ...], value: object, name: str) -> None:
    if not types or any(each in types for each in _types_of(value)):
        return
    code = "G20014" if name == "requestId" else "G20005"
    raise Refused(code, f"{name} is not written as {' or '.join(types)}")


def _types_of(value: object) -> tuple[str, ...]:
    if isinstance(value, NumberText):
        text = number_text(value)
        is_whole = _WHOLE.fullmatch(text) is not None and abs(int(text)) <= _INTEGER_MAX
        return ("integer", "number") if is_whole else ("number",)
    if isinstance(value, str):
        return ("string",)
    if isinstance(value, bool):
        return ("boolean",)
    if isinstance(value, list):
        return ("array",)
    return ("object",) if isinstance(value, dict) else ()
