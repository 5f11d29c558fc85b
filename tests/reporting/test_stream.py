"""Lines of events: written, valid by the schema, and read back as what they were."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from runner.core.errors import ExitCode, PlanRefused
from runner.documents.resources import schema_text
from runner.engine.events import NoticeTried, RunFinished
from runner.plan.codec import file_from_plan
from runner.reporting.run_facts import Verdict
from runner.reporting.stream import (
    LINES,
    EventStream,
    Line,
    StreamInvalid,
    failed,
    plan_shown,
    read_stream,
)
from tests.reporting.test_console import RUN_STARTED, START, _changed, _finished, _looked, _started
from tests.reporting.test_plan_text import PLAN
from tools.write_event_schema import TARGET, event_schema, main

STEP = _started("apply", "Apply \u202e\x1b[31m", "effect", "mirror.apply")
SEEN: list[Line] = [
    plan_shown(file_from_plan(PLAN)),
    RUN_STARTED,
    STEP,
    _looked(1, 0.25),
    _changed("halted", evidence={"near": [{"order_id": "1", "n": 3}], "complete": True}),
    NoticeTried(
        at=START,
        path="n",
        action="notify.webhook",
        target="desk",
        delivered=False,
        reason="HTTP status 500",
        attempt_number=2,
    ),
    _finished(STEP, 1.5, message="m"),
    RunFinished(
        at=START,
        run_id="R-1",
        exit_code=ExitCode.OUTCOME_UNKNOWN,
        suspended=True,
        message="",
        duration_s=0.125,
        outputs={"after": ["1 USDT", None]},
    ),
    failed(PlanRefused("stale", hint="make a new one")),
    Verdict(exit=10, run="R-1", sent=1, unknown=1),
]


def written(lines: list[Line]) -> list[bytes]:
    """Return what a stream writes, line by line."""
    texts: list[str] = []
    stream = EventStream(texts.append)
    stream.begin()
    for line in lines:
        stream.emit(line)
    return [text.encode("ascii") for text in texts]


def test_schema_is_that_of_the_records(tmp_path: Path) -> None:
    assert TARGET.read_text("utf-8") == event_schema(), "run python -m tools.write_event_schema"
    copy = tmp_path / "event.schema.json"
    assert main(["--check"], target=copy) == 1
    assert main([], target=copy) == 0
    assert main(["--check"], target=copy) == 0


def test_lines_are_read_back_as_what_was_written() -> None:
    _, *found = read_stream(iter(written(SEEN)))

    assert found == SEEN


def test_schema_takes_every_line_and_no_other() -> None:
    validator = Draft202012Validator(json.loads(schema_text("event")))
    lines = [json.loads(line) for line in written(SEEN)]

    assert [e.message for line in lines for e in validator.iter_errors(line)] == []
    # The facts of a run are held by the acceptance tests.
    assert {line["type"] for line in lines} == set(LINES) - {"run_facts"}
    for line in lines:
        assert not validator.is_valid({**line, "odd": 1})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"look_number": 1', b'"look_number": true'),
        (b'"look_number": 1', b'"look_number": "1"'),
        (b'"look_number": 1, ', b""),
        (b'"type": "wait_looked"', b'"type": "wait"'),
        (b'"next_in_s": 10', b'"next_in_s": NaN'),
        (b'"holds": false', b'"holds": null'),
    ],
)
def test_line_that_was_not_written_by_us_is_refused(old: bytes, new: bytes) -> None:
    first, line = written([_looked(1, 0.25)])
    assert old in line

    with pytest.raises(StreamInvalid, match="line 2"):
        list(read_stream(iter([first, line.replace(old, new)])))


def test_stream_is_ascii_alone() -> None:
    assert all(line.isascii() and b"\x1b" not in line for line in written(SEEN))
