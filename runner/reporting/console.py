"""Progress for people: one line a step, effects with their ids, and one live line on a terminal."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TextIO

from runner.engine.events import (
    EffectChanged,
    Event,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    StepState,
    WaitLooked,
)
from runner.reporting.escape import cut, display_width, padded, visible
from runner.reporting.recap import PLAIN_STATES
from runner.reporting.redaction import Redactor
from runner.reporting.tally import Tally
from runner.reporting.terminal import Terminal, Tone, cut_sign, fitted, painted
from runner.reporting.words import spoken_duration, spoken_time

HEARTBEAT = timedelta(seconds=30)
"""How often a wait says that it still waits, where no line can be rewritten."""

_STATES: dict[StepState, tuple[str, str, Tone]] = {
    StepState.DONE: ("✓", "ok", Tone.GOOD),
    StepState.SKIPPED: ("·", "skipped", Tone.QUIET),
    StepState.FAILED: ("✗", "failed", Tone.BAD),
    StepState.SUSPENDED: ("=", "suspended", Tone.CAREFUL),
    StepState.ASSUMED: ("~", "assumed", Tone.CAREFUL),
}
_EFFECT_TONES = {
    "confirmed": Tone.GOOD,
    "rejected": Tone.BAD,
    "failed": Tone.BAD,
    "halted": Tone.BAD,
    "unknown": Tone.CAREFUL,
    "seen": Tone.CAREFUL,
}
_STATE_WIDTH = 13
_ACTION_WIDTH = 18
_DURATION_WIDTH = 8
_INDENT = " " * _STATE_WIDTH


class Console:
    """Writes what happens to a text stream, as it happens.

    Off a TTY nothing is ever rewritten and nothing is cut; on one, a single status line shows what
    is going on and is erased before every other line. ``close`` may be called twice.
    """

    def __init__(self, stream: TextIO, terminal: Terminal, redactor: Redactor) -> None:
        """Write to a stream that can show what ``terminal`` says."""
        self.tally = Tally()
        self._stream = stream
        self._terminal = terminal
        self._redactor = redactor
        self._has_status = False
        self._heard_at: datetime | None = None

    def emit(self, event: Event) -> None:
        """Show one event."""
        self.tally.emit(event)
        if isinstance(event, WaitLooked):
            self._look(event)
            return
        if isinstance(event, StepStarted):
            self._heard_at = None
            self._show_status(f"{event.title}  {event.action}")
            return
        self.write(render_event(event, self._terminal))
        if isinstance(event, EffectChanged) and event.state == "accepted":
            self._show_status(f"confirming requestId {event.request_id}")

    def write(self, text: str) -> None:
        """Write whole lines above the status line."""
        self._erase()
        if text:
            self._stream.write(self._redactor.clean(text))
            self._stream.flush()

    def close(self) -> None:
        """Erase the status line."""
        self._erase()
        self._stream.flush()

    def _look(self, event: WaitLooked) -> None:
        text = render_look(event)
        if self._terminal.animated:
            self._show_status(text)
        elif self._heard_at is None or event.at - self._heard_at >= HEARTBEAT:
            self._heard_at = event.at
            self.write(fitted(f"{_INDENT}{text}\n", self._terminal))

    def _show_status(self, text: str) -> None:
        if not self._terminal.animated:
            return
        # One column stays free: a full last column makes some terminals wrap.
        room = self._terminal.width - 1
        sign = cut_sign(self._terminal)
        words = fitted(visible(self._redactor.clean(text)), self._terminal)
        line = cut(f"{sign} {words}", room, sign=sign)
        self._erase()
        self._stream.write(painted(line, Tone.QUIET, self._terminal))
        self._stream.flush()
        self._has_status = True

    def _erase(self) -> None:
        if self._has_status:
            self._stream.write("\r\x1b[2K")
            self._has_status = False


def render_event(event: Event, terminal: Terminal) -> str:
    """Return the lines one event leaves on the screen for good; empty where it leaves none."""
    if isinstance(event, RunStarted):
        text = _run_started(event, terminal)
    elif isinstance(event, StepFinished):
        text = _step_finished(event, terminal)
    elif isinstance(event, EffectChanged):
        text = _effect_changed(event, terminal)
    elif isinstance(event, RunFinished):
        text = _run_finished(event, terminal)
    else:
        text = ""
    return fitted(text, terminal)


def render_look(event: WaitLooked) -> str:
    """Return the words for one look of a wait."""
    if event.holds:
        return f"look {event.look_number}: it holds"
    return (
        f"waiting: look {event.look_number}, next in {spoken_duration(event.next_in_s)}, "
        f"gives up at {spoken_time(event.deadline)}"
    )


def _run_started(event: RunStarted, terminal: Terminal) -> str:
    kind = "dry run" if event.dry else "resume" if event.resumed else "run"
    steps = f"{event.step_count} step{'' if event.step_count == 1 else 's'}"
    parts = [kind, event.run_id, event.playbook, steps]
    title = "  ".join(visible(part) for part in parts if part)
    lines = [painted(title, Tone.STRONG, terminal)]
    width = max((display_width(visible(name)) for name in event.labels), default=0)
    lines += [
        f"  {padded(visible(name), width)}  {visible(text)}" for name, text in event.labels.items()
    ]
    return "\n".join(lines) + "\n\n"


def _step_finished(event: StepFinished, terminal: Terminal) -> str:
    sign, word, tone = _STATES[event.state]
    title, path = visible(event.title or event.path), visible(event.path)
    room = terminal.width - _STATE_WIDTH - _ACTION_WIDTH - _DURATION_WIDTH - 4
    title_width = room * 3 // 5
    fit = _fitting(terminal)
    body = (
        f"{fit(title, title_width)}  "
        f"{fit('' if path == title else path, room - title_width)}  "
        f"{fit(visible(event.action), _ACTION_WIDTH)}"
    )
    duration = "" if event.state is StepState.SKIPPED else spoken_duration(event.duration_s)
    if event.reused:
        duration = "earlier"
    state = padded(f"{sign} {word}", _STATE_WIDTH)
    line = f"{painted(state, tone, terminal)}{body}{duration:>{_DURATION_WIDTH}}"
    lines = [line.rstrip()]
    if event.message:
        lines.append(f"{_INDENT}{visible(event.message)}")
    return "\n".join(lines) + "\n"


def _fitting(terminal: Terminal) -> Callable[[str, int], str]:
    # Off a TTY the line goes to a file, where a whole name is worth more than a straight column.
    if not terminal.is_tty:
        return padded
    sign = cut_sign(terminal)
    return lambda text, width: padded(cut(fitted(text, terminal), width, sign=sign), width)


def _effect_changed(event: EffectChanged, terminal: Terminal) -> str:
    state = visible(event.state)
    parts = [painted(f"{state:<9}", _EFFECT_TONES.get(state, Tone.STRONG), terminal)]
    parts.append(visible(event.path))
    parts.append(f"requestId {visible(event.request_id)}")
    if event.order_id:
        parts.append(f"order {visible(event.order_id)}")
    if event.attempt_number > 1:
        parts.append(f"attempt {event.attempt_number}")
    if event.status:
        parts.append(visible(event.status))
    lines = [f"{_INDENT}{'  '.join(parts)}"]
    if event.reason and event.state not in PLAIN_STATES:
        lines.append(f"{_INDENT}{visible(event.reason)}")
    return "\n".join(lines) + "\n"


def _run_finished(event: RunFinished, terminal: Terminal) -> str:
    if not event.message:
        return ""
    tone = Tone.GOOD if event.exit_code == 0 else Tone.CAREFUL
    word = painted("suspended" if event.suspended else "ended", tone, terminal)
    return f"\n{word}: {visible(event.message)}\n"
