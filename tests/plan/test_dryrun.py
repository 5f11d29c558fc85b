"""The dry run: the same walk, with nothing in reach that could send."""

from decimal import Decimal

import pytest

from runner.actions.effects import draft_effect
from runner.catalogue.load import load_api
from runner.catalogue.manifests import NAMED
from runner.controls.destination import DestinationEntry
from runner.controls.directory import Directory, LinkEntry, WalletEntry
from runner.core.errors import NotSent, PolicyDenied
from runner.core.ids import request_id
from runner.core.money import Money
from runner.effects.draft import EffectDraft, EffectRefused
from runner.engine.run import Walk
from runner.engine.verdict import Cause
from runner.plan.build import (
    check_may,
    planning_diagnostics,
    seed_missing,
    shortage_words,
    touched_by,
)
from runner.plan.dryrun import DryRun, DryRunner, Identity, Look, look_at_nothing, totals
from tests.engine.engine_fakes import (
    START,
    FakeClock,
    FakeReads,
    assets,
    playbook_of,
    positions,
)
from tests.plan.dry_runs import sending

API = load_api()
DIRECTORY = Directory(
    entity="acme",
    coins={"USDT": 6, "BTC": 8},
    networks=frozenset({"ETH"}),
    wallets={"main": WalletEntry(name="main", id="1", type="qualified")},
    mirror_links={"prime": LinkEntry(name="prime", id="4711", wallet="main", binance_uid="9")},
    destinations={
        "cold": DestinationEntry(name="cold", address="0xab", networks=("ETH",), label="Cold")
    },
)
IDENTITY = Identity(host="h", entity="acme", playbook="t", occurrence="x")

BEFORE = """
  - id: before
    uses: mirror.positions
    with: {link: prime}
"""
AFTER = BEFORE.replace("before", "after")
APPLY = """
  - id: apply
    effect: mirror.apply
    with: {link: prime, amount: 5 USDT, network: ETH}
"""
WAIT = """
  - id: arrived
    wait:
      uses: mirror.record
      with: {link: prime, record: "${{ steps.apply.record }}"}
      until: result.status == "success"
      timeout: 10s
"""


async def _dry(
    steps: str, reads: FakeReads | None = None, *, look: Look = look_at_nothing
) -> DryRun:
    runner = DryRunner(
        reads=reads or FakeReads({"mirror.positions": [positions("100")]}),
        draft=lambda manifest, arguments: draft_effect(
            manifest, arguments, directory=DIRECTORY, api=API
        ),
        clock=FakeClock(),
        random=lambda: 0.0,
        places=lambda coin: DIRECTORY.coins[coin],
        look=look,
    )
    walk = Walk(playbook=playbook_of(steps), inputs={}, now=START)
    return await runner.run(walk, IDENTITY, emit=lambda _: None)


async def test_effect_becomes_an_intent_with_its_exact_body() -> None:
    dry = await _dry(APPLY)

    (intent,) = dry.intents
    expected = request_id(
        host="h", entity="acme", playbook="t", occurrence="x", path="apply", revision=0
    )
    assert intent.request_id == expected
    assert intent.draft.body(intent.request_id) == (
        '{"amount":"5","coinSymbol":"USDT","mirrorLinkId":"4711","network":"ETH",'
        f'"requestId":"{expected}"}}'
    )
    assert intent.decided
    assert intent.draft.lock == "mirror:prime:USDT"


async def test_read_after_an_effect_shows_what_it_would_have_done() -> None:
    check = '  - id: check\n    assert: balance(steps.after, "USDT") == money(105, "USDT")\n'

    dry = await _dry(BEFORE + APPLY + AFTER + check)

    assert dry.end.cause is Cause.DONE
    assert [step.state.value for step in dry.steps] == ["done", "done", "done", "done"]


async def test_wait_is_not_looked_at_and_its_arguments_may_be_unknown() -> None:
    reads = FakeReads({})

    dry = await _dry(APPLY + WAIT, reads)

    assert reads.calls == []
    assert dry.steps[-1].state.value == "assumed"


async def test_read_with_an_unknown_argument_is_not_sent() -> None:
    reads = FakeReads({})
    look = """
  - id: look
    uses: mirror.record
    with: {link: prime, record: "${{ steps.apply.record }}"}
    assert: result.status == "success"
"""

    dry = await _dry(APPLY + look, reads)

    assert dry.end.cause is Cause.DONE
    assert reads.calls == []
    assert dry.steps[-1].message == "only the run can decide its assert"


async def test_effect_behind_an_unknown_condition_is_undecided() -> None:
    again = APPLY.replace("apply", "again", 1) + '    if: steps.arrived.status == "success"\n'

    dry = await _dry(APPLY + WAIT + again)

    assert [(intent.path, intent.decided) for intent in dry.intents] == [
        ("apply", True),
        ("again", False),
    ]
    assert dry.ledger.change("mirrored:prime:ETH", "USDT") is None
    assert totals(dry.intents) == {"mirror.apply": {"USDT": Decimal(10)}}


async def test_every_effect_that_must_not_be_sent_is_told_with_its_place() -> None:
    steps = (
        APPLY.replace("5 USDT", "0.0000001 USDT")
        + APPLY.replace("apply", "zero", 1).replace("5 USDT", "0 USDT")
        + APPLY.replace("apply", "link", 1).replace("prime", "other")
        + APPLY.replace("apply", "net", 1).replace("ETH", "TRX")
    )
    dry = await _dry(steps)

    found = planning_diagnostics(dry)

    assert [diagnostic.code for diagnostic in found] == [
        "precision-exceeded",
        "amount-not-positive",
        "unknown-link",
        "unknown-network",
    ]
    assert [diagnostic.span.line for diagnostic in found] == sorted(
        {diagnostic.span.line for diagnostic in found}
    )
    assert dry.intents == ()


async def test_effect_that_would_overdraw_is_a_lack_of_cover() -> None:
    settle = """
  - id: settle
    effect: mirror.settle
    with: {link: prime, amount: 101 USDT, network: ETH, from: ceffu}
"""
    dry = await _dry(BEFORE + settle)

    errors, warnings = shortage_words(dry)

    assert errors == ("settle takes 101 USDT from mirrored:prime:ETH, which holds 100 USDT",)
    assert warnings == ()


async def test_dry_run_that_cannot_read_ends_like_a_run() -> None:
    error = NotSent("no", method="GET", path="/x")

    dry = await _dry(BEFORE + APPLY, FakeReads({"mirror.positions": [error]}))

    assert dry.end.cause is Cause.UNREACHABLE
    assert dry.intents == ()


async def test_second_dry_run_gives_the_same_intents() -> None:
    first, second = await _dry(BEFORE + APPLY), await _dry(BEFORE + APPLY)

    assert [(i.path, i.request_id) for i in first.intents] == [
        (i.path, i.request_id) for i in second.intents
    ]


async def test_bounds_of_the_playbook_hold_for_count_and_sum() -> None:
    steps = APPLY + APPLY.replace("apply", "again", 1)
    may = playbook_of(APPLY).may
    dry = await _dry(steps)
    check_may(dry, may)
    tight = {
        "mirror.apply": type(may["mirror.apply"])(
            action="mirror.apply",
            count=1,
            total={"USDT": Decimal("9.999999")},
            span=may["mirror.apply"].span,
        )
    }

    with pytest.raises(PolicyDenied) as denied:
        check_may(dry, tight)

    assert "2 effects, `may` allows 1" in str(denied.value)
    assert "10 USDT, `may` allows 9.999999 USDT" in str(denied.value)


async def test_result_of_a_planned_effect_is_known_as_far_as_it_can_be() -> None:
    again = APPLY.replace("apply", "again", 1).replace("5 USDT", '"${{ steps.apply.amount }}"')

    dry = await _dry(APPLY + again)

    assert dry.intents[1].draft.money == Money(Decimal(5), "USDT")
    assert dry.problems == ()


async def test_effect_with_an_unknown_argument_cannot_be_planned() -> None:
    again = APPLY.replace("apply", "again", 1).replace(
        "5 USDT", "\"${{ get(steps.arrived, 'amount', money(1, 'USDT')) }}\""
    )

    dry = await _dry(APPLY + WAIT + again)

    assert [(p.path, p.code) for p in dry.problems] == [("again", "effect-argument-unknown")]


CREATE = """
  - id: create
    effect: wallet.create
    with: {name: desk 7, type: prime}
"""
PAY = """
  - id: pay
    effect: withdrawal.create
    with: {from: main, to: cold, amount: 5 USDT, network: ETH}
"""


async def test_effect_without_money_moves_nothing_and_is_counted() -> None:
    dry = await _dry(CREATE)

    assert dry.end.cause is Cause.DONE
    assert dry.ledger.lines() == ()
    assert totals(dry.intents) == {"wallet.create": {}}
    check_may(dry, playbook_of(CREATE).may)


async def test_name_the_custodian_has_already_is_refused_at_the_step() -> None:
    async def look(draft: EffectDraft) -> None:
        raise EffectRefused("name-taken", f"{draft.expectation.details['name']} is taken")

    dry = await _dry(CREATE, look=look)

    (found,) = planning_diagnostics(dry)
    assert (found.code, found.summary) == ("name-taken", "effect create: desk 7 is taken")
    assert dry.intents == ()


async def test_second_wallet_of_a_name_in_one_plan_is_refused() -> None:
    steps = CREATE + CREATE.replace("id: create", "id: again")

    dry = await _dry(steps)

    (problem,) = dry.problems
    assert (problem.path, problem.code) == ("again", "name-taken")


async def test_name_and_type_of_a_planned_wallet_are_known() -> None:
    check = """
  - id: check
    assert:
      - steps.create.name == "desk 7"
      - steps.create.type == "prime"
"""

    dry = await _dry(CREATE + check)

    assert [step.state for step in dry.steps] == ["done", "done"]


async def test_effect_that_has_no_fee_has_none() -> None:
    dry = await _dry(APPLY)

    assert dry.intents[0].fee is None


async def test_balance_beyond_the_custodian_is_not_read() -> None:
    reads = FakeReads({"wallet.assets": [assets("7")], **sending()})
    dry = await _dry(PAY, reads)

    await seed_missing(dry.ledger, touched_by(dry), reads, NAMED)

    assert [(line.account, line.before) for line in dry.ledger.lines()] == [
        ("custody:main:ETH", Decimal(7)),
        ("external:cold", None),
        ("fees:custodian", None),
    ]


@pytest.mark.parametrize(
    ("read", "is_known"),
    [("uses: wallet.list", False), ("uses: mirror.links", True), ("uses: api.wallet.list", False)],
)
async def test_read_that_an_effect_changes_is_not_made_behind_it(
    read: str, *, is_known: bool
) -> None:
    reads = FakeReads({"mirror.links": [{"rows": (), "complete": True}]})

    dry = await _dry(f"{CREATE}\n  - id: after\n    {read}\n", reads)

    assert dry.end.cause is Cause.DONE
    assert ("$unknown" not in str(dry.steps[-1].result)) is is_known
