"""``runner stop`` and ``runner start``: the kill switch."""

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from runner.cli.options import (
    TargetCommand,
    approvals_option,
    deciding_for,
    run_async,
    settings_for,
    target_for,
    target_options,
    target_words,
)
from runner.cli.shell import Shell
from runner.core.errors import UsageInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.app.settings import Settings
    from runner.controls.kill_switch import KillSwitch, Scope
    from runner.journal.journal import Journal

_SCOPES = ("all", "entity", "profile", "playbook", "coin", "link")


@click.command(cls=TargetCommand)
@click.argument("name", required=False)
@click.option(
    "--scope",
    type=click.Choice(_SCOPES),
    default="all",
    show_default=True,
    help="What is stopped; a playbook, a coin or a link is named after it.",
)
@click.option("--reason", metavar="TEXT", help="Why; kept for ever.")
@click.option("--status", is_flag=True, help="Show what is stopped, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON lines.")
@target_options
@click.pass_obj
def stop(shell: Shell, /, **options: Any) -> int:
    """Stop every send of an account, or of a part of it, until `runner start` lifts it.

    Looked at before every send, in runs that are under way as well. What was sent is followed to
    its end; a run that meets the switch ends with 5, and `resume` goes on with it once it is
    lifted. A file named STOP in the state folder does the same, whoever makes it.

    \b
    Example
      runner stop --scope coin USDT --reason "depeg" --sandbox
      runner stop --status --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    if options["status"]:
        if options["reason"] or options["name"]:
            raise UsageInvalid("--status shows and changes nothing", hint="leave the rest away")
    else:
        _require_reason(options, "stopping")
    return run_async(_stop(shell, options))


@click.command(cls=TargetCommand)
@click.argument("name", required=False)
@click.option(
    "--scope",
    type=click.Choice(_SCOPES),
    default="all",
    show_default=True,
    help="What is lifted; a playbook, a coin or a link is named after it.",
)
@click.option("--reason", metavar="TEXT", help="Why; kept for ever.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON lines.")
@approvals_option
@target_options
@click.pass_obj
def start(shell: Shell, /, **options: Any) -> int:
    """Lift what `runner stop` stopped, of one scope; other stops stay and are shown.

    \b
    Example
      runner start --scope coin USDT --reason "back at par" --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    _require_reason(options, "starting")
    return run_async(_start(shell, options))


def _require_reason(options: dict[str, Any], what: str) -> None:
    if not (options["reason"] or "").strip():
        raise UsageInvalid(f"{what} needs a reason", hint='--reason "TEXT"')


async def _stop(shell: Shell, options: dict[str, Any]) -> int:
    from runner.app.usecases.stopping import stop_by_files, stop_in_journal, stops_in_force

    settings = settings_for(shell, options)
    wanted = None
    if not options["status"]:
        # Before the journal is opened: one that cannot be must not keep anybody from stopping.
        switch = _switch(shell, options, settings)
        wanted = _wanted(options, switch)
        stop_by_files(switch, wanted)
    is_change = wanted is not None
    with _switch_and_records(shell, options, settings, makes=is_change) as (switch, journal):
        if wanted is not None:
            assert journal is not None, "it is made where it is missing"
            stops = await stop_in_journal(journal, switch, wanted)
        else:
            stops = await stops_in_force(journal, switch)
    return _show(shell, options, settings, stops)


async def _start(shell: Shell, options: dict[str, Any]) -> int:
    from runner.app.usecases.deciding import persons_of, require_signed
    from runner.app.usecases.stopping import lifting_facts, start_sending, stops_in_force

    settings = settings_for(shell, options)
    deciding = deciding_for(shell, options, settings)
    with _switch_and_records(shell, options, settings, makes=True) as (switch, journal):
        assert journal is not None, "it is made where it is missing"
        wanted = _wanted(options, switch)
        facts = lifting_facts(switch, wanted, await stops_in_force(journal, switch))
        signers = persons_of(require_signed(deciding, "start", facts, at=wanted.at))
        if signers:
            wanted = replace(wanted, who=f"{wanted.who}, signed by {', '.join(signers)}")
        stops = await start_sending(journal, switch, wanted)
    return _show(shell, options, settings, stops)


def _switch(shell: Shell, options: dict[str, Any], settings: "Settings") -> "KillSwitch":
    from runner.app.desk import kill_switch_of

    return kill_switch_of(target_for(options, settings, makes=False), settings, shell.environment)


@contextmanager
def _switch_and_records(
    shell: Shell, options: dict[str, Any], settings: "Settings", *, makes: bool
) -> "Iterator[tuple[KillSwitch, Journal | None]]":
    from runner.app.records import open_records

    target = target_for(options, settings, makes=False)
    switch = _switch(shell, options, settings)
    remember = shell.redactor.register
    with open_records(target, settings, shell.environment, remember, makes=makes) as journal:
        yield switch, journal


def _wanted(options: dict[str, Any], switch: "KillSwitch") -> Any:
    from runner.app.people import person_here
    from runner.app.usecases.stopping import Wanted, wanted_scope
    from runner.core.clock import SystemClock

    scope: Scope
    scope, name = wanted_scope(options["scope"], options["name"], switch)
    return Wanted(
        scope=scope,
        name=name,
        reason=options["reason"],
        who=person_here(),
        at=SystemClock().now(),
    )


def _show(shell: Shell, options: dict[str, Any], settings: "Settings", stops: Any) -> int:
    from runner.cli.screen import open_screen
    from runner.reporting.stops import render_stops, stops_json

    with open_screen(shell, settings) as screen:
        if options["as_json"]:
            screen.result(stops_json(stops))
        else:
            words = target_words(options, settings)
            screen.result(render_stops(stops, shell.environment.stdout, words))
    return 0
