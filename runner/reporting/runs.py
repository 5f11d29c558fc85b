"""Runs and what they did, from the journal's rows."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from runner.core.clock import timestamp_text
from runner.core.errors import ExitCode
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.effects.model import Attempt, EffectRow, EffectState
from runner.effects.person_decision import ticket_of
from runner.effects.ports import Decision, StoreMark
from runner.engine.ports import RunRow, StepOutcome
from runner.reporting.escape import visible
from runner.reporting.open_effects import open_effects, open_effects_json, render_open_effects
from runner.reporting.recap import effect_line, render_effects, render_questions
from runner.reporting.table import Column, render_table
from runner.reporting.terminal import Terminal, Tone, fitted, painted
from runner.reporting.words import EXIT_WORDS, spoken_duration, spoken_moment, spoken_value


@record
class Kin:
    """The runs before and after one in its occurrence, or empty."""

    supersedes: str = ""
    superseded_by: str = ""

    def __str__(self) -> str:
        """Say both, where there are any."""
        words = (("supersedes", self.supersedes), ("superseded by", self.superseded_by))
        return ", ".join(f"{what} {run}" for what, run in words if run)


NO_KIN = Kin()


def render_runs(
    runs: Sequence[RunRow],
    terminal: Terminal,
    states: Mapping[str, Collection[EffectState]] = MappingProxyType({}),
    kin: Mapping[str, Kin] = MappingProxyType({}),
) -> str:
    """Render runs in the order given; one sentence where there are none.

    Shapes: ``states`` holds the states of the effects of unfinished runs, ``kin`` what is before
        and after a run in its occurrence, by run id.
    """
    if not runs:
        return "no runs yet\n"
    titles = ["run", "created", "state", "playbook", "once"]
    told = {run.run_id: str(kin.get(run.run_id, NO_KIN)) for run in runs}
    if any(told.values()):
        titles.append("remark")
    rows = [
        (
            run.run_id,
            spoken_moment(run.created_at),
            run_state(run, states.get(run.run_id, ())),
            run.playbook,
            run.occurrence,
            *([told[run.run_id]] if any(told.values()) else []),
        )
        for run in runs
    ]
    return render_table([Column(title=title) for title in titles], rows, terminal)


def render_due_run(run_id: str, code: ExitCode, words: str, terminal: Terminal) -> str:
    """Render what became of one of several runs, on one line."""
    said = f": {' '.join(words.split())}" if words else ""
    return fitted(
        f"{visible(run_id)}  exit {code.value}, {EXIT_WORDS[code]}{visible(said)}\n", terminal
    )


def run_state(run: RunRow, states: Collection[EffectState] = ()) -> str:
    """Return a few words for where a run stands, with its exit code once it has ended.

    Shapes: ``states`` are those of its effects, where it is unfinished.
    """
    if run.exit_code is not None:
        return f"exit {run.exit_code.value}"
    if EffectState.HALTED in states:
        return "exit 10: ask the custodian"
    return "unfinished" if run.claimed else "nothing sent"


def render_run_log(  # noqa: PLR0913 - each is a part of what is shown
    run: RunRow,
    outcomes: Mapping[str, StepOutcome],
    effects: Sequence[EffectRow],
    terminal: Terminal,
    decisions: Sequence[Decision] = (),
    *,
    kin: Kin = NO_KIN,
    target: str = "",
    chain: StoreMark | None = None,
) -> str:
    """Render everything the journal holds about one run, from its head to what was decided.

    Shapes: ``chain`` is where the chain of its rows ends.
    """
    lines = tuple(map(effect_line, effects))
    parts = [
        _head(run, kin, terminal, chain),
        _part("steps", _steps(outcomes, terminal), terminal),
        _part("effects", render_effects(lines, terminal), terminal),
        _part(
            "open effects", render_open_effects(open_effects(effects, target), terminal), terminal
        ),
        _part("ask the custodian", render_questions(lines), terminal),
        _part("attempts", _attempts(effects, terminal), terminal),
        _part("decisions", _decisions(decisions, terminal), terminal),
    ]
    return fitted("\n".join(part for part in parts if part), terminal)


def run_log_json(
    run: RunRow,
    outcomes: Mapping[str, StepOutcome],
    effects: Sequence[EffectRow],
    decisions: Sequence[Decision],
    target: str,
    *,
    chain: StoreMark | None = None,
) -> Mapping[str, JsonValue]:
    """Return what the journal holds about one run, its open effects with all that is known."""
    return {
        "run_id": run.run_id,
        "playbook": run.playbook,
        "occurrence": run.occurrence,
        "revision": run.revision,
        "exit": None if run.exit_code is None else run.exit_code.value,
        "message": run.message,
        "chain": None if chain is None else {"entries": chain.number, "head": chain.head},
        "steps": [
            {"path": path, "state": outcome.state.value, "message": outcome.message}
            for path, outcome in outcomes.items()
        ],
        "effects": [_effect_json(row) for row in effects],
        "open_effects": open_effects_json(open_effects(effects, target)),
        "decisions": [
            {
                "at": timestamp_text(each.at),
                "path": each.path,
                "decision": each.kind,
                "who": each.who,
                "reason": each.reason,
                "payload": each.payload,
            }
            for each in decisions
        ],
    }


def _effect_json(row: EffectRow) -> JsonValue:
    return {
        "path": row.order.path,
        "action": row.order.action,
        "state": row.state.value,
        "request_id": row.order.request_id,
        "order_id": row.order_id,
        "status": row.status,
        "reason": row.reason,
        "attempts": len(row.attempts),
    }


def _head(run: RunRow, kin: Kin, terminal: Terminal, chain: StoreMark | None) -> str:
    ended = f"  ended {spoken_moment(run.finished_at)}" if run.finished_at is not None else ""
    state = run_state(run)
    if run.exit_code is not None:
        state = f"{state}: {EXIT_WORDS[run.exit_code]}"
    lines = [
        painted(f"{visible(run.run_id)}  {visible(run.playbook)}", Tone.STRONG, terminal),
        f"  {state}",
        f"  created {spoken_moment(run.created_at)}{ended}",
        f"  {visible(run.entity)} at {visible(run.host)}",
        f"  once {visible(run.occurrence)}, revision {run.revision}",
        f"  plan {visible(run.digest)}, runner {visible(run.tool_version)}",
    ]
    if kin.supersedes:
        lines.append(f"  supersedes {visible(kin.supersedes)}")
    if kin.superseded_by:
        lines.append(f"  superseded by {visible(kin.superseded_by)}")
    if chain is not None:
        lines.append(f"  chain of {chain.number} entries, {chain.head}")
    if run.message:
        lines.append(f"  {visible(run.message)}")
    return "\n".join(lines) + "\n"


def _steps(outcomes: Mapping[str, StepOutcome], terminal: Terminal) -> str:
    columns = (
        Column(title="started"),
        Column(title="took", is_number=True),
        Column(title="state"),
        Column(title="path"),
        Column(title="message"),
    )
    rows = [
        (
            timestamp_text(outcome.started_at),
            spoken_duration((outcome.finished_at - outcome.started_at).total_seconds()),
            outcome.state.value,
            path,
            outcome.message,
        )
        for path, outcome in outcomes.items()
    ]
    return render_table(columns, rows, terminal, indent="  ")


def _attempts(effects: Sequence[EffectRow], terminal: Terminal) -> str:
    columns = tuple(
        Column(title=title) for title in ("started", "path", "attempt", "key", "answer")
    )
    rows = [
        (
            timestamp_text(attempt.started_at),
            row.order.path,
            str(attempt.number),
            attempt.key_fingerprint,
            _answer(attempt),
        )
        for row in effects
        for attempt in row.attempts
    ]
    return render_table(columns, rows, terminal, indent="  ")


def _decisions(decisions: Sequence[Decision], terminal: Terminal) -> str:
    columns = tuple(
        Column(title=title) for title in ("at", "path", "decision", "by", "reason", "ticket")
    )
    rows = [
        (
            timestamp_text(each.at),
            each.path,
            each.kind,
            each.who,
            each.reason,
            ticket_of(each),
        )
        for each in decisions
    ]
    return render_table(columns, rows, terminal, indent="  ")


def _answer(attempt: Attempt) -> str:
    return "none yet" if attempt.answer is None else spoken_value(attempt.answer)


def _part(title: str, body: str, terminal: Terminal) -> str:
    return f"{painted(title, Tone.STRONG, terminal)}\n{body}" if body else ""
