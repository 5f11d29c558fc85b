"""How the custodian's books and the journal compare, for people and for programs."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from runner.core.clock import timestamp_text
from runner.core.errors import ExitCode
from runner.core.jsonvalue import JsonValue
from runner.core.money import amount_text
from runner.effects.reconciling import Area, Difference, Reconciled
from runner.reporting.escape import visible
from runner.reporting.table import Column, render_table
from runner.reporting.terminal import Terminal, fitted
from runner.reporting.words import spoken_moment


def render_reconciliation(
    since: datetime,
    areas: Sequence[Area],
    result: Reconciled,
    code: ExitCode,
    terminal: Terminal,
) -> str:
    """Render the differences as a table, what could not be read, and the counts."""
    titles = ("difference", "order", "requestId", "what", "status", "effect", "why")
    rows = [list(_facts(each).values()) for each in result.differences]
    text = render_table([Column(title=title) for title in titles], rows, terminal) if rows else ""
    for area in areas:
        if area.doubt:
            text += f"incomplete: {visible(area.name)}: {visible(area.doubt)}\n"
    count = len(result.differences)
    text += (
        f"since {spoken_moment(since)}: {result.matched} as the journal says,"
        f" {count} difference{'' if count == 1 else 's'}, {result.own_doing} of the custodian's own"
        f" doing, {result.not_compared} effects that no list of orders shows\n"
        f"exit {code.value}: {_VERDICTS[code]}\n"
    )
    return fitted(text, terminal)


def reconciliation_json(
    since: datetime, areas: Sequence[Area], result: Reconciled, code: ExitCode
) -> Mapping[str, JsonValue]:
    """Return everything the text says, as JSON."""
    return {
        "since": timestamp_text(since),
        "exit": code.value,
        "complete": not any(area.doubt for area in areas),
        "matched": result.matched,
        "own_doing": result.own_doing,
        "not_compared": result.not_compared,
        "differences": [dict(_facts(each)) for each in result.differences],
        "lists": [
            {"name": area.name, "rows": len(area.rows), "doubt": area.doubt} for area in areas
        ],
    }


def _facts(each: Difference) -> dict[str, str]:
    row, seen = each.row, each.seen
    what = ""
    if seen is not None:
        amount = "?" if seen.amount is None else amount_text(seen.amount)
        what = f"{seen.kind} {amount} {seen.coin}, {seen.subject_id}"
    elif row is not None:
        wanted = row.order.expectation
        what = f"{wanted.kind} {wanted.money}, {wanted.subject_id}"
    order_id = seen.order_id if seen is not None else ("" if row is None else row.order_id)
    request_id = row.order.request_id if row is not None else (seen.request_id if seen else "")
    return {
        "kind": each.kind.value,
        "order": order_id,
        "request_id": request_id,
        "what": what,
        "status": "" if seen is None else seen.status,
        "effect": "" if row is None else f"{row.order.path} of {row.order.run_id}",
        "why": each.words,
    }


_VERDICTS = {
    ExitCode.DONE: "no difference",
    ExitCode.DIFFERENCES: "differences were found",
    ExitCode.UNREACHABLE: "no difference was found in what could be read, which is not everything",
}
