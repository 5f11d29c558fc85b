"""``runner cancel``: end a run before its end."""

from typing import Any

import click

from runner.cli.options import TargetCommand, desk_for, run_async, settings_for, target_options
from runner.cli.shell import Shell
from runner.core.errors import ExitCode, UsageInvalid


@click.command(cls=TargetCommand)
@click.argument("run_id", metavar="RUN")
@click.option("--reason", metavar="TEXT", required=True, help="Why; kept for ever.")
@click.option("--force", is_flag=True, help="Leave out `finally` blocks, their waits included.")
@target_options
@click.pass_obj
def cancel(shell: Shell, /, **options: Any) -> int:
    """End RUN: nothing new begins, what was not sent is cancelled.

    Effects under way are followed to their end, never abandoned. Waits and pauses end at once,
    `finally` blocks run. A process that drives the run hears of it and ends it.

    \b
    Example
      runner cancel R-0123456789abcdef --reason "wrong day" --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    if not options["reason"].strip():
        raise UsageInvalid("a cancel needs a reason", hint='--reason "TEXT"')
    return run_async(_cancel(shell, options))


async def _cancel(shell: Shell, options: dict[str, Any]) -> int:
    from runner.app.people import person_here
    from runner.app.usecases.cancelling import cancel_run
    from runner.cli.screen import open_screen

    run_id = options["run_id"]
    settings = settings_for(shell, options)
    with open_screen(shell, settings) as screen:
        async with desk_for(shell, options, settings) as desk:
            report = await cancel_run(
                desk,
                run_id,
                screen.progress(),
                who=person_here(),
                reason=options["reason"],
                hard=options["force"],
            )
            if report is None:
                screen.result(
                    f"{run_id} is cancelled: the process that drives it begins nothing new, and"
                    " follows what is under way to its end\n"
                    f"next: runner logs {run_id} {desk.target_words}"
                )
                return int(ExitCode.NOT_FINAL)
            await screen.recap(desk, report)
    return int(report.exit_code)
