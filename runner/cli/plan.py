"""``runner plan``: what a playbook would send, without sending it."""

from pathlib import Path
from typing import Any

import click

from runner.cli.options import TargetCommand, input_options, run_async, target_options
from runner.cli.shell import Shell


@click.command(cls=TargetCommand)
@click.argument("playbook", type=click.Path(path_type=Path))
@target_options
@input_options
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Write the plan to this file as well."
)
@click.pass_obj
def plan(shell: Shell, /, **options: Any) -> int:
    """Work out what PLAYBOOK would send and what it would do to the balances; send nothing.

    \b
    Example
      runner plan playbooks/mirror-apply-and-settle.yaml --sandbox -o plan.json
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(_plan(shell, options))


async def _plan(shell: Shell, options: dict[str, Any]) -> int:
    from runner.app.usecases.plans import write_plan
    from runner.app.usecases.verdicts import require_planned
    from runner.cli.planning import planned

    async with planned(shell, options) as shown:
        if options["out"] is not None:
            write_plan(options["out"], shown.file)
            shown.screen.result(f"plan written to {options['out']}")
        require_planned(shown.file.plan, approvals=False)
    return 0
