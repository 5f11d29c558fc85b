"""What lets a person settle a HALTED effect: every check as a pure function over what was read.

A person brings what reading cannot prove: whose an order is, or that there is none. Everything that
reading can prove is held against it here first, and each thing that speaks against it is named.
Source: DESIGN section 6, HALTED and rule 12.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from runner.catalogue.manifest import FoundBy
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.effects.evidence import differences, not_shown
from runner.effects.matching import (
    as_wanted,
    is_shown,
    same_name,
    same_payload,
    unclear,
    words_for_like,
)
from runner.effects.model import EffectRow, EffectState, SeenOrder, Sighting
from runner.effects.person_decision import ticket_of
from runner.effects.ports import Change, Decision

RESOLUTIONS: Mapping[EffectState, frozenset[EffectState]] = MappingProxyType(
    {EffectState.HALTED: frozenset({EffectState.ACCEPTED, EffectState.CANCELLED})}
)
"""The transitions that only a person's decision makes; the journal writes both in one."""


@record
class Looked:
    """What was read before a person's decision.

    Shapes: ``whole`` reaches back past the plan; ``recent`` shows nothing that was made before the
        effect could have been, by the custodian's own clock; ``claimed`` are the order ids that
        other effects of this journal have.
    """

    whole: Sighting
    recent: Sighting
    claimed: frozenset[str]


@record
class Fence:
    """Whether "not there" can be believed.

    Shapes: ``is_known`` is False where a fact of the fence is not known; ``left_s`` is how long it
        is until the fence has passed, zero or less afterwards. Units: seconds.
    """

    is_known: bool
    left_s: float = 0.0


def against_adopting(row: EffectRow, order_id: str, looked: Looked) -> tuple[str, ...]:
    """Return everything that speaks against an order being this effect; nothing lets it be.

    Existence comes first: of what is not there nothing else can be said.
    """
    found = [seen for seen in looked.whole.rows if seen.order_id == order_id]
    if not found:
        rest = "" if looked.whole.complete else "; the list could not be read completely"
        return (f"existence: the custodian does not show {order_id} where it would be{rest}",)
    problems: list[str] = []
    for seen in found:
        problems += _inequalities(row, seen)
    if not any(seen.order_id == order_id for seen in looked.recent.rows):
        problems.append(
            f"time: {order_id} was made before this effect could have been"
            if looked.recent.complete
            else "time: the list of recent orders could not be read completely"
        )
    if _existed_before(row, order_id):
        problems.append(f"time: {order_id} was there before the first attempt")
    if order_id in looked.claimed:
        problems.append(f"unclaimed: {order_id} belongs to another effect of this journal")
    return tuple(dict.fromkeys(problems))


def _inequalities(row: EffectRow, seen: SeenOrder) -> list[str]:
    order = row.order
    problems = [f"equality: {each}" for each in differences(order.expectation, seen)]
    problems += [
        f"equality: {each} is not shown yet" for each in not_shown(order.expectation, seen)
    ]
    if seen.request_id not in {"", order.request_id}:
        problems.append(f"equality: requestId is {seen.request_id}, not {order.request_id}")
    return problems


def _existed_before(row: EffectRow, order_id: str) -> bool:
    # An effect that was halted before anything was sent knows the order it was halted for; an edit
    # is about something that was there all along.
    is_edit = order_id == row.order.expectation.subject_id
    return bool(row.attempts) and order_id in row.known_order_ids and not is_edit


def against_not_executed(
    row: EffectRow, looks: Collection[Looked], *, fence: Fence, ticket: str
) -> tuple[str, ...]:
    """Return everything that speaks against an effect not having been executed.

    Shapes: ``looks`` are those of this decision, apart in time; ``ticket`` is the custodian's word,
        which is demanded wherever reading alone cannot prove it.
    """
    problems: list[str] = []
    needs_ticket: list[str] = []
    for looked in looks:
        problems += _proofs(row, looked)
        needs_ticket += _resemblances(row, looked)
        if not looked.whole.complete:
            needs_ticket.append("the custodian's list could not be read completely")
    if row.attempts:
        if not is_shown(row.order):
            needs_ticket.append("no read shows what became of it")
        elif not fence.is_known:
            needs_ticket.append(
                "the profile does not know timestamp_window, clock_skew and read_lag, so that"
                " a list without it proves nothing"
            )
        elif fence.left_s > 0:
            problems.append(
                f"time: it may still be executed, or be executed and not be listed, for"
                f" {int(fence.left_s) + 1}s"
            )
    if not ticket:
        problems += [f"proof: {why}; give the custodian's --ticket" for why in needs_ticket]
    return tuple(dict.fromkeys(problems))


def _proofs(row: EffectRow, looked: Looked) -> list[str]:
    """Name what shows that the effect was executed: no ticket outweighs it."""
    order = row.order
    found = [s.order_id for s in looked.whole.rows if s.request_id == order.request_id]
    proofs = [f"it was executed: order {each} carries our requestId" for each in found]
    standing = [s for s in looked.whole.rows if s.status != "failed"]
    if row.order_id and any(seen.order_id == row.order_id for seen in standing):
        proofs.append(f"it was executed: the custodian gave it order {row.order_id}")
    if order.found_by is FoundBy.NAME and row.attempts:
        proofs += [
            f"it was executed: {seen.order_id} has the name"
            for seen in same_name(order, looked.whole)
            if seen.order_id not in {*row.known_order_ids, *looked.claimed}
        ]
    if order.found_by is FoundBy.STATE and row.attempts and is_shown(order):
        shown = as_wanted(order, looked.whole, known=frozenset(row.known_order_ids))
        if shown is not None:
            proofs.append(f"it was executed: the custodian shows what was wanted, {shown.order_id}")
    return proofs


def _resemblances(row: EffectRow, looked: Looked) -> list[str]:
    """Name the orders that could be this one: only the custodian knows whose they are."""
    order = row.order
    if order.expectation.amount is None or not row.attempts:
        return []
    like = words_for_like(order)
    return [
        f"order {seen.order_id} is like it ({like}) and no effect of this journal has it"
        for seen in (*same_payload(order, looked.whole), *unclear(order, looked.whole))
        if not seen.request_id and seen.order_id not in {*row.known_order_ids, *looked.claimed}
    ]


def resolution(row: EffectRow, decision: Decision, seen: SeenOrder | None) -> Change:
    """Return the transition that carries a decision out.

    Shapes: ``seen`` is the order that is adopted; None where there is none.
    """
    said = f"{decision.who}: {decision.reason}"
    if ticket_of(decision):
        said += f" (ticket {ticket_of(decision)})"
    evidence = _with_decision(row.evidence, decision)
    if seen is not None:
        return Change(
            expected=row.state,
            state=EffectState.ACCEPTED,
            order_id=seen.order_id,
            status=seen.status,
            status_code=seen.status_code,
            reason=f"adopted {seen.order_id} by decision of {said}",
            evidence=evidence,
            at=decision.at,
        )
    return Change(
        expected=row.state,
        state=EffectState.CANCELLED,
        reason=f"not executed, by decision of {said}",
        evidence=evidence,
        at=decision.at,
    )


def is_decided(row: EffectRow) -> bool:
    """Tell whether a person has decided that an effect was not executed."""
    known = row.evidence if isinstance(row.evidence, Mapping) else {}
    return row.state is EffectState.CANCELLED and "decision" in known


def _with_decision(evidence: JsonValue, decision: Decision) -> JsonValue:
    known = dict(evidence) if isinstance(evidence, Mapping) else {}
    known["decision"] = {
        "kind": decision.kind,
        "who": decision.who,
        "reason": decision.reason,
        "ticket": ticket_of(decision),
    }
    return known
