"""A run that dies after any step and goes on sees what one sees that was never interrupted.

The playbook nests loops, branches, groups and attempts; the world it reads changes with every look,
so that any value that was not looked up but read again would show.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.catalogue.manifest import Manifest
from runner.core.money import Money
from runner.core.values import Value
from runner.engine.ports import EffectRequest, EffectResult, StepOutcome
from runner.engine.verdict import Cause, WalkEnd
from tests.engine.engine_fakes import (
    FakeEffects,
    FakeReads,
    MemoryJournal,
    Stage,
    playbook_of,
    positions,
)

HEAD = "inputs:\n  coins: {type: list<coin>}\n"
STEPS = """
  - id: first
    uses: mirror.positions
    with: {link: prime}
  - id: each
    foreach: coin in inputs.coins
    key: coin
    max_parallel: PARALLEL
    on_failure: finish_others
    let:
      held: balance(steps.first, coin)
    steps:
      - id: look
        uses: mirror.positions
        with: {link: prime}
      - id: apply
        effect: mirror.apply
        with:
          link: prime
          amount: ${{ money(balance(steps.look, "USDT").amount + held.amount, coin) }}
          network: ETH
      - id: guarded
        try:
          - id: inner
            uses: mirror.positions
            with: {link: prime}
            assert: coin != "BTC"
        rescue:
          - id: noted
            uses: mirror.positions
            with: {link: prime}
        finally:
          - id: last
            uses: mirror.positions
            with: {link: prime}
  - id: both
    parallel:
      - id: left
        steps:
          - id: settle
            effect: mirror.settle
            with: {link: prime, amount: 1 USDT, network: ETH, from: ceffu}
      - id: right
        steps:
          - id: nap
            pause: 1m
          - id: look
            uses: mirror.positions
            with: {link: prime}
outputs:
  seen:
    type: list<money>
    value: ${{ [item.apply.amount for item in values(steps.each)] }}
  last:
    type: money
    value: ${{ balance(steps.both.right.look, "USDT") }}
"""


class _Died(BaseException):
    """The process is gone; nothing in it may answer."""


@dataclass
class _Rising:
    """Shows one more with every look, over all processes."""

    looks: int = 100

    async def read(self, manifest: Manifest, arguments: Mapping[str, Value]) -> Value:
        del manifest, arguments
        self.looks += 1
        return positions(str(self.looks))


@dataclass
class _MortalJournal(MemoryJournal):
    """Dies before or after its n-th write."""

    writes_left: int = 1_000_000
    dies_after: bool = True

    async def finished(self, path: str, outcome: StepOutcome) -> None:
        self.writes_left -= 1
        if self.writes_left == 0 and not self.dies_after:
            raise _Died
        await super().finished(path, outcome)
        if self.writes_left == 0:
            raise _Died


@dataclass
class _Ledger(FakeEffects):
    """Remembers for good what was asked under each path, as the journal of effects does."""

    asked: dict[str, Value] = field(default_factory=dict)

    async def perform(self, request: EffectRequest) -> EffectResult:
        amount = request.arguments["amount"]
        assert self.asked.setdefault(request.path, amount) == amount, request.path
        return await super().perform(request)


def _stage(coins: tuple[str, ...], parallel: int) -> Stage:
    stage = Stage(
        playbook=playbook_of(STEPS.replace("PARALLEL", str(parallel)), head=HEAD),
        reads=FakeReads({}),
        effects=_Ledger(),
        inputs={"coins": coins},
        journal=_MortalJournal(),
    )
    stage.reads = _Rising()  # type: ignore[assignment]  # another port with the same shape
    return stage


async def _walk_to_the_end(stage: Stage, deaths: list[tuple[int, bool]]) -> tuple[WalkEnd, int]:
    """Walk until it ends, dying as told; return the end and how many times it died."""
    died = 0
    journal = stage.journal
    assert isinstance(journal, _MortalJournal)
    for writes, after in deaths:
        journal.writes_left, journal.dies_after = writes, after
        try:
            return await stage.walk(), died
        except _Died:
            died += 1
    journal.writes_left = 1_000_000
    return await stage.walk(), died


@settings(max_examples=60, deadline=None)
@given(
    coins=st.lists(st.sampled_from(["USDT", "BTC", "ETH", "SOL"]), max_size=3, unique=True),
    parallel=st.integers(min_value=1, max_value=3),
    deaths=st.lists(st.tuples(st.integers(min_value=1, max_value=12), st.booleans()), max_size=6),
)
def test_resumed_run_ends_as_one_that_never_stopped(
    coins: list[str], parallel: int, deaths: list[tuple[int, bool]]
) -> None:
    import asyncio

    stage = _stage(tuple(coins), parallel)

    end, _ = asyncio.run(_walk_to_the_end(stage, deaths))
    journalled = {path: outcome.result for path, outcome in stage.journal.outcomes.items()}
    again = asyncio.run(stage.walk())

    assert end.cause is Cause.DONE
    assert again == end, "a walk over a finished run sees the same and does nothing"
    assert journalled == {path: o.result for path, o in stage.journal.outcomes.items()}
    effects = stage.effects
    assert isinstance(effects, _Ledger)
    assert end.outputs["seen"] == [str(effects.asked[f"each[{coin}]/apply"]) for coin in coins]
    assert len(effects.asked) == len(coins) + 1
    assert ("each[BTC]/guarded/rescue/noted" in journalled) == ("BTC" in coins)


async def test_every_place_to_die_is_met_and_nothing_is_read_twice() -> None:
    coins = ("USDT", "BTC")
    whole = _stage(coins, 1)
    assert (await whole.walk()).cause is Cause.DONE
    count = len(whole.journal.outcomes)

    for after in (True, False):
        for writes in range(1, count + 1):
            stage = _stage(coins, 1)
            end, died = await _walk_to_the_end(stage, [(writes, after)])
            assert died == 1
            assert end.cause is Cause.DONE
            assert stage.journal.outcomes.keys() == whole.journal.outcomes.keys()
            if after:
                assert end.outputs == (await whole.walk()).outputs
            for path, amount in stage.effects.asked.items():  # type: ignore[attr-defined]  # a _Ledger
                assert isinstance(amount, Money)
                assert amount.amount > Decimal(0), path
