"""One plan with very many effects, in a process of its own: its time and its memory.

``python -m benchmarks.planned_effects COUNT`` makes a plan of COUNT withdrawals, writes and reads
its file and renders it, with a custodian that answers from memory. It prints the seconds of
processor time that took and the peak of the process's memory in MiB, one a line.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from runner.actions.effects import draft_effect
from runner.catalogue.load import load_api
from runner.catalogue.manifest import Manifest
from runner.catalogue.manifests import MANIFESTS
from runner.controls.destination import DestinationEntry
from runner.controls.directory import Directory, WalletEntry
from runner.core.clock import SystemClock
from runner.core.money import Money
from runner.core.values import Value
from runner.documents.files import source_from_bytes
from runner.engine.run import Walk
from runner.engine.verdict import Cause
from runner.plan.build import (
    PlanContext,
    check_may,
    plan_from_dry_run,
    seed_missing,
    shortage_words,
    touched_by,
)
from runner.plan.codec import file_from_plan, plan_from_file
from runner.plan.dryrun import DryRunner, Identity
from runner.playbook.inputs import bind_inputs
from runner.playbook.load import load_playbook
from runner.reporting.plan_text import plan_lines
from runner.reporting.terminal import Terminal

PLAYBOOK = """\
apiVersion: runner/v1
kind: Playbook
name: bench-effects
summary: Withdrawals only.
once: bench
inputs:
  keys: {{type: list<string>, default: [{keys}]}}
may:
  withdrawal.create: {{count: {count}, total: {count} USDT}}
steps:
  - id: pay
    foreach: key in inputs.keys
    key: key
    effect: withdrawal.create
    with:
      from: bench/main
      to: bench/cold
      amount: 1 USDT
      network: ETH
"""
DIRECTORY = Directory(
    entity="bench",
    coins={"USDT": 6},
    networks=frozenset({"ETH"}),
    wallets={"bench/main": WalletEntry(name="bench/main", id="1", type="qualified")},
    destinations={
        "bench/cold": DestinationEntry(name="bench/cold", address="0xab", networks=("ETH",))
    },
)
HELD = Money(Decimal(10**9), "USDT")
_ROW: Value = {
    "coin": "USDT",
    "network": "ETH",
    "amount": HELD,
    "available": HELD,
    "with_mirror": HELD,
}
_LIMITS: Value = {
    "coin": "USDT",
    "network": "ETH",
    "withdrawals": True,
    "places": 6,
    "min": Money(Decimal(1), "USDT"),
}
ANSWERS: Mapping[str, Value] = {
    "wallet.assets": {"rows": (_ROW,), "by_coin": {"USDT": HELD}, "complete": True},
    "withdrawal.fee": {"fee": Money(Decimal("0.1"), "USDT")},
    "coins": {"rows": (_LIMITS,), "complete": True},
}


class FromMemory:
    """Reads that cost nothing."""

    async def read(self, manifest: Manifest, arguments: Mapping[str, Value]) -> Value:
        """Answer by the action's name."""
        del arguments
        return ANSWERS[manifest.name]


async def plan_all(count: int) -> None:
    """Make, write, read and render one plan."""
    keys = ", ".join(f'"{number:06}"' for number in range(count))
    text = PLAYBOOK.format(keys=keys, count=count)
    loaded = load_playbook(source_from_bytes("bench.yaml", text.encode("utf-8")), MANIFESTS)
    assert loaded.playbook is not None, [each.summary for each in loaded.diagnostics]
    playbook, clock, api = loaded.playbook, SystemClock(), load_api()
    now = clock.now()
    runner = DryRunner(
        reads=FromMemory(),
        draft=lambda manifest, given: draft_effect(manifest, given, directory=DIRECTORY, api=api),
        clock=clock,
        random=lambda: 0.0,
        places=lambda coin: DIRECTORY.coins[coin],
    )
    identity = Identity(host="h", entity="bench", playbook=playbook.name, occurrence="bench")
    walk = Walk(playbook=playbook, inputs=bind_inputs(playbook, {}).values, now=now)
    dry = await runner.run(walk, identity, emit=lambda _: None)
    assert dry.end.cause is Cause.DONE
    check_may(dry, playbook.may)
    await seed_missing(dry.ledger, touched_by(dry), FromMemory(), MANIFESTS)
    assert shortage_words(dry) == ((), ())
    context = PlanContext(
        tool_version="0",
        playbook=playbook,
        files=(),
        git_commit="",
        profile="bench",
        controls_digest=f"sha256:{'0' * 64}",
        key_fingerprint="",
        facts={},
        store_id="",
        inputs=(),
        labels={},
        created_at=now,
        created_by="bench",
        not_after=now + timedelta(hours=1),
        names={},
    )
    written = file_from_plan(plan_from_dry_run(dry, identity, context))
    read = plan_from_file(written.data)
    assert len(read.plan.effects) == count
    assert plan_lines(read, Terminal(width=100))[-1].startswith(f"Plan: {count} effects")


def peak_mib() -> float:
    """Return the most memory this process has had.

    Not ``getrusage``: its figure begins with that of the process this one was started by.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (each for each in status.splitlines() if each.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    # As the console script has it.
    gc.set_threshold(50_000)
    started_s = time.process_time()
    asyncio.run(plan_all(int(sys.argv[1])))
    print(time.process_time() - started_s)
    print(peak_mib())
