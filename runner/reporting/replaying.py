"""From the lines of a stream to the calls that the command itself has made of its screen."""

from collections.abc import Callable, Iterator
from typing import Protocol

from runner.core.errors import ExitCode, RunnerError
from runner.core.record import record
from runner.engine.events import Emit
from runner.plan.codec import PlanFile, plan_from_file
from runner.reporting.run_facts import RunFacts, Verdict
from runner.reporting.stream import CommandFailed, Line, PlanShown, StreamInvalid, Version


class Stopped(Protocol):
    """Shows a run that an error has stopped; ``shown`` tells whether its effects are open."""

    def __call__(self, facts: RunFacts, *, shown: bool) -> None:
        """Show it."""
        ...


@record
class Replayed:
    """What a screen does for each kind of line."""

    event: Emit
    plan: Callable[[PlanFile], None]
    ended: Callable[[RunFacts], None]
    stopped: Stopped
    failed: Callable[[RunnerError], None]


def replayed(lines: Iterator[Line], screen: Replayed) -> None:
    """Show everything again, in its order.

    Errors: ``StreamInvalid``; ``PlanRefused`` for a plan that was changed.
    """
    is_empty = True
    for line in lines:
        is_empty = False
        if isinstance(line, PlanShown):
            screen.plan(plan_from_file(line.file.encode("utf-8")))
        elif isinstance(line, RunFacts):
            if line.stopped:
                screen.stopped(line, shown=line.exit_code is ExitCode.OUTCOME_UNKNOWN)
            elif line.exit_code is not None:
                screen.ended(line)
        elif isinstance(line, CommandFailed):
            screen.failed(_error(line))
        elif not isinstance(line, Verdict | Version):
            screen.event(line)
    if is_empty:
        raise StreamInvalid("it is empty")


def _error(line: CommandFailed) -> RunnerError:
    error = RunnerError(line.message, hint=line.hint)
    error.exit_code = ExitCode(line.exit)
    return error
