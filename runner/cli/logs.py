"""``runner logs``: everything the journal holds about one run."""

from typing import Any

import click

from runner.cli.options import (
    TargetCommand,
    records_for,
    run_async,
    settings_for,
    target_options,
    target_words,
)
from runner.cli.sandbox_opening import json_option
from runner.cli.shell import Shell
from runner.core.errors import UsageInvalid


@click.command(cls=TargetCommand)
@click.argument("run_id", metavar="RUN")
@target_options
@json_option
@click.pass_obj
def logs(shell: Shell, /, **options: Any) -> int:
    """Show what RUN did: its steps, its effects, and every attempt with its answer.

    \b
    Example
      runner logs R-0123456789abcdef --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(_logs(shell, options))


async def _logs(shell: Shell, options: dict[str, Any]) -> int:
    from runner.app.usecases.kin import kin_of
    from runner.cli.screen import open_screen
    from runner.reporting.calls import json_text
    from runner.reporting.runs import render_run_log, run_log_json

    run_id = options["run_id"]
    settings = settings_for(shell, options)
    with records_for(shell, options, settings) as journal:
        row = None if journal is None else await journal.run(run_id)
        if journal is None or row is None:
            raise UsageInvalid(f"there is no run {run_id} here", hint="`runner runs` lists them")
        outcomes = await journal.step_outcomes(run_id)
        effects = await journal.effects(run_id)
        decisions = await journal.decisions(run_id)
        kin = await kin_of(journal, row)
        chain = await journal.chain_head(run_id)
    with open_screen(shell, settings) as screen:
        terminal = shell.environment.stdout
        target = target_words(options, settings)
        screen.result(
            json_text(run_log_json(row, outcomes, effects, decisions, target, chain=chain))
            if options["as_json"]
            else render_run_log(
                row, outcomes, effects, terminal, decisions, kin=kin, target=target, chain=chain
            )
        )
    return 0
