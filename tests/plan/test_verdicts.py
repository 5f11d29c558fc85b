"""Verdicts about a plan's effects, in the plan and when they are sent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from runner.controls.guard import Guard, closed_guard
from runner.controls.policy import (
    Approval,
    EffectFacts,
    Spent,
    Verdict,
    VerdictKind,
)
from runner.controls.policy_file import policy_from_document
from runner.core.errors import ConfirmationRefused, PolicyDenied
from runner.core.source import SourceFile
from runner.documents.yaml import read_yaml
from runner.plan.codec import file_from_plan, plan_from_file
from runner.plan.model import Plan
from runner.plan.verdicts import (
    Judged,
    PlanPolicy,
    effect_facts,
    judge,
    planned_verdicts,
    require_allowed,
    spent_asked,
    stricter_of,
    with_verdicts,
)

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LIMIT = """\
apiVersion: runner/v1
kind: Policy
rules:
  - name: day
    reason: Three a day.
    match:
      sum: {window: 24h, at_most: 3 USDT}
    verdict: allow
  - name: more
    reason: Two look at more.
    verdict: {approve: {groups: [treasury], count: 2, delay: 10m}}
"""


@pytest.fixture
def guard() -> Guard:
    node = read_yaml(SourceFile(name="policy.yaml", text=LIMIT))
    return Guard(policy=policy_from_document(node), without=closed_guard("").without)


@pytest.fixture
def twice(plan: Plan) -> Plan:
    """Return a plan with its effect, of 1.5 USDT, two more times."""
    first = plan.effects[0]
    return replace(
        plan, effects=(first, replace(first, path="second"), replace(first, path="third"))
    )


def verdict(kind: VerdictKind) -> Verdict:
    approval = Approval(groups=("treasury",)) if kind is VerdictKind.APPROVE else None
    return Verdict(kind=kind, rule="r", reason="Why.", place="policy.yaml:4", approval=approval)


def test_facts_are_what_rules_can_see(plan: Plan) -> None:
    assert effect_facts(plan.effects[0], plan.playbook) == EffectFacts(
        action="mirror.apply",
        coin="USDT",
        amount=Decimal("1.5"),
        network="ETH",
        wallet="acme/prime",
        link="prime",
        playbook="p",
    )


def test_each_effect_counts_for_those_after_it(guard: Guard, twice: Plan) -> None:
    judged = judge(guard, twice, (), NOW, run_id="")

    assert [(each.path, each.verdict.rule) for each in judged] == [
        ("apply", "day"),
        ("second", "day"),
        ("third", "more"),
    ]


def test_what_the_journal_counts_counts(guard: Guard, plan: Plan) -> None:
    facts = effect_facts(plan.effects[0], plan.playbook)
    before = Spent(facts=replace(facts, amount=Decimal(2)), at=NOW - timedelta(hours=1))

    assert [j.verdict.rule for j in judge(guard, plan, [before], NOW, run_id="")] == ["more"]
    assert spent_asked(guard, plan, NOW).since == NOW - timedelta(hours=24)


def test_verdicts_survive_the_plans_file(guard: Guard, twice: Plan) -> None:
    judged = judge(guard, twice, (), NOW, run_id="")

    written = plan_from_file(file_from_plan(with_verdicts(twice, judged)).data).plan

    assert planned_verdicts(written) == judged


def test_stricter_verdict_holds_and_unknown_paths_are_todays() -> None:
    allow, approve, deny = (verdict(kind) for kind in VerdictKind)
    planned = [Judged(path="a", verdict=deny), Judged(path="b", verdict=allow)]
    today = [Judged(path=path, verdict=approve) for path in "abc"]

    assert [j.verdict for j in stricter_of(planned, today)] == [deny, approve, approve]


def test_denials_come_before_missing_approvals_all_at_once() -> None:
    judged = [
        Judged(path="a", verdict=verdict(VerdictKind.APPROVE)),
        Judged(path="b", verdict=verdict(VerdictKind.DENY)),
        Judged(path="c", verdict=replace(verdict(VerdictKind.DENY), rule="", place="")),
    ]

    with pytest.raises(PolicyDenied) as denied:
        require_allowed(judged, approvals=True)
    with pytest.raises(ConfirmationRefused) as missing:
        require_allowed(judged[:1], approvals=True)
    require_allowed(judged[:1], approvals=False)

    assert denied.value.message == ("b is denied by r (policy.yaml:4): Why.\nc is denied: Why.")
    assert missing.value.message == (
        "a needs the approval of 1 of treasury, by r (policy.yaml:4): Why."
    )


def test_amount_that_is_sent_is_the_one_that_counts(guard: Guard, plan: Plan) -> None:
    """A step may send less than was planned."""
    policy = PlanPolicy(guard, plan, "R-1")
    order = plan.orders("R-1")["apply"]
    less = replace(order, expectation=replace(order.expectation, amount=Decimal("0.5")))
    spent = [Spent(facts=policy.facts(order), at=NOW), Spent(facts=policy.facts(less), at=NOW)]

    assert policy.facts(less).amount == Decimal("0.5")
    policy.require(less, NOW, spent)
    with pytest.raises(ConfirmationRefused):
        policy.require(order, NOW, spent)
    assert policy.asked(order, NOW).since == NOW - timedelta(hours=24)


def test_verdict_of_the_plan_holds_when_it_is_sent(guard: Guard, plan: Plan) -> None:
    denied = Judged(path="apply", verdict=verdict(VerdictKind.DENY))
    policy = PlanPolicy(guard, with_verdicts(plan, [denied]), "R-1")

    with pytest.raises(PolicyDenied):
        policy.require(plan.orders("R-1")["apply"], NOW, [])


def test_facts_of_what_moves_between_wallets_and_out(plan: Plan) -> None:
    parts = {"from": "acme/prime", "to": "acme/cold-01", "coin": "USDT", "network": "ETH"}
    effect = replace(plan.effects[0], action="withdrawal.create", parts=parts)

    facts = effect_facts(effect, "p")

    assert (facts.wallet, facts.destination, facts.link) == ("acme/prime", "acme/cold-01", "")


def test_what_moves_no_money_has_no_amount(plan: Plan) -> None:
    effect = replace(plan.effects[0], action="wallet.create", coin="", amount=None, parts={})

    assert effect_facts(effect, "p") == EffectFacts(
        action="wallet.create", network="ETH", playbook="p"
    )
