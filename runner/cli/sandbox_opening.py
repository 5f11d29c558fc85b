"""Opening the sandboxes that the verbs of ``runner sandbox`` are about."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runner.cli.options import DEFAULT_SANDBOX, require_sandbox, settings_for
from runner.cli.shell import Shell
from runner.core.errors import UsageInvalid

if TYPE_CHECKING:
    from runner.sandbox.directory import SandboxDirectory
    from runner.sandbox.steward import Steward

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def name_argument(command: CommandT) -> CommandT:
    """Add the sandbox's name as the only argument."""
    return click.argument("name", default=DEFAULT_SANDBOX)(command)


def name_option(command: CommandT) -> CommandT:
    """Add the sandbox's name where the arguments are something else."""
    return click.option(
        "--name", default=DEFAULT_SANDBOX, show_default=True, help="Which sandbox."
    )(command)


def json_option(command: CommandT) -> CommandT:
    """Add the option that asks for JSON."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON.")(command)


def sandbox_directory(shell: Shell) -> "SandboxDirectory":
    """Return where the sandboxes are."""
    from runner.sandbox.directory import SandboxDirectory

    return SandboxDirectory(settings_for(shell, {}).sandbox_dir)


@contextmanager
def existing_sandbox(shell: Shell, name: str) -> "Iterator[Steward]":
    """Open a sandbox that is there: looking at one, or steering it, must not make one.

    Errors: ``UsageInvalid`` where it is not there; as ``SandboxDirectory.open``.
    """
    from runner.core.clock import SystemClock
    from runner.sandbox.steward import Steward

    require_sandbox(settings_for(shell, {}), name)
    opened = sandbox_directory(shell).open(name, clock=SystemClock())
    try:
        yield Steward(sandbox=opened)
    finally:
        opened.close()


def named_values(words: tuple[str, ...]) -> dict[str, object]:
    """Read ``NAME=VALUE`` words; a dot in a name makes a mapping: ``set.unknown_id=error``.

    Errors: ``UsageInvalid`` for a word without ``=``, or a name given twice.
    """
    values: dict[str, object] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise UsageInvalid(f"{word!r} is no NAME=VALUE", hint="write it like amount=5")
        outer, dot, inner = name.partition(".")
        place = values
        if dot:
            found = values.setdefault(outer, {})
            if not isinstance(found, dict):
                raise UsageInvalid(f"{outer} is given twice")
            place, name = found, inner
        if name in place:
            raise UsageInvalid(f"{word.partition('=')[0]} is given twice")
        # A world has no quotes on the command line: what reads as a truth value is one.
        place[name] = {"true": True, "false": False}.get(text, text)
    return values
