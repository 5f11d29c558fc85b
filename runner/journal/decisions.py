"""What people decided: rows that are never changed, in the chain of the run they are about."""

from runner.core.clock import moment_from_text
from runner.core.errors import StoreRefused
from runner.effects.person_decision import CANCELS
from runner.effects.ports import Decision
from runner.journal.chain import digest_of_row
from runner.journal.codec import json_text, json_value, moment_text
from runner.journal.records import DECISION, insert_numbered
from runner.journal.register import enter_register
from runner.journal.sql import Sql
from runner.journal.transaction import Transaction


def insert_decision(transaction: Transaction, decision: Decision) -> None:
    """Write a decision about a run, in a transaction on that run.

    Errors: ``StoreRefused`` for a run that is not there.
    """
    assert decision.run_id == transaction.run_id, "a decision is written in its run's transaction"
    sql = transaction.sql
    known = sql.execute("SELECT 1 FROM run WHERE run_id = ?", (decision.run_id,)).fetchone()
    if known is None:
        raise StoreRefused(f"there is no run {decision.run_id} that could be decided about")
    insert_numbered(transaction, "decision", DECISION, _values(decision))


def register_decision(sql: Sql, decision: Decision) -> None:
    """Write a decision about the whole journal, in a transaction that is the only one."""
    assert not decision.run_id, "a decision about a run belongs into its chain"
    values = _values(decision)
    names = ", ".join(DECISION.columns)
    (number,) = sql.execute(
        f"INSERT INTO decision (run_id, {names}) VALUES ('',?,?,?,?,?,?) RETURNING seq",  # noqa: S608  # constants
        values,
    ).fetchone()
    digest = digest_of_row(DECISION.table, DECISION.names, (number, *values))
    facts = {"decision": number, "digest": digest, "kind": decision.kind}
    enter_register(sql, "decision", "", facts, decision.at)


def decisions(sql: Sql, run_id: str) -> tuple[Decision, ...]:
    """Return what was decided about a run, or about the whole journal, oldest first."""
    found = sql.execute(
        f"SELECT {', '.join(DECISION.columns)} FROM decision WHERE run_id = ? ORDER BY seq",  # noqa: S608  # constants
        (run_id,),
    ).fetchall()
    return tuple(
        Decision(
            run_id=run_id,
            path=path,
            kind=kind,
            reason=reason,
            who=who,
            at=moment_from_text(at),
            payload=json_value(payload),
        )
        for path, kind, reason, who, at, payload in found
    )


def cancel_asked(sql: Sql, run_id: str) -> Decision | None:
    """Return the strongest cancel of a run, the first of them, or None."""
    asked = [each for each in decisions(sql, run_id) if each.kind in CANCELS]
    return next((each for each in asked if each.kind == CANCELS[-1]), next(iter(asked), None))


def _values(decision: Decision) -> tuple[str, ...]:
    return (
        decision.path,
        decision.kind,
        decision.reason,
        decision.who,
        moment_text(decision.at),
        json_text(decision.payload),
    )
