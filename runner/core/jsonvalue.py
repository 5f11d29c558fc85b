"""Strict JSON in, canonical JSON out."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Never, TypeAlias

JsonValue: TypeAlias = "bool | int | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
"""What we store and send: no floats anywhere, numbers only where they are exact."""

MAX_DEPTH = 64
MAX_EXACT_INTEGER = 2**53 - 1


class JsonInvalid(ValueError):
    """A text is not the JSON we accept."""


class NumberText(str):
    """The text of a JSON number, kept as written so that no digit is lost."""

    __slots__ = ()


def parse_strict_json(data: bytes, *, depth_max: int = MAX_DEPTH) -> object:
    """Read JSON as RFC 8259 has it, and nothing more.

    Shapes: objects become dicts, arrays lists, strings ``str``, numbers ``NumberText``, and
        ``true``, ``false`` and ``null`` themselves. Depth counts brackets, the outermost is 1.
    Errors: ``JsonInvalid`` for invalid UTF-8, a byte order mark, duplicate keys, NaN or Infinity,
        lone surrogates, text after the value, or nesting deeper than ``depth_max``.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise JsonInvalid(f"not UTF-8 at byte {exc.start}") from exc
    _check_depth(text, depth_max)
    try:
        value = _DECODER.decode(text)
    except (json.JSONDecodeError, RecursionError) as exc:
        raise JsonInvalid(f"not JSON: {exc}") from exc
    if _SURROGATE.search(text):
        _refuse_surrogates(value)
    return value


def canonical_json(value: object) -> bytes:
    """Write canonical JSON (RFC 8785).

    Shapes: any mapping is an object, lists and tuples are arrays; a ``NumberText`` is a string like
        any other.
    Errors: ``JsonInvalid`` for floats, integers above 2^53-1 in size, lone surrogates, a nesting no
        reader would take, or any type that is not JSON.
    """
    # Most readers of JSON never write it.
    import rfc8785

    try:
        return rfc8785.dumps(_plain(value))  # type: ignore[arg-type]  # it checks the value itself
    except (ValueError, RecursionError) as exc:
        raise JsonInvalid(f"not JSON: {exc}") from exc


def _check_depth(text: str, depth_max: int) -> None:
    # json's C scanner recurses on the C stack, so depth is measured before it sees the text.
    if text.count("[") + text.count("{") <= depth_max:
        return
    depth = 0
    for bracket in _BRACKETS.sub("", text):
        depth += 1 if bracket in "[{" else -1
        if depth > depth_max:
            raise JsonInvalid(f"nested deeper than {depth_max}")


def _refuse_constant(name: str) -> Never:
    raise JsonInvalid(f"{name} is not JSON")


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise JsonInvalid(f"duplicate key {key!r}")
            seen.add(key)
    return result


def _refuse_surrogates(value: object) -> None:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack.extend(item)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, str) and not _is_text(item):
            raise JsonInvalid("a lone surrogate is not a character")


def _is_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _plain(value: object) -> object:
    # The writer knows dict alone; a mapping that cannot be changed is an object all the same.
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        raise JsonInvalid("a float has no place in our JSON: write amounts as text")
    return value


_BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[^\[\]{}"]+', re.DOTALL)
"""Everything in a JSON text that is not a bracket: strings, whole or cut off, and the rest."""

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""The only way a surrogate gets past the UTF-8 decoder: spelt as an escape."""

_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_float=NumberText,
    parse_int=NumberText,
    parse_constant=_refuse_constant,
)
