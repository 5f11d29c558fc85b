"""The parts of a run's page that list: steps, effects with evidence, balances, decisions."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from runner.core.clock import timestamp_text
from runner.core.money import CONTEXT
from runner.effects.model import OPEN_STATES, EffectRow, EffectState
from runner.effects.person_decision import ticket_of
from runner.reporting.html import Html, amount, el, joined, table
from runner.reporting.open_effects import OpenEffect, open_effects
from runner.reporting.plan_page_parts import balance_bar, change_amount, known_amount
from runner.reporting.recap import BalanceLine, EffectLine, balance_remark, effect_line
from runner.reporting.run_balances import known_balances
from runner.reporting.run_facts import RunFacts
from runner.reporting.words import spoken_duration, spoken_value

if TYPE_CHECKING:
    from decimal import Decimal

_TONES: Final = {
    EffectState.CONFIRMED: "good",
    EffectState.REJECTED: "bad",
    EffectState.FAILED: "bad",
    EffectState.CANCELLED: "",
}


def steps_table(facts: RunFacts) -> Html:
    """Return every step that ended, in the order they did."""
    rows: list[tuple[str, ...]] = [
        (
            el("span", el("code", path), class_="path", style=f"--deep: {_depth(path)}"),
            el("span", outcome.state.value, class_="state"),
            timestamp_text(outcome.started_at),
            spoken_duration((outcome.finished_at - outcome.started_at).total_seconds()),
            outcome.message,
        )
        for path, outcome in facts.steps.items()
    ]
    if not rows:
        return el("p", "No step has ended.", class_="note")
    return table("Steps", ("step", "state", "began", "took#", "message"), rows)


def states_of(facts: RunFacts) -> Iterator[Html]:
    """Yield every change of every effect's state."""
    rows: list[tuple[str, ...]] = [
        (
            el("code", each.path),
            timestamp_text(each.at),
            each.state,
            str(each.attempt_number),
            each.reason,
        )
        for each in facts.transitions
    ]
    if rows:
        titles = ("effect", "at", "state", "attempt#", "why")
        yield table("States of effects", titles, rows)


def effects_part(facts: RunFacts) -> Iterator[Html]:
    """Yield every effect with its states, its request, and what came back."""
    plan = facts.file.plan
    if plan.carried:
        carried: list[tuple[str, ...]] = [
            (el("code", each.path), str(each.money or each.action), el("code", each.run_id))
            for each in plan.carried
        ]
        titles = ("effect", "what", "done by")
        yield table("Done by an earlier run, not sent again", titles, carried)
    known = {row.order.path for row in facts.effects}
    unsent = [each.path for each in plan.effects if each.path not in known]
    if unsent:
        words = "Planned and not begun: "
        yield el("p", words, joined(*(el("code", path) for path in unsent), by=" "), class_="note")
    if not facts.effects:
        yield el("p", "Nothing was sent.", class_="note")
    opened = {each.path: each for each in open_effects(facts.effects, facts.target)}
    for number, row in enumerate(facts.effects, start=1):
        line = effect_line(row, facts.remarks.get(row.order.path, ""))
        yield _effect(number, row, line, opened.get(row.order.path))


def _effect(number: int, row: EffectRow, line: EffectLine, opened: OpenEffect | None) -> Html:
    order = row.order
    tone = "bad" if row.state in OPEN_STATES else _TONES.get(row.state, "careful")
    rows: list[tuple[str, str]] = [
        ("step", el("code", order.path)),
        ("requestId", el("code", order.request_id)),
        ("order", el("code", row.order_id) if row.order_id else "none known"),
        ("request", el("code", f"{order.method} {order.url_path}")),
        ("lock", el("code", order.lock)),
    ]
    if row.status:
        rows.append(("custodian says", f"{row.status} ({row.status_code})"))
    if row.reason or line.told:
        rows.append(("why", "; ".join(dict.fromkeys(w for w in (row.reason, line.told) if w))))
    pairs = (each for label, text in rows for each in (el("dt", label), el("dd", text)))
    return el(
        "article",
        el(
            "div",
            el("h3", f"{number}. {order.path}", id=f"effect-{number}"),
            el("span", amount(line.what), class_="amount"),
            class_="top",
        ),
        el(
            "ul",
            el("li", order.action),
            el("li", row.state.value, class_=tone or None),
            class_="tags",
        ),
        el("dl", *pairs),
        el("pre", order.body, aria_label="body", tabindex=0),
        *_attempts(row),
        *([] if opened is None else _open(opened)),
        *_evidence(row),
        class_="effect",
        aria_labelledby=f"effect-{number}",
    )


def _attempts(row: EffectRow) -> Iterator[Html]:
    rows: list[tuple[str, ...]] = [
        (
            str(each.number),
            timestamp_text(each.started_at),
            el("code", each.key_fingerprint),
            "none yet" if each.answer is None else el("code", spoken_value(each.answer)),
        )
        for each in row.attempts
    ]
    if rows:
        yield table(f"Attempts at {row.order.path}", ("attempt", "at", "key", "answer"), rows)


def _open(opened: OpenEffect) -> Iterator[Html]:
    rows = [("wanted", opened.wanted), ("last look", opened.read or "not yet")]
    rows += [("like it", f"order {order}: {why}") for order, why in opened.near]
    rows += [("then", el("code", command)) for command in opened.commands]
    yield el("dl", *(each for a, b in rows for each in (el("dt", a), el("dd", b))))
    yield el("p", "What to ask the custodian:", class_="note")
    yield el("pre", *_lines(opened.ask), aria_label="question for the custodian", tabindex=0)


def _lines(text: str) -> Iterator[Html]:
    # A line break in a question is one; everywhere else it is spelt out.
    for number, line in enumerate(text.splitlines()):
        yield joined(Html("\n") if number else Html(""), line)


def _evidence(row: EffectRow) -> Iterator[Html]:
    if row.evidence is None:
        return
    text = json.dumps(row.evidence, indent=2, ensure_ascii=False)
    yield el(
        "details",
        el("summary", "Evidence as it is kept"),
        el("pre", *_lines(text), aria_label="evidence", tabindex=0),
    )


def balances_part(facts: RunFacts) -> Iterator[Html]:
    """Yield what the run's effects did to the accounts they touch."""
    lines = known_balances(facts)
    if not lines:
        yield el("p", "No account is touched.", class_="note")
        return
    if not facts.balances:
        yield el("p", _NOT_LOOKED, class_="note")
    rows: list[tuple[str, ...]] = [
        (
            line.account,
            line.coin,
            known_amount(line.before),
            known_amount(line.projected),
            known_amount(line.after),
            _difference(line),
            balance_bar(line.before, line.after),
            balance_remark(line),
        )
        for line in lines
    ]
    titles = ("account", "coin", "before#", "projected#", "after#", "difference#", "", "remark")
    yield table("Balances before, as projected, and after", titles, rows)


def _difference(line: BalanceLine) -> Html:
    found: Decimal | None = None
    if line.after is not None and line.projected is not None:
        found = CONTEXT.subtract(line.after, line.projected)
    return change_amount(found)


def decisions_part(facts: RunFacts) -> Iterator[Html]:
    """Yield what people decided about the run."""
    rows: list[tuple[str, ...]] = [
        (
            each.kind,
            el("code", each.path) if each.path else "the run",
            each.who,
            timestamp_text(each.at),
            each.reason,
            ticket_of(each),
        )
        for each in facts.decisions
    ]
    if rows:
        titles = ("decision", "about", "by", "at", "reason", "ticket")
        yield table("Decisions of people", titles, rows)
    else:
        yield el("p", "Nobody had to decide anything about this run.", class_="note")


def _depth(path: str) -> int:
    return min(path.count("/") + path.count("["), 8)


_NOT_LOOKED: Final = (
    "The balances after the run were not looked at for this page: they are in one that the command "
    "itself wrote with --html."
)
