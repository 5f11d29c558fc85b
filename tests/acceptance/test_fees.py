"""Fees that move between a plan and its run, by the real command and the sandbox's books."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from tests.acceptance.controls import served, write_controls
from tests.acceptance.kinds import legs
from tests.acceptance.workplace import Workplace, replaced, world_text

PAYOUT = """\
apiVersion: runner/v1
kind: Playbook
name: payout
once: today
may:
  withdrawal.create: {count: 1, total: 50 USDT}
steps:
  - id: pay
    effect: withdrawal.create
    every: 50ms..100ms
    with:
      from: acme/custody-01
      to: acme/cold-01
      amount: 50 USDT
      network: ETH
"""


def world(fee: str = "3.5") -> str:
    """Return a quick world in which a withdrawal of USDT on ETH costs a fee."""
    text = replaced(world_text(), "success_after: 2s", "success_after: 100ms")
    return replaced(text, 'amount: "3.5"', f'amount: "{fee}"')


@contextmanager
def planned_before(
    place: Workplace, playbook: str, *, fee: str
) -> Iterator[tuple[str | Path, ...]]:
    """Plan a playbook where the fee is 3.5 USDT, let it become another, and aim at what has it.

    The world is part of a sandbox's name in plans, so that this one is aimed at as a profile.
    """
    place.make_sandbox(world())
    with place.opened():
        pass
    place.write("payout.yaml", playbook)
    with served(place) as url:
        controls = write_controls(place, url, extra="    state: ../state.sqlite\n")
        directory = controls / "directory.yaml"
        directory.write_text(replaced(directory.read_text(), '    memo: "82486739"\n', ""))
        aimed = ("--controls", controls, "--profile", "main")
        place.run("plan", "payout.yaml", *aimed, "-o", "plan.json").expect(0)
    # Another world is another ledger; the custodian of a profile is known by address and keys.
    keys = place.sandboxes / "default" / "keys"
    kept = shutil.copytree(keys, place.folder / "keys")
    place.make_sandbox(world(fee))
    shutil.copytree(kept, keys)
    with served(place, port=int(url.rpartition(":")[2])) as again:
        assert again == url
        yield aimed


def test_fee_that_rose_since_the_plan_is_refused_with_nothing_sent(place: Workplace) -> None:
    with planned_before(place, PAYOUT, fee="4.25") as aimed:
        refused = place.run("apply", "plan.json", *aimed, "--yes").expect(7)

    words = " ".join(refused.err.split())
    assert "the plan no longer holds; nothing was sent. pay:" in words
    assert "3.5 USDT" in words
    assert "4.25 USDT" in words
    assert "hint: make a new plan" in words
    assert place.writes() == ()


def test_drift_planned_sends_all_the_same_and_the_recap_says_what_was_charged(
    place: Workplace,
) -> None:
    planned = replaced(PAYOUT, "    with:\n", "    drift: planned\n    with:\n")
    with planned_before(place, planned, fee="4.25") as aimed:
        done = place.run("apply", "plan.json", *aimed, "--yes").expect(0)

    words = " ".join(done.out.split())
    assert "the fee was 4.25 USDT, 0.75 USDT more than planned" in words
    (order,) = place.orders()
    assert [(credit, amount) for _, credit, amount in legs(order)] == [
        ("outside/world/USDT/ETH", 50),
        ("fees/world/USDT", Decimal("4.25")),
    ]


def test_what_is_in_transit_is_said_by_plan_show_and_recap(place: Workplace) -> None:
    """A step that ends on acceptance lets the next ones see money that has not arrived."""
    place.make_sandbox(world())
    job = place.write(
        "payout.yaml",
        replaced(PAYOUT, "to: acme/cold-01", "to: acme/broker-usdt").replace(
            "    with:\n", "    confirm: accepted\n    with:\n"
        ),
    )

    planned = place.run("plan", job, "--sandbox", "-o", "plan.json").expect(0)
    shown = place.run("show", "plan.json").expect(0)
    done = place.run("apply", "plan.json", "--sandbox", "--yes").expect(0)

    for said in (planned, shown, done):
        assert "in transit" in said.out
        assert "the run ends only when it has" in " ".join(said.out.split())
    assert all(order.settled for order in place.orders())
