"""What the cases of a playbook have shown of it: steps that ran, and ways they came out.

Goals of a step, at its path without keys, so that a loop's items count as one:

- it ran; a step that only holds others has no such goal;
- its ``if`` was true, and it was false; "only the run can decide" in a plan is neither;
- its loop had items, and it had none;
- one of its asserts was false, unless it is an effect: what those ask is already sure by then;
- its wait ran out of time, and its ``fail_if`` was true.

What is inside a called playbook is shown by its own tests; here the call alone counts.

A plan shows what it reads and decides as well as a run does; that an effect, a wait, a pause or a
notice ran is shown by a run alone.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from runner.app.testing.paths import steps_by_path, without_keys
from runner.engine.events import Event, StepFinished, StepState
from runner.playbook.model import Effect, Group, Parallel, Playbook, Step, Try, Wait
from runner.reporting.case_results import Coverage, Uncovered

_RAN: Final = "it never ran"
_TRUE: Final = "its `if` was never true"
_FALSE: Final = "its `if` was never false"
_ITEMS: Final = "its loop never had items"
_EMPTY: Final = "its loop never was empty"
_REFUSED: Final = "none of its asserts was ever false"
_LATE: Final = "its wait never ran out of time"
_FAILED: Final = "its `fail_if` was never true"
_ACTS: Final = frozenset({"effect", "wait", "pause", "notify", "call"})
_HOLDERS: Final = Group | Parallel | Try


class Covering:
    """Collects what cases show of one playbook."""

    def __init__(self, playbook: Playbook) -> None:
        """Start with nothing shown."""
        self._playbook = playbook
        self._steps = steps_by_path(playbook, into_calls=False)
        self._shown: set[tuple[str, str]] = set()

    def add(self, events: Iterable[Event], *, dry: bool) -> None:
        """Take what one walk told; ``dry`` that it was a plan's."""
        parents: set[str] = set()
        loops: dict[str, StepFinished] = {}
        for event in events:
            if not isinstance(event, StepFinished) or event.reused:
                continue
            path = without_keys(event.path)
            if path != event.path and event.path.endswith("]"):
                parents.add(event.path.rpartition("[")[0])
            if event.kind == "foreach":
                loops[event.path] = event
            elif path in self._steps:
                self._shown |= {(path, what) for what in _ways(event, self._steps[path], dry=dry)}
        for path, loop in loops.items():
            way = _ITEMS if path in parents else _EMPTY
            if way is _ITEMS or loop.state is StepState.DONE:
                self._shown.add((without_keys(path), way))

    def result(self) -> Coverage:
        """Return how much was shown."""
        goals = [(path, what, step) for path, step in self._steps.items() for what in _goals(step)]
        missing = tuple(
            Uncovered(path=path, what=what, place=step.span)
            for path, what, step in goals
            if (path, what) not in self._shown
        )
        return Coverage(
            playbook=self._playbook.source.name,
            covered=len(goals) - len(missing),
            total=len(goals),
            missing=missing,
        )


def _goals(step: Step) -> Iterator[str]:
    if not isinstance(step.verb, _HOLDERS):
        yield _RAN
    if step.condition is not None:
        yield _TRUE
        yield _FALSE
    if step.foreach is not None:
        yield _ITEMS
        yield _EMPTY
    if step.asserts and not isinstance(step.verb, Effect):
        yield _REFUSED
    if isinstance(step.verb, Wait):
        yield _LATE
        if step.verb.fail_if is not None:
            yield _FAILED


def _ways(event: StepFinished, step: Step, *, dry: bool) -> Iterator[str]:
    """Yield what one end of a step shows."""
    if event.state is StepState.SKIPPED:
        # An effect may also be left out by its drift.
        if event.message == _IF_IS_FALSE:
            yield _FALSE
        return
    decided = [each for each in event.conditions if each.startswith("if ")]
    # Where it failed or was suspended nothing is said of `if`, and it was true to come so far.
    if step.condition is not None and all(each.endswith(": true") for each in decided):
        yield _TRUE
    if event.state in {StepState.DONE, StepState.FAILED} and not (dry and event.kind in _ACTS):
        yield _RAN
    if event.state is StepState.FAILED:
        yield from (way for words, way in _FAILURES.items() if words in event.message)


_IF_IS_FALSE: Final = "`if` is false"
_FAILURES: Final = {
    "assert failed: ": _REFUSED,
    "timed out after ": _LATE,
    "`fail_if` holds": _FAILED,
}
"""How failures are worded, and what each of them shows."""
