"""Locks as people see them: who has them, since when, and what stands behind them."""

from datetime import datetime

from runner.core.clock import moment_from_text
from runner.core.errors import LockHeld, UsageInvalid
from runner.core.record import record
from runner.effects.model import FINAL_STATES, EffectState
from runner.effects.ports import Decision
from runner.journal.decisions import insert_decision
from runner.journal.sql import Sql
from runner.journal.transaction import Transaction


@record
class EffectBehind:
    """One effect behind a lock."""

    run_id: str
    path: str
    request_id: str
    state: EffectState


@record
class LockRow:
    """One lock that a run has.

    Shapes: ``effects`` are all of any run behind the lock, in the order of their intents;
        ``is_driven`` tells whether some process drives the owner now.
    """

    name: str
    run_id: str
    at: datetime
    is_driven: bool
    effects: tuple[EffectBehind, ...]

    @property
    def unsettled(self) -> tuple[EffectBehind, ...]:
        """Return the effects that are not final: what the lock is for."""
        return tuple(each for each in self.effects if each.state not in FINAL_STATES)


def locks_held(sql: Sql) -> tuple[tuple[str, str, datetime, tuple[EffectBehind, ...]], ...]:
    """Return every lock: name, owner, since when, and the effects behind it; sorted by name."""
    found = sql.execute("SELECT name, run_id, at FROM lock ORDER BY name").fetchall()
    return tuple(
        (name, run_id, moment_from_text(at), _behind(sql, name)) for name, run_id, at in found
    )


def break_lock(transaction: Transaction, name: str, decision: Decision) -> None:
    """Take a lock from the transaction's run, by a decision that stays in its chain.

    Errors: ``UsageInvalid`` where the run does not have that lock; ``LockHeld`` while an effect
        behind it is not final.
    """
    sql, run_id = transaction.sql, transaction.run_id
    found = sql.execute("SELECT run_id FROM lock WHERE name = ?", (name,)).fetchone()
    if found is None or found[0] != run_id:
        raise UsageInvalid(f"run {run_id} has no lock {name}", hint="`runner lock list` shows all")
    unsettled = [each for each in _behind(sql, name) if each.state not in FINAL_STATES]
    if unsettled:
        each = unsettled[0]
        raise LockHeld(
            f"{name} stays: effect {each.path} of run {each.run_id} is {each.state}"
            f" (requestId {each.request_id})",
            owner=each.run_id,
            hint=f"runner resume {each.run_id} takes it to its end",
        )
    insert_decision(transaction, decision)
    sql.execute("DELETE FROM lock WHERE name = ? AND run_id = ?", (name, run_id))


def _behind(sql: Sql, name: str) -> tuple[EffectBehind, ...]:
    found = sql.execute(
        "SELECT run_id, path, request_id, state FROM effect WHERE lock = ? ORDER BY seq", (name,)
    ).fetchall()
    return tuple(
        EffectBehind(run_id=run_id, path=path, request_id=request_id, state=EffectState(state))
        for run_id, path, request_id, state in found
    )
