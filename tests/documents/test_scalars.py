from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.documents.nodes import ScalarValue
from runner.documents.scalars import Ambiguous, plain_value

KEPT_AS_TEXT = [
    "250000 USDT",
    "0.05 BTC",
    "10m",
    "1h30m",
    "5s..30s",
    "steps.a.b",
    "result.status == 'x'",
    "balance(result, t.coin) - t <= t * inputs.band",
    "${{ inputs.link }}",
    "mirrorx.positions",
    "acme/arb-01",
    "runner/v1",
    "NaN",
    "nan",
    "Infinity",
    "inf",
    "yEs",
    "tRue",
    "nULL",
    "none",
    "None",
    "nil",
    "+",
    "--1",
    "1-2",
    "1e",
    "e3",
    "0.1 0.2",
    "1/2",
    "50%",
    "$5",
    "1st",
    "0xZZ",
    "0o",
    "_1",
    "12:60",
    "1:2:",
    "2026-11",
    "2026/11/22",
    "2026-11-22-1",
    "<",
    "<<<",
    "==",
    "~a",
    "٣",
    "1٣",
    "-5 USDT",
    "TRS-1234",
    "1INCH",
]

AMBIGUOUS = [
    # booleans
    *("y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off"),
    *("OFF", "True", "TRUE", "False", "FALSE"),
    # nothing
    *("", "~", "null", "Null", "NULL"),
    # other notations of whole numbers
    *("014", "00", "007", "-014", "+1", "+0", "-0", "0o14", "0O14", "0x1F", "0Xff", "-0x1", "0b1"),
    *("0b1_0", "1_000", "1,000", "0_1", "1_", "1234567890123456789012345678901"),
    # other notations of decimals
    *("1e3", "1E3", "1e+3", "1.5e-3", ".5", "-.5", "+.5", "5.", "+0.5", "-0.0", "0.1.2", "1_0.5"),
    *("1,000.00", "10.0.0.1", ".", "0.1234567890123456789", "00.5", "685.230_15e+03"),
    *(".inf", "-.inf", "+.INF", ".Inf", ".nan", ".NaN", ".NAN"),
    # base 60
    *("12:30", "12:30:45", "-12:30", "190:20:30", "190:20:30.15", "1:0"),
    # dates
    *(
        "2026-11-22",
        "2026-1-2",
        "2026-11-22T10:00:00Z",
        "2026-11-22 10:00:00",
        "2026-11-22t10:00:00",
    ),
    *("2001-12-14 21:59:43.10 -5", "2001-12-15 2:59:43.10", "2026-11-22T10:00:00.123+01:00"),
    # special keys
    *("<<", "=", "-"),
]

VALUES: list[tuple[str, ScalarValue]] = [
    ("true", True),
    ("false", False),
    ("0", 0),
    ("7", 7),
    ("-12", -12),
    ("9007199254740993", 9007199254740993),
    ("999999999999999999999999999999", 999999999999999999999999999999),
    ("0.5", Decimal("0.5")),
    ("-0.5", Decimal("-0.5")),
    ("1.10", Decimal("1.10")),
    ("100000000000000000000.000000001", Decimal("100000000000000000000.000000001")),
    ("0.123456789012345678", Decimal("0.123456789012345678")),
]


@pytest.mark.parametrize("text", KEPT_AS_TEXT)
def test_plain_value_keeps_text(text: str) -> None:
    assert plain_value(text) == text


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_plain_value_refuses_what_yaml_versions_read_differently(text: str) -> None:
    with pytest.raises(Ambiguous):
        plain_value(text)


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_plain_value_reads_numbers_and_booleans_exactly(text: str, value: ScalarValue) -> None:
    read = plain_value(text)

    assert (type(read), read, str(read).lower()) == (type(value), value, text)


@given(st.text(alphabet="0123456789+-._,:eExobfTZ~=<nyNYrutsal ", max_size=12))
@example("-_")
@example("0.1.2")
def test_plain_value_agrees_with_what_other_readers_see(text: str) -> None:
    """A second opinion: the resolvers ruamel.yaml has for YAML 1.1 and 1.2.

    Whatever either of them reads as anything but text is refused here, unless it is in our grammar.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.nodes import ScalarNode
    from ruamel.yaml.resolver import VersionedResolver

    readings = set()
    for version in ("1.1", "1.2"):
        yaml = YAML(typ="rt")
        resolver = VersionedResolver(version=version, loader=yaml)
        readings.add(str(resolver.resolve(ScalarNode, text, (True, False))))

    try:
        is_text = isinstance(plain_value(text), str)
    except Ambiguous:
        return
    assert is_text == (readings == {"tag:yaml.org,2002:str"})
