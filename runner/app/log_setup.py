"""Logs, set up once a process: who writes lines, in which form, and what never gets into them."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias, cast

from runner.app.settings import LogFormat, LogLevel
from runner.core.clock import timestamp_text
from runner.core.record import record
from runner.reporting.logs import LineRenderer, Logger, LogReporter
from runner.reporting.redaction import Redactor

if TYPE_CHECKING:
    from structlog.typing import Processor

Write: TypeAlias = Callable[[str], object]
"""Takes whole lines: a stream's ``write``, or the console's, which keeps its live line intact."""

_LEVELS = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}
_QUIET_LOGGERS = ("httpx", "httpcore", "uvicorn", "asyncio")
"""Libraries whose chatter repeats what our events say; httpx prints whole URLs, with queries."""


@record
class LogChoice:
    """How this process speaks on stderr.

    Shapes: ``shows_progress`` is for people and the console; ``format`` is JSON or TEXT, never
        AUTO. With progress shown, events are logged beside it only at the level ``debug``.
    """

    format: LogFormat
    level: LogLevel
    shows_progress: bool

    @property
    def logs_events(self) -> bool:
        """Tell whether events become log lines."""
        return not self.shows_progress or self.level is LogLevel.DEBUG


def choose_log(log_format: LogFormat, level: LogLevel, *, is_tty: bool) -> LogChoice:
    """Decide what stderr carries: JSON lines alone, or progress for people.

    ``auto`` is JSON off a TTY, so that a log collector never meets a line that is not JSON.
    """
    chosen = log_format
    if chosen is LogFormat.AUTO:
        chosen = LogFormat.TEXT if is_tty else LogFormat.JSON
    return LogChoice(format=chosen, level=level, shows_progress=chosen is LogFormat.TEXT)


@contextmanager
def open_log(choice: LogChoice, write: Write, redactor: Redactor) -> Iterator[LogReporter | None]:
    """Set up logging for the length of the block.

    Shapes: gives what logs events, or None where events are not logged; warnings of libraries go
        the same way in either case. Entering it twice at once would log them twice.
    """
    handler = _LibraryHandler(choice, write, redactor)
    root = logging.getLogger()
    before = {name: logging.getLogger(name).level for name in _QUIET_LOGGERS}
    root.addHandler(handler)
    for name in _QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        yield LogReporter(_event_logger(choice, write, redactor)) if choice.logs_events else None
    finally:
        root.removeHandler(handler)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def _event_logger(choice: LogChoice, write: Write, redactor: Redactor) -> Logger:
    # structlog brings rich with it: 100 ms that only those pay who want log lines.
    import structlog

    processors: list[Processor] = [
        structlog.processors.add_log_level,
        LineRenderer(as_json=choice.format is LogFormat.JSON, redactor=redactor),
    ]
    logger = structlog.wrap_logger(
        _Sink(write),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[choice.level]),
        cache_logger_on_first_use=False,
    )
    return cast("Logger", logger)


class _Sink:
    """What structlog ends in: every level is the same write."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def msg(self, line: str) -> None:
        self._write(f"{line}\n")

    debug = info = warning = error = critical = log = msg


class _LibraryHandler(logging.Handler):
    """Brings what libraries say through the standard library into the same lines."""

    def __init__(self, choice: LogChoice, write: Write, redactor: Redactor) -> None:
        super().__init__(level=max(logging.WARNING, _LEVELS[choice.level]))
        self._render = LineRenderer(as_json=choice.format is LogFormat.JSON, redactor=redactor).line
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; its traceback is left to the crash file."""
        facts: dict[str, object] = {
            "ts": timestamp_text(datetime.fromtimestamp(record.created, tz=UTC)),
            "level": record.levelname.lower(),
            "event": "library_message",
            "logger": record.name,
            "message": record.getMessage(),
        }
        self._write(f"{self._render(facts)}\n")
