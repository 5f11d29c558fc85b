"""The journal as the effects of one run see it when a policy decides about them.

Asking the policy, reading the sums it asks for and writing the row that lets an effect go are one
transaction, which a database gives to one process at a time: two runs that race cannot pass a
limit.
Source: DESIGN section 7, Policy, again before each send; section 6, rule 3.
"""

from datetime import datetime

from runner.controls.kill_switch import KillSwitch
from runner.core.jsonvalue import JsonValue
from runner.effects.model import Attempt, EffectOrder, EffectRow
from runner.effects.policy import PolicyPort
from runner.effects.ports import Change, EffectStore
from runner.journal import effects, spending, stopping
from runner.journal.sql import Sql
from runner.journal.transaction import Writer


class PolicedEffects:
    """The EffectStore port, with a policy in the transactions that matter."""

    def __init__(
        self, journal: EffectStore, writer: Writer, policy: PolicyPort, switch: KillSwitch
    ) -> None:
        """Take the journal, what writes to it, the policy for one run, and the kill switch."""
        self._journal = journal
        self._writer = writer
        self._policy = policy
        self._switch = switch

    async def effect(self, run_id: str, path: str) -> EffectRow | None:
        """Return the effect's row, or None before its intent."""
        return await self._journal.effect(run_id, path)

    async def insert_intent(
        self, order: EffectOrder, *, known_order_ids: tuple[str, ...], at: datetime
    ) -> EffectRow:
        """Write the INTENT row and the facts that count from now on, if the policy lets it.

        Errors: as the journal's; ``PolicyDenied``, ``SendingStopped``, ``ConfirmationRefused``.
        """
        await self._policy.look(order, at)
        with self._writer.writing("intent", order.run_id, across=True) as transaction:
            self._require(transaction.sql, order, at)
            row = effects.insert_intent(transaction, order, known_order_ids, at)
            spending.record_spent(transaction, order, self._policy.facts(order), at)
            return row

    async def begin_attempt(self, order: EffectOrder, attempt: Attempt) -> EffectRow:
        """Write the attempt row, if the policy of this moment lets it.

        Every send is a decision of its own, also of an effect that may have been executed: what
        was denied since then is not sent again. From now on the effect counts as spent at this
        moment, however long ago its intent was.

        Errors: as the journal's; ``PolicyDenied``, ``SendingStopped``, ``ConfirmationRefused``.
        """
        await self._policy.look(order, attempt.started_at)
        with self._writer.writing("attempt", order.run_id, across=True) as transaction:
            self._require(transaction.sql, order, attempt.started_at)
            row = effects.begin_attempt(transaction, order, attempt)
            spending.move_spent(transaction, order, attempt.started_at)
            return row

    async def record_answer(
        self,
        order: EffectOrder,
        attempt_number: int,
        answer: JsonValue,
        *,
        proven_not_executed: bool,
        change: Change,
    ) -> EffectRow:
        """Write what an attempt gave and the transition it causes, in one transaction."""
        return await self._journal.record_answer(
            order, attempt_number, answer, proven_not_executed=proven_not_executed, change=change
        )

    async def change_effect(self, order: EffectOrder, change: Change) -> EffectRow:
        """Make one transition durable."""
        return await self._journal.change_effect(order, change)

    async def claimed_order_ids(self) -> frozenset[str]:
        """Return every custodian order id that any effect of any run has as its own."""
        return await self._journal.claimed_order_ids()

    def _require(self, sql: Sql, order: EffectOrder, at: datetime) -> None:
        self._switch.require_running(self._policy.facts(order), stopping.flags(sql))
        asked = self._policy.asked(order, at)
        spent = spending.spent_rows(sql, asked, run_id=order.run_id, path=order.path)
        self._policy.require(order, at, spent)
