"""``runner reconcile``: what the sandbox's books have, against what the journal has."""

import json
from typing import Any

from tests.acceptance.halting import halted_mirrorx, halting_world, resolve
from tests.acceptance.test_cancel import cancel
from tests.acceptance.workplace import MIRROR, MIRRORX, Workplace, planned, quick, run_id

PORTAL = ("mirrorXLinkId=acme/arb-01", "orderType=10", "coinSymbol=USDT", "amount=5")


def reconciled(place: Workplace, code: int, *words: str) -> dict[str, Any]:
    """Reconcile, and return what was found."""
    found: dict[str, Any] = json.loads(
        place.run("reconcile", *words, "--json", "--sandbox").expect(code).out
    )
    assert found["exit"] == code
    return found


def kinds(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["kind"], each["order"]) for each in found["differences"]]


def test_what_was_sent_fits_and_what_a_person_did_does_not(quick_place: Workplace) -> None:
    place = quick_place
    for name, book in (("one", MIRRORX), ("two", MIRROR)):
        plan = planned(place, quick(book), out=f"{name}.json")
        place.run("apply", plan, "--sandbox", "--yes").expect(0)
    sent = len(place.writes())
    assert reconciled(place, 0)["matched"] == 4
    place.run("sandbox", "portal", "mirrorx.order.create", *PORTAL).expect(0)
    stranger = place.orders()[-1].id

    found = reconciled(place, 11)

    assert kinds(found) == [("unexplained", stranger)]
    assert found["complete"]
    shown = place.run("reconcile", "--since", "2h", "--sandbox").expect(11)
    assert stranger in shown.out
    assert "1 difference," in shown.out
    assert len(place.writes()) == sent


def test_list_that_is_not_whole_is_never_no_difference(quick_place: Workplace) -> None:
    place = quick_place
    plan = planned(place, quick(MIRRORX))
    place.run("apply", plan, "--sandbox", "--yes").expect(0)
    orders = [order.id for order in place.orders()]
    fault = ("fault", "add", "--operation", "mirrorx.order.list", "--calls", "always")
    place.run("sandbox", *fault, "stale", "lag=1h").expect(0)
    assert sorted(kinds(reconciled(place, 11))) == sorted(("missing", each) for each in orders)
    place.run("sandbox", "fault", "remove", "1").expect(0)
    place.run("sandbox", *fault, "http_error").expect(0)

    found = reconciled(place, 9)

    assert not found["complete"]
    assert found["differences"] == []
    shown = place.run("reconcile", "--sandbox").expect(9)
    assert "incomplete: MirrorX orders of acme/arb-01" in shown.out


def test_halted_effect_is_open_until_it_is_resolved_and_its_run_ended(place: Workplace) -> None:
    place.make_sandbox(halting_world())
    plan = halted_mirrorx(place)
    (sent,) = place.orders()
    found = reconciled(place, 11)
    assert sorted(kinds(found)) == [("open", ""), ("unexplained", sent.id)]
    assert f"delegate of {run_id(plan)}, halted, is like it" in str(found)

    resolve(place, plan, "delegate", "--adopt", sent.id).expect(0)
    cancel(place, run_id(plan)).expect(13)

    assert reconciled(place, 0)["matched"] == 1
    bad = place.run("reconcile", "--since", "soon", "--sandbox").expect(64)
    assert "neither a moment nor a duration" in bad.err
