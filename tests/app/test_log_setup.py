import json
import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from runner.app.log_setup import LogChoice, choose_log, open_log
from runner.app.settings import LogFormat, LogLevel
from runner.core.errors import ExitCode
from runner.core.secret import Secret
from runner.engine.events import (
    EffectChanged,
    Event,
    RunFinished,
    RunStarted,
    StepFinished,
    StepState,
)
from runner.reporting.redaction import Redactor

AT = datetime(2026, 11, 22, 12, 0, 1, 500_000, tzinfo=UTC)
RUN_STARTED = RunStarted(
    at=AT,
    run_id="R-1",
    playbook="p",
    labels={"ticket": "TRS-1"},
    dry=False,
    resumed=False,
    step_count=2,
)
CHANGED = EffectChanged(
    at=AT,
    path="apply",
    action="mirror.apply",
    state="accepted",
    request_id="4503599627370497",
    order_id="88211",
    status="",
    attempt_number=1,
    reason="",
    evidence={"huge": "thing"},
)
FAILED = StepFinished(
    at=AT,
    path="apply",
    title="apply mirror",
    kind="effect",
    action="mirror.apply",
    state=StepState.FAILED,
    duration_s=1.23456,
    reused=False,
    message='no "luck"\nat all \x1b[31m',
    result={"huge": "thing"},
)
JSON = LogChoice(format=LogFormat.JSON, level=LogLevel.INFO, shows_progress=False)
TEXT = LogChoice(format=LogFormat.TEXT, level=LogLevel.DEBUG, shows_progress=True)


def _lines(choice: LogChoice, *events: Event, redactor: Redactor | None = None) -> list[str]:
    written: list[str] = []
    with open_log(choice, written.append, redactor or Redactor()) as reporter:
        assert reporter is not None
        for event in events:
            reporter.emit(event)
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in written)
    return [line.rstrip("\n") for line in written]


def test_json_log_has_one_object_a_line_with_the_run_on_each() -> None:
    started, changed = _lines(JSON, RUN_STARTED, CHANGED)

    assert json.loads(started) == {
        "ts": "2026-11-22T12:00:01.500Z",
        "level": "info",
        "event": "run_started",
        "run_id": "R-1",
        "playbook": "p",
        "labels": {"ticket": "TRS-1"},
        "dry": False,
        "resumed": False,
        "step_count": 2,
    }
    assert list(json.loads(changed).items()) == [
        ("ts", "2026-11-22T12:00:01.500Z"),
        ("level", "info"),
        ("event", "effect_changed"),
        ("run_id", "R-1"),
        ("path", "apply"),
        ("action", "mirror.apply"),
        ("request_id", "4503599627370497"),
        ("labels", {"ticket": "TRS-1"}),
        ("state", "accepted"),
        ("order_id", "88211"),
        ("attempt_number", 1),
    ]


def test_json_log_is_ascii_and_leaves_results_to_the_journal() -> None:
    (line,) = _lines(JSON, FAILED)

    facts = json.loads(line)
    assert line.isascii()
    assert "\x1b" not in line
    assert facts["message"] == 'no "luck"\nat all \x1b[31m'
    assert facts["duration_s"] == 1.235
    assert "huge" not in line


def test_text_log_reads_as_words() -> None:
    started, failed = _lines(TEXT, RUN_STARTED, FAILED)

    assert started == (
        "2026-11-22T12:00:01.500Z info run_started run_id=R-1 "
        'labels={"ticket": "TRS-1"} playbook=p dry=false resumed=false step_count=2'
    )
    assert failed == (
        "2026-11-22T12:00:01.500Z error step_finished run_id=R-1 path=apply action=mirror.apply "
        'labels={"ticket": "TRS-1"} title="apply mirror" kind=effect state=failed '
        'duration_s=1.235 reused=false message="no \\"luck\\"\\nat all \\u001b[31m"'
    )


@pytest.mark.parametrize(
    ("state", "level"),
    [
        ("sending", "info"),
        ("confirmed", "info"),
        ("unknown", "warning"),
        ("seen", "warning"),
        ("halted", "error"),
        ("rejected", "error"),
        ("failed", "error"),
    ],
)
def test_level_of_an_effect_says_how_much_to_notice(state: str, level: str) -> None:
    (line,) = _lines(JSON, replace(CHANGED, state=state))

    assert json.loads(line)["level"] == level


@pytest.mark.parametrize(("code", "level"), [(0, "info"), (10, "warning")])
def test_level_of_the_end_follows_the_exit_code(code: int, level: str) -> None:
    event = RunFinished(
        at=AT,
        run_id="R-1",
        exit_code=ExitCode(code),
        suspended=False,
        message="",
        duration_s=1.0,
        outputs={"secretive": "value"},
    )

    (line,) = _lines(JSON, event)

    assert json.loads(line)["level"] == level
    assert json.loads(line)["exit_code"] == code
    assert "secretive" not in line


def test_lines_below_the_level_are_not_written() -> None:
    choice = LogChoice(format=LogFormat.JSON, level=LogLevel.ERROR, shows_progress=False)

    assert len(_lines(choice, RUN_STARTED, CHANGED, FAILED)) == 1


@pytest.mark.parametrize("choice", [JSON, TEXT])
def test_secrets_do_not_reach_the_log(choice: LogChoice) -> None:
    redactor = Redactor()
    redactor.register(Secret('hunter2 "é"'.encode()))

    (line,) = _lines(choice, replace(FAILED, message='x hunter2 "é" y'), redactor=redactor)

    assert "hunter2" not in line
    assert "x [redacted] y" in line


@pytest.mark.parametrize("choice", [JSON, TEXT])
def test_libraries_are_heard_from_warnings_on(choice: LogChoice) -> None:
    written: list[str] = []

    with open_log(choice, written.append, Redactor()):
        logging.getLogger("httpx").info("GET https://host/path?secret=1")
        logging.getLogger("some.library").info("chatter")
        logging.getLogger("some.library").warning("careful: %s", "a\nb")

    assert len(written) == 1
    assert "library_message" in written[0]
    assert "careful: a\\nb" in written[0]


def test_logging_is_as_before_afterwards() -> None:
    root = logging.getLogger()
    handlers, level = list(root.handlers), logging.getLogger("httpx").level

    with open_log(JSON, lambda _: None, Redactor()):
        assert root.handlers != handlers

    assert root.handlers == handlers
    assert logging.getLogger("httpx").level == level


@pytest.mark.parametrize(
    ("log_format", "is_tty", "expected"),
    [
        (LogFormat.AUTO, True, (LogFormat.TEXT, True)),
        (LogFormat.AUTO, False, (LogFormat.JSON, False)),
        (LogFormat.JSON, True, (LogFormat.JSON, False)),
        (LogFormat.TEXT, False, (LogFormat.TEXT, True)),
    ],
)
def test_stderr_carries_json_or_progress(
    log_format: LogFormat, is_tty: bool, expected: tuple[LogFormat, bool]
) -> None:
    choice = choose_log(log_format, LogLevel.INFO, is_tty=is_tty)

    assert (choice.format, choice.shows_progress) == expected
    assert choice.logs_events is not choice.shows_progress


def test_events_beside_progress_are_logged_only_when_asked_for() -> None:
    quiet = choose_log(LogFormat.TEXT, LogLevel.INFO, is_tty=True)

    assert choose_log(LogFormat.TEXT, LogLevel.DEBUG, is_tty=True).logs_events
    with open_log(quiet, lambda _: None, Redactor()) as reporter:
        assert reporter is None
