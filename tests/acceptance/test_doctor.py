"""``runner doctor``: what is wrong is found, named with its way out, and told by the exit code."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from runner.app.account_checks import clock_finding
from runner.app.machine import address_towards, kind_in_table
from runner.reporting.examined import Level
from tests.acceptance.controls import key_lines, served, write_controls
from tests.acceptance.halting import halted_mirrorx, halting_world
from tests.acceptance.test_cancel import FIRST, HEAD, PAUSE, SECOND
from tests.acceptance.workplace import Ended, Workplace, planned, run_id, world_text


@pytest.fixture
def keyed(place: Workplace) -> Workplace:
    """Return a folder with a sandbox, whose keys a profile may use."""
    place.make_sandbox(world_text())
    with place.opened():
        pass
    return place


def findings(ended: Ended) -> dict[str, tuple[str, str]]:
    """Return level and words of each finding, by its name."""
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert (lines[0]["type"], lines[-1]) == ("version", {"type": "result", "exit": ended.code})
    assert all(each["remedy"] for each in lines[1:-1] if each["level"] != "ok")
    return {each["name"]: (each["level"], each["words"]) for each in lines[1:-1]}


def test_machine_alone_is_examined_where_no_account_is_named(place: Workplace) -> None:
    shown = place.run("doctor").expect(0)

    assert "ok    python        Python 3." in shown.out
    assert "-> add --sandbox, or --controls and --profile" in shown.out
    assert not place.sandboxes.exists()


def test_programs_that_are_missing_are_named(place: Workplace) -> None:
    place.variables["PATH"] = str(place.home)

    found = findings(place.run("doctor", "--json").expect(0))

    assert found["git"] == ("warn", "there is no git on the PATH")
    assert found["ssh-keygen"][0] == "warn"


def test_sandbox_is_well_and_its_coin_and_link_are_held_against_it(keyed: Workplace) -> None:
    arguments = ("--sandbox", "--coin", "USDT", "--link", "acme/arb-01", "--json")

    found = findings(keyed.run("doctor", *arguments).expect(0))

    assert found["precision"] == ("ok", "USDT: 6 in the directory, 6 on BSC, 6 on ETH")
    assert found["limits"] == ("ok", "acme/arb-01: one undelegate may have 250000 USDT now")
    assert found["runs"] == ("ok", "none is unfinished")
    assert found["clock"][0] == "ok"
    assert {level for level, _ in found.values()} == {"ok"}
    assert keyed.writes() == ()


def test_what_is_stopped_is_named(keyed: Workplace) -> None:
    keyed.run("stop", "--reason", "depeg", "--sandbox").expect(0)

    level, words = findings(keyed.run("doctor", "--sandbox", "--json").expect(0))["kill switch"]

    assert level == "warn"
    assert words.startswith("stopped: ")
    assert "depeg" in words


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--coin", "XYZ", "the directory has no XYZ"),
        ("--link", "acme/none", "the directory has no link acme/none"),
    ],
)
def test_names_the_directory_does_not_have_are_refused(
    keyed: Workplace, option: str, value: str, words: str
) -> None:
    found = findings(keyed.run("doctor", "--sandbox", option, value, "--json").expect(3))

    assert found[option.removeprefix("--")] == ("bad", words)


def test_halted_run_is_named_and_ends_10(place: Workplace) -> None:
    place.make_sandbox(halting_world())
    plan = halted_mirrorx(place)

    found = findings(place.run("doctor", "--sandbox", "--json").expect(10))

    level, words = found["run"]
    assert level == "bad"
    assert words.startswith(f"{run_id(plan)} ")
    assert "nobody knows what became of delegate" in words


def test_run_that_was_handed_back_is_shown_with_when_it_is_due(quick_place: Workplace) -> None:
    plan = planned(quick_place, HEAD + PAUSE + FIRST + SECOND)
    quick_place.run("apply", plan, "--max-hold", "10m", "--sandbox", "--yes").expect(12)

    level, words = findings(quick_place.run("doctor", "--sandbox", "--json").expect(0))["run"]

    assert level == "ok"
    assert f"{run_id(plan)} two-steps: handed back at " in words


def profile_options(place: Workplace, url: str, *, keys: str = "") -> tuple[str, ...]:
    folder = write_controls(place, url, keys=keys)
    return ("--controls", str(folder), "--profile", "main", "--json")


def test_profile_is_examined_and_no_journal_made(keyed: Workplace) -> None:
    with served(keyed) as url:
        ended = keyed.run("doctor", *profile_options(keyed, url)).expect(0)

    found = findings(ended)
    assert found["read_key"][1].startswith("SHA256:")
    assert found["effect_key"][0] == "ok"
    assert found["address"][1].startswith("requests leave from 127.0.0.1")
    assert found["custodian"][0] == "ok"
    assert "none yet" in found["journal"][1]
    assert list(keyed.home.rglob("state.sqlite")) == []


def test_key_that_others_can_read_is_refused(keyed: Workplace) -> None:
    keyed.sandboxes.joinpath("default", "keys", "reader.pem").chmod(0o644)

    found = findings(keyed.run("doctor", *profile_options(keyed, "http://127.0.0.1:1")).expect(3))

    assert found["read_key"][0] == "bad"
    assert "custodian" not in found


def test_machine_without_the_effect_key_is_one_that_only_plans(keyed: Workplace) -> None:
    folder = keyed.sandboxes / "default" / "keys"
    keyed.variables["READ_API_KEY"] = (folder / "reader.api-key").read_text().strip()
    keyed.variables["READ_KEY"] = (folder / "reader.pem").read_text()
    lines = key_lines("env: READ_{part}", "env: EFFECT_{part}")
    with served(keyed) as url:
        found = findings(keyed.run("doctor", *profile_options(keyed, url, keys=lines)).expect(0))

    assert found["effect_key"] == (
        "warn",
        "EFFECT_API_KEY is not set: this machine plans, and cannot apply",
    )


def test_custodian_that_does_not_answer_ends_9(keyed: Workplace) -> None:
    found = findings(keyed.run("doctor", *profile_options(keyed, "http://127.0.0.1:1")).expect(9))

    assert found["custodian"][0] == "bad"
    assert found["read_key"][0] == "ok"


def test_profile_that_is_not_there_is_said_beside_what_is(keyed: Workplace) -> None:
    options = [*profile_options(keyed, "http://127.0.0.1:1")]
    options[options.index("main")] = "mian"

    found = findings(keyed.run("doctor", *options).expect(3))

    assert found["account"][0] == "bad"
    assert found["python"][0] == "ok"


@pytest.mark.parametrize(
    ("skew_s", "window_s", "level"),
    [
        (1.9, None, Level.OK),
        (-2.1, None, Level.WARN),
        (29.9, None, Level.WARN),
        (30.1, None, Level.BAD),
        (-2.6, 5, Level.BAD),
        (2.4, 5, Level.WARN),
    ],
)
def test_clock_is_judged_by_the_window_of_the_custodian(
    skew_s: float, window_s: int | None, level: Level
) -> None:
    window = None if window_s is None else timedelta(seconds=window_s)

    assert clock_finding(timedelta(seconds=skew_s), window).level is level


def test_clock_that_is_ahead_is_called_so() -> None:
    assert "5.0 s ahead of the custodian's" in clock_finding(timedelta(seconds=-5), None).words
    assert "5.0 s behind the custodian's" in clock_finding(timedelta(seconds=5), None).words


TABLE = """\
overlay / overlay rw 0 0
/dev/vda1 /home ext4 rw 0 0
server:/x /home/shared\\040things nfs4 rw 0 0
tmpfs /home/ram tmpfs rw 0 0
/dev/vdb1 /home/ram xfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/state", "overlay"),
        ("/home/ada/state", "ext4"),
        ("/homes/ada", "overlay"),
        ("/home/shared things/state", "nfs4"),
        ("/home/ram/state", "xfs"),
    ],
)
def test_file_system_is_that_of_the_nearest_mount_on_top(path: str, kind: str) -> None:
    assert kind_in_table(Path(path), TABLE) == kind


def test_address_towards_this_machine_is_its_own() -> None:
    assert address_towards("127.0.0.1", 443) == "127.0.0.1"


# settings and completion


def test_settings_are_shown_with_their_origin(place: Workplace) -> None:
    place.write("runner.toml", 'log_level = "warning"\n')
    place.variables["CEFFU_RUNNER_LOG_FORMAT"] = "json"

    ended = place.run("config", "show", "--origin", "--profile", "live").expect(0)

    shown = {row[0]: (row[1], " ".join(row[2:])) for row in map(str.split, ended.out.splitlines())}
    assert shown["log_level"] == ("warning", "runner.toml:1")
    assert shown["log_format"] == ("json", "CEFFU_RUNNER_LOG_FORMAT")
    assert shown["profile"] == ("live", "--profile")
    assert shown["controls"] == ("-", "default")


def test_settings_as_json_have_value_and_origin(place: Workplace) -> None:
    ended = place.run("config", "show", "--json", "--controls", "here@main").expect(0)

    shown = json.loads(ended.out)
    assert shown["controls"] == {"value": f"{place.folder}/here@main", "origin": "--controls"}
    assert shown["state"] == {"value": None, "origin": "default"}


def test_settings_alone_have_no_origin(place: Workplace) -> None:
    assert "default" not in place.run("config", "show").expect(0).out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_asks_the_program_and_no_shell(place: Workplace, shell: str) -> None:
    place.variables["PATH"] = str(place.home)

    printed = place.run("completion", shell).expect(0)

    assert f"_RUNNER_COMPLETE={shell}_complete" in printed.out
    assert printed.err == ""


def test_completion_of_bash_completes_a_verb(place: Workplace) -> None:
    script = place.run("completion", "bash").expect(0).out
    lines = (
        'COMP_WORDS=(runner reco); COMP_CWORD=1; _runner_completion runner; echo "${COMPREPLY[@]}"'
    )
    python = place.command()[0]
    stand_in = f'runner() {{ "{python}" -m runner "$@"; }}; export -f runner\n'
    body = script.replace("$(env ", "$(").replace(" $1)", f' "{python}" -m runner)')

    shown = subprocess.run(
        ["bash", "-c", stand_in + body + lines],
        cwd=place.folder,
        env={**place.environment()},
        capture_output=True,
        text=True,
        check=True,
    )

    assert shown.stdout.split() == ["reconcile"]
