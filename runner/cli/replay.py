"""``runner replay``: show again what a command did, from the events it has written."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from runner.cli.options import run_async, settings_for
from runner.cli.outputs import Outputs, report_options, telling
from runner.cli.shell import Shell
from runner.core.errors import PlanRefused, SettingsInvalid


@click.command()
@click.argument("events", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@report_options
@click.pass_obj
def replay(shell: Shell, /, **options: Any) -> int:
    """Show what a command did, from the events it wrote with --json or --json-into.

    Screen and reports are those of the command itself; nothing is asked and nothing is sent. FILE
    may be - for stdin.

    \b
    Example
      runner replay events.ndjson
      runner replay events.ndjson --html run.html --junit run.xml
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(telling(shell, options, _replay))


async def _replay(shell: Shell, options: dict[str, Any], outputs: Outputs) -> int:
    from runner.cli.screen import open_screen
    from runner.reporting.replaying import Replayed, replayed
    from runner.reporting.stream import StreamInvalid, read_stream

    path: Path = options["events"]
    settings = settings_for(shell, {})
    with (
        open_screen(shell, settings, for_people=True, outputs=outputs) as screen,
        _lines(path) as f,
    ):
        screen_of = Replayed(
            event=screen.progress(),
            plan=screen.plan,
            ended=screen.ended,
            stopped=screen.stopped,
            failed=screen.error,
        )
        try:
            replayed(read_stream(iter(f)), screen_of)
        except (StreamInvalid, PlanRefused) as error:
            raise SettingsInvalid(
                f"{path} cannot be replayed: {error}",
                hint="runner apply PLAN --json-into FILE writes what can be",
            ) from error
    return 0


@contextmanager
def _lines(path: Path) -> Iterator[IO[bytes]]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except OSError as exc:
        raise SettingsInvalid(f"{path} cannot be read: {exc.strerror}") from exc
    with file:
        try:
            yield file
        except IsADirectoryError as exc:
            raise SettingsInvalid(f"{path} cannot be read: {exc.strerror}") from exc
