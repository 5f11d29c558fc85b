"""What an answer to a write proves; everything that is not on the list proves nothing.

Source: DESIGN section 6, rule 4; RELIABILITY 1.5.
"""

from collections.abc import Mapping
from enum import StrEnum

from runner.catalogue.api import WriteOutcome
from runner.catalogue.manifest import Acceptance
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.effects.model import EffectOrder, SendKind, SendReport
from runner.effects.ports import Facts

REQUEST_ID_FIELD = "requestId"
_OK = 200
_TOO_MANY = 429
_BUSINESS_STATUSES = frozenset({200, 400, 401, 403, 404})
"""Under which HTTP statuses the documentation lists business errors, 429 and 500 apart."""


class VerdictKind(StrEnum):
    """What one attempt is known to have done."""

    ACCEPTED = "accepted"
    NOT_EXECUTED = "not_executed"
    REPEATABLE = "repeatable"
    """Not executed, and the same request may go out again after a look at the server's clock."""
    RATE_LIMITED = "rate_limited"
    """Not executed, by the profile's facts, and the same request may go out again later."""
    SEEN = "seen"
    """The custodian has, or had, a request with this requestId: it may have landed."""
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


@record
class Verdict:
    """What an attempt proves, and why.

    Shapes: order fields are filled for ACCEPTED alone; ``refusal`` marks an UNKNOWN that is a
        well-formed answer with a code nobody has listed: fence and reads may turn it into a no.
    """

    kind: VerdictKind
    reason: str
    order_id: str = ""
    status: str = ""
    status_code: str = ""
    refusal: bool = False


def classify(
    report: SendReport,
    order: EffectOrder,
    *,
    codes: Mapping[str, WriteOutcome],
    facts: Facts,
    acceptance: Acceptance,
) -> Verdict:
    """Say what a report proves about its attempt, as if there were no other.

    Shapes: ``codes`` maps every documented business code to what it says about a write;
        ``acceptance`` says what the answer to an accepted effect holds.
    """
    if report.kind is SendKind.NOT_SENT:
        return Verdict(kind=VerdictKind.NOT_SENT, reason=report.reason or "it was not sent")
    if report.kind is SendKind.LOST or report.status is None:
        return _unknown(report.reason or "no answer came back")
    data = report.data or {}
    echoed = data.get(REQUEST_ID_FIELD)
    if echoed is not None and echoed != order.request_id:
        return _unknown(f"the answer is about requestId {echoed}, not ours")
    if report.status == _TOO_MANY and report.code not in _done(codes):
        return _rate_limited(report, facts)
    if report.status not in _BUSINESS_STATUSES:
        return _unknown(f"HTTP {report.status} proves nothing{_why(report)}")
    if not report.code:
        return _unknown(f"HTTP {report.status} without a well-formed answer{_why(report)}")
    return _by_code(report, data, codes=codes, facts=facts, acceptance=acceptance)


def answer_record(report: SendReport, verdict: Verdict) -> JsonValue:
    """Return what the journal keeps of an answer: enough to judge it again, and to show it."""
    record: dict[str, JsonValue] = {
        "kind": str(report.kind),
        "verdict": str(verdict.kind),
        "reason": verdict.reason,
    }
    if verdict.refusal:
        record["refusal"] = True
    facts: dict[str, JsonValue] = {
        "status": report.status,
        "code": report.code,
        "message": report.message,
        "data": None if report.data is None else dict(report.data),
        "server_date": report.server_date,
        "digest": report.digest,
        "remote_request_id": report.remote_request_id,
    }
    record.update({key: value for key, value in facts.items() if value not in (None, "")})
    return record


def _by_code(
    report: SendReport,
    data: Mapping[str, str],
    *,
    codes: Mapping[str, WriteOutcome],
    facts: Facts,
    acceptance: Acceptance,
) -> Verdict:
    outcome = codes.get(report.code)
    if outcome is WriteOutcome.DONE:
        return _accepted(report, data, acceptance)
    if acceptance.order_field and data.get(acceptance.order_field):
        return _unknown(f"{_words(report)}, and yet the answer names an order")
    if outcome is None:
        reason = f"{_words(report)}, a code that is not documented"
        return Verdict(kind=VerdictKind.UNKNOWN, reason=reason, refusal=True)
    if outcome is WriteOutcome.RATE_LIMITED:
        return _rate_limited(report, facts)
    kind = {
        WriteOutcome.NOT_EXECUTED: VerdictKind.NOT_EXECUTED,
        WriteOutcome.REPEATABLE: VerdictKind.REPEATABLE,
        WriteOutcome.ALREADY_RECEIVED: VerdictKind.SEEN,
    }.get(outcome, VerdictKind.UNKNOWN)
    return Verdict(kind=kind, reason=_words(report))


def _accepted(report: SendReport, data: Mapping[str, str], acceptance: Acceptance) -> Verdict:
    if report.status != _OK:
        return _unknown(f"a success under HTTP {report.status}")
    if acceptance.is_bare and report.value != "true":
        return _unknown("a success that does not say true")
    if acceptance.echoes_request_id and REQUEST_ID_FIELD not in data:
        return _unknown(f"a success without {REQUEST_ID_FIELD}")
    order_id = data.get(acceptance.order_field, "") if acceptance.order_field else ""
    if acceptance.order_field and not order_id:
        return _unknown(f"a success without {acceptance.order_field}")
    code = data.get("status", "") if acceptance.statuses else ""
    status = acceptance.statuses.get(code, "") if acceptance.statuses else "accepted"
    if not status:
        return _unknown(f"a success with the status {code!r}, which nobody has documented")
    return Verdict(
        kind=VerdictKind.ACCEPTED,
        reason=f"accepted as {order_id}" if order_id else "accepted",
        order_id=order_id,
        status=status,
        status_code=code,
    )


def _rate_limited(report: SendReport, facts: Facts) -> Verdict:
    words = f"rate limited{_why(report)}"
    if facts.rate_limited_not_executed:
        return Verdict(kind=VerdictKind.RATE_LIMITED, reason=words)
    return _unknown(f"{words}, and no fact says that this means not executed")


def _unknown(reason: str) -> Verdict:
    return Verdict(kind=VerdictKind.UNKNOWN, reason=reason)


def _words(report: SendReport) -> str:
    return f"{report.code} {report.message}".strip()


def _why(report: SendReport) -> str:
    words = _words(report) or report.reason
    return f": {words}" if words else ""


def _done(codes: Mapping[str, WriteOutcome]) -> frozenset[str]:
    return frozenset(code for code, outcome in codes.items() if outcome is WriteOutcome.DONE)
