"""``runner sandbox``: serve, inspect or reset a local custody API."""

import asyncio
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.cli.options import DEFAULT_SANDBOX, require_sandbox, run_async, settings_for
from runner.cli.shell import Shell
from runner.cli.verbs import LazyGroup, Verb
from runner.core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.sandbox.directory import Sandbox, SandboxDirectory

sandbox = LazyGroup(
    name="sandbox",
    help="Serve, inspect or reset a local sandbox of the custody API.",
    verbs={
        "serve": Verb(target="runner.cli.sandbox:serve", summary="Serve it on loopback."),
        "ledger": Verb(target="runner.cli.sandbox:ledger", summary="Show or check its ledger."),
        "requests": Verb(
            target="runner.cli.sandbox:requests", summary="List the requests it received."
        ),
        "reset": Verb(target="runner.cli.sandbox:reset", summary="Forget all that happened."),
    },
)


@click.command()
@click.argument("name", default=DEFAULT_SANDBOX)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 picks a free port.")
@click.option("--world", type=click.Path(path_type=Path), help="World file of a new sandbox.")
@click.pass_obj
def serve(shell: Shell, name: str, port: int, world: Path | None) -> int:
    """Serve the sandbox NAME on 127.0.0.1 until interrupted.

    The first line on stdout is the URL; keys are files in the sandbox's folder.

    \b
    Example
      runner sandbox serve --port 8901
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(_serve(shell, name, port, world))


async def _serve(shell: Shell, name: str, port: int, world: Path | None) -> int:
    from runner.core.clock import SystemClock
    from runner.sandbox.serving import serve_sandbox

    opened = _directory(shell).open(name, clock=SystemClock(), world_path=world)
    try:
        async with serve_sandbox(opened, port=port) as url:
            click.echo(url)
            sys.stdout.flush()
            click.echo(f"sandbox {name} in {opened.folder}; Ctrl-C ends it", err=True)
            await asyncio.Event().wait()
    finally:
        opened.close()
    return 0


@click.command()
@click.argument("name", default=DEFAULT_SANDBOX)
@click.option("--check", is_flag=True, help="Check every entry instead; exit 11 if one is wrong.")
@click.pass_obj
def ledger(shell: Shell, name: str, *, check: bool) -> int:
    """Show the balances of the sandbox NAME, or check its ledger.

    \b
    Example
      runner sandbox ledger
      runner sandbox ledger --check
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.cli.screen import open_screen
    from runner.reporting.sandbox_tables import render_balances, render_findings

    with open_screen(shell, settings_for(shell, {})) as screen, _existing(shell, name) as opened:
        if check:
            found = opened.ledger.check()
            screen.result(render_findings(found))
            return int(ExitCode.DIFFERENCES if found else ExitCode.DONE)
        text = render_balances(opened.ledger.balances(), opened.world, shell.environment.stdout)
        screen.result(text)
    return 0


@click.command()
@click.argument("name", default=DEFAULT_SANDBOX)
@click.option("--writes", is_flag=True, help="Only requests that may change something.")
@click.pass_obj
def requests(shell: Shell, name: str, *, writes: bool) -> int:
    """List what the sandbox NAME received, in order, signatures checked, duplicates marked.

    \b
    Example
      runner sandbox requests --writes
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.cli.screen import open_screen
    from runner.reporting.sandbox_tables import render_requests

    with open_screen(shell, settings_for(shell, {})) as screen, _existing(shell, name) as opened:
        rows = [r for r in opened.ledger.requests() if not writes or r.method == "POST"]
        screen.result(render_requests(rows, shell.environment.stdout))
    return 0


@click.command()
@click.argument("name", default=DEFAULT_SANDBOX)
@click.option("--world", type=click.Path(path_type=Path), help="Make it anew from this world.")
@click.pass_obj
def reset(shell: Shell, name: str, world: Path | None) -> int:
    """Forget all that happened in the sandbox NAME: ledger, keys and journal.

    \b
    Example
      runner sandbox reset
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.core.clock import SystemClock

    directory = _directory(shell)
    directory.reset(name, world_path=world)
    directory.open(name, clock=SystemClock()).close()
    click.echo(f"sandbox {name} is as new")
    return 0


def _directory(shell: Shell) -> "SandboxDirectory":
    from runner.sandbox.directory import SandboxDirectory

    return SandboxDirectory(settings_for(shell, {}).sandbox_dir)


@contextmanager
def _existing(shell: Shell, name: str) -> "Iterator[Sandbox]":
    # Looking at a sandbox must not make one.
    from runner.core.clock import SystemClock

    require_sandbox(settings_for(shell, {}), name)
    opened = _directory(shell).open(name, clock=SystemClock())
    try:
        yield opened
    finally:
        opened.close()
