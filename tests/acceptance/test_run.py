"""``runner run``: dry, it sends nothing; with ``--yes``, it moves exactly what it showed."""

import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.acceptance.workplace import MIRROR, MIRRORX, Ended, Workplace, quick

PLAYBOOKS = pytest.mark.parametrize("playbook", [MIRROR, MIRRORX], ids=["mirror", "mirrorx"])


@pytest.fixture(scope="module")
def ran(shared_place: Callable[[], Workplace]) -> tuple[Workplace, Ended]:
    """Run the shipped Mirror playbook once, with another amount than its default."""
    place = shared_place()
    file = place.write("job.yaml", quick(MIRROR))
    return place, place.run("run", file, "--sandbox", "--yes", "-i", "amount=0.000001 USDT")


@PLAYBOOKS
def test_dry_run_shows_the_plan_and_sends_no_effect(place: Workplace, playbook: str) -> None:
    file = place.write("job.yaml", playbook)

    shown = place.run("run", file, "--sandbox", "--dry-run").expect(0).out

    amount, verbs = {
        MIRROR: ("250000 USDT", ("applied", "settled")),
        MIRRORX: ("100000 USDT", ("delegated", "undelegated")),
    }[playbook]
    assert f"Plan: 2 effects, {amount} {verbs[0]}, {amount} {verbs[1]}." in shown
    assert place.requests()
    assert place.writes() == ()
    assert place.orders() == ()


def test_dry_run_uses_up_nothing_and_ignores_yes(quick_place: Workplace) -> None:
    file = quick_place.write("job.yaml", quick(MIRROR))
    quick_place.run("run", file, "--sandbox", "--dry-run", "--yes").expect(0)
    assert quick_place.writes() == ()

    quick_place.run("run", file, "--sandbox", "--yes").expect(0)

    assert len(quick_place.orders()) == 2


@PLAYBOOKS
def test_run_moves_exactly_what_its_plan_says(quick_place: Workplace, playbook: str) -> None:
    """The plan is made by another process; requestIds are derived, so both name the same."""
    file = quick_place.write("job.yaml", quick(playbook))
    quick_place.run("plan", file, "--sandbox", "-o", "plan.json").expect(0)
    shown = quick_place.run("show", "plan.json", "--format", "json").expect(0)
    bodies = [json.loads(effect["body"]) for effect in json.loads(shown.out)["plan"]["effects"]]
    before = quick_place.balances()

    quick_place.run("run", file, "--sandbox", "--yes").expect(0)

    sent = [(o.request_id, o.amount, o.owner) for o in quick_place.orders()]
    link = "mirrorLinkId" if playbook is MIRROR else "mirrorXLinkId"
    assert sent == [(b["requestId"], Decimal(b["amount"]), str(b[link])) for b in bodies]
    assert len(sent) == 2
    assert quick_place.balances() == before


def test_run_ends_well(ran: tuple[Workplace, Ended]) -> None:
    _, ended = ran

    ended.expect(0)


def test_run_sends_one_request_an_order(ran: tuple[Workplace, Ended]) -> None:
    place, _ = ran

    orders = place.orders()

    assert len(orders) == 2
    assert [r.order_id for r in place.writes()] == [order.id for order in orders]


def test_run_moves_the_amount_it_was_given(ran: tuple[Workplace, Ended]) -> None:
    place, _ = ran

    assert [order.amount for order in place.orders()] == [Decimal("0.000001")] * 2


def test_run_prints_every_request_id_and_order(ran: tuple[Workplace, Ended]) -> None:
    place, ended = ran

    shown = {word for line in ended.out.splitlines() for word in line.split()}

    assert {o.request_id for o in place.orders()} <= shown
    assert {o.id for o in place.orders()} <= shown


def test_run_logs_json_lines_with_ids_off_a_terminal(ran: tuple[Workplace, Ended]) -> None:
    place, ended = ran

    events = [json.loads(line) for line in ended.err.splitlines()]

    logged = {e["request_id"] for e in events if e["event"] == "effect_changed"}
    assert logged == {order.request_id for order in place.orders()}
