from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from runner.catalogue.manifests import MANIFESTS
from runner.core.diagnostics import Diagnostic
from runner.core.errors import InvalidInput
from runner.core.money import Money
from runner.documents.files import check_text
from runner.playbook.inputs import (
    BoundInputs,
    bind_inputs,
    inputs_from_flags,
    load_inputs_file,
)
from runner.playbook.load import load_playbook
from runner.playbook.model import Playbook

TEXT = """\
apiVersion: runner/v1
kind: Playbook
name: example
inputs:
  link: {type: mirror_link, required: true}
  amount: {type: money, required: true, min: 1 USDT, max: 250000 USDT}
  ticket: {type: string, default: TRS-0001, pattern: "TRS-[0-9]{4,}"}
  side: {type: string, default: ceffu, choices: [binance, ceffu]}
  count: {type: int, default: 3, min: 1, max: 5}
  band: {type: decimal, default: 0.02}
  day: {type: date, default: "2026-11-22"}
  pause: {type: duration, default: 90s}
  look: {type: bool, default: true}
  note: {type: string, default: ""}
steps:
  - assert: inputs.count > 0
"""
REQUIRED = ("link=acme/mirror-01", "amount=250000 USDT")


@pytest.fixture
def playbook() -> Playbook:
    loaded = load_playbook(check_text("example.yaml", TEXT), MANIFESTS)
    assert loaded.playbook is not None
    return loaded.playbook


def _bound(playbook: Playbook, *flags: str) -> BoundInputs:
    return bind_inputs(playbook, inputs_from_flags([*REQUIRED, *flags]))


def _found(playbook: Playbook, *flags: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(InvalidInput) as caught:
        bind_inputs(playbook, inputs_from_flags(flags))
    return caught.value.diagnostics


def test_inputs_become_values_of_their_types(playbook: Playbook) -> None:
    bound = _bound(playbook, "count=5", "band=0.5", "day=2026-12-01", "pause=1h", "look=false")

    assert dict(bound.values) == {
        "link": "acme/mirror-01",
        "amount": Money(Decimal(250000), "USDT"),
        "ticket": "TRS-0001",
        "side": "ceffu",
        "count": 5,
        "band": Decimal("0.5"),
        "day": date(2026, 12, 1),
        "pause": timedelta(hours=1),
        "look": False,
        "note": "",
    }


def test_inputs_remember_where_they_came_from(playbook: Playbook) -> None:
    bound = _bound(playbook, "count=5")

    assert bound.origins["count"] == "--input"
    assert bound.origins["ticket"] == "default"
    assert list(bound.origins) == list(playbook.inputs)


def test_input_keeps_everything_after_the_first_equals_sign(playbook: Playbook) -> None:
    assert _bound(playbook, "note=a=b, c = d").values["note"] == "a=b, c = d"


def test_missing_inputs_are_all_named_with_a_way_out(playbook: Playbook) -> None:
    found = _found(playbook)

    assert [(d.code, str(d.span), d.hint) for d in found] == [
        (
            "input-missing",
            "example.yaml:5:3",
            "add --input link=NAME, or name it in a file for --inputs",
        ),
        (
            "input-missing",
            "example.yaml:6:3",
            'add --input amount="250000 USDT", or name it in a file for --inputs',
        ),
    ]


def test_unknown_input_is_refused_with_the_nearest_name(playbook: Playbook) -> None:
    (found,) = _found(playbook, *REQUIRED, "tikcet=TRS-0002")

    assert found.code == "input-unknown"
    assert str(found.span) == "--input:1:1"
    assert found.hint == 'did you mean "ticket"?'


@pytest.mark.parametrize(
    ("flag", "summary"),
    [
        ("amount=1e3 USDT", "amount: '1e3' is not an amount"),
        ("amount=-5 USDT", "amount: '-5' is not an amount"),
        ("amount=NaN", "amount: 'NaN' is not money"),
        ("amount=0.1.2 USDT", "amount: '0.1.2' is not an amount"),
        ("amount=250001 USDT", "amount: 250001 USDT is above max, which is 250000 USDT"),
        ("amount=1 BTC", "amount: 1 BTC is in BTC, and min is in USDT"),
        ("ticket=TRS-1", 'ticket: "TRS-1" does not match the pattern TRS-[0-9]{4,}'),
        ("ticket=TRS-0001\n", 'ticket: "TRS-0001\n" does not match the pattern TRS-[0-9]{4,}'),
        ("ticket=TRS-\u0660\u0660\u0660\u0661", 'ticket: "TRS-\u0660'),  # Arabic digits
        (f"ticket=TRS-{'0' * 200}", "ticket: the text has 204 characters"),
        ("side=cefu", 'side: "cefu" is not one of the choices'),
        ("count=6", "count: 6 is above max, which is 5"),
        ("count=1.0", "count: '1.0' is not a whole number"),
        ("count=", "count: '' is not a whole number"),
        ("day=2026-02-30", "day: '2026-02-30' is not a date"),
        ("pause=90", "pause: '90' is not a duration"),
        ("look=yes", "look: 'yes' is not true or false"),
        (f"note={'x' * 2001}", "note: the text is longer than 2000 characters"),
    ],
)
def test_value_that_does_not_fit_is_refused(playbook: Playbook, flag: str, summary: str) -> None:
    name = flag.partition("=")[0]
    others = [each for each in REQUIRED if not each.startswith(f"{name}=")]

    (found,) = _found(playbook, *others, flag)

    assert found.code == "input-invalid"
    assert found.summary.startswith(summary)
    assert str(found.span) == f"--input:1:{len(name) + 2}"


def test_choice_that_is_misspelt_is_told_the_nearest(playbook: Playbook) -> None:
    (found,) = _found(playbook, *REQUIRED, "side=cefu")

    assert found.hint == 'did you mean "ceffu"?'


def test_everything_wrong_is_said_at_once(playbook: Playbook) -> None:
    found = _found(playbook, "amount=x", "cuont=1", "count=9")

    assert sorted(d.code for d in found) == [
        "input-invalid",
        "input-invalid",
        "input-missing",
        "input-unknown",
    ]


@pytest.mark.parametrize(
    ("flags", "summary"),
    [
        (["amount"], '--input "amount" names no input'),
        (["=5"], '--input "=5" names no input'),
        (["count=1", "count=2"], '--input gives "count" twice: "1" and "2"'),
    ],
)
def test_flag_that_cannot_be_read_is_refused(flags: list[str], summary: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        inputs_from_flags(flags)

    (found,) = caught.value.diagnostics
    assert found.code == "input-invalid"
    assert found.summary == summary


def _file(folder: Path, inputs: str) -> Path:
    path = folder / "inputs.yaml"
    path.write_text(f"apiVersion: runner/v1\nkind: Inputs\ninputs:\n{inputs}", encoding="utf-8")
    return path


def test_file_gives_inputs_with_their_places(playbook: Playbook, tmp_path: Path) -> None:
    path = _file(tmp_path, "  link: acme/mirror-01\n  amount: 5 USDT\n  count: 4\n  band: 0.10\n")

    bound = bind_inputs(playbook, load_inputs_file(path, name="inputs.yaml"))

    assert bound.values["count"] == 4
    assert bound.values["band"] == Decimal("0.1")
    assert bound.origins["amount"] == "inputs.yaml"


def test_value_in_a_file_is_refused_at_its_place(playbook: Playbook, tmp_path: Path) -> None:
    path = _file(tmp_path, "  link: acme/mirror-01\n  amount: 5\n  cuont: 4\n")

    with pytest.raises(InvalidInput) as caught:
        bind_inputs(playbook, load_inputs_file(path, name="inputs.yaml"))

    assert [(d.code, str(d.span)) for d in caught.value.diagnostics] == [
        ("input-invalid", "inputs.yaml:5:11"),
        ("input-unknown", "inputs.yaml:6:3"),
    ]


def test_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "inputs.yaml"
    path.write_text(TEXT, encoding="utf-8")

    with pytest.raises(InvalidInput) as caught:
        load_inputs_file(path)

    assert {d.code for d in caught.value.diagnostics} == {"wrong-version"}


def test_file_with_a_list_for_a_scalar_is_refused(playbook: Playbook, tmp_path: Path) -> None:
    given = load_inputs_file(_file(tmp_path, "  link:\n    - acme/mirror-01\n"))

    with pytest.raises(InvalidInput) as caught:
        bind_inputs(playbook, {**inputs_from_flags(REQUIRED), **given})

    (found,) = caught.value.diagnostics
    assert (found.code, found.summary) == (
        "input-invalid",
        "link: mirror_link is needed here, not a list",
    )


def test_expression_in_a_given_value_stays_text(playbook: Playbook) -> None:
    """A value is evaluated once and never read as code."""
    bound = _bound(playbook, "note=${{ inputs.amount }}")

    assert bound.values["note"] == "${{ inputs.amount }}"
