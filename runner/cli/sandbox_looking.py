"""``runner sandbox status|ledger|requests``: what a sandbox is, holds and has received."""

import click

from runner.cli.options import settings_for
from runner.cli.sandbox_opening import existing_sandbox, json_option, name_argument
from runner.cli.shell import Shell
from runner.core.errors import ExitCode


@click.command()
@name_argument
@json_option
@click.pass_obj
def status(shell: Shell, name: str, *, as_json: bool) -> int:
    """Show the sandbox NAME: its world, clock, keys, open orders and faults.

    \b
    Example
      runner sandbox status
      runner sandbox status --json
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.cli.screen import open_screen
    from runner.reporting.calls import json_text
    from runner.reporting.sandbox_status import render_status

    with open_screen(shell, settings_for(shell, {})) as screen:
        with existing_sandbox(shell, name) as steward:
            found = steward.status()
        text = json_text(found) if as_json else render_status(found, shell.environment.stdout)
        screen.result(text)
    return 0


@click.command()
@name_argument
@click.option("--check", is_flag=True, help="Check every entry instead; exit 11 if one is wrong.")
@json_option
@click.pass_obj
def ledger(shell: Shell, name: str, *, check: bool, as_json: bool) -> int:
    """Show the balances of the sandbox NAME, or check its ledger.

    The check proves that every entry sums to zero per coin, and that every movement belongs to a
    request that was answered, or to a deposit, a settlement, a collection or the portal.

    \b
    Example
      runner sandbox ledger
      runner sandbox ledger --check
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.cli.screen import open_screen
    from runner.reporting.calls import json_text
    from runner.reporting.sandbox_tables import render_balances, render_findings

    with (
        open_screen(shell, settings_for(shell, {})) as screen,
        existing_sandbox(shell, name) as steward,
    ):
        opened = steward.sandbox
        if check:
            found = opened.ledger.check()
            screen.result(json_text(list(found)) if as_json else render_findings(found))
            return int(ExitCode.DIFFERENCES if found else ExitCode.DONE)
        if as_json:
            screen.result(json_text(steward.balances()))
        else:
            terminal = shell.environment.stdout
            screen.result(render_balances(opened.ledger.balances(), opened.world, terminal))
    return 0


@click.command()
@name_argument
@click.option("--writes", is_flag=True, help="Only requests that may change something.")
@json_option
@click.pass_obj
def requests(shell: Shell, name: str, *, writes: bool, as_json: bool) -> int:
    """List what the sandbox NAME received, in order: signatures checked, duplicates, faults.

    \b
    Example
      runner sandbox requests --writes
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.cli.screen import open_screen
    from runner.reporting.calls import json_text
    from runner.reporting.sandbox_tables import render_requests
    from runner.sandbox.steward import request_json

    with open_screen(shell, settings_for(shell, {})) as screen:
        with existing_sandbox(shell, name) as steward:
            rows = [
                request
                for request in steward.sandbox.ledger.requests()
                if not writes or request.method == "POST"
            ]
        if as_json:
            screen.result(json_text([request_json(row) for row in rows]))
        else:
            screen.result(render_requests(rows, shell.environment.stdout))
    return 0
