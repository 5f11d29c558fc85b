"""Every answer a write can get, and what it proves."""

from dataclasses import replace

import pytest

from runner.catalogue.api import WriteOutcome
from runner.effects.classify import Verdict, VerdictKind, answer_record, classify
from runner.effects.model import SendKind, SendReport
from runner.effects.ports import Facts
from tests.effects.fakes import ACCEPTANCE, CODES, ORDER, accepted, refused

GOOD = accepted(ORDER, "77")
LIMITED_IS_NO = Facts(rate_limited_not_executed=True)


def judge(report: SendReport, facts: Facts | None = None) -> Verdict:
    return classify(report, ORDER, codes=CODES, facts=facts or Facts(), acceptance=ACCEPTANCE)


def with_data(**data: str | None) -> SendReport:
    merged = {**(GOOD.data or {}), **data}
    return replace(GOOD, data={k: v for k, v in merged.items() if v is not None})


def test_complete_success_is_accepted() -> None:
    verdict = judge(GOOD)

    assert verdict == Verdict(
        kind=VerdictKind.ACCEPTED,
        reason="accepted as 77",
        order_id="77",
        status="accepted",
        status_code="10",
    )


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("0", "accepted"),
        ("10", "accepted"),
        ("20", "in_progress"),
        ("30", "success"),
        ("99", "failed"),
    ],
)
def test_documented_status_of_a_success_is_read(code: str, word: str) -> None:
    verdict = judge(with_data(status=code))

    assert (verdict.kind, verdict.status, verdict.status_code) == (
        VerdictKind.ACCEPTED,
        word,
        code,
    )


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(with_data(requestId="42"), id="foreign requestId"),
        pytest.param(with_data(requestId=None), id="no requestId"),
        pytest.param(with_data(requestId=""), id="empty requestId"),
        pytest.param(with_data(orderViewId=None), id="no order id"),
        pytest.param(with_data(orderViewId=""), id="empty order id"),
        pytest.param(with_data(status=None), id="no status"),
        pytest.param(with_data(status="40"), id="undocumented status"),
        pytest.param(replace(GOOD, data=None), id="no data"),
        pytest.param(replace(GOOD, status=201), id="201"),
        pytest.param(replace(GOOD, status=202), id="202"),
        pytest.param(replace(GOOD, status=400), id="success under 400"),
        pytest.param(replace(GOOD, status=429), id="success under 429"),
        pytest.param(replace(GOOD, status=500), id="success under 500"),
        pytest.param(replace(GOOD, status=None), id="no HTTP status"),
        pytest.param(SendReport(kind=SendKind.LOST, reason="reset"), id="lost"),
        pytest.param(SendReport(kind=SendKind.ANSWERED, status=200), id="no envelope"),
        pytest.param(refused("G20001"), id="G20001"),
        pytest.param(refused("G20001", status=500), id="G20001 under 500"),
        pytest.param(refused("G99999"), id="undocumented code"),
        pytest.param(refused("G20022", status=500), id="definite code under 500"),
        pytest.param(refused("G20022", status=502), id="definite code under 502"),
        pytest.param(refused("G20022", status=302), id="definite code under 302"),
        pytest.param(refused("G20022", status=408), id="definite code under 408"),
        pytest.param(refused("G20022", status=409), id="definite code under 409"),
        pytest.param(refused("G20022", status=418), id="definite code under 418"),
        pytest.param(refused("G20015", status=503), id="G20015 under 503"),
        pytest.param(
            replace(refused("G20022"), data={"requestId": "42"}), id="a no about another request"
        ),
        pytest.param(
            replace(refused("G20022"), data={"orderViewId": "77"}), id="a no with an order"
        ),
        pytest.param(refused("G20012"), id="G20012 without the fact"),
        pytest.param(refused("", status=429), id="429 without the fact"),
        pytest.param(refused("G20022", status=429), id="definite code under 429"),
        *(
            pytest.param(SendReport(kind=SendKind.ANSWERED, status=status), id=f"HTML {status}")
            for status in (301, 307, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504)
        ),
    ],
)
def test_everything_else_is_unknown(report: SendReport) -> None:
    verdict = judge(report)

    assert verdict.kind is VerdictKind.UNKNOWN
    assert verdict.reason
    assert verdict.order_id == ""


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404])
def test_listed_code_is_a_definite_no(status: int) -> None:
    assert judge(refused("G20022", status=status)).kind is VerdictKind.NOT_EXECUTED


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("G20007", 200, VerdictKind.REPEATABLE),
        ("G20007", 401, VerdictKind.REPEATABLE),
        ("G20015", 200, VerdictKind.SEEN),
        ("G20015", 400, VerdictKind.SEEN),
    ],
)
def test_special_codes_have_their_own_verdict(code: str, status: int, kind: VerdictKind) -> None:
    assert judge(refused(code, status=status)).kind is kind


@pytest.mark.parametrize(
    "report", [refused("G20012"), refused("G20012", status=429), refused("", status=429)]
)
def test_rate_limit_is_a_no_where_a_fact_says_so(report: SendReport) -> None:
    assert judge(report, LIMITED_IS_NO).kind is VerdictKind.RATE_LIMITED


def test_not_sent_is_not_sent() -> None:
    verdict = judge(SendReport(kind=SendKind.NOT_SENT, reason="no such host"))

    assert (verdict.kind, verdict.reason) == (VerdictKind.NOT_SENT, "no such host")


@pytest.mark.parametrize(
    ("report", "refusal"),
    [
        (refused("G99999"), True),
        (refused("G99999", status=400), True),
        (refused("G99999", status=500), False),
        (refused("G20001"), False),
        (replace(refused("G99999"), data={"orderViewId": "77"}), False),
    ],
)
def test_only_a_well_formed_unlisted_code_may_become_a_no(
    report: SendReport, *, refusal: bool
) -> None:
    assert judge(report).refusal is refusal


def test_every_outcome_of_the_catalogue_has_a_verdict() -> None:
    for outcome in WriteOutcome:
        verdict = classify(
            replace(GOOD, code="X") if outcome is WriteOutcome.DONE else refused("X"),
            ORDER,
            codes={"X": outcome},
            facts=LIMITED_IS_NO,
            acceptance=ACCEPTANCE,
        )
        assert (verdict.kind is VerdictKind.UNKNOWN) == (outcome is WriteOutcome.UNKNOWN)


def test_record_keeps_what_came_and_what_it_proved() -> None:
    report = replace(refused("G99999", status=400), digest="sha256:x", remote_request_id="r-9")

    record = answer_record(report, judge(report))

    assert record == {
        "kind": "answered",
        "verdict": "unknown",
        "reason": "G99999 no, a code that is not documented",
        "refusal": True,
        "status": 400,
        "code": "G99999",
        "message": "no",
        "digest": "sha256:x",
        "remote_request_id": "r-9",
    }
