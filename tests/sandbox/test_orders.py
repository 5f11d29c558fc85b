from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.sandbox.orders import Account, AccountKind, Family, Order, order_id, status_at

ORDER = Order(
    number=1,
    id="26112217953412000000000001",
    family=Family.MIRRORX_ORDER,
    type=10,
    link_id="7127",
    request_id="1",
    key_name="operator",
    debit=Account(AccountKind.CUSTODY, "1", "USDT"),
    credit=Account(AccountKind.DELEGATED, "7127", "USDT"),
    amount=Decimal(1),
    status=10,
    accepted_ms=1000,
    in_progress_ms=2000,
    success_ms=3000,
)


@pytest.mark.parametrize(
    ("now_ms", "status"), [(1000, 10), (1999, 10), (2000, 20), (2999, 20), (3000, 30), (9999, 30)]
)
def test_status_changes_at_its_moment(now_ms: int, status: int) -> None:
    assert status_at(ORDER, now_ms) == status


@given(st.lists(st.integers(min_value=0, max_value=5000)))
def test_status_never_goes_back_whatever_the_clock_does(moments: list[int]) -> None:
    order = ORDER
    for now_ms in moments:
        later = replace(order, status=status_at(order, now_ms))
        assert later.status >= order.status
        order = later


def test_mirror_record_begins_at_zero_and_mirrorx_order_at_ten() -> None:
    assert Family.MIRROR_RECORD.accepted_status == 0
    assert Family.MIRRORX_ORDER.accepted_status == 10


@given(
    st.integers(min_value=0, max_value=10**13 - 1), st.integers(min_value=1, max_value=10**7 - 1)
)
def test_order_id_has_26_digits(accepted_ms: int, number: int) -> None:
    text = order_id(accepted_ms, "261122", number)

    assert len(text) == 26
    assert text.isdecimal()


def test_account_is_spelled_like_a_path() -> None:
    assert str(Account(AccountKind.CUSTODY, "37", "USDT", "ETH")) == "custody/37/USDT/ETH"
    assert str(Account(AccountKind.EXCHANGE, "85", "BTC")) == "exchange/85/BTC"
