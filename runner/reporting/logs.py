"""The event stream as log lines: one a fact, with the run it belongs to.

The name of a line is the event's class in snake_case; keys are the event's fields. What a step gave
and an effect's evidence are data of the journal and not logged.
"""

import dataclasses
import json
import logging
import re
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from runner.core.clock import timestamp_text
from runner.effects.model import OPEN_STATES, EffectState
from runner.engine.events import (
    EffectChanged,
    Event,
    NoticeTried,
    RunFinished,
    RunStarted,
    StepFinished,
    StepState,
)
from runner.reporting.escape import visible
from runner.reporting.redaction import Redactor

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

_LEFT_OUT = frozenset({"at", "result", "evidence", "outputs", "conditions"})
_CAREFUL_STATES = frozenset(state.value for state in OPEN_STATES) - {EffectState.SENDING.value}
_BAD_STATES = frozenset({EffectState.REJECTED.value, EffectState.FAILED.value, "halted"})

_BARE_KEYS = ("ts", "level", "event")
_FIRST_KEYS = (*_BARE_KEYS, "run_id", "path", "action", "request_id")


class Logger(Protocol):
    """What a log sink takes: a level as the standard library counts it, a name, and facts."""

    def log(self, level: int, event: str, **facts: object) -> object:
        """Write one line, or nothing below the level that is wanted."""
        ...


class LineRenderer:
    """The last of the log's processors: facts in, one line out, scrubbed of secrets.

    Shapes: JSON is pure ASCII, so that no character of others can do anything to the terminal that
        shows it; text has ``ts``, ``level`` and ``event`` first and then ``key=value``.
    """

    def __init__(self, *, as_json: bool, redactor: Redactor) -> None:
        """Render JSON, or text for people."""
        self._as_json = as_json
        self._redactor = redactor

    def __call__(self, _logger: "WrappedLogger", _name: str, event_dict: "EventDict") -> str:
        """Be a processor."""
        return self.line(event_dict)

    def line(self, facts: Mapping[str, object]) -> str:
        """Return one line, without its line break."""
        ordered = {key: facts[key] for key in _FIRST_KEYS if key in facts}
        ordered |= {key: value for key, value in facts.items() if key not in ordered}
        if self._as_json:
            text = self._redactor.clean(json.dumps(ordered, ensure_ascii=True, default=str))
            return text.replace("\x7f", "\\u007f")
        words = [str(ordered.pop(key)) for key in _BARE_KEYS if key in ordered]
        words += [f"{key}={_word(value)}" for key, value in ordered.items()]
        return visible(self._redactor.clean(" ".join(words)))


class LogReporter:
    """Logs every event; run id and labels of the run stand on each of its lines."""

    def __init__(self, logger: Logger) -> None:
        """Log to this sink."""
        self._logger = logger
        self._run: dict[str, object] = {}

    def emit(self, event: Event) -> None:
        """Log one event."""
        if isinstance(event, RunStarted):
            self._run = {"run_id": event.run_id, "labels": dict(event.labels)}
        facts = {"ts": timestamp_text(event.at), **self._run, **event_facts(event)}
        self._logger.log(event_level(event), event_name(event), **facts)


def event_name(event: Event) -> str:
    """Return ``step_finished`` for a ``StepFinished``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()


def event_facts(event: Event) -> dict[str, object]:
    """Return the fields worth a log line, as plain JSON values; empty texts are left out."""
    facts = {}
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        if field.name not in _LEFT_OUT and value != "":
            facts[field.name] = _plain(value)
    return facts


def event_level(event: Event) -> int:
    """Return how much an event deserves to be noticed."""
    if isinstance(event, EffectChanged):
        if event.state in _BAD_STATES:
            return logging.ERROR
        return logging.WARNING if event.state in _CAREFUL_STATES else logging.INFO
    if isinstance(event, NoticeTried):
        return logging.INFO if event.delivered else logging.WARNING
    if isinstance(event, StepFinished):
        return logging.ERROR if event.state is StepState.FAILED else logging.INFO
    if isinstance(event, RunFinished):
        return logging.INFO if event.exit_code == 0 else logging.WARNING
    return logging.INFO


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return timestamp_text(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        # Durations are measured, not money; a millisecond is as fine as anybody reads them.
        return round(value, 3)
    return dict(value) if isinstance(value, dict) else value


def _word(value: object) -> str:
    if isinstance(value, str) and value and not set(value) & set(' ="'):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
