"""Plan files whose drift is meant to excuse what their playbook never asked for.

Anyone can work out a digest anew: what a plan says of an effect that today's dry run leaves out is
held against the step itself before anything is sent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from runner.app.usecases.executing import apply_plan
from runner.app.usecases.pins import PlanDrifted
from runner.app.usecases.planning import silent
from runner.catalogue.manifest import Manifest
from runner.core.errors import ExitCode
from runner.core.values import Value
from runner.engine.ports import ReadPort
from runner.plan.codec import PlanFile, file_from_plan, plan_from_file
from runner.plan.model import PlannedEffect
from tests.app.usecases.conftest import Place
from tests.app.usecases.test_inside import MOVE

DESK_1, DESK_2 = "306718327844294701", "306718327844294702"
TEXT = """\
apiVersion: runner/v1
kind: Playbook
name: trim
once: today
may: {subwallet.transfer: {count: 1, total: 200000 USDT}}
steps:
  - id: before
    uses: mirrorx.positions
    with: {link: acme/arb-01}
  - id: move
    let: {excess: 'balance(steps.before, "USDT") - money("60000 USDT")'}
    if: excess > money("1000 USDT")
    effect: subwallet.transfer
    with: {from: acme/prime-01, to: acme/desk-01, amount: "${{ excess }}"}
    drift: DRIFT
"""

Forgery = Callable[[PlannedEffect], dict[str, Any]]


@dataclass(slots=True)
class Turning:
    """Reads of a link whose position grows again between the preflight and the run."""

    inner: ReadPort
    place: Place
    looks: list[str] = field(default_factory=list)

    async def read(self, manifest: Manifest, arguments: Mapping[str, Value]) -> Value:
        if manifest.name == "mirrorx.positions":
            self.looks.append(manifest.name)
            if len(self.looks) == 2:
                await moved(self.place, "delegate", "190000 USDT")
        return await self.inner.read(manifest, arguments)


async def moved(place: Place, action: str, amount: str) -> None:
    path = place.write(MOVE.replace("ACTION", action), name=f"{action}.yaml")
    desk = await place.desk()
    report = await apply_plan(desk, await place.plan(desk, path, f"amount={amount}"), silent)
    assert report.exit_code is ExitCode.DONE


def forged(file: PlanFile, forgery: Forgery) -> PlanFile:
    (effect,) = file.plan.effects
    changed = replace(effect, **forgery(effect))
    return plan_from_file(file_from_plan(replace(file.plan, effects=(changed,))).data)


@pytest.mark.parametrize("drift", ["planned", "at_most"])
@pytest.mark.parametrize(
    "forgery",
    [
        lambda e: {"body": e.body.replace(DESK_1, DESK_2), "details": {"to": DESK_2}},
        lambda e: {"parts": {**e.parts, "to": "acme/desk-02"}},
        lambda e: {"found_by": "nothing"},
        lambda e: {"lock": "wallet:nobody:USDT"},
        lambda e: {"url_path": "/open-api/v1/wallet/transfer/exchange"},
        lambda _: {"request_id": "777"},
    ],
    ids=["receiver", "parts", "found-by", "lock", "path", "request-id"],
)
async def test_effect_that_does_not_happen_today_is_held_to_its_step(
    place: Place, drift: str, forgery: Forgery
) -> None:
    """Its `if` is false in the preflight and true again when the run comes to it."""
    file = await place.plan(await place.desk(), place.write(TEXT.replace("DRIFT", drift)))
    made = forged(file, lambda e: {**forgery(e), "drift": "at_most"})
    await moved(place, "undelegate", "190001 USDT")
    before = len(place.writes())
    desk = await place.desk()
    turning: Any = Turning(desk.reads, place)
    desk = replace(desk, reads=turning)

    try:
        report = await apply_plan(desk, made, silent)
    except PlanDrifted:
        code = ExitCode.PLAN_REFUSED
    else:
        code = report.exit_code

    assert code is ExitCode.PLAN_REFUSED
    assert [each for each in place.writes()[before:] if "transfer" in each[0]] == []


@pytest.mark.parametrize("amount", [Decimal(1_500_000), None], ids=["beyond-may", "none"])
async def test_planned_amount_is_held_to_may_and_to_its_body(
    place: Place, amount: Decimal | None
) -> None:
    """Drift lets the planned amount be sent, whatever today's is: so it must be allowed itself."""
    file = await place.plan(await place.desk(), place.write(TEXT.replace("DRIFT", "planned")))
    words = "null" if amount is None else f'"{amount}"'
    made = forged(file, lambda e: {"amount": amount, "body": e.body.replace('"190000"', words)})
    desk = await place.desk()

    with pytest.raises(PlanDrifted):
        await apply_plan(desk, made, silent)

    assert place.writes() == []
