"""Every kind of effect sent by the real command, killed between send and answer, and told nothing.

The judge is the sandbox: its orders leg by leg, its wallets, its whitelist.
"""

import json

import pytest

from tests.acceptance.jobs import start_apply
from tests.acceptance.kinds import (
    ALL,
    BROKER,
    BY_REQUEST_ID,
    CREATIONS,
    REPEATABLES,
    assert_once,
    fault,
    kinds_world,
    playbook,
    side_by_side,
    things,
    writes_of,
)
from tests.acceptance.workplace import Workplace, planned, run_id


def test_every_kind_is_done_once_though_each_process_is_killed_after_its_send(
    place: Workplace,
) -> None:
    """The reply to each write is held back for longer than anybody waits: one kill an effect."""
    delays = (fault(step, "delay", "by: 60s") for step in ALL)
    place.make_sandbox(kinds_world(*delays))
    plan = planned(place, playbook(*ALL))

    run = start_apply(place, plan)
    for number, step in enumerate(ALL, 1):
        arrived = place.wait_for(
            lambda log, wanted=number: sum(r.method == "POST" for r in log) >= wanted, unless=run
        )
        assert arrived, f"before {step}: {run.end()}"
        run.kill()
        run = place.start("resume", run_id(plan), "--sandbox")
    run.end().expect(0)

    assert_once(place, *ALL)
    assert writes_of(place, "resend") == ["000000"] * 2
    assert len(place.writes()) == len(ALL) + 1
