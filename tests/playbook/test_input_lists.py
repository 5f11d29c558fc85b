"""Inputs that are lists, maps and records, however they are given."""

from decimal import Decimal
from pathlib import Path

import pytest

from runner.catalogue.manifests import MANIFESTS
from runner.core.errors import InvalidInput
from runner.core.money import Money
from runner.core.source import Span
from runner.core.values import Value, value_to_json
from runner.documents.files import check_text
from runner.playbook.inputs import bind_inputs, inputs_from_flags, load_inputs_file
from runner.playbook.load import load_playbook
from runner.playbook.model import Playbook
from runner.playbook.parts import part_from_json, value_from_part

TEXT = """\
apiVersion: runner/v1
kind: Playbook
name: example
inputs:
  targets: {type: list<money>, default: [1 USDT], unique_by: coin, max: 10 USDT}
  coins: {type: list<coin>, default: [BTC], unique_by: value, choices: [BTC, ETH]}
  limits: {type: "map<coin, money>", default: {USDT: 1 USDT}}
  rows: {type: list<mirror_position_row>, default: []}
  nested: {type: list<list<int>>, default: [[1], [2, 3]]}
  flags: {type: list<bool>, default: [true]}
steps:
  - assert:
      - len(inputs.targets) > 0
      - len(inputs.coins) + len(inputs.limits) + len(inputs.rows) + len(inputs.nested) > 0
      - any(inputs.flags)
"""


@pytest.fixture(scope="module")
def playbook() -> Playbook:
    loaded = load_playbook(check_text("example.yaml", TEXT), MANIFESTS)
    assert loaded.diagnostics == ()
    assert loaded.playbook is not None
    return loaded.playbook


def _value(playbook: Playbook, flag: str) -> Value:
    name = flag.partition("=")[0]
    return bind_inputs(playbook, inputs_from_flags([flag])).values[name]


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ('targets=["5 USDT"]', (Money(Decimal(5), "USDT"),)),
        ("targets=[5 USDT]", (Money(Decimal(5), "USDT"),)),
        ("targets=[]", ()),
        ("coins=- BTC\n- ETH", ("BTC", "ETH")),
        ('limits={"BTC": "2 BTC"}', {"BTC": Money(Decimal(2), "BTC")}),
        ("nested=[[4], []]", ((4,), ())),
        ("flags=[true, false]", (True, False)),
        (
            "rows=[{coin: BTC, network: ETH, amount: 1 BTC, amount_btc: 1}]",
            (
                {
                    "coin": "BTC",
                    "network": "ETH",
                    "amount": Money(Decimal(1), "BTC"),
                    "amount_btc": Decimal(1),
                },
            ),
        ),
    ],
)
def test_flag_is_read_as_yaml_or_json(playbook: Playbook, flag: str, value: Value) -> None:
    assert _value(playbook, flag) == value


@pytest.mark.parametrize(
    ("flag", "summary"),
    [
        ("targets=5 USDT", "targets: list<money> is needed here, not a text"),
        ("targets=[5]", "targets: '5' is not money: write amount and coin, like 250000 USDT"),
        ("targets=[5 USDT, 6 USDT]", "targets: two items have the coin USDT"),
        ("targets=[11 USDT]", "targets: item 1: 11 USDT is above max, which is 10 USDT"),
        ("targets=[[1 USDT]]", "targets: money is needed here, not a list"),
        ("targets=[-5 USDT]", "targets: '-5' is not an amount: write digits"),
        ("coins=[BTC, BTC]", "coins: two items have the value BTC"),
        ("coins=[SOL]", 'coins: item 1: "SOL" is not one of the choices'),
        ("coins=[btc]", "coins: 'btc' is not a coin"),
        ("limits={btc: 1 BTC}", "limits: 'btc' is not a coin"),
        ("limits=[1 BTC]", "limits: map<coin, money> is needed here, not a list"),
        ("rows=[{coin: BTC}]", 'rows: mirror_position_row lacks "amount"'),
        ("rows=[{coin: BTC, nerwork: ETH}]", 'rows: mirror_position_row has no field "nerwork"'),
        ("nested=[[x]]", "nested: 'x' is not a whole number"),
        ("targets=[1 USDT", "targets: "),
        ("targets=*all", "targets: "),
        (f"coins=[{'A' * 3_000}]", "coins: the text is longer than 2000 characters"),
        (f"coins=[{'BTC, ' * 30_000}]", "coins: the text is longer than 100000 characters"),
    ],
)
def test_value_that_does_not_fit_is_refused_at_the_flag(
    playbook: Playbook, flag: str, summary: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        _value(playbook, flag)

    first = caught.value.diagnostics[0]
    assert first.code == "input-invalid"
    assert first.summary.startswith(summary)
    assert first.span.file == "--input"


def test_file_gives_lists_with_a_place_for_each_mistake(playbook: Playbook, tmp_path: Path) -> None:
    path = tmp_path / "inputs.yaml"
    head = "apiVersion: runner/v1\nkind: Inputs\ninputs:\n"
    path.write_text(f"{head}  coins:\n    - BTC\n    - eth\n", encoding="utf-8")

    with pytest.raises(InvalidInput) as caught:
        bind_inputs(playbook, load_inputs_file(path, name="in.yaml"))

    assert [str(d.span) for d in caught.value.diagnostics] == ["in.yaml:6:7"]


def test_missing_list_is_asked_for_as_it_would_be_given() -> None:
    text = TEXT.replace("default: [1 USDT], ", "")
    loaded = load_playbook(check_text("example.yaml", text), MANIFESTS)
    assert loaded.playbook is not None

    with pytest.raises(InvalidInput) as caught:
        bind_inputs(loaded.playbook, {})

    (found,) = caught.value.diagnostics
    assert "add --input targets='[\"250000 USDT\"]'" in found.hint


def test_value_of_a_plan_is_read_back_whatever_characters_it_has(playbook: Playbook) -> None:
    place = Span(file="plan", line=1, column=1, end_line=1, end_column=1)
    for name, declared in playbook.inputs.items():
        assert declared.default is not None
        written = value_to_json(declared.default)

        def refuse(*_: object) -> None:
            pytest.fail("nothing is wrong with it")

        part = part_from_json(written, place)
        assert value_from_part(part, declared.type, refuse) == declared.default, name
    with pytest.raises(ValueError, match="is not how an input is written"):
        part_from_json([1], place)
