"""The kill switch: what a stop is about, and what a file says, however damaged."""

import os
from pathlib import Path

import pytest

from runner.controls.kill_switch import (
    JOURNAL,
    KillSwitch,
    Scope,
    Stop,
    in_force,
    stop_line,
    stops_in_file,
)
from runner.controls.policy import EffectFacts
from runner.core.clock import moment_from_text
from runner.core.errors import ExitCode, SendingStopped

FACTS = EffectFacts(action="mirror.apply", coin="USDT", link="acme/arb-01", playbook="trim")
AT = moment_from_text("2026-11-24T10:00:00Z")


def stop(scope: Scope, name: str = "", *, place: str = JOURNAL) -> Stop:
    return Stop(scope=scope, name=name, reason="a look first", who="ann@desk", at=AT, place=place)


@pytest.mark.parametrize(
    ("scope", "name", "other"),
    [
        (Scope.ENTITY, "acme", "zenith"),
        (Scope.PROFILE, "main", "test"),
        (Scope.PLAYBOOK, "trim", "pay"),
        (Scope.COIN, "USDT", "BTC"),
        (Scope.LINK, "acme/arb-01", "acme/arb-02"),
    ],
)
def test_scope_stops_its_own_and_nothing_else(scope: Scope, name: str, other: str) -> None:
    switch = KillSwitch(entity="acme", profile="main")

    switch.require_running(FACTS, [stop(scope, other)])
    with pytest.raises(SendingStopped) as caught:
        switch.require_running(FACTS, [stop(scope, other), stop(scope, name)])

    assert caught.value.exit_code is ExitCode.DENIED
    assert f"{scope} {name} stopped by ann@desk at 2026-11-24T10:00:00" in caught.value.message
    assert "a look first" in caught.value.message


@pytest.mark.parametrize(
    ("scope", "name"),
    [(Scope.COIN, "usdt"), (Scope.LINK, "arb-01"), (Scope.LINK, "Acme/ARB-01")],
)
def test_name_in_a_hurry_stops_what_it_means(scope: Scope, name: str) -> None:
    with pytest.raises(SendingStopped):
        KillSwitch().require_running(FACTS, [stop(scope, name)])


def test_part_of_a_name_is_no_name() -> None:
    parts = [stop(Scope.LINK, "b-01"), stop(Scope.LINK, "acme"), stop(Scope.COIN, "USD")]
    KillSwitch().require_running(FACTS, parts)


def test_stop_of_all_stops_whatever_it_is() -> None:
    with pytest.raises(SendingStopped):
        KillSwitch().require_running(EffectFacts(action="webhook.resend"), [stop(Scope.ALL)])


def test_lift_takes_every_stop_of_its_scope_and_no_other() -> None:
    usdt, btc, everything = (
        stop(Scope.COIN, "USDT"),
        stop(Scope.COIN, "BTC"),
        stop(Scope.ALL),
    )

    left = in_force([(True, usdt), (True, everything), (True, usdt), (True, btc), (False, usdt)])

    assert left == (everything, btc)


def test_stop_is_in_a_file_as_it_was_made(tmp_path: Path) -> None:
    file = tmp_path / "STOP"
    stops = (stop(Scope.COIN, "USDT", place=str(file)), stop(Scope.ALL, place=str(file)))
    file.write_bytes(b"".join(map(stop_line, stops)))

    assert stops_in_file(file) == stops


def test_no_file_stops_nothing(tmp_path: Path) -> None:
    assert stops_in_file(tmp_path / "STOP") == ()
    assert stops_in_file(tmp_path / "nowhere" / "STOP") == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"stop, please",
        b"\xff\xfe\x00",
        b'{"scope":"coin"}',
        b'{"scope":"all","name":"x"}',
        b'{"scope":"moon","name":"x"}',
        b'{"scope":"coin","name":"BTC","at":"yesterday"}',
        b'{"scope":"coin","scope":"link","name":"BTC"}',
        b"[" * 100_000,
        b"x" * 100_000,
    ],
)
def test_file_that_is_not_ours_stops_everything(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "STOP"
    file.write_bytes(content)

    found = stops_in_file(file)

    assert [each.scope for each in found] == [Scope.ALL]


def test_whatever_else_is_in_its_place_stops_everything(tmp_path: Path) -> None:
    pipe, folder, link, loose = (tmp_path / name for name in ("pipe", "folder", "link", "loose"))
    os.mkfifo(pipe)
    folder.mkdir()
    (tmp_path / "empty").touch()
    link.symlink_to(tmp_path / "empty")
    loose.symlink_to(tmp_path / "nowhere")

    for place in (pipe, folder, link, loose):
        assert [each.scope for each in stops_in_file(place)] == [Scope.ALL], place


def test_files_of_others_are_looked_at_and_not_ours_to_lift(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.touch()
    switch = KillSwitch(files=(tmp_path / "STOP",), others=(theirs,))

    with pytest.raises(SendingStopped) as caught:
        switch.require_running(FACTS, [])

    assert caught.value.hint == f"whoever made {theirs} takes it away"
