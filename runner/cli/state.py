"""``runner state``: what a journal is, and a person's word that it may stand for a lost one."""

from pathlib import Path
from typing import Any

import click

from runner.cli.options import (
    TargetCommand,
    approvals_option,
    deciding_at,
    desk_for,
    records_for,
    run_async,
    settings_for,
    target_options,
)
from runner.cli.shell import Shell
from runner.cli.verbs import LazyGroup, Verb
from runner.core.errors import UsageInvalid

state = LazyGroup(
    name="state",
    help="Show a journal's id and high-water mark, or let it stand for a lost one.",
    verbs={
        "show": Verb(target="runner.cli.state:show", summary="Show a journal's id and mark."),
        "adopt": Verb(
            target="runner.cli.state:adopt",
            summary="Let this journal stand for the one a plan was made with.",
        ),
    },
)


@click.command(cls=TargetCommand)
@click.option("--json", "as_json", is_flag=True, help="Write JSON lines.")
@target_options
@click.pass_obj
def show(shell: Shell, /, **options: Any) -> int:
    """Show where the journal is, its id, how far its register has come, and what was decided on it.

    \b
    Example
      runner state show --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(_show(shell, options))


async def _show(shell: Shell, options: dict[str, Any]) -> int:
    from runner.cli.screen import open_screen
    from runner.reporting.journals import StateShown, render_state, state_json

    settings = settings_for(shell, options)
    with records_for(shell, options, settings) as journal:
        if journal is None:
            raise UsageInvalid("there is no journal here yet", hint="nothing was ever written")
        runs, unfinished = await journal.run_counts()
        shown = StateShown(
            place=journal.place,
            store_id=journal.store_id,
            mark=journal.high_water(),
            runs=runs,
            unfinished=unfinished,
            decisions=await journal.decisions(""),
        )
    with open_screen(shell, settings) as screen:
        terminal = shell.environment.stdout
        screen.result(state_json(shown) if options["as_json"] else render_state(shown, terminal))
    return 0


@click.command(cls=TargetCommand)
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--reason", metavar="TEXT", help="Why; kept for ever.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before the decision is written.")
@approvals_option
@target_options
@click.pass_obj
def adopt(shell: Shell, /, **options: Any) -> int:
    """Let this journal stand for the one the plan file PLAN was made with.

    For a journal that was lost, or put back from an older copy. What was sent since is not in it:
    ask the custodian for every order first. Each effect is looked for before it is sent, and is
    halted where an order could be it.

    \b
    Example
      runner state adopt plan.json --reason "disk lost, statement of 14:00 checked" --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    if not (options["reason"] or "").strip():
        raise UsageInvalid("adopting needs a reason", hint='--reason "TEXT"')
    return run_async(_adopt(shell, options))


async def _adopt(shell: Shell, options: dict[str, Any]) -> int:
    from runner.app.people import person_here
    from runner.app.usecases.deciding import require_signed
    from runner.app.usecases.plans import read_plan, refuse_offline
    from runner.app.usecases.state import adopt_store, adopting_facts
    from runner.cli.screen import open_screen

    settings = settings_for(shell, options)
    with open_screen(shell, settings) as screen:
        file = read_plan(options["plan"])
        refuse_offline(file.plan)
        async with desk_for(shell, options, settings) as desk:
            signatures = require_signed(
                deciding_at(shell, desk),
                "state_adopt",
                adopting_facts(desk.store, file, reason=options["reason"]),
                at=desk.clock.now(),
            )
            screen.ask(
                f"Let {desk.store.place} stand for the journal {file.plan.store_id}",
                yes=options["yes"],
                refused="not confirmed; nothing was decided",
            )
            await adopt_store(
                desk.store,
                file,
                reason=options["reason"],
                who=person_here(),
                at=desk.clock.now(),
                signatures=signatures,
            )
            screen.result(f"{desk.store.place} stands for {file.plan.store_id} from now on")
    return 0
