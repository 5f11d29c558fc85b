"""``runner run``: plan, show, ask, apply."""

from pathlib import Path
from typing import Any

import click

from runner.cli.options import (
    TargetCommand,
    desk_for,
    input_options,
    run_async,
    settings_for,
    target_options,
)
from runner.cli.shell import Shell


@click.command(cls=TargetCommand)
@click.argument("playbook", type=click.Path(path_type=Path))
@target_options
@input_options
@click.option("--dry-run", is_flag=True, help="Stop after the plan; send nothing.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before sending.")
@click.pass_obj
def run(shell: Shell, /, **options: Any) -> int:
    """Plan PLAYBOOK, show the plan, ask, and apply it.

    \b
    Example
      runner run playbooks/mirror-apply-and-settle.yaml --sandbox --dry-run
      runner run playbooks/mirror-apply-and-settle.yaml --sandbox --yes
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(_run(shell, options))


async def _run(shell: Shell, options: dict[str, Any]) -> int:
    from runner.app.usecases.executing import apply_plan
    from runner.app.usecases.loading import bound_inputs, read_playbook
    from runner.app.usecases.planning import make_plan, silent
    from runner.cli.screen import open_screen

    settings = settings_for(shell, options)
    with open_screen(shell, settings) as screen:
        path: Path = options["playbook"]
        playbook, found = read_playbook(path, name=str(path))
        screen.warnings(found)
        bound = bound_inputs(playbook, options["inputs"], options["inputs_file"])
        async with desk_for(shell, options, settings) as desk:
            planned = await make_plan(desk, playbook, bound, silent)
            screen.warnings((), planned.warnings)
            screen.plan(planned.file)
            if options["dry_run"]:
                return 0
            screen.confirm(planned.file, yes=options["yes"])
            report = await apply_plan(desk, planned.file, screen.progress())
            await screen.recap(desk, report)
    return int(report.exit_code)
