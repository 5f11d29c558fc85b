"""What the verbs that send have in common: ask, apply what was shown, say how it ended."""

from datetime import timedelta

from runner.app.desk import Desk
from runner.app.usecases.executing import apply_plan
from runner.cli.screen import Screen
from runner.plan.codec import PlanFile


async def applied(
    screen: Screen, desk: Desk, file: PlanFile, *, yes: bool, hold: timedelta | None = None
) -> int:
    """Ask unless the answer was given, apply a plan, show how its run ended; return the exit code.

    Errors: as ``Screen.confirm`` and ``apply_plan``.
    """
    screen.confirm(file, yes=yes)
    async with screen.telling_open(desk, file.run_id):
        report = await apply_plan(desk, file, screen.progress(), hold=hold)
    await screen.recap(desk, report)
    return int(report.exit_code)
