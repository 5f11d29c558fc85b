"""The event stream as log lines: one a fact, with the run it belongs to.

The name of a line is the event's class in snake_case; keys are the event's fields. What a step gave
and an effect's evidence are data of the journal and not logged.
"""

import dataclasses
import logging
import re
from datetime import datetime
from enum import Enum
from typing import Protocol

from runner.core.clock import timestamp_text
from runner.effects.model import OPEN_STATES, EffectState
from runner.engine.events import (
    EffectChanged,
    Event,
    RunFinished,
    RunStarted,
    StepFinished,
    StepState,
)

_LEFT_OUT = frozenset({"at", "result", "evidence", "outputs"})
_CAREFUL_STATES = frozenset(state.value for state in OPEN_STATES) - {EffectState.SENDING.value}
_BAD_STATES = frozenset({EffectState.REJECTED.value, EffectState.FAILED.value, "halted"})


class Logger(Protocol):
    """What a log sink takes: a level as the standard library counts it, a name, and facts."""

    def log(self, level: int, event: str, **facts: object) -> object:
        """Write one line, or nothing below the level that is wanted."""
        ...


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
