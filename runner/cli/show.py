"""``runner show``: a plan file, for people or programs."""

from pathlib import Path

import click

from runner.cli.options import settings_for
from runner.cli.shell import Shell
from runner.reporting.terminal import Terminal

FILE = Terminal(is_tty=False)


@click.command()
@click.argument("plan", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "mermaid", "html"]),
    default="text",
    show_default=True,
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Write it to this file, not to stdout."
)
@click.pass_obj
def show(shell: Shell, plan: Path, form: str, out: Path | None) -> int:
    """Show the plan file PLAN after checking that not one byte of it has changed.

    Markdown has a graph that GitHub draws; the HTML page stands alone, for people who decide.

    \b
    Example
      runner show plan.json
      runner show plan.json --format html -o plan.html
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.app.usecases.plans import read_plan
    from runner.app.usecases.views import plan_view, write_view
    from runner.cli.screen import open_screen

    file = read_plan(plan)
    with open_screen(shell, settings_for(shell, {})) as screen:
        # A file is no terminal: no colours, and room for every line.
        terminal = shell.environment.stdout if out is None else FILE
        text = plan_view(file, form, terminal)
        if out is None:
            screen.result(text)
        else:
            write_view(out, shell.redactor.clean(text))
            screen.result(f"{form} written to {out}")
    return 0
