"""``runner demo``: the main job, end to end, on a fresh sandbox."""

from typing import TYPE_CHECKING, Any

import click

from runner.cli.options import desk_for, run_async
from runner.cli.shell import Shell

if TYPE_CHECKING:
    from runner.cli.screen import Screen

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
    from runner.app.settings import load_settings
    from runner.app.usecases.executing import apply_plan
    from runner.app.usecases.loading import bound_inputs, load_checked
    from runner.app.usecases.planning import make_plan
    from runner.cli.screen import Screen
    from runner.core.source import SourceFile
    from runner.documents.files import read_source
    from runner.documents.resources import data_dir
    from runner.sandbox.directory import SandboxDirectory

    screen = Screen(shell)
    path = data_dir("playbooks") / PLAYBOOK
    _headline(screen, f"validate {PLAYBOOK}")
    source = SourceFile(name=str(path), text=read_source(path).text)
    playbook, found = load_checked(source)
    screen.warnings(found)
    screen.result(f"{PLAYBOOK}: ok ({len(playbook.steps)} steps)\n")
    SandboxDirectory(load_settings(shell.environment, {}).sandbox_dir).reset(SANDBOX)
    options: dict[str, Any] = {"sandbox": SANDBOX}
    async with desk_for(shell, options) as desk:
        _headline(screen, "plan: what will be sent, and what it does to the balances")
        planned = await make_plan(desk, playbook, bound_inputs(playbook, (), None), _silent)
        screen.plan(planned.file)
        _headline(screen, "apply: exactly this plan, once")
        try:
            report = await apply_plan(desk, planned.file, screen.progress())
        finally:
            screen.close()
        await screen.recap(desk, report)
        again = await apply_plan(desk, planned.file, _silent)
        screen.result(
            f"applied again: nothing was sent, exit {int(again.exit_code)} as the first time\n"
        )
    return int(report.exit_code)


def _headline(screen: "Screen", words: str) -> None:
    screen.result(f"\n== {words}\n")


def _silent(event: object) -> None:
    """Take an event and say nothing; what it says is shown otherwise."""
