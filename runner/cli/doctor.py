"""``runner doctor``: whether everything is there that a run depends on."""

from typing import Any

import click

from runner.cli.options import (
    TargetCommand,
    run_async,
    settings_for,
    target_for,
    target_options,
)
from runner.cli.shell import Shell


@click.command(cls=TargetCommand)
@target_options
@click.option("--coin", default="", metavar="COIN", help="Hold this coin's decimals as well.")
@click.option("--link", default="", metavar="NAME", help="Ask for this link's limits as well.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def doctor(shell: Shell, /, **options: Any) -> int:
    """Examine this machine and an account: a line a finding, and what to do about it.

    Nothing is sent but reads, and keys are loaded as every command loads them. It ends with 0 where
    nothing is wrong; with 10 where a run waits for a person to resolve an effect; with 3 where
    something keeps commands from working; with 9 where only the custodian does not answer.

    \b
    Example
      runner doctor
      runner doctor --sandbox --coin USDT --link acme/arb-01
      runner doctor --controls /etc/ceffu-runner --profile live
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(_doctor(shell, options))


async def _doctor(shell: Shell, options: dict[str, Any]) -> int:
    from runner.app.examining import Asked, examine, examined_code
    from runner.reporting.examined import examined_lines, render_examined

    settings = settings_for(shell, options)
    target = target_for(options, settings, makes=False)
    shell.shut_memory()
    asked = Asked(
        target=target,
        settings=settings,
        environment=shell.environment,
        coin=options["coin"],
        link=options["link"],
    )
    found = await examine(asked, shell.redactor.register)
    code = examined_code(found)
    if options["as_json"]:
        text = examined_lines(found, exit_code=code)
    else:
        text = render_examined(found, shell.environment.stdout) + "\n"
    click.echo(shell.redactor.clean(text), nl=False)
    return code
