"""One event to several reports, none of which can hurt the run or each other."""

import contextlib
from collections.abc import Callable, Sequence

from runner.engine.events import Emit, Event


class Broadcast:
    """Hands every event to every reporter; one that raises is left out from then on.

    ``emit`` never raises. Shapes: ``on_failure`` is told once for each reporter that failed.
    """

    def __init__(self, reporters: Sequence[Emit], on_failure: Callable[[Exception], None]) -> None:
        """Report to all of these."""
        self._reporters = list(reporters)
        self._on_failure = on_failure

    def emit(self, event: Event) -> None:
        """Report one event."""
        for reporter in tuple(self._reporters):
            try:
                reporter(event)
            except Exception as exc:  # noqa: BLE001 -- a report must never end a run
                self._reporters.remove(reporter)
                self._tell(exc)

    def _tell(self, failure: Exception) -> None:
        # When even this fails, nobody is left to be told.
        with contextlib.suppress(Exception):
            self._on_failure(failure)
