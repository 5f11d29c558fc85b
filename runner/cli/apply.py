"""``runner apply``: execute a plan file, exactly and once."""

from pathlib import Path
from typing import Any

import click

from runner.cli.options import (
    TargetCommand,
    approvals_option,
    desk_for,
    hold_of,
    hold_option,
    run_async,
    settings_for,
    target_options,
)
from runner.cli.outputs import Outputs, output_options, telling
from runner.cli.shell import Shell


@click.command(cls=TargetCommand)
@click.argument("plan", type=click.Path(path_type=Path))
@target_options
@hold_option
@approvals_option
@output_options
@click.option("--yes", "-y", is_flag=True, help="Do not ask; the plan has been reviewed.")
@click.pass_obj
def apply(shell: Shell, /, **options: Any) -> int:
    """Execute the plan file PLAN, exactly as it stands and once.

    Applying it again is always safe: an unfinished run goes on, a finished one is reported with its
    exit code, and nothing is sent twice.

    \b
    Example
      runner apply plan.json --sandbox --yes
      runner apply plan.json --sandbox --yes --json --verdict verdict.json --junit run.xml
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(telling(shell, options, _apply))


async def _apply(shell: Shell, options: dict[str, Any], outputs: Outputs) -> int:
    from runner.app.usecases.executing import has_begun
    from runner.app.usecases.plans import read_plan, refuse_offline
    from runner.cli.applying import applied
    from runner.cli.screen import open_screen

    hold = hold_of(options)
    settings = settings_for(shell, options)
    with open_screen(shell, settings, outputs=outputs) as screen:
        file = read_plan(options["plan"])
        refuse_offline(file.plan)
        options["playbook"] = Path(file.plan.source)
        async with desk_for(shell, options, settings) as desk:
            claimed = await has_begun(desk, file)
            if not claimed:
                screen.plan(file)
            yes = options["yes"] or claimed
            return await applied(screen, desk, file, yes=yes, hold=hold)
