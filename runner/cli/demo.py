"""``runner demo``: the main job, end to end, on a fresh sandbox."""

from typing import Any

import click

from runner.cli.options import desk_for, run_async, settings_for
from runner.cli.shell import Shell

PLAYBOOK = "mirror-apply-and-settle.yaml"
SANDBOX = "demo"


@click.command()
@click.pass_obj
def demo(shell: Shell) -> int:
    """Run the main job on a fresh sandbox: validate, plan, apply, wait, settle, verify.

    The sandbox stays in .runner/sandbox/demo, to look at afterwards.

    \b
    Example
      runner demo
      runner sandbox requests demo --writes
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(_demo(shell))


async def _demo(shell: Shell) -> int:
    from runner.app.usecases.loading import bound_inputs, read_playbook
    from runner.cli.applying import applied
    from runner.cli.planning import planned_at
    from runner.cli.screen import open_screen
    from runner.documents.resources import data_dir
    from runner.sandbox.directory import SandboxDirectory

    settings = settings_for(shell, {})
    with open_screen(shell, settings, for_people=True) as screen:
        screen.result(f"== validate {PLAYBOOK}\n")
        path = data_dir("playbooks") / PLAYBOOK
        playbook, found = read_playbook(path, name=str(path))
        screen.warnings(found)
        screen.result(f"{PLAYBOOK}: ok ({len(playbook.steps)} steps)\n\n")
        SandboxDirectory(settings.sandbox_dir).reset(SANDBOX)
        options: dict[str, Any] = {"sandbox": SANDBOX}
        async with desk_for(shell, options, settings, makes=True) as desk:
            screen.result("== plan: what will be sent, and what it does to the balances\n\n")
            bound = bound_inputs(playbook, (), None)
            file = await planned_at(desk, screen, playbook, bound, sends=True)
            screen.plan(file)
            screen.result("\n== apply: exactly this plan, once\n\n")
            return await applied(screen, desk, file, yes=True)
