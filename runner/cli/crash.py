"""The one error boundary: every way a command can end, turned into words and an exit code."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import click

import runner
from runner.cli.shell import Shell
from runner.core.errors import ExitCode, OutcomeLeftOpen, RunnerError
from runner.reporting.escape import visible
from runner.reporting.redaction import Redactor

BROKEN_PIPE = 128 + 13
"""What a shell reports for a program that SIGPIPE ended; never 0, which would claim success."""


def guarded(command: Callable[[], object], *, shell: Shell, stderr: TextIO) -> int:
    """Run a command and return its exit code.

    Shapes: a command returns its code, or None for 0. Our errors are rendered with their own code,
        usage errors are 64, an interrupt 130, a reader that went away 141, anything else 70 with a
        crash file.
    """
    try:
        return _code(command())
    except RunnerError as error:
        # Only an error pays for the words.
        from runner.reporting.diagnostics import render_error, source_from_disk

        text = render_error(error, shell.environment.stderr, source_from_disk)
        _say(stderr, shell.redactor.clean(text))
        if isinstance(error, OutcomeLeftOpen) and not isinstance(error.__cause__, RunnerError):
            _report_bug(error, shell, stderr)
        return int(error.exit_code)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        _say(stderr, shell.redactor.clean(_usage_text(error)))
        return int(ExitCode.USAGE)
    except (KeyboardInterrupt, click.Abort):
        _say(stderr, "interrupted\n")
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        return BROKEN_PIPE
    except Exception as error:
        _report_bug(error, shell, stderr)
        return int(ExitCode.BUG)


def write_crash_file(error: BaseException, shell: Shell, *, now: datetime) -> Path | None:
    """Write what a bug report needs: versions and a traceback without the values of variables.

    Shapes: gives the path of a new file only its owner can read, or None where none can be written.
    """
    # Only a crash pays for these.
    import platform
    import tempfile
    import traceback

    lines = [
        f"runner {runner.__version__}",
        f"python {platform.python_version()} on {platform.system()} {platform.machine()}",
        f"at {now.isoformat(timespec='seconds')}",
        "",
        "".join(traceback.format_exception(error)),
    ]
    text = shell.redactor.clean("\n".join(lines))
    name = f"crash-{now:%Y%m%dT%H%M%SZ}-"
    folders = (
        shell.environment.state_home / "ceffu-runner" / "crashes",
        Path(tempfile.gettempdir()),
    )
    for folder in folders:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # mkstemp: a name nobody can have prepared, and mode 0600 from the first moment.
            handle, path = tempfile.mkstemp(prefix=name, suffix=".txt", dir=folder)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(text)
        except OSError:
            continue
        return Path(path)
    return None


def _report_bug(error: Exception, shell: Shell, stderr: TextIO) -> None:
    path = write_crash_file(error, shell, now=datetime.now(UTC))
    _say(stderr, _crash_text(error.__cause__ or error, path, shell.redactor))


def _code(result: object) -> int:
    if result is None:
        return int(ExitCode.DONE)
    assert isinstance(result, int), f"a command returned {type(result).__name__}, not an exit code"
    return int(result)


def _usage_text(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return f"{error.format_message()}\n"
    text = f"error: {visible(error.format_message())}\n"
    if isinstance(context, click.Context):
        text += f"{context.get_usage()}\nhint: {context.command_path} --help shows what it takes\n"
    return text


def _crash_text(error: BaseException, path: Path | None, redactor: Redactor) -> str:
    # The message may quote what somebody typed or a server sent; the class says enough here.
    kind = type(error).__name__
    where = (
        f"the details are in {path}: no keys, no values of variables, but read it before sending it"
        if path is not None
        else "no crash file could be written"
    )
    return redactor.clean(f"error: this is a bug in runner ({kind})\nhint: {visible(where)}\n")


def _say(stderr: TextIO, text: str) -> None:
    try:
        stderr.write(text)
        stderr.flush()
    except (OSError, ValueError):
        # Nobody can be told; the exit code still says it.
        return
