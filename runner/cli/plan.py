"""``runner plan``: what playbooks would send, without sending it."""

from pathlib import Path
from typing import Any

import click

from runner.cli.options import TargetCommand, run_async, superseding_options, target_options
from runner.cli.outputs import stream_options, telling
from runner.cli.shell import Shell


@click.command(cls=TargetCommand)
@click.argument("playbooks", nargs=-1, required=True, type=click.Path(path_type=Path))
@target_options
@superseding_options
@click.option("--input", "-i", "inputs", multiple=True, metavar="NAME=VALUE", help="One input.")
@click.option(
    "--inputs",
    "inputs_files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file of inputs (kind: Inputs); may be given more than once.",
)
@click.option(
    "-o",
    "--out",
    metavar="FILE|FOLDER/",
    help="Write the plan to this file as well; of several playbooks, one each to a folder.",
)
@click.option(
    "--offline",
    is_flag=True,
    help="Ask nobody: no key, no journal, no network; what would be read is unknown.",
)
@click.option(
    "--record",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Write everything that was read to a folder, for review and for --replay.",
)
@click.option(
    "--replay",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Plan offline, with the reads and the moment of a recording.",
)
@click.option(
    "--expect",
    metavar="FILE|FOLDER/",
    help="Compare the plan with what was expected, and end with 11 where it differs.",
)
@click.option("--update", is_flag=True, help="Write what --expect names, from this plan.")
@click.option("--sign", is_flag=True, help="Sign the plan as its maker; needs -o, --as and --key.")
@click.option("--as", "principal", metavar="PRINCIPAL", help="Who you are in allowed_signers.")
@click.option(
    "--key", type=click.Path(path_type=Path), help="Your SSH key, as for `runner approve`."
)
@click.option(
    "--detailed-exitcode", is_flag=True, help="End with 2, not 0, where there are effects."
)
@stream_options
@click.pass_obj
def plan(shell: Shell, /, **options: Any) -> int:
    """Work out what PLAYBOOKS would send and what it would do to the balances; send nothing.

    A folder stands for the playbooks in it. Each is planned on its own; inputs go to those that
    declare them, or to the one their file names.

    \b
    Example
      runner plan playbooks/mirror-apply-and-settle.yaml --sandbox -o plan.json
      runner plan playbooks/mirrorx-trim.yaml --replay rec --expect rec/expected.json
      runner plan playbooks/mirror-apply-and-settle.yaml --sandbox --supersedes R-0123456789abcdef
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.cli.plan_jobs import plan_jobs

    return run_async(telling(shell, options, plan_jobs))
