"""Runs of several processes that meet one limit at the same time, judged by the sandbox's books."""

from decimal import Decimal

import pytest

from tests.acceptance.controls import served, write_controls
from tests.acceptance.workplace import Workplace, world_text

LIMIT = 505
SENDS = 6
LINKS = (("acme/mirror-01", "ETH"), ("acme/mirror-02", "BSC"))
POLICY = f"""\
apiVersion: runner/v1
kind: Policy
rules:
  - name: day
    reason: The limit of a day.
    match:
      sum:
        window: 24h
        at_most: {LIMIT} USDT
    verdict: allow
"""
CAP = f"    caps:\n      per_day:\n        total: {LIMIT} USDT\n"


def playbook(link: str, network: str, amounts: tuple[int, ...]) -> str:
    """Return a playbook that sends some amounts to one link, one after the other."""
    head = (
        "apiVersion: runner/v1\nkind: Playbook\n"
        f"name: {link.partition('/')[2]}\nonce: today\n"
        f"may:\n  mirror.apply: {{count: {len(amounts)}, total: {sum(amounts)} USDT}}\nsteps:\n"
    )
    return head + "".join(
        f"  - id: send{number}\n    effect: mirror.apply\n    every: 50ms..100ms\n"
        f"    with: {{link: {link}, network: {network}, amount: {amount} USDT}}\n"
        for number, amount in enumerate(amounts)
    )


@pytest.mark.parametrize(
    ("policy", "cap", "amounts"),
    [
        (POLICY, "", ((80,) * SENDS, (70,) * SENDS)),
        ("", CAP, ((90, 10, 120, 5, 60, 200), (33, 150, 7, 90, 41, 120))),
    ],
    ids=["policy", "cap-per-day"],
)
def test_two_processes_do_not_pass_a_limit_together(
    place: Workplace, policy: str, cap: str, amounts: tuple[tuple[int, ...], ...]
) -> None:
    """Each plan fits by itself, and so does every effect when its run begins."""
    place.make_sandbox(world_text())
    with place.opened():
        pass
    plans = []
    with served(place) as url:
        controls = write_controls(place, url, extra=f"    state: ../state.sqlite\n{cap}")
        if policy:
            place.write("controls/policy.yaml", policy)
        aimed = ("--controls", controls, "--profile", "main")
        for number, (link, network) in enumerate(LINKS):
            file = place.write(f"job{number}.yaml", playbook(link, network, amounts[number]))
            place.run("plan", file, *aimed, "-o", f"plan{number}.json").expect(0)
            plans.append(f"plan{number}.json")

        started = [place.start("apply", plan, *aimed, "--yes") for plan in plans]
        ended = [each.end() for each in started]

    sent = sum((order.amount for order in place.orders()), Decimal(0))
    assert sent <= LIMIT
    # One has sent all it planned, or each was denied an amount that no longer fitted.
    assert sent >= min(*map(sum, amounts), LIMIT - max(map(max, amounts)))
    codes = sorted(each.code for each in ended)
    assert codes in ([0, 5], [5, 5]), [each.text for each in ended]
    assert any("day" in each.text for each in ended if each.code == 5)
