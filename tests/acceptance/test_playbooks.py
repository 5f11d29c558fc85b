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
from tests.acceptance.workplace import REPOSITORY, Ended, Workplace, replaced, world_text
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A run in which something is as it should not be, or nothing is to be done.

    Shapes: ``changes`` are passages of the world and what stands there instead; ``sends`` as in
        ``Book``; ``says`` stands in what the command prints.
    """

    id: str
    book: str
    code: int
    says: str
    inputs: tuple[str, ...] = ()
    changes: tuple[tuple[str, str], ...] = ()
    world: str = ""
    sends: int = 0


NOT_APPROVED = (
    (
        "label: arbitrage one\n    status: 1\n",
        "label: arbitrage one\n    status: 3\n",
    ),
)
POOR_PRIME = (('- coin: USDT\n        amount: "2000000"', '- coin: USDT\n        amount: "1000"'),)
CASES = (
    Case(
        id="rebalance-link-not-approved",
        book="mirrorx-rebalance",
        changes=NOT_APPROVED,
        code=4,
        says="the link acme/arb-01 is not approved",
    ),
    Case(
        id="rebalance-nothing-to-do",
        book="mirrorx-rebalance",
        inputs=('targets=["250000 USDT", "2 BTC"]',),
        code=0,
        says="exit 0: done",
    ),
    Case(
        id="rebalance-too-little-in-the-wallet",
        book="mirrorx-rebalance",
        inputs=('targets=["300000 USDT"]',),
        changes=POOR_PRIME,
        code=4,
        says="1000 USDT",
    ),
    Case(
        id="top-up-link-not-approved",
        book="mirrorx-top-up",
        changes=NOT_APPROVED,
        code=4,
        says="the link acme/arb-01 is not approved",
    ),
    Case(
        id="top-up-above-its-floor",
        book="mirrorx-top-up",
        inputs=("floor=200000 USDT",),
        code=0,
        says="Plan: no effects.",
    ),
    Case(
        id="top-up-reserve",
        book="mirrorx-top-up",
        inputs=("reserve=1900000 USDT",),
        code=4,
        says="the top-up would leave 1850000 USDT",
    ),
    Case(
        id="top-up-one-order-may-have-less",
        book="mirrorx-top-up",
        changes=POOR_PRIME,
        code=4,
        says="one order may have 1000 USDT at most",
    ),
    Case(
        id="settlement-nothing-but-what-is-kept",
        book="mirror-end-of-day",
        world="evening",
        inputs=('keep=["USDT", "BTC", "ETH"]',),
        code=0,
        says="Plan: no effects.",
    ),
    Case(
        id="settlement-network-left-out",
        book="mirror-end-of-day",
        world="evening",
        inputs=('networks=["ETH", "BTC"]',),
        code=4,
        says="one is on a network that is not settled",
    ),
    Case(
        # A custodian may list coins and networks of which nothing is mirrored.
        id="settlement-with-rows-of-nothing",
        book="mirror-end-of-day",
        code=0,
        says="exit 0: done",
        sends=2,
    ),
    Case(
        id="evening-ends-where-a-part-fails",
        book="end-of-day",
        changes=(
            (
                "\nclock:\n",
                (
                    "\nfaults:\n  - kind: late_failure\n    operation: mirrorx.order.create\n"
                    "    after: 1s\nclock:\n"
                ),
            ),
        ),
        code=1,
        says="not delivered: there is no target of that name here",
        # Two settlements, and both orders of the part that fails; the sweep does not begin.
        sends=4,
    ),
    Case(
        id="sweep-nothing-to-do",
        book="subwallet-sweep",
        inputs=('keep=["12500.5 USDT", "0.75 BTC"]',),
        code=0,
        says="Plan: no effects.",
    ),
    Case(
        id="sweep-not-a-sub-wallet",
        book="subwallet-sweep",
        inputs=('wallets=["acme/custody-01"]',),
        code=4,
        says="a wallet of the inputs is no sub-wallet of acme/prime-01",
    ),
    Case(
        id="funding-too-little",
        book="subwallet-funding",
        changes=POOR_PRIME,
        code=4,
        says="37499.5 USDT are needed, and the prime wallet has less",
    ),
    Case(
        id="funding-nothing-to-do",
        book="subwallet-funding",
        inputs=('opening=["12500.5 USDT"]',),
        code=0,
        says="Plan: no effects.",
    ),
    Case(
        id="wallet-is-there",
        book="wallet-provisioning",
        changes=(
            ("  - name: acme/prime-01\n", "  - name: acme/prime-01\n    label: macro fund\n"),
        ),
        code=0,
        says="306718327844294657",
    ),
    Case(
        id="wallet-of-another-type",
        book="wallet-provisioning",
        changes=(
            ("  - name: acme/custody-01\n", "  - name: acme/custody-01\n    label: macro fund\n"),
        ),
        code=4,
        says="of another type",
    ),
    Case(
        id="one-sub-wallet-is-there",
        book="subwallet-provisioning",
        changes=(("  - name: acme/desk-01\n", "  - name: acme/desk-01\n    label: basis desk\n"),),
        code=0,
        says="306718327844294701",
        sends=1,
    ),
    Case(
        id="report-in-spite-of-a-link",
        book="position-report",
        changes=NOT_APPROVED,
        code=0,
        says="all_links_approved  false",
    ),
    Case(
        id="withdrawal-not-approved",
        book="withdrawal",
        changes=(
            (
                "    coin: USDT\n    label: broker settlement\n",
                "    coin: USDT\n    label: broker settlement\n    status: 10\n",
            ),
        ),
        code=4,
        says="acme/broker-usdt is not on the whitelist, or its entry is not approved",
    ),
    Case(
        id="withdrawal-fee-too-high",
        book="withdrawal",
        inputs=("max_fee=3 USDT",),
        code=4,
        says="the fee is 3.5 USDT, more than is acceptable",
    ),
    Case(
        id="withdrawal-below-the-reserve",
        book="withdrawal",
        # The fee counts: without it exactly the reserve would be left.
        inputs=("reserve=975000 USDT",),
        code=4,
        says="amount and fee would take the wallet below its reserve",
    ),
    Case(
        id="withdrawal-fails-on-the-chain",
        book="withdrawal",
        changes=(
            (
                "\nclock:\n",
                (
                    "\nfaults:\n  - kind: late_failure\n    operation: withdrawal.create\n"
                    "    after: 1s\nclock:\n"
                ),
            ),
        ),
        code=1,
        says="failed",
        sends=1,
    ),
    Case(
        id="withdrawal-answer-lost",
        book="withdrawal",
        changes=(
            (
                "\nclock:\n",
                "\nfaults:\n  - kind: lost_reply\n    operation: withdrawal.create\nclock:\n",
            ),
        ),
        code=0,
        says="exit 0: done",
        sends=1,
    ),
    Case(
        id="whitelist-refused-before",
        book="whitelist-add",
        world="broker",
        code=4,
        says="the entry was refused before",
    ),
    Case(
        id="whitelist-approved-already",
        book="whitelist-add",
        world="broker",
        inputs=("destination=acme/old-broker",),
        code=0,
        says="Plan: no effects.",
    ),
    Case(
        id="maintenance",
        book="mirrorx-rebalance",
        changes=(
            (
                "\nclock:\n",
                "\nfaults:\n  - kind: maintenance\n    operation: system.status\nclock:\n",
            ),
        ),
        code=4,
        says="the custodian is not working normally",
    ),
    Case(
        id="one-transfer-fails",
        book="subwallet-sweep",
        changes=(
            (
                "\nclock:\n",
                (
                    "\nfaults:\n  - kind: late_failure\n    operation: subwallet.transfer.create\n"
                    "    after: 1s\nclock:\n"
                ),
            ),
        ),
        code=1,
        says="failed",
        sends=2,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_playbook_ends_as_its_header_says(place: Workplace, case: Case) -> None:
    world = world_of(case.world)
    for old, new in case.changes:
        world = replaced(world, old, new)
    at_desk(place, world)

    ended = run(place, case.book, *case.inputs).expect(case.code)

    assert case.says in ended.text
    assert len(place.writes()) == case.sends
    place.orders()


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
