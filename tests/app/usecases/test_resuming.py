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
from runner.controls.guard import closed_guard
from runner.core.errors import (
    ExitCode,
    OutcomeLeftOpen,
    PlanRefused,
    PolicyDenied,
    SettingsInvalid,
)
from runner.effects.model import EffectState
from runner.engine.ports import RunRow
from runner.journal.journal import Journal
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

    def __init__(self, store: Journal, act: Callable[[], Awaitable[object]]) -> None:
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

    with pytest.raises(OutcomeLeftOpen, match="mirror_link acme/mirror-01") as raised:
        await resume_run(replace(desk, directory=directory), file.run_id, silent)

    assert isinstance(raised.value.__cause__, PlanRefused)


UNSENT = """\
apiVersion: runner/v1
kind: Playbook
name: unsent
once: today
may: {subwallet.transfer: {count: 1, total: 200 USDT}}
steps:
  - id: group
    timeout: 1h
    steps:
      - id: move
        effect: subwallet.transfer
        with: {from: acme/prime-01, to: acme/desk-01, amount: 100 USDT}
"""


async def down() -> None:
    """Refuse the connection before a byte of the request has left."""
    raise httpx.ConnectError("down")


async def unsent(place: Place, text: str, name: str = "playbook.yaml") -> str:
    """Apply a plan whose one effect cannot be sent, and return its run."""
    file = await place.plan(await place.desk(), place.write(text, name))
    report = await apply_plan(await place.desk(network=Network(before=down)), file, silent)
    assert report.exit_code is ExitCode.UNREACHABLE
    assert [row.state for row in report.effects] == [EffectState.INTENT]
    return file.run_id


async def test_denial_ends_a_run_whose_effect_was_never_sent(place: Place) -> None:
    run_id = await unsent(place, UNSENT)

    denied = replace(await place.desk(), guard=closed_guard("not today"))
    report = await resume_run(denied, run_id, silent)

    assert (report.exit_code, report.resumable) == (ExitCode.DENIED, False)
    assert [row.state for row in report.effects] == [EffectState.CANCELLED]
    # Its lock is free again.
    other = place.write(UNSENT.replace("name: unsent", "name: other"), "other.yaml")
    file = await place.plan(await place.desk(), other)
    assert (await apply_plan(await place.desk(), file, silent)).exit_code is ExitCode.DONE
    assert place.posts() == 1


async def test_timeout_ends_a_run_whose_effect_was_never_sent(place: Place) -> None:
    run_id = await unsent(place, UNSENT)

    place.clock.pass_time(2 * 3600)
    report = await resume_run(await place.desk(), run_id, silent)

    assert (report.exit_code, report.resumable) == (ExitCode.ENDED_BEFORE_SENDING, False)
    assert [row.state for row in report.effects] == [EffectState.CANCELLED]
    assert place.posts() == 0


PASSED_OVER = """\
apiVersion: runner/v1
kind: Playbook
name: two
once: today
may: {subwallet.transfer: {count: 2, total: 200000 USDT}}
steps:
  - id: before
    uses: mirrorx.positions
    with: {link: acme/arb-01}
  - id: trim
    let: {excess: 'balance(steps.before, "USDT") - money("60000 USDT")'}
    if: excess > money("1000 USDT")
    effect: subwallet.transfer
    with: {from: acme/prime-01, to: acme/desk-01, amount: "${{ excess }}"}
    drift: at_most
  - id: back
    effect: subwallet.transfer
    with: {from: acme/desk-01, to: acme/prime-01, amount: 7 USDT}
"""
UNDELEGATE = """\
apiVersion: runner/v1
kind: Playbook
name: undelegate
once: today
may: {mirrorx.undelegate: {count: 1, total: 200000 USDT}}
steps:
  - id: move
    effect: mirrorx.undelegate
    with: {link: acme/arb-01, amount: 190001 USDT}
"""


async def halted_beside_a_passed_over(place: Place) -> str:
    """Return a run that passed one effect over and halted at the next, of another lock."""
    file = await place.plan(await place.desk(), place.write(PASSED_OVER))
    moving = await place.plan(await place.desk(), place.write(UNDELEGATE, "moving.yaml"))
    assert (await apply_plan(await place.desk(), moving, silent)).exit_code is ExitCode.DONE
    report = await apply_plan(await place.desk(network=Network(lose="request")), file, silent)
    assert report.exit_code is ExitCode.OUTCOME_UNKNOWN
    assert [(r.order.path, r.state) for r in report.effects] == [("back", EffectState.HALTED)]
    return file.run_id


async def test_resume_wants_no_lock_of_an_effect_that_was_passed_over(place: Place) -> None:
    run_id = await halted_beside_a_passed_over(place)
    # Another run has taken the lock that the first one gave back.
    await unsent(place, UNSENT, "other.yaml")

    report = await resume_run(await place.desk(), run_id, silent)

    assert report.exit_code is ExitCode.OUTCOME_UNKNOWN
    assert "back: requestId" in report.message


async def test_resume_that_cannot_go_on_tells_of_the_halted_effect_first(place: Place) -> None:
    run_id = await halted_beside_a_passed_over(place)
    without_key = await place.desk(effects=False)

    with pytest.raises(OutcomeLeftOpen, match=r"back \(requestId \d+\) is halted") as raised:
        await resume_run(without_key, run_id, silent)

    assert raised.value.exit_code is ExitCode.OUTCOME_UNKNOWN
    assert isinstance(raised.value.__cause__, SettingsInvalid)


RESCUED = """\
apiVersion: runner/v1
kind: Playbook
name: rescued
once: today
may: {subwallet.transfer: {count: 1, total: 200 USDT}}
steps:
  - id: attempt
    try:
      - id: move
        timeout: 1m
        effect: subwallet.transfer
        with: {from: acme/prime-01, to: acme/desk-01, amount: 100 USDT}
    rescue:
      - id: look
        uses: mirrorx.positions
        with: {link: acme/arb-01}
"""


async def test_run_whose_timeout_was_rescued_ends_as_the_rescue_decides(place: Place) -> None:
    run_id = await unsent(place, RESCUED)

    place.clock.pass_time(2 * 3600)
    report = await resume_run(await place.desk(), run_id, silent)

    assert report.exit_code is ExitCode.DONE
    assert [(row.state, row.reason) for row in report.effects] == [
        (EffectState.CANCELLED, "attempt/move timed out before anything was sent")
    ]
    assert place.posts() == 0


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
