"""Options several verbs share, and the desk they open."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runner.cli.shell import Shell
from runner.core.errors import RunnerError, UsageInvalid

if TYPE_CHECKING:
    from datetime import timedelta

    from runner.app.desk import Desk, Target
    from runner.app.settings import Settings
    from runner.app.usecases.deciding import Deciding
    from runner.app.usecases.planning import Superseding
    from runner.journal.journal import Journal

DEFAULT_SANDBOX = "default"
_COMMAND = re.compile(
    r"\brunner (?:(?:resume|logs|cancel|plan .+? --supersedes) R-[0-9a-f]+|runs)\b(?! -)"
)

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


class TargetCommand(click.Command):
    """A command whose ``--sandbox`` may stand alone or carry a name after ``=``.

    click would take the word after a bare ``--sandbox`` for its value, a file's name for example.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give a bare ``--sandbox`` its empty value before click looks for one."""
        end = args.index("--") if "--" in args else len(args)
        args = ["--sandbox=" if a == "--sandbox" and i < end else a for i, a in enumerate(args)]
        return super().parse_args(ctx, args)


def target_options(command: CommandT) -> CommandT:
    """Add the options that say which custodian account a command is aimed at."""
    options = (
        click.option(
            "--sandbox",
            metavar="[=NAME]",
            help="Use the local sandbox of that name (default: default).",
        ),
        click.option(
            "--world",
            type=click.Path(path_type=Path),
            help="World file of a sandbox that does not exist yet.",
        ),
        click.option("--profile", help="Profile of the controls."),
        click.option("--controls", help="Controls: FOLDER, or FOLDER@REVISION."),
        click.option(
            "--state", help="Journal, a file or a database's URL, instead of the profile's."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@asynccontextmanager
async def desk_for(
    shell: Shell, options: dict[str, Any], settings: "Settings", *, makes: bool = False
) -> AsyncIterator["Desk"]:
    """Open the desk the options name, for as long as the block lasts.

    Shapes: ``makes`` tells whether a sandbox that does not exist is made: looking makes none.
    Errors: ``UsageInvalid`` for a sandbox that is not there; as ``open_desk``.
    """
    from runner.app.desk import open_desk

    target = target_for(options, settings, makes=makes)
    shell.shut_memory()
    async with open_desk(
        target, settings, shell.environment, shell.redactor.register, boundary=shell.boundary
    ) as desk:
        try:
            yield replace(desk, approvals=approval_folders(shell, options))
        except RunnerError as error:
            error.hint = aimed(error.hint, desk.target_words)
            raise


def approvals_option(command: CommandT) -> CommandT:
    """Add the option that says where approvals are."""
    return click.option(
        "--approvals",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Where approvals are (default: approvals/ beside the plan, or here).",
    )(command)


def approval_folders(shell: Shell, options: dict[str, Any]) -> tuple[Path, ...]:
    """Return the folders in which approvals are looked for, each once."""
    given = options.get("approvals")
    if given is not None:
        return (shell.environment.cwd / given,)
    plan = options.get("plan")
    beside = () if plan is None else (shell.environment.cwd / plan.parent / "approvals",)
    return tuple(dict.fromkeys((*beside, shell.environment.cwd / "approvals")))


def deciding_at(shell: Shell, desk: "Desk") -> "Deciding":
    """Return where a desk asks for signatures under decisions."""
    from runner.app.usecases.deciding import FOLDER, Deciding, control_of

    return Deciding(
        control=control_of(desk.guard.policy),
        place=desk.controls_place,
        folders=desk.approvals,
        requests=shell.environment.cwd / FOLDER,
    )


def deciding_for(shell: Shell, options: dict[str, Any], settings: "Settings") -> "Deciding":
    """Return where a verb that opens no desk asks for signatures under decisions.

    Errors: ``SettingsInvalid``, ``InvalidInput`` for the controls.
    """
    from runner.app.desk import account_controls
    from runner.app.usecases.deciding import FOLDER, Deciding, control_of

    held = account_controls(target_for(options, settings, makes=False), settings)
    return Deciding(
        control=control_of(None if held is None else held.policy),
        place=None if held is None else held.place,
        folders=approval_folders(shell, options),
        requests=shell.environment.cwd / FOLDER,
    )


def aimed(hint: str, target: str) -> str:
    """Complete the commands a hint names with the option that aims them at the same desk."""
    return _COMMAND.sub(rf"\g<0> {target}", hint)


@contextmanager
def records_for(
    shell: Shell, options: dict[str, Any], settings: "Settings"
) -> Iterator["Journal | None"]:
    """Open the journal the options name, to look into it; None where there is none yet.

    Errors: ``UsageInvalid`` for a sandbox that is not there; as ``open_records``.
    """
    from runner.app.records import open_records

    target = target_for(options, settings, makes=False)
    with open_records(target, settings, shell.environment, shell.redactor.register) as journal:
        yield journal


def target_for(options: dict[str, Any], settings: "Settings", *, makes: bool) -> "Target":
    """Return the target the options name.

    Errors: ``UsageInvalid`` for a sandbox that is not there, unless the command makes it.
    """
    from runner.app.desk import Target

    sandbox = options.get("sandbox")
    if sandbox == "":
        known = settings.runner_file
        sandbox = known.default_sandbox if known else DEFAULT_SANDBOX
    if sandbox is not None and not makes:
        require_sandbox(settings, sandbox)
    return Target(
        sandbox=sandbox,
        world=options.get("world"),
        profile=settings.profile,
        playbook=options.get("playbook"),
        playbooks=options.get("playbooks", ()),
    )


def target_words(options: dict[str, Any], settings: "Settings") -> str:
    """Return the option that aims another command at what the options name."""
    target = target_for(options, settings, makes=True)
    return (
        f"--profile={target.profile}" if target.sandbox is None else f"--sandbox={target.sandbox}"
    )


def require_sandbox(settings: "Settings", name: str) -> None:
    """Insist that a sandbox exists.

    Errors: ``UsageInvalid`` naming those that do.
    """
    from runner.sandbox.directory import SandboxDirectory

    known = SandboxDirectory(settings.sandbox_dir).names()
    if name not in known:
        raise UsageInvalid(
            f"there is no sandbox {name!r} here",
            hint=f"known: {', '.join(known) or 'none'}; runner run FILE --sandbox={name} makes it",
        )


def settings_for(shell: Shell, options: dict[str, Any]) -> "Settings":
    """Read the settings, flags first.

    Errors: ``UsageInvalid`` for options that contradict each other; as ``load_settings``.
    """
    from runner.app.settings import load_settings

    sandbox = options.get("sandbox")
    if sandbox is not None and options.get("profile") is not None:
        raise UsageInvalid(
            "--sandbox and --profile name two different custodians", hint="give one of them"
        )
    if options.get("world") is not None and sandbox is None:
        raise UsageInvalid("--world belongs to a sandbox", hint="add --sandbox")
    flags = {name: options.get(name) for name in ("controls", "profile", "state")}
    return load_settings(shell.environment, flags)


def hold_option(command: CommandT) -> CommandT:
    """Add the option that bounds how long a wait or pause may hold the process."""
    return click.option(
        "--max-hold",
        metavar="DURATION",
        help="Hand the run back (12) once a wait or pause would take longer, like 10m.",
    )(command)


def hold_of(options: dict[str, Any]) -> "timedelta | None":
    """Return how long a wait or pause may hold the process, or None.

    Errors: ``UsageInvalid`` for what is no duration.
    """
    from runner.core.values import duration_from_text

    text = options["max_hold"]
    if text is None:
        return None
    try:
        return duration_from_text(text)
    except ValueError as error:
        raise UsageInvalid(f"--max-hold: {error}", hint="like 90s, 10m or 1h30m") from error


def run_async(main: Coroutine[Any, Any, int]) -> int:
    """Run a command's coroutine on a new event loop."""
    return asyncio.run(main)


def input_options(command: CommandT) -> CommandT:
    """Add the options that give a playbook its inputs."""
    options = (
        click.option(
            "--input", "-i", "inputs", multiple=True, metavar="NAME=VALUE", help="One input."
        ),
        click.option(
            "--inputs",
            "inputs_file",
            type=click.Path(path_type=Path),
            help="A file of inputs (kind: Inputs).",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def superseding_options(command: CommandT) -> CommandT:
    """Add the options that let a plan go on with what an ended run has left undone."""
    options = (
        click.option(
            "--supersedes",
            metavar="RUN",
            help="Plan what RUN left undone, and never again what it confirmed.",
        ),
        click.option(
            "--again",
            multiple=True,
            metavar="PATH",
            help="Plan the effect at PATH although the superseded run has confirmed it.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def superseding_for(options: dict[str, Any]) -> "Superseding":
    """Return what the options say a plan is to supersede.

    Errors: ``UsageInvalid`` for ``--again`` alone.
    """
    from runner.app.usecases.planning import Superseding

    run_id, again = options.get("supersedes") or "", options.get("again") or ()
    if again and not run_id:
        raise UsageInvalid(
            "--again names what a superseded run has done", hint="add --supersedes RUN"
        )
    return Superseding(run_id=run_id, again=tuple(again))
