"""``runner verify``: hold the journal against its own chains."""

import re
from typing import Any

import click

from runner.cli.options import TargetCommand, records_for, run_async, settings_for, target_options
from runner.cli.shell import Shell
from runner.core.errors import ExitCode, UsageInvalid

_MARK = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})", re.ASCII)


@click.command(cls=TargetCommand)
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--mark", metavar="NUMBER:HEAD", help="Insist that the register came by this mark.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON lines.")
@target_options
@click.pass_obj
def verify(shell: Shell, /, **options: Any) -> int:
    """Hold every run of the journal, or RUN alone, against the chains of what was written.

    A row that was changed, removed or added by other hands ends with 11 and is named. What a chain
    cannot show is an end cut off together with all that tells of it: keep the mark that this verb
    prints elsewhere, and give it back with --mark.

    \b
    Example
      runner verify --sandbox
      runner verify R-0123456789abcdef --sandbox
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return run_async(_verify(shell, options))


async def _verify(shell: Shell, options: dict[str, Any]) -> int:
    from runner.cli.screen import open_screen
    from runner.reporting.journals import render_verified, verified_json

    run_id = options["run_id"] or ""
    settings = settings_for(shell, options)
    mark = _mark(options["mark"])
    with records_for(shell, options, settings) as journal:
        verified = None if journal is None else await journal.verify(run_id)
        came_by = journal is None or mark is None or await journal.holds_mark(mark)
    if verified is None:
        if run_id:
            raise UsageInvalid(f"there is no run {run_id} here", hint="`runner runs` lists them")
        raise UsageInvalid("there is no journal here yet", hint="nothing was ever written")
    code = ExitCode.DONE if came_by and not verified.differences else ExitCode.DIFFERENCES
    with open_screen(shell, settings) as screen:
        if options["as_json"]:
            screen.result(verified_json(verified, code))
        else:
            screen.result(render_verified(verified, shell.environment.stdout))
        if not came_by:
            screen.note(
                f"the register never came by {options['mark']}: its end was cut off, it is an older"
                " copy, or it was written anew"
            )
    return code


def _mark(text: str | None) -> Any:
    from runner.effects.ports import StoreMark

    if text is None:
        return None
    found = _MARK.fullmatch(text)
    if found is None:
        raise UsageInvalid("--mark is NUMBER:HEAD", hint="as runner verify and state show print it")
    return StoreMark(number=int(found[1]), head=found[2])
