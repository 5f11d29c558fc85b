from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.controls.policy import (
    EffectFacts,
    Policy,
    Spent,
    SumAsked,
    Verdict,
    VerdictKind,
    decide,
    sums_asked,
    trace,
)
from runner.controls.policy_file import policy_from_document
from runner.core.source import SourceFile
from runner.documents.schema import check_schema
from runner.documents.yaml import read_yaml

MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
TRIM = EffectFacts(
    action="mirrorx.undelegate",
    coin="USDT",
    amount=Decimal(100),
    wallet="acme/prime-01",
    link="acme/arb-01",
    playbook="mirrorx-trim",
)


def policy_of(rules: str) -> Policy:
    text = f"apiVersion: runner/v1\nkind: Policy\nrules:\n{rules}"
    node = read_yaml(SourceFile(name="policy.yaml", text=text))
    assert check_schema(node, "policy") == ()
    return policy_from_document(node)


def one_rule(match: str) -> Policy:
    return policy_of(f"  - name: it\n    reason: Why.\n    match: {match}\n    verdict: allow\n")


def verdict_of(
    policy: Policy,
    effect: EffectFacts = TRIM,
    *,
    at: datetime = MONDAY,
    spent: tuple[Spent, ...] = (),
) -> Verdict:
    sums = {asked: asked.of(spent) for asked in sums_asked(policy, effect, at)}
    return decide(policy, effect, at, sums)


def is_allowed(
    match: str,
    effect: EffectFacts = TRIM,
    *,
    at: datetime = MONDAY,
    spent: tuple[Spent, ...] = (),
) -> bool:
    return verdict_of(one_rule(match), effect, at=at, spent=spent).kind is VerdictKind.ALLOW


def trim(amount: str, *, coin: str = "USDT", link: str = "acme/arb-01") -> EffectFacts:
    return EffectFacts(
        action="mirrorx.undelegate", coin=coin, amount=Decimal(amount), link=link, wallet="w"
    )


def spent(
    amount: str, *, hours_ago: float = 1, coin: str = "USDT", link: str = "acme/arb-01"
) -> Spent:
    at = MONDAY - timedelta(hours=hours_ago)
    return Spent(facts=trim(amount, coin=coin, link=link), at=at)


def test_first_match_decides() -> None:
    policy = policy_of(
        "  - {name: one, reason: First., match: {coin: ETH}, verdict: deny}\n"
        "  - {name: two, reason: Second., match: {coin: USDT}, verdict: allow}\n"
        "  - {name: three, reason: Third., verdict: deny}\n"
    )

    assert verdict_of(policy) == Verdict(
        kind=VerdictKind.ALLOW, rule="two", reason="Second.", place="policy.yaml:5"
    )


def test_no_match_denies_and_says_so() -> None:
    assert verdict_of(one_rule("{coin: ETH}")) == Verdict(
        kind=VerdictKind.DENY,
        rule="",
        reason="no rule of policy.yaml matches, and what no rule matches is denied",
        place="",
    )


def test_rules_after_the_match_are_not_tried() -> None:
    policy = policy_of(
        "  - {name: one, reason: First., match: {coin: ETH}, verdict: deny}\n"
        "  - {name: two, reason: Second., verdict: allow}\n"
        "  - {name: three, reason: Third., verdict: deny}\n"
    )

    tried = trace(policy, TRIM, MONDAY, {})

    assert [(each.rule.name, each.problem) for each in tried] == [
        ("one", "coin USDT is not ETH"),
        ("two", ""),
    ]


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("{action: mirrorx.undelegate}", True),
        ("{action: mirrorx.*}", True),
        ("{action: mirror.*}", False),
        ('{action: "*"}', True),
        ("{link: [acme/arb-02, acme/arb-*]}", True),
        ("{link: acme/arb-0}", False),
        ("{wallet: acme/prime-01, playbook: mirrorx-trim}", True),
        ("{wallet: acme/prime-01, playbook: other}", False),
        # A fact that the effect does not have is nothing, not anything.
        ('{network: "*"}', False),
        ('{destination: "*"}', False),
    ],
)
def test_words_match_by_star_alone(match: str, expected: bool) -> None:
    assert is_allowed(match) == expected


@pytest.mark.parametrize(
    ("amount", "match", "expected"),
    [
        ("100", "{amount: {at_most: 100 USDT}}", True),
        ("100.000001", "{amount: {at_most: 100 USDT}}", False),
        ("100", "{amount: {above: 100 USDT}}", False),
        ("100.000000000000000001", "{amount: {above: 100 USDT}}", True),
        ("100", "{amount: {at_most: [1 BTC, 100 USDT]}}", True),
        ("100", "{amount: {at_most: 100 BTC}}", False),
        ("100", "{amount: {above: 1 BTC}}", False),
        ("100", "{amount: {above: 99 USDT, at_most: 100 USDT}}", True),
        ("100", "{amount: {above: 99 USDT, at_most: 100 BTC}}", False),
    ],
)
def test_amounts_are_exact_and_coins_stay_apart(amount: str, match: str, expected: bool) -> None:
    assert is_allowed(match, trim(amount)) == expected


def test_effect_that_moves_no_money_has_no_amount() -> None:
    creation = EffectFacts(action="wallet.create")

    assert not is_allowed("{amount: {at_most: 100 USDT}}", creation)
    assert not is_allowed("{sum: {window: 1d, at_most: 100 USDT}}", creation)


@pytest.mark.parametrize(
    ("time", "at", "expected"),
    [
        ('{hours: "10:00-10:01"}', MONDAY, True),
        ('{hours: "09:59-10:00"}', MONDAY, False),
        ("{days: [mon]}", MONDAY, True),
        ("{days: [tue]}", MONDAY, False),
        # Zurich is an hour ahead in November, two in July.
        ('{hours: "11:00-12:00", zone: Europe/Zurich}', MONDAY, True),
        (
            '{hours: "12:00-13:00", zone: Europe/Zurich}',
            datetime(2026, 7, 20, 10, tzinfo=UTC),
            True,
        ),
        ("{days: [tue], zone: Pacific/Auckland}", datetime(2026, 11, 23, 12, tzinfo=UTC), True),
        # The night of Monday ends on Tuesday.
        ('{days: [mon], hours: "22:00-06:00"}', datetime(2026, 11, 23, 23, tzinfo=UTC), True),
        ('{days: [mon], hours: "22:00-06:00"}', datetime(2026, 11, 24, 5, tzinfo=UTC), True),
        ('{days: [mon], hours: "22:00-06:00"}', datetime(2026, 11, 24, 6, tzinfo=UTC), False),
        ('{days: [mon], hours: "22:00-06:00"}', datetime(2026, 11, 23, 5, tzinfo=UTC), False),
        ('{hours: "00:00-00:00"}', MONDAY, True),
    ],
)
def test_time_is_that_of_the_zone(time: str, at: datetime, expected: bool) -> None:
    assert is_allowed(f"{{time: {time}}}", at=at) == expected


@pytest.mark.parametrize(
    ("amount", "expected"), [("400", True), ("400.000001", False), ("0.000001", True)]
)
def test_sum_counts_the_effect_itself(amount: str, expected: bool) -> None:
    before = (spent("350"), spent("250", hours_ago=23.9))

    assert is_allowed("{sum: {window: 1d, at_most: 1000 USDT}}", trim(amount), spent=before) == (
        expected
    )


def test_sum_is_of_its_window_coin_and_words() -> None:
    match = "{action: mirrorx.undelegate, sum: {window: 1d, at_most: 100 USDT}}"
    others = (
        spent("1000", hours_ago=24.1),
        spent("1000", coin="BTC"),
        Spent(
            facts=EffectFacts(action="mirrorx.delegate", coin="USDT", amount=Decimal(9)), at=MONDAY
        ),
    )

    assert is_allowed(match, trim("100"), spent=others)
    assert not is_allowed(match, trim("100"), spent=(*others, spent("0.1", hours_ago=24)))


def test_sum_per_link_leaves_other_links_out() -> None:
    match = "{sum: {window: 1d, at_most: 100 USDT, per: [link]}}"

    assert is_allowed(match, trim("100"), spent=(spent("100", link="acme/arb-02"),))
    assert not is_allowed(match, trim("100"), spent=(spent("1"),))


def test_effect_from_a_clock_that_was_ahead_counts() -> None:
    ahead = (spent("1", hours_ago=-5),)

    assert not is_allowed("{sum: {window: 1d, at_most: 100 USDT}}", trim("100"), spent=ahead)


def test_sums_are_asked_for_once_and_only_where_the_words_match() -> None:
    policy = policy_of(
        "  - {name: a, reason: A., match: {sum: {window: 1d, above: 9 USDT}}, verdict: deny}\n"
        "  - {name: b, reason: B., match: {sum: {window: 1d, at_most: 5 USDT}}, verdict: allow}\n"
        "  - {name: c, reason: C., match: {coin: ETH, sum: {window: 7d, above: 9 ETH}},"
        " verdict: deny}\n"
    )

    assert sums_asked(policy, TRIM, MONDAY) == (
        SumAsked(since=MONDAY - timedelta(days=1), coin="USDT"),
    )


@given(
    limit=st.decimals(0, 10**12, places=6, allow_nan=False),
    amounts=st.lists(st.decimals(0, 10**12, places=6, allow_nan=False), max_size=8),
    amount=st.decimals(0, 10**12, places=6, allow_nan=False),
)
def test_allowed_sum_never_passes_the_limit(
    limit: Decimal, amounts: list[Decimal], amount: Decimal
) -> None:
    match = f"{{sum: {{window: 1d, at_most: {limit:f} USDT}}}}"
    before = tuple(spent(f"{each:f}") for each in amounts)

    allowed = is_allowed(match, trim(f"{amount:f}"), spent=before)

    assert allowed == (sum(amounts) + amount <= limit)
