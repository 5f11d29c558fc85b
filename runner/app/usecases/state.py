"""Whether a journal is the one a plan was made with, and a person's word that it may stand for it.

A journal that was lost or put back from a copy has forgotten what was sent since. Every plan
carries the journal's id and its high-water mark, and a journal that never came by it refuses it.
Source: DESIGN section 6, rule 10.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from runner.core.errors import StoreRefused, UsageInvalid
from runner.core.jsonvalue import JsonValue
from runner.effects.ports import Decision
from runner.journal.holding import LockRow
from runner.journal.journal import Journal
from runner.plan.codec import PlanFile
from runner.plan.model import Plan

ADOPT_STORE = "adopt-store"
"""The kind of decision by which a journal stands for one that is lost."""
BREAK_LOCK = "break-lock"
"""The kind of decision by which a run loses a lock."""

_WAY_OUT = (
    "use the journal it was made with; if that is lost, ask the custodian for every order since,"
    " then runner state adopt PLAN --reason TEXT"
)


async def require_store(journal: Journal, plan: Plan) -> None:
    """Insist that a journal knows everything that was done before a plan was made.

    Errors: ``StoreRefused`` for another journal, an older copy, or one that went another way since.
    """
    if await _is_adopted(journal, plan):
        return
    if plan.store_id != journal.store_id:
        raise StoreRefused(
            f"the plan was made with another journal, {plan.store_id}:"
            f" {journal.place} is {journal.store_id}",
            hint=_WAY_OUT,
        )
    if not await journal.holds_mark(plan.store_mark):
        reached = journal.high_water().number
        how = "went another way since" if reached >= plan.store_mark.number else "is an older copy"
        raise StoreRefused(
            f"{journal.place} {how}: the plan was made when its register had come to"
            f" {plan.store_mark.number}, this one has come to {reached}",
            hint=_WAY_OUT,
        )


async def adopt_store(
    journal: Journal,
    file: PlanFile,
    *,
    reason: str,
    who: str,
    at: datetime,
    signatures: JsonValue = None,
) -> Decision:
    """Let a journal stand for the one a plan was made with, up to the plan's mark.

    Shapes: ``signatures`` are those the policy asked for, None where it asks for none.

    Errors: ``UsageInvalid`` where the journal is that one, or stands for it already.
    """
    plan = file.plan
    is_own = plan.store_id == journal.store_id and await journal.holds_mark(plan.store_mark)
    if is_own or await _is_adopted(journal, plan):
        raise UsageInvalid(
            f"{journal.place} takes the plan as it is", hint="there is nothing to adopt"
        )
    decision = Decision(
        kind=ADOPT_STORE,
        reason=reason,
        who=who,
        at=at,
        payload={
            "store_id": plan.store_id,
            "number": plan.store_mark.number,
            "head": plan.store_mark.head,
            "plan": file.digest,
            **_signed(signatures),
        },
    )
    await journal.record_decision(decision)
    return decision


def adopting_facts(journal: Journal, file: PlanFile, *, reason: str) -> dict[str, str]:
    """Return what is signed where the policy asks for it: this adoption and no other."""
    plan = file.plan
    return {
        "host": plan.host,
        "entity": plan.entity,
        "journal": journal.store_id,
        "stands_for": plan.store_id,
        "number": str(plan.store_mark.number),
        "head": plan.store_mark.head,
        "plan": file.digest,
        "reason": reason,
    }


async def break_lock(
    journal: Journal | None,
    name: str,
    *,
    reason: str,
    who: str,
    at: datetime,
    permit: Callable[[LockRow], JsonValue] = lambda _: None,
) -> LockRow:
    """Take a lock from the run that has it, and return it as it was.

    Shapes: ``permit`` is asked before, and gives the signatures the policy asks for, or None.
    Errors: ``UsageInvalid`` for a lock nobody has; ``LockHeld`` while its run is driven, or an
        effect behind it is not final.
    """
    rows = () if journal is None else await journal.lock_rows()
    found = next((row for row in rows if row.name == name), None)
    if journal is None or found is None:
        raise UsageInvalid(f"there is no lock {name}", hint="`runner lock list` shows all")
    signatures = permit(found)
    decision = Decision(
        run_id=found.run_id,
        kind=BREAK_LOCK,
        reason=reason,
        who=who,
        at=at,
        payload={"lock": name, **_signed(signatures)},
    )
    async with journal.own_run(found.run_id):
        await journal.break_lock(name, decision)
    return found


def _signed(signatures: JsonValue) -> dict[str, JsonValue]:
    return {} if signatures is None else {"signatures": signatures}


async def _is_adopted(journal: Journal, plan: Plan) -> bool:
    decided = [each for each in await journal.decisions("") if each.kind == ADOPT_STORE]
    return any(_covers(each.payload, plan) for each in decided)


def _covers(payload: JsonValue, plan: Plan) -> bool:
    if not isinstance(payload, Mapping) or payload.get("store_id") != plan.store_id:
        return False
    number = payload.get("number")
    if not isinstance(number, int) or number < plan.store_mark.number:
        return False
    return number > plan.store_mark.number or payload.get("head") == plan.store_mark.head
