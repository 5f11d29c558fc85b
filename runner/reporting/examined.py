"""What an examination found: a line each, and below it what to do."""

import json
from collections.abc import Sequence
from enum import StrEnum

import runner
from runner.core.errors import ExitCode
from runner.core.record import record
from runner.reporting.sheet import Sheet
from runner.reporting.terminal import Terminal, Tone


class Level(StrEnum):
    """How much a finding matters: ``warn`` may be meant so, ``bad`` keeps commands from working."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@record
class Examined:
    """One thing that was looked at.

    Shapes: ``remedy`` is what to do about it, empty where all is well; ``code`` is the exit code it
        ends the examination with, done unless ``level`` is ``bad``.
    """

    name: str
    words: str
    level: Level = Level.OK
    remedy: str = ""
    code: ExitCode = ExitCode.DONE


def warned(name: str, words: str, remedy: str) -> Examined:
    """Return a finding that may be meant so."""
    return Examined(name=name, words=words, level=Level.WARN, remedy=remedy)


def refused(name: str, words: str, remedy: str, code: ExitCode = ExitCode.INVALID) -> Examined:
    """Return a finding that keeps something from working."""
    return Examined(name=name, words=words, level=Level.BAD, remedy=remedy, code=code)


_TONES = {Level.OK: Tone.GOOD, Level.WARN: Tone.CAREFUL, Level.BAD: Tone.BAD}
_NAME_WIDTH = 12


def render_examined(found: Sequence[Examined], terminal: Terminal) -> str:
    """Show every finding on a line, and its remedy on the next."""
    sheet = Sheet(terminal)
    for each in found:
        line = f"{each.level.value:<4}  {each.name:<{_NAME_WIDTH}}  {each.words}"
        sheet.line(line, tone=None if each.level is Level.OK else _TONES[each.level])
        if each.remedy:
            sheet.line(f"{'':4}  {'':{_NAME_WIDTH}}  -> {each.remedy}")
    counts = {level: sum(each.level is level for each in found) for level in Level}
    sheet.line(f"{counts[Level.OK]} ok, {counts[Level.WARN]} to look at, {counts[Level.BAD]} wrong")
    return "\n".join(sheet.lines)


def examined_lines(found: Sequence[Examined], *, exit_code: ExitCode) -> str:
    """Return the findings as JSON, an object a line, between the version and the result."""
    objects: list[dict[str, object]] = [{"type": "version", "runner": runner.__version__}]
    objects += [
        {
            "type": "examined",
            "name": each.name,
            "level": each.level.value,
            "words": each.words,
            "remedy": each.remedy,
        }
        for each in found
    ]
    objects.append({"type": "result", "exit": int(exit_code)})
    return "".join(f"{json.dumps(each)}\n" for each in objects)
