import string
from decimal import Decimal, Inexact, getcontext, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.money import (
    COIN,
    CONTEXT,
    AmountInvalid,
    Money,
    amount_from_reply,
    amount_from_stored,
    amount_from_text,
    amount_text,
    decimal_places,
    money_from_stored,
    money_from_text,
)

WHOLE = st.from_regex(r"(?:0|[1-9][0-9]{0,29})", fullmatch=True)
WRITTEN = st.from_regex(r"(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,18})?", fullmatch=True).filter(
    str.isascii
)
ONE_SPELLING = st.one_of(
    WHOLE.filter(str.isascii),
    WRITTEN.filter(lambda text: "." in text and not text.endswith("0")),
)
COINS = st.from_regex(r"[A-Z0-9][A-Z0-9._-]{0,19}", fullmatch=True).filter(str.isascii)

NOT_AMOUNTS = [
    "",
    " ",
    "1 ",
    " 1",
    "1\n",
    "+1",
    "-1",
    "--1",
    "1e3",
    "1E3",
    "0.1.2",
    ".5",
    "5.",
    "00",
    "01",
    "1,000",
    "1_000",
    "0x10",
    "NaN",
    "nan",
    "sNaN",
    "Infinity",
    "inf",
    "\u0661",
    "\uff11",
    "²",
    "½",
    "1\u200b",
    "\u22121",
    "1\x00",
    "9" * 31,
    f"0.{'1' * 19}",
]


@given(ONE_SPELLING)
def test_amount_comes_back_as_the_text_it_was(text: str) -> None:
    assert amount_text(amount_from_text(text)) == text


@given(WRITTEN)
def test_amount_keeps_its_number_in_any_spelling(text: str) -> None:
    amount = amount_from_text(text)

    assert amount == Decimal(text)
    assert amount_from_text(amount_text(amount)) == amount


@given(WRITTEN)
def test_reading_an_amount_ignores_the_precision_others_have_set(text: str) -> None:
    with localcontext() as context:
        context.prec = 3

        assert amount_text(amount_from_text(text)) == amount_text(Decimal(text))


@pytest.mark.parametrize("text", NOT_AMOUNTS, ids=ascii)
def test_what_is_not_an_amount_is_refused(text: str) -> None:
    with pytest.raises(AmountInvalid):
        amount_from_text(text)


@given(st.text())
def test_any_text_is_an_amount_or_is_refused(text: str) -> None:
    try:
        amount = amount_from_text(text)
    except AmountInvalid:
        return
    assert amount.is_finite()
    assert amount >= 0
    assert set(text) <= set(string.digits + ".")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-5", "-5"),
        ("-0.00", "0"),
        ("1.50", "1.5"),
        ("9" * 40 + "." + "9" * 40, "9" * 40 + "." + "9" * 40),
        ("0." + "9" * 40 + "0" * 20, "0." + "9" * 40),
    ],
)
def test_custodian_may_send_signs_zeros_and_forty_digits(text: str, expected: str) -> None:
    assert amount_text(amount_from_reply(text)) == expected


@pytest.mark.parametrize(
    "text", ["+1", "1e3", "NaN", "", "-", "01", "1.", "9" * 41, "1\n", "\u0661"]
)
def test_reply_that_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(AmountInvalid):
        amount_from_reply(text)


def test_sum_of_the_largest_replies_can_be_stored() -> None:
    largest = amount_from_reply("9" * 40 + "." + "9" * 40)

    total = CONTEXT.add(largest, largest)

    assert amount_from_stored(amount_text(total)) == total
    assert money_from_stored(str(Money(total, "BTC"))) == Money(total, "BTC")


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-18"), "0.000000000000000001"),
        (Decimal("-0"), "0"),
        (Decimal("0E+5"), "0"),
        (Decimal("0.000"), "0"),
        (Decimal("-0.0"), "0"),
        (Decimal("-1.10"), "-1.1"),
        (Decimal(100), "100"),
        (Decimal("250000.00"), "250000"),
    ],
)
def test_amount_is_written_one_way(amount: Decimal, expected: str) -> None:
    assert amount_text(amount) == expected


@given(st.decimals(allow_nan=False, allow_infinity=False, places=18))
def test_written_amount_is_plain_digits(amount: Decimal) -> None:
    text = amount_text(amount)

    assert set(text) <= set(string.digits + ".-")
    assert Decimal(text) == amount
    assert not text.endswith(".")
    assert text != "-0"


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")])
def test_what_is_no_number_is_never_written(amount: Decimal) -> None:
    with pytest.raises(AssertionError):
        amount_text(amount)


def test_arithmetic_never_rounds() -> None:
    with pytest.raises(Inexact):
        CONTEXT.divide(Decimal(1), Decimal(3))


def test_arithmetic_on_the_largest_amounts_is_exact() -> None:
    amount = Decimal("9" * 30 + "." + "9" * 18)

    assert CONTEXT.subtract(CONTEXT.add(amount, Decimal("1E-18")), Decimal(10) ** 30) == 0
    assert getcontext().prec == 28, "the precision that would have rounded"


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(Decimal("1.50"), 1), (Decimal("1E+3"), 0), (Decimal("0.001"), 3), (Decimal(0), 0)],
)
def test_decimal_places_are_those_that_matter(amount: Decimal, expected: int) -> None:
    assert decimal_places(amount) == expected


@given(ONE_SPELLING, COINS)
def test_money_comes_back_as_the_text_it_was(amount: str, coin: str) -> None:
    money = money_from_text(f"{amount} {coin}")

    assert str(money) == f"{amount} {coin}"
    assert money_from_stored(str(money)) == money


def test_money_compares_numbers_not_spelling() -> None:
    assert money_from_text("1.50 USDT") == money_from_text("1.5 USDT")
    assert hash(money_from_text("1.50 USDT")) == hash(money_from_text("1.5 USDT"))
    assert money_from_text("1 USDT") != money_from_text("1 USDC")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "USDT",
        "5USDT",
        "5  USDT",
        " 5 USDT",
        "5 USDT ",
        "5\tUSDT",
        "5\u00a0USDT",
        "5 usdt",
        "5 USDT USDT",
        "5 ",
        "-5 USDT",
        "1e3 USDT",
        "NaN USDT",
        "5 USD\u0422",
        f"5 {'A' * 21}",
        "5 -A",
        "5 USDT\n",
    ],
    ids=ascii,
)
def test_what_is_not_money_is_refused(text: str) -> None:
    with pytest.raises(AmountInvalid):
        money_from_text(text)


def test_refusal_names_the_part_that_is_wrong() -> None:
    with pytest.raises(AmountInvalid, match="'usdt' is not a coin"):
        money_from_text("5 usdt")
    with pytest.raises(AmountInvalid, match="'1e3' is not an amount"):
        money_from_text("1e3 USDT")


@pytest.mark.parametrize("text", ["5", "5USDT", "5  USDT", "x USDT", "", "5 usdt", "1e3 USDT"])
def test_stored_text_that_is_not_money_is_refused(text: str) -> None:
    with pytest.raises(AmountInvalid):
        money_from_stored(text)


def test_stored_money_may_be_negative() -> None:
    assert money_from_stored("-5 USDT") == Money(Decimal(-5), "USDT")


@given(st.text(max_size=25))
def test_coin_is_a_symbol_of_capitals_and_digits(text: str) -> None:
    if COIN.fullmatch(text):
        assert text.isascii()
        assert text == text.upper()
        assert 1 <= len(text) <= 20
