"""``runner actions``: what a step can do, from the manifests."""

from typing import TYPE_CHECKING

import click

from runner.cli.shell import Shell
from runner.cli.verbs import LazyGroup, Verb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.catalogue.manifest import Manifest

WORDS = {
    "list": Verb(target="runner.cli.actions:list_", summary="List every action."),
    "show": Verb(target="runner.cli.actions:show", summary="Show everything about one action."),
}

actions = LazyGroup(
    name="actions",
    verbs=WORDS,
    help="Look up what a step can do.\n\n\b\nExample\n  runner actions show mirror.apply",
)


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Write JSON lines.")
@click.pass_obj
def list_(shell: Shell, as_json: bool) -> int:  # noqa: FBT001 - click calls by keyword
    """List every action: reads, effects, and the raw reads of the API.

    \b
    Example
      runner actions list
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.catalogue.manifests import MANIFESTS
    from runner.reporting.action_pages import render_list

    everything = MANIFESTS.values()
    if as_json:
        _write_json(everything)
    else:
        click.echo(render_list(everything, shell.environment.stdout), nl=False)
    return 0


@click.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Write JSON lines.")
@click.pass_obj
def show(shell: Shell, name: str, as_json: bool) -> int:  # noqa: FBT001 - click calls by keyword
    """Show the action NAME: arguments, result, lock, projection, confirmation, an example.

    \b
    Example
      runner actions show mirror.apply
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.catalogue.manifests import MANIFESTS
    from runner.core.diagnostics import did_you_mean
    from runner.core.errors import UsageInvalid
    from runner.reporting.action_pages import render_action

    manifest = MANIFESTS.get(name)
    if manifest is None:
        raise UsageInvalid(
            f'no action has the name "{name}"',
            hint=did_you_mean(name, MANIFESTS) + "; runner actions list shows them all",
        )
    if as_json:
        _write_json([manifest])
    else:
        click.echo(render_action(manifest, shell.environment.stdout), nl=False)
    return 0


def _write_json(manifests: "Iterable[Manifest]") -> None:
    from runner.reporting.action_pages import actions_json

    click.echo(actions_json(manifests), nl=False)
