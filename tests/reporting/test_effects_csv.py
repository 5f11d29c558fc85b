"""Effects as a spreadsheet reads them: no formula, no hidden sign, every amount as it is."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from runner.catalogue.manifest import FoundBy
from runner.core.errors import ExitCode
from runner.effects.model import EffectOrder, EffectRow, EffectState, Expectation
from runner.engine.ports import RunRow
from runner.reporting.effects_csv import COLUMNS, Booked, effects_csv, safe_cell, within

AT = datetime(2026, 11, 24, 10, tzinfo=UTC)


def booked(text: str = "x", *, at: datetime = AT) -> Booked:
    order = EffectOrder(
        run_id=text,
        path=text,
        action=text,
        operation="o",
        method="POST",
        url_path="/",
        body="{}",
        request_id=text,
        lock=text,
        expectation=Expectation(
            subject_id=text, kind="k", coin=text, network=text, amount=Decimal("0.00000001")
        ),
        planned_at=AT,
        found_by=FoundBy.LIST,
    )
    effect = EffectRow(
        order=order,
        state=EffectState.CONFIRMED,
        attempts=(),
        known_order_ids=(),
        order_id=text,
        reason=text,
        changed_at=at,
    )
    run = RunRow(
        run_id=text,
        digest="d",
        plan="{}",
        playbook=text,
        host="h",
        entity="e",
        occurrence=text,
        revision=0,
        created_at=AT,
        claimed=True,
        exit_code=ExitCode.DONE,
        message="",
        finished_at=AT,
        tool_version="0",
    )
    return Booked(run=run, effect=effect)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("https://evil.example","x")',
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "  =1",
        'x",=1,"',
        "x\n=1",
        "\x1b]52;c;x\x07",
    ],
)
def test_no_cell_is_a_formula_whoever_wrote_it(text: str) -> None:
    (row,) = read(effects_csv([booked(text)]))

    assert set(row) == set(COLUMNS)
    for name, cell in row.items():
        assert not cell.lstrip().startswith(("=", "+", "-", "@")), name
        assert cell.isprintable(), name


def test_text_that_is_none_stays_as_it_is() -> None:
    assert safe_cell("eod/trim[USDT]") == "eod/trim[USDT]"
    assert safe_cell("=1") == "'=1"


def test_amount_is_plain_digits_in_a_column_of_its_own() -> None:
    (row,) = read(effects_csv([booked()]))

    assert row["amount"] == "0.00000001"
    assert row["changed"] == "2026-11-24T10:00:00.000Z"
    assert row["first_attempt"] == ""


def test_end_is_exclusive_and_the_oldest_comes_first() -> None:
    before, first, last, end = (
        booked(str(hour), at=AT.replace(hour=hour)) for hour in (9, 10, 11, 12)
    )

    found = within([end, last, before, first], AT, AT.replace(hour=12))

    assert found == [first, last]
