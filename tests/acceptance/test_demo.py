"""``runner demo`` as a stranger starts it: in an empty folder, with nothing set up."""

from decimal import Decimal

import pytest

from tests.acceptance.workplace import Ended, Workplace, build_workplace

# It takes the default world's time; under xdist one worker runs it for all of these.
pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workplace, Ended]:
    """Run the demo once: it uses the default world, whose orders take their time."""
    place = build_workplace(tmp_path_factory.mktemp("demo"))
    return place, place.run("demo")


def test_demo_ends_well(shown: tuple[Workplace, Ended]) -> None:
    _, ended = shown

    ended.expect(0)
    assert ended.out.splitlines()[-1] == "exit 0: done"


def test_demo_shows_at_its_end_what_was_settled(shown: tuple[Workplace, Ended]) -> None:
    _, ended = shown

    last = [line.split() for line in ended.out.splitlines()[-10:]]

    assert ["settled", "250000", "USDT"] in last


def test_demo_shows_balances_that_return_to_where_they_started(
    shown: tuple[Workplace, Ended],
) -> None:
    _, ended = shown

    last = [line.split() for line in ended.out.splitlines()[-14:]]

    wallet = ["custody:acme/custody-01:ETH", "USDT", "1000000", "1000000", "1000000"]
    assert wallet in last
    assert ["mirrored:acme/mirror-01:ETH", "USDT", "50000", "50000", "50000"] in last


def test_demo_moves_the_amount_there_and_back_by_the_ledger(
    shown: tuple[Workplace, Ended],
) -> None:
    place, _ = shown
    wallet = "custody/374671162262925312/USDT/ETH"
    link = "mirrored/1450411129215791001/USDT/ETH"

    orders = place.orders("demo")

    assert [(str(o.debit), str(o.credit), o.amount, o.status) for o in orders] == [
        (wallet, link, Decimal(250000), 30),
        (link, wallet, Decimal(250000), 30),
    ]
    assert place.balances("demo")[wallet] == 1000000
    assert place.balances("demo")[link] == 50000


def test_demo_leaves_a_ledger_that_adds_up(shown: tuple[Workplace, Ended]) -> None:
    place, _ = shown

    checked = place.run("sandbox", "ledger", "demo", "--check").expect(0)

    assert "sums to zero" in checked.out


def test_demo_signs_every_request_and_gets_every_one_right(
    shown: tuple[Workplace, Ended],
) -> None:
    place, _ = shown

    assert {(r.signed, r.code) for r in place.requests("demo")} == {(True, "000000")}


def test_demo_runs_again_on_a_fresh_sandbox(shown: tuple[Workplace, Ended]) -> None:
    """The occurrence of its playbook is used up in the first sandbox; the second one is new."""
    place, first = shown
    first.expect(0)
    before = place.orders("demo")

    place.run("demo").expect(0)

    assert len(place.orders("demo")) == 2
    assert {o.id for o in before}.isdisjoint(o.id for o in place.orders("demo"))
