from datetime import UTC, datetime
from decimal import Decimal

import pytest

from runner.plan.model import (
    Plan,
    PlannedBalance,
    PlannedEffect,
    PlannedFile,
    PlannedInput,
    PlannedLine,
    PlannedStep,
)


@pytest.fixture(scope="session")
def plan() -> Plan:
    """Return a small plan that has something of everything."""
    effect = PlannedEffect(
        path="apply",
        title="Mirror größe \U0001f602",
        action="mirror.apply",
        operation="mirror.asset.apply",
        method="POST",
        url_path="/open-api/v1/mirror/asset/apply",
        body='{"amount":"1.5","requestId":"77"}',
        request_id="77",
        lock="mirror:prime:USDT",
        found_by="list",
        subject_id="4711",
        kind="apply",
        coin="USDT",
        network="ETH",
        amount=Decimal("1.5"),
        details={},
        parts={"link": "prime", "wallet": "acme/prime", "coin": "USDT", "network": "ETH"},
        lines=(PlannedLine(label="link", text="prime, id 4711, wallet acme/prime"),),
        debit="custody:acme/prime:ETH",
        credit="mirrored:prime:ETH",
        fee=None,
        certainty="inferred",
        decided=True,
    )
    return Plan(
        tool_version="0.1.0",
        playbook="p",
        summary="",
        source="p.yaml",
        files=(PlannedFile(name="p.yaml", digest=f"sha256:{'a' * 64}"),),
        git_commit="",
        profile="sandbox",
        host="sandbox:default/1",
        entity="acme",
        controls_digest=f"sha256:{'b' * 64}",
        key_fingerprint="f",
        facts={"dedupe": "unknown"},
        store_id="s",
        inputs=(PlannedInput(name="dry", type="bool", value=True, origin="default"),),
        labels={},
        occurrence="2026-11-22",
        revision=2,
        created_at=datetime(2026, 11, 22, 10, 0, 0, 5000, UTC),
        created_by="alice",
        not_after=datetime(2026, 11, 23, 10, tzinfo=UTC),
        steps=(
            PlannedStep(
                path="look",
                title="",
                kind="use",
                action="mirror.positions",
                state="done",
                message="",
                result={"rows": [{"coin": "USDT", "n": None}], "complete": True},
            ),
            PlannedStep(
                path="apply",
                title="",
                kind="effect",
                action="mirror.apply",
                state="done",
                message="",
                result=None,
            ),
        ),
        effects=(effect,),
        totals={"mirror.apply": {"USDT": Decimal("1.5")}},
        names={"prime": {"id": "4711"}},
        balances=(
            PlannedBalance(
                account="custody:acme/prime:ETH",
                coin="USDT",
                before=None,
                change=Decimal("-1.5"),
                after=None,
            ),
        ),
    )
