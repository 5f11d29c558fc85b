"""Running a plan: apply it, go on with it, and say how it ended."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager

from runner import __version__
from runner.app.desk import Desk
from runner.app.usecases.loading import files_of, load_checked
from runner.app.usecases.occurrences import refuse_used_occurrence
from runner.app.usecases.pins import check_names_kept, check_pins, planned_occasion, preflight
from runner.app.usecases.planning import Emit, Occasion
from runner.app.usecases.verdicts import require_verdicts
from runner.catalogue.manifest import FoundBy
from runner.core.errors import (
    ExitCode,
    LeaseLost,
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
from runner.effects.ports import Change
from runner.engine.events import EffectChanged, RunFinished, RunStarted
from runner.engine.host import run_inline
from runner.engine.journalled import RunJournal
from runner.engine.paths import owners_of
from runner.engine.pinned import Pinned, PinnedEffects, gives_lock_back
from runner.engine.ports import OutcomeState, Ports, RunRow
from runner.engine.run import Interpreter, Walk
from runner.engine.verdict import WalkEnd, exit_code
from runner.plan.codec import PlanFile, plan_from_file
from runner.plan.model import Plan
from runner.plan.verdicts import PlanPolicy
from runner.playbook.calls import StoredFiles
from runner.playbook.model import Drift


@record
class RunReport:
    """How a run stands at the end of a command.

    Shapes: ``already`` tells that an earlier command had ended it and this one did nothing;
        ``resumable`` that ``runner resume`` goes on; ``outputs`` are in JSON.
    """

    run_id: str
    plan: Plan
    exit_code: ExitCode
    message: str
    effects: tuple[EffectRow, ...]
    outputs: Mapping[str, JsonValue]
    already: bool = False
    resumable: bool = False


async def apply_plan(desk: Desk, file: PlanFile, emit: Emit) -> RunReport:
    """Apply a plan exactly once.

    A plan whose run has been claimed is not checked again: an unfinished run goes on, a finished
    one is reported with its exit code, and nothing is sent.

    Errors: ``PlanRefused`` when the plan is stale, expired or used; ``StoreRefused`` for another
        store; ``LockHeld``; ``SettingsInvalid`` where effects may not be sent; ``PolicyDenied``
        and ``ConfirmationRefused`` by the stricter of the plan's verdicts and today's.
    """
    if await is_claimed(desk, file):
        return await resume_run(desk, file.run_id, emit)
    plan = file.plan
    playbook = check_pins(desk, plan)
    occasion = await planned_occasion(desk, plan, playbook, file.run_id)
    if plan.effects:
        desk.transport(e.action for e in plan.effects)
    await require_verdicts(desk, file)
    async with _owned(desk, file.run_id):
        known = await desk.store.run(file.run_id)
        if known is not None and known.claimed:
            # Another process had the run, from its first byte to its end, since we looked.
            return await _go_on(desk, known, file, emit)
        await refuse_used_occurrence(desk, occasion.identity, plan.source, own_run_id=file.run_id)
        await desk.store.register_run(_run_row(desk, file), files_of(playbook))
        locks = plan.locks()
        await desk.store.take_locks(file.run_id, locks, at=desk.clock.now())
        try:
            if locks:
                await preflight(desk, plan, occasion)
        except BaseException:
            await desk.store.release_locks(file.run_id, locks)
            raise
        return await _execute(desk, file, occasion, emit, resumed=False)


async def is_claimed(desk: Desk, file: PlanFile) -> bool:
    """Tell whether the plan's one run has already begun to send."""
    known = await desk.store.run(file.run_id)
    return known is not None and known.claimed


async def resume_run(desk: Desk, run_id: str, emit: Emit) -> RunReport:
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
        raise PlanRefused(
            f"{run_id} belongs to {row.host} ({row.entity}), not to {desk.host} ({desk.entity})",
            hint="name the profile or sandbox it was planned for",
        )
    if file.plan.effects and not row.claimed:
        return await apply_plan(desk, file, emit)
    async with _owned(desk, run_id):
        # Read again: until now another process may have driven it.
        owned = await desk.store.run(run_id)
        assert owned is not None, "no run is ever forgotten"
        return await _go_on(desk, owned, file, emit)


@asynccontextmanager
async def _owned(desk: Desk, run_id: str) -> AsyncIterator[None]:
    """Own a run while the block lasts.

    Errors: ``LockHeld``; where the run was taken over meanwhile, ``OutcomeLeftOpen`` if its journal
        holds an effect nobody knows the outcome of, else ``LeaseLost``.
    """
    try:
        async with desk.store.own_run(run_id):
            yield
    except LeaseLost as error:
        _raise_open(run_id, await desk.store.effects(run_id), error)
        raise


async def _go_on(desk: Desk, row: RunRow, file: PlanFile, emit: Emit) -> RunReport:
    """Go on with a run that this process owns.

    Errors: ``OutcomeLeftOpen`` where anything keeps it from going on while nobody knows what became
        of one of its effects.
    """
    if row.exit_code is not None:
        return await _report_finished(desk, row, file.plan)
    rows = await desk.store.effects(row.run_id)
    try:
        occasion = await _make_ready(desk, row, file.plan, rows)
    except Exception as error:
        _raise_open(row.run_id, rows, error)
        raise
    return await _execute(desk, file, occasion, emit, resumed=True)


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
    locks = _locks_left(plan, rows, skipped)
    await desk.store.take_locks(row.run_id, locks, at=desk.clock.now())
    return occasion


async def _execute(
    desk: Desk, file: PlanFile, occasion: Occasion, emit: Emit, *, resumed: bool
) -> RunReport:
    run_id, plan = file.run_id, file.plan
    started_s = desk.clock.monotonic_s()
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
        end = await _walk(desk, file, occasion, emit, standing)
    except LeaseLost:
        # What this process knew of its effects may be no longer so.
        raise
    except Exception as error:
        _raise_open(run_id, standing.values(), error)
        raise
    rows = await desk.store.effects(run_id)
    if not end.resumable:
        rows = await _cancel_unsent(desk, rows, emit)
    sent = any(_may_be_there(row) for row in rows)
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
    )


def _may_be_there(row: EffectRow) -> bool:
    # An order found under our requestId was sent, if not by an attempt this journal knows of. A
    # state that held already was not.
    is_found = bool(row.order_id) and row.order.found_by is not FoundBy.STATE
    return is_found or any(not a.proven_not_executed for a in row.attempts)


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
    desk: Desk, file: PlanFile, occasion: Occasion, emit: Emit, standing: dict[str, EffectRow]
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
            store=desk.store.held_to(PlanPolicy(desk.guard, plan, run_id)),
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
    )
    walk = Walk(playbook=occasion.playbook, inputs=occasion.bound.values, now=occasion.now)
    return await run_inline(Interpreter(walk, ports, emit).run())


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
