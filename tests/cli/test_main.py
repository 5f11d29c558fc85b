import os
import subprocess
import sys
from pathlib import Path

import pytest

import runner
from runner.cli.program import VERBS
from runner.core.errors import ExitCode


def _run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runner", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(runner.__file__).parent.parent)},
    )


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_every_verb(flag: str) -> None:
    done = _run(flag)

    assert done.returncode == 0
    assert done.stderr == ""
    listed = done.stdout.partition("Commands:\n")[2]
    assert [line.split()[0] for line in listed.splitlines()] == list(VERBS)


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version_is_one_line(flag: str) -> None:
    done = _run(flag)

    assert (done.returncode, done.stdout) == (0, f"runner {runner.__version__}\n")


def test_no_verb_shows_help_as_a_usage_error() -> None:
    done = _run()

    assert done.returncode == ExitCode.USAGE
    assert done.stdout == ""
    assert "Commands:" in done.stderr


def test_unknown_verb_names_the_nearest() -> None:
    done = _run("validte")

    assert done.returncode == ExitCode.USAGE
    assert done.stderr.splitlines()[0] == (
        'error: there is no command "validte"; did you mean "validate"?'
    )


@pytest.mark.parametrize(
    "arguments",
    [("--nonsense",), ("validate",), ("validate", "--nonsense", "x"), ("xyzzy",)],
)
def test_usage_errors_end_with_64(arguments: tuple[str, ...]) -> None:
    done = _run(*arguments)

    assert done.returncode == ExitCode.USAGE
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")


def test_usage_error_cannot_move_the_cursor() -> None:
    assert "\x1b" not in _run("a\x1b[2Jb").stderr


@pytest.mark.parametrize("verb", VERBS)
def test_verb_has_help_with_its_summary(verb: str) -> None:
    done = _run(verb, "-h")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: runner {verb} ")


def test_reader_that_went_away_is_not_a_success() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "runner", "--help"],
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(runner.__file__).parent.parent)},
        )
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (141, b"")
