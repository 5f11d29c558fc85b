"""``runner runs``: the runs of one journal."""

from typing import Any

import click

from runner.cli.options import (
    TargetCommand,
    records_for,
    run_async,
    settings_for,
    target_for,
    target_options,
)
from runner.cli.shell import Shell


@click.command(cls=TargetCommand)
@target_options
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many."
)
@click.pass_obj
def runs(shell: Shell, /, **options: Any) -> int:
    """List the runs of a journal, newest first, below what the kill switch stops.

    \b
    Example
      runner runs --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(_runs(shell, options))


async def _runs(shell: Shell, options: dict[str, Any]) -> int:
    from runner.app.desk import kill_switch_of
    from runner.app.usecases.kin import kin_of
    from runner.app.usecases.stopping import stops_in_force
    from runner.cli.screen import open_screen
    from runner.reporting.runs import render_runs
    from runner.reporting.stops import render_stop_lines

    settings = settings_for(shell, options)
    switch = kill_switch_of(target_for(options, settings, makes=False), settings, shell.environment)
    with records_for(shell, options, settings) as journal:
        rows = () if journal is None else await journal.runs(limit=options["limit"])
        states = {
            row.run_id: tuple(effect.state for effect in await journal.effects(row.run_id))
            for row in rows
            if journal is not None and row.exit_code is None
        }
        stops = await stops_in_force(journal, switch)
        kin = {row.run_id: await kin_of(journal, row) for row in rows if journal is not None}
    with open_screen(shell, settings) as screen:
        terminal = shell.environment.stdout
        stopped = render_stop_lines(stops, terminal)
        screen.result(stopped + render_runs(rows, terminal, states, kin))
    return 0
