"""``runner sandbox``: a local custody API, made, served, looked into and steered."""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.cli.options import run_async, settings_for
from runner.cli.sandbox_opening import (
    existing_sandbox,
    json_option,
    name_argument,
    name_option,
    sandbox_directory,
)
from runner.cli.shell import Shell
from runner.cli.verbs import LazyGroup, Verb
from runner.core.errors import UsageInvalid

if TYPE_CHECKING:
    from runner.sandbox.directory import Sandbox

_LOOKING = "runner.cli.sandbox_looking"
_STEERING = "runner.cli.sandbox_steering"

sandbox = LazyGroup(
    name="sandbox",
    help="Make, serve, inspect and steer a local sandbox of the custody API.",
    verbs={
        "init": Verb(target="runner.cli.sandbox:init", summary="Write a world to start from."),
        "serve": Verb(target="runner.cli.sandbox:serve", summary="Serve it on loopback."),
        "status": Verb(target=f"{_LOOKING}:status", summary="Show how it stands."),
        "ledger": Verb(target=f"{_LOOKING}:ledger", summary="Show or check its ledger."),
        "requests": Verb(target=f"{_LOOKING}:requests", summary="List what it received."),
        "fault": Verb(target=f"{_STEERING}:fault", summary="Make things go wrong."),
        "clock": Verb(target=f"{_STEERING}:clock", summary="Show or change its time."),
        "deposit": Verb(target=f"{_STEERING}:deposit", summary="Let a deposit arrive."),
        "portal": Verb(target=f"{_STEERING}:portal", summary="Act as a person in the portal."),
        "reset": Verb(target="runner.cli.sandbox:reset", summary="Forget all that happened."),
        "keygen": Verb(target="runner.cli.sandbox:keygen", summary="Add an API key."),
    },
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("world.yaml"))
@click.option("--force", is_flag=True, help="Overwrite the file if it is there.")
@json_option
@click.pass_obj
def init(shell: Shell, file: Path, *, force: bool, as_json: bool) -> int:
    """Write a world to start from into FILE (world.yaml): every key is there, with a comment.

    \b
    Example
      runner sandbox init worlds/mine.yaml
      runner sandbox reset --world worlds/mine.yaml
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.cli.screen import open_screen
    from runner.reporting.calls import json_text
    from runner.sandbox.world_file import COMMENTED_WORLD_PATH

    if file.exists() and not force:
        raise UsageInvalid(f"{file} is there already", hint="name another file, or use --force")
    with open_screen(shell, settings_for(shell, {})) as screen:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(COMMENTED_WORLD_PATH.read_bytes())
        except OSError as exc:
            raise UsageInvalid(f"{file} cannot be written: {exc.strerror}") from exc
        words = f"{file} is a world; runner sandbox reset --world {file} makes it a sandbox\n"
        screen.result(json_text({"world": str(file)}) if as_json else words)
    return 0


@click.command()
@name_argument
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 picks a free port.")
@click.option(
    "--control-port", type=click.IntRange(0, 65535), default=0, help="0 picks a free port."
)
@click.option("--world", type=click.Path(path_type=Path), help="World file of a new sandbox.")
@json_option
@click.pass_obj
def serve(
    shell: Shell, name: str, port: int, control_port: int, world: Path | None, *, as_json: bool
) -> int:
    """Serve the sandbox NAME on 127.0.0.1 until interrupted.

    The first line on stdout is the API's URL, the second that of the control endpoint; keys and the
    control token are files in the sandbox's folder.

    \b
    Example
      runner sandbox serve --port 8901 --control-port 8902
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.core.clock import SystemClock

    opened = sandbox_directory(shell).open(name, clock=SystemClock(), world_path=world)
    try:
        return run_async(_serve(opened, port, control_port, as_json=as_json))
    finally:
        opened.close()


async def _serve(opened: "Sandbox", port: int, control_port: int, *, as_json: bool) -> int:
    from runner.reporting.calls import json_line
    from runner.sandbox.control import TOKEN_FILE, serve_control
    from runner.sandbox.serving import serve_sandbox

    token_path = opened.folder / TOKEN_FILE
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serve_sandbox(opened, port=port))
        control = await stack.enter_async_context(serve_control(opened, port=control_port))
        if as_json:
            shown = {"url": url, "control": control, "control_token_file": str(token_path)}
            click.echo(json_line(shown), nl=False)
        else:
            click.echo(url)
            click.echo(f"control {control}")
        sys.stdout.flush()
        click.echo(
            f"sandbox {opened.name} in {opened.folder}, control token in {token_path};"
            " Ctrl-C ends it",
            err=True,
        )
        await asyncio.Event().wait()
    return 0


@click.command()
@name_argument
@click.option("--world", type=click.Path(path_type=Path), help="Make it anew from this world.")
@json_option
@click.pass_obj
def reset(shell: Shell, name: str, world: Path | None, *, as_json: bool) -> int:
    """Forget all that happened in the sandbox NAME: ledger, keys and journal.

    \b
    Example
      runner sandbox reset
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.core.clock import SystemClock
    from runner.reporting.calls import json_text

    directory = sandbox_directory(shell)
    directory.reset(name, world_path=world)
    directory.open(name, clock=SystemClock()).close()
    if as_json:
        click.echo(json_text({"name": name, "folder": str(directory.folder(name))}), nl=False)
    else:
        click.echo(f"sandbox {name} is as new")
    return 0


@click.command()
@click.argument("key")
@click.option("--permission", "permissions", multiple=True, help="A group, as often as needed.")
@click.option("--ip", "ips", multiple=True, help="An address or network it may be used from.")
@click.option("--wallet", "wallets", multiple=True, help="A wallet it is tied to, by name.")
@click.option("--entity", help="Whose key it is; the world's first entity unless said.")
@name_option
@json_option
@click.pass_obj
def keygen(shell: Shell, /, key: str, *, name: str, as_json: bool, **asked: object) -> int:
    """Add an API key called KEY to a sandbox: a new pair, which works at once.

    What is printed is how a profile (docs/controls.md) names it. Without --permission it may read.

    \b
    Example
      runner sandbox keygen ci
      runner sandbox keygen desk --permission "Enable Mirror Operation" --ip 127.0.0.1
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.cli.screen import open_screen
    from runner.reporting.calls import json_text
    from runner.reporting.sandbox_status import render_key
    from runner.sandbox.steward import key_json

    given = {word: each for word, each in asked.items() if each}
    wanted = {"permissions": ("Enable Enquiry", "Transaction History"), **given, "name": key}
    with open_screen(shell, settings_for(shell, {})) as screen:
        with existing_sandbox(shell, name) as steward:
            made = key_json(steward.add_key(wanted))
        screen.result(json_text(made) if as_json else render_key(made))
    return 0
