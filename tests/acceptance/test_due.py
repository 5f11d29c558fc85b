"""``--max-hold`` and ``resume --due``: runs that wait for hours hold no process."""

import re

from tests.acceptance.test_cancel import FIRST, HEAD, PAUSE, SECOND, WAIT, cancel
from tests.acceptance.workplace import Ended, Workplace, planned, run_id

HELD = ("--max-hold", "10m")


def still(place: Workplace) -> None:
    """Let the sandbox's time stand still from now on."""
    place.run("sandbox", "clock", "--mode", "stepped").expect(0)


def advance(place: Workplace, length: str) -> None:
    place.run("sandbox", "clock", "--advance", length).expect(0)


def due(place: Workplace) -> Ended:
    return place.run("resume", "--due", *HELD, "--sandbox")


def lines(ended: Ended) -> dict[str, str]:
    """Return what became of each run, by its id."""
    return dict(re.findall(r"^(R-[0-9a-f]{16})  exit (\d+)", ended.out, re.MULTILINE))


def test_three_runs_are_handed_back_and_gone_on_with_when_they_are_due(
    quick_place: Workplace,
) -> None:
    """One that waits after its first effect, one that pauses before, one that is cancelled."""
    place = quick_place
    runs = {}
    one = HEAD.replace("count: 2, total: 10", "count: 1, total: 5")
    for name, steps in (("wait", FIRST + WAIT), ("pause", PAUSE + FIRST), ("gone", PAUSE + FIRST)):
        playbook = one.replace("once: one", f"once: {name}").replace("two-steps", name) + steps
        plan = planned(place, playbook, out=f"{name}.json")
        handed = place.run("apply", plan, *HELD, "--sandbox", "--yes").expect(12)
        assert "due again at" in handed.err
        runs[name] = run_id(plan)
    still(place)
    assert "nothing is due" in due(place).expect(0).out
    cancel(place, runs["gone"]).expect(4)

    advance(place, "61m")
    assert lines(due(place).expect(12)) == {runs["wait"]: "12"}
    assert len(place.writes()) == 1
    advance(place, "4h")
    place.run("sandbox", "clock", "--mode", "real").expect(0)
    ended = due(place).expect(13)

    # The wait's deadline is the one of its first entry: it has passed, and it looked once more.
    assert lines(ended) == {runs["wait"]: "13", runs["pause"]: "0"}
    assert [str(order.amount) for order in place.orders()] == ["5", "5"]
    assert "nothing is due" in due(place).expect(0).out


def test_apply_goes_on_with_what_was_handed_back(quick_place: Workplace) -> None:
    """It is not begun anew, and its pause not begun again."""
    place = quick_place
    plan = planned(place, HEAD + PAUSE + FIRST + SECOND)
    place.run("apply", plan, *HELD, "--sandbox", "--yes").expect(12)
    place.run("apply", plan, *HELD, "--sandbox").expect(12)
    advance(place, "4h")

    ended = place.run("apply", plan, *HELD, "--sandbox").expect(0)

    assert '"resumed": true' in ended.err
    assert len(place.writes()) == 2


def test_run_whose_process_died_before_it_sent_anything_is_still_due(
    quick_place: Workplace,
) -> None:
    place = quick_place
    one = HEAD.replace("count: 2, total: 10", "count: 1, total: 5")
    plan = planned(place, one + PAUSE + FIRST)
    place.run("apply", plan, *HELD, "--sandbox", "--yes").expect(12)
    still(place)
    advance(place, "5h")
    place.run("sandbox", "clock", "--mode", "real").expect(0)
    died = place.run_bounded("kill:before-intent:1", "resume", "--due", *HELD, "--sandbox")
    assert died.code < 0
    assert place.writes() == ()

    assert lines(due(place).expect(0)) == {run_id(plan): "0"}

    assert [str(order.amount) for order in place.orders()] == ["5"]
    assert "nothing is due" in due(place).expect(0).out


def test_command_that_makes_no_sense_is_said(place: Workplace) -> None:
    assert "say what to go on with" in place.run("resume", "--sandbox").expect(64).err
    both = place.run("resume", "R-0123456789abcdef", "--due", "--sandbox").expect(64)
    assert "say what to go on with" in both.err
    assert (
        "--max-hold" in place.run("resume", "--due", "--max-hold", "x", "--sandbox").expect(64).err
    )
