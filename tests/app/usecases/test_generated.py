"""Random playbooks: what the plan says, what the sandbox receives, and what its books come to.

For each: the dry run posts nothing; every body that arrives is one of the plan, byte for byte; and
every projected balance is the one of the ledger, or the plan has said why it cannot know it.
"""

import asyncio
import re
import shutil
import tempfile
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from runner.app.usecases.executing import apply_plan
from runner.app.usecases.planning import DryRunEnded, silent
from runner.core.errors import ExitCode, InvalidInput
from runner.plan.codec import PlanFile
from runner.plan.fee import FEES
from runner.plan.model import Plan, PlannedEffect
from runner.sandbox.directory import open_sandbox
from runner.sandbox.world import Fee, World
from runner.sandbox.world_file import default_world
from tests.acceptance.projected import ledger_account
from tests.app.usecases.conftest import Network, Place
from tests.app.usecases.generated import Generated, playbooks
from tests.hand_clock import HandClock
from tests.plan_schema import plan_errors

HIDDEN = ("external:", "exchange:")
ZERO = Decimal(0)
OTHER_COIN = "a fee in another coin"
MEMORY = Path("/dev/shm")  # noqa: S108 - folders of unpredictable names are made in it
"""What is flushed here is flushed at once: these tests are not about durability."""
_STAMP = re.compile(rb',"timestamp":[0-9]+}$')
_CHECKS = settings(
    deadline=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    derandomize=False,
    database=None,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_generated_playbooks_do_what_their_plans_say(generated_keys: Path) -> None:
    _hold(generated_keys, examples=60, of=0)


@pytest.mark.slow
@pytest.mark.parametrize("of", range(1, 9))
def test_many_generated_playbooks_do_what_their_plans_say(generated_keys: Path, of: int) -> None:
    _hold(generated_keys, examples=125, of=of)


def _hold(keys: Path, *, examples: int, of: int) -> None:
    sent = Counter[str]()

    @seed(of)
    @settings(_CHECKS, max_examples=examples)
    @given(playbooks())
    def hold(generated: Generated) -> None:
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
            sent.update(asyncio.run(_one(Path(folder), keys, generated)))

    hold()
    # A generator that only makes what cannot be planned would prove nothing.
    assert sent.pop(OTHER_COIN, 0) > examples // 20
    assert sum(sent.values()) > examples
    assert len(sent) >= 5


async def _one(folder: Path, keys: Path, generated: Generated) -> Counter[str]:
    clock = HandClock()
    home = folder / "sandbox" / "test"
    shutil.copytree(keys, home / "keys")
    sandbox = open_sandbox(home, _world(generated), clock)
    try:
        async with AsyncExitStack() as stack:
            place = Place(folder=folder, sandbox=sandbox, clock=clock, stack=stack)
            return await _planned_and_done(place, generated)
    finally:
        sandbox.close()


def _world(generated: Generated) -> World:
    world = default_world()
    if not generated.pays_in_ether:
        return world
    coins = []
    for coin in world.coins:
        fee = Fee(coin="ETH", amount=Decimal("0.0012"))
        chains = [replace(c, fee=fee) if c.network in {"ETH", "BTC"} else c for c in coin.chains]
        coins.append(replace(coin, chains=tuple(chains)))
    return replace(world, coins=tuple(coins))


async def _planned_and_done(place: Place, generated: Generated) -> Counter[str]:
    received: list[bytes] = []
    desk = await place.desk(network=Network(keep=received.append))
    path = place.write(generated.text)
    before = _ledger(place)
    try:
        file = await place.plan(desk, path)
    except (DryRunEnded, InvalidInput):
        if not generated.has_large:
            raise
        assert place.posts() == 0
        return Counter()
    assert place.posts() == 0
    assert plan_errors(file.data) == []

    report = await apply_plan(desk, file, silent)

    if report.exit_code is ExitCode.FAILED and generated.has_large:
        # A lack that only an undecided effect causes is a warning, and the custodian's no.
        assert "may then hold" in " ".join(file.plan.warnings), report.message
        assert _arrived(received) <= Counter(e.body.encode() for e in file.plan.effects)
        return Counter()
    assert report.exit_code is ExitCode.DONE, report.message
    _hold_bodies(file, received)
    _hold_balances(place, file.plan, before)
    happening = [effect for effect in file.plan.effects if _happens(effect)]
    paid = (effect for effect in happening if effect.fee is not None)
    elsewhere = sum(effect.fee.coin not in {"", effect.coin} for effect in paid if effect.fee)
    return Counter(effect.action for effect in happening) + Counter({OTHER_COIN: elsewhere})


def _happens(effect: PlannedEffect) -> bool:
    return not any(part.startswith("n") for part in effect.path.split("/"))


def _arrived(received: list[bytes]) -> Counter[bytes]:
    return Counter(_STAMP.sub(b"}", each) for each in received)


def _hold_bodies(file: PlanFile, received: list[bytes]) -> None:
    happening = [effect for effect in file.plan.effects if _happens(effect)]
    assert _arrived(received) == Counter(effect.body.encode("utf-8") for effect in happening)
    assert all(effect.decided is False for effect in file.plan.effects if not _happens(effect))


def _hold_balances(place: Place, plan: Plan, before: dict[str, Decimal]) -> None:
    after, world = _ledger(place), place.sandbox.world
    undecided = {
        (account, coin)
        for effect in plan.effects
        if not effect.decided
        for account, coin in _touched(effect)
    }
    for line in plan.balances:
        key = line.account, line.coin
        assert (line.change is None) == (key in undecided), key
        if line.account.startswith(HIDDEN):
            continue
        if line.account == FEES:
            name = f"fees/world/{line.coin}"
            actual = after.get(name, ZERO) - before.get(name, ZERO)
            assert line.change is None or line.change == actual, key
            continue
        name = ledger_account(world, *key)
        assert line.before == before.get(name, ZERO), key
        assert line.after is None or line.after == after[name], key
        assert (line.after is None) == (key in undecided), key
    changed = {name for name in after if after[name] != before.get(name, ZERO)}
    assert len(changed) <= len(plan.balances)


def _touched(effect: PlannedEffect) -> list[tuple[str, str]]:
    touched = [(effect.debit, effect.coin), (effect.credit, effect.coin)]
    if effect.fee is not None and effect.fee.debit:
        touched += [(effect.fee.debit, effect.fee.coin), (effect.fee.credit, effect.fee.coin)]
    return touched


def _ledger(place: Place) -> dict[str, Decimal]:
    assert place.sandbox.ledger.check() == ()
    return {str(each.account): each.amount for each in place.sandbox.ledger.balances()}
