"""``runner resume``: go on with an unfinished run, or with all that are due."""

from typing import Any

import click

from runner.cli.options import (
    TargetCommand,
    approvals_option,
    desk_for,
    hold_of,
    hold_option,
    run_async,
    settings_for,
    target_options,
)
from runner.cli.outputs import Outputs, output_options, telling
from runner.cli.shell import Shell
from runner.core.errors import UsageInvalid


@click.command(cls=TargetCommand)
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--due", is_flag=True, help="Every run of this account that is due.")
@hold_option
@approvals_option
@output_options
@target_options
@click.pass_obj
def resume(shell: Shell, /, **options: Any) -> int:
    """Go on with RUN from where its journal says it is; never sends what may have been sent.

    With --due, every unfinished run of the account that nobody drives and whose time has come: one
    line each, and the exit code that matters most.

    \b
    Example
      runner resume R-0123456789abcdef --sandbox
      runner resume --due --max-hold 10m --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    if (options["run_id"] is None) != options["due"]:
        raise UsageInvalid("say what to go on with", hint="RUN, or --due for all that are due")
    several = [f"--{name}" for name in ("junit", "summary", "html") if options[name] is not None]
    if options["due"] and several:
        raise UsageInvalid(
            f"{several[0]} is a report of one run, and --due goes on with all that are due",
            hint="--json-into FILE tells of each; runner report RUN makes the reports of one",
        )
    return run_async(telling(shell, options, _due if options["due"] else _resume))


async def _resume(shell: Shell, options: dict[str, Any], outputs: Outputs) -> int:
    from runner.app.usecases.executing import resume_run
    from runner.cli.screen import open_screen

    hold = hold_of(options)
    settings = settings_for(shell, options)
    with open_screen(shell, settings, outputs=outputs) as screen:
        async with desk_for(shell, options, settings) as desk:
            async with screen.telling_open(desk, options["run_id"]):
                report = await resume_run(desk, options["run_id"], screen.progress(), hold=hold)
            await screen.recap(desk, report)
    return int(report.exit_code)


async def _due(shell: Shell, options: dict[str, Any], outputs: Outputs) -> int:
    from runner.app.usecases.due import resume_due, worst_code
    from runner.app.usecases.facts import facts_after
    from runner.cli.screen import open_screen
    from runner.reporting.runs import render_due_run

    hold = hold_of(options)
    settings = settings_for(shell, options)
    codes = []
    with open_screen(shell, settings, outputs=outputs) as screen:
        async with desk_for(shell, options, settings) as desk:
            async for due in resume_due(desk, screen.progress(), hold=hold):
                codes.append(due.exit_code)
                if due.report is not None:
                    if outputs.streams:
                        outputs.facts(await facts_after(desk, due.report))
                elif due.error is not None:
                    outputs.failed(due.error)
                words = due.report.message if due.report is not None else str(due.error)
                terminal = shell.environment.stdout
                screen.close()
                screen.result(render_due_run(due.run_id, due.exit_code, words, terminal))
        if not codes:
            screen.result("nothing is due")
    return int(worst_code(codes))
