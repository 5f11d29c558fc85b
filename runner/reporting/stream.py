"""What a command does as lines of JSON: for programs that watch, and for ``runner replay``.

The first line says the format, the last how the command ended; between them stand the plans, every
event of the engine, and the facts that the reports of a run are made from.
``schemas/event.schema.json`` has every line and field.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import runner
from runner.core.errors import RunnerError
from runner.core.jsonvalue import JsonInvalid, NumberText, parse_strict_json
from runner.core.record import record
from runner.core.recordjson import record_from_json
from runner.engine.events import (
    EffectChanged,
    Event,
    NoticeTried,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    WaitLooked,
)
from runner.plan.codec import PlanFile
from runner.reporting.recorded import json_from_record
from runner.reporting.run_facts import RunFacts, Verdict

FORMAT: Final = "runner.events/1"
"""What a reader looks at first: a later number may take fields away, this one only gains some."""
LINE_BYTES_MAX: Final = 512 * 1024 * 1024
"""A line holds a whole plan at most twice."""
_DEPTH_MAX: Final = 160


@record
class Version:
    """The first line: the format of all others, and the version that writes them."""

    format: str
    runner: str


@record
class PlanShown:
    """A plan that was made or is applied.

    Shapes: ``effects`` counts what would be sent; ``file`` is the plan's file, byte for byte.
    """

    run_id: str
    digest: str
    source: str
    playbook: str
    effects: int
    file: str


@record
class CommandFailed:
    """An error that ended the command, or one of several things it did; ``exit`` is its code."""

    exit: int
    message: str
    hint: str


Line: TypeAlias = Version | PlanShown | Event | RunFacts | CommandFailed | Verdict

LINES: Final[Mapping[str, type]] = {
    "version": Version,
    "plan": PlanShown,
    "run_started": RunStarted,
    "step_started": StepStarted,
    "wait_looked": WaitLooked,
    "notice_tried": NoticeTried,
    "effect_changed": EffectChanged,
    "step_finished": StepFinished,
    "run_finished": RunFinished,
    "run_facts": RunFacts,
    "error": CommandFailed,
    "result": Verdict,
}
"""Every kind of line by its ``type``."""
_TYPES: Final = {kind: name for name, kind in LINES.items()}


class StreamInvalid(ValueError):
    """A text is not a stream of events; the words say which line, and what is wrong with it."""


class EventStream:
    """Writes lines as they come; each is whole and flushed, so that a reader can follow."""

    def __init__(self, write: Callable[[str], object]) -> None:
        """Write each line, with its line break, by calling ``write``."""
        self._write = write

    def begin(self) -> None:
        """Write the first line."""
        self.emit(Version(format=FORMAT, runner=runner.__version__))

    def emit(self, line: Line) -> None:
        """Write one line."""
        self._write(stream_line(line))


def stream_line(line: Line) -> str:
    """Return a line with its line break.

    Shapes: ASCII alone, so that no text of others reaches a terminal as itself.
    """
    return json.dumps({"type": _TYPES[type(line)], **json_from_record(line)}) + "\n"


def verdict_text(verdict: Verdict) -> str:
    """Return the file of a verdict: one JSON object on one line."""
    return json.dumps(json_from_record(verdict)) + "\n"


def plan_shown(file: PlanFile) -> PlanShown:
    """Return the line of a plan."""
    return PlanShown(
        run_id=file.run_id,
        digest=file.digest,
        source=file.plan.source,
        playbook=file.plan.playbook,
        effects=len(file.plan.effects),
        file=file.data.decode("utf-8"),
    )


def failed(error: RunnerError) -> CommandFailed:
    """Return the line of an error of ours."""
    return CommandFailed(exit=int(error.exit_code), message=str(error), hint=error.hint)


def read_stream(lines: Iterator[bytes]) -> Iterator[Line]:
    """Read what ``EventStream`` wrote, line by line; a stream may end before its result.

    Errors: ``StreamInvalid``.
    """
    for number, data in enumerate(lines, start=1):
        try:
            line = _line(data.rstrip(b"\r\n"))
        except (ValueError, TypeError, KeyError) as exc:
            raise StreamInvalid(f"line {number}: {exc}") from exc
        if number == 1 and not (isinstance(line, Version) and line.format == FORMAT):
            raise StreamInvalid(f"line 1: a stream of events begins with the version {FORMAT}")
        yield line


def _line(data: bytes) -> Line:
    tree = _numbers(parse_strict_json(data, depth_max=_DEPTH_MAX))
    if not isinstance(tree, dict):
        raise JsonInvalid("a line is an object")
    name = tree.pop("type", None)
    kind: Any = LINES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise JsonInvalid(f"there is no event of the type {name!r}")
    line: Line = record_from_json(kind, tree)
    return line


def _numbers(value: object) -> object:
    # The strict reader keeps numbers as text; ours are whole, or seconds.
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, NumberText):
        return int(value) if value.lstrip("-").isdecimal() else float(value)
    return value
