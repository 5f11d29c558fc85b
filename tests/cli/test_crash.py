import io
import stat
from pathlib import Path

import click
import pytest

from runner.app.environment import build_environment
from runner.cli.crash import guarded
from runner.cli.shell import Shell
from runner.core.diagnostics import Diagnostic
from runner.core.errors import (
    ExitCode,
    InvalidInput,
    LockHeld,
    PlanRefused,
    SettingsInvalid,
    UsageInvalid,
)
from runner.core.secret import Secret
from runner.core.source import Span


class Unforeseen(RuntimeError):
    """A bug."""


def _shell(state_home: Path) -> Shell:
    stream = io.StringIO()
    return Shell(
        environment=build_environment(
            {"XDG_STATE_HOME": str(state_home)},
            cwd=state_home,
            stdin=stream,
            stdout=stream,
            stderr=stream,
        )
    )


def _ended(shell: Shell, failure: BaseException | object) -> tuple[int, str]:
    def command() -> object:
        if isinstance(failure, BaseException):
            raise failure
        return failure

    stderr = io.StringIO()
    code = guarded(command, shell=shell, stderr=stderr)
    return code, stderr.getvalue()


def _crash_files(state_home: Path) -> list[Path]:
    return list((state_home / "ceffu-runner" / "crashes").glob("*"))


@pytest.mark.parametrize(
    ("result", "expected"), [(None, 0), (0, 0), (ExitCode.NOT_FINAL, 12), (7, 7)]
)
def test_result_of_a_command_is_its_exit_code(
    tmp_path: Path, result: object, expected: int
) -> None:
    assert _ended(_shell(tmp_path), result) == (expected, "")


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (SettingsInvalid("no"), 3),
        (PlanRefused("no"), 7),
        (LockHeld("no", owner="R-1"), 8),
        (UsageInvalid("no"), 64),
    ],
)
def test_error_of_ours_is_a_sentence_with_its_exit_code(
    tmp_path: Path, failure: Exception, code: int
) -> None:
    assert _ended(_shell(tmp_path), failure) == (code, "error: no\n")
    assert not _crash_files(tmp_path)


def test_invalid_input_is_shown_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("amout: 1\n")
    span = Span(file=str(file), line=1, column=1, end_line=1, end_column=6)
    failure = InvalidInput(
        (Diagnostic(code="unknown-key", summary="no", span=span, hint="way out"),)
    )

    code, text = _ended(_shell(tmp_path), failure)

    assert code == 3
    assert text == (
        "error[unknown-key]: no\n"
        f" --> {file}:1:1\n"
        "  |\n"
        "1 | amout: 1\n"
        "  | ^^^^^\n"
        "  = help: way out\n"
        "\n"
        "1 error\n"
    )


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), click.Abort()])
def test_interrupt_ends_with_130(tmp_path: Path, failure: BaseException) -> None:
    assert _ended(_shell(tmp_path), failure) == (130, "interrupted\n")


def test_click_errors_end_with_64(tmp_path: Path) -> None:
    assert _ended(_shell(tmp_path), click.BadParameter("not a number")) == (
        64,
        "error: Invalid value: not a number\n",
    )


def test_bug_leaves_a_file_only_its_owner_can_read(tmp_path: Path) -> None:
    code, text = _ended(_shell(tmp_path), Unforeseen("boom"))

    (file,) = _crash_files(tmp_path)
    assert code == 70
    assert text == (
        "error: this is a bug in runner (Unforeseen)\n"
        f"hint: the details are in {file}: no keys, no values of variables, "
        "but read it before sending it\n"
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    content = file.read_text()
    assert "Unforeseen: boom" in content
    assert "test_crash.py" in content


def test_crash_file_holds_no_locals_and_no_secrets(tmp_path: Path) -> None:
    shell = _shell(tmp_path)
    shell.redactor.register(Secret(b"hunter2-hunter2"))
    local = "local-" + "value"

    def command() -> object:
        inner = local
        raise Unforeseen("the key is hunter2-hunter2" + inner[:0])

    stderr = io.StringIO()
    guarded(command, shell=shell, stderr=stderr)

    (file,) = _crash_files(tmp_path)
    content = file.read_text() + stderr.getvalue()
    assert "hunter2" not in content
    assert local not in content


def test_crash_file_falls_back_to_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    fallback = tmp_path / "fallback"
    fallback.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(fallback))

    code, text = _ended(_shell(blocked), Unforeseen("boom"))

    (file,) = fallback.glob("crash-*.txt")
    assert code == 70
    assert str(file) in text


def test_closed_stderr_does_not_change_the_exit_code(tmp_path: Path) -> None:
    stderr = io.StringIO()
    stderr.close()

    def command() -> object:
        raise PlanRefused("no")

    assert guarded(command, shell=_shell(tmp_path), stderr=stderr) == 7


def test_secret_in_an_error_is_not_shown(tmp_path: Path) -> None:
    shell = _shell(tmp_path)
    shell.redactor.register(Secret(b"hunter2-hunter2"))

    assert _ended(shell, PlanRefused("x hunter2-hunter2")) == (7, "error: x [redacted]\n")
