"""One effect, its states, and what can be seen of it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from runner.core.jsonvalue import JsonValue
from runner.core.record import record


class EffectState(StrEnum):
    """Where an effect stands.

    Source: DESIGN section 6, the table of states.
    """

    PLANNED = "planned"
    INTENT = "intent"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SEEN = "seen"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"
    HALTED = "halted"


FINAL_STATES = frozenset(
    {EffectState.CONFIRMED, EffectState.REJECTED, EffectState.FAILED, EffectState.CANCELLED}
)
OPEN_STATES = frozenset(
    {EffectState.SENDING, EffectState.UNKNOWN, EffectState.SEEN, EffectState.HALTED}
)
"""States in which nobody can say what became of the effect: a run that holds one ends with 10."""


class Until(StrEnum):
    """How far the driver takes an effect before it returns."""

    ACCEPTED = "accepted"
    FINAL = "final"


@record
class Expectation:
    """What an order at the custodian must show to be this effect.

    Shapes: ``kind`` is the action's word (``apply``, ``settle_from_ceffu``,
        ``settle_from_binance``, ``delegate``, ``undelegate``); ``network`` is empty where the
        product has none.
    """

    link_id: str
    kind: str
    coin: str
    network: str
    amount: Decimal


@record
class EffectOrder:
    """One effect as the plan pins it.

    Shapes: ``body`` is the exact JSON text to send without its last member, the timestamp;
        ``lock`` names what no other effect may touch meanwhile; ``planned_at`` is when the plan was
        made: an equal order younger than it, less the clock skew, that no effect of ours claims is
        somebody else's or a lost copy of this one.
    """

    run_id: str
    path: str
    action: str
    operation: str
    method: str
    url_path: str
    body: str
    request_id: str
    lock: str
    expectation: Expectation
    planned_at: datetime


@record
class SeenOrder:
    """One order the custodian lists.

    Shapes: ``request_id`` is empty where the list does not show one; ``status`` is one of
        ``accepted in_progress success failed unknown``; ``status_code`` is the number as text.
    """

    order_id: str
    request_id: str
    link_id: str
    kind: str
    coin: str
    network: str
    amount: Decimal
    status: str
    status_code: str


@record
class Sighting:
    """What one look at the custodian's list showed.

    Shapes: ``complete`` is False when rows may be missing; then "not there" proves nothing.
    """

    rows: tuple[SeenOrder, ...]
    complete: bool
    at: datetime


class SendKind(StrEnum):
    """What is known about one send, before anyone interprets an answer."""

    NOT_SENT = "not_sent"
    ANSWERED = "answered"
    LOST = "lost"


@record
class SendReport:
    """What one attempt gave.

    Shapes: ``reason`` is words for people where there is no good answer; ``code`` and ``data`` come
        from a well-formed envelope (``data`` values are texts), else are empty; ``server_date`` is
        the Date header's text or empty; ``digest`` is the sha256 of the reply's body or empty.
    """

    kind: SendKind
    reason: str = ""
    status: int | None = None
    code: str = ""
    message: str = ""
    data: Mapping[str, str] | None = None
    server_date: str = ""
    digest: str = ""
    remote_request_id: str = ""


@record
class Attempt:
    """One send of an effect, as journalled before its first byte.

    Shapes: ``number`` counts from 1; ``answer`` is None until something came back.
    Units: ``timestamp_ms`` is the signed timestamp, milliseconds since the epoch.
    """

    number: int
    timestamp_ms: int
    started_at: datetime
    key_fingerprint: str
    answer: JsonValue = None
    proven_not_executed: bool = False


@record
class EffectRow:
    """An effect as the journal knows it.

    Shapes: ``order_id`` is the custodian's id once known, else empty; ``status`` and
        ``status_code`` are those of the last record seen; ``reason`` says why it is where it is;
        ``evidence`` is JSON for people and reports: near matches with reasons, the question to ask.
    """

    order: EffectOrder
    state: EffectState
    attempts: tuple[Attempt, ...]
    known_order_ids: tuple[str, ...]
    order_id: str = ""
    status: str = ""
    status_code: str = ""
    reason: str = ""
    evidence: JsonValue = None
    changed_at: datetime
