"""``runner plan``: what a playbook would send, without sending it."""

import os
from pathlib import Path
from typing import Any

import click

from runner.cli.options import (
    TargetCommand,
    desk_for,
    input_options,
    run_async,
    settings_for,
    target_options,
)
from runner.cli.shell import Shell


@click.command(cls=TargetCommand)
@click.argument("playbook", type=click.Path(path_type=Path))
@target_options
@input_options
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Write the plan to this file as well."
)
@click.pass_obj
def plan(shell: Shell, /, **options: Any) -> int:
    """Work out what PLAYBOOK would send and what it would do to the balances; send nothing.

    \b
    Example
      runner plan playbooks/mirror-apply-and-settle.yaml --sandbox -o plan.json
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(_plan(shell, options))


async def _plan(shell: Shell, options: dict[str, Any]) -> int:
    from runner.app.usecases.loading import bound_inputs, read_playbook
    from runner.app.usecases.planning import make_plan, silent
    from runner.cli.screen import open_screen

    settings = settings_for(shell, options)
    with open_screen(shell, settings) as screen:
        path: Path = options["playbook"]
        playbook, found = read_playbook(path, name=str(path))
        screen.warnings(found)
        bound = bound_inputs(playbook, options["inputs"], options["inputs_file"])
        async with desk_for(shell, options, settings) as desk:
            planned = await make_plan(desk, playbook, bound, silent)
        screen.warnings((), planned.warnings)
        screen.plan(planned.file)
        if options["out"] is not None:
            write_plan(options["out"], planned.file.data)
            screen.result(f"plan written to {options['out']}")
    return 0


def write_plan(path: Path, data: bytes) -> None:
    """Write a plan's file whole or not at all, readable by its owner alone.

    Errors: ``OSError``.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
