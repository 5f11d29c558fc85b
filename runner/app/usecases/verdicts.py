"""The controls' verdicts about a plan: when it is made, and before it is applied."""

from runner.app.bench import Bench
from runner.app.desk import Desk
from runner.app.usecases.approving import Poll
from runner.core.errors import PlanRefused
from runner.plan.codec import PlanFile
from runner.plan.model import Plan
from runner.plan.verdicts import (
    Judged,
    asks_approval,
    effect_facts,
    judge,
    planned_verdicts,
    require_allowed,
    spent_asked,
    stricter_of,
    with_verdicts,
)


async def judged_plan(desk: Bench, plan: Plan) -> Plan:
    """Return a plan with the verdicts of this moment in it, whatever they are."""
    return with_verdicts(plan, await _today(desk, plan, run_id=""))


async def require_verdicts(desk: Desk, file: PlanFile) -> None:
    """Insist that policy and caps let every effect of a plan through that is to be applied.

    Errors: ``PolicyDenied``, ``ConfirmationRefused``; ``PlanRefused`` for verdicts that are none.
    """
    today = await _today(desk, file.plan, run_id=file.run_id)
    asked = asks_approval(desk.guard, file.plan)
    now = desk.clock.now()
    ballots = await poll_of(desk, file).count(now) if asked else None
    require_allowed(
        stricter_of(_recorded(file.plan), today), approvals=True, ballots=ballots, at=now
    )


def poll_of(desk: Desk, file: PlanFile) -> Poll:
    """Return what counts the approvals of a plan at this desk."""
    policy = desk.guard.policy
    return Poll(
        file,
        place=desk.controls_place,
        folders=desk.approvals,
        is_maker_asked=policy is not None and policy.control.is_plan_signed,
    )


async def require_running(desk: Desk, plan: Plan) -> None:
    """Insist that the kill switch stops no effect of a plan, before anything is done for it.

    Errors: ``SendingStopped``.
    """
    flags = await desk.store.stops()
    for effect in plan.effects:
        desk.kill_switch.require_running(effect_facts(effect, plan.playbook), flags)


def require_planned(plan: Plan, *, approvals: bool) -> None:
    """Insist that the verdicts recorded in a plan let every effect through.

    Errors: as ``require_verdicts``.
    """
    require_allowed(_recorded(plan), approvals=approvals)


async def _today(desk: Bench, plan: Plan, *, run_id: str) -> tuple[Judged, ...]:
    now = desk.clock.now()
    spent = await desk.store.spent(spent_asked(desk.guard, plan, now), run_id=run_id)
    # An apply that was killed before it sent anything has left intents behind; it begins anew.
    others = [each for each in spent if not run_id or each.run_id != run_id]
    return judge(desk.guard, plan, others, now, run_id=run_id)


def _recorded(plan: Plan) -> tuple[Judged, ...]:
    try:
        return planned_verdicts(plan)
    except ValueError as error:
        raise PlanRefused(
            "the plan records a verdict that is none", hint="make a new plan"
        ) from error
