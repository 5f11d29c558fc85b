"""Running a plan: apply it, go on with it, and say how it ended."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from runner import __version__
from runner.app.desk import Desk
from runner.app.usecases.loading import files_of, load_checked
from runner.app.usecases.occurrences import refuse_used_occurrence
from runner.app.usecases.pins import check_names_kept, check_pins, planned_occasion, preflight
from runner.app.usecases.planning import Emit, Occasion
from runner.app.usecases.plans import refuse_offline
from runner.app.usecases.state import require_store
from runner.app.usecases.verdicts import poll_of, require_running, require_verdicts
from runner.app.watching import JournalledCancels, watching
from runner.core.clock import SystemClock
from runner.core.errors import (
    ExitCode,
    LeaseLost,
    LockHeld,
    OutcomeLeftOpen,
    PlanRefused,
    RunnerError,
    UsageInvalid,
)
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.core.source import SourceFile
from runner.effects.driver import EffectDriver
from runner.effects.model import OPEN_STATES, EffectRow, EffectState
from runner.effects.person_decision import DecisionKind
from runner.effects.ports import Change
from runner.engine.events import EffectChanged, RunFinished, RunStarted
from runner.engine.host import run_inline
from runner.engine.journalled import RunJournal
from runner.engine.paths import owners_of
from runner.engine.pinned import Pinned, PinnedEffects, gives_lock_back
from runner.engine.ports import OutcomeState, Ports, RunRow, Suspension
from runner.engine.run import Interpreter, Walk
from runner.engine.verdict import Cause, WalkEnd, exit_code
from runner.plan.codec import PlanFile, plan_from_file
from runner.plan.model import Plan
from runner.plan.verdicts import PlanPolicy
from runner.playbook.calls import StoredFiles
from runner.playbook.model import Drift
from runner.reporting.run_facts import may_have_left


@record
class RunReport:
    """How a run stands at the end of a command.

    Shapes: ``already`` tells that an earlier command had ended it and this one did nothing;
        ``resumable`` that ``runner resume`` goes on; ``interrupted`` that a signal asked this
        process to end; ``outputs`` are in JSON.
    """

    run_id: str
    plan: Plan
    exit_code: ExitCode
    message: str
    effects: tuple[EffectRow, ...]
    outputs: Mapping[str, JsonValue]
    already: bool = False
    resumable: bool = False
    interrupted: bool = False


async def apply_plan(
    desk: Desk, file: PlanFile, emit: Emit, *, hold: timedelta | None = None
) -> RunReport:
    """Apply a plan exactly once.

    Shapes: ``hold`` is how long one wait or pause may hold this process; then the run is handed
        back, and is due again at a journalled moment.

    A plan whose run has been claimed, or was handed back, is not checked again: an unfinished run
    goes on, a finished one is reported with its exit code, and nothing is sent.

    Errors: ``PlanRefused`` when the plan is stale, expired or used; ``StoreRefused`` for another
        store; ``LockHeld``; ``SettingsInvalid`` where effects may not be sent; ``SendingStopped``
        while the kill switch is on; ``PolicyDenied`` and ``ConfirmationRefused`` by the stricter of
        the plan's verdicts and today's.
    """
    if await has_begun(desk, file):
        return await resume_run(desk, file.run_id, emit, hold=hold)
    plan = file.plan
    refuse_offline(plan)
    await require_store(desk.store, plan)
    playbook = check_pins(desk, plan)
    occasion = await planned_occasion(desk, plan, playbook, file.run_id)
    if plan.effects:
        desk.transport(e.action for e in plan.effects)
    await require_running(desk, plan)
    await require_verdicts(desk, file)
    async with _owned(desk, file.run_id):
        known = await desk.store.run(file.run_id)
        if known is not None and await has_begun(desk, file):
            # Another process had the run, from its first byte to its end, since we looked.
            return await _go_on(desk, known, file, emit, hold)
        await refuse_used_occurrence(desk, occasion.identity, plan.source, own_run_id=file.run_id)
        row = await desk.store.register_run(_run_row(desk, file), files_of(playbook))
        if row.exit_code is not None:
            # What a person has decided about it keeps it as it ended: it never begins anew.
            return await _report_finished(desk, row, plan)
        locks = plan.locks()
        await desk.store.take_locks(file.run_id, locks, at=desk.clock.now())
        try:
            if locks:
                await preflight(desk, plan, occasion)
        except BaseException:
            await desk.store.release_locks(file.run_id, locks)
            raise
        return await _execute(desk, file, occasion, emit, hold=hold, resumed=False)


async def has_begun(desk: Desk, file: PlanFile) -> bool:
    """Tell whether the plan's one run is gone on with, instead of begun.

    It is once it may have sent something, was handed back in a wait, or was cancelled.
    """
    known = await desk.store.run(file.run_id)
    if known is None:
        return False
    return known.claimed or await _is_kept(desk, file.run_id)


async def _is_kept(desk: Desk, run_id: str) -> bool:
    handed_back = await desk.store.suspension(run_id)
    return handed_back is not None or await desk.store.cancel_asked(run_id) is not None


async def resume_run(
    desk: Desk, run_id: str, emit: Emit, *, hold: timedelta | None = None
) -> RunReport:
    """Go on with a run from where its journal says it is; a finished one is only reported.

    A run that has effects and has not sent anything has nothing to go on with: its plan is applied,
    with every check that an apply makes.

    Errors: ``UsageInvalid`` for an unknown run; ``LockHeld`` while another process has it;
        ``PlanRefused`` where the directory has changed under it; else as ``apply_plan``.
    """
    row = await desk.store.run(run_id)
    if row is None:
        raise UsageInvalid(f"there is no run {run_id} here", hint="`runner runs` lists them")
    file = plan_from_file(row.plan.encode("utf-8"))
    if row.exit_code is not None:
        return await _report_finished(desk, row, file.plan)
    if (desk.host, desk.entity) != (row.host, row.entity):
        elsewhere = PlanRefused(
            f"{run_id} belongs to {row.host} ({row.entity}), not to {desk.host} ({desk.entity})",
            hint="name the profile or sandbox it was planned for",
        )
        _raise_open(run_id, await desk.store.effects(run_id), elsewhere)
        raise elsewhere
    if file.plan.effects and not await has_begun(desk, file):
        return await apply_plan(desk, file, emit, hold=hold)
    async with _owned(desk, run_id):
        # Read again: until now another process may have driven it.
        owned = await desk.store.run(run_id)
        assert owned is not None, "no run is ever forgotten"
        return await _go_on(desk, owned, file, emit, hold)


@asynccontextmanager
async def _owned(desk: Desk, run_id: str) -> AsyncIterator[None]:
    """Own a run while the block lasts.

    Errors: where somebody else drives it, or has taken it over meanwhile, ``OutcomeLeftOpen`` if
        its journal holds an effect nobody knows the outcome of, else ``LockHeld``.
    """
    try:
        async with desk.store.own_run(run_id):
            yield
    except LockHeld as error:
        # Taken over meanwhile, or never ours: somebody else drives it.
        _raise_open(run_id, await desk.store.effects(run_id), error)
        raise


async def _go_on(
    desk: Desk, row: RunRow, file: PlanFile, emit: Emit, hold: timedelta | None
) -> RunReport:
    """Go on with a run that this process owns.

    Errors: ``OutcomeLeftOpen`` where anything keeps it from going on while nobody knows what became
        of one of its effects.
    """
    if row.exit_code is not None:
        return await _report_finished(desk, row, file.plan)
    rows = await desk.store.effects(row.run_id)
    if await _may_be_closed(desk, row.run_id, rows):
        return await _close(desk, file, emit)
    try:
        occasion = await _make_ready(desk, row, file.plan, rows)
    except Exception as error:
        _raise_open(row.run_id, rows, error)
        raise
    return await _execute(desk, file, occasion, emit, hold=hold, resumed=True)


async def _may_be_closed(desk: Desk, run_id: str, rows: tuple[EffectRow, ...]) -> bool:
    """Tell whether a cancelled run has nothing left to do: nothing to follow, no `finally`."""
    asked = await desk.store.cancel_asked(run_id)
    if asked is None or any(is_standing(row) for row in rows):
        return False
    is_hard = asked.kind == DecisionKind.CANCEL_NOW.value
    return is_hard or not await desk.store.step_outcomes(run_id)


async def _close(desk: Desk, file: PlanFile, emit: Emit) -> RunReport:
    asked = await desk.store.cancel_asked(file.run_id)
    assert asked is not None, "a decision is never forgotten"
    message = f"cancelled by {asked.who}: {asked.reason}"
    end = WalkEnd(cause=Cause.CANCELLED, message=message, outputs={})
    return await _ended(desk, file, end, emit, started_s=desk.clock.monotonic_s())


def is_standing(row: EffectRow) -> bool:
    """Tell whether an effect is under way at the custodian, or may be."""
    return row.state is EffectState.ACCEPTED or row.state in OPEN_STATES


async def _make_ready(desk: Desk, row: RunRow, plan: Plan, rows: tuple[EffectRow, ...]) -> Occasion:
    """Check that a run can go on here, and take the locks it still needs."""
    if plan.effects:
        desk.transport(e.action for e in plan.effects)
    check_names_kept(desk, plan)
    files = await desk.store.run_files(row.run_id)
    source = SourceFile(name=plan.source, text=files[plan.source].decode("utf-8"))
    playbook, _ = load_checked(source, StoredFiles(files))
    occasion = await planned_occasion(desk, plan, playbook, row.run_id)
    outcomes = await desk.store.step_outcomes(row.run_id)
    skipped = {path for path, end in outcomes.items() if end.state is OutcomeState.SKIPPED}
    is_cancelled = await desk.store.cancel_asked(row.run_id) is not None
    locks = (
        tuple(sorted({r.order.lock for r in rows if is_standing(r)}))
        if is_cancelled
        else _locks_left(plan, rows, skipped)
    )
    await desk.store.take_locks(row.run_id, locks, at=desk.clock.now())
    return occasion


async def _execute(
    desk: Desk,
    file: PlanFile,
    occasion: Occasion,
    emit: Emit,
    *,
    hold: timedelta | None,
    resumed: bool,
) -> RunReport:
    run_id, plan = file.run_id, file.plan
    started_s = desk.clock.monotonic_s()
    handed_back = await desk.store.suspension(run_id)
    if handed_back is not None and handed_back.due > desk.clock.now():
        # Gone on with early: should this process die, nobody is to wait for that moment.
        await desk.store.suspend(replace(handed_back, due=desk.clock.now()))
    emit(
        RunStarted(
            at=desk.clock.now(),
            run_id=run_id,
            playbook=plan.playbook,
            labels=plan.labels,
            dry=False,
            resumed=resumed,
            step_count=len(occasion.playbook.steps),
        )
    )
    standing = {row.order.path: row for row in await desk.store.effects(run_id)}
    try:
        end = await _walk(desk, file, occasion, emit, standing, hold)
    except LeaseLost:
        # What this process knew of its effects may be no longer so.
        raise
    except Exception as error:
        _raise_open(run_id, standing.values(), error)
        raise
    if end.due is not None:
        await desk.store.suspend(
            Suspension(run_id=run_id, path=end.path, at=desk.clock.now(), due=end.due)
        )
    else:
        # Not before: a process that dies on the way leaves the run as due as it was.
        await desk.store.wake(run_id)
    return await _ended(desk, file, end, emit, started_s=started_s)


async def _ended(
    desk: Desk, file: PlanFile, end: WalkEnd, emit: Emit, *, started_s: float
) -> RunReport:
    """Make the end of a walk durable, unless it goes on later, and report it."""
    run_id, plan = file.run_id, file.plan
    rows = await desk.store.effects(run_id)
    if not end.resumable:
        rows = await _cancel_unsent(desk, rows, emit)
    sent = any(may_have_left(row) for row in rows)
    if sent and end.cause is Cause.DRIFTED:
        end = replace(end, message=f"{end.message}; {_sent_words(plan, rows)}")
    code = exit_code(end.cause, (row.state for row in rows), sent=sent)
    if not end.resumable:
        await desk.store.finish_run(
            run_id, exit_code=code, message=end.message, at=desk.clock.now()
        )
        await desk.store.release_locks(run_id, plan.locks())
    emit(
        RunFinished(
            at=desk.clock.now(),
            run_id=run_id,
            exit_code=code,
            suspended=end.resumable,
            message=end.message,
            duration_s=desk.clock.monotonic_s() - started_s,
            outputs=end.outputs,
        )
    )
    return RunReport(
        run_id=run_id,
        plan=plan,
        exit_code=code,
        message=end.message,
        effects=rows,
        outputs=end.outputs,
        resumable=end.resumable,
        interrupted=end.cause in {Cause.INTERRUPTED, Cause.TERMINATED},
    )


def _sent_words(plan: Plan, rows: Iterable[EffectRow]) -> str:
    """Say what of a plan was sent and what was not, by path, in the plan's order."""
    there = {row.order.path for row in rows if may_have_left(row)}
    left = [each.path for each in plan.effects if each.path not in there]
    gone = [each.path for each in plan.effects if each.path in there]
    return f"sent: {', '.join(gone)}; not sent: {', '.join(left) or 'nothing'}"


def _raise_open(run_id: str, rows: Iterable[EffectRow], error: Exception) -> None:
    # Whatever has failed, what may have been sent is what people must hear of first.
    found = [
        f"{row.order.path} (requestId {row.order.request_id}) is {row.state}"
        for row in rows
        if row.state in OPEN_STATES
    ]
    if found:
        why = str(error) if isinstance(error, RunnerError) else "this is a bug in runner"
        raise OutcomeLeftOpen(
            f"{'; '.join(found)}: nobody knows yet what became of it; the run was stopped: {why}",
            hint=f"runner resume {run_id}",
        ) from error


async def _walk(
    desk: Desk,
    file: PlanFile,
    occasion: Occasion,
    emit: Emit,
    standing: dict[str, EffectRow],
    hold: timedelta | None,
) -> WalkEnd:
    run_id, plan = file.run_id, file.plan
    orders = plan.orders(run_id)

    async def notice(row: EffectRow) -> None:
        standing[row.order.path] = row
        emit(_changed(row))

    driver = (
        None
        if not orders
        else EffectDriver(
            store=desk.store.held_to(
                PlanPolicy(desk.guard, plan, run_id, count=poll_of(desk, file).count),
                desk.kill_switch,
            ),
            transport=desk.transport(e.action for e in plan.effects),
            resolver_for=desk.resolver,
            clock=desk.clock,
            random=desk.random,
            facts=desk.effect_facts(),
            codes={c.code: c.write_outcome for c in desk.api.error_codes.values()},
            notice=notice,
            boundary=desk.boundary,
        )
    )
    ports = Ports(
        journal=await RunJournal.load(desk.store, run_id),
        reads=desk.reads,
        effects=PinnedEffects(
            Pinned(
                run_id=run_id,
                orders=orders,
                manifests=desk.manifests,
                draft=desk.draft,
                not_after=plan.not_after,
                decided=frozenset(
                    e.path for e in plan.effects if e.decided and e.drift != Drift.AT_MOST
                ),
                drifts={effect.path: effect.drift for effect in plan.effects},
                parts={effect.path: effect.parts for effect in plan.effects},
                past=occasion.past,
            ),
            driver,
            desk.store,
            tuple(standing.values()),
        ),
        clock=desk.clock,
        random=desk.random,
        places=desk.places,
        notices=desk.notifier(plan.labels, plan.playbook, run_id),
        boundary=desk.boundary,
        cancels=JournalledCancels(desk.store, run_id),
        hold_max_s=None if hold is None else hold.total_seconds(),
    )
    walk = Walk(playbook=occasion.playbook, inputs=occasion.bound.values, now=occasion.now)
    interpreter = Interpreter(walk, ports, emit)
    async with watching(interpreter.notice_cancel, SystemClock()):
        return await run_inline(interpreter.run())


async def _cancel_unsent(
    desk: Desk, rows: tuple[EffectRow, ...], emit: Emit
) -> tuple[EffectRow, ...]:
    # A run that ends sends nothing later: what never left is cancelled, and no one waits for it.
    result = []
    for row in rows:
        ended = row
        if row.state in {EffectState.PLANNED, EffectState.INTENT}:
            ended = await desk.store.change_effect(
                row.order,
                Change(
                    expected=row.state,
                    state=EffectState.CANCELLED,
                    reason="the run ended before it was sent",
                    at=desk.clock.now(),
                ),
            )
            emit(_changed(ended))
        result.append(ended)
    return tuple(result)


async def _report_finished(desk: Desk, row: RunRow, plan: Plan) -> RunReport:
    assert row.exit_code is not None
    return RunReport(
        run_id=row.run_id,
        plan=plan,
        exit_code=row.exit_code,
        message=row.message,
        effects=await desk.store.effects(row.run_id),
        outputs={},
        already=True,
    )


def _locks_left(
    plan: Plan, rows: tuple[EffectRow, ...], skipped: Collection[str]
) -> tuple[str, ...]:
    # An effect that was passed over has given its lock back, unless it may be with the custodian.
    known = {row.order.path: row for row in rows}
    left: set[str] = set()
    for each in plan.effects:
        row = known.get(each.path)
        if row is not None and gives_lock_back(row):
            continue
        is_passed_over = any(path in skipped for path in (each.path, *owners_of(each.path)))
        if is_passed_over and (row is None or row.state is EffectState.INTENT):
            continue
        left.add(each.lock)
    return tuple(sorted(left))


def _changed(row: EffectRow) -> EffectChanged:
    return EffectChanged(
        at=row.changed_at,
        path=row.order.path,
        action=row.order.action,
        state=row.state.value,
        request_id=row.order.request_id,
        order_id=row.order_id,
        status=row.status,
        attempt_number=len(row.attempts),
        reason=row.reason,
        evidence=row.evidence,
    )


def _run_row(desk: Desk, file: PlanFile) -> RunRow:
    plan = file.plan
    return RunRow(
        run_id=file.run_id,
        digest=file.digest,
        plan=file.data.decode("utf-8"),
        playbook=plan.playbook,
        host=plan.host,
        entity=plan.entity,
        occurrence=plan.occurrence,
        revision=plan.revision,
        created_at=desk.clock.now(),
        claimed=False,
        exit_code=None,
        message="",
        finished_at=None,
        tool_version=__version__,
    )
