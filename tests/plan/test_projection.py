"""The projected ledger over the real manifests, with drafts made by hand."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.catalogue.load import load_api
from runner.catalogue.manifests import MANIFESTS
from runner.core.money import Money
from runner.core.types import MONEY, Scalar
from runner.core.values import Unknown, Value
from runner.effects.draft import EffectDraft
from runner.effects.model import Expectation
from runner.plan.projection import ProjectedLedger

API = load_api()
LINK = {"link": "prime", "wallet": "", "network": "", "coin": ""}
CUSTODY = {"link": "", "wallet": "w", "network": "", "coin": ""}


def _money(text: str) -> Money:
    amount, coin = text.split()[:2]
    return Money(Decimal(amount), coin)


def _draft(action: str, money: str, *, link: str = "prime", network: str = "ETH") -> EffectDraft:
    manifest = MANIFESTS[action]
    amount = _money(money)
    return EffectDraft(
        manifest=manifest,
        operation=API.operations[manifest.operation],
        fields={},
        expectation=Expectation(
            subject_id="1", kind="apply", coin=amount.coin, network=network, amount=amount.amount
        ),
        parts={"link": link, "wallet": "w", "coin": amount.coin, "network": network},
    )


def _positions(*rows: str, complete: bool = True) -> Mapping[str, Value]:
    found = [(_money(row), row.split()[2]) for row in rows]
    sums: dict[str, Value] = {}
    for money, _ in found:
        before = sums.get(money.coin)
        held = before.amount if isinstance(before, Money) else Decimal(0)
        sums[money.coin] = Money(held + money.amount, money.coin)
    return {
        "rows": tuple(
            {"coin": m.coin, "network": n, "amount": m, "amount_btc": Decimal(1)} for m, n in found
        ),
        "by_coin": sums,
        "complete": complete,
    }


def _assets(*rows: str, complete: bool = True) -> Mapping[str, Value]:
    items: list[Mapping[str, Value]] = []
    for row in rows:
        money = _money(row)
        network = row.split()[2:]
        item: dict[str, Value] = {
            "coin": money.coin,
            "amount": Money(money.amount + 1, money.coin),
            "available": money,
            "with_mirror": money,
        }
        if network:
            item["network"] = network[0]
        items.append(item)
    return {"rows": tuple(items), "by_coin": {}, "complete": complete}


def _opened() -> ProjectedLedger:
    ledger = ProjectedLedger()
    ledger.seed(MANIFESTS["mirror.positions"], LINK, _positions("100 USDT ETH"))
    ledger.seed(MANIFESTS["wallet.assets"], CUSTODY, _assets("1000 USDT ETH"))
    return ledger


def _shown(ledger: ProjectedLedger) -> list[str]:
    return [f"{x.account} {x.before} {x.change} {x.after}" for x in ledger.lines()]


def test_effect_moves_its_amount_from_debit_to_credit() -> None:
    ledger = _opened()

    ledger.move("a", _draft("mirror.apply", "250 USDT"), decided=True)

    assert _shown(ledger) == ["custody:w:ETH 1000 -250 750", "mirrored:prime:ETH 100 250 350"]


def test_there_and_back_changes_nothing() -> None:
    ledger = _opened()

    ledger.move("a", _draft("mirror.apply", "250 USDT"), decided=True)
    ledger.move("b", _draft("mirror.settle", "250 USDT"), decided=True)

    assert _shown(ledger) == ["custody:w:ETH 1000 0 1000", "mirrored:prime:ETH 100 0 100"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["mirror.apply", "mirror.settle", "mirrorx.delegate"]),
            st.integers(1, 10**9),
            st.sampled_from(["USDT", "BTC"]),
            st.sampled_from(["ETH", "BSC"]),
        ),
        max_size=12,
    )
)
def test_sums_over_all_accounts_never_change(moves: list[tuple[str, int, str, str]]) -> None:
    ledger = ProjectedLedger()
    for index, (action, amount, coin, network) in enumerate(moves):
        draft = _draft(action, f"{amount}.5 {coin}", network=network)
        ledger.move(str(index), draft, decided=True)

    for coin in ("USDT", "BTC"):
        changes = [line.change for line in ledger.lines() if line.coin == coin]
        assert sum(change for change in changes if change is not None) == 0
        assert None not in changes


def test_balance_no_read_has_shown_is_not_known() -> None:
    ledger = ProjectedLedger()

    ledger.move("a", _draft("mirror.apply", "5 USDT"), decided=True)

    assert _shown(ledger) == ["custody:w:ETH None -5 None", "mirrored:prime:ETH None 5 None"]
    assert ledger.shortages() == ()


def test_balances_behind_an_undecided_effect_are_not_known() -> None:
    ledger = _opened()

    ledger.move("a", _draft("mirror.apply", "5 USDT"), decided=False)
    ledger.move("b", _draft("mirror.apply", "5 USDT"), decided=True)

    assert _shown(ledger) == [
        "custody:w:ETH 1000 None None",
        "mirrored:prime:ETH 100 None None",
    ]
    assert ledger.change("custody:w:ETH", "USDT") is None


def test_undecided_effect_leaves_other_coins_and_accounts_alone() -> None:
    ledger = _opened()

    ledger.move("a", _draft("mirror.apply", "5 BTC"), decided=False)

    assert ledger.change("custody:w:ETH", "USDT") == 0
    assert ledger.change("custody:w:BSC", "BTC") == 0


# Openings


@pytest.mark.parametrize(
    ("account", "coin", "expected"),
    [
        ("mirrored:prime:ETH", "USDT", Decimal(100)),
        ("mirrored:prime:ETH", "BTC", Decimal(0)),
        ("mirrored:prime:BSC", "USDT", Decimal(0)),
        ("mirrored:other:ETH", "USDT", None),
        ("custody:w:ETH", "USDT", Decimal(1000)),
        ("custody:other:ETH", "USDT", None),
        ("delegated:prime", "USDT", None),
    ],
)
def test_complete_read_opens_what_it_does_not_list_with_zero(
    account: str, coin: str, expected: Decimal | None
) -> None:
    assert _opened().opening(account, coin) == expected


def test_read_that_may_miss_rows_opens_nothing_it_does_not_list() -> None:
    ledger = ProjectedLedger()

    ledger.seed(MANIFESTS["mirror.positions"], LINK, _positions("1 USDT ETH", complete=False))

    assert ledger.opening("mirrored:prime:ETH", "USDT") == 1
    assert ledger.opening("mirrored:prime:ETH", "BTC") is None


def test_complete_read_of_a_link_without_networks_opens_it_with_zero() -> None:
    ledger = ProjectedLedger()
    empty: dict[str, Value] = {"rows": (), "by_coin": {}, "complete": True}

    ledger.seed(MANIFESTS["mirrorx.positions"], LINK, empty)

    assert ledger.opening("delegated:prime", "USDT") == 0
    assert ledger.opening("delegated:other", "USDT") is None


def test_read_of_one_network_says_nothing_about_others() -> None:
    ledger = ProjectedLedger()
    parts = {**CUSTODY, "network": "ETH"}

    ledger.seed(MANIFESTS["wallet.assets"], parts, _assets("5 USDT ETH"))

    assert ledger.opening("custody:w:ETH", "USDT") == 5
    assert ledger.opening("custody:w:ETH", "BTC") == 0
    assert ledger.opening("custody:w:BSC", "USDT") is None


def test_read_of_one_coin_says_nothing_about_others() -> None:
    ledger = ProjectedLedger()
    parts = {**CUSTODY, "coin": "USDT"}

    ledger.seed(MANIFESTS["wallet.assets"], parts, _assets("5 USDT ETH"))

    assert ledger.opening("custody:w:ETH", "BTC") is None


def test_first_sight_of_an_account_counts() -> None:
    ledger = _opened()

    ledger.seed(MANIFESTS["mirror.positions"], LINK, _positions("7 USDT ETH"))

    assert ledger.opening("mirrored:prime:ETH", "USDT") == 100


def test_balance_that_cannot_be_spent_opens_nothing() -> None:
    """``amount`` includes what is frozen; only ``available`` is what effects can take."""
    assert _opened().opening("custody:w:ETH", "USDT") == 1000


# Shortages


def test_effect_that_takes_more_than_there_is_is_short() -> None:
    ledger = _opened()

    ledger.move("a", _draft("mirror.apply", "1000.000000000000000001 USDT"), decided=True)

    assert [f"{s.path} {s.account} {s.available}" for s in ledger.shortages()] == [
        "a custody:w:ETH 1000"
    ]


def test_effect_may_take_all_there_is() -> None:
    ledger = _opened()

    ledger.move("a", _draft("mirror.apply", "1000 USDT"), decided=True)

    assert ledger.shortages() == ()


def test_effects_before_count() -> None:
    ledger = _opened()
    ledger.move("a", _draft("mirror.apply", "600 USDT"), decided=True)
    ledger.move("b", _draft("mirror.apply", "600 USDT"), decided=True)

    assert [f"{s.path} {s.available}" for s in ledger.shortages()] == ["b 400"]


def test_what_arrived_before_can_be_spent() -> None:
    ledger = _opened()
    ledger.move("a", _draft("mirror.apply", "600 USDT"), decided=True)
    ledger.move("b", _draft("mirror.settle", "700 USDT"), decided=True)

    assert ledger.shortages() == ()


def test_what_arrives_later_cannot_be_spent_yet() -> None:
    ledger = _opened()
    ledger.move("b", _draft("mirror.settle", "700 USDT"), decided=True)
    ledger.move("a", _draft("mirror.apply", "600 USDT"), decided=True)

    assert [s.path for s in ledger.shortages()] == ["b"]


def test_what_may_not_arrive_cannot_be_counted_on() -> None:
    ledger = _opened()
    ledger.move("a", _draft("mirror.apply", "600 USDT"), decided=False)
    ledger.move("b", _draft("mirror.settle", "700 USDT"), decided=True)

    assert [(s.path, s.decided) for s in ledger.shortages()] == [("b", True)]


def test_undecided_effect_that_is_short_says_so() -> None:
    ledger = _opened()
    ledger.move("a", _draft("mirror.apply", "5000 USDT"), decided=False)

    assert [(s.path, s.decided) for s in ledger.shortages()] == [("a", False)]


# What reads show after planned effects


def test_read_before_any_effect_is_shown_as_it_is() -> None:
    value = _positions("100 USDT ETH")

    assert ProjectedLedger().overlay(MANIFESTS["mirror.positions"], LINK, value) is value


def test_read_shows_what_the_effects_would_have_done() -> None:
    ledger = _opened()
    ledger.move("a", _draft("mirror.apply", "250 USDT"), decided=True)

    value = ledger.overlay(
        MANIFESTS["mirror.positions"], LINK, _positions("100 USDT ETH", "7 USDT BSC")
    )

    rows = value["rows"]
    assert isinstance(rows, tuple)
    assert [row["amount"] for row in rows if isinstance(row, Mapping)] == [
        _money("350 USDT"),
        _money("7 USDT"),
    ]
    assert value["by_coin"] == {"USDT": _money("357 USDT")}
    assert value["complete"] is True


def test_sum_shows_a_coin_that_arrived_where_none_was() -> None:
    ledger = _opened()
    ledger.move("a", _draft("mirror.apply", "2 BTC"), decided=True)

    value = ledger.overlay(MANIFESTS["mirror.positions"], LINK, _positions("100 USDT ETH"))

    assert value["by_coin"] == {"USDT": _money("100 USDT"), "BTC": _money("2 BTC")}


def test_incomplete_list_shows_no_balance_of_a_coin_it_lacks() -> None:
    """Zero and the change would be a number, and nobody has read that it was zero."""
    ledger = ProjectedLedger()
    ledger.move("in", _draft("mirror.apply", "10 USDT"), decided=True)

    value = ledger.overlay(MANIFESTS["mirror.positions"], LINK, _positions(complete=False))

    assert value["by_coin"] == {}


def test_read_of_another_link_shows_nothing_of_it() -> None:
    ledger = _opened()
    ledger.move("a", _draft("mirror.apply", "250 USDT"), decided=True)
    value = _positions("100 USDT ETH")

    shown = ledger.overlay(MANIFESTS["mirror.positions"], {**LINK, "link": "other"}, value)

    assert shown["by_coin"] == value["by_coin"]


@pytest.mark.parametrize(
    ("filtered", "expected"),
    [
        ({"network": "BSC"}, {}),
        ({"network": "ETH"}, {"USDT": _money("-250 USDT")}),
        ({"coin": "BTC"}, {}),
        ({"coin": "USDT"}, {"USDT": _money("-250 USDT")}),
        ({}, {"USDT": _money("-250 USDT")}),
    ],
    ids=str,
)
def test_filtered_read_shows_what_its_filter_lets_through(
    filtered: dict[str, str], expected: object
) -> None:
    ledger = ProjectedLedger()
    ledger.move("a", _draft("mirror.apply", "250 USDT"), decided=True)

    value = ledger.overlay(MANIFESTS["wallet.assets"], {**CUSTODY, **filtered}, _assets())

    assert value["by_coin"] == expected


def test_read_behind_an_undecided_effect_is_unknown() -> None:
    ledger = _opened()
    ledger.move("a", _draft("mirror.apply", "250 USDT"), decided=False)

    value = ledger.overlay(MANIFESTS["mirror.positions"], LINK, _positions("100 USDT ETH"))

    rows = value["rows"]
    assert isinstance(rows, tuple)
    assert isinstance(rows[0], Mapping)
    assert rows[0]["amount"] == Unknown(MONEY)
    assert value["by_coin"] == {"USDT": Unknown(MONEY)}


def test_field_that_moves_in_unknown_ways_is_unknown_behind_any_effect() -> None:
    ledger = _opened()
    ledger.move("a", _draft("mirror.apply", "250 USDT"), decided=True)

    value = ledger.overlay(MANIFESTS["mirror.positions"], LINK, _positions("100 USDT ETH"))

    rows = value["rows"]
    assert isinstance(rows, tuple)
    assert isinstance(rows[0], Mapping)
    assert rows[0]["amount_btc"] == Unknown(Scalar("decimal"))


def test_overlay_leaves_what_was_read_alone() -> None:
    ledger = _opened()
    ledger.move("a", _draft("mirror.apply", "250 USDT"), decided=True)
    value = _positions("100 USDT ETH")

    ledger.overlay(MANIFESTS["mirror.positions"], LINK, value)

    assert value == _positions("100 USDT ETH")


def test_all_balances_of_a_row_move_along() -> None:
    ledger = _opened()
    ledger.move("a", _draft("mirror.apply", "250 USDT"), decided=True)

    value = ledger.overlay(MANIFESTS["wallet.assets"], CUSTODY, _assets("1000 USDT ETH"))

    rows = value["rows"]
    assert isinstance(rows, tuple)
    assert isinstance(rows[0], Mapping)
    assert (rows[0]["available"], rows[0]["amount"]) == (_money("750 USDT"), _money("751 USDT"))
