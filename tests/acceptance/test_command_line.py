"""The manners of the command: help, usage errors, pipes, settings, and where options may stand."""

import os
import subprocess

import pytest

from runner.cli.program import VERBS
from tests.acceptance.workplace import MIRROR, PATIENCE_S, Workplace

NESTED = [
    *(("sandbox", verb) for verb in ("serve", "ledger", "requests", "reset")),
    *(("policy", verb) for verb in ("check", "test", "explain")),
    *(("lock", verb) for verb in ("list", "break")),
    *(("state", verb) for verb in ("show", "adopt")),
    ("config", "show"),
]


@pytest.mark.parametrize(
    "verb",
    [*((verb,) for verb in VERBS if verb not in dict(NESTED)), *NESTED],
    ids=" ".join,
)
def test_help_of_every_verb_shows_an_example(place: Workplace, verb: tuple[str, ...]) -> None:
    ended = place.run(*verb, "--help").expect(0)

    assert ended.out.startswith(f"Usage: runner {' '.join(verb)} ")
    assert f"  runner {' '.join(verb)}" in ended.out.partition("Example")[2]
    assert ended.err == ""


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("aply",), '"apply"'),
        (("sandbox", "ledgr"), '"ledger"'),
        (("run", "job.yaml", "--sandbx"), "--sandbox"),
        (("run", "job.yaml", "--dryrun"), "--dry-run"),
    ],
    ids=" ".join,
)
def test_misspelt_word_names_the_nearest(
    place: Workplace, typed: tuple[str, ...], meant: str
) -> None:
    ended = place.run(*typed).expect(64)

    assert meant in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("arguments", [("--sandbox", "job.yaml"), ("job.yaml", "--sandbox")])
def test_sandbox_may_stand_before_and_after_the_file(
    place: Workplace, arguments: tuple[str, ...]
) -> None:
    place.write("job.yaml", MIRROR)

    place.run("plan", *arguments).expect(0)

    assert place.requests("default")


def test_sandbox_takes_a_name_after_an_equals_sign(place: Workplace) -> None:
    place.write("job.yaml", MIRROR)

    place.run("plan", "--sandbox=two", "job.yaml").expect(0)

    assert place.requests("two")
    assert not (place.sandboxes / "default").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "job.yaml", "--sandbox"),
        ("validate", "job.yaml"),
        ("logs", "--help"),
    ],
    ids=" ".join,
)
def test_reader_that_goes_away_is_no_crash(place: Workplace, arguments: tuple[str, ...]) -> None:
    """As in ``runner plan ... | head -1``."""
    place.write("job.yaml", MIRROR)
    reading, writing = os.pipe()
    process = subprocess.Popen(
        place.command(*arguments),
        cwd=place.folder,
        env=place.environment(),
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)

    os.close(reading)

    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 141, err
    assert err == ""


@pytest.mark.parametrize("arguments", [("plan", "job.yaml", "--sandbox"), ("sandbox", "ledger")])
def test_unknown_variable_of_ours_names_the_nearest(
    place: Workplace, arguments: tuple[str, ...]
) -> None:
    place.write("job.yaml", MIRROR)
    place.variables["CEFFU_RUNNER_PROFIL"] = "canary-value"

    ended = place.run(*arguments).expect(3)

    assert "did you mean CEFFU_RUNNER_PROFILE?" in ended.err
    assert "canary-value" not in ended.text


def test_variables_of_other_tools_are_none_of_ours(place: Workplace) -> None:
    place.variables |= {"RUNNER_DEBUG": "1", "RUNNER_PROFILE": "x"}
    place.write("job.yaml", MIRROR)

    place.run("plan", "job.yaml", "--sandbox").expect(0)


def test_neither_sandbox_nor_profile_says_what_to_name(place: Workplace) -> None:
    place.write("job.yaml", MIRROR)

    ended = place.run("run", "job.yaml", "--yes").expect(3)

    assert "--sandbox" in ended.err
    assert not (place.folder / ".runner").exists()


@pytest.mark.parametrize("verb", ["resume", "logs"])
def test_unknown_run_is_a_usage_error(place: Workplace, verb: str) -> None:
    place.run("plan", str(place.write("job.yaml", MIRROR)), "--sandbox").expect(0)

    ended = place.run(verb, "R-0123456789abcdef", "--sandbox").expect(64)

    assert "R-0123456789abcdef" in ended.err


@pytest.mark.parametrize(
    "words",
    [
        ("sandbox", "requests", "nowhere"),
        ("runs", "--sandbox=nowhere"),
        ("logs", "R-0123456789abcdef", "--sandbox=nowhere"),
        ("resume", "R-0123456789abcdef", "--sandbox=nowhere"),
    ],
)
def test_looking_at_a_sandbox_does_not_make_one(place: Workplace, words: tuple[str, ...]) -> None:
    ended = place.run(*words).expect(64)

    assert "there is no sandbox 'nowhere'" in ended.err
    assert not (place.sandboxes / "nowhere").exists()


def test_file_that_is_not_there_is_named(place: Workplace) -> None:
    ended = place.run("run", "missing.yaml", "--sandbox", "--yes").expect(3)

    assert "missing.yaml" in ended.err


@pytest.mark.parametrize("name", ["state.sqlite", "ledger.sqlite"])
def test_store_that_is_no_database_is_refused(place: Workplace, name: str) -> None:
    place.write("job.yaml", MIRROR)
    place.run("plan", "job.yaml", "--sandbox").expect(0)
    place.write(f".runner/sandbox/default/{name}", "garbage")

    ended = place.run("run", "job.yaml", "--sandbox", "--yes").expect(3)

    assert f"default/{name}" in ended.err


def test_sandbox_folder_that_cannot_be_made_is_refused(place: Workplace) -> None:
    place.write("job.yaml", MIRROR)
    place.write(".runner", "a file where a folder should be")

    ended = place.run("plan", "job.yaml", "--sandbox").expect(3)

    assert ".runner" in ended.err
    assert "CEFFU_RUNNER_SANDBOX_DIR" in ended.err


@pytest.mark.parametrize(
    ("out", "words"),
    [("missing/plan.json", "cannot be written"), ("/dev/null", "not a regular file")],
)
def test_plan_that_cannot_be_written_is_exit_3(place: Workplace, out: str, words: str) -> None:
    place.write("job.yaml", MIRROR)

    ended = place.run("plan", "job.yaml", "--sandbox", "-o", out).expect(3)

    assert words in ended.err


def test_plan_for_a_folder_is_written_into_it(place: Workplace) -> None:
    place.write("job.yaml", MIRROR)

    place.run("plan", "job.yaml", "--sandbox", "-o", ".").expect(0)

    assert (place.folder / "job.plan.json").is_file()


@pytest.mark.parametrize("plan", ["none.json", "."])
def test_plan_that_cannot_be_read_is_exit_3(place: Workplace, plan: str) -> None:
    ended = place.run("apply", plan, "--sandbox", "--yes").expect(3)

    assert "cannot be read" in ended.err
    assert not (place.folder / ".runner").exists()
