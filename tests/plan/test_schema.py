"""The schema of plan files is that of the model."""

import dataclasses
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runner.plan.codec import file_from_plan
from runner.plan.fee import PlannedFee, unknown_fee
from runner.plan.model import Plan, PlannedOffline, PlannedVerdict
from tests.plan_schema import plan_errors
from tools.write_plan_schema import TARGET, main, plan_schema

FEE = PlannedFee(
    basis="ordered",
    amount=Decimal("3.5"),
    coin="USDT",
    debit="custody:acme/prime:ETH",
    credit="fees:custodian",
    estimate=Decimal(4),
    source="withdrawal.fee",
)
VERDICT = PlannedVerdict(
    path="apply",
    verdict="approve",
    rule="big",
    place="policy.yaml:3",
    reason="r",
    groups=("ops",),
    count=2,
    delay="1h",
)
OFFLINE = PlannedOffline(recording="", assumed=("a",), unread=("b",), unplanned=())


def test_schema_is_that_of_the_model(tmp_path: Path) -> None:
    assert TARGET.read_text("utf-8") == plan_schema(), "run python -m tools.write_plan_schema"
    copy = tmp_path / "plan.schema.json"
    assert main(["--check"], target=copy) == 1
    assert main([], target=copy) == 0
    assert main(["--check"], target=copy) == 0


@pytest.mark.parametrize("fee", [None, FEE, unknown_fee("withdrawal.fee", "refused")])
@pytest.mark.parametrize("offline", [None, OFFLINE])
def test_plan_of_every_shape_is_valid(
    plan: Plan, fee: PlannedFee | None, offline: PlannedOffline | None
) -> None:
    effect = dataclasses.replace(plan.effects[0], fee=fee)
    shaped = dataclasses.replace(
        plan,
        effects=(effect, dataclasses.replace(effect, path="b", amount=None)),
        verdicts=(VERDICT,),
        offline=offline,
        warnings=("w",),
        fees={"USDT": Decimal("3.5")},
    )

    assert plan_errors(file_from_plan(shaped).data) == []


@pytest.mark.parametrize(
    "edit",
    [
        lambda tree: tree.update(more=1),
        lambda tree: tree.pop("digest"),
        lambda tree: tree.update(digest="sha256:x"),
        lambda tree: tree["plan"].update(schema="runner.plan/2"),
        lambda tree: tree["plan"].pop("fees"),
        lambda tree: tree["plan"].update(surprise=""),
        lambda tree: tree["plan"].update(created_at="yesterday"),
        lambda tree: tree["plan"].update(revision=-1),
        lambda tree: tree["plan"]["effects"][0].update(amount=1),
        lambda tree: tree["plan"]["effects"][0].update(amount="1e3"),
        lambda tree: tree["plan"]["effects"][0].update(fee=""),
        lambda tree: tree["plan"]["effects"][0].update(drift="luck"),
        lambda tree: tree["plan"]["effects"][0].update(request_id="0"),
        lambda tree: tree["plan"]["steps"][0].update(state="maybe"),
        lambda tree: tree["plan"]["totals"].update(x={"USDT": None}),
    ],
)
def test_what_is_no_plan_is_not_valid(plan: Plan, edit: Callable[[Any], object]) -> None:
    tree = json.loads(file_from_plan(plan).data)
    edit(tree)

    assert plan_errors(json.dumps(tree).encode("utf-8"))
