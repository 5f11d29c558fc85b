r"""Patterns of inputs: regular expressions whose work is bounded before they run.

A pattern is compiled with ``re.ASCII`` and must match the whole text. Python's matcher tries every
way to split a text between neighbouring repeats, so ``(a+)+`` needs a lifetime for thirty letters.
The bound: the number of ways each repeat can end, multiplied over all repeats, counted for a text
of ``TEXT_MAX`` characters. What is counted too high is refused, and so is what cannot be counted: a
repeat or a choice inside something repeated, look-around and back-references.

Example: ``TRS-[0-9]{4,}`` has one open repeat, so at most 128 ways; ``[A-Z]{2,4}-[0-9]+`` 3 * 128.
Limits: ``(ab|cd)+`` is harmless and refused all the same; ``([a-z]+-)?`` is allowed, since a group
that may only be left out adds one way.
"""

import re
import warnings
from typing import Final

PATTERN_MAX: Final = 200
"""How many characters a pattern may have."""

TEXT_MAX: Final = 128
"""How many characters a text may have where a pattern is asked for."""

_WAYS_MAX: Final = TEXT_MAX**4

_TOKEN: Final = re.compile(
    r"""(?P<escape>\\.)
    |(?P<characters>\[\^?\]?(?:\\.|[^\]\\])*\])
    |(?P<repeat>(?:[*+?]|\{[0-9]*(?:,[0-9]*)?\})[?+]?)
    |(?P<open>\((?:\?:)?)
    |(?P<close>\))
    |(?P<choice>\|)
    |(?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)


class PatternInvalid(ValueError):
    """A text is not a pattern we run; the message says why."""


def compile_pattern(text: str) -> re.Pattern[str]:
    """Return the pattern, ready for ``fullmatch``.

    Errors: ``PatternInvalid``.
    """
    if len(text) > PATTERN_MAX:
        raise PatternInvalid(f"a pattern has at most {PATTERN_MAX} characters, not {len(text)}")
    try:
        with warnings.catch_warnings():
            # Python warns of what a later version will read differently; here that is refused.
            warnings.simplefilter("error")
            compiled = re.compile(text, re.ASCII)
    except (re.error, OverflowError, RecursionError, Warning) as exc:
        raise PatternInvalid(f"{text!r} is not a regular expression: {exc}") from exc
    _require_bounded(text)
    return compiled


def _require_bounded(text: str) -> None:
    ways = 1
    varies = [False]  # for each open group: whether it holds a repeat or a choice
    closed = False  # whether the last thing was a group that holds one
    for match in _TOKEN.finditer(text):
        kind, token = match.lastgroup, match.group()
        _require_known(kind, token, text[match.end() : match.end() + 1])
        if kind == "repeat":
            count = _ways_of(token)
            if closed and token[0] != "?":
                raise PatternInvalid("a pattern repeats a group that holds a repeat or a choice")
            ways *= count
            varies[-1] = varies[-1] or count > 1
        elif kind == "open":
            varies.append(False)
        elif kind == "choice":
            varies[-1] = True
        closed = kind == "close" and varies.pop()
        if closed:
            varies[-1] = True
    if ways > _WAYS_MAX:
        raise PatternInvalid("a pattern has more repeats than can be tried in a moment")


def _require_known(kind: str | None, spelled: str, following: str) -> None:
    if kind == "open" and spelled == "(" and following == "?":
        raise PatternInvalid('a pattern has plain groups and "(?:" alone')
    if kind == "escape" and spelled[1].isdigit() and spelled[1] != "0":
        raise PatternInvalid("a pattern cannot refer back to one of its groups")


def _ways_of(repeat: str) -> int:
    if repeat[0] == "?":
        return 2
    if repeat[0] in "*+":
        return TEXT_MAX
    least, comma, most = repeat.rstrip("?+").strip("{}").partition(",")
    if not comma:
        return 1
    return max(int(most or TEXT_MAX) - int(least or 0) + 1, 1)
