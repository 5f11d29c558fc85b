"""``runner report --csv``: what was sent in a stretch of time, for a spreadsheet."""

from typing import TYPE_CHECKING, Any

from runner.cli.options import records_for, settings_for
from runner.cli.shell import Shell
from runner.core.errors import UsageInvalid

if TYPE_CHECKING:
    from datetime import datetime

_RUNS_MAX = 1_000_000


async def report_csv(shell: Shell, options: dict[str, Any]) -> int:
    """List the effects of a journal that last changed within a stretch of time.

    Errors: ``UsageInvalid`` for options that name none.
    """
    if options["since"] is None or options["until"] is None:
        raise UsageInvalid("--csv lists a stretch of time", hint="add --since and --until")
    since, until = _moment(options["since"], "--since"), _moment(options["until"], "--until")
    if not since < until:
        raise UsageInvalid("--until must be later than --since", hint="it is exclusive")
    return await _report(shell, options, since, until)


async def _report(
    shell: Shell, options: dict[str, Any], since: "datetime", until: "datetime"
) -> int:
    from runner.cli.screen import open_screen
    from runner.core.files import write_whole
    from runner.reporting.effects_csv import Booked, effects_csv, within

    settings = settings_for(shell, options)
    booked = []
    with records_for(shell, options, settings) as journal:
        if journal is None:
            raise UsageInvalid("there is no journal here yet", hint="nothing was ever written")
        for run in await journal.runs(limit=_RUNS_MAX):
            booked += [Booked(run=run, effect=row) for row in await journal.effects(run.run_id)]
    text = shell.redactor.clean(effects_csv(within(booked, since, until)))
    with open_screen(shell, settings) as screen:
        if options["out"] is None:
            screen.result(text)
            return 0
        try:
            write_whole(options["out"], text.encode("utf-8"))
        except OSError as error:
            raise UsageInvalid(f"{options['out']} cannot be written: {error}") from error
    return 0


def _moment(text: str, option: str) -> "datetime":
    from runner.core.clock import moment_from_text

    try:
        return moment_from_text(text)
    except ValueError as error:
        raise UsageInvalid(
            f"{option} must be a moment with its zone", hint="like 2026-11-24T00:00:00Z"
        ) from error
