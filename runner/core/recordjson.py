"""Records read back from the JSON they were written as, by their annotations.

A member that is missing or that no field takes is refused, and so is a value of another type:
nothing is guessed.
"""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar, get_args, get_origin

from runner.core.clock import moment_from_text
from runner.core.jsonvalue import JsonValue
from runner.core.money import amount_from_stored

RecordT = TypeVar("RecordT")


def record_from_json(wanted: type[RecordT], data: object) -> RecordT:
    """Return the record a JSON object was written from.

    Errors: ``ValueError`` or ``TypeError`` for one that was not, in words for people.
    """
    if not isinstance(data, dict):
        raise TypeError(f"{wanted.__name__} must be an object")
    # Not get_type_hints: JsonValue names itself, and the names in it, which no module here has.
    hints = {f.name: f.type for f in fields(wanted)}  # type: ignore[arg-type]  # a dataclass
    if set(data) != set(hints):
        odd = sorted(set(data) ^ set(hints))
        # Quoted: a name may hold a line break, and its second line could be taken for ours.
        raise TypeError(f"{wanted.__name__} and its file differ in {', '.join(map(ascii, odd))}")
    return wanted(**{name: _value(hint, data[name]) for name, hint in hints.items()})


def _value(wanted: Any, data: Any) -> Any:  # noqa: ANN401 - driven by the records' annotations
    if wanted == JsonValue:
        return data
    origin = get_origin(wanted)
    if origin is types.UnionType:
        inner, nothing = get_args(wanted)
        assert nothing is types.NoneType, "records have no other unions"
        return None if data is None else _value(inner, data)
    if origin is tuple:
        return tuple(_value(get_args(wanted)[0], item) for item in _instance(list, data))
    if origin is not None and issubclass(origin, Mapping):
        members = _instance(dict, data)
        return {key: _value(get_args(wanted)[1], item) for key, item in members.items()}
    return _scalar(wanted, data)


def _scalar(wanted: Any, data: Any) -> Any:  # noqa: ANN401 - as above
    if wanted is Decimal:
        return amount_from_stored(data)
    if wanted is datetime:
        return moment_from_text(data)
    if wanted is float:
        return float(data) if type(data) is int else _instance(float, data)
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return wanted(data)
    if isinstance(wanted, type) and is_dataclass(wanted):
        return record_from_json(wanted, data)
    return _instance(wanted, data)


def _instance(wanted: type[RecordT], data: object) -> RecordT:
    # The exact type: True is an int to isinstance.
    if type(data) is not wanted:
        raise TypeError(f"{wanted.__name__} was expected, not {type(data).__name__}")
    return data
