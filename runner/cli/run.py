"""``runner run``: plan, show, ask, apply."""

from pathlib import Path
from typing import Any

import click

from runner.cli.options import (
    TargetCommand,
    hold_of,
    hold_option,
    input_options,
    run_async,
    superseding_options,
    target_options,
)
from runner.cli.outputs import Outputs, output_options, telling
from runner.cli.shell import Shell


@click.command(cls=TargetCommand)
@click.argument("playbook", type=click.Path(path_type=Path))
@target_options
@input_options
@superseding_options
@hold_option
@output_options
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
    return run_async(telling(shell, options, _run))


async def _run(shell: Shell, options: dict[str, Any], outputs: Outputs) -> int:
    from runner.app.usecases.verdicts import require_planned
    from runner.cli.applying import applied
    from runner.cli.planning import planned

    hold = hold_of(options)
    async with planned(shell, options, outputs, sends=not options["dry_run"]) as shown:
        require_planned(shown.file.plan, approvals=not options["dry_run"])
        if options["dry_run"]:
            return 0
        screen, desk, file = shown.screen, shown.desk, shown.file
        return await applied(screen, desk, file, yes=options["yes"], hold=hold)
