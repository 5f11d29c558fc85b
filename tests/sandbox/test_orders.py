from hypothesis import given
from hypothesis import strategies as st

from runner.sandbox.orders import Account, AccountKind, Family, Stage, order_id, stages_of
from runner.sandbox.world import Timing

TIMING = Timing(in_progress_after_ms=1000, success_after_ms=2000, confirmed_after_ms=4000)


def test_stages_follow_each_other_from_acceptance_on() -> None:
    assert stages_of(500, TIMING) == (Stage(at_ms=1500, status=20), Stage(at_ms=3500, status=30))


def test_blockchain_confirms_what_was_sent() -> None:
    assert stages_of(0, TIMING, confirms=True)[-1] == Stage(at_ms=7000, status=40)


def test_failure_takes_the_place_of_success_and_ends() -> None:
    stages = stages_of(0, TIMING, confirms=True, fails=True)

    assert stages == (Stage(at_ms=1000, status=20), Stage(at_ms=3000, status=99))


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
