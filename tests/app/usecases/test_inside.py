"""Loops, calls and drift from plan to ledger: the sandbox is the judge."""

from pathlib import Path

import pytest

from runner.app.usecases.executing import apply_plan, resume_run
from runner.app.usecases.pins import PlanDrifted
from runner.app.usecases.planning import silent
from runner.core.errors import ExitCode, InvalidInput, PlanRefused, PolicyDenied
from runner.core.money import ZERO, amount_text
from runner.plan.codec import PlanFile, plan_from_file
from tests.app.usecases.conftest import Place

TRIM = (Path(__file__).parents[3] / "playbooks" / "mirrorx-trim.yaml").read_text("utf-8")
BARE = TRIM[: TRIM.index("  - id: after\n")]
MOVE = """\
apiVersion: runner/v1
kind: Playbook
name: move
inputs:
  amount: {type: money}
once: ${{ inputs.amount.coin }} ${{ decimal(inputs.amount) }}
may:
  mirrorx.ACTION: {count: 1, total: [1000000 USDT, 1000 ETH, 100 BTC]}
steps:
  - id: move
    effect: mirrorx.ACTION
    with:
      link: acme/arb-01
      amount: ${{ inputs.amount }}
"""


async def _moved(place: Place, action: str, amount: str) -> None:
    desk = await place.desk()
    path = place.write(MOVE.replace("ACTION", action), name=f"{action}.yaml")
    report = await apply_plan(desk, await place.plan(desk, path, f"amount={amount}"), silent)
    assert report.exit_code is ExitCode.DONE


async def _trimmed(place: Place, text: str = BARE) -> PlanFile:
    return await place.plan(await place.desk(), place.write(text))


async def test_trim_returns_each_coin_once_and_skips_what_is_within_its_band(
    place: Place,
) -> None:
    file = await _trimmed(place, TRIM)

    report = await apply_plan(await place.desk(), file, silent)
    again = await apply_plan(await place.desk(), file, silent)

    assert [
        (e.path, amount_text(e.amount or ZERO), e.coin, e.drift) for e in file.plan.effects
    ] == [
        ("return_excess[USDT]", "190000", "USDT", "at_most"),
        ("return_excess[BTC]", "1", "BTC", "at_most"),
    ]
    assert (report.exit_code, again.exit_code) == (ExitCode.DONE, ExitCode.DONE)
    assert len(place.writes()) == 2
    assert report.outputs["after"] == {
        "BTC": "1 BTC",
        "ETH": "0 ETH",
        "USDT": "60000 USDT",
        "XRP": "0 XRP",
    }


async def test_plan_of_a_loop_is_read_back_as_it_was_written(place: Place) -> None:
    file = await _trimmed(place)

    assert plan_from_file(file.data).plan == file.plan


async def test_at_most_sends_less_where_less_is_there(place: Place) -> None:
    file = await _trimmed(place)
    await _moved(place, "undelegate", "50000 USDT")

    report = await apply_plan(await place.desk(), file, silent)

    assert report.exit_code is ExitCode.DONE
    sent = {row.order.path: row.order for row in report.effects}
    assert str(sent["return_excess[USDT]"].expectation.amount) == "140000"
    assert '"amount":"140000"' in sent["return_excess[USDT]"].body
    assert str(sent["return_excess[BTC]"].expectation.amount) == "1"
    assert sent["return_excess[USDT]"].request_id == file.plan.effects[0].request_id


async def test_at_most_never_sends_more_than_was_planned(place: Place) -> None:
    file = await _trimmed(place)
    await _moved(place, "delegate", "70000 USDT")

    report = await apply_plan(await place.desk(), file, silent)

    sent = {row.order.path: str(row.order.expectation.amount) for row in report.effects}
    assert sent == {"return_excess[USDT]": "190000", "return_excess[BTC]": "1"}


async def test_at_most_skips_what_no_longer_qualifies(place: Place) -> None:
    file = await _trimmed(place)
    await _moved(place, "undelegate", "190000 USDT")

    report = await apply_plan(await place.desk(), file, silent)

    assert report.exit_code is ExitCode.DONE
    assert [row.order.path for row in report.effects] == ["return_excess[BTC]"]


async def test_at_most_skips_what_no_longer_qualifies_with_an_assert_of_its_own(
    place: Place,
) -> None:
    """Its step is assumed in a plan: only the run knows what the assert looks at."""
    text = BARE.replace("drift: at_most", 'drift: at_most\n    assert: result.status == "success"')
    file = await _trimmed(place, text)
    await _moved(place, "undelegate", "190000 USDT")

    report = await apply_plan(await place.desk(), file, silent)

    assert report.exit_code is ExitCode.DONE
    assert [row.order.path for row in report.effects] == ["return_excess[BTC]"]


async def test_at_most_does_not_send_what_has_come_to_qualify(place: Place) -> None:
    """It was planned by nobody; a new plan can."""
    file = await _trimmed(place)
    await _moved(place, "delegate", "20 ETH")

    report = await apply_plan(await place.desk(), file, silent)

    assert report.exit_code is ExitCode.DONE
    assert {row.order.path for row in report.effects} == {
        "return_excess[USDT]",
        "return_excess[BTC]",
    }


async def test_planned_sends_the_planned_body_whatever_it_would_be_now(place: Place) -> None:
    file = await _trimmed(place, BARE.replace("drift: at_most", "drift: planned"))
    await _moved(place, "undelegate", "50000 USDT")

    report = await apply_plan(await place.desk(), file, silent)

    sent = {row.order.path: str(row.order.expectation.amount) for row in report.effects}
    assert sent["return_excess[USDT]"] == "190000"


@pytest.mark.parametrize("drift", ["exact", "planned"])
async def test_skipping_what_was_planned_is_drift_unless_at_most(place: Place, drift: str) -> None:
    file = await _trimmed(place, BARE.replace("drift: at_most", f"drift: {drift}"))
    await _moved(place, "undelegate", "190000 USDT")
    before = place.posts()

    with pytest.raises(PlanDrifted) as drifted:
        await apply_plan(await place.desk(), file, silent)

    assert "return_excess[USDT]: the effect was planned, is no longer there" in str(drifted.value)
    assert place.posts() == before


async def test_exact_refuses_another_amount(place: Place) -> None:
    file = await _trimmed(place, BARE.replace("    drift: at_most", "    drift: exact"))
    await _moved(place, "undelegate", "50000 USDT")

    with pytest.raises(PlanDrifted) as drifted:
        await apply_plan(await place.desk(), file, silent)

    assert "amount in the body was" in str(drifted.value)


# Calls

CALLER = """\
apiVersion: runner/v1
kind: Playbook
name: eod
once: today
may:
  mirrorx.delegate: {count: 2, total: 5000 USDT}
steps:
  - id: both
    foreach: amount in [money("1000 USDT"), money("500 USDT")]
    key: '"large" if amount > money("700 USDT") else "small"'
    playbook: ./parts/send.yaml
    with:
      amount: ${{ amount }}
outputs:
  orders:
    type: list<order_id>
    value: ${{ [sent.order for sent in values(steps.both)] }}
"""
SEND = """\
apiVersion: runner/v1
kind: Playbook
name: send
inputs:
  amount: {type: money, max: 2000 USDT}
once: never looked at
may:
  mirrorx.delegate: {count: 1, total: 2000 USDT}
steps:
  - id: send
    effect: mirrorx.delegate
    with:
      link: acme/arb-01
      amount: ${{ inputs.amount }}
outputs:
  order:
    type: order_id
    value: ${{ steps.send.order }}
"""


def _caller(place: Place, send: str = SEND) -> Path:
    (place.folder / "parts").mkdir(exist_ok=True)
    place.write(send, name="parts/send.yaml")
    return place.write(CALLER)


async def test_called_playbooks_are_planned_sent_and_resumed_from_the_journal(
    place: Place,
) -> None:
    path = _caller(place)
    file = await place.plan(await place.desk(), path)
    assert [e.path for e in file.plan.effects] == ["both[large]/send", "both[small]/send"]
    assert [Path(f.name).name for f in file.plan.files] == ["playbook.yaml", "send.yaml"]

    report = await apply_plan(await place.desk(), file, silent)
    # What is journalled is what goes on, whatever becomes of the files.
    place.write("gone", name="parts/send.yaml")
    again = await resume_run(await place.desk(), file.run_id, silent)

    assert report.exit_code is ExitCode.DONE
    assert len(report.outputs["orders"]) == 2  # type: ignore[arg-type]  # a list
    assert again.already
    assert len(place.writes()) == 2


async def test_called_file_that_has_changed_refuses_the_plan(place: Place) -> None:
    file = await place.plan(await place.desk(), _caller(place))
    _caller(place, SEND.replace("2000 USDT}", "2001 USDT}", 1))

    with pytest.raises(PlanRefused) as refused:
        await apply_plan(await place.desk(), file, silent)

    assert "send.yaml has changed since the plan was made" in str(refused.value)
    assert place.posts() == 0


async def test_called_playbook_may_do_no_more_than_it_says_itself(place: Place) -> None:
    path = _caller(place, SEND.replace("total: 2000 USDT", "total: 999 USDT"))

    with pytest.raises(PolicyDenied) as denied:
        await place.plan(await place.desk(), path)

    assert "both[large]: mirrorx.delegate: 1000 USDT, `may` allows 999 USDT" in str(denied.value)


async def test_playbook_behind_a_link_is_refused(place: Place, tmp_path: Path) -> None:
    path = _caller(place)
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text(SEND, encoding="utf-8")
    (place.folder / "parts" / "send.yaml").unlink()
    (place.folder / "parts" / "send.yaml").symlink_to(elsewhere)

    with pytest.raises(InvalidInput) as refused:
        await place.plan(await place.desk(), path)

    (found,) = refused.value.diagnostics
    assert found.code == "call-outside"
    assert "leads through a link, send.yaml" in found.summary
