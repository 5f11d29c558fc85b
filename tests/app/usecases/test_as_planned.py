"""What a plan says against what the sandbox gets and has afterwards: bodies, balances.

One playbook for each kind of effect. A body is compared byte for byte; a projected balance with the
ledger, fees included, but for what the plan says it could not know: accounts no read shows.
"""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from runner.app.usecases.executing import apply_plan
from runner.app.usecases.planning import silent
from runner.core.errors import ExitCode
from runner.core.money import ZERO
from runner.sandbox.world_file import load_world
from tests.acceptance.kinds import ALL, kinds_world, playbook
from tests.acceptance.projected import ledger_account
from tests.app.usecases.conftest import MakePlace, Network, Place

LINKS = {
    "apply": (
        "mirror.apply",
        "5000 USDT",
        "{link: acme/mirror-01, amount: 5000 USDT, network: ETH}",
    ),
    "settle": (
        "mirror.settle",
        "0.25 BTC",
        "{link: acme/mirror-01, amount: 0.25 BTC, network: BTC, from: ceffu}",
    ),
    "delegate": (
        "mirrorx.delegate",
        "0.000000000000000001 ETH",
        "{link: acme/arb-02, amount: 0.000000000000000001 ETH}",
    ),
    "undelegate": ("mirrorx.undelegate", "70000 USDT", "{link: acme/arb-01, amount: 70000 USDT}"),
}
HIDDEN = ("external:", "exchange:", "fees:")
"""What no read shows: accounts outside of custody, and what the custodian has taken."""


def on_link(step: str) -> str:
    """Return a playbook of one effect on a link."""
    action, total, given = LINKS[step]
    return (
        f"apiVersion: runner/v1\nkind: Playbook\nname: {step}\n"
        f"may: {{{action}: {{count: 1, total: {total}}}}}\n"
        f"steps:\n  - {{id: {step}, effect: {action}, with: {given}}}\n"
    )


@pytest.fixture
def kinds_place(make_place: MakePlace, tmp_path: Path) -> Place:
    path = tmp_path / "world.yaml"
    path.write_text(kinds_world(), encoding="utf-8")
    return make_place(load_world(path))


@pytest.mark.parametrize("step", [*LINKS, *ALL])
async def test_what_was_planned_is_what_arrives_and_what_it_comes_to(
    kinds_place: Place, step: str
) -> None:
    received: list[bytes] = []
    desk = await kinds_place.desk(network=Network(keep=received.append))
    text = on_link(step) if step in LINKS else playbook(step)
    file = await kinds_place.plan(desk, kinds_place.write(text))
    before = ledger(kinds_place)

    report = await apply_plan(desk, file, silent)

    assert report.exit_code is ExitCode.DONE
    (effect,) = file.plan.effects
    (arrived,) = received
    assert re.sub(rb',"timestamp":[0-9]+}$', b"}", arrived) == effect.body.encode("utf-8")
    assert len(arrived) > len(effect.body)
    after, world = ledger(kinds_place), kinds_place.sandbox.world
    fees = after.get("fees/world/USDT", ZERO)
    assert bool(fees) == (step == "withdraw")
    for line in file.plan.balances:
        if line.account.startswith(HIDDEN):
            assert (line.before, line.after) == (None, None)
            continue
        account = ledger_account(world, line.account, line.coin)
        assert line.before == before[account]
        assert line.after is not None
        assert line.after == after[account]
    assert file.plan.fees.get("USDT", ZERO) == fees
    touched = {name for name in after if after[name] != before.get(name)}
    assert len(touched) == len(file.plan.balances)


def ledger(place: Place) -> dict[str, Decimal]:
    """Return what every account of the sandbox holds, after checking that its books add up."""
    assert place.sandbox.ledger.check() == ()
    return {str(each.account): each.amount for each in place.sandbox.ledger.balances()}
