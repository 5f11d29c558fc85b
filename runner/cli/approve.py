"""``runner approve``: a person approves or refuses a plan by a signature."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner.cli.options import (
    TargetCommand,
    approvals_option,
    records_for,
    run_async,
    settings_for,
    target_options,
)
from runner.cli.shell import Shell
from runner.core.errors import ConfirmationRefused, UsageInvalid

if TYPE_CHECKING:
    from datetime import datetime

    from runner.app.settings import Settings
    from runner.cli.screen import Screen
    from runner.controls.requests import Request
    from runner.plan.codec import PlanFile


@click.command(cls=TargetCommand)
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--as", "principal", metavar="PRINCIPAL", help="Who you are in allowed_signers.")
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    help="Your SSH key, or the public half of one that your agent or token holds.",
)
@click.option("--role", metavar="GROUP", help="The group you decide for.")
@click.option("--reason", metavar="TEXT", help="Why; part of what is signed.")
@click.option("--refuse", is_flag=True, help="Refuse the plan: one refusal blocks it for good.")
@click.option("--valid-for", metavar="DURATION", help="How long it counts (default: as the plan).")
@click.option("--list", "listed", is_flag=True, help="Show who has decided; sign nothing.")
@click.option("--entity", metavar="TEXT", help="Typed in advance: the entity.")
@click.option("--effects", metavar="NUMBER", help="Typed in advance: how many effects.")
@click.option("--largest", metavar="AMOUNT", help="Typed in advance: the largest outflow.")
@click.option("--decision", metavar="TEXT", help="Typed in advance: what a request decides.")
@approvals_option
@target_options
@click.pass_obj
def approve(shell: Shell, /, **options: Any) -> int:
    """Approve the plan file PLAN by a signature, or refuse it; PLAN may be a run or a digest.

    It may be a request in decisions/ as well: a decision that the policy puts under signatures.

    What is shown is read out of the plan's own bytes. You type its entity, the number of its
    effects and its largest outflow before ssh-keygen signs. The statement and its signature go to
    approvals/ beside the plan, where `apply` finds them.

    \b
    Example
      runner approve plan.json --as anna@example.com --key ~/.ssh/id_ed25519 --role treasury
      runner approve plan.json --list --controls controls --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(_approve(shell, options))


async def _approve(shell: Shell, options: dict[str, Any]) -> int:
    from runner.cli.screen import open_screen

    settings = settings_for(shell, options)
    with open_screen(shell, settings) as screen:
        request = _request(options)
        if request is not None:
            return _sign_request(shell, options, settings, screen, request)
        file = await _file(shell, options, settings)
        if options["listed"]:
            return _list(shell, options, settings, screen, file)
        return await _sign(shell, options, settings, screen, file)


async def _sign(
    shell: Shell,
    options: dict[str, Any],
    settings: "Settings",
    screen: "Screen",
    file: "PlanFile",
) -> int:
    from runner.app.usecases.plans import refuse_offline
    from runner.app.usecases.signing import write_signed
    from runner.controls.approvals import PLAN_NAMESPACE, Choice, Statement
    from runner.reporting.approving import approval_text

    refuse_offline(file.plan)
    principal, key, role = _named(options)
    now = _now(options, settings)
    until = _until(options, file, now)
    refuses = options["refuse"]
    screen.plan(file)
    screen.result(approval_text(file))
    await _compare(shell, options, settings, screen, file)
    _type(shell, options, file, "refuse" if refuses else "approve")
    statement = Statement(
        type=PLAN_NAMESPACE,
        digest=file.digest,
        decision=Choice.REFUSE if refuses else Choice.APPROVE,
        principal=principal,
        role=role,
        reason=options["reason"] or "",
        signed_at=now,
        valid_until=until,
    )
    path = write_signed(
        _folder(shell, options),
        statement,
        key=shell.environment.cwd / key.expanduser(),
        variables=shell.environment.variables,
    )
    screen.result(f"{'refused' if refuses else 'approved'}: {path} and its signature")
    return 0


def _request(options: dict[str, Any]) -> "Request | None":
    """Read a request for a decision; None for anything else, which is a plan or wrong."""
    from runner.controls.requests import REQUEST_BYTES_MAX, request_from_bytes

    try:
        with options["plan"].open("rb") as stream:
            return request_from_bytes(stream.read(REQUEST_BYTES_MAX + 1))
    except (OSError, ValueError):
        return None


def _sign_request(
    shell: Shell,
    options: dict[str, Any],
    settings: "Settings",
    screen: "Screen",
    request: "Request",
) -> int:
    from datetime import timedelta

    from runner.app.usecases.signing import write_signed
    from runner.controls.approvals import Choice, Statement
    from runner.core.values import duration_from_text
    from runner.reporting.approving import request_text

    if options["listed"]:
        raise UsageInvalid(
            "--list is about plans", hint="the verb that asks says which signatures it lacks"
        )
    principal, key, role = _named(options)
    options["plan"] = None
    now = _now(options, settings)
    try:
        length = duration_from_text(options["valid_for"] or "24h")
    except ValueError as error:
        raise UsageInvalid(f"--valid-for: {error}", hint="like 30m or 4h") from error
    screen.result(request_text(request))
    refuses = options["refuse"]
    _typed_alike(
        shell,
        options["decision"],
        words="what is decided",
        right=request.word,
        what="refuse" if refuses else "sign",
    )
    statement = Statement(
        type=request.type,
        digest=request.digest,
        decision=Choice.REFUSE if refuses else Choice.APPROVE,
        principal=principal,
        role=role,
        reason=options["reason"] or "",
        signed_at=now,
        valid_until=now + min(length, timedelta(days=7)),
    )
    path = write_signed(
        _folder(shell, options),
        statement,
        key=shell.environment.cwd / key.expanduser(),
        variables=shell.environment.variables,
    )
    screen.result(f"{'refused' if refuses else 'signed'}: {path} and its signature")
    return 0


def _list(
    shell: Shell,
    options: dict[str, Any],
    settings: "Settings",
    screen: "Screen",
    file: "PlanFile",
) -> int:
    from runner.app.usecases.approving import Poll
    from runner.cli.options import approval_folders
    from runner.reporting.approving import approval_text, ballots_text

    screen.result(approval_text(file))
    poll = Poll(file, place=settings.controls, folders=approval_folders(shell, options))
    screen.result(ballots_text(poll.counted(_now(options, settings))))
    return 0


async def _file(shell: Shell, options: dict[str, Any], settings: "Settings") -> "PlanFile":
    """Read the plan that is named: a file, or what the journal has under a run or a digest."""
    from runner.app.usecases.plans import read_plan
    from runner.core.ids import run_id
    from runner.plan.codec import plan_from_file

    name = str(options["plan"])
    if not name.startswith(("sha256:", "R-")) or options["plan"].exists():
        return read_plan(options["plan"])
    options["plan"] = None
    run = name if name.startswith("R-") else run_id(name)
    with records_for(shell, options, settings) as journal:
        row = None if journal is None else await journal.run(run)
    if row is None or (name not in (run, row.digest)):
        raise UsageInvalid(f"there is no run of {name} here", hint="name the plan's file")
    return plan_from_file(row.plan.encode("utf-8"))


def _named(options: dict[str, Any]) -> tuple[str, Path, str]:
    missing = [
        flag
        for flag, name in (("--as", "principal"), ("--key", "key"), ("--role", "role"))
        if not options[name]
    ]
    if missing:
        raise UsageInvalid(
            f"who signs is not said: {', '.join(missing)}",
            hint="--as PRINCIPAL --key FILE --role GROUP, as the controls name them",
        )
    return options["principal"], options["key"], options["role"]


def _until(options: dict[str, Any], file: "PlanFile", now: "datetime") -> "datetime":
    from runner.core.values import duration_from_text

    if options["valid_for"] is None:
        return file.plan.not_after
    try:
        return min(now + duration_from_text(options["valid_for"]), file.plan.not_after)
    except ValueError as error:
        raise UsageInvalid(f"--valid-for: {error}", hint="like 30m or 4h") from error


def _now(options: dict[str, Any], settings: "Settings") -> "datetime":
    """Return the moment by the clock of what the plan is for: a sandbox may have its own."""
    from runner.cli.options import target_for
    from runner.core.clock import SystemClock

    target = target_for(options, settings, makes=False)
    if target.sandbox is None:
        return SystemClock().now()
    from runner.sandbox.directory import SandboxDirectory

    sandbox = SandboxDirectory(settings.sandbox_dir).open(target.sandbox, clock=SystemClock())
    try:
        return sandbox.clock.now()
    finally:
        sandbox.close()


def _folder(shell: Shell, options: dict[str, Any]) -> Path:
    from runner.cli.options import approval_folders

    return approval_folders(shell, options)[0]


async def _compare(
    shell: Shell,
    options: dict[str, Any],
    settings: "Settings",
    screen: "Screen",
    file: "PlanFile",
) -> None:
    """Show what differs from the last plan of this playbook that was applied, if any."""
    from runner.app.usecases.applied_before import last_applied
    from runner.plan.comparing import differences, laid_out
    from runner.reporting.plan_diff import Compared, diff_text, named

    if options.get("sandbox") is None and settings.profile is None:
        return
    with records_for(shell, options, settings) as journal:
        before = None if journal is None else await last_applied(journal, file)
    if before is None:
        screen.result(f"No plan of {file.plan.playbook} was applied before this one.")
        return
    compared = Compared(
        before=named(before.run_id, before),
        after=named("this plan", file),
        differences=differences(laid_out(before.plan), laid_out(file.plan)),
    )
    screen.result(diff_text(compared, shell.environment.stdout))


def _type(shell: Shell, options: dict[str, Any], file: "PlanFile", what: str) -> None:
    """Let the person type what is decided about, or compare what was typed in advance.

    Errors: ``ConfirmationRefused`` for anything else; ``UsageInvalid`` without a terminal.
    """
    from runner.reporting.approving import largest_outflow

    plan = file.plan
    wanted = {
        "entity": ("the entity", plan.entity),
        "effects": ("the number of effects", str(len(plan.effects))),
        "largest": ("the largest outflow", largest_outflow(plan)),
    }
    for name, (words, right) in wanted.items():
        _typed_alike(shell, options[name], words=words, right=right, what=what)


def _typed_alike(shell: Shell, typed: str | None, *, words: str, right: str, what: str) -> None:
    """Insist that a person types what is right.

    Errors: as ``_type``.
    """
    import sys

    from runner.cli.question import ask

    if typed is None:
        if not shell.environment.is_interactive:
            raise UsageInvalid(
                "there is no terminal to type on",
                hint="give --entity, --effects and --largest (--decision) as you have read them",
            )
        typed = ask(f"To {what} it, type {words}", stdin=sys.stdin)
    if typed.strip() != right:
        raise ConfirmationRefused(
            f"{words} is not {typed.strip()!r} here; nothing was signed", hint="read it again"
        )
