"""The values of the playbook language, and their one text and one JSON form.

===========================================  ==========================  ======================
type                                         in Python                   in JSON and in text
===========================================  ==========================  ======================
string, coin, network, order_id, names       ``str``                     itself
int                                          ``int``                     ``"12"``
decimal                                      ``Decimal``                 ``"0.05"``
bool                                         ``bool``                    ``true``
date                                         ``datetime.date``           ``"2026-11-22"``
duration                                     ``datetime.timedelta``      ``"1h30m"``
timestamp                                    ``datetime``, aware, UTC   ``"2026-11-22T10:00:00.0Z"``
money                                        ``Money``                   ``"250000 USDT"``
list<T>                                      ``tuple``                   array
map<K, V>, record                            ``dict``                    object; absent, never null
not known before the run                     ``Unknown``                 ``{"$unknown": "money"}``
===========================================  ==========================  ======================
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from runner.core.clock import moment_from_text, timestamp_text
from runner.core.money import (
    COIN,
    CONTEXT,
    Money,
    amount_from_stored,
    amount_from_text,
    amount_text,
    money_from_stored,
    money_from_text,
)
from runner.core.record import positional_record
from runner.core.types import TEXT_LIKE, ListOf, MapOf, Record, Scalar, Type

if TYPE_CHECKING:
    from runner.core.jsonvalue import JsonValue


@positional_record
class Unknown:
    """A value that only the run can know; at plan time it flows through expressions."""

    type: Type


Value: TypeAlias = (
    str
    | int
    | Decimal
    | bool
    | date
    | datetime
    | timedelta
    | Money
    | tuple["Value", ...]
    | Mapping[str, "Value"]
    | Unknown
)
"""Anything an expression can give or a step can hold."""

_DURATION = re.compile(
    "(?:([0-9]{1,15})d)?(?:([0-9]{1,15})h)?(?:([0-9]{1,15})m(?!s))?"
    "(?:([0-9]{1,15})s)?(?:([0-9]{1,15})ms)?"
)
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,29})", re.ASCII)
_NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MILLISECONDS_MAX = 10 * 365 * 24 * 3600 * 1000


class LiteralInvalid(ValueError):
    """A text does not spell a value of the wanted type; the message says what would."""


def duration_from_text(text: str) -> timedelta:
    """Read ``90s``, ``10m``, ``1h30m``, ``250ms``, ``2d``: whole numbers, largest unit first.

    Errors: ``LiteralInvalid``.
    """
    match = _DURATION.fullmatch(text)
    if not match or not any(match.groups()):
        raise LiteralInvalid(f"{text!r} is not a duration: write 90s, 10m, 1h30m or 2d")
    days, hours, minutes, seconds, milliseconds = (int(g or 0) for g in match.groups())
    total_s = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    total_ms = total_s * 1000 + milliseconds
    if total_ms > _MILLISECONDS_MAX:
        raise LiteralInvalid(f"{text!r} is longer than ten years")
    return timedelta(milliseconds=total_ms)


def duration_text(duration: timedelta) -> str:
    """Write a duration the way playbooks spell it: ``1h30m``, ``0s``, ``250ms``."""
    milliseconds = duration // timedelta(milliseconds=1)
    parts = []
    for size, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")):
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def value_from_text(text: str, wanted: Scalar) -> Value:
    """Read what a person wrote for a scalar type: an input, a default, a literal argument.

    Errors: ``LiteralInvalid`` or ``AmountInvalid`` (both ``ValueError``), a sentence for people.
    """
    reader = _READERS.get(wanted.name)
    return text if reader is None else reader(text)


def value_text(value: Value) -> str:
    """Return the one text form of a scalar, for splicing into text and for people.

    Errors: ``TypeError`` for lists, maps, records and unknowns, which have none.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | Money):
        return str(value)
    if isinstance(value, Decimal):
        return amount_text(value)
    if isinstance(value, datetime):
        return timestamp_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration_text(value)
    raise TypeError(f"{type(value).__name__} has no text form")


def value_to_json(value: Value) -> "JsonValue":
    """Turn a value into the JSON that is journalled, planned and reported."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, Unknown):
        return {"$unknown": str(value.type)}
    if isinstance(value, tuple):
        return [value_to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: value_to_json(item) for key, item in value.items()}
    return value_text(value)


def value_from_json(data: object, wanted: Type) -> Value:
    """Read back what ``value_to_json`` wrote, so that a resumed run sees the same values.

    Errors: ``LiteralInvalid`` or ``AmountInvalid`` when the data does not fit the type.
    """
    if isinstance(data, Mapping) and set(data) == {"$unknown"}:
        return Unknown(wanted)
    if isinstance(wanted, ListOf):
        if not isinstance(data, list | tuple):
            raise LiteralInvalid(f"a list was expected, not {type(data).__name__}")
        return tuple(value_from_json(item, wanted.item) for item in data)
    if isinstance(wanted, MapOf):
        return {key: value_from_json(item, wanted.value) for key, item in _object(data).items()}
    if isinstance(wanted, Record):
        return _record_from_json(_object(data), wanted)
    return _scalar_from_json(data, wanted)


def _scalar_from_json(data: object, wanted: Scalar) -> Value:
    if wanted.name == "bool" and isinstance(data, bool):
        return data
    if wanted.name == "bool" or not isinstance(data, str):
        raise LiteralInvalid(f"{wanted} was expected, not {type(data).__name__}")
    if wanted.name == "money":
        return money_from_stored(data)
    if wanted.name == "decimal":
        return amount_from_stored(data)
    if wanted.name in TEXT_LIKE:
        return data
    return value_from_text(data, wanted)


def _record_from_json(data: Mapping[str, object], wanted: Record) -> Value:
    result: dict[str, Value] = {}
    for field in wanted.fields:
        if field.name in data:
            result[field.name] = value_from_json(data[field.name], field.type)
        elif not field.optional:
            raise LiteralInvalid(f"{wanted.name} lacks {field.name}")
    return result


def _object(data: object) -> Mapping[str, object]:
    if not isinstance(data, Mapping):
        raise LiteralInvalid(f"an object was expected, not {type(data).__name__}")
    return data


def _decimal_from_text(text: str) -> Decimal:
    amount = amount_from_text(text.removeprefix("-"))
    # Our context: the minus sign alone would round to the 28 digits of Python's.
    return CONTEXT.minus(amount) if text.startswith("-") else amount


def _integer_from_text(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise LiteralInvalid(f"{text!r} is not a whole number")
    return int(text)


def _boolean_from_text(text: str) -> bool:
    if text not in {"true", "false"}:
        raise LiteralInvalid(f"{text!r} is not true or false")
    return text == "true"


def _coin_from_text(text: str) -> str:
    if not COIN.fullmatch(text):
        raise LiteralInvalid(
            f"{text!r} is not a coin: use its symbol in capital letters, like USDT"
        )
    return text


def _network_from_text(text: str) -> str:
    if not _NETWORK.fullmatch(text):
        raise LiteralInvalid(f"{text!r} is not a network: use its short name, like ETH or BSC")
    return text


def _date_from_text(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise LiteralInvalid(f"{text!r} is not a date: write it like 2026-11-22")


def _timestamp_from_text(text: str) -> datetime:
    try:
        return moment_from_text(text)
    except (ValueError, OverflowError) as exc:
        raise LiteralInvalid(
            f"{text!r} is not a moment: write it like 2026-11-22T10:00:00Z"
        ) from exc


_READERS: Mapping[str, Callable[[str], Value]] = {
    "money": money_from_text,
    "decimal": _decimal_from_text,
    "int": _integer_from_text,
    "bool": _boolean_from_text,
    "duration": duration_from_text,
    "date": _date_from_text,
    "timestamp": _timestamp_from_text,
    "coin": _coin_from_text,
    "network": _network_from_text,
}
"""How a text becomes a value; types that are not here take the text as it is."""
