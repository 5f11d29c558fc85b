"""Gathering all that is known of a run: from its journal, and from the custodian after an apply."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from runner.app.desk import Desk
from runner.app.usecases.balances import balance_lines, charged_fees
from runner.app.usecases.executing import RunReport
from runner.app.usecases.kin import kin_of
from runner.app.usecases.untold import untold_notices
from runner.core.errors import ExitCode, RunnerError, UsageInvalid
from runner.effects.model import OPEN_STATES
from runner.engine.ports import RunRow
from runner.journal.journal import Journal
from runner.plan.codec import plan_from_file
from runner.reporting.charged import charged_words
from runner.reporting.run_facts import RunFacts


async def facts_after(desk: Desk, report: RunReport) -> RunFacts:
    """Return all that is known of a run that this command drove, or found to have ended.

    Today's balances say nothing about a run that ended some time ago: of one they are left out.
    """
    row = await desk.store.run(report.run_id)
    assert row is not None, "no run is ever forgotten"
    facts = await _facts(desk.store, row, desk.target_words)
    plan, rows = report.plan, report.effects
    charged = () if report.already else await charged_fees(desk, plan, rows)
    return replace(
        facts,
        exit_code=report.exit_code,
        message=report.message,
        resumable=report.resumable,
        already=report.already,
        effects=rows,
        balances=() if report.already else await balance_lines(desk, plan, rows, charged),
        remarks={each.path: charged_words(each) for each in charged},
        outputs=report.outputs,
        next_command=_next(facts, report.exit_code, resumable=report.resumable),
    )


async def facts_stopped(desk: Desk, run_id: str, error: RunnerError) -> RunFacts | None:
    """Return what the journal holds of a run that an error has stopped, or None for no run.

    What cannot be read now is left out: the error says in its own words what matters.
    """
    with suppress(RunnerError):
        row = await desk.store.run(run_id)
        if row is not None:
            facts = await _facts(desk.store, row, desk.target_words)
            return replace(facts, exit_code=error.exit_code, stopped=str(error))
    return None


async def facts_of(journal: Journal | None, run_id: str, target: str) -> RunFacts:
    """Return what a journal holds of a run.

    Shapes: ``target`` is the option that aims a command at the same custodian.
    Errors: ``UsageInvalid`` for a run that is not there.
    """
    row = None if journal is None else await journal.run(run_id)
    if journal is None or row is None:
        raise UsageInvalid(f"there is no run {run_id} here", hint="`runner runs` lists them")
    return await _facts(journal, row, target)


async def _facts(journal: Journal, row: RunRow, target: str) -> RunFacts:
    kin = await kin_of(journal, row)
    effects = await journal.effects(row.run_id)
    resumable = row.exit_code is None
    code = row.exit_code
    if code is None and any(each.state in OPEN_STATES for each in effects):
        # Whatever a run waits for, of such an effect nobody knows what became of it.
        code = ExitCode.OUTCOME_UNKNOWN
    facts = RunFacts(
        run=row,
        labels=plan_from_file(row.plan.encode("utf-8")).plan.labels,
        exit_code=code,
        message=row.message,
        resumable=resumable,
        steps=await journal.step_outcomes(row.run_id),
        effects=effects,
        transitions=await journal.transitions(row.run_id),
        decisions=await journal.decisions(row.run_id),
        supersedes=kin.supersedes,
        superseded_by=kin.superseded_by,
        untold=await untold_notices(journal, row.run_id),
        head=await journal.chain_head(row.run_id),
        taken_at=datetime.now(UTC),
        target=target,
        next_command="",
    )
    return replace(facts, next_command=_next(facts, facts.exit_code, resumable=resumable))


def _next(facts: RunFacts, code: ExitCode | None, *, resumable: bool) -> str:
    run = f"{facts.run.run_id} {facts.target}"
    if resumable:
        return f"runner resume {run}"
    return "" if code is ExitCode.DONE else f"runner logs {run}"
