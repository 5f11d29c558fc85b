"""Ending a run before its end: nothing new begins, and what is under way is never abandoned."""

from runner.app.desk import Desk
from runner.app.usecases.executing import RunReport, resume_run
from runner.app.usecases.planning import Emit
from runner.core.clock import Clock, SystemClock
from runner.core.errors import LockHeld, OutcomeLeftOpen, PlanRefused, UsageInvalid
from runner.effects.person_decision import DecisionKind
from runner.effects.ports import Decision

OWNER_WAIT_S = 10.0
"""How long a cancel waits for the process that drives the run to have heard and ended it."""
_LOOK_EVERY_S = 0.2


async def cancel_run(  # noqa: PLR0913 - a cancel is of what, by whom, why and how
    desk: Desk,
    run_id: str,
    emit: Emit,
    *,
    who: str,
    reason: str,
    hard: bool,
    real: Clock | None = None,
) -> RunReport | None:
    """Cancel a run, and end it here unless another process drives it.

    Shapes: None where another process drives it and has not ended it within ``OWNER_WAIT_S``; it
        has been told, and no effect of the run gets its first attempt any more. ``real`` is the
        machine's clock.
    Errors: ``UsageInvalid`` for an unknown run; ``PlanRefused`` for one of another account; as
        ``resume_run``.
    """
    row = await desk.store.run(run_id)
    if row is None:
        raise UsageInvalid(f"there is no run {run_id} here", hint="`runner runs` lists them")
    if (desk.host, desk.entity) != (row.host, row.entity):
        raise PlanRefused(
            f"{run_id} belongs to {row.host} ({row.entity}), not to {desk.host} ({desk.entity})",
            hint="name the profile or sandbox it was planned for",
        )
    if row.exit_code is None:
        await desk.store.ask_cancel(
            Decision(
                run_id=run_id,
                kind=(DecisionKind.CANCEL_NOW if hard else DecisionKind.CANCEL).value,
                who=who,
                reason=reason,
                at=desk.clock.now(),
            )
        )
    return await _ended(desk, run_id, emit, real or SystemClock())


async def _ended(desk: Desk, run_id: str, emit: Emit, real: Clock) -> RunReport | None:
    last_s = real.monotonic_s() + OWNER_WAIT_S
    while True:
        try:
            return await resume_run(desk, run_id, emit)
        except (LockHeld, OutcomeLeftOpen):
            if not await desk.store.is_driven(run_id):
                raise
        if real.monotonic_s() > last_s:
            return None
        await real.sleep(_LOOK_EVERY_S)
