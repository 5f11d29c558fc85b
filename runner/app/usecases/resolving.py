"""Settling a HALTED effect by a person's decision, after everything that reading can prove."""

from runner.app.desk import Desk
from runner.app.usecases.balances import balance_lines
from runner.core.clock import timestamp_text
from runner.core.errors import DecisionRefused, RemoteError, UsageInvalid
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.effects.evidence import wanted_words
from runner.effects.fence import fence_length
from runner.effects.model import OPEN_STATES, EffectRow, EffectState, SeenOrder
from runner.effects.pacing import Limits
from runner.effects.person_decision import DecisionKind, decided_payload
from runner.effects.ports import Decision
from runner.effects.resolving import (
    Fence,
    Looked,
    against_adopting,
    against_not_executed,
    resolution,
)
from runner.plan.codec import plan_from_file
from runner.plan.model import Plan
from runner.reporting.words import spoken_amount, spoken_moment

LOOKS = 2
"""How often "not there" is read before a person's word is taken for it."""
APART_S = 1.0
"""How far apart they are, so that another copy of the custodian's books may answer. Seconds."""


@record
class OpenCase:
    """One effect that a person decides about, in a run that this process owns."""

    plan: Plan
    row: EffectRow
    halted_others: tuple[str, ...]


@record
class Finding:
    """What reading says about a decision.

    Shapes: ``problems`` speak against it, and none of them may be overruled; ``facts`` are lines
        for the person who decides; ``seen`` is the order to adopt, None where there is none;
        ``record`` is what is kept of the reads.
    """

    kind: DecisionKind
    problems: tuple[str, ...]
    facts: tuple[str, ...]
    seen: SeenOrder | None
    kept: JsonValue


async def open_case(desk: Desk, run_id: str, effect: str) -> OpenCase:
    """Find the effect that is to be settled.

    Shapes: ``effect`` is a path or a requestId.
    Errors: ``UsageInvalid`` for what is not there, or not to be settled; ``DecisionRefused`` for an
        effect that reading may yet settle.
    """
    run = await desk.store.run(run_id)
    if run is None:
        raise UsageInvalid(f"there is no run {run_id} here", hint="`runner runs` lists them")
    if (desk.host, desk.entity) != (run.host, run.entity):
        raise UsageInvalid(
            f"{run_id} belongs to {run.host} ({run.entity}), not to {desk.host} ({desk.entity})",
            hint="name the profile or sandbox it was planned for",
        )
    if run.exit_code is not None:
        raise UsageInvalid(
            f"{run_id} has ended with exit {run.exit_code.value}; nothing in it is open",
            hint=f"runner logs {run_id}",
        )
    rows = await desk.store.effects(run_id)
    row = next((r for r in rows if effect in {r.order.path, r.order.request_id}), None)
    if row is None:
        halted = ", ".join(r.order.path for r in rows if r.state is EffectState.HALTED)
        raise UsageInvalid(
            f"{run_id} has no effect {effect!r} that was begun",
            hint=f"halted are: {halted or 'none'}",
        )
    _require_halted(row)
    others = tuple(r.order.path for r in rows if r.state is EffectState.HALTED and r != row)
    return OpenCase(
        plan=plan_from_file(run.plan.encode("utf-8")).plan, row=row, halted_others=others
    )


def _require_halted(row: EffectRow) -> None:
    if row.state is EffectState.HALTED:
        return
    what = f"{row.order.path} (requestId {row.order.request_id}) is {row.state}"
    hint = f"runner resume {row.order.run_id}"
    if row.state in OPEN_STATES:
        raise DecisionRefused(f"{what}: reading may still settle it", hint=hint)
    raise UsageInvalid(f"{what}: there is nothing to resolve", hint=hint)


async def examine_adoption(desk: Desk, case: OpenCase, order_id: str) -> Finding:
    """Read whether an order can be an effect.

    Errors: ``DecisionRefused`` where the custodian cannot be read.
    """
    row = case.row
    looked = await _look(desk, row)
    problems = against_adopting(row, order_id, looked)
    seen = next((s for s in looked.whole.rows if s.order_id == order_id), None)
    facts = [f"the effect: {wanted_words(row.order.expectation)}"]
    if seen is not None:
        facts.append(f"the order: {seen_words(seen)}")
    return Finding(
        kind=DecisionKind.ADOPT,
        problems=problems,
        facts=(*facts, *await _positions(desk, case)),
        seen=seen,
        kept={"adopted": order_id, "reads": [_kept(looked)]},
    )


async def examine_absence(desk: Desk, case: OpenCase, *, ticket: str) -> Finding:
    """Read whether an effect can have been executed.

    Shapes: looks ``LOOKS`` times, apart in time.
    Errors: ``DecisionRefused`` where the custodian cannot be read.
    """
    row = case.row
    looks = [await _look(desk, row)]
    while len(looks) < LOOKS:
        await desk.clock.sleep(APART_S)
        looks.append(await _look(desk, row))
    problems = against_not_executed(row, looks, fence=_fence(desk, row), ticket=ticket)
    facts = (
        f"the effect: {wanted_words(row.order.expectation)}",
        *(_attempt_words(row)),
        *(_look_words(row, looked) for looked in looks),
        *await _positions(desk, case),
    )
    return Finding(
        kind=DecisionKind.NOT_EXECUTED,
        problems=problems,
        facts=facts,
        seen=None,
        kept={"reads": [_kept(looked) for looked in looks]},
    )


def refuse(case: OpenCase, finding: Finding) -> None:
    """Insist that nothing speaks against a decision.

    Errors: ``DecisionRefused`` naming everything that does: the effect stays as open as it was.
    """
    if finding.problems:
        row = case.row
        listed = "".join(f"\n  {problem}" for problem in finding.problems)
        raise DecisionRefused(
            f"{row.order.path} (requestId {row.order.request_id}) stays halted;"
            f" against {_words_of(finding)}:{listed}",
            hint=f"nothing was decided; runner logs {row.order.run_id} shows the question to ask",
        )


def request_facts(
    desk: Desk, case: OpenCase, finding: Finding, *, reason: str, ticket: str
) -> dict[str, str]:
    """Return what is signed where the policy asks for it: this decision and no other."""
    order = case.row.order
    return {
        "host": desk.host,
        "entity": desk.entity,
        "run_id": order.run_id,
        "path": order.path,
        "request_id": order.request_id,
        "effect": wanted_words(order.expectation),
        "decision": finding.kind.value,
        "order_id": "" if finding.seen is None else finding.seen.order_id,
        "reason": reason,
        "ticket": ticket,
    }


async def decide(  # noqa: PLR0913 - each is a part of what is kept
    desk: Desk,
    case: OpenCase,
    finding: Finding,
    *,
    who: str,
    reason: str,
    ticket: str,
    signatures: JsonValue = None,
) -> EffectRow:
    """Make a decision durable, together with what it changes.

    Shapes: ``signatures`` are those the policy asked for, None where it asks for none.
    Errors: ``StoreRefused`` where another process was faster.
    """
    assert not finding.problems, "a decision is only made when nothing speaks against it"
    row = case.row
    decision = Decision(
        run_id=row.order.run_id,
        path=row.order.path,
        kind=finding.kind.value,
        who=who,
        reason=reason,
        payload=decided_payload(ticket=ticket, seen=finding.kept, signatures=signatures),
        at=desk.clock.now(),
    )
    change = resolution(row, decision, finding.seen)
    return await desk.store.change_effect(row.order, change, decision=decision)


def outlook(desk: Desk, case: OpenCase, row: EffectRow) -> tuple[str, ...]:
    """Say what ``resume`` will do after a decision."""
    resume = f"runner resume {row.order.run_id}"
    if row.state is EffectState.ACCEPTED:
        lines = [f"{resume} follows order {row.order_id} to its end, then goes on"]
        if desk.clock.now() > case.plan.not_after:
            lines.append(
                f"the plan expired at {spoken_moment(case.plan.not_after)}: no other effect of it"
                " is sent any more"
            )
    else:
        lines = [
            f"{resume} takes the step {row.order.path} for failed; this effect is never sent again",
            "unless a rescue goes on from there, the run then ends with exit 1",
        ]
    if case.halted_others:
        lines.append(f"still halted: {', '.join(case.halted_others)}; resolve them first")
    return tuple(lines)


def seen_words(seen: SeenOrder) -> str:
    """Say what the custodian shows: ``order 26.., delegate 5 USDT, status success (30)``."""
    money = f" {spoken_amount(seen.amount)} {seen.coin}" if seen.coin else ""
    network = f" on {seen.network}" if seen.network else ""
    whose = f", requestId {seen.request_id}" if seen.request_id else ", no requestId shown"
    status = f"{seen.status} ({seen.status_code})" if seen.status_code else seen.status
    return f"order {seen.order_id}, {seen.kind}{money}{network}, status {status}{whose}"


async def _look(desk: Desk, row: EffectRow) -> Looked:
    limits, order = Limits(), row.order
    skew = desk.facts.clock_skew
    begun = min((each.started_at for each in row.attempts), default=order.planned_at)
    resolver = desk.resolver(order)
    try:
        whole = await resolver.look(order, since=order.planned_at - limits.open_order_lookback)
        recent = await resolver.look(
            order, since=begun - (limits.assumed_skew if skew is None else skew)
        )
    except RemoteError as error:
        raise DecisionRefused(
            f"{order.path} (requestId {order.request_id}) stays halted; the custodian could not be"
            f" read: {error}",
            hint="nothing was decided; try again",
        ) from error
    claimed = await desk.store.claimed_order_ids()
    return Looked(whole=whole, recent=recent, claimed=claimed - {row.order_id})


def _fence(desk: Desk, row: EffectRow) -> Fence:
    length = fence_length(desk.effect_facts())
    if length is None:
        return Fence(is_known=False)
    now = desk.clock.now()
    last = max((each.started_at for each in row.attempts), default=now)
    left = length - (now - last)
    return Fence(is_known=True, left_s=left.total_seconds())


async def _positions(desk: Desk, case: OpenCase) -> tuple[str, ...]:
    effect = next(e for e in case.plan.effects if e.path == case.row.order.path)
    if effect.money is None:
        return ()
    return tuple(
        f"balance: {line.account} {line.coin} was {spoken_amount(line.before)} when the plan was"
        f" made, is {spoken_amount(line.after)} now"
        for line in await balance_lines(desk, case.plan)
        if line.account in {effect.debit, effect.credit} and line.coin == effect.coin
    )


def _attempt_words(row: EffectRow) -> list[str]:
    return [
        f"attempt {each.number}: sent {timestamp_text(each.started_at)}" for each in row.attempts
    ] or ["it was never sent"]


def _look_words(row: EffectRow, looked: Looked) -> str:
    whole = looked.whole
    own = [s.order_id for s in whole.rows if s.request_id == row.order.request_id]
    read = "read completely" if whole.complete else "not read completely"
    what = f"ours is there: {', '.join(own)}" if own else "none carries our requestId"
    return f"read {timestamp_text(whole.at)}: {len(whole.rows)} rows, {read}, {what}"


def _kept(looked: Looked) -> JsonValue:
    return {
        "at": timestamp_text(looked.whole.at),
        "complete": looked.whole.complete,
        "rows": [seen_words(seen) for seen in looked.whole.rows],
    }


def _words_of(finding: Finding) -> str:
    return "adopting" if finding.kind is DecisionKind.ADOPT else "not executed"
