"""What a halted effect shows to the person who must decide: facts, near matches, the question."""

from collections.abc import Sequence

from runner.core.clock import timestamp_text
from runner.core.jsonvalue import JsonValue
from runner.core.money import amount_text
from runner.effects.model import Attempt, EffectOrder, Expectation, SeenOrder, Sighting


def differences(expectation: Expectation, seen: SeenOrder) -> tuple[str, ...]:
    """Name every way in which an order is not the expected one; amounts compare as numbers."""
    pairs = (
        ("link", expectation.link_id, seen.link_id),
        ("kind", expectation.kind, seen.kind),
        ("coin", expectation.coin, seen.coin),
        ("network", expectation.network, seen.network),
    )
    found = [
        f"{name} is {have or 'empty'}, not {want or 'empty'}"
        for name, want, have in pairs
        if want != have
    ]
    if expectation.amount != seen.amount:
        have, want = amount_text(seen.amount), amount_text(expectation.amount)
        found.append(f"amount is {have}, not {want}")
    return tuple(found)


def halt_evidence(
    order: EffectOrder,
    attempts: Sequence[Attempt],
    *,
    reason: str,
    sighting: Sighting | None,
    near: Sequence[tuple[SeenOrder, str]] = (),
) -> JsonValue:
    """Collect what is known about an effect nobody can settle by reading.

    Shapes: an object with ``request_id``, ``run_id``, ``path``, ``operation``, ``expected``,
        ``reason``, ``attempts`` (number, sent_at, timestamp_ms, answer), ``read`` (at, complete,
        row_count, near_matches with their reasons; null when nothing could be read) and ``ask``,
        the message to send to the custodian.
    """
    return {
        "request_id": order.request_id,
        "run_id": order.run_id,
        "path": order.path,
        "operation": order.operation,
        "expected": _expected(order.expectation),
        "reason": reason,
        "attempts": [_attempt(each) for each in attempts],
        "read": None if sighting is None else _read(sighting, near),
        "ask": ask_text(order, attempts, near=near),
    }


def ask_text(
    order: EffectOrder,
    attempts: Sequence[Attempt],
    *,
    near: Sequence[tuple[SeenOrder, str]] = (),
) -> str:
    """Write the message for the custodian: one question, every fact needed to answer it."""
    expectation = order.expectation
    network = f" on {expectation.network}" if expectation.network else ""
    money = f"{amount_text(expectation.amount)} {expectation.coin}{network}"
    lines = [
        f"Please tell us what became of the request with requestId {order.request_id}.",
        f"{order.method} {order.url_path}: {expectation.kind} {money}, link {expectation.link_id}.",
    ]
    lines += [
        f"Sent {timestamp_text(each.started_at)}, signed timestamp {each.timestamp_ms}."
        for each in attempts
        if not each.proven_not_executed
    ]
    lines += [
        f"Your list shows order {seen.order_id} (status {seen.status_code}): {why}. Is it ours?"
        for seen, why in near
    ]
    lines.append(
        "Was it executed? If so, under which order id and with what status; if not, can you"
        " confirm that it never will be?"
    )
    return "\n".join(lines)


def _expected(expectation: Expectation) -> JsonValue:
    return {
        "link_id": expectation.link_id,
        "kind": expectation.kind,
        "coin": expectation.coin,
        "network": expectation.network,
        "amount": amount_text(expectation.amount),
    }


def _attempt(attempt: Attempt) -> JsonValue:
    return {
        "number": attempt.number,
        "sent_at": timestamp_text(attempt.started_at),
        "timestamp_ms": attempt.timestamp_ms,
        "answer": attempt.answer,
    }


def _read(sighting: Sighting, near: Sequence[tuple[SeenOrder, str]]) -> JsonValue:
    return {
        "at": timestamp_text(sighting.at),
        "complete": sighting.complete,
        "row_count": len(sighting.rows),
        "near_matches": [
            {
                "order_id": seen.order_id,
                "request_id": seen.request_id,
                "link_id": seen.link_id,
                "kind": seen.kind,
                "coin": seen.coin,
                "network": seen.network,
                "amount": amount_text(seen.amount),
                "status": seen.status,
                "status_code": seen.status_code,
                "reason": why,
            }
            for seen, why in near
        ],
    }
