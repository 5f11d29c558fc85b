"""``runner reconcile``: hold the custodian's books against the journal."""

from typing import Any

import click

from runner.cli.options import TargetCommand, desk_for, run_async, settings_for, target_options
from runner.cli.sandbox_opening import json_option
from runner.cli.shell import Shell


@click.command(cls=TargetCommand)
@click.option(
    "--since",
    metavar="WHEN",
    default="24h",
    show_default=True,
    help="A moment, like 2026-11-22T10:00:00Z, or how long ago.",
)
@target_options
@json_option
@click.pass_obj
def reconcile(shell: Shell, /, **options: Any) -> int:
    """Compare the custodian's orders, transfers and withdrawals with every effect of this journal.

    Reads alone. Ends with 11 where they differ, with 9 where a list could not be read completely.

    \b
    Example
      runner reconcile --since 7d --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(_reconcile(shell, options))


async def _reconcile(shell: Shell, options: dict[str, Any]) -> int:
    from runner.app.usecases.reconciling import reconcile_account, since_from_text
    from runner.cli.screen import open_screen
    from runner.reporting.calls import json_text
    from runner.reporting.reconciling import reconciliation_json, render_reconciliation

    settings = settings_for(shell, options)
    with open_screen(shell, settings) as screen:
        async with desk_for(shell, options, settings) as desk:
            since = since_from_text(options["since"], now=desk.clock.now())
            found = await reconcile_account(desk, since=since)
        facts = (found.since, found.areas, found.result, found.exit_code)
        screen.result(
            json_text(reconciliation_json(*facts))
            if options["as_json"]
            else render_reconciliation(*facts, shell.environment.stdout)
        )
    return int(found.exit_code)
