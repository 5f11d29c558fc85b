"""``runner explain``: what a diagnostic code means."""

import click

from runner.cli.shell import Shell


@click.command()
@click.argument("code", required=False)
@click.pass_obj
def explain(shell: Shell, code: str | None) -> int:
    """Say what the diagnostic CODE means, with an example that has it and one that has not.

    Without CODE, all codes are listed.

    \b
    Example
      runner explain may-missing
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.reporting.explaining import load_explanation, render_codes, render_explanation

    terminal = shell.environment.stdout
    text = render_codes(terminal)
    if code is not None:
        text = render_explanation(load_explanation(code), terminal)
    click.echo(text, nl=False)
    return 0
