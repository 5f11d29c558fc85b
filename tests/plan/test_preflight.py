import dataclasses
from decimal import Decimal

import pytest

from runner.plan.fee import PlannedFee, unknown_fee
from runner.plan.model import Plan, fee_totals
from runner.plan.preflight import drift_between, name_changes


def test_same_plan_has_not_drifted(plan: Plan) -> None:
    assert drift_between(plan, plan) == ()
    assert name_changes(plan.names, plan.names) == ()


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"body": "{}"}, "amount in the body"),
        ({"operation": "x"}, "the operation"),
        ({"url_path": "/x"}, "the request path"),
        ({"lock": "x"}, "the lock"),
        ({"decided": False}, "whether it is decided"),
        ({"amount": Decimal(1)}, "its amount"),
        ({"coin": "BTC"}, "its coin"),
        ({"network": "BSC"}, "its network"),
        ({"title": "x"}, "its title"),
        ({"kind": "x"}, "its kind"),
        ({"found_by": "name"}, "its found by"),
        ({"details": {"memo": "1"}}, "its details"),
        ({"parts": {}}, "its parts"),
        ({"lines": ()}, "its lines"),
        ({"subject_id": "x"}, "its subject id"),
        ({"debit": "x"}, "its debit"),
        ({"credit": "x"}, "its credit"),
        ({"certainty": "stated"}, "its certainty"),
        ({"action": "mirror.settle"}, "its action"),
        ({"confirm": "accepted"}, "its confirm"),
        ({"path": "x"}, "the effect"),
    ],
    ids=str,
)
def test_effect_that_differs_is_found(plan: Plan, changes: dict[str, object], what: str) -> None:
    """A plan whose words beside the body were edited would mislead those who approve it."""
    effect = dataclasses.replace(plan.effects[0], **changes)  # type: ignore[arg-type]  # a case

    drifts = drift_between(dataclasses.replace(plan, effects=(effect,)), plan)

    assert what in {drift.what for drift in drifts}


FEE = PlannedFee(
    basis="estimate",
    amount=Decimal("3.5"),
    coin="USDT",
    debit="custody:acme/prime:ETH",
    credit="fees:custodian",
    estimate=None,
    source="withdrawal.fee",
)
UNKNOWN = unknown_fee("withdrawal.fee", "refused")


def _with_fee(plan: Plan, fee: PlannedFee | None, drift: str) -> Plan:
    effect = dataclasses.replace(plan.effects[0], fee=fee, drift=drift)
    return dataclasses.replace(plan, effects=(effect,), fees=fee_totals([fee]))


@pytest.mark.parametrize("drift", ["exact", "at_most"])
@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (FEE, FEE, ""),
        (FEE, {"amount": Decimal("3.49")}, ""),
        (
            FEE,
            {"amount": Decimal("3.51")},
            "was 3.5 USDT from custody:acme/prime:ETH, is 3.51 USDT",
        ),
        (FEE, {"coin": "ETH", "amount": Decimal("0.1")}, "is 0.1 ETH from custody"),
        (FEE, {"debit": "custody:acme/prime:BSC"}, "is 3.5 USDT from custody:acme/prime:BSC"),
        (FEE, {"debit": ""}, "is 3.5 USDT from an account that is not known"),
        (FEE, {"basis": "none", "amount": Decimal(0), "debit": "", "credit": ""}, ""),
        (FEE, {"basis": "ordered"}, "is 3.5 USDT from custody:acme/prime:ETH, as ordered"),
        (FEE, UNKNOWN, "is not known (refused)"),
        (FEE, None, "is none"),
        (None, FEE, "was none, is 3.5 USDT"),
        (UNKNOWN, FEE, ""),
    ],
)
def test_fee_may_fall_and_not_rise(
    plan: Plan,
    drift: str,
    before: PlannedFee | None,
    now: PlannedFee | dict[str, object] | None,
    said: str,
) -> None:
    if isinstance(now, dict):
        now = dataclasses.replace(FEE, **now)  # type: ignore[arg-type]  # a case

    drifts = drift_between(_with_fee(plan, before, drift), _with_fee(plan, now, drift))

    assert [each.what for each in drifts] == ["its fee"] * bool(said)
    assert said in "".join(map(str, drifts))


def test_effect_that_is_sent_as_planned_may_cost_more(plan: Plan) -> None:
    more = dataclasses.replace(FEE, amount=Decimal(9))

    assert not drift_between(_with_fee(plan, FEE, "planned"), _with_fee(plan, more, "planned"))


def test_fees_that_are_not_those_of_the_effects_are_found(plan: Plan) -> None:
    forged = dataclasses.replace(_with_fee(plan, FEE, "exact"), fees={"USDT": Decimal(1)})

    assert [each.what for each in drift_between(forged, _with_fee(plan, FEE, "exact"))] == [
        "its fees"
    ]


def test_effect_that_came_or_went_is_found(plan: Plan) -> None:
    without = dataclasses.replace(plan, effects=(), totals={})

    assert [str(d) for d in drift_between(plan, without)] == [
        "apply: the effect was planned, is no longer there"
    ]
    assert [str(d) for d in drift_between(without, plan)] == [
        "apply: the effect was not planned, is there"
    ]


def test_step_that_decided_otherwise_is_found(plan: Plan) -> None:
    steps = (dataclasses.replace(plan.steps[0], state="skipped"), plan.steps[1])

    drifts = drift_between(plan, dataclasses.replace(plan, steps=steps))

    assert [str(d) for d in drifts] == ["look: the step was done, is skipped"]


def test_results_and_balances_may_differ(plan: Plan) -> None:
    steps = (dataclasses.replace(plan.steps[0], result={"rows": []}), plan.steps[1])

    assert drift_between(plan, dataclasses.replace(plan, steps=steps, balances=())) == ()


def test_directory_entry_that_changed_is_found(plan: Plan) -> None:
    now = dataclasses.replace(plan, names={"prime": {"id": "9"}})

    assert [drift.path for drift in name_changes(plan.names, now.names)] == ["prime"]
    assert [drift.path for drift in name_changes(plan.names, {})] == ["prime"]


def test_condition_that_is_decided_otherwise_is_drift(plan: Plan) -> None:
    first, *rest = plan.steps
    before = dataclasses.replace(first, conditions=("if 1 < 2: true",))
    after = dataclasses.replace(first, conditions=("if 1 < 2: only the run knows",))

    drifts = drift_between(
        dataclasses.replace(plan, steps=(before, *rest)),
        dataclasses.replace(plan, steps=(after, *rest)),
    )

    assert [drift.path for drift in drifts] == [first.path]
