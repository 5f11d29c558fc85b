"""Going on with every run of an account that was handed back and is due."""

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta

from runner.app.desk import Desk
from runner.app.usecases.executing import RunReport, resume_run
from runner.app.usecases.planning import Emit
from runner.core.errors import ExitCode, RunnerError
from runner.core.record import record
from runner.engine.ports import RunRow

PRECEDENCE = (
    ExitCode.OUTCOME_UNKNOWN,
    ExitCode.BUG,
    ExitCode.NOT_FINAL,
    ExitCode.INTERRUPTED,
    ExitCode.TERMINATED,
    ExitCode.NOT_APPROVED,
    ExitCode.DENIED,
    ExitCode.FAILED,
    ExitCode.ENDED_AFTER_SENDING,
    ExitCode.PLAN_REFUSED,
    ExitCode.INVALID,
    ExitCode.ENDED_BEFORE_SENDING,
    ExitCode.LOCKED,
    ExitCode.UNREACHABLE,
    ExitCode.USAGE,
    ExitCode.DONE,
)
"""Which exit code speaks for several runs.

Source: DESIGN section 8, precedence; 7, 3 and 64, which it does not name, stand where nothing was
sent by this command.
"""


@record
class DueRun:
    """What became of one run.

    Shapes: ``report`` is None where it could not be gone on with, and ``error`` then says why.
    """

    run_id: str
    report: RunReport | None
    error: RunnerError | None = None

    @property
    def exit_code(self) -> ExitCode:
        """Return the run's exit code."""
        if self.report is not None:
            return self.report.exit_code
        assert self.error is not None, "one or the other is there"
        return self.error.exit_code


async def due_runs(desk: Desk) -> tuple[RunRow, ...]:
    """Return the unfinished runs of this account that are due now and that nobody drives.

    A run that may have sent something is due unless it was handed back until later. One that has
    sent nothing is due only if it was handed back: everything else of it is begun by ``apply``.
    """
    now = desk.clock.now()
    found = []
    for row in await desk.store.unfinished(host=desk.host, entity=desk.entity):
        suspension = await desk.store.suspension(row.run_id)
        is_due = row.claimed if suspension is None else suspension.due <= now
        if is_due and not await desk.store.is_driven(row.run_id):
            found.append(row)
    return tuple(found)


async def resume_due(desk: Desk, emit: Emit, *, hold: timedelta | None) -> AsyncIterator[DueRun]:
    """Go on with every due run, one after the other, and tell of each as it stands.

    A run that somebody else has taken up meanwhile is passed over. After a signal no other begins.
    """
    for row in await due_runs(desk):
        try:
            report = await resume_run(desk, row.run_id, emit, hold=hold)
        except RunnerError as error:
            if not await desk.store.is_driven(row.run_id):
                yield DueRun(run_id=row.run_id, report=None, error=error)
        else:
            yield DueRun(run_id=row.run_id, report=report)
            if report.interrupted:
                return


def worst_code(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the exit code that speaks for all of these; done where there are none."""
    return min(codes, key=PRECEDENCE.index, default=ExitCode.DONE)
