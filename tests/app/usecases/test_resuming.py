"""Going on with runs: what resume must check again, and what two processes may do at once."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from runner.app.desk import Desk
from runner.app.usecases.executing import apply_plan, resume_run
from runner.app.usecases.pins import PlanDrifted
from runner.app.usecases.planning import silent
from runner.controls.caps import Cap, Caps
from runner.core.errors import ExitCode, PlanRefused, PolicyDenied
from runner.engine.ports import RunRow
from runner.journal.sqlite import SqliteJournal
from runner.plan.codec import PlanFile
from tests.app.usecases.conftest import MakePlace, Network, Place
from tests.app.usecases.test_executing import MIRROR, playbook, world

DESK = """\
apiVersion: runner/v1
kind: Playbook
name: desk
once: WHO
may: {subwallet.transfer: {count: 1, total: 100 USDT}}
steps:
  - id: move
    effect: subwallet.transfer
    with: {from: acme/prime-01, to: acme/desk-01, amount: 100 USDT}
"""


def registered(file: PlanFile) -> RunRow:
    """Return the row of a run whose process died before its preflight."""
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
        created_at=plan.created_at,
        claimed=False,
        exit_code=None,
        message="",
        finished_at=None,
        tool_version=plan.tool_version,
    )


class LateStore:
    """A journal that lets somebody else act after the first look at a run."""

    def __init__(self, store: SqliteJournal, act: Callable[[], Awaitable[object]]) -> None:
        self._store = store
        self._act: Callable[[], Awaitable[object]] | None = act

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the journal has
        return getattr(self._store, name)

    async def run(self, run_id: str) -> RunRow | None:
        row = await self._store.run(run_id)
        act, self._act = self._act, None
        if act is not None:
            await act()
        return row


async def test_resume_does_not_send_what_apply_refused_to_send(place: Place) -> None:
    """Apply has registered the run before its preflight found that the plan no longer holds."""
    desk = await place.desk()
    text = playbook().replace("total: 5000", "total: 2000000")
    file = await place.plan(desk, place.write(text), "amount=1999500 USDT")
    other = await place.plan(desk, place.write(text, "other.yaml"), "day=two")
    await apply_plan(desk, other, silent)
    with pytest.raises(PlanDrifted, match="cover"):
        await apply_plan(desk, file, silent)

    with pytest.raises(PlanDrifted, match="cover"):
        await resume_run(await place.desk(), file.run_id, silent)

    assert place.posts() == 1


async def test_resume_of_a_run_that_sent_nothing_checks_the_playbook_again(place: Place) -> None:
    desk = await place.desk()
    path = place.write(playbook())
    file = await place.plan(desk, path)
    await desk.store.register_run(registered(file), {})
    path.write_text(playbook() + "# changed\n", encoding="utf-8")

    with pytest.raises(PlanRefused, match="has changed"):
        await resume_run(desk, file.run_id, silent)
    assert place.posts() == 0


async def test_apply_that_loses_the_race_reports_what_the_winner_did(place: Place) -> None:
    """Everything was checked before the run was owned; by then it had ended, and well."""
    text = playbook().replace("total: 5000", "total: 2000000")
    winner, loser = await place.desk(), await place.desk()
    file = await place.plan(winner, place.write(text), "amount=1500000 USDT")
    late = LateStore(loser.store, lambda: apply_plan(winner, file, silent))

    report = await apply_plan(replace(loser, store=late), file, silent)  # type: ignore[arg-type]  # it is one

    assert (report.exit_code, report.already) == (ExitCode.DONE, True)
    assert place.posts() == 1


async def test_resume_that_loses_the_race_reports_what_the_winner_did(
    make_place: MakePlace,
) -> None:
    place = make_place(world(ids_shown=False))
    desk = await place.desk(network=Network(lose="reply"))
    file = await place.plan(desk, place.write(MIRROR))
    assert (await apply_plan(desk, file, silent)).exit_code is ExitCode.OUTCOME_UNKNOWN
    winner = await place.desk(network=Network(shows_request_ids=True))
    loser = await place.desk()
    late = LateStore(loser.store, lambda: resume_run(winner, file.run_id, silent))

    report = await resume_run(replace(loser, store=late), file.run_id, silent)  # type: ignore[arg-type]  # it is one

    assert (report.exit_code, report.already) == (ExitCode.DONE, True)
    assert place.posts() == 1


@pytest.mark.parametrize("change", ["gone", "another id", "another account"])
async def test_resume_under_another_directory_is_refused(
    make_place: MakePlace, change: str
) -> None:
    """Looked for under another link, what was sent is not there, and that would prove nothing."""
    place = make_place(world(ids_shown=False))
    desk = await place.desk(network=Network(lose="reply"))
    file = await place.plan(desk, place.write(MIRROR))
    assert (await apply_plan(desk, file, silent)).exit_code is ExitCode.OUTCOME_UNKNOWN

    links = dict(desk.directory.mirror_links)
    link = links.pop("acme/mirror-01")
    if change != "gone":
        field = "id" if change == "another id" else "binance_uid"
        links["acme/mirror-01"] = replace(link, **{field: "999"})
    directory = replace(desk.directory, mirror_links=links)

    with pytest.raises(PlanRefused, match="mirror_link acme/mirror-01"):
        await resume_run(replace(desk, directory=directory), file.run_id, silent)


async def test_what_a_day_may_hold_counts_from_the_send(place: Place) -> None:
    """Not from the intent, which was a day ago: two sends within an hour are one day's."""

    async def unreachable() -> None:
        raise httpx.ConnectError("down")

    async def capped(network: Network | None = None) -> Desk:
        desk = await place.desk(network=network)
        caps = Caps(per_day=Cap(place="profile:1", total={"USDT": Decimal(100)}))
        return replace(desk, guard=replace(desk.guard, caps=caps))

    down = await capped(Network(before=unreachable))
    first = await place.plan(down, place.write(DESK.replace("WHO", "a"), "a.yaml"))
    assert (await apply_plan(down, first, silent)).exit_code is ExitCode.UNREACHABLE
    place.clock.pass_time(23.5 * 3600)
    assert (await resume_run(await capped(), first.run_id, silent)).exit_code is ExitCode.DONE
    place.clock.pass_time(3600)

    second = await place.plan(await capped(), place.write(DESK.replace("WHO", "b"), "b.yaml"))
    with pytest.raises(PolicyDenied, match="per_day"):
        await apply_plan(await capped(), second, silent)

    assert len(place.writes()) == 1
