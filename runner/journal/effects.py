"""The rows of effects: every function works inside a transaction that its caller has opened."""

from collections.abc import Sequence
from datetime import datetime

from runner.catalogue.manifest import FoundBy
from runner.core.clock import moment_from_text
from runner.core.errors import LockHeld, PlanRefused, RunCancelled, StoreRefused
from runner.core.ids import bytes_digest
from runner.core.jsonvalue import JsonValue
from runner.core.money import amount_from_reply, amount_text
from runner.effects.machine import is_unsent, transitions
from runner.effects.model import Attempt, EffectOrder, EffectRow, EffectState, Expectation
from runner.effects.ports import Change, Decision
from runner.effects.resolving import RESOLUTIONS
from runner.journal.codec import json_text, json_value, moment_text
from runner.journal.decisions import cancel_asked, insert_decision
from runner.journal.records import (
    ATTEMPT,
    CLAIM,
    EFFECT,
    REQUEST,
    TRANSITION,
    enter_written,
    insert_numbered,
    insert_row,
)
from runner.journal.sql import Sql
from runner.journal.transaction import Transaction

_COLUMNS = ", ".join(("run_id", *EFFECT.names))
_ATTEMPT_COLUMNS = (
    "path, number, timestamp_ms, started_at, key_fingerprint, answer, proven_not_executed"
)
_HOLDING = (
    "(state IN ('sending', 'unknown', 'seen', 'halted')"
    " OR state = 'accepted' AND found_by <> 'request_id')"
)
"""What keeps every other effect away from a lock: one that is found by its requestId does so until
it is accepted, every other until it is final.

Source: DESIGN section 7, Locks.
"""


def effect_row(sql: Sql, run_id: str, path: str) -> EffectRow | None:
    """Return one effect, or None before its intent."""
    found = sql.execute(
        f"SELECT {_COLUMNS} FROM effect WHERE run_id = ? AND path = ?",  # noqa: S608  # constants
        (run_id, path),
    ).fetchone()
    if found is None:
        return None
    attempts = sql.execute(
        f"SELECT {_ATTEMPT_COLUMNS} FROM attempt"  # noqa: S608  # constants
        " WHERE run_id = ? AND path = ? ORDER BY number",
        (run_id, path),
    ).fetchall()
    return _row(found, [_attempt(each) for each in attempts])


def effect_rows(sql: Sql, run_id: str) -> tuple[EffectRow, ...]:
    """Return a run's effects in the order of their intents."""
    attempts: dict[str, list[Attempt]] = {}
    for each in sql.execute(
        f"SELECT {_ATTEMPT_COLUMNS} FROM attempt"  # noqa: S608  # constants
        " WHERE run_id = ? ORDER BY path, number",
        (run_id,),
    ):
        attempts.setdefault(each[0], []).append(_attempt(each))
    rows = sql.execute(
        f"SELECT {_COLUMNS} FROM effect WHERE run_id = ? ORDER BY seq",  # noqa: S608  # constants
        (run_id,),
    ).fetchall()
    return tuple(_row(found, attempts.get(found[1], [])) for found in rows)


def insert_intent(
    transaction: Transaction, order: EffectOrder, known_order_ids: tuple[str, ...], at: datetime
) -> EffectRow:
    """Write the INTENT row of an effect that has none.

    Errors: ``StoreRefused`` when the requestId has another payload or the effect has a row.
    """
    sql = transaction.sql
    _refuse_other_payload(sql, order)
    known = sql.execute("SELECT 1 FROM run WHERE run_id = ?", (order.run_id,)).fetchone()
    moment = moment_text(at)
    if known is None or not _insert_effect(transaction, order, known_order_ids, moment):
        raise StoreRefused(
            f"[requestId {order.request_id}] effect {order.path} of run {order.run_id}"
            " cannot have an intent: it has one already, or its run is not registered"
        )
    _insert_transition(
        transaction,
        (order.path, moment, EffectState.PLANNED, EffectState.INTENT, 0, "", "", "", "null"),
    )
    return EffectRow(
        order=order,
        state=EffectState.INTENT,
        attempts=(),
        known_order_ids=known_order_ids,
        changed_at=at,
    )


def _insert_effect(
    transaction: Transaction, order: EffectOrder, known_order_ids: tuple[str, ...], moment: str
) -> bool:
    expectation = order.expectation
    values = (
        order.path,
        order.action,
        order.operation,
        order.method,
        order.url_path,
        order.body,
        order.request_id,
        order.lock,
        expectation.subject_id,
        expectation.kind,
        expectation.coin,
        expectation.network,
        "" if expectation.amount is None else amount_text(expectation.amount),
        moment_text(order.planned_at),
        json_text(known_order_ids),
        EffectState.INTENT,
        "",
        "",
        "",
        "",
        "null",
        moment,
        json_text(expectation.details),
        order.found_by,
    )
    return insert_row(transaction, "intent", EFFECT, values)


def begin_attempt(transaction: Transaction, order: EffectOrder, attempt: Attempt) -> EffectRow:
    """Write an attempt and move INTENT to SENDING; the first one of a run claims its occurrence.

    A repeatable effect goes there from UNKNOWN and SEEN as well.

    Errors: ``RunCancelled`` for a first send after a cancel; ``PlanRefused`` when another run holds
        the occurrence; ``LockHeld`` when another run or
        an effect that is not final holds the lock; ``StoreRefused`` for a row that is elsewhere.
    """
    row = _expected(transaction.sql, order, *_attempted_from(order))
    if attempt.number != len(row.attempts) + 1:
        raise StoreRefused(
            f"[requestId {order.request_id}] attempt {attempt.number} cannot follow"
            f" {len(row.attempts)} attempts"
        )
    if is_unsent(row.attempts):
        _refuse_cancelled(transaction)
    moment = moment_text(attempt.started_at)
    _claim(transaction, moment)
    _bind(transaction, order, moment)
    _hold_lock(transaction.sql, order, moment)
    values = (
        order.path,
        attempt.number,
        attempt.timestamp_ms,
        moment,
        attempt.key_fingerprint,
        None,
        0,
        transaction.chain.epoch,
    )
    if not insert_row(transaction, "attempt", ATTEMPT, values):
        raise StoreRefused(
            f"[requestId {order.request_id}] attempt {attempt.number} is written already"
        )
    change = Change(expected=row.state, state=EffectState.SENDING, at=attempt.started_at)
    return _apply(transaction, row, change, (*row.attempts, attempt))


def record_answer(
    transaction: Transaction,
    order: EffectOrder,
    attempt: tuple[int, JsonValue, bool],
    change: Change,
) -> EffectRow:
    """Write what an attempt gave and its transition.

    Shapes: ``attempt`` is number, answer, and whether it is proven not executed.
    Errors: ``StoreRefused`` when the row is not as expected or the attempt has an answer.
    """
    number, answer, proven = attempt
    row = _expected(transaction.sql, order, change.expected)
    written = transaction.sql.execute(
        "UPDATE attempt SET answer = ?, proven_not_executed = ?"
        " WHERE run_id = ? AND path = ? AND number = ? AND answer IS NULL",
        (json_text(answer), int(proven), order.run_id, order.path, number),
    ).rowcount
    if written != 1:
        raise StoreRefused(
            f"[requestId {order.request_id}] attempt {number} is not waiting for an answer"
        )
    enter_written(transaction, "answer", ATTEMPT, (order.path, number))
    attempts = tuple(
        Attempt(
            number=each.number,
            timestamp_ms=each.timestamp_ms,
            started_at=each.started_at,
            key_fingerprint=each.key_fingerprint,
            answer=json_value(json_text(answer)),
            proven_not_executed=proven,
        )
        if each.number == number
        else each
        for each in row.attempts
    )
    return _apply(transaction, row, change, attempts)


def change_effect(
    transaction: Transaction, order: EffectOrder, change: Change, decision: Decision | None
) -> EffectRow:
    """Make one transition, after the decision that led to it, if there is one.

    An effect that leaves INTENT for anything but CANCELLED may exist at the custodian, sent or not,
    so it claims the occurrence and binds its requestId as an attempt would.
    Errors: as ``begin_attempt``; ``StoreRefused`` where a decision takes another effect's order.
    """
    row = _expected(transaction.sql, order, change.expected)
    if row.state is EffectState.INTENT and change.state is not EffectState.CANCELLED:
        moment = moment_text(change.at)
        _claim(transaction, moment)
        _bind(transaction, order, moment)
    if decision is not None:
        insert_decision(transaction, decision)
        _refuse_claimed(transaction.sql, order, change.order_id)
        allowed = transitions(order, row.state) | RESOLUTIONS.get(row.state, frozenset())
        return _apply(transaction, row, change, row.attempts, allowed=allowed)
    return _apply(transaction, row, change, row.attempts)


def _refuse_claimed(sql: Sql, order: EffectOrder, order_id: str) -> None:
    # Looked at before, and again here, where nobody else can adopt the same order meanwhile.
    other = sql.execute(
        "SELECT run_id, path FROM effect WHERE order_id = ? AND order_id <> ''"
        " AND NOT (run_id = ? AND path = ?)",
        (order_id, order.run_id, order.path),
    ).fetchone()
    if other is not None:
        raise StoreRefused(f"order {order_id} belongs to effect {other[1]} of run {other[0]}")


def claimed_order_ids(sql: Sql) -> frozenset[str]:
    """Return every order id that is some effect's own."""
    return frozenset(
        found for (found,) in sql.execute("SELECT order_id FROM effect WHERE order_id <> ''")
    )


def _attempted_from(order: EffectOrder) -> tuple[EffectState, ...]:
    return tuple(s for s in EffectState if EffectState.SENDING in transitions(order, s))


def _expected(sql: Sql, order: EffectOrder, *states: EffectState) -> EffectRow:
    row = effect_row(sql, order.run_id, order.path)
    if row is None or row.state not in states or row.order != order:
        found = "has no row" if row is None else f"is {row.state}"
        if row is not None and row.order != order:
            found = "has another payload"
        raise StoreRefused(
            f"[requestId {order.request_id}] effect {order.path} of run {order.run_id} was"
            f" expected to be {' or '.join(states)}, but {found}",
            hint="another process may be driving this run",
        )
    return row


def _apply(
    transaction: Transaction,
    row: EffectRow,
    change: Change,
    attempts: tuple[Attempt, ...],
    *,
    allowed: frozenset[EffectState] | None = None,
) -> EffectRow:
    order = row.order
    allowed = transitions(order, change.expected) if allowed is None else allowed
    assert change.state in allowed, f"{change.expected} -> {change.state}"
    evidence = row.evidence if change.evidence is None else change.evidence
    changed = EffectRow(
        order=order,
        state=change.state,
        attempts=attempts,
        known_order_ids=row.known_order_ids,
        order_id=change.order_id or row.order_id,
        status=change.status or row.status,
        status_code=change.status_code or row.status_code,
        reason=change.reason or row.reason,
        evidence=json_value(json_text(evidence)),
        changed_at=change.at,
    )
    moment = moment_text(change.at)
    transaction.sql.execute(
        "UPDATE effect SET state = ?, order_id = ?, status = ?, status_code = ?, reason = ?,"
        " evidence = ?, changed_at = ? WHERE run_id = ? AND path = ?",
        (
            changed.state,
            changed.order_id,
            changed.status,
            changed.status_code,
            changed.reason,
            json_text(changed.evidence),
            moment,
            order.run_id,
            order.path,
        ),
    )
    enter_written(transaction, "effect", EFFECT, (order.path,))
    _insert_transition(
        transaction,
        (
            order.path,
            moment,
            change.expected,
            change.state,
            len(attempts),
            change.order_id,
            change.status,
            change.reason,
            json_text(change.evidence),
        ),
    )
    return changed


def _refuse_cancelled(transaction: Transaction) -> None:
    # In the transaction that makes a send possible, so that nothing leaves after a cancel is
    # durable; what may have left already is still looked after.
    asked = cancel_asked(transaction.sql, transaction.run_id)
    if asked is not None:
        raise RunCancelled(f"cancelled by {asked.who}: {asked.reason}")


def _insert_transition(transaction: Transaction, values: tuple[str | int, ...]) -> None:
    insert_numbered(transaction, "transition", TRANSITION, values)


def _claim(transaction: Transaction, at: str) -> None:
    sql, run_id = transaction.sql, transaction.run_id
    known = sql.execute("SELECT 1 FROM claim WHERE run_id = ?", (run_id,)).fetchone()
    if known is not None:
        return
    wanted = sql.execute(
        "SELECT host, entity, playbook, occurrence, revision FROM run WHERE run_id = ?", (run_id,)
    ).fetchone()
    if insert_row(transaction, "claim", CLAIM, (*wanted, at)):
        return
    (owner,) = sql.execute(
        "SELECT run_id FROM claim WHERE host = ? AND entity = ? AND playbook = ?"
        " AND occurrence = ? AND revision = ?",
        wanted,
    ).fetchone()
    _, _, playbook, occurrence, _ = wanted
    raise PlanRefused(
        f"{playbook!r} was already done for {occurrence!r}, by run {owner}",
        hint=f"runner resume {owner}, or runner logs {owner} to see what it did",
    )


def _bind(transaction: Transaction, order: EffectOrder, at: str) -> None:
    insert_row(
        transaction, "request", REQUEST, (order.request_id, _body_digest(order), order.path, at)
    )
    _refuse_other_payload(transaction.sql, order)


def _refuse_other_payload(sql: Sql, order: EffectOrder) -> None:
    found: Sequence[str] | None = sql.execute(
        "SELECT body_digest, run_id, path FROM request WHERE request_id = ?", (order.request_id,)
    ).fetchone()
    if found is None or tuple(found) == (_body_digest(order), order.run_id, order.path):
        return
    what = "another payload" if found[0] != _body_digest(order) else "another effect"
    raise StoreRefused(
        f"[requestId {order.request_id}] belongs to {what} for ever: {found[2]} of run {found[1]}"
    )


def _hold_lock(sql: Sql, order: EffectOrder, at: str) -> None:
    # The engine takes locks before the preflight. This is the last look, in the transaction that
    # makes the send possible: no attempt without the lock, and never two open effects behind it.
    sql.execute(
        "INSERT INTO lock (name, run_id, at) VALUES (?,?,?) ON CONFLICT DO NOTHING",
        (order.lock, order.run_id, at),
    )
    (owner,) = sql.execute("SELECT run_id FROM lock WHERE name = ?", (order.lock,)).fetchone()
    if owner != order.run_id:
        raise lock_held(order.lock, owner)
    other = sql.execute(
        f"SELECT run_id, path, state, request_id FROM effect"  # noqa: S608  # a constant
        f" WHERE lock = ? AND {_HOLDING} AND NOT (run_id = ? AND path = ?) LIMIT 1",
        (order.lock, order.run_id, order.path),
    ).fetchone()
    if other is not None:
        raise LockHeld(
            f"{order.lock} is held by effect {other[1]} of run {other[0]},"
            f" which is {other[2]} (requestId {other[3]})",
            owner=other[0],
            hint=f"runner resume {other[0]}",
        )


def lock_held(name: str, owner: str) -> LockHeld:
    """Build the error for a lock that another run has."""
    return LockHeld(
        f"{name} is held by run {owner}",
        owner=owner,
        hint=f"runner resume {owner}; it gives the lock back with its last effect there",
    )


def held_by_open_effect(sql: Sql, run_id: str, name: str) -> bool:
    """Tell whether an effect of the run keeps the lock from being given back."""
    found = sql.execute(
        f"SELECT 1 FROM effect WHERE lock = ? AND {_HOLDING}"  # noqa: S608  # a constant
        " AND run_id = ? LIMIT 1",
        (name, run_id),
    ).fetchone()
    return found is not None


def _body_digest(order: EffectOrder) -> str:
    return bytes_digest(f"{order.method} {order.url_path}\n{order.body}".encode())


def _attempt(found: tuple[str, int, int, str, str, str | None, int]) -> Attempt:
    return Attempt(
        number=found[1],
        timestamp_ms=found[2],
        started_at=moment_from_text(found[3]),
        key_fingerprint=found[4],
        answer=None if found[5] is None else json_value(found[5]),
        proven_not_executed=bool(found[6]),
    )


def _row(found: tuple[str, ...], attempts: Sequence[Attempt]) -> EffectRow:
    known = json_value(found[15])
    assert isinstance(known, list), "known_order_ids is written as a list"
    details = json_value(found[23])
    assert isinstance(details, dict), "details are written as an object"
    return EffectRow(
        order=EffectOrder(
            run_id=found[0],
            path=found[1],
            action=found[2],
            operation=found[3],
            method=found[4],
            url_path=found[5],
            body=found[6],
            request_id=found[7],
            lock=found[8],
            expectation=Expectation(
                subject_id=found[9],
                kind=found[10],
                coin=found[11],
                network=found[12],
                amount=amount_from_reply(found[13]) if found[13] else None,
                details={name: str(text) for name, text in details.items()},
            ),
            planned_at=moment_from_text(found[14]),
            found_by=FoundBy(found[24]),
        ),
        state=EffectState(found[16]),
        attempts=tuple(attempts),
        known_order_ids=tuple(str(each) for each in known),
        order_id=found[17],
        status=found[18],
        status_code=found[19],
        reason=found[20],
        evidence=json_value(found[21]),
        changed_at=moment_from_text(found[22]),
    )
