"""Taking a mapping apart with every complaint kept, for the world reader."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TypeAlias, TypeVar

from runner.core.clock import moment_from_text, timestamp_ms
from runner.core.diagnostics import did_you_mean
from runner.core.money import ZERO, AmountInvalid, amount_from_text
from runner.core.record import record
from runner.core.values import LiteralInvalid, duration_from_text

_Item = TypeVar("_Item")

_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)
_SMALL_INTEGER = re.compile(r"[0-9]{1,3}", re.ASCII)

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands: keys and indexes from the root, indexes counted from 0."""


@record
class Problem:
    """One complaint about a world: where and what; ``code`` is one of the diagnostics' codes."""

    path: Path
    sentence: str
    code: str = "wrong-value"

    def __str__(self) -> str:
        """Spell the place like ``wallets[0].id``, then the sentence."""
        where = ""
        for part in self.path:
            where += f"[{part}]" if isinstance(part, int) else f".{part}" if where else part
        return f"{where}: {self.sentence}" if where else self.sentence


@dataclass(slots=True)
class Section:
    """One mapping of a world, read key by key.

    Every getter notes a problem and returns a harmless value instead of raising, so that one
    reading finds everything that is wrong; nobody may use the result while ``problems`` holds
    anything. Sections of one document share the list.
    """

    data: Mapping[str, object]
    path: Path = ()
    problems: list[Problem] = field(default_factory=list)

    def note(self, sentence: str, *keys: str | int, code: str = "wrong-value") -> None:
        """Keep a complaint about this section or something inside it."""
        if keys and isinstance(keys[0], str) and keys[0] not in self.data:
            code = "missing-key"
        self.problems.append(Problem(path=(*self.path, *keys), sentence=sentence, code=code))

    def refuse_unknown(self, *known: str) -> None:
        """Complain about every key that is not known."""
        for key in self.data:
            if key not in known:
                hint = did_you_mean(str(key), known)
                self.note(f"unknown key {str(key)!r}; {hint}", str(key), code="unknown-key")

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text that is not empty; required without a default."""
        value = self.data.get(key)
        if value is None and default is not None:
            return default
        if isinstance(value, str) and (value or default == ""):
            return value
        self.note("a text is needed here", key)
        return "?"

    def one_of(self, key: str, choices: Sequence[str], default: str) -> str:
        """Return one of the words allowed."""
        value = self.text(key, default)
        if value not in choices:
            self.note(f"{value!r} is not known; {did_you_mean(value, choices)}", key)
            return default
        return value

    def integer(self, key: str, default: int | None = None) -> int:
        """Return a whole number from 0 to 999, written as a number or as text."""
        value = self.data.get(key)
        if value is None and default is not None:
            return default
        spelled = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if not _SMALL_INTEGER.fullmatch(spelled):
            self.note("a whole number is needed here", key)
            return 0
        return int(spelled)

    def digits(self, key: str) -> str:
        """Return an id made of digits below 2^63."""
        value = self.data.get(key)
        if not (isinstance(value, str) and _DIGITS.fullmatch(value) and int(value) < 2**63):
            self.note("an id is needed here: digits in quotes, below 2^63", key)
            return "0"
        return value

    def boolean(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            self.note("true or false is needed here", key)
            return default
        return value

    def amount(self, key: str, default: Decimal | None = None) -> Decimal:
        """Return an amount written as text, never as a number that a reader could have rounded."""
        value = self.data.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            self.note('an amount in quotes is needed here, like "250000.5"', key)
            return ZERO
        try:
            return amount_from_text(value)
        except AmountInvalid as exc:
            self.note(str(exc), key)
            return ZERO

    def duration_ms(self, key: str, default_ms: int) -> int:
        """Return a duration in milliseconds."""
        if key not in self.data:
            return default_ms
        try:
            return duration_from_text(self.text(key)) // timedelta(milliseconds=1)
        except LiteralInvalid as exc:
            self.note(str(exc), key)
            return default_ms

    def moment_ms(self, key: str, default_ms: int) -> int:
        """Return a moment in milliseconds since the epoch."""
        if key not in self.data:
            return default_ms
        try:
            return timestamp_ms(moment_from_text(self.text(key)))
        except ValueError as exc:
            self.note(f"not a moment like 2026-01-05T09:00:00Z: {exc}", key)
            return default_ms

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, each once; a missing list is empty."""
        values = self._list(key)
        result = tuple(v for v in values if isinstance(v, str) and v)
        if len(result) != len(values) or len(set(result)) != len(result):
            self.note("a list of different texts is needed here", key)
        return result

    def integers(self, key: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """Return a list of small whole numbers, each once."""
        if key not in self.data:
            return default
        values = self._list(key)
        result = tuple(v for v in values if isinstance(v, int) and not isinstance(v, bool))
        if len(result) != len(values) or len(set(result)) != len(result):
            self.note("a list of different whole numbers is needed here", key)
        return result

    def pattern(self, key: str) -> str:
        """Return a regular expression; a missing one is empty."""
        value = self.text(key, "")
        try:
            re.compile(value)
        except re.error as exc:
            self.note(f"not a regular expression: {exc}", key)
            return ""
        return value

    def section(self, key: str) -> "Section":
        """Return a mapping; a missing one is empty."""
        value = self.data.get(key)
        if value is not None and not isinstance(value, Mapping):
            self.note("a mapping is needed here", key)
        data = value if isinstance(value, Mapping) else {}
        return Section(data, (*self.path, key), self.problems)

    def each(self, key: str, read: Callable[["Section"], _Item]) -> tuple[_Item, ...]:
        """Read every mapping of a list; a missing list is empty."""
        result = []
        for index, value in enumerate(self._list(key)):
            if isinstance(value, Mapping):
                result.append(read(Section(value, (*self.path, key, index), self.problems)))
            else:
                self.note("a mapping is needed here", key, index)
        return tuple(result)

    def each_or_name(
        self, key: str, name: str, read: Callable[["Section"], _Item]
    ) -> tuple[_Item, ...]:
        """Read every mapping of a list; a plain text stands for a mapping of ``name`` to it."""
        result = []
        for index, value in enumerate(self._list(key)):
            data = {name: value} if isinstance(value, str) else value
            if isinstance(data, Mapping):
                result.append(read(Section(data, (*self.path, key, index), self.problems)))
            else:
                self.note("a text or a mapping is needed here", key, index)
        return tuple(result)

    def _list(self, key: str) -> Sequence[object]:
        value = self.data.get(key, ())
        if isinstance(value, str) or not isinstance(value, Sequence):
            self.note("a list is needed here", key)
            return ()
        return value
