"""``runner resume``: go on with an unfinished run."""

from typing import Any

import click

from runner.cli.options import TargetCommand, desk_for, run_async, settings_for, target_options
from runner.cli.shell import Shell


@click.command(cls=TargetCommand)
@click.argument("run_id", metavar="RUN")
@target_options
@click.pass_obj
def resume(shell: Shell, /, **options: Any) -> int:
    """Go on with RUN from where its journal says it is; what was done is never done twice.

    \b
    Example
      runner resume R-0123456789abcdef --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(_resume(shell, options))


async def _resume(shell: Shell, options: dict[str, Any]) -> int:
    from runner.app.usecases.executing import resume_run
    from runner.cli.screen import open_screen

    settings = settings_for(shell, options)
    with open_screen(shell, settings) as screen:
        async with desk_for(shell, options, settings) as desk:
            report = await resume_run(desk, options["run_id"], screen.progress())
            await screen.recap(desk, report)
    return int(report.exit_code)
