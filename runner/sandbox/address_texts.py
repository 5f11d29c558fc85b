"""Texts that fit a regular expression, drawn from a seed: the addresses of a sandbox.

Words: a *draw* is a sequence of numbers that a seed decides; a *part* writes a piece of the text
with it.

Example: ``0x[0-9a-f]{4}`` with one seed gives ``0x3b0f``, and with the same seed again.

Limits: plain characters, classes, groups, ``|``, repetitions and the usual escapes; nothing that
looks around or back. A repetition ends at the latest ``_OPEN_MAX`` after its least.
"""

import re
import string
from collections.abc import Callable
from hashlib import sha256
from typing import TypeAlias

_OPEN_MAX = 16
_LENGTH_MAX = 200
_PLAIN = string.ascii_letters + string.digits
_ESCAPED = {"d": string.digits, "w": _PLAIN + "_"}
_COUNT = re.compile(r"\{([0-9]{1,3})(?:(,)([0-9]{0,3}))?\}", re.ASCII)


class PatternUnsupported(ValueError):
    """No text can be made for a pattern; the message says why."""


class _Draw:
    """Numbers that depend on the seed alone."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def below(self, limit: int) -> int:
        self._count += 1
        digest = sha256(f"{self._seed}\n{self._count}".encode()).digest()
        return int.from_bytes(digest[:8]) % limit


_Part: TypeAlias = Callable[[_Draw], str]


def text_fitting(pattern: str, seed: str) -> str:
    """Return a text that the whole pattern matches, always the same for one seed.

    Errors: ``PatternUnsupported``.
    """
    text = _Reader(pattern).whole()(_Draw(seed))
    if len(text) > _LENGTH_MAX or not re.fullmatch(pattern, text):
        raise PatternUnsupported(f"no text could be made for {pattern!r}")
    return text


class _Reader:
    """Reads one pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def whole(self) -> _Part:
        part = self._choice()
        if self._at < len(self._pattern):
            raise PatternUnsupported(f"a bracket is closed too early in {self._pattern!r}")
        return part

    def _choice(self) -> _Part:
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        return lambda draw: branches[draw.below(len(branches))](draw)

    def _sequence(self) -> _Part:
        parts: list[_Part] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            parts.append(self._repeated(self._atom()))
        return lambda draw: "".join(part(draw) for part in parts)

    def _atom(self) -> _Part:
        if self._take("("):
            if self._take("?") and not self._take(":"):
                raise PatternUnsupported(f"a group of {self._pattern!r} is more than a group")
            inner = self._choice()
            self._expect(")")
            return inner
        if self._take("["):
            return _one_of(self._class())
        character = self._next()
        if character in "^$":
            return lambda _draw: ""
        if character == ".":
            return _one_of(_PLAIN)
        return _one_of(self._escaped() if character == "\\" else character)

    def _repeated(self, part: _Part) -> _Part:
        least, most = 1, 1
        count = _COUNT.match(self._pattern, self._at)
        if self._take("?"):
            least = 0
        elif self._take("*"):
            least, most = 0, _OPEN_MAX
        elif self._take("+"):
            most = 1 + _OPEN_MAX
        elif count is not None:
            self._at = count.end()
            least = int(count[1])
            most = int(count[3] or least + _OPEN_MAX) if count[2] else least
            most = min(most, least + _OPEN_MAX)
        else:
            return part
        self._take("?")  # Whether it is greedy makes no difference to what fits.
        if most < least:
            raise PatternUnsupported(f"a repetition of {self._pattern!r} ends before it begins")
        return lambda draw: "".join(part(draw) for _ in range(least + draw.below(most - least + 1)))

    def _class(self) -> str:
        is_other = self._take("^")
        members = ""
        while not (members and self._take("]")):
            first = self._next()
            if first == "\\":
                members += self._escaped()
            elif re.compile(r"-[^\]\\]").match(self._pattern, self._at):
                self._expect("-")
                members += "".join(map(chr, range(ord(first), ord(self._next()) + 1)))
            else:
                members += first
        if is_other:
            members = "".join(each for each in _PLAIN if each not in members)
        if not members:
            raise PatternUnsupported(f"a class of {self._pattern!r} is empty")
        return members

    def _escaped(self) -> str:
        character = self._next()
        if character in _PLAIN and character not in _ESCAPED:
            raise PatternUnsupported(f"\\{character} in {self._pattern!r} is not known here")
        return _ESCAPED.get(character, character)

    def _take(self, wanted: str) -> bool:
        if not self._pattern.startswith(wanted, self._at):
            return False
        self._at += len(wanted)
        return True

    def _expect(self, wanted: str) -> None:
        if not self._take(wanted):
            raise PatternUnsupported(f"{wanted} is missing in {self._pattern!r}")

    def _next(self) -> str:
        if self._at == len(self._pattern):
            raise PatternUnsupported(f"{self._pattern!r} ends too early")
        self._at += 1
        return self._pattern[self._at - 1]


def _one_of(characters: str) -> _Part:
    return lambda draw: characters[draw.below(len(characters))]
