"""A process of its own that spends as much as a policy lets it, in races with others like it.

Run as ``python spending_child.py RUN_ID STATE_FILE``. It prints ``ready``, waits for a line, then
writes as many intents of 10 USDT as the policy allows and prints their number.
"""

import asyncio
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from runner.controls.guard import Guard, SpentAsked, closed_guard
from runner.controls.policy import EffectFacts, Spent, VerdictKind
from runner.controls.policy_file import policy_from_document
from runner.core.clock import SystemClock
from runner.core.errors import PolicyDenied
from runner.core.source import SourceFile
from runner.documents.yaml import read_yaml
from runner.effects.model import EffectOrder
from runner.journal.sqlite import open_journal
from tests.journal.driven_child import ORDER, RUN, START, say

TRIES = 60
POLICY = """\
apiVersion: runner/v1
kind: Policy
rules:
  - name: limit
    reason: A limit that two processes must not pass together.
    match:
      sum: {window: WINDOW, at_most: AT_MOST}
    verdict: allow
"""


class Limit:
    """The policy port over one rule."""

    def __init__(self, *, at_most: str = "505 USDT", window: str = "24h") -> None:
        text = POLICY.replace("AT_MOST", at_most).replace("WINDOW", window)
        node = read_yaml(SourceFile(name="policy.yaml", text=text))
        without = closed_guard("").without
        self._guard = Guard(policy=policy_from_document(node), without=without)

    def facts(self, order: EffectOrder) -> EffectFacts:
        amount = order.expectation.amount
        assert amount is not None
        return EffectFacts(action=order.action, coin="USDT", amount=amount)

    async def look(self, order: EffectOrder, at: datetime) -> None:
        pass

    def asked(self, order: EffectOrder, at: datetime) -> SpentAsked:
        return self._guard.asked(self.facts(order), at)

    def require(self, order: EffectOrder, at: datetime, spent: Iterable[Spent]) -> None:
        verdict = self._guard.verdict(self.facts(order), at, spent, run_id=order.run_id)
        if verdict.kind is not VerdictKind.ALLOW:
            raise PolicyDenied(verdict.reason)


async def spend(run_id: str, state_file: Path) -> int:
    journal = open_journal(state_file, clock=SystemClock())
    await journal.register_run(replace(RUN, run_id=run_id, occurrence=run_id), {})
    store = journal.held_to(Limit())
    say("ready")
    sys.stdin.readline()
    allowed = 0
    for number in range(TRIES):
        order = replace(ORDER, run_id=run_id, path=f"pay{number}", request_id=f"{run_id}{number}")
        try:
            await store.insert_intent(order, known_order_ids=(), at=START)
        except PolicyDenied:
            continue
        allowed += 1
    journal.close()
    return allowed


if __name__ == "__main__":
    say(str(asyncio.run(spend(sys.argv[1], Path(sys.argv[2])))))
