"""Several walks side by side, in plain tasks."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from runner.engine.gate import Gate, Stopped, Withdrawn
from runner.engine.verdict import Cause, worst_first
from runner.playbook.model import OnFailure

T = TypeVar("T")

_SHOWN_MAX = 3


class Together(Generic[T]):
    """Walks children in their order, at most ``limit`` at once.

    Shapes: ``gate`` is that of the children; the first failure closes it unless the others are to
        finish.
    """

    def __init__(self, gate: Gate, *, limit: int, on_failure: OnFailure) -> None:
        """Take the children's gate and how they go together."""
        self._gate = gate
        self._limit = limit
        self._on_failure = on_failure
        self._stops: list[Stopped] = []
        self._withdrawn: list[Withdrawn] = []

    async def walk(self, children: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
        """Return what every child gave, in their order.

        A cancellation reaches every child and waits for them; so does a failure that is no verdict.
        Errors: ``Stopped`` for the worst of what ended children; ``Withdrawn`` where only a gate
            further out was closed.
        """
        results: dict[int, T] = {}
        waiting = iter(enumerate(children))

        async def work() -> None:
            for index, child in waiting:
                try:
                    results[index] = await child()
                except Stopped as stop:
                    self._stops.append(stop)
                    if self._on_failure is OnFailure.STOP:
                        self._gate.close(stop)
                except Withdrawn as withdrawn:
                    self._withdrawn.append(withdrawn)

        workers = min(self._limit, len(children))
        if workers == 1:
            await work()
        elif workers:
            await _all_of([asyncio.ensure_future(work()) for _ in range(workers)])
        if self._stops:
            raise _combined(self._stops, self._on_failure)
        if self._withdrawn:
            raise self._withdrawn[0]
        return [results[index] for index in range(len(children))]


async def _all_of(tasks: Sequence["asyncio.Future[None]"]) -> None:
    """Await all tasks; when one raises, or we are cancelled, cancel the others and await them."""
    cancelled = False
    left = set(tasks)
    while left:
        try:
            done, left = await asyncio.wait(left, return_when=asyncio.FIRST_EXCEPTION)
        except asyncio.CancelledError:
            cancelled = True
            done = set()
        if left and (cancelled or any(_error_of(task) is not None for task in done)):
            for task in left:
                task.cancel()
    errors = [error for task in tasks if (error := _error_of(task)) is not None]
    if errors:
        # A failing journal or a bug is worth more than the news that we were cancelled.
        raise errors[0]
    if cancelled or any(task.cancelled() for task in tasks):
        raise asyncio.CancelledError


def _error_of(task: "asyncio.Future[None]") -> BaseException | None:
    return None if task.cancelled() else task.exception()


def _combined(stops: Sequence[Stopped], on_failure: OnFailure) -> Stopped:
    """Return the worst, with the others in its words."""
    ordered = sorted(stops, key=lambda stop: worst_first(stop.cause))
    first = ordered[0]
    cause = first.cause
    if on_failure is OnFailure.FINISH_OTHERS and cause in {Cause.ENDED, Cause.EFFECT_FAILED}:
        cause = Cause.ITEM_FAILED
    if len(ordered) == 1:
        message = first.message
    else:
        shown = "; ".join(_placed(stop) for stop in ordered[:_SHOWN_MAX])
        more = len(ordered) - _SHOWN_MAX
        message = shown + (f"; and {more} more" if more > 0 else "")
    dues = [stop.due for stop in stops if stop.due is not None]
    due = min(dues, default=None) if cause is Cause.SUSPENDED else None
    return Stopped(cause, message, kind=first.kind, path=first.path, owner=first.owner, due=due)


def _placed(stop: Stopped) -> str:
    is_named = stop.message.startswith(stop.path)
    return stop.message if is_named else f"{stop.path}: {stop.message}"
