"""A run as one page: for whoever must know what happened to the money, now or in a year."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from runner.core.clock import timestamp_text
from runner.core.errors import ExitCode
from runner.core.money import CONTEXT, ZERO, amount_text
from runner.effects.model import OPEN_STATES, EffectState
from runner.reporting.html import Html, amount, el, joined, table
from runner.reporting.page import Part, banner, card, page, page_header, scrolling
from runner.reporting.plan_page_parts import digest, footing_section, verdicts_section
from runner.reporting.plan_signs import Sign
from runner.reporting.run_facts import RunFacts, verdict_of
from runner.reporting.run_page_parts import (
    balances_part,
    decisions_part,
    effects_part,
    states_of,
    steps_table,
)
from runner.reporting.run_timeline import ROWS_MAX, lanes, timeline
from runner.reporting.stream import CommandFailed
from runner.reporting.words import EXIT_WORDS, spoken_duration, spoken_moment, spoken_value

if TYPE_CHECKING:
    from decimal import Decimal


def run_page(facts: RunFacts, error: CommandFailed | None = None) -> str:
    """Return the page of a run, a whole HTML document.

    Shapes: ``error`` is what ended the command that made the page, if something did.
    """
    return page(
        f"Run of {facts.run.playbook}",
        of="run",
        header=_header(facts),
        parts=tuple(_parts(facts, error)),
        footer=el("footer", *_footer(facts)),
    )


def _header(facts: RunFacts) -> Html:
    run, plan = facts.run, facts.file.plan
    ended = "not yet" if run.finished_at is None else spoken_moment(run.finished_at)
    chips = [
        ("run", run.run_id),
        ("profile", plan.profile),
        ("entity", run.entity),
        ("once", run.occurrence),
        ("began", spoken_moment(run.created_at)),
        ("ended", ended),
        *facts.labels.items(),
    ]
    return page_header("Run", run.playbook, plan.summary, chips)


def _parts(facts: RunFacts, error: CommandFailed | None) -> Iterator[Part]:
    yield Part(name="summary", title="Summary", inside=joined(*_summary(facts, error)))
    yield Part(name="timeline", title="Timeline", inside=joined(*_timeline(facts)))
    yield Part(name="effects", title="Effects", inside=joined(*effects_part(facts)))
    yield Part(name="balances", title="Balances", inside=joined(*balances_part(facts)))
    approvals = joined(*decisions_part(facts), *verdicts_section(facts.file.plan))
    yield Part(name="approvals", title="Approvals and decisions", inside=approvals)
    yield Part(name="footing", title="Environment", inside=joined(*footing_section(facts.file)))
    yield Part(name="journal", title="Journal", inside=_journal(facts))


def _summary(facts: RunFacts, error: CommandFailed | None) -> Iterator[Html]:
    yield banner(_verdict(facts, error))
    for row in facts.effects:
        if row.state in OPEN_STATES:
            words = f"{row.reason or row.state.value}. Its evidence stands under Effects."
            title = f"Nobody knows what became of {row.order.path}"
            yield banner(Sign(tone="bad", title=title, words=words))
    if facts.untold:
        told = tuple(f"{each.path}: {each.reason}" for each in facts.untold)
        yield banner(Sign(tone="careful", title="Notices not delivered", words="", details=told))
    yield el("ul", *_cards(facts), class_="cards")
    if facts.outputs:
        rows = [(name, spoken_value(value)) for name, value in facts.outputs.items()]
        yield table("Outputs", ("output", "value"), rows)
    inputs = facts.file.plan.inputs
    if inputs:
        given = [(each.name, spoken_value(each.value), each.origin) for each in inputs]
        yield table("Inputs", ("input", "value", "from"), given)


def _verdict(facts: RunFacts, error: CommandFailed | None) -> Sign:
    code = facts.exit_code
    said = facts.message if error is None else error.message
    details = tuple(
        words
        for words in (said, f"next: {facts.next_command}" if facts.next_command else "")
        if words
    )
    if code is None:
        return Sign(tone="careful", title="Not ended", words="The run goes on.", details=details)
    tone = "good" if code is ExitCode.DONE else "careful" if code is ExitCode.NOT_FINAL else "bad"
    words = EXIT_WORDS[code]
    title = f"Exit {code.value}: {words}"
    return Sign(tone=tone, title=title, words="", details=details)


def _cards(facts: RunFacts) -> Iterator[Html]:
    verdict = verdict_of(facts, 0)
    planned = len(facts.file.plan.effects)
    yield card(f"{verdict.confirmed}", f"of {planned}", "effects confirmed")
    if verdict.unknown:
        yield card(str(verdict.unknown), "", "of unknown outcome")
    if verdict.pending:
        yield card(str(verdict.pending), "", "accepted, not final")
    for coin, total in _confirmed(facts):
        yield card(total, coin, "moved and confirmed")
    took = (facts.run.finished_at or facts.taken_at) - facts.run.created_at
    yield card(spoken_duration(took.total_seconds()), "", "from its start to its end")
    attempts = sum(len(row.attempts) for row in facts.effects)
    yield card(str(attempts), "", "attempt" if attempts == 1 else "attempts")


def _confirmed(facts: RunFacts) -> Iterator[tuple[str, str]]:
    sums: dict[str, Decimal] = {}
    for row in facts.effects:
        money = row.order.expectation.money
        if money is not None and row.state is EffectState.CONFIRMED:
            sums[money.coin] = CONTEXT.add(sums.get(money.coin, ZERO), money.amount)
    for coin, total in sorted(sums.items()):
        yield coin, amount_text(total)


def _timeline(facts: RunFacts) -> Iterator[Html]:
    drawing = timeline(facts)
    if not drawing:
        yield el("p", "Nothing has happened yet.", class_="note")
        return
    many = len(lanes(facts))
    left_out = f" The first {ROWS_MAX} of {many} are drawn." if many > ROWS_MAX else ""
    yield el("p", f"{_TIMELINE_WORDS}{left_out}", class_="note")
    yield scrolling(drawing, "Timeline")
    yield steps_table(facts)
    yield from states_of(facts)


def _journal(facts: RunFacts) -> Html:
    run = facts.run
    rows: list[tuple[str, str]] = [
        ("run", el("code", run.run_id)),
        ("entries", amount(str(facts.head.number))),
        ("head of its chain", digest(facts.head.head or "none")),
        ("plan", digest(run.digest)),
        ("revision", str(run.revision)),
        ("written by", f"runner {run.tool_version}"),
        ("read at", timestamp_text(facts.taken_at)),
    ]
    if facts.supersedes:
        rows.append(("supersedes", el("code", facts.supersedes)))
    if facts.superseded_by:
        rows.append(("superseded by", el("code", facts.superseded_by)))
    pairs = (each for label, text in rows for each in (el("dt", label), el("dd", text)))
    words = el("p", _JOURNAL_WORDS, class_="note")
    return joined(words, el("div", el("dl", *pairs), class_="sheet"))


def _footer(facts: RunFacts) -> Iterator[Html]:
    yield el("p", "Run ", el("code", facts.run.run_id), " of plan ", digest(facts.run.digest), ".")
    yield el("p", f"Made by ceffu-runner from the journal as of {spoken_moment(facts.taken_at)}.")


_TIMELINE_WORDS: Final = (
    "A bar is a step, amber where it is an effect. A triangle above it is an attempt, a dot below "
    "it a change of the effect's state, red where nobody knew the outcome or the custodian said no."
)
_JOURNAL_WORDS: Final = (
    "Every entry is bound to all before it: `runner verify` finds what was changed, and this head, "
    "kept elsewhere, shows whether an end was cut off."
)
