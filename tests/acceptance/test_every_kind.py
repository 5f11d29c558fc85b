"""Every kind of effect sent by the real command, killed between send and answer, and told nothing.

The judge is the sandbox: its orders leg by leg, its wallets, its whitelist.
"""

from collections.abc import Callable

import pytest

from runner.sandbox.books import LoggedRequest
from tests.acceptance.jobs import start_apply
from tests.acceptance.kinds import (
    ALL,
    BY_REQUEST_ID,
    CREATIONS,
    REPEATABLES,
    assert_once,
    fault,
    kinds_world,
    playbook,
    side_by_side,
    writes_of,
)
from tests.acceptance.workplace import Workplace, planned, run_id


def has_written(count: int) -> Callable[[tuple[LoggedRequest, ...]], bool]:
    """Tell whether so many writes have arrived."""
    return lambda log: sum(request.method == "POST" for request in log) >= count


def test_every_kind_is_done_once_though_each_process_is_killed_after_its_send(
    place: Workplace,
) -> None:
    """The reply to each write is held back for longer than anybody waits: one kill an effect."""
    delays = (fault(step, "delay", "by: 60s") for step in ALL)
    place.make_sandbox(kinds_world(*delays))
    plan = planned(place, playbook(*ALL))

    run = start_apply(place, plan)
    for number, step in enumerate(ALL, 1):
        arrived = place.wait_for(has_written(number), unless=run)
        assert arrived, f"before {step}: {run.end()}"
        run.kill()
        run = place.start("resume", run_id(plan), "--sandbox")
    run.end().expect(0)

    assert_once(place, *ALL)
    assert writes_of(place, "resend") == ["000000"] * 2
    assert len(place.writes()) == len(ALL) + 1


@pytest.mark.parametrize(
    "told",
    [
        ("lost_reply",),
        ("http_error", "status: 503"),
        ("error_code", "code: G20001"),
    ],
    ids=lambda told: told[0],
)
def test_every_kind_is_done_once_though_no_answer_says_so(
    place: Workplace, told: tuple[str, ...]
) -> None:
    """The sandbox takes whatever comes twice, so a second send would be a second effect."""
    faults = (fault(step, *told) for step in ALL)
    place.make_sandbox(kinds_world(*faults, dedupe="none"))
    job = place.write("job.yaml", playbook(*ALL))

    place.run("run", job, "--sandbox", "--yes").expect(0)

    assert_once(place, *ALL)
    assert len(place.writes()) == len(ALL) + 1
    assert len(writes_of(place, "resend")) == 2


def test_request_that_arrives_twice_is_done_once(place: Workplace) -> None:
    """What we see is the second answer: the requestId was seen before."""
    steps = (*BY_REQUEST_ID, *CREATIONS)
    faults = (fault(step, "duplicate_delivery", "answer: second") for step in steps)
    place.make_sandbox(kinds_world(*faults))
    job = place.write("job.yaml", playbook(*steps))

    place.run("run", job, "--sandbox", "--yes").expect(0)

    assert_once(place, *steps)


def test_nothing_is_sent_again_but_what_leaves_the_same_twice(place: Workplace) -> None:
    """No write is executed the first time; reading cannot tell that from one still to come."""
    steps = ("withdraw", "up", "out", *CREATIONS, *REPEATABLES)
    asked = [s for s in steps if s not in REPEATABLES]
    faults = (fault(step, "lost_reply", "when: before", steps=steps) for step in steps)
    place.make_sandbox(kinds_world(*faults, timestamp_window="1s", dedupe="none"))
    job = place.write("job.yaml", side_by_side(*steps))

    ended = place.run("run", job, "--sandbox", "--yes").expect(10)

    (run,) = {word for word in ended.out.split() if word.startswith("R-")}
    again = place.run("resume", run, "--sandbox").expect(10)
    for said in (ended, again):
        assert said.out.count("Please tell us what became of the request") == len(asked)
    assert_once(place, *REPEATABLES)
    assert len(place.writes()) == len(steps) + len(REPEATABLES)
