"""One case run: plan, what happens meanwhile, apply, and what the sandbox saw of it all."""

import asyncio
import io
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress
from decimal import Decimal

from runner.app.desk import Desk
from runner.app.testing.bench import Bench, desk_of
from runner.app.testing.expecting import with_asserts
from runner.app.testing.looking_up import walk_again
from runner.app.testing.meddling import Meddler, Refusal
from runner.app.testing.model import Case, CaseFile
from runner.app.usecases.executing import RunReport, apply_plan, resume_run
from runner.app.usecases.pins import planned_occasion
from runner.app.usecases.planning import Planned, make_plan
from runner.app.usecases.verdicts import require_planned
from runner.core.errors import ExitCode, InvalidInput, RunnerError
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.effects.model import EffectRow
from runner.engine.events import Event
from runner.plan.codec import PlanFile
from runner.plan.model import Plan
from runner.reporting.console import Console
from runner.reporting.redaction import Redactor
from runner.reporting.terminal import Terminal
from runner.sandbox.books import Balance, LoggedRequest
from runner.sandbox.directory import Sandbox
from runner.sandbox.orders import Account, Order
from runner.sandbox.virtual import VirtualClock, virtual_loop


@record
class Seen:
    """What came of a case.

    Shapes: ``plan`` is None where none could be made; ``effects`` are the journal's rows;
        ``opening`` is what every account held at the beginning; ``writes_before`` are the writes
        that arrived before the run, and ``requests`` everything that arrived; ``asserted`` are the
        conditions of the case in their order, empty where the run did not end well; ``story`` is
        what a person would have read; ``has_meddled`` tells that others may have moved money.
    """

    exit_code: ExitCode
    message: str
    diagnostics: tuple[str, ...] = ()
    plan: Plan | None = None
    warnings: tuple[str, ...] = ()
    effects: tuple[EffectRow, ...] = ()
    outputs: Mapping[str, JsonValue]
    asserted: tuple[bool, ...] = ()
    opening: Mapping[Account, Decimal]
    balances: tuple[Balance, ...] = ()
    orders: tuple[Order, ...] = ()
    writes_before: tuple[LoggedRequest, ...] = ()
    requests: tuple[LoggedRequest, ...] = ()
    ledger_problems: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    dry_events: tuple[Event, ...] = ()
    events: tuple[Event, ...] = ()
    story: str = ""
    has_meddled: bool = False
    was_interrupted: bool = False
    virtual_s: float = 0.0


def run_case(file: CaseFile, case: Case, bench: Bench) -> Seen:
    """Run one case from an empty sandbox to its end.

    Errors: none of ours; a bug of ours is raised.
    """
    clock = VirtualClock(case.clock)
    with (
        bench.sandbox(case.world, clock) as sandbox,
        asyncio.Runner(loop_factory=lambda: virtual_loop(clock)) as runner,
    ):
        return runner.run(_Course(file, case, bench, sandbox).walk(clock))


class _Course:
    """The course of one case, with what is seen on the way."""

    def __init__(self, file: CaseFile, case: Case, bench: Bench, sandbox: Sandbox) -> None:
        self._file = file
        self._case = case
        self._bench = bench
        self._sandbox = sandbox
        self._applying: asyncio.Task[RunReport] | None = None
        self._meddler = Meddler(case, sandbox, self._interrupt)
        self._planned: Planned | None = None
        self._report: RunReport | None = None
        self._writes_before: tuple[LoggedRequest, ...] = ()
        self._asserted: tuple[bool, ...] = ()
        self._dry_events: list[Event] = []
        self._events: list[Event] = []
        self._text = io.StringIO()
        self._console = Console(self._text, Terminal(), Redactor())

    async def walk(self, clock: VirtualClock) -> Seen:
        opening = {each.account: each.amount for each in self._sandbox.ledger.balances()}
        self._meddler.begin()
        code, message, diagnostics = await self._ended()
        self._meddler.close()
        self._console.close()
        ledger, report, planned = self._sandbox.ledger, self._report, self._planned
        return Seen(
            exit_code=code,
            message=self._without_run_id(message),
            diagnostics=diagnostics,
            plan=None if planned is None else planned.file.plan,
            warnings=() if planned is None else planned.warnings,
            effects=() if report is None else report.effects,
            outputs={} if report is None else report.outputs,
            asserted=self._asserted,
            opening=opening,
            balances=ledger.balances(),
            orders=ledger.orders(),
            writes_before=self._writes_before,
            requests=ledger.requests(),
            ledger_problems=ledger.check(),
            refusals=tuple(self._meddler.refusals),
            dry_events=tuple(self._dry_events),
            events=tuple(self._events),
            story=self._without_run_id(self._text.getvalue()),
            has_meddled=self._meddler.has_meddled,
            was_interrupted=self._meddler.was_interrupted,
            virtual_s=clock.monotonic_s(),
        )

    def _without_run_id(self, text: str) -> str:
        # It is made from keys that are new each time: a report must not differ by that alone.
        planned = self._planned
        return text if planned is None else text.replace(planned.file.run_id, "RUN")

    async def _ended(self) -> tuple[ExitCode, str, tuple[str, ...]]:
        try:
            if self._case.refused is not None:
                raise self._case.refused
            await self._plan()
            if self._case.only_plan:
                return ExitCode.DONE, "", ()
            await self._apply()
        except InvalidInput as error:
            codes = tuple(each.code for each in error.diagnostics)
            words = "\n".join(each.summary for each in error.diagnostics)
            return error.exit_code, words, codes
        except RunnerError as error:
            await self._look_at_journal()
            return error.exit_code, f"{error}\n{error.hint}".strip(), ()
        assert self._report is not None, "it was applied"
        return self._report.exit_code, self._report.message, ()

    async def _plan(self) -> None:
        assert self._case.bound is not None, "inputs are bound or refused"
        playbook = self._file.playbook
        async with self._desk("plan") as desk:
            if playbook.has_effects:
                desk.transport(())
            try:
                self._planned = await make_plan(
                    desk, playbook, self._case.bound, self._dry_events.append
                )
            finally:
                self._writes_before = _writes(self._sandbox)
            plan = self._planned.file.plan
            if plan.effects:
                desk.transport(effect.action for effect in plan.effects)
            require_planned(plan, approvals=not self._case.only_plan)
            await self._meddler.planned(plan)

    async def _apply(self) -> None:
        assert self._planned is not None, "a plan is applied"
        file = self._planned.file
        with suppress(asyncio.CancelledError):
            self._report = await self._driven(file.run_id, file)
        if self._report is None or self._case.resume_after is not None:
            if self._case.resume_after is not None:
                await self._sandbox.clock.sleep(self._case.resume_after.total_seconds())
            self._report = await self._driven(file.run_id, None)
        await self._assert(file)

    async def _driven(self, run_id: str, file: PlanFile | None) -> RunReport:
        """Apply a plan, or resume its run, like a command of its own."""
        async with self._desk("apply" if file else "resume") as desk:
            going = (
                resume_run(desk, run_id, self._emit)
                if file is None
                else apply_plan(desk, file, self._emit)
            )
            self._applying = asyncio.ensure_future(going)
            try:
                return await self._applying
            finally:
                self._applying = None

    def _interrupt(self) -> None:
        assert self._applying is not None, "something is under way"
        self._applying.cancel()

    def _emit(self, event: Event) -> None:
        self._events.append(event)
        self._console.emit(event)
        self._meddler.emit(event)

    async def _look_at_journal(self) -> None:
        """Find out what stands in the journal of a run that a command could not go on with."""
        if self._planned is None:
            return
        async with self._desk("look") as desk:
            row = await desk.store.run(self._planned.file.run_id)
            if row is not None:
                self._report = RunReport(
                    run_id=row.run_id,
                    plan=self._planned.file.plan,
                    exit_code=ExitCode.DONE,
                    message="",
                    effects=await desk.store.effects(row.run_id),
                    outputs={},
                )

    async def _assert(self, file: PlanFile) -> None:
        """Walk the finished run again, which only looks up, with the conditions as its outputs."""
        wanted = self._case.expect.asserts
        assert self._report is not None, "it was applied"
        if not wanted or self._report.exit_code is not ExitCode.DONE:
            return
        async with self._desk("assert") as desk:
            occasion = await planned_occasion(desk, file.plan, self._file.playbook, file.run_id)
            playbook = with_asserts(self._file.playbook, wanted)
            end = await walk_again(desk, file.run_id, occasion, playbook)
        self._asserted = tuple(value is True for value in end.outputs.values())

    def _desk(self, what: str) -> AbstractAsyncContextManager[Desk]:
        app = self._meddler.in_front_of(self._sandbox.app)
        held = self._bench.held(self._case)
        return desk_of(self._sandbox, held, app, seed=f"{self._case.name}/{what}")


def _writes(sandbox: Sandbox) -> tuple[LoggedRequest, ...]:
    return tuple(each for each in sandbox.ledger.requests() if each.method == "POST")
