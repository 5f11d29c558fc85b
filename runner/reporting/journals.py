"""What a journal says of itself: its state, its locks, and how it stands to its chains."""

import json
from collections.abc import Iterable, Mapping, Sequence

import runner
from runner.core.clock import timestamp_text
from runner.core.errors import ExitCode
from runner.core.record import record
from runner.effects.ports import Decision, StoreMark
from runner.journal.holding import LockRow
from runner.journal.verification import Verified
from runner.reporting.escape import visible
from runner.reporting.sheet import Sheet
from runner.reporting.table import Column, render_table
from runner.reporting.terminal import Terminal, Tone
from runner.reporting.words import spoken_moment


@record
class StateShown:
    """What ``runner state show`` says."""

    place: str
    store_id: str
    mark: StoreMark
    runs: int
    unfinished: int
    decisions: Sequence[Decision]


def mark_text(mark: StoreMark) -> str:
    """Spell a mark as ``runner verify --mark`` takes it: number, colon, head."""
    return f"{mark.number}:{mark.head}"


def render_state(state: StateShown, terminal: Terminal) -> str:
    """Render what a journal is and how far it has come."""
    sheet = Sheet(terminal)
    sheet.row("journal", state.place, indent=0, whole=True)
    sheet.row("id", state.store_id, indent=0)
    sheet.row("register", mark_text(state.mark), indent=0, whole=True)
    sheet.row("runs", f"{state.runs}, {state.unfinished} unfinished", indent=0)
    for each in state.decisions:
        sheet.row("decided", _decided(each), indent=0)
    return "\n".join(sheet.lines) + "\n"


def state_json(state: StateShown) -> str:
    """Return the same as JSON lines."""
    return json_lines(
        {
            "type": "state",
            "place": state.place,
            "store_id": state.store_id,
            "mark": mark_text(state.mark),
            "runs": state.runs,
            "unfinished": state.unfinished,
            "decisions": [_decision(each) for each in state.decisions],
        },
        exit_code=ExitCode.DONE,
    )


def render_locks(locks: Sequence[LockRow], terminal: Terminal) -> str:
    """Render locks in the order given; one sentence where there are none."""
    if not locks:
        return "no locks\n"
    columns = tuple(Column(title=title) for title in ("lock", "run", "since", "owner", "behind it"))
    rows = [
        (
            lock.name,
            lock.run_id,
            spoken_moment(lock.at),
            "running" if lock.is_driven else "not running",
            _behind(lock),
        )
        for lock in locks
    ]
    return render_table(columns, rows, terminal)


def locks_json(locks: Sequence[LockRow]) -> str:
    """Return locks as JSON lines."""
    rows = (
        {
            "type": "lock",
            "lock": lock.name,
            "run": lock.run_id,
            "since": timestamp_text(lock.at),
            "driven": lock.is_driven,
            "effects": [
                {
                    "run": each.run_id,
                    "path": each.path,
                    "request_id": each.request_id,
                    "state": each.state.value,
                }
                for each in lock.effects
            ],
        }
        for lock in locks
    )
    return json_lines(*rows, exit_code=ExitCode.DONE)


def render_verified(verified: Verified, terminal: Terminal) -> str:
    """Render a comparison: every difference, then one line for the whole."""
    sheet = Sheet(terminal)
    for each in verified.differences:
        where = each.run_id or "register"
        sheet.prose(f"{where}: {each.row} {each.words}", indent=0, tone=Tone.BAD)
    for note in verified.notes:
        sheet.prose(note, indent=0, tone=Tone.QUIET)
    count = len(verified.runs)
    whole = f"{count} run{'' if count == 1 else 's'}, {verified.entries} entries"
    found = len(verified.differences)
    sheet.line(
        f"ok: {whole}, as they were written"
        if not found
        else f"{found} difference{'' if found == 1 else 's'} in {whole}",
        tone=Tone.STRONG,
    )
    for run_id, mark in verified.runs.items() if count == 1 else ():
        sheet.row("chain", f"{visible(run_id)} {mark_text(mark)}", indent=0, whole=True)
    sheet.row("register", mark_text(verified.mark), indent=0, whole=True)
    return "\n".join(sheet.lines) + "\n"


def verified_json(verified: Verified, exit_code: ExitCode) -> str:
    """Return a comparison as JSON lines: each run with its head, each difference, the result."""
    runs = (
        {"type": "run", "run": run_id, "entries": mark.number, "head": mark.head}
        for run_id, mark in verified.runs.items()
    )
    differences = (
        {"type": "difference", "run": each.run_id, "row": each.row, "words": each.words}
        for each in verified.differences
    )
    notes = ({"type": "note", "words": each} for each in verified.notes)
    return json_lines(
        *runs,
        *differences,
        *notes,
        exit_code=exit_code,
        more={"store_id": verified.store_id, "mark": mark_text(verified.mark)},
    )


def _behind(lock: LockRow) -> str:
    unsettled = [f"{each.path} of {each.run_id} {each.state}" for each in lock.unsettled]
    return ", ".join(unsettled) or "nothing open"


def _decided(decision: Decision) -> str:
    when = spoken_moment(decision.at)
    return f"{decision.kind} by {decision.who}, {when}: {decision.reason}"


def _decision(decision: Decision) -> dict[str, object]:
    return {
        "kind": decision.kind,
        "who": decision.who,
        "at": timestamp_text(decision.at),
        "reason": decision.reason,
        "payload": decision.payload,
    }


def json_lines(
    *rows: Mapping[str, object],
    exit_code: ExitCode,
    more: Mapping[str, object] | None = None,
) -> str:
    """Return rows as JSON lines, between the line with the version and the one with the result."""
    everything: Iterable[Mapping[str, object]] = (
        {"type": "version", "program": "runner", "version": runner.__version__},
        *rows,
        {"type": "result", "exit": int(exit_code), **(more or {})},
    )
    return "".join(
        json.dumps(each, ensure_ascii=False, separators=(",", ":")) + "\n" for each in everything
    )
