"""``runner show``: a plan file, for people or programs."""

from pathlib import Path

import click

from runner.cli.options import settings_for
from runner.cli.shell import Shell


@click.command()
@click.argument("plan", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.pass_obj
def show(shell: Shell, plan: Path, form: str) -> int:
    """Show the plan file PLAN after checking that not one byte of it has changed.

    \b
    Example
      runner show plan.json
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.app.usecases.plans import read_plan
    from runner.cli.screen import open_screen
    from runner.reporting.plan_text import plan_json

    file = read_plan(plan)
    with open_screen(shell, settings_for(shell, {})) as screen:
        if form == "json":
            screen.result(plan_json(file))
        else:
            screen.plan(file)
    return 0
