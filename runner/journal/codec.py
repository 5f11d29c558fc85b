"""Between our values and what a column holds: text and integers, the same after a round trip."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from runner.core.clock import moment_from_text
from runner.core.jsonvalue import JsonInvalid, JsonValue

Column: TypeAlias = "int | str | bytes | None"
"""What SQLite stores for us."""


def moment_text(moment: datetime) -> str:
    """Spell a moment so that texts sort as moments do and nothing is lost.

    Shapes: ``2026-11-22T10:00:00.000000Z``, always six decimals.
    """
    utc = moment.astimezone(UTC)
    return utc.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def optional_moment_text(moment: datetime | None) -> str | None:
    """Spell a moment, or nothing."""
    return None if moment is None else moment_text(moment)


def optional_moment(text: str | None) -> datetime | None:
    """Read a moment, or nothing."""
    return None if text is None else moment_from_text(text)


def json_text(value: JsonValue) -> str:
    """Write plain JSON, keys in the order they have.

    Errors: ``JsonInvalid`` for a float or anything else that is not our JSON.
    """
    return json.dumps(_plain(value), separators=(",", ":"))


def json_value(text: str) -> JsonValue:
    """Read what ``json_text`` wrote."""
    value: JsonValue = json.loads(text)
    return value


def _plain(value: object) -> object:
    # Floats would change on the way through text, and a mapping need not be a dict.
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(item) for item in value]
    raise JsonInvalid(f"a {type(value).__name__} cannot be journalled: write amounts as text")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise JsonInvalid(f"the key {key!r} is not a text")
    return key
