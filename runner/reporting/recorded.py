"""Records as the JSON of a stream: a moment keeps its microseconds, an amount its digits.

``core.recordjson`` reads them back.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from runner.core.money import amount_text


def json_from_record(value: object) -> dict[str, Any]:
    """Return a record as JSON, a member for each field in their order."""
    assert is_dataclass(value)
    return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}


def _plain(value: Any) -> Any:  # noqa: ANN401 - every kind of field passes through here
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        # A number that was read as text is a text like any other.
        return str(value)
    if isinstance(value, Decimal):
        return amount_text(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return json_from_record(value)
