"""Every playbook of ``playbooks/``, run as its header says, and judged by the sandbox's books."""

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from runner.plan.fee import FEES
from runner.sandbox.books import LoggedRequest
from tests.acceptance.projected import ledger_account
from tests.acceptance.workplace import REPOSITORY, Ended, Workplace, world_text
from tests.pages import PLAYBOOKS
from tests.plan_schema import plan_errors

BOOKS = REPOSITORY / "playbooks"
FAST_CLOCK = '\nclock:\n  mode: scaled\n  factor: "20"\n'
"""Orders take as long as the playbooks expect, and the clock does not."""


def world_of(name: str) -> str:
    """Return a world of the playbooks, or the default one, on a clock that is fast."""
    if name:
        return (BOOKS / "worlds" / f"{name}.yaml").read_text("utf-8") + FAST_CLOCK
    return world_text(in_progress_after="1s", success_after="1s", timestamp_window="1h") + (
        FAST_CLOCK
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One playbook as its header runs it.

    Shapes: ``sends`` counts the requests that change something, by operation; ``world`` names a
        world beside the playbooks, or is empty for the sandbox's own; ``fee`` is what the custodian
        takes on top, in a coin's amount, or empty.
    """

    name: str
    sends: dict[str, int]
    world: str = ""
    inputs: tuple[str, ...] = ()
    fee: str = ""


BOOK_LIST = (
    Book(
        name="end-of-day",
        sends={
            "mirror.asset.settle": 2,
            "mirrorx.order.create": 2,
            "subwallet.transfer.create": 2,
        },
    ),
    Book(
        name="mirror-apply-and-settle",
        sends={"mirror.asset.apply": 1, "mirror.asset.settle": 1},
    ),
    Book(
        name="exchange-transfer",
        sends={"exchange.transfer.create": 1},
        world="exchange",
    ),
    Book(name="mirror-end-of-day", sends={"mirror.asset.settle": 3}, world="evening"),
    Book(name="mirrorx-delegate-and-undelegate", sends={"mirrorx.order.create": 2}),
    Book(name="mirrorx-rebalance", sends={"mirrorx.order.create": 2}),
    Book(name="mirrorx-top-up", sends={"mirrorx.order.create": 1}),
    Book(name="mirrorx-trim", sends={"mirrorx.order.create": 2}),
    Book(name="position-report", sends={}),
    Book(name="subwallet-funding", sends={"subwallet.transfer.create": 5}),
    Book(name="subwallet-provisioning", sends={"subwallet.create": 2}),
    Book(name="subwallet-sweep", sends={"subwallet.transfer.create": 2}),
    Book(name="wallet-provisioning", sends={"wallet.create": 1}),
    Book(
        name="whitelist-add",
        sends={"whitelist.upsert": 1},
        world="broker",
        inputs=("after_refusal=true",),
    ),
    Book(name="withdrawal", sends={"withdrawal.create": 1}, fee="3.5"),
)


def at_desk(place: Workplace, world: str) -> Workplace:
    """Give a working folder the playbooks and a sandbox of a world."""
    shutil.copytree(BOOKS, place.folder / "playbooks")
    place.make_sandbox(world)
    return place


def run(place: Workplace, name: str, *inputs: str) -> Ended:
    """Run a playbook as its header says."""
    given = [word for each in inputs for word in ("--input", each)]
    return place.run("run", f"playbooks/{name}.yaml", "--sandbox", "--yes", *given)


def planned(place: Workplace, book: Book) -> dict[str, Any]:
    """Plan a playbook, which sends nothing, and return the plan; its file keeps to its schema."""
    given = [word for each in book.inputs for word in ("--input", each)]
    file = f"playbooks/{book.name}.yaml"
    place.run("plan", file, "--sandbox", "-o", "plan.json", *given).expect(0)
    assert place.writes() == ()
    data = (place.folder / "plan.json").read_bytes()
    assert plan_errors(data) == []
    plan: dict[str, Any] = json.loads(data)["plan"]
    return plan


def moved(place: Workplace) -> dict[str, Decimal]:
    """Return what every order takes from its account, by its requestId; the books must add up."""
    return {
        order.request_id: sum((leg.amount for leg in order.legs), Decimal(0))
        for order in place.orders()
    }


HIDDEN = ("external:", "exchange:")
"""What no read shows, so that a plan knows neither what is there before nor afterwards."""


def assert_projected(place: Workplace, plan: dict[str, Any], before: Mapping[str, Decimal]) -> None:
    """Hold a plan's balances against the books, before its run and after it.

    What the custodian has taken is not shown by any read, so of that the change is compared; the
    plan has said of everything else that it does not know it.
    """
    after = place.balances()
    with place.opened() as sandbox:
        world = sandbox.world
    for line in plan["balances"]:
        account, coin = line["account"], line["coin"]
        if account.startswith(HIDDEN):
            assert line["before"] is None
            assert line["after"] is None
        elif account == FEES:
            taken = after[f"fees/world/{coin}"] - before.get(f"fees/world/{coin}", Decimal(0))
            assert Decimal(line["change"]) == taken
        else:
            name = ledger_account(world, account, coin)
            assert Decimal(line["before"]) == before.get(name, Decimal(0)), name
            assert Decimal(line["after"]) == after[name], name
    for coin in {line["coin"] for line in plan["balances"]}:
        changes = [line["change"] for line in plan["balances"] if line["coin"] == coin]
        assert sum(map(Decimal, changes)) == 0


def sent(writes: tuple[LoggedRequest, ...]) -> Counter[str]:
    """Count requests by operation."""
    return Counter(each.operation for each in writes)


def test_every_playbook_is_run() -> None:
    assert {path.stem for path in PLAYBOOKS} == {book.name for book in BOOK_LIST}


def test_every_world_is_used() -> None:
    worlds = {path.stem for path in (BOOKS / "worlds").glob("*.yaml")}

    assert worlds == {book.world for book in BOOK_LIST} - {""}


def test_all_of_them_are_valid_without_warnings_and_formatted(place: Workplace) -> None:
    place.run("validate", "--strict", BOOKS).expect(0)
    place.run("fmt", "--check", BOOKS).expect(0)


@pytest.mark.parametrize("book", BOOK_LIST, ids=lambda book: book.name)
def test_playbook_does_exactly_what_its_plan_says_and_only_once(
    place: Workplace, book: Book
) -> None:
    at_desk(place, world_of(book.world))
    plan = planned(place, book)
    effects, before = plan["effects"], place.balances()
    bodies = [json.loads(effect["body"], parse_float=str) for effect in effects]

    ended = run(place, book.name, *book.inputs).expect(0)

    writes = place.writes()
    assert sent(writes) == book.sends
    # What can be done again without harm carries no requestId.
    ids = sorted(str(body.get("requestId", "")) for body in bodies)
    assert sorted(r.request_id for r in writes) == ids
    assert {r.code for r in writes} <= {"000000"}
    assert {e["fee"] and e["fee"]["amount"] for e in effects} <= {book.fee or None}
    fee = Decimal(book.fee or 0)
    assert moved(place) == {
        str(b["requestId"]): Decimal(b["amount"]) + fee for b in bodies if "amount" in b
    }
    assert "not as projected" not in ended.out
    assert_projected(place, plan, before)

    again = run(place, book.name, *book.inputs)

    assert again.code == (7 if book.sends else 0), again.text
    assert place.writes() == writes


def test_nothing_to_do_does_not_use_the_day_up(place: Workplace) -> None:
    at_desk(place, world_of(""))
    run(place, "mirrorx-rebalance", 'targets=["250000 USDT"]').expect(0)

    run(place, "mirrorx-rebalance").expect(0)

    assert sent(place.writes()) == {"mirrorx.order.create": 2}


@pytest.mark.parametrize("page", ["README.md", "docs/playbooks.md"])
def test_page_names_every_playbook(page: str) -> None:
    text = (REPOSITORY / page).read_text("utf-8")

    assert all(f"playbooks/{book.name}.yaml)" in text for book in BOOK_LIST)


def test_headers_name_commands_that_are_for_the_file_itself() -> None:
    for path in PLAYBOOKS:
        header = path.read_text("utf-8").partition("apiVersion:")[0]
        commands = [line for line in header.splitlines() if line.startswith("#   runner ")]
        assert commands, path
        assert all(f"playbooks/{path.name}" in line for line in commands), path
