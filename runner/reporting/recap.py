"""The end of a run on one screen: counts, effects, balances, the exit code, what to type next."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from runner.core.errors import ExitCode
from runner.core.record import record
from runner.effects.evidence import ask_text, how_known
from runner.effects.model import OPEN_STATES, EffectRow, EffectState, Expectation
from runner.plan.model import CarriedEffect
from runner.reporting.escape import display_width, padded, visible
from runner.reporting.open_effects import OpenEffect, render_open_effects
from runner.reporting.table import Column, render_table
from runner.reporting.tally import Tally
from runner.reporting.terminal import Terminal, Tone, fitted, painted
from runner.reporting.words import EXIT_WORDS, spoken_amount, spoken_duration, spoken_value

PLAIN_STATES = frozenset({EffectState.ACCEPTED.value, EffectState.CONFIRMED.value})
"""States that say everything by themselves; for the others people want the reason."""


@record
class BalanceLine:
    """One account and coin at three moments; None where nobody looked or can know.

    Shapes: ``remark`` says why ``after`` is not what was projected, where that is known.
    """

    account: str
    coin: str
    before: Decimal | None
    projected: Decimal | None
    after: Decimal | None
    remark: str = ""


@record
class EffectLine:
    """One effect of a run.

    Shapes: ``what`` is an amount, spelled like ``250000 USDT``, or what else the effect is about:
        the name it gives, for example; ``remark`` is what must be said of it though it went well;
        ``ask`` is the message to send to the custodian about an effect of which nobody knows what
        became of it, else empty.
    """

    path: str
    action: str
    what: str
    state: str
    request_id: str
    order_id: str = ""
    reason: str = ""
    remark: str = ""
    ask: str = ""

    @property
    def told(self) -> str:
        """Return what is to be said of it beside its state."""
        return self.remark if self.state in PLAIN_STATES else self.reason


@record
class Untold:
    """A notice that was not delivered, by the path of its step, and why."""

    path: str
    reason: str


@record
class Recap:
    """What the journal says at the end, beside what the events said.

    Shapes: ``untold`` are the notices that nobody received; ``next_command`` is what to type next,
        or empty.
    """

    exit_code: ExitCode
    effects: tuple[EffectLine, ...] = ()
    open_effects: tuple[OpenEffect, ...] = ()
    untold: tuple[Untold, ...] = ()
    balances: tuple[BalanceLine, ...] = ()
    next_command: str = ""


def effect_line(row: EffectRow, remark: str = "") -> EffectLine:
    """Return what the recap shows of a journalled effect.

    Shapes: ``remark`` is what else must be said of it.
    """
    remarks = [each for each in (how_known(row), remark) if each]
    return EffectLine(
        path=row.order.path,
        action=row.order.action,
        what=_what(row.order.expectation),
        state=row.state.value,
        request_id=row.order.request_id,
        order_id=row.order_id,
        reason=row.reason,
        remark="; ".join(remarks),
        ask=_ask(row),
    )


def carried_line(effect: CarriedEffect) -> EffectLine:
    """Return what the recap shows of an effect that an earlier run has done."""
    return EffectLine(
        path=effect.path,
        action=effect.action,
        what="" if effect.money is None else str(effect.money),
        state=EffectState.CONFIRMED.value,
        request_id=effect.request_id,
        order_id=effect.order_id,
        remark=f"done by {effect.run_id}; not sent again",
    )


def render_recap(recap: Recap, tally: Tally, terminal: Terminal) -> str:
    """Render the whole recap; parts without content are left out.

    Shapes: the last lines are the exit code and, where there is one, the next command.
    """
    parts = [
        _counts(recap, tally, terminal),
        _section("effects", render_effects(recap.effects, terminal), terminal),
        _section("open effects", render_open_effects(recap.open_effects, terminal), terminal),
        _section("ask the custodian", render_questions(recap.effects), terminal),
        _section("balances", render_balances(recap.balances, terminal), terminal),
        _section("notices not delivered", _untold(recap), terminal),
        _section("outputs", _outputs(tally), terminal),
        _verdict(recap, terminal),
    ]
    return fitted("\n".join(part for part in parts if part), terminal)


def render_ended(run_id: str, recap: Recap, terminal: Terminal) -> str:
    """Render what a command says that found its run ended already."""
    code = recap.exit_code
    first = (
        f"{visible(run_id)} had already ended with exit {code.value}: {EXIT_WORDS[code]};"
        " nothing was sent now\n"
    )
    parts = (
        first,
        _section("effects", render_effects(recap.effects, terminal), terminal),
        _section("notices not delivered", _untold(recap), terminal),
    )
    return fitted("\n".join(part for part in parts if part), terminal)


def render_effects(effects: Iterable[EffectLine], terminal: Terminal) -> str:
    """Render the effects as a table, and below it why those that did not go well are there."""
    lines = tuple(effects)
    columns = (
        Column(title="path"),
        Column(title="action"),
        Column(title="what", is_number=True),
        Column(title="state"),
        Column(title="requestId"),
        Column(title="order"),
    )
    rows = [(e.path, e.action, e.what, e.state, e.request_id, e.order_id) for e in lines]
    text = render_table(columns, rows, terminal, indent="  ")
    told = [(e.path, e.told) for e in lines]
    return text + "".join(f"  {visible(path)}: {visible(words)}\n" for path, words in told if words)


def _what(expectation: Expectation) -> str:
    if expectation.money is not None:
        return str(expectation.money)
    details = expectation.details
    known = (details.get(name, "") for name in ("name", "label", "event"))
    return next((text for text in known if text), expectation.kind)


def _ask(row: EffectRow) -> str:
    if row.state not in OPEN_STATES:
        return ""
    asked = row.evidence.get("ask") if isinstance(row.evidence, Mapping) else None
    return asked if isinstance(asked, str) else ask_text(row.order, row.attempts)


def render_questions(effects: Iterable[EffectLine]) -> str:
    """Render what to ask the custodian about halted effects; empty where there are none."""
    paragraphs = (visible(line) for effect in effects for line in effect.ask.splitlines())
    return "".join(f"  {line}\n" for line in paragraphs)


def render_balances(balances: Sequence[BalanceLine], terminal: Terminal) -> str:
    """Render balances before, as projected, and after; ``?`` is not known."""
    columns = [
        Column(title="account"),
        Column(title="coin"),
        Column(title="before", is_number=True),
        Column(title="projected", is_number=True),
        Column(title="after", is_number=True),
    ]
    rows = [
        [
            line.account,
            line.coin,
            spoken_amount(line.before),
            spoken_amount(line.projected),
            spoken_amount(line.after),
        ]
        for line in balances
    ]
    remarks = [balance_remark(line) for line in balances]
    if any(remarks):
        columns.append(Column(title="remark"))
        rows = [[*row, remark] for row, remark in zip(rows, remarks, strict=True)]
    return render_table(columns, rows, terminal, indent="  ")


def balance_remark(line: BalanceLine) -> str:
    """Say that a balance is not as projected, and why where that is known; else nothing."""
    if line.projected is None or line.after is None or line.projected == line.after:
        return ""
    return f"not as projected: {line.remark}" if line.remark else "not as projected"


def _counts(recap: Recap, tally: Tally, terminal: Terminal) -> str:
    title = "  ".join(visible(part) for part in ("recap", tally.run_id, tally.playbook) if part)
    unknown = sum(line.state in _OPEN for line in recap.effects) or tally.unknown_count
    steps = tally.steps
    counts = [
        f"{steps['done']} ok",
        f"{steps['skipped']} skipped",
        f"{steps['failed']} failed",
        f"{unknown} unknown",
    ]
    counts += [f"{steps[word]} {word}" for word in ("suspended", "assumed") if steps[word]]
    duration = spoken_duration(tally.duration_s)
    return f"\n{painted(title, Tone.STRONG, terminal)}\n  {', '.join(counts)} in {duration}\n"


def _outputs(tally: Tally) -> str:
    width = max((display_width(visible(name)) for name in tally.outputs), default=0)
    return "".join(
        f"  {padded(visible(name), width)}  {visible(spoken_value(value))}\n"
        for name, value in tally.outputs.items()
    )


def _untold(recap: Recap) -> str:
    return "".join(f"  {visible(f'{each.path}: {each.reason}')}\n" for each in recap.untold)


def _section(title: str, body: str, terminal: Terminal) -> str:
    return f"{painted(title, Tone.STRONG, terminal)}\n{body}" if body else ""


def _verdict(recap: Recap, terminal: Terminal) -> str:
    code = recap.exit_code
    tone = {ExitCode.DONE: Tone.GOOD, ExitCode.NOT_FINAL: Tone.CAREFUL}.get(code, Tone.BAD)
    text = f"{painted(f'exit {code.value}', tone, terminal)}: {EXIT_WORDS[code]}\n"
    if recap.next_command:
        text += f"next: {visible(recap.next_command)}\n"
    return text


_OPEN = frozenset(state.value for state in OPEN_STATES)
