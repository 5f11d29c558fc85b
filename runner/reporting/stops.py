"""What the kill switch stops, for people and for programs."""

from collections.abc import Sequence

from runner.controls.kill_switch import Stop
from runner.core.clock import timestamp_text
from runner.core.errors import ExitCode
from runner.reporting.journals import json_lines
from runner.reporting.sheet import Sheet
from runner.reporting.terminal import Terminal, Tone


def render_stop_lines(stops: Sequence[Stop], terminal: Terminal) -> str:
    """Render one line for each stop; nothing where there is none."""
    sheet = Sheet(terminal)
    for each in stops:
        sheet.prose(str(each), indent=0, tone=Tone.BAD)
    return "".join(f"{line}\n" for line in sheet.lines)


def render_stops(stops: Sequence[Stop], terminal: Terminal, target: str) -> str:
    """Render what is stopped and how it is lifted.

    Shapes: ``target`` is the option that aims a command at the same journal.
    """
    sheet = Sheet(terminal)
    scopes = dict.fromkeys(each.what for each in stops)
    for what in scopes:
        sheet.line(f'lifted by: runner start --scope {what} --reason "TEXT" {target}')
    if not stops:
        sheet.line("nothing is stopped")
    return render_stop_lines(stops, terminal) + "".join(f"{line}\n" for line in sheet.lines)


def stops_json(stops: Sequence[Stop]) -> str:
    """Return the same as JSON lines."""
    rows = (
        {
            "type": "stop",
            "scope": each.scope.value,
            "name": each.name,
            "reason": each.reason,
            "who": each.who,
            "at": "" if each.at is None else timestamp_text(each.at),
            "place": each.place,
        }
        for each in stops
    )
    return json_lines(*rows, exit_code=ExitCode.DONE, more={"stopped": bool(stops)})
