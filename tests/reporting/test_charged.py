"""Fees that were charged, in words, beside those that were planned."""

import dataclasses
from decimal import Decimal

import pytest

from runner.core.money import money_from_text
from runner.plan.fee import PlannedFee, unknown_fee
from runner.reporting.charged import Charged, charged_words, fee_remark

PLANNED = PlannedFee(
    basis="estimate",
    amount=Decimal("3.5"),
    coin="USDT",
    debit="custody:a:ETH",
    credit="fees:custodian",
    estimate=None,
    source="withdrawal.fee",
)
UNKNOWN = unknown_fee("withdrawal.fee", "refused")
NONE = dataclasses.replace(PLANNED, basis="none", amount=Decimal(0), debit="", credit="")


@pytest.mark.parametrize(
    ("planned", "actual", "said"),
    [
        (PLANNED, "3.50 USDT", ""),
        (PLANNED, "4 USDT", "the fee was 4 USDT, 0.5 USDT more than planned"),
        (PLANNED, "3 USDT", "the fee was 3 USDT, 0.5 USDT less than planned"),
        (PLANNED, "1 ETH", "the fee was 1 ETH, and 3.5 USDT was planned"),
        (NONE, "0 USDT", ""),
        (NONE, "1 USDT", "the fee was 1 USDT, 1 USDT more than planned"),
        (UNKNOWN, "2 USDT", "the fee was 2 USDT, which the plan could not know"),
    ],
)
def test_what_was_charged_is_said_where_it_is_not_what_was_planned(
    planned: PlannedFee, actual: str, said: str
) -> None:
    charged = Charged(path="pay", planned=planned, actual=money_from_text(actual))

    assert charged_words(charged) == said


def test_balance_says_which_fee_it_is_that_differs() -> None:
    more = Charged(path="pay", planned=PLANNED, actual=money_from_text("4 USDT"))
    same = Charged(path="other", planned=PLANNED, actual=money_from_text("3.5 USDT"))
    said = "pay: the fee was 4 USDT, 0.5 USDT more than planned"

    assert fee_remark("custody:a:ETH", "USDT", (more, same)) == said
    assert fee_remark("fees:custodian", "USDT", (more, same)) == said
    assert fee_remark("custody:a:ETH", "BTC", (more,)) == ""
    assert fee_remark("custody:b:ETH", "USDT", (more,)) == ""
