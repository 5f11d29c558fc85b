"""Several plans in one table, and what they come to together."""

from collections.abc import Sequence
from decimal import Decimal

from runner.core.errors import ExitCode
from runner.core.money import CONTEXT, ZERO, Money, amount_text
from runner.core.record import record
from runner.plan.model import Plan, effect_totals
from runner.reporting.sheet import Sheet
from runner.reporting.table import Column
from runner.reporting.terminal import Terminal, Tone
from runner.reporting.words import EXIT_WORDS

_COLUMNS = (
    Column(title="playbook"),
    Column(title="effects", is_number=True),
    Column(title="moves"),
    Column(title="exit", is_number=True),
    Column(title="meaning"),
)
_SUMS = (Column(title="coin"), Column(title="amount", is_number=True))


@record
class PlanRow:
    """One playbook and how its plan came out; ``plan`` is None where there is none."""

    source: str
    playbook: str
    plan: Plan | None
    code: ExitCode


def plan_table(rows: Sequence[PlanRow], terminal: Terminal) -> str:
    """Return the table of several plans, with the sums of each coin over all of them."""
    sheet = Sheet(terminal)
    sheet.heading("All plans")
    sheet.table(_COLUMNS, [_cells(row) for row in rows])
    sums: dict[str, Decimal] = {}
    for row in rows:
        for coin, amount in _coins(row.plan).items():
            sums[coin] = CONTEXT.add(sums.get(coin, ZERO), amount)
    if sums:
        sheet.heading("Moved by all of them")
        sheet.table(_SUMS, [(coin, amount_text(sums[coin])) for coin in sorted(sums)])
    failed = sum(row.plan is None for row in rows)
    effects = sum(len(row.plan.effects) for row in rows if row.plan is not None)
    sheet.blank()
    tail = f", {failed} could not be planned" if failed else ""
    words = f"{len(rows)} playbooks, {effects} effect{'' if effects == 1 else 's'}{tail}."
    sheet.line(words, tone=Tone.BAD if failed else Tone.STRONG)
    return "\n".join(sheet.lines)


def _cells(row: PlanRow) -> tuple[str, ...]:
    moved = ", ".join(str(Money(amount, coin)) for coin, amount in _coins(row.plan).items())
    return row.source, _effects(row.plan), moved or "-", str(int(row.code)), EXIT_WORDS[row.code]


def _effects(plan: Plan | None) -> str:
    if plan is None:
        return ""
    left_out = 0 if plan.offline is None else len(plan.offline.unplanned)
    return f"{len(plan.effects)} + {left_out} unplanned" if left_out else str(len(plan.effects))


def _coins(plan: Plan | None) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for coins in effect_totals(() if plan is None else plan.effects).values():
        for coin, amount in coins.items():
            sums[coin] = CONTEXT.add(sums.get(coin, ZERO), amount)
    return dict(sorted(sums.items()))
