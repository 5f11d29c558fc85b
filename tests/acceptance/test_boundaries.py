"""The real command passes every boundary there is, and nothing but its starter can name one."""

import signal

from runner.core.boundary import BOUNDARIES
from tests.acceptance.test_notices import BOOK
from tests.acceptance.workplace import Workplace, planned, run_id

PASSED_ELSEWHERE = {
    f"{when}-{edge}" for when in ("before", "after") for edge in ("decision", "suspension", "lease")
}
"""No person decides about this run, nothing hands it back, and its journal is a file, whose owner
needs no lease."""


def test_a_run_passes_every_boundary_in_the_order_of_its_writes(quick_place: Workplace) -> None:
    file = quick_place.write("job.yaml", BOOK)

    run = ("run", file, "--sandbox", "--yes")
    quick_place.run_bounded("list:passed.txt", *run).expect(0)

    passed = (quick_place.folder / "passed.txt").read_text("utf-8").split()
    assert set(passed) == set(BOUNDARIES) - PASSED_ELSEWHERE
    firsts = list(dict.fromkeys(passed))
    assert firsts[: firsts.index("before-transition")] == [
        "before-own",
        "after-own",
        "before-run",
        "after-run",
        "before-locks",
        "after-locks",
        "before-entry",
        "after-entry",
        "after-look",
        "before-intent",
        "after-intent",
        "before-attempt",
        "after-attempt",
        "before-send",
        "after-send",
        "before-answer",
        "after-answer",
    ]
    assert passed[-4:] == ["before-finish", "after-finish", "before-release", "after-release"]


def test_a_process_that_dies_after_its_send_has_made_one_order_and_kept_no_answer(
    quick_place: Workplace,
) -> None:
    plan = planned(quick_place, BOOK)

    died = quick_place.run_bounded("kill:after-send:1", "apply", plan, "--sandbox", "--yes")

    assert died.code == -signal.SIGKILL
    assert len(quick_place.orders()) == 1
    journal = quick_place.run("logs", run_id(plan), "--sandbox").expect(0).out
    assert "none yet" in journal
