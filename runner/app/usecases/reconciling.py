"""Holding the custodian's books against the journal, with reads alone."""

from datetime import datetime, timedelta

from runner.actions.everything import every_order
from runner.app.desk import Desk
from runner.core.clock import moment_from_text
from runner.core.errors import ExitCode, UsageInvalid
from runner.core.record import record
from runner.core.values import duration_from_text
from runner.effects.pacing import Limits
from runner.effects.reconciling import Area, Reconciled, reconcile


@record
class Reconciliation:
    """What the books and the journal say of a stretch of time."""

    since: datetime
    areas: tuple[Area, ...]
    result: Reconciled

    @property
    def doubts(self) -> tuple[Area, ...]:
        """Return the lists that may lack rows: where there is one, nothing is known to be right."""
        return tuple(area for area in self.areas if area.doubt)

    @property
    def exit_code(self) -> ExitCode:
        """Return 11 for differences, 9 where none was found in lists that are incomplete."""
        if self.result.differences:
            return ExitCode.DIFFERENCES
        return ExitCode.UNREACHABLE if self.doubts else ExitCode.DONE


def since_from_text(text: str, *, now: datetime) -> datetime:
    """Read a moment, or how long ago it was.

    Errors: ``UsageInvalid``.
    """
    try:
        return now - duration_from_text(text)
    except ValueError:
        pass
    try:
        moment = moment_from_text(text)
    except ValueError as error:
        raise UsageInvalid(
            f"--since {text!r} is neither a moment nor a duration",
            hint="like 2026-11-22T10:00:00Z, or 24h",
        ) from error
    if moment > now:
        raise UsageInvalid("--since is yet to come", hint="name a moment that has passed")
    return moment


async def reconcile_account(desk: Desk, *, since: datetime) -> Reconciliation:
    """Read every order since a moment, and compare it with every effect of this journal."""
    skew = desk.facts.clock_skew
    margin: timedelta = Limits().assumed_skew if skew is None else skew
    areas = tuple([area async for area in every_order(desk.custodian, since=since - margin)])
    # After the reads: what was sent meanwhile is known here before it is shown there.
    effects = await desk.store.account_effects(host=desk.host, entity=desk.entity)
    return Reconciliation(since=since, areas=areas, result=reconcile(effects, areas, since=since))
