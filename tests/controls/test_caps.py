from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from runner.controls.caps import Cap, Caps
from runner.controls.guard import Guard, closed_guard, open_guard, stricter
from runner.controls.policy import EffectFacts, Spent, Verdict, VerdictKind

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def effect(amount: str, coin: str = "USDT") -> EffectFacts:
    return EffectFacts(action="mirror.apply", coin=coin, amount=Decimal(amount))


def spent(amount: str, *, hours_ago: float = 1, run_id: str = "R-1", coin: str = "USDT") -> Spent:
    at = NOW - timedelta(hours=hours_ago)
    return Spent(facts=effect(amount, coin), at=at, run_id=run_id)


def guard(caps: Caps) -> Guard:
    return Guard(policy=None, without=open_guard("anything").without, caps=caps)


def denial(caps: Caps, facts: EffectFacts, *before: Spent) -> str:
    verdict = guard(caps).verdict(facts, NOW, before, run_id="R-1")
    assert (verdict.kind is VerdictKind.DENY) == bool(verdict.rule)
    return f"{verdict.rule} ({verdict.place}): {verdict.reason}" if verdict.rule else ""


def cap(count: int | None = None, **total: str) -> Cap:
    amounts = {coin: Decimal(text) for coin, text in total.items()}
    return Cap(place="profiles.yaml:9", count=count, total=amounts or None)


@pytest.mark.parametrize(
    ("caps", "facts", "before", "expected"),
    [
        (Caps(), effect("1e30"), (), ""),
        (Caps(per_effect=cap(USDT="100")), effect("100"), (), ""),
        (
            Caps(per_effect=cap(USDT="100")),
            effect("100.01"),
            (),
            (
                "caps.per_effect (profiles.yaml:9): per_effect: this would come to 100.01 USDT,"
                " the cap is 100 USDT"
            ),
        ),
        (
            Caps(per_effect=cap(USDT="100")),
            effect("0.1", "BTC"),
            (),
            (
                "caps.per_effect (profiles.yaml:9): per_effect: this would come to 0.1 BTC,"
                " the cap names only USDT"
            ),
        ),
        (Caps(per_run=cap(2)), effect("1"), (spent("1"),), ""),
        (
            Caps(per_run=cap(2)),
            effect("1"),
            (spent("1"), spent("1", hours_ago=100)),
            "caps.per_run (profiles.yaml:9): per_run: this would be effect 3, the cap is 2",
        ),
        (Caps(per_run=cap(USDT="10")), effect("9"), (spent("9", run_id="R-2"),), ""),
        (
            Caps(per_run=cap(USDT="10")),
            effect("9"),
            (spent("2"),),
            (
                "caps.per_run (profiles.yaml:9): per_run: this would come to 11 USDT,"
                " the cap is 10 USDT"
            ),
        ),
        (Caps(per_day=cap(1)), effect("1"), (spent("1", hours_ago=24.1),), ""),
        (
            Caps(per_day=cap(1)),
            effect("1"),
            (spent("1", hours_ago=24, run_id="R-2"),),
            "caps.per_day (profiles.yaml:9): per_day: this would be effect 2, the cap is 1",
        ),
        (Caps(per_day=cap(USDT="10")), effect("5"), (spent("6", coin="BTC"),), ""),
        (
            Caps(per_day=cap(USDT="10")),
            effect("5"),
            (spent("5.000001", run_id="R-2"),),
            (
                "caps.per_day (profiles.yaml:9): per_day: this would come to 10.000001 USDT,"
                " the cap is 10 USDT"
            ),
        ),
        (Caps(per_effect=cap(USDT="1")), EffectFacts(action="wallet.create"), (), ""),
    ],
)
def test_caps(caps: Caps, facts: EffectFacts, before: tuple[Spent, ...], expected: str) -> None:
    assert denial(caps, facts, *before) == expected


def test_guard_asks_for_what_its_caps_need() -> None:
    assert guard(Caps()).asked(effect("1"), NOW).since is None
    assert not guard(Caps()).asked(effect("1"), NOW).own_run
    assert guard(Caps(per_run=cap(1))).asked(effect("1"), NOW).own_run
    day = guard(Caps(per_day=cap(1))).asked(effect("1"), NOW)
    assert day.since == NOW - timedelta(hours=24)


def test_custodian_without_a_policy_denies_everything() -> None:
    verdict = closed_guard("no policy").verdict(effect("1"), NOW, (), run_id="")

    assert verdict == Verdict(kind=VerdictKind.DENY, rule="", reason="no policy", place="")


def test_stricter_verdict_holds() -> None:
    allow, approve, deny = (
        Verdict(kind=kind, rule=kind.value, reason="", place="") for kind in VerdictKind
    )

    assert stricter(allow, deny) is deny
    assert stricter(deny, allow) is deny
    assert stricter(approve, allow) is approve
    assert stricter(approve, deny) is deny
