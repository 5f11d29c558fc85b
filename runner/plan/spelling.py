"""Texts of others in files that people review: nothing in them that nobody can see.

Our own reader refuses a file with such characters, whoever wrote it.
"""

import json
from collections.abc import Mapping

from runner.core.jsonvalue import JsonValue


def spelt(value: JsonValue) -> JsonValue:
    """Spell out what nobody can see, in every text of a value."""
    if isinstance(value, str):
        return spelt_text(value)
    if isinstance(value, Mapping):
        return {spelt_text(key): spelt(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [spelt(item) for item in value]
    return value


def spelt_text(text: str) -> str:
    r"""Spell out what nobody can see, like ``\u202e``; line breaks and tabs stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


def reviewable_json(value: JsonValue, *, sort_keys: bool = True) -> str:
    """Write JSON for review: one member a line, in one order, a line break at the end."""
    return json.dumps(value, indent=2, sort_keys=sort_keys, ensure_ascii=False) + "\n"
