"""``runner lock``: what runs keep from each other, and a person's word to take it from one."""

from typing import TYPE_CHECKING, Any

import click

from runner.cli.options import (
    TargetCommand,
    approvals_option,
    deciding_for,
    records_for,
    run_async,
    settings_for,
    target_options,
)
from runner.cli.shell import Shell
from runner.cli.verbs import LazyGroup, Verb
from runner.core.errors import UsageInvalid

if TYPE_CHECKING:
    from runner.core.jsonvalue import JsonValue
    from runner.journal.holding import LockRow

lock = LazyGroup(
    name="lock",
    help="List the locks of runs, and break one that is left behind.",
    verbs={
        "list": Verb(
            target="runner.cli.lock:list_", summary="Show every lock and what is behind it."
        ),
        "break": Verb(
            target="runner.cli.lock:break_", summary="Take a lock from a run that is over with it."
        ),
    },
)


@click.command("list", cls=TargetCommand)
@click.option("--json", "as_json", is_flag=True, help="Write JSON lines.")
@target_options
@click.pass_obj
def list_(shell: Shell, /, **options: Any) -> int:
    """List the locks of a journal: which run has each, since when, and which effects are behind it.

    \b
    Example
      runner lock list --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(_list(shell, options))


async def _list(shell: Shell, options: dict[str, Any]) -> int:
    from runner.cli.screen import open_screen
    from runner.reporting.journals import locks_json, render_locks

    settings = settings_for(shell, options)
    with records_for(shell, options, settings) as journal:
        rows = () if journal is None else await journal.lock_rows()
    with open_screen(shell, settings) as screen:
        terminal = shell.environment.stdout
        screen.result(locks_json(rows) if options["as_json"] else render_locks(rows, terminal))
    return 0


@click.command("break", cls=TargetCommand)
@click.argument("name", metavar="LOCK")
@click.option("--reason", metavar="TEXT", help="Why; kept for ever.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON lines.")
@approvals_option
@target_options
@click.pass_obj
def break_(shell: Shell, /, **options: Any) -> int:
    """Take LOCK from the run that has it, unless an effect behind it is not final (exit 8).

    A run that is being driven keeps its locks (exit 8). The decision is written into the run's
    chain with your name and the reason.

    \b
    Example
      runner lock break mirrorx:37:USDT --reason "R-0123456789abcdef will not be resumed" --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    if not (options["reason"] or "").strip():
        raise UsageInvalid("breaking a lock needs a reason", hint='--reason "TEXT"')
    return run_async(_break(shell, options))


async def _break(shell: Shell, options: dict[str, Any]) -> int:
    from runner.app.people import person_here
    from runner.app.usecases.deciding import require_signed
    from runner.app.usecases.state import break_lock
    from runner.cli.screen import open_screen
    from runner.core.clock import SystemClock, timestamp_text
    from runner.reporting.journals import locks_json

    settings = settings_for(shell, options)
    now = SystemClock().now()
    deciding = deciding_for(shell, options, settings)

    def permit(row: "LockRow") -> "JsonValue":
        facts = {
            "lock": row.name,
            "run_id": row.run_id,
            "since": timestamp_text(row.at),
            "reason": options["reason"],
        }
        return require_signed(deciding, "lock_break", facts, at=now)

    with records_for(shell, options, settings) as journal:
        broken = await break_lock(
            journal,
            options["name"],
            reason=options["reason"],
            who=person_here(),
            at=now,
            permit=permit,
        )
    with open_screen(shell, settings) as screen:
        if options["as_json"]:
            screen.result(locks_json([broken]))
        else:
            screen.result(f"{broken.name} was taken from run {broken.run_id}")
    return 0
