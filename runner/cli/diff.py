"""``runner diff``: what is different between two plans."""

from pathlib import Path

import click

from runner.cli.options import settings_for
from runner.cli.shell import Shell
from runner.core.errors import ExitCode


@click.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
)
@click.pass_obj
def diff(shell: Shell, before: Path, after: Path, form: str) -> int:
    """Show field by field how the plan AFTER differs from the plan BEFORE.

    Effects are compared by their paths. Ends with 0 where nothing differs but the moments at which
    the plans were made, and with 11 where something does.

    \b
    Example
      runner diff yesterday.json plan.json
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.app.usecases.plans import read_plan
    from runner.cli.screen import open_screen
    from runner.plan.comparing import differences, laid_out
    from runner.reporting.plan_diff import FORMATS, Compared, named

    files = read_plan(before), read_plan(after)
    compared = Compared(
        before=named(str(before), files[0]),
        after=named(str(after), files[1]),
        differences=differences(laid_out(files[0].plan), laid_out(files[1].plan)),
    )
    with open_screen(shell, settings_for(shell, {})) as screen:
        screen.result(FORMATS[form](compared, shell.environment.stdout))
    return int(ExitCode.DIFFERENCES if compared.differences else ExitCode.DONE)
