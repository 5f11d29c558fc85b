"""Effects as a spreadsheet reads them: one line each, amounts in a column of their own.

A cell that a spreadsheet would take for a formula begins with an apostrophe, which makes it a text;
every cell stands in quotes. What cannot be seen is spelt out.
Source: OWASP, CSV injection.
"""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from runner.core.clock import timestamp_text
from runner.core.money import amount_text
from runner.core.record import record
from runner.effects.model import EffectRow
from runner.engine.ports import RunRow
from runner.reporting.escape import visible

COLUMNS = (
    "run",
    "playbook",
    "once",
    "path",
    "action",
    "coin",
    "amount",
    "network",
    "subject",
    "state",
    "request_id",
    "order_id",
    "attempts",
    "first_attempt",
    "changed",
    "reason",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@record
class Booked:
    """An effect and the run it is of."""

    run: RunRow
    effect: EffectRow


def effects_csv(booked: Iterable[Booked]) -> str:
    """Render effects in the order given, below a line of titles.

    Shapes: an amount is plain digits; moments are in UTC; what an effect has not is empty.
    """
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in booked:
        writer.writerow(map(safe_cell, _cells(each)))
    return text.getvalue()


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    shown = visible(text)
    # Spreadsheets look past blanks, and a cell may be split at what looks like a separator.
    is_formula = text.startswith(_FORMULA) or shown.lstrip().startswith(_FORMULA)
    return f"'{shown}" if is_formula else shown


def within(booked: Iterable[Booked], since: datetime, until: datetime) -> list[Booked]:
    """Return the effects that last changed from ``since`` on and before ``until``, oldest first."""
    found = [each for each in booked if since <= each.effect.changed_at < until]
    return sorted(found, key=lambda each: (each.effect.changed_at, each.run.run_id))


def _cells(booked: Booked) -> tuple[str, ...]:
    run, effect = booked.run, booked.effect
    order = effect.order
    expected = order.expectation
    first = effect.attempts[0].started_at if effect.attempts else None
    return (
        run.run_id,
        run.playbook,
        run.occurrence,
        order.path,
        order.action,
        expected.coin,
        "" if expected.amount is None else amount_text(expected.amount),
        expected.network,
        expected.subject_id,
        effect.state.value,
        order.request_id,
        effect.order_id,
        str(len(effect.attempts)),
        "" if first is None else timestamp_text(first),
        timestamp_text(effect.changed_at),
        effect.reason,
    )
