"""What reports about a journal say, whoever wrote the names and reasons in it."""

import json

import pytest

from runner.controls.kill_switch import Scope, Stop
from runner.core.clock import moment_from_text
from runner.effects.ports import Decision, StoreMark
from runner.journal.holding import LockRow
from runner.journal.verification import Difference, Verified
from runner.reporting.journals import StateShown, render_locks, render_state, render_verified
from runner.reporting.stops import render_stop_lines, render_stops, stops_json
from runner.reporting.terminal import Terminal
from tests.reporting.hostile import ATTACKS

AT = moment_from_text("2026-11-24T10:00:00Z")
HOSTILE = (
    *ATTACKS,
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]8;;https://evil.example\x1b\\click",
    "ok\rgone",
    "\x9b31m",
    "line\nok: 9 runs",
    "\u2066\u202e",
    "",
)
PLAIN = Terminal()


def stop(text: str) -> Stop:
    return Stop(scope=Scope.COIN, name=text, reason=text, who=text, at=AT, place=text)


def is_harmless(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_stops_of_others_cannot_move_the_cursor(text: str) -> None:
    lines = render_stop_lines([stop(text)], PLAIN)
    shown = render_stops([stop(text)], PLAIN, "--sandbox")

    assert is_harmless(lines)
    assert is_harmless(shown)
    assert sum(line.startswith("lifted by: ") for line in shown.splitlines()) == 1


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_journals_of_others_cannot_move_the_cursor(text: str) -> None:
    decision = Decision(kind=text, reason=text, who=text, at=AT)
    mark = StoreMark(number=1, head=text)
    state = StateShown(
        place=text, store_id=text, mark=mark, runs=1, unfinished=0, decisions=(decision,)
    )
    lock = LockRow(name=text, run_id=text, at=AT, is_driven=False, effects=())
    difference = Difference(run_id=text, row=text, words=text)
    verified = Verified(
        notes=(text,),
        store_id=text,
        mark=mark,
        runs={text: mark},
        entries=1,
        differences=(difference,),
    )

    assert is_harmless(render_state(state, PLAIN))
    assert is_harmless(render_locks([lock], PLAIN))
    assert is_harmless(render_verified(verified, PLAIN))


def test_name_in_a_command_to_copy_is_one_word() -> None:
    shown = render_stops([stop("USDT; rm -rf /")], PLAIN, "--sandbox")

    assert "--scope coin 'USDT; rm -rf /' --reason" in shown


def test_json_says_what_is_stopped_and_ends_with_the_result() -> None:
    version, row, result = map(json.loads, stops_json([stop("USDT")]).splitlines())

    assert version["type"] == "version"
    assert (row["scope"], row["name"], row["at"]) == ("coin", "USDT", "2026-11-24T10:00:00.000Z")
    assert result == {"type": "result", "exit": 0, "stopped": True}
    assert json.loads(stops_json([]).splitlines()[-1])["stopped"] is False
