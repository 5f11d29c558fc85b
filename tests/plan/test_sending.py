"""Fees and limits of withdrawals, as a dry run reads them and as its ledger moves them."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from runner.core.errors import NotSent, RemoteRefused
from runner.core.money import money_from_text
from runner.core.types import Record
from runner.core.values import Unknown, Value
from runner.engine.verdict import Cause
from runner.plan.build import planning_diagnostics, shortage_words
from runner.plan.fee import PlannedFee
from tests.engine.engine_fakes import FakeReads, assets
from tests.plan.dry_runs import PAY, assets_of, dry_run, limits, sending

OWN = PAY.replace("network: ETH}", "network: ETH, fee: 2}")
INSIDE = PAY.replace("to: cold", "to: inside")
REFUSED = RemoteRefused("no", method="GET", path="/x", code="G20016")


def _own(fee: str) -> str:
    return OWN.replace("fee: 2", f"fee: {fee}")


async def test_fee_is_read_and_moves_on_its_own() -> None:
    dry = await dry_run(PAY, FakeReads(sending("1.5 USDT")))

    (intent,) = dry.intents
    assert intent.fee == PlannedFee(
        basis="estimate",
        amount=Decimal("1.5"),
        coin="USDT",
        debit="custody:main:ETH",
        credit="fees:custodian",
        estimate=None,
        source="withdrawal.fee",
    )
    assert [(line.account, line.change) for line in dry.ledger.lines()] == [
        ("custody:main:ETH", Decimal("-6.5")),
        ("external:cold", Decimal(5)),
        ("fees:custodian", Decimal("1.5")),
    ]
    assert dry.warnings == ()


async def test_amount_is_part_of_the_question_and_an_address_is_not() -> None:
    reads = FakeReads(sending())

    await dry_run(PAY, reads)

    assert ("withdrawal.fee", _asked("5")) in reads.calls


async def test_same_question_is_asked_once() -> None:
    reads = FakeReads(sending())

    dry = await dry_run(PAY + PAY.replace("id: pay", "id: more"), reads)

    assert len(dry.intents) == 2
    assert sorted(name for name, _ in reads.calls) == ["coins", "withdrawal.fee"]


async def test_what_a_step_has_read_is_not_asked_for_again() -> None:
    look = """
  - id: fee
    uses: withdrawal.fee
    with: {wallet: main, coin: USDT, network: ETH, amount: 5}
"""
    reads = FakeReads(sending("1.5 USDT"))

    dry = await dry_run(look + PAY, reads)

    assert [name for name, _ in reads.calls].count("withdrawal.fee") == 1
    assert dry.intents[0].fee is not None
    assert dry.intents[0].fee.amount == Decimal("1.5")


async def test_withdrawal_to_a_wallet_of_the_custodian_has_no_fee_where_it_says_so() -> None:
    reads = FakeReads(sending("0 USDT"))

    dry = await dry_run(INSIDE, reads)

    fee = dry.intents[0].fee
    assert fee is not None
    assert (fee.basis, fee.amount, fee.debit) == ("none", Decimal(0), "")
    assert ("withdrawal.fee", {**_asked("5"), "to": "inside"}) in reads.calls
    assert "fees:custodian" not in {line.account for line in dry.ledger.lines()}


async def test_fee_of_another_coin_is_paid_on_the_network_of_the_withdrawal() -> None:
    rows = limits("USDT", "ETH"), limits("ETH", "ETH")

    dry = await dry_run(PAY, FakeReads(sending("0.001 ETH", rows)))

    assert [(line.account, line.coin, line.change) for line in dry.ledger.lines()] == [
        ("custody:main:ETH", "ETH", Decimal("-0.001")),
        ("custody:main:ETH", "USDT", Decimal(-5)),
        ("external:cold", "USDT", Decimal(5)),
        ("fees:custodian", "ETH", Decimal("0.001")),
    ]


async def test_pooled_wallet_pays_its_fee_out_of_the_pool() -> None:
    pay = PAY.replace("from: main", "from: pool")

    dry = await dry_run(pay, FakeReads(sending("0.001 ETH")))

    assert dry.intents[0].fee is not None
    assert dry.intents[0].fee.debit == "custody:pool"


async def test_account_of_a_fee_that_is_on_no_known_network_is_not_guessed() -> None:
    reads = FakeReads({**sending("2 BTC"), "wallet.assets": [assets_of("9 BTC ETH", "9 USDT ETH")]})
    after = """
  - id: after
    uses: wallet.assets
    with: {wallet: main}
"""

    dry = await dry_run(PAY + after, reads)

    fee = dry.intents[0].fee
    assert fee is not None
    assert (fee.amount, fee.coin, fee.debit) == (Decimal(2), "BTC", "")
    assert "network" in fee.reason
    assert [(line.account, line.change) for line in dry.ledger.lines()] == [
        ("custody:main:ETH", Decimal(-5)),
        ("external:cold", Decimal(5)),
    ]
    shown = str(dry.steps[-1].result)
    assert shown.count("$unknown") >= 2
    assert "'USDT': '4 USDT'" in shown


@pytest.mark.parametrize("answer", [REFUSED, Unknown(Record("withdrawal_fee", ()))], ids=str)
async def test_fee_that_cannot_be_read_leaves_the_balance_behind_it_unknown(
    answer: Value | Exception,
) -> None:
    reads = FakeReads({**sending(), "withdrawal.fee": [answer], "wallet.assets": [assets("9")]})
    before = "\n  - id: before\n    uses: wallet.assets\n    with: {wallet: main}\n"

    dry = await dry_run(before + PAY + before.replace("before", "after"), reads)

    fee = dry.intents[0].fee
    assert fee is not None
    assert (fee.basis, fee.amount, fee.coin) == ("unknown", None, "")
    assert fee.reason
    assert [(line.account, line.change, line.after) for line in dry.ledger.lines()] == [
        ("custody:main:ETH", None, None),
        ("external:cold", Decimal(5), None),
    ]
    assert "'USDT': {'$unknown'" in str(dry.steps[-1].result)


async def test_custodian_that_cannot_be_reached_ends_the_plan() -> None:
    gone = NotSent("gone", method="GET", path="/x")

    dry = await dry_run(PAY, FakeReads({**sending(), "withdrawal.fee": [gone]}))

    assert dry.end.cause is Cause.UNREACHABLE


async def test_negative_figure_is_no_fee() -> None:
    dry = await dry_run(PAY, FakeReads(sending("-1 USDT")))

    assert dry.intents[0].fee is not None
    assert dry.intents[0].fee.basis == "unknown"


@pytest.mark.parametrize(
    ("fee", "said"),
    [("1", "0.5 USDT less than"), ("1.5", ""), ("2", "0.5 USDT more than")],
)
async def test_fee_of_ones_own_is_planned_and_held_against_the_custodians(
    fee: str, said: str
) -> None:
    dry = await dry_run(_own(fee), FakeReads(sending("1.5 USDT")))

    planned = dry.intents[0].fee
    assert planned is not None
    assert (planned.basis, planned.amount) == ("ordered", Decimal(fee))
    assert planned.estimate == Decimal("1.5")
    assert len(dry.warnings) == bool(said)
    assert said in "".join(dry.warnings)


async def test_fee_of_ones_own_outside_of_eth_is_warned_of() -> None:
    pay = _own("1.5").replace("network: ETH", "network: BSC").replace("to: cold", "to: far")
    rows = limits("USDT", "BSC"), limits("USDT", "ETH")

    dry = await dry_run(pay, FakeReads(sending("1.5 USDT", rows)))

    assert [w for w in dry.warnings if "on BSC" in w]


async def test_fee_of_ones_own_whose_coin_nobody_knows_is_unknown() -> None:
    dry = await dry_run(OWN, FakeReads({**sending(), "withdrawal.fee": [REFUSED]}))

    fee = dry.intents[0].fee
    assert fee is not None
    assert fee.basis == "unknown"
    assert fee.reason.startswith("2 is ordered")


@pytest.mark.parametrize(
    ("steps", "changes", "code", "says"),
    [
        (PAY, {"min": "6 USDT"}, "amount-out-of-bounds", "5 USDT from main is below 6 USDT"),
        (PAY, {"max": "4.99 USDT"}, "amount-out-of-bounds", "5 USDT from main is above 4.99 USDT"),
        (PAY, {"withdrawals": False}, "network-closed", "withdrawals of USDT on ETH are closed"),
        (PAY, {"network": "BSC"}, "network-closed", "qualified wallets send no USDT on ETH"),
        (INSIDE, {"network": "BSC"}, "network-closed", "qualified wallets send no USDT on ETH"),
        (
            PAY.replace("5 USDT", "5.25 USDT"),
            {"places": 1},
            "precision-exceeded",
            "5.25 USDT has more decimals than USDT allows on ETH",
        ),
        (_own("1.55"), {"places": 1}, "precision-exceeded", "the fee 1.55 USDT has more decimals"),
        (
            OWN.replace("to: cold", "to: inside"),
            {},
            "fee-refused",
            "a wallet at the custodian",
        ),
        (OWN.replace("from: main", "from: pool"), {}, "fee-refused", "a prime wallet"),
    ],
)
async def test_what_the_network_does_not_let_through_cannot_be_planned(
    steps: str, changes: Mapping[str, object], code: str, says: str
) -> None:
    rows = (limits("USDT", "ETH", **changes),)

    dry = await dry_run(steps, FakeReads(sending("1.5 USDT", rows)))

    (found,) = planning_diagnostics(dry)
    assert found.code == code
    assert found.summary.startswith("effect pay: ")
    assert says in found.summary
    assert found.hint
    assert dry.intents == ()


@pytest.mark.parametrize("changes", [{"min": "5 USDT"}, {"max": "5 USDT"}, {"min": "0 USDT"}])
async def test_bounds_are_inclusive(changes: Mapping[str, object]) -> None:
    dry = await dry_run(PAY, FakeReads(sending(rows=(limits("USDT", "ETH", **changes),))))

    assert dry.problems == ()


async def test_bounds_of_a_chain_are_no_matter_inside() -> None:
    rows = (limits("USDT", "ETH", min="6 USDT", withdrawals=False),)

    dry = await dry_run(INSIDE, FakeReads(sending("0 USDT", rows)))

    assert dry.problems == ()


async def test_limits_that_cannot_be_read_are_said_to_be_unknown() -> None:
    dry = await dry_run(PAY, FakeReads({**sending(), "coins": [REFUSED]}))

    assert dry.problems == ()
    (warning,) = dry.warnings
    assert warning.startswith("pay: the limits of ETH are not known: ")


@pytest.mark.parametrize(
    ("held", "short"),
    [
        ("6.5", ()),
        (
            "6.49",
            ("pay takes 5 USDT and a fee of 1.5 USDT from custody:main:ETH, which holds 6.49",),
        ),
    ],
)
async def test_cover_is_of_amount_and_fee(held: str, short: tuple[str, ...]) -> None:
    before = "\n  - id: before\n    uses: wallet.assets\n    with: {wallet: main}\n"
    reads = FakeReads({**sending("1.5 USDT"), "wallet.assets": [assets(held)]})

    errors, _ = shortage_words(await dry_run(before + PAY, reads))

    assert [words.removesuffix(" USDT") for words in errors] == list(short)


async def test_fee_of_another_coin_needs_cover_of_its_own() -> None:
    before = "\n  - id: before\n    uses: wallet.assets\n    with: {wallet: main}\n"
    rows = limits("USDT", "ETH"), limits("ETH", "ETH")
    reads = FakeReads({**sending("0.001 ETH", rows), "wallet.assets": [assets("9")]})

    errors, _ = shortage_words(await dry_run(before + PAY, reads))

    assert errors == ("pay takes a fee of 0.001 ETH from custody:main:ETH, which holds 0 ETH",)


def _asked(amount: str) -> dict[str, Value]:
    return {
        "wallet": "main",
        "coin": "USDT",
        "network": "ETH",
        "amount": money_from_text(f"{amount} USDT").amount,
    }
