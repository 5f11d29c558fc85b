"""Every code of the API under every HTTP status: what an answer to a write proves.

The list of definite answers is written down here a second time, from the reliability notes, so that
a change of the catalogue has to be meant.
"""

from dataclasses import replace

import pytest

from runner.catalogue.api import WriteOutcome
from runner.catalogue.load import load_api
from runner.effects.classify import VerdictKind, classify
from runner.effects.model import SendKind, SendReport
from runner.effects.ports import Facts
from tests.effects.fakes import ACCEPTANCE, ORDER, accepted
from tests.effects.kinds import BY_ID

CODES = {each.code: each.write_outcome for each in load_api().error_codes.values()}
_NUMBERS = (2, 5, 6, *range(8, 12), 13, 14, *range(16, 25), *range(28, 31))
DEFINITE = frozenset(f"G{20000 + number}" for number in _NUMBERS)
BUSINESS = (200, 400, 401, 403, 404)
"""The statuses under which a well-formed answer of the custodian counts."""
OTHERS = (201, 202, 204, 301, 302, 303, 307, 308, 402, 405, 408, 409, 418, 500, 502, 503, 504)
LIMITED_IS_NO = Facts(rate_limited_not_executed=True)


def verdict_of(code: str, status: int, facts: Facts) -> VerdictKind:
    report = (
        replace(accepted(ORDER, "77"), status=status)
        if code == "000000"
        else SendReport(kind=SendKind.ANSWERED, status=status, code=code, message="no")
    )
    return classify(report, ORDER, codes=CODES, facts=facts, acceptance=ACCEPTANCE).kind


def expected(code: str, status: int, facts: Facts) -> VerdictKind:
    limited = VerdictKind.RATE_LIMITED if facts.rate_limited_not_executed else VerdictKind.UNKNOWN
    if status == 429:
        return VerdictKind.UNKNOWN if code == "000000" else limited
    if status not in BUSINESS:
        return VerdictKind.UNKNOWN
    if code == "000000":
        return VerdictKind.ACCEPTED if status == 200 else VerdictKind.UNKNOWN
    if code in DEFINITE:
        return VerdictKind.NOT_EXECUTED
    special = {
        "G20007": VerdictKind.REPEATABLE,
        "G20012": limited,
        "G20015": VerdictKind.SEEN,
    }
    return special.get(code, VerdictKind.UNKNOWN)


def test_the_catalogue_has_the_documented_codes_and_lists_the_definite_ones() -> None:
    assert set(CODES) == {"000000", *(f"G{number}" for number in range(20001, 20031))}
    assert {code for code, out in CODES.items() if out is WriteOutcome.NOT_EXECUTED} == DEFINITE


@pytest.mark.parametrize("facts", [Facts(), LIMITED_IS_NO], ids=["no facts", "limited is no"])
@pytest.mark.parametrize("code", [*CODES, "G29999", "500", "SUCCESS"])
def test_code_under_every_status(code: str, facts: Facts) -> None:
    for status in (*BUSINESS, 429, *OTHERS):
        assert (status, verdict_of(code, status, facts)) == (status, expected(code, status, facts))


def test_a_request_id_is_demanded_only_where_the_reply_has_one_and_never_a_foreign_one() -> None:
    """A foreign id costs a read where none was promised; believing it could cost the order."""
    bare = accepted(BY_ID.order, "77")
    foreign = replace(bare, data={**(bare.data or {}), "requestId": "4242"})

    def kinds(report: SendReport) -> list[VerdictKind]:
        return [
            classify(
                report,
                BY_ID.order,
                codes=CODES,
                facts=Facts(),
                acceptance=replace(BY_ID.acceptance, echoes_request_id=echoes),
            ).kind
            for echoes in (False, True)
        ]

    assert kinds(bare) == [VerdictKind.ACCEPTED, VerdictKind.UNKNOWN]
    assert kinds(foreign) == [VerdictKind.UNKNOWN, VerdictKind.UNKNOWN]
