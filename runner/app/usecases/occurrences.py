"""Occurrences and the runs that have used them up, and what a plan stands on that supersedes one.

An occurrence is used up by the first attempt of a run. A plan that supersedes that run belongs to
the same occurrence, one revision later; the runs of an occurrence have the revisions 0, 1, 2 ...
without a gap, because each could only be planned upon the one before.
Source: DESIGN section 5, Identity.
"""

import shlex

from runner.app.bench import Bench
from runner.core.errors import ExitCode, PlanRefused, UsageInvalid
from runner.effects.model import FINAL_STATES, OPEN_STATES, EffectRow, EffectState
from runner.engine.carried import NO_PAST, Past
from runner.engine.ports import RunRow
from runner.plan.dryrun import Identity

_OTHER_ONCE = "another occurrence is another value of the playbook's `once`"


async def occurrence_runs(desk: Bench, identity: Identity) -> tuple[str, ...]:
    """Return the runs that have used an occurrence up, by revision."""
    found: list[str] = []
    while True:
        owner = await desk.store.occurrence_owner(
            host=identity.host,
            entity=identity.entity,
            playbook=identity.playbook,
            occurrence=identity.occurrence,
            revision=len(found),
        )
        if owner is None:
            return tuple(found)
        found.append(owner)


async def refuse_used_occurrence(
    desk: Bench, identity: Identity, source: str, *, own_run_id: str | None
) -> None:
    """Refuse an occurrence that another run has used up, at its revision or a later one.

    Shapes: ``source`` is the playbook's file.
    Errors: ``PlanRefused`` naming the newest run, with the way on from there.
    """
    runs = await occurrence_runs(desk, identity)
    if own_run_id in runs or len(runs) <= identity.revision:
        return
    newest = runs[-1]
    row = await desk.store.run(newest)
    assert row is not None, "a run that has claimed its occurrence is never forgotten"
    raise PlanRefused(
        f'{identity.playbook} "{identity.occurrence}" was already run: {newest}',
        hint=f"{_way_on(row, source)}; {_OTHER_ONCE}",
    )


async def past_of(
    desk: Bench,
    identity: Identity,
    supersedes: str,
    again: tuple[str, ...],
    *,
    own_run_id: str | None = None,
) -> Past:
    """Read what a plan stands on that supersedes a run.

    Shapes: ``identity`` is the plan's, its revision aside; ``again`` are the paths of what was done
        and is to be done once more; ``own_run_id`` is the plan's own run, once it has an id.
    Errors: ``UsageInvalid`` for a run that is not there, or a path that no run has confirmed;
        ``PlanRefused`` for a run of something else, one that has not ended, or one that is not the
        newest of its occurrence.
    """
    if not supersedes:
        return NO_PAST
    row = await desk.store.run(supersedes)
    if row is None:
        raise UsageInvalid(f"there is no run {supersedes} here", hint="`runner runs` lists them")
    _require_same(row, identity)
    runs = [each for each in await occurrence_runs(desk, identity) if each != own_run_id]
    await _require_superseded(desk, row, runs)
    done: list[EffectRow] = []
    for run in runs:
        rows = await desk.store.effects(run)
        done += (each for each in rows if each.state is EffectState.CONFIRMED)
    newest = {each.order.path: each for each in done}
    unknown = [path for path in again if path not in newest]
    if unknown:
        raise UsageInvalid(
            f"--again {unknown[0]}: no run of this occurrence has confirmed that effect",
            hint=f"confirmed: {', '.join(newest) or 'none'}",
        )
    return Past(
        supersedes=supersedes,
        revision=row.revision + 1,
        again=tuple(dict.fromkeys(again)),
        done=tuple(done),
        carried={path: each for path, each in newest.items() if path not in again},
        manifests=desk.manifests,
    )


def _require_same(row: RunRow, identity: Identity) -> None:
    """Insist that a run is one of an occurrence.

    Errors: ``PlanRefused`` naming what differs.
    """
    pins = (
        ("host", row.host, identity.host),
        ("entity", row.entity, identity.entity),
        ("playbook", row.playbook, identity.playbook),
        ("occurrence", row.occurrence, identity.occurrence),
    )
    for what, theirs, ours in pins:
        if theirs != ours:
            raise PlanRefused(
                f"{row.run_id} cannot be superseded by this plan: its {what} is {theirs},"
                f" the plan's is {ours}",
                hint="a run is superseded by a plan of its own occurrence; plan anything else"
                " without --supersedes",
            )


async def _require_superseded(desk: Bench, row: RunRow, runs: list[str]) -> None:
    """Insist that a run may be superseded: its occurrence's newest, ended, and nothing of it open.

    Errors: ``PlanRefused`` with the way out.
    """
    run_id = row.run_id
    if run_id not in runs:
        unfinished = row.exit_code is None
        raise PlanRefused(
            f"{run_id} has not used its occurrence up: nothing of it was ever sent",
            hint=f"runner resume {run_id}" if unfinished else "plan again, without --supersedes",
        )
    rows = await desk.store.effects(run_id)
    halted = [each for each in rows if each.state in OPEN_STATES]
    if halted:
        which = f"{halted[0].order.path} (requestId {halted[0].order.request_id})"
        raise PlanRefused(
            f"{run_id} cannot be superseded: nobody knows yet what became of {which},"
            f" which is {halted[0].state}",
            hint=f"runner resume {run_id} looks again; what stays open a person settles with"
            " `runner resolve`",
        )
    if row.exit_code is None or any(each.state not in FINAL_STATES for each in rows):
        raise PlanRefused(
            f"{run_id} cannot be superseded before it has ended",
            hint=f"runner resume {run_id} goes on with it",
        )
    if run_id != runs[-1]:
        raise PlanRefused(
            f"{run_id} was superseded by {runs[runs.index(run_id) + 1]}; the newest run of"
            f' {row.playbook} "{row.occurrence}" is {runs[-1]}',
            hint=f"--supersedes {runs[-1]}",
        )


def _way_on(row: RunRow, source: str) -> str:
    if row.exit_code is None:
        return f"runner resume {row.run_id}"
    if row.exit_code is ExitCode.DONE:
        return f"runner logs {row.run_id}"
    return (
        f"runner plan {shlex.quote(source)} --supersedes {row.run_id} plans what it left undone,"
        f" and nothing it has confirmed; runner logs {row.run_id}"
    )
