"""The question before anything is sent, on a real pseudo-terminal and without one."""

import pytest

from tests.acceptance.terminal import open_session
from tests.acceptance.workplace import MIRROR, Workplace, quick


def test_run_without_yes_and_without_a_terminal_sends_nothing(place: Workplace) -> None:
    file = place.write("job.yaml", MIRROR)

    ended = place.run("run", file, "--sandbox").expect(64)

    assert "--yes" in ended.err
    assert place.writes() == ()


def test_apply_without_yes_and_without_a_terminal_sends_nothing(place: Workplace) -> None:
    file = place.write("job.yaml", MIRROR)
    place.run("plan", file, "--sandbox", "-o", "plan.json").expect(0)

    ended = place.run("apply", "plan.json", "--sandbox").expect(64)

    assert "--yes" in ended.err
    assert place.writes() == ()


@pytest.mark.parametrize("answer", ["no", "", "y", "Yes"])
def test_any_answer_but_yes_sends_nothing(place: Workplace, answer: str) -> None:
    file = place.write("job.yaml", MIRROR)
    session = open_session(place, "run", file, "--sandbox")
    session.wait_for("Type yes to go on")

    session.type(answer)

    assert session.end() == 6, session.shown
    assert place.writes() == ()


def test_yes_runs_what_was_shown(quick_place: Workplace) -> None:
    file = quick_place.write("job.yaml", quick(MIRROR))
    session = open_session(quick_place, "run", file, "--sandbox")
    session.wait_for("Type yes to go on")
    assert "250000 USDT applied, 250000 USDT settled" in session.shown
    assert quick_place.writes() == ()

    session.type("yes")

    assert session.end() == 0, session.shown
    assert len(quick_place.orders()) == 2


def test_one_interrupt_ends_the_question_and_sends_nothing(place: Workplace) -> None:
    """Inside an event loop the first Ctrl-C would only be noted until the answer is typed."""
    file = place.write("job.yaml", MIRROR)
    session = open_session(place, "run", file, "--sandbox")
    session.wait_for("Type yes to go on")

    session.interrupt()

    assert session.end() == 130, session.shown
    assert "Traceback" not in session.shown
    assert place.writes() == ()


def test_no_question_is_asked_where_ci_runs_it(place: Workplace) -> None:
    """A CI system may lend a terminal; nobody sits at it."""
    place.variables["CI"] = "true"
    file = place.write("job.yaml", MIRROR)
    session = open_session(place, "run", file, "--sandbox")

    assert session.end() == 64, session.shown
    assert place.writes() == ()
