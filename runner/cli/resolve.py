"""``runner resolve``: a person settles what reading could not."""

from typing import Any

import click

from runner.cli.options import (
    TargetCommand,
    approvals_option,
    deciding_at,
    desk_for,
    run_async,
    settings_for,
    target_options,
)
from runner.cli.shell import Shell
from runner.core.errors import UsageInvalid


@click.command(cls=TargetCommand)
@click.argument("run_id", metavar="RUN")
@click.argument("effect")
@click.option("--adopt", metavar="ID", help="This order at the custodian is the effect.")
@click.option("--not-executed", is_flag=True, help="It was not executed and never will be.")
@click.option("--reason", metavar="TEXT", help="Why; kept for ever.")
@click.option("--ticket", metavar="TEXT", help="Where the custodian said so.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before the decision is written.")
@approvals_option
@target_options
@click.pass_obj
def resolve(shell: Shell, /, **options: Any) -> int:
    """Settle the halted EFFECT of RUN, a path or a requestId, by a person's decision.

    Everything that can be read is read first, and what speaks against the decision refuses it (exit
    10). The decision is journalled with your name; `runner resume RUN` then goes on.

    \b
    Example
      runner resolve R-0123456789abcdef apply --adopt 26112217953512779430000001 --sandbox
      runner resolve R-0123456789abcdef 8134187196986472 --not-executed --reason "the custodian says so" --ticket CS-4711 --sandbox
    """  # noqa: D301, E501 - \b is click's mark for a block that is not rewrapped
    if (options["adopt"] is None) == (not options["not_executed"]):
        raise UsageInvalid("say what became of it", hint="--adopt ID, or --not-executed")
    if options["not_executed"] and not (options["reason"] or "").strip():
        raise UsageInvalid("--not-executed needs a reason", hint='--reason "TEXT"')
    return run_async(_resolve(shell, options))


async def _resolve(shell: Shell, options: dict[str, Any]) -> int:
    from runner.app.people import person_here
    from runner.app.usecases.deciding import require_signed
    from runner.app.usecases.resolving import (
        decide,
        examine_absence,
        examine_adoption,
        open_case,
        outlook,
        refuse,
        request_facts,
    )
    from runner.cli.screen import open_screen
    from runner.reporting.deciding import render_examined, render_resolved

    ticket, adopt = options["ticket"] or "", options["adopt"]
    reason = options["reason"] or f"{adopt} is ours"
    settings = settings_for(shell, options)
    terminal = shell.environment.stdout
    with open_screen(shell, settings) as screen:
        async with desk_for(shell, options, settings) as desk:
            # Before it is owned: a run that is not there has no lock file either.
            await open_case(desk, options["run_id"], options["effect"])
            async with desk.store.own_run(options["run_id"]):
                case = await open_case(desk, options["run_id"], options["effect"])
                finding = (
                    await examine_absence(desk, case, ticket=ticket)
                    if adopt is None
                    else await examine_adoption(desk, case, adopt)
                )
                screen.result(render_examined(finding.facts, terminal))
                refuse(case, finding)
                signatures = require_signed(
                    deciding_at(shell, desk),
                    "resolve",
                    request_facts(desk, case, finding, reason=reason, ticket=ticket),
                    at=desk.clock.now(),
                )
                screen.ask(
                    f"Decide for ever that {case.row.order.path} "
                    + ("was not executed" if adopt is None else f"is order {adopt}"),
                    yes=options["yes"],
                    refused="not confirmed; nothing was decided",
                )
                row = await decide(
                    desk,
                    case,
                    finding,
                    who=person_here(),
                    reason=reason,
                    ticket=ticket,
                    signatures=signatures,
                )
                lines = outlook(desk, case, row)
                screen.result(render_resolved(row, lines, desk.target_words, terminal))
    return 0
