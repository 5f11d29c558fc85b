"""The plan of the same playbook that was applied last."""

from typing import Final

from runner.core.errors import PlanRefused
from runner.journal.journal import Journal
from runner.plan.codec import PlanFile, plan_from_file

_LOOKED_AT: Final = 200


async def last_applied(journal: Journal, file: PlanFile) -> PlanFile | None:
    """Return the newest plan of the same playbook that has sent something, or None.

    Limits: among the last 200 runs; a plan of an older format is passed over.
    """
    for row in await journal.runs(limit=_LOOKED_AT):
        is_other = row.digest != file.digest and row.claimed
        if is_other and (row.playbook, row.entity) == (file.plan.playbook, file.plan.entity):
            try:
                return plan_from_file(row.plan.encode("utf-8"))
            except PlanRefused:
                continue
    return None
