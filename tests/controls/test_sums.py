"""Many sums at once are the sums one by one, whatever was spent and whatever is asked."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from runner.controls.policy import EffectFacts, Spent, SumAsked
from runner.controls.sums import sums_of

START = datetime(2026, 11, 22, tzinfo=UTC)
MOMENTS = st.integers(0, 20).map(lambda hours: START + timedelta(hours=hours))
LINKS = st.sampled_from(["acme/a", "acme/b", ""])
COINS = st.sampled_from(["USDT", "BTC"])
SPENT = st.builds(
    Spent,
    facts=st.builds(
        EffectFacts,
        action=st.sampled_from(["mirror.apply", "mirror.settle"]),
        coin=COINS,
        amount=st.decimals(0, 10**12, places=8),
        link=LINKS,
    ),
    at=MOMENTS,
    run_id=st.just("R"),
)
ASKED = st.builds(
    SumAsked,
    since=MOMENTS,
    coin=COINS,
    words=st.sampled_from([(), (("link", ("acme/*",)),), (("action", ("mirror.apply",)),)]),
    same=LINKS.map(lambda link: (("link", link),)) | st.just(()),
)


@given(spent=st.lists(SPENT, max_size=30), asked=st.lists(ASKED, max_size=6))
def test_sums_are_those_one_by_one(spent: list[Spent], asked: list[SumAsked]) -> None:
    assert sums_of(asked, spent) == {each: each.of(spent) for each in asked}
