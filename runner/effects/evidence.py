"""What a halted effect shows to the person who must decide: facts, near matches, the question."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from runner.catalogue.manifest import FoundBy
from runner.core.clock import timestamp_text
from runner.core.jsonvalue import JsonValue
from runner.core.money import amount_text
from runner.effects.model import (
    Attempt,
    EffectOrder,
    EffectRow,
    Expectation,
    SeenOrder,
    Sighting,
)
from runner.effects.transitions import carries_request_id

BY_NAME = "found by its name; the name is its identity"
"""What is said of a thing that no answer named: that it is ours is told by its name alone."""
ATTRIBUTED = "attributed: its requestId was executed, and no other order could be it"
"""What is said of an order without a requestId that a duplicate's answer proves to exist."""


def is_known_by_name(row: EffectRow) -> bool:
    """Tell whether an effect has its order id from a list by name, and from no answer."""
    answers = [each.answer for each in row.attempts if isinstance(each.answer, Mapping)]
    answered = any(answer.get("verdict") == "accepted" for answer in answers)
    return row.order.found_by is FoundBy.NAME and row.order_id != "" and not answered


def is_attributed(row: EffectRow) -> bool:
    """Tell whether an effect has its order id because only that order could be it."""
    return isinstance(row.evidence, Mapping) and row.evidence.get("reason") == ATTRIBUTED


def how_known(row: EffectRow) -> str:
    """Say what makes an order the effect's own where neither its requestId nor an answer does."""
    if is_attributed(row):
        return ATTRIBUTED
    return BY_NAME if is_known_by_name(row) else ""


def differences(expectation: Expectation, seen: SeenOrder) -> tuple[str, ...]:
    """Name every way in which an order is not the expected one; amounts compare as numbers.

    What is not shown yet is no difference; ``not_shown`` names it.
    """
    pairs = (
        (subject_word(expectation.kind), expectation.subject_id, seen.subject_id),
        ("kind", expectation.kind, seen.kind),
        ("coin", expectation.coin, seen.coin),
        ("network", expectation.network, seen.network),
        *((k, v, seen.details[k]) for k, v in expectation.details.items() if k in seen.details),
    )
    found = [
        f"{_spoken(name)} is {have or 'empty'}, not {want or 'empty'}"
        for name, want, have in pairs
        if not _is_same(name, want, have)
    ]
    if None not in {expectation.amount, seen.amount} and expectation.amount != seen.amount:
        have, want = _amount(seen.amount), _amount(expectation.amount)
        found.append(f"amount is {have}, not {want}")
    return tuple(found)


def not_shown(expectation: Expectation, seen: SeenOrder) -> tuple[str, ...]:
    """Name what cannot be compared, because the custodian does not show it, or not yet."""
    found = [_spoken(name) for name in expectation.details if name not in seen.details]
    if expectation.amount is not None and seen.amount is None:
        found.append("amount without the fee")
    return tuple(found)


def subject_word(kind: str) -> str:
    """Return what the subject of an effect of that kind is called."""
    return _SUBJECTS.get(kind, "link")


_SUBJECTS = {
    "withdrawal": "wallet",
    "transfer": "wallet",
    "to_exchange": "wallet",
    "from_exchange": "wallet",
    "wallet": "parent",
    "wallet settings": "wallet",
    "whitelist entry": "entry",
    "resend": "webhook",
}


def _is_same(name: str, want: str, have: str) -> bool:
    return is_same_address(want, have) if name == "address" else want == have


def is_same_address(one: str, other: str) -> bool:
    """Tell whether two texts are one address.

    The case of a hexadecimal address's letters is only a checksum, and who shows it may write it
    otherwise; of every other address each character counts.
    """
    if _HEX_ADDRESS.fullmatch(one):
        return one.lower() == other.lower()
    return one == other


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _amount(amount: Decimal | None) -> str:
    return "" if amount is None else amount_text(amount)


_HEX_ADDRESS = re.compile("0x[0-9A-Fa-f]{40}", re.ASCII)


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
        "read": None if sighting is None else _read(order, sighting, near),
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
    lines = [
        f"Please tell us what became of {_request_words(order)}.",
        f"{order.method} {order.url_path}: {wanted_words(expectation)}.",
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


def _request_words(order: EffectOrder) -> str:
    # Some operations take no requestId; then it is ours alone, and of no use to the custodian.
    sent = carries_request_id(order)
    words = f"the request with requestId {order.request_id}"
    return words if sent else f"a request without a requestId (ours is {order.request_id})"


def wanted_words(expectation: Expectation) -> str:
    """Say what an effect wants: ``withdrawal 5 ETH on ETH, wallet 37, address 0xAB, memo 1``."""
    network = f" on {expectation.network}" if expectation.network else ""
    money = "" if expectation.money is None else f" {expectation.money}"
    parts = [f"{expectation.kind}{money}{network}"]
    if expectation.subject_id:
        parts.append(f"{subject_word(expectation.kind)} {expectation.subject_id}")
    parts += [f"{_spoken(name)} {text}" for name, text in expectation.details.items() if text]
    return ", ".join(parts)


def _expected(expectation: Expectation) -> JsonValue:
    return {
        f"{subject_word(expectation.kind)}_id": expectation.subject_id,
        "kind": expectation.kind,
        "coin": expectation.coin,
        "network": expectation.network,
        "amount": _amount(expectation.amount),
        **_details(expectation.details),
    }


def _details(details: Mapping[str, str]) -> dict[str, JsonValue]:
    return {"details": dict(details)} if details else {}


def _attempt(attempt: Attempt) -> JsonValue:
    return {
        "number": attempt.number,
        "sent_at": timestamp_text(attempt.started_at),
        "timestamp_ms": attempt.timestamp_ms,
        "answer": attempt.answer,
    }


def _read(
    order: EffectOrder, sighting: Sighting, near: Sequence[tuple[SeenOrder, str]]
) -> JsonValue:
    word = subject_word(order.expectation.kind)
    return {
        "at": timestamp_text(sighting.at),
        "complete": sighting.complete,
        "row_count": len(sighting.rows),
        "near_matches": [
            {
                "order_id": seen.order_id,
                "request_id": seen.request_id,
                f"{word}_id": seen.subject_id,
                "kind": seen.kind,
                "coin": seen.coin,
                "network": seen.network,
                "amount": _amount(seen.amount),
                **_details(seen.details),
                "status": seen.status,
                "status_code": seen.status_code,
                "reason": why,
            }
            for seen, why in near
        ],
    }
