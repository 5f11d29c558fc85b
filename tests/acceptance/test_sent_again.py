"""What may have been lost is sent again where the profile says that this is safe, and only there.

The sandbox recognises a requestId, and lists MirrorX orders without one; the judge is its ledger.
"""

import re

import pytest

from tests.acceptance.controls import served, write_controls
from tests.acceptance.halting import halting_world, lose_reply
from tests.acceptance.workplace import Ended, Workplace

FENCE = "    facts:\n      timestamp_window: 1s\n      clock_skew: 0s\n      read_lag: 0s\n"
MEMORY = "      dedupe: request_id\n      dedupe_lifetime: 24h\n      rejected_uses_id: false\n"


BOOK = """\
apiVersion: runner/v1
kind: Playbook
name: back
once: the only time
may:
  mirrorx.undelegate: {count: 1, total: 5 USDT}
steps:
  - id: back
    effect: mirrorx.undelegate
    with:
      link: acme/arb-01
      amount: 5 USDT
    every: 50ms..100ms
"""


def run(place: Workplace, when: str, facts: str) -> Ended:
    """Run the playbook against a profile with these facts, whose first reply is lost."""
    place.make_sandbox(halting_world())
    with served(place) as url:
        lose_reply(place, "mirrorx.order.create", when=when)
        controls = write_controls(place, url, extra=facts)
        file = place.write("job.yaml", BOOK)
        return place.run("run", file, "--yes", "--controls", controls, "--profile", "main")


@pytest.mark.parametrize("when", ["before", "after"])
def test_lost_effect_is_settled_by_a_copy_under_its_own_id(place: Workplace, when: str) -> None:
    """The copy is accepted, or answered "duplicate": then the one order listed is ours."""
    ended = run(place, when, FENCE + MEMORY).expect(0)

    (order,) = place.orders()
    writes = place.writes()
    assert len(writes) == 2
    assert {write.request_id for write in writes} == {order.request_id}
    assert writes[1].code == ("000000" if when == "before" else "G20015")
    assert ("attributed: its requestId was executed" in ended.out) is (when == "after")


def test_without_the_facts_it_is_halted_and_says_why_it_was_not_sent_again(
    place: Workplace,
) -> None:
    ended = run(place, "before", FENCE).expect(10)

    assert place.orders() == ()
    assert len(place.writes()) == 1
    words = re.sub(r"\s+", " ", ended.out)
    assert "not known that the custodian never executes a requestId twice" in words
