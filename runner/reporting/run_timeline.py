"""What happened when, as a drawing: a bar for each step, a mark for each attempt and each state."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from runner.core.record import record
from runner.effects.model import OPEN_STATES, EffectRow, EffectState
from runner.engine.ports import OutcomeState
from runner.reporting.escape import cut, visible
from runner.reporting.html import Html, el, joined
from runner.reporting.run_facts import RunFacts
from runner.reporting.words import spoken_duration, spoken_moment

ROWS_MAX: Final = 120
"""More would be no picture any more; the table below has all."""
_ROW: Final = 26
_NAMES: Final = 300
_LANE: Final = 700
_TAIL: Final = 90
_NAME_MAX: Final = 38
_TICKS: Final = 4
_BAD: Final = frozenset({EffectState.REJECTED, EffectState.FAILED})


@record
class Lane:
    """One step's time; ``tone`` is ``good``, ``bad``, ``careful`` or ``quiet``."""

    path: str
    begin: datetime
    end: datetime
    tone: str
    words: str
    effect: EffectRow | None = None


def lanes(facts: RunFacts) -> tuple[Lane, ...]:
    """Return every step that ended, and every effect that has not, by the time they began."""
    return tuple(sorted(_lanes(facts), key=lambda lane: lane.begin))


def _lanes(facts: RunFacts) -> Iterator[Lane]:
    effects = {row.order.path: row for row in facts.effects}
    for path, outcome in facts.steps.items():
        tone = {OutcomeState.DONE: "good", OutcomeState.SKIPPED: "quiet"}.get(outcome.state, "bad")
        yield Lane(
            path=path,
            begin=outcome.started_at,
            end=outcome.finished_at,
            tone=tone,
            words=outcome.state.value,
            effect=effects.get(path),
        )
    begun: dict[str, datetime] = {}
    for each in facts.transitions:
        begun.setdefault(each.path, each.at)
    for path, row in effects.items():
        if path not in facts.steps:
            is_final = row.state not in OPEN_STATES and row.state is not EffectState.ACCEPTED
            yield Lane(
                path=path,
                begin=begun.get(path, row.changed_at),
                end=row.changed_at if is_final else facts.taken_at,
                tone="bad" if row.state in OPEN_STATES | _BAD else "careful",
                words=row.state.value,
                effect=row,
            )


def timeline(facts: RunFacts) -> Html:
    """Return the drawing, or nothing for a run in which nothing has happened yet."""
    shown = lanes(facts)[:ROWS_MAX]
    if not shown:
        return Html("")
    begin = min(lane.begin for lane in shown)
    length = max(max(lane.end for lane in shown) - begin, timedelta(milliseconds=1))
    scale = _Scale(begin=begin, length=length)
    height = (len(shown) + 1) * _ROW + 6
    width = _NAMES + _LANE + _TAIL
    return el(
        "svg",
        el(
            "title", f"{len(shown)} steps from {spoken_moment(begin)}; the table below has the same"
        ),
        *_axis(scale, height),
        *(_lane(facts, lane, number, scale) for number, lane in enumerate(shown, start=1)),
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        class_="timeline",
    )


@record
class _Scale:
    begin: datetime
    length: timedelta

    def x(self, moment: datetime) -> int:
        share = (moment - self.begin) / self.length
        return _NAMES + round(min(max(share, 0.0), 1.0) * _LANE)


def _axis(scale: _Scale, height: int) -> Iterator[Html]:
    for tick in range(_TICKS + 1):
        x = _NAMES + _LANE * tick // _TICKS
        seconds = scale.length.total_seconds() * tick / _TICKS
        yield el("line", x1=x, x2=x, y1=_ROW - 4, y2=height, class_="grid")
        anchor = "start" if tick == 0 else "middle"
        yield el(
            "text", f"+{spoken_duration(seconds)}", x=x, y=14, text_anchor=anchor, class_="head"
        )


def _lane(facts: RunFacts, lane: Lane, number: int, scale: _Scale) -> Html:
    top = number * _ROW
    left, right = scale.x(lane.begin), scale.x(lane.end)
    took = spoken_duration((lane.end - lane.begin).total_seconds())
    words = f"{lane.path}: {lane.words}, {took}, from {spoken_moment(lane.begin)}"
    kind = " effect" if lane.effect is not None else ""
    return el(
        "g",
        el("title", words),
        el("text", cut(visible(lane.path), _NAME_MAX), x=4, y=top + 16, class_=f"name{kind}"),
        el(
            "rect",
            x=left,
            y=top + 5,
            width=max(right - left, 3),
            height=_ROW - 12,
            rx=3,
            class_=f"lane {lane.tone}{kind}",
        ),
        *_marks(facts, lane, top, scale),
        el("text", took, x=min(right + 14, _NAMES + _LANE + 14), y=top + 16, class_="about"),
    )


def _marks(facts: RunFacts, lane: Lane, top: int, scale: _Scale) -> Iterator[Html]:
    if lane.effect is None:
        return
    for attempt in lane.effect.attempts:
        x = scale.x(attempt.started_at)
        words = f"attempt {attempt.number} at {spoken_moment(attempt.started_at)}"
        shape = f"M{x - 5} {top + 1} L{x + 5} {top + 1} L{x} {top + 9} Z"
        yield el("path", el("title", words), d=shape, class_="attempt")
    for each in facts.transitions:
        if each.path == lane.path:
            words = f"{each.state} at {spoken_moment(each.at)}"
            tone = "bad" if each.state in _OPEN_OR_BAD else "plain"
            yield joined(
                el(
                    "circle",
                    el("title", f"{words}: {each.reason}" if each.reason else words),
                    cx=scale.x(each.at),
                    cy=top + _ROW - 5,
                    r=3,
                    class_=f"mark {tone}",
                )
            )


_OPEN_OR_BAD: Final = frozenset(
    state.value for state in (OPEN_STATES | _BAD) - {EffectState.SENDING}
)
