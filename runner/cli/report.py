"""``runner report``: what was sent in a stretch of time, for a spreadsheet."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner.cli.options import TargetCommand, records_for, run_async, settings_for, target_options
from runner.cli.shell import Shell
from runner.core.errors import UsageInvalid

if TYPE_CHECKING:
    from datetime import datetime

_RUNS_MAX = 1_000_000


@click.command(cls=TargetCommand)
@click.option("--since", metavar="MOMENT", required=True, help="From here on, as UTC.")
@click.option("--until", metavar="MOMENT", required=True, help="Up to here, exclusive.")
@click.option("--csv", "as_csv", is_flag=True, required=True, help="As comma separated values.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Write to a file instead of stdout."
)
@target_options
@click.pass_obj
def report(shell: Shell, /, **options: Any) -> int:
    """List the effects of a journal that last changed within a stretch of time.

    One line for each effect, whatever became of it, oldest first. Amounts stand in a column of
    their own, and no cell is ever a formula.

    \b
    Example
      runner report --since 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z --csv --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    since, until = _moment(options["since"], "--since"), _moment(options["until"], "--until")
    if not since < until:
        raise UsageInvalid("--until must be later than --since", hint="it is exclusive")
    return run_async(_report(shell, options, since, until))


async def _report(
    shell: Shell, options: dict[str, Any], since: "datetime", until: "datetime"
) -> int:
    from runner.cli.screen import open_screen
    from runner.core.files import write_whole
    from runner.reporting.effects_csv import Booked, effects_csv, within

    settings = settings_for(shell, options)
    booked = []
    with records_for(shell, options, settings) as journal:
        if journal is None:
            raise UsageInvalid("there is no journal here yet", hint="nothing was ever written")
        for run in await journal.runs(limit=_RUNS_MAX):
            booked += [Booked(run=run, effect=row) for row in await journal.effects(run.run_id)]
    text = shell.redactor.clean(effects_csv(within(booked, since, until)))
    with open_screen(shell, settings) as screen:
        if options["out"] is None:
            screen.result(text)
            return 0
        try:
            write_whole(options["out"], text.encode("utf-8"))
        except OSError as error:
            raise UsageInvalid(f"{options['out']} cannot be written: {error}") from error
    return 0


def _moment(text: str, option: str) -> "datetime":
    from runner.core.clock import moment_from_text

    try:
        return moment_from_text(text)
    except ValueError as error:
        raise UsageInvalid(
            f"{option} must be a moment with its zone", hint="like 2026-11-24T00:00:00Z"
        ) from error
