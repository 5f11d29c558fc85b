"""One effect, its states, and what can be seen of it."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from runner.catalogue.manifest import FoundBy
from runner.core.jsonvalue import JsonValue
from runner.core.money import Money
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
    """What must be seen at the custodian for an effect to be this one.

    Shapes: ``subject_id`` is the custodian's id of what the effect is about: the link, the wallet
        that pays, the parent, the wallet changed, the webhook; empty where there is none yet.
        ``kind`` is the action's word (``apply``, ``settle_from_ceffu``, ``settle_from_binance``,
        ``delegate``, ``undelegate``, ``withdrawal``, ``transfer``, ``to_exchange``, ``wallet``
        ...). ``coin`` is empty and ``amount`` None where no money moves; ``network`` is empty
        where the product has none. ``details`` is everything else that must be equal, by name, as
        texts.
    """

    subject_id: str
    kind: str
    coin: str = ""
    network: str = ""
    amount: Decimal | None = None
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def money(self) -> Money | None:
        """Return the amount with its coin, or None where no money moves."""
        return None if self.amount is None else Money(self.amount, self.coin)


@record
class EffectOrder:
    """One effect as the plan pins it.

    Shapes: ``body`` is the exact JSON text to send without its last member, the timestamp;
        ``lock`` names what no other effect may touch meanwhile; ``planned_at`` is when the plan was
        made: an equal order younger than it, less the clock skew, that no effect of ours claims is
        somebody else's or a lost copy of this one; ``found_by`` is the manifest's.
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
    found_by: FoundBy = FoundBy.LIST


@record
class SeenOrder:
    """One order, wallet or entry that the custodian shows.

    Shapes: ``request_id`` is empty where the custodian does not show one; ``status`` is one of
        ``accepted in_progress success failed unknown``; ``status_code`` is the number as text.
        ``amount`` is what an effect's amount is compared with: fees are taken off by the manifest's
        rule, and it is None where that cannot be done yet, or no money moves. ``details`` holds
        what there is beside that; what is not shown yet is not in it.
    """

    order_id: str
    request_id: str = ""
    subject_id: str
    kind: str
    coin: str = ""
    network: str = ""
    amount: Decimal | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    status: str
    status_code: str = ""


@record
class Sighting:
    """What one look at the custodian showed.

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
        from a well-formed envelope (``data`` values are texts), else are empty; ``value`` is the
        text of data that is neither object nor list, ``true`` for example; ``server_date`` is
        the Date header's text or empty; ``digest`` is the sha256 of the reply's body or empty.
    """

    kind: SendKind
    reason: str = ""
    status: int | None = None
    code: str = ""
    message: str = ""
    data: Mapping[str, str] | None = None
    value: str = ""
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
