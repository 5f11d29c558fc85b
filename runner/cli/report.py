"""``runner report``: everything that is known of a run, for people, auditors and CI."""

from pathlib import Path
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
from runner.cli.outputs import Outputs, report_options, stream_options, telling
from runner.cli.shell import Shell
from runner.core.errors import UsageInvalid


@click.command(cls=TargetCommand)
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="Every effect of a stretch of time instead.")
@click.option("--since", metavar="MOMENT", help="With --csv: from here on, as UTC.")
@click.option("--until", metavar="MOMENT", help="With --csv: up to here, exclusive.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="With --csv: into a file.")
@target_options
@stream_options
@report_options
@click.pass_obj
def report(shell: Shell, /, **options: Any) -> int:
    """Report what the journal holds of RUN: steps, effects with evidence, decisions, its plan.

    The custodian is not asked: balances are those of the plan. The page of --html stands alone, for
    people who were not there; --json writes the facts that `runner replay` makes reports from. With
    --csv, the effects of every run in a stretch of time, one line each; no cell is ever a formula.

    \b
    Example
      runner report R-0123456789abcdef --sandbox
      runner report R-0123456789abcdef --sandbox --html run.html
      runner report --since 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z --csv --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    if options["as_csv"] == (options["run_id"] is not None):
        raise UsageInvalid("say what to report", hint="RUN, or --csv with --since and --until")
    if options["as_csv"]:
        from runner.cli.report_csv import report_csv

        return run_async(report_csv(shell, options))
    if any(options[name] is not None for name in ("since", "until", "out")):
        raise UsageInvalid("--since, --until and --out belong to --csv", hint="add --csv")
    return run_async(telling(shell, options, _report))


async def _report(shell: Shell, options: dict[str, Any], outputs: Outputs) -> int:
    from runner.app.usecases.facts import facts_of
    from runner.cli.screen import open_screen
    from runner.reporting.run_text import render_run_report

    settings = settings_for(shell, options)
    with records_for(shell, options, settings) as journal:
        facts = await facts_of(journal, options["run_id"], target_words(options, settings))
    outputs.facts(facts)
    with open_screen(shell, settings, outputs=outputs) as screen:
        screen.result(render_run_report(facts, shell.environment.stdout))
    return 0
