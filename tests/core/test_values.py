from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.jsonvalue import canonical_json, parse_strict_json
from runner.core.money import Money
from runner.core.types import (
    BOOL,
    COIN,
    DATE,
    DECIMAL,
    DURATION,
    INT,
    MONEY,
    NETWORK,
    STRING,
    TIMESTAMP,
    WALLET,
    Field,
    ListOf,
    MapOf,
    Record,
    Scalar,
    Type,
)
from runner.core.values import (
    Unknown,
    Value,
    duration_from_text,
    duration_text,
    value_from_json,
    value_from_text,
    value_text,
    value_to_json,
)

AMOUNTS = st.decimals(
    min_value=Decimal(-(10**30)), max_value=Decimal(10**30), places=18, allow_nan=False
)
DURATIONS = st.integers(0, 10 * 365 * 86_400_000).map(lambda ms: timedelta(milliseconds=ms))
MOMENTS = st.datetimes(timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
COIN_TEXTS = st.sampled_from(["USDT", "BTC", "1INCH", "A.B-C_D"])
SCALARS: dict[Scalar, st.SearchStrategy[Value]] = {
    STRING: st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    INT: st.integers(-(10**30) + 1, 10**30 - 1),
    DECIMAL: AMOUNTS,
    BOOL: st.booleans(),
    DATE: st.dates(),
    DURATION: DURATIONS,
    TIMESTAMP: MOMENTS,
    COIN: COIN_TEXTS,
    NETWORK: st.sampled_from(["ETH", "BSC", "opBNB"]),
    WALLET: st.text(max_size=5, alphabet=st.characters(exclude_categories=["Cs"])),
    MONEY: st.builds(Money, AMOUNTS, COIN_TEXTS),
}
PAIR = Record("pair", (Field("left", MONEY), Field("right", INT, optional=True)))


@st.composite
def typed_values(draw: st.DrawFn) -> tuple[Type, Value]:
    scalar = draw(st.sampled_from(list(SCALARS)))
    plain = SCALARS[scalar]
    shape = draw(st.sampled_from(["scalar", "list", "map", "record", "unknown"]))
    if shape == "list":
        return ListOf(scalar), tuple(draw(st.lists(plain, max_size=3)))
    if shape == "map":
        return MapOf(COIN, scalar), draw(st.dictionaries(COIN_TEXTS, plain, max_size=3))
    if shape == "record":
        pair: dict[str, Value] = {"left": draw(SCALARS[MONEY])}
        if draw(st.booleans()):
            pair["right"] = draw(SCALARS[INT])
        return PAIR, pair
    return scalar, draw(plain) if shape == "scalar" else Unknown(scalar)


@given(typed_values())
def test_value_comes_back_from_its_json(typed: tuple[Type, Value]) -> None:
    wanted, value = typed

    stored = parse_strict_json(canonical_json(value_to_json(value)))

    assert value_from_json(stored, wanted) == value


@given(typed_values())
def test_json_of_a_value_is_stable(typed: tuple[Type, Value]) -> None:
    wanted, value = typed
    stored = value_to_json(value)

    assert value_to_json(value_from_json(stored, wanted)) == stored


@given(st.sampled_from(list(SCALARS)), st.data())
def test_scalar_of_a_person_comes_back_from_its_text(wanted: Scalar, data: st.DataObject) -> None:
    value = data.draw(SCALARS[wanted])
    if isinstance(value, Money) and value.amount < 0:
        value = Money(value.amount.copy_abs(), value.coin)
    text = value_text(value)
    if len(text.partition(".")[0]) > 30 and wanted in {MONEY, DECIMAL}:
        return

    assert value_from_text(text, wanted) == value


def test_negative_decimal_keeps_every_digit() -> None:
    """A bare minus sign rounds to the 28 digits of Python's context."""
    text = "-123456789012345678901234567890.123456789012345678"

    value = value_from_text(text, DECIMAL)

    assert isinstance(value, Decimal)
    assert value_text(value) == text


def test_negative_zero_is_zero() -> None:
    value = value_from_text("-0.0", DECIMAL)

    assert str(value) in {"0", "0.0"}


REFUSED: list[tuple[Scalar, str]] = [
    *((DECIMAL, text) for text in ("", "-", "--1", "+1", "1e3", "NaN", "-NaN", "1.", "- 1", "01")),
    *((INT, text) for text in ("", "1.0", "1e3", "+1", "01", "-", "1_0", "\u0661", "9" * 31, " 1")),
    *((BOOL, text) for text in ("", "True", "yes", "on", "1", "TRUE", " true")),
    *(
        (DATE, text)
        for text in ("", "2026-02-30", "2026-13-01", "20261122", "2026-W01-1", "0000-01-01")
    ),
    (DATE, "2026-11-22T00:00:00Z"),
    *(
        (TIMESTAMP, text)
        for text in (
            "",
            "2026-11-22",
            "2026-11-22T10:00:00",
            "2026-11-22T25:00:00Z",
            "now",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
        )
    ),
    *((COIN, text) for text in ("", "usdt", "US DT", "-A", "A" * 21, "\u0410")),
    *((NETWORK, text) for text in ("", " ETH", "ETH/BSC", "A" * 33, "\u0415TH", ".a")),
    *((MONEY, text) for text in ("", "5", "-5 USDT", "NaN USDT", "5 usdt")),
    *(
        (DURATION, text)
        for text in (
            "",
            "10",
            "s",
            "-5s",
            "1.5h",
            "1h 30m",
            "30m1h",
            "1h1h",
            "5ms1s",
            "1H",
            "1w",
            "1s\n",
            "\u0661s",
            "3651d",
            "87601h",
            "315360000001ms",
            "9" * 30 + "ms",
            "9" * 5000 + "s",
        )
    ),
]


@pytest.mark.parametrize(
    ("wanted", "text"), REFUSED, ids=lambda part: ascii(part)[:30] if isinstance(part, str) else ""
)
def test_text_that_spells_no_value_is_refused(wanted: Scalar, text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|is longer") as raised:
        value_from_text(text, wanted)
    assert "Decimal" not in str(raised.value)
    assert "Exceeds the limit" not in str(raised.value)


@given(st.sampled_from([s for s in SCALARS if s not in {STRING, WALLET}]), st.text(max_size=40))
def test_any_text_is_a_value_or_is_refused(wanted: Scalar, text: str) -> None:
    try:
        value = value_from_text(text, wanted)
    except ValueError:
        return
    assert value_from_text(value_text(value), wanted) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("1h30m", timedelta(minutes=90)),
        ("250ms", timedelta(milliseconds=250)),
        ("1m1ms", timedelta(minutes=1, milliseconds=1)),
        ("2d", timedelta(days=2)),
        ("1d2h3m4s5ms", timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=5)),
        ("0s", timedelta(0)),
        ("00000000000090s", timedelta(seconds=90)),
        ("3650d", timedelta(days=3650)),
    ],
)
def test_duration_is_read(text: str, expected: timedelta) -> None:
    assert duration_from_text(text) == expected


@given(DURATIONS)
def test_duration_comes_back_from_its_text(duration: timedelta) -> None:
    assert duration_from_text(duration_text(duration)) == duration


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"),
        (False, "false"),
        (12, "12"),
        (Decimal("1.50"), "1.5"),
        (Money(Decimal("0.10"), "BTC"), "0.1 BTC"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5, 6789, UTC), "2026-01-02T03:04:05.006Z"),
        (timedelta(minutes=90), "1h30m"),
        ("text", "text"),
    ],
    ids=str,
)
def test_scalar_has_one_text_form(value: Value, expected: str) -> None:
    assert value_text(value) == expected


@pytest.mark.parametrize("value", [(), {}, Unknown(MONEY), (Money(Decimal(1), "BTC"),)], ids=str)
def test_what_is_no_scalar_has_no_text_form(value: Value) -> None:
    with pytest.raises(TypeError):
        value_text(value)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ("x", ListOf(INT)),
        ({}, ListOf(INT)),
        ([], MapOf(COIN, MONEY)),
        ("x", MapOf(COIN, MONEY)),
        (None, PAIR),
        ([], PAIR),
        ({}, PAIR),
        ({"right": "1"}, PAIR),
        ({"left": None}, PAIR),
        (None, STRING),
        (1, INT),
        (True, INT),
        ("true", BOOL),
        (1, BOOL),
        (None, BOOL),
        ("1e3", DECIMAL),
        ("5", MONEY),
        (["5 USDT"], MONEY),
        ({}, MONEY),
    ],
    ids=str,
)
def test_json_that_does_not_fit_its_type_is_refused(data: object, wanted: Type) -> None:
    with pytest.raises(ValueError, match=r"expected|lacks|is not"):
        value_from_json(data, wanted)


def test_absent_field_stays_absent() -> None:
    value = value_from_json({"left": "1 BTC"}, PAIR)

    assert isinstance(value, Mapping)
    assert set(value) == {"left"}


def test_unknown_says_its_type_in_json() -> None:
    assert value_to_json({"a": Unknown(ListOf(MONEY))}) == {"a": {"$unknown": "list<money>"}}
