"""The dry run of steps inside steps: both sides of what is undecided, in the order of the file."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from runner.actions.effects import draft_effect
from runner.catalogue.load import load_api
from runner.catalogue.manifests import MANIFESTS
from runner.controls.directory import Directory, LinkEntry, WalletEntry
from runner.core.errors import PolicyDenied
from runner.core.money import Money
from runner.core.values import Value
from runner.documents.files import check_text
from runner.engine.run import Walk
from runner.engine.verdict import Cause
from runner.plan.build import check_may, planning_diagnostics
from runner.plan.dryrun import DryRun, DryRunner, Identity
from runner.playbook.calls import StoredFiles
from runner.playbook.load import load_playbook
from runner.playbook.model import Playbook
from tests.engine.engine_fakes import START, FakeClock, FakeReads, playbook_of, positions

API = load_api()
DIRECTORY = Directory(
    entity="acme",
    coins={"USDT": 6, "BTC": 8},
    networks=frozenset({"ETH"}),
    wallets={"main": WalletEntry(name="main", id="1", type="qualified")},
    mirror_links={"prime": LinkEntry(name="prime", id="4711", wallet="main", binance_uid="9")},
)
TARGETS = "inputs:\n  targets: {type: list<money>}\n"
USDT, BTC = Money(Decimal(5), "USDT"), Money(Decimal(2), "BTC")
LOOP = """
  - id: each
    foreach: target in inputs.targets
    key: target.coin
    max_parallel: 8
    effect: mirror.apply
    with: {link: prime, amount: "${{ target }}", network: ETH}
"""
APPLY = """
  - id: apply
    effect: mirror.apply
    with: {link: prime, amount: 5 USDT, network: ETH}
"""
LATER = """
  - id: later
    uses: mirror.record
    with: {link: prime, record: "${{ steps.apply.record }}"}
"""


async def _dry(
    playbook: Playbook,
    inputs: Mapping[str, Value] | None = None,
    *,
    planned: frozenset[str] = frozenset(),
) -> DryRun:
    runner = DryRunner(
        reads=FakeReads({"mirror.positions": [positions("100")]}),
        draft=lambda manifest, arguments: draft_effect(
            manifest, arguments, directory=DIRECTORY, api=API
        ),
        clock=FakeClock(),
        random=lambda: 0.0,
        places=lambda coin: DIRECTORY.coins[coin],
    )
    walk = Walk(playbook=playbook, inputs=inputs or {}, now=START)
    identity = Identity(host="h", entity="acme", playbook="t", occurrence="x")
    return await runner.run(walk, identity, emit=lambda _: None, planned=planned)


def _intents(dry: DryRun) -> list[tuple[str, bool]]:
    return [(intent.path, intent.decided) for intent in dry.intents]


async def test_items_are_planned_in_the_order_of_the_list() -> None:
    dry = await _dry(playbook_of(LOOP, head=TARGETS), {"targets": (BTC, USDT)})

    assert _intents(dry) == [("each[BTC]", True), ("each[USDT]", True)]
    assert [step.path for step in dry.steps] == ["each", "each[BTC]", "each[USDT]"]


async def test_effect_of_an_item_keeps_its_id_whatever_stands_beside_it() -> None:
    """A key is the name; the place in the list is nothing."""
    playbook = playbook_of(LOOP, head=TARGETS)
    both = await _dry(playbook, {"targets": (BTC, USDT)})
    alone = await _dry(playbook, {"targets": (USDT,)})

    assert both.intents[1].request_id == alone.intents[0].request_id


async def test_group_behind_an_unknown_condition_is_planned_and_undecided() -> None:
    steps = (
        APPLY
        + LATER
        + """
  - id: group
    if: steps.later.status == "success"
    steps:
      - id: settle
        effect: mirror.settle
        with: {link: prime, amount: 1 USDT, network: ETH, from: ceffu}
      - id: again
        foreach: number in [1]
        key: '"one"'
        effect: mirror.settle
        with: {link: prime, amount: 2 USDT, network: ETH, from: ceffu}
  - id: asked
    if: ran(steps.group.settle)
    assert: steps.group.settle.status == "success"
"""
    )

    dry = await _dry(playbook_of(steps))

    assert dry.end.cause is Cause.DONE
    assert _intents(dry) == [
        ("apply", True),
        ("group/settle", False),
        ("group/again[one]", False),
    ]
    assert [(s.path, s.state.value) for s in dry.steps if s.path in {"group", "asked"}] == [
        ("group", "assumed"),
        ("asked", "assumed"),
    ]


async def test_item_behind_an_unknown_condition_makes_the_whole_loop_unknown() -> None:
    steps = (
        APPLY
        + LATER
        + LOOP.replace("    effect", '    if: steps.later.status == "success"\n    effect')
        + "  - id: asked\n    assert: len(steps.each) == 1\n"
    )

    dry = await _dry(playbook_of(steps, head=TARGETS), {"targets": (USDT,)})

    assert _intents(dry) == [("apply", True), ("each[USDT]", False)]
    assert dry.steps[-1].message == "only the run can decide its assert"


async def test_loop_with_an_effect_over_an_unknown_list_cannot_be_planned() -> None:
    source = "[row.amount for row in steps.seen.rows if steps.later.found]"
    seen = "  - id: seen\n    uses: mirror.positions\n    with: {link: prime}\n"
    steps = APPLY + LATER + seen + LOOP.replace("inputs.targets", source)

    dry = await _dry(playbook_of(steps))

    (found,) = planning_diagnostics(dry)
    assert found.code == "loop-unknown"
    assert found.span.line > 20
    assert found.hint == "loop over inputs, or over what was read before any effect"


async def test_loop_that_only_reads_over_an_unknown_list_is_shown_as_such() -> None:
    steps = (
        APPLY
        + LATER
        + """
  - id: seen
    uses: mirror.positions
    with: {link: prime}
  - id: each
    foreach: row in [row for row in steps.seen.rows if steps.later.found]
    uses: mirror.positions
    with: {link: prime}
  - id: check
    assert: len(steps.each) > 0
"""
    )

    dry = await _dry(playbook_of(steps))

    assert dry.end.cause is Cause.DONE
    assert dry.problems == ()
    shown = [(s.path, s.state.value, s.message) for s in dry.steps if s.path.startswith("each")]
    assert shown == [
        ("each", "assumed", "the items are known to the run alone; none of them is shown here")
    ]
    assert dry.steps[-1].state.value == "assumed"


async def test_key_that_is_there_twice_cannot_be_planned() -> None:
    dry = await _dry(playbook_of(LOOP, head=TARGETS), {"targets": (USDT, USDT)})

    (found,) = planning_diagnostics(dry)
    assert (found.code, found.summary) == ("loop-key-invalid", "the key 'USDT' is there twice")
    assert dry.intents == ()


async def test_branches_are_planned_in_the_order_of_the_file() -> None:
    steps = """
  - id: both
    parallel:
      - id: left
        steps:
          - id: nap
            pause: 1h
          - id: apply
            effect: mirror.apply
            with: {link: prime, amount: 5 USDT, network: ETH}
      - id: right
        steps:
          - id: apply
            effect: mirror.apply
            with: {link: prime, amount: 6 USDT, network: ETH}
"""

    dry = await _dry(playbook_of(steps))

    assert _intents(dry) == [("both/left/apply", True), ("both/right/apply", True)]
    assert [step.path for step in dry.steps] == [
        "both",
        "both/left",
        "both/left/nap",
        "both/left/apply",
        "both/right",
        "both/right/apply",
    ]


async def test_read_inside_a_group_sees_what_effects_before_it_would_do() -> None:
    steps = (
        "  - id: before\n    uses: mirror.positions\n    with: {link: prime}\n"
        + APPLY
        + """
  - id: group
    steps:
      - id: after
        uses: mirror.positions
        with: {link: prime}
        assert: balance(result, "USDT") == money("105 USDT")
"""
    )

    assert (await _dry(playbook_of(steps))).end.cause is Cause.DONE


CALLER = """\
apiVersion: runner/v1
kind: Playbook
name: t
once: x
may:
  mirror.apply: {count: 9, total: 1000 USDT}
steps:
  - id: first
    playbook: ./called.yaml
    with: {amount: 5 USDT}
  - id: second
    playbook: ./called.yaml
    with: {amount: 11 USDT}
"""
CALLED = """\
apiVersion: runner/v1
kind: Playbook
name: called
inputs:
  amount: {type: money}
may:
  mirror.apply: {count: 1, total: 10 USDT}
steps:
  - id: apply
    effect: mirror.apply
    with:
      link: prime
      amount: ${{ inputs.amount }}
      network: ETH
"""


async def test_bounds_of_a_called_playbook_hold_for_each_call() -> None:
    files = StoredFiles({"called.yaml": CALLED.encode()})
    loaded = load_playbook(check_text("t.yaml", CALLER), MANIFESTS, files)
    assert loaded.playbook is not None

    dry = await _dry(loaded.playbook)

    assert _intents(dry) == [("first/apply", True), ("second/apply", True)]
    with pytest.raises(PolicyDenied) as denied:
        check_may(dry, loaded.playbook.may)
    assert "second: mirror.apply: 11 USDT, `may` allows 10 USDT" in str(denied.value)
    assert "first" not in str(denied.value)


async def test_amount_that_is_gone_is_a_mistake_in_a_plan_and_none_in_its_preflight() -> None:
    playbook = playbook_of(LOOP + "    drift: at_most\n", head=TARGETS)
    inputs = {"targets": (Money(Decimal(0), "USDT"), BTC)}

    plan = await _dry(playbook, inputs)
    preflight = await _dry(playbook, inputs, planned=frozenset({"each[USDT]"}))

    assert [d.code for d in planning_diagnostics(plan)] == ["amount-not-positive"]
    assert planning_diagnostics(preflight) == ()
    assert _intents(preflight) == [("each[BTC]", True)]
    skipped = next(step for step in preflight.steps if step.path == "each[USDT]")
    assert (skipped.state.value, skipped.message) == ("skipped", "there is nothing left to move")
