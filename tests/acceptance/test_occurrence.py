"""One occurrence, one run: whatever is planned, applied, edited or lost afterwards."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.workplace import MIRROR, Workplace, planned, quick, run_id, world_text


@pytest.fixture(scope="module")
def used(shared_place: Callable[[], Workplace]) -> tuple[Workplace, Path]:
    """Use one occurrence up; the tests that share it must send nothing."""
    place = shared_place()
    first = planned(place, quick(MIRROR))
    place.run("apply", first, "--sandbox", "--yes").expect(0)
    return place, first


@pytest.mark.parametrize("verb", [("plan",), ("run", "--yes")], ids=["plan", "run"])
def test_occurrence_that_was_used_cannot_be_planned_again(
    used: tuple[Workplace, Path], verb: tuple[str, ...]
) -> None:
    place, first = used
    sent = place.writes()

    refused = place.run(verb[0], "job.yaml", "--sandbox", *verb[1:]).expect(7)

    assert run_id(first) in refused.err
    assert "acme/mirror-01 TRS-0001" in refused.err
    assert place.writes() == sent


def test_edited_playbook_does_not_change_what_a_used_plan_answers(
    used: tuple[Workplace, Path],
) -> None:
    """What is done is done: only canonical form and digest are checked once a run is claimed."""
    place, first = used
    sent = place.writes()
    place.write("job.yaml", f"{quick(MIRROR)}# edited\n")

    place.run("apply", first, "--sandbox", "--yes").expect(0)

    assert place.writes() == sent


def test_moved_playbook_is_the_same_operation(used: tuple[Workplace, Path]) -> None:
    place, first = used
    sent = place.writes()
    moved = place.write("elsewhere/moved.yaml", quick(MIRROR))

    refused = place.run("run", moved, "--sandbox", "--yes").expect(7)

    assert run_id(first) in refused.err
    assert place.writes() == sent


def test_another_occurrence_is_another_operation(used: tuple[Workplace, Path]) -> None:
    place, _ = used
    file = place.write("again.yaml", quick(MIRROR))
    sent = {order.request_id for order in place.orders()}

    place.run("run", file, "--sandbox", "--yes", "-i", "ticket=TRS-0002").expect(0)

    assert len({order.request_id for order in place.orders()} - sent) == 2


def test_plan_made_before_its_occurrence_was_used_is_refused(quick_place: Workplace) -> None:
    first = planned(quick_place, quick(MIRROR), out="first.json")
    second = planned(quick_place, quick(MIRROR), "-i", "amount=1 USDT", out="second.json")
    quick_place.run("apply", first, "--sandbox", "--yes").expect(0)
    sent = quick_place.writes()

    refused = quick_place.run("apply", second, "--sandbox", "--yes").expect(7)

    assert run_id(first) in refused.err
    assert quick_place.writes() == sent


def test_plan_whose_journal_was_lost_is_refused_after_it_was_applied(
    quick_place: Workplace,
) -> None:
    """The custodian remembers, we do not: nothing may be sent on the word of an empty journal."""
    plan = planned(quick_place, quick(MIRROR))
    quick_place.run("apply", plan, "--sandbox", "--yes").expect(0)
    sent = quick_place.writes()
    for path in (quick_place.sandboxes / "default").glob("state.sqlite*"):
        path.unlink()
    shutil.rmtree(quick_place.sandboxes / "default" / "runs")

    quick_place.run("apply", plan, "--sandbox", "--yes").expect(3)

    assert quick_place.writes() == sent


def test_new_plan_after_the_journal_was_lost_sends_nothing_twice(quick_place: Workplace) -> None:
    """The same occurrence has the same requestIds, and its order is on the custodian's list.

    The position does not grow a second time, so the playbook's own check ends the run: 13, because
    an order of this run exists, although this journal never sent it.
    """
    quick_place.make_sandbox(world_text(records_carry_request_id=True))
    plan = planned(quick_place, quick(MIRROR))
    quick_place.run("apply", plan, "--sandbox", "--yes").expect(0)
    moved = quick_place.moved()
    for path in (quick_place.sandboxes / "default").glob("state.sqlite*"):
        path.unlink()

    quick_place.run("run", "job.yaml", "--sandbox", "--yes").expect(13)

    assert quick_place.moved() == moved
