"""How a walk stops: a step that ends it, and gates that let nothing new begin.

A gate belongs to a loop or to parallel branches, and one to the whole walk. Once it is closed, what
is under way inside is finished and nothing else begins.
"""

from datetime import datetime

from runner.engine.verdict import RESUMABLE, Cause


class Stopped(Exception):
    """Ends the walk at a step, with what the verdict needs; control flow, never shown as it is.

    Shapes: ``kind`` is what a rescue reads as ``error.kind``; ``path`` is the step it began at, or
        empty; ``owner`` is the step whose ``timeout`` has passed, else empty; ``due`` is when
        something suspended is to be gone on with.
    """

    def __init__(
        self,
        cause: Cause,
        message: str,
        *,
        kind: str = "",
        path: str = "",
        owner: str = "",
        due: datetime | None = None,
    ) -> None:
        """Keep why, and the sentence for people."""
        super().__init__(message)
        self.cause = cause
        self.message = message
        self.kind = kind or cause.value
        self.path = path
        self.owner = owner
        self.due = due

    @property
    def resumable(self) -> bool:
        """Tell whether the run can go on from here later."""
        return self.cause in RESUMABLE


class Withdrawn(Exception):
    """A step does not begin, because something else has ended what it is part of."""

    def __init__(self, by: Stopped) -> None:
        """Keep what closed the gate."""
        super().__init__(by.message)
        self.by = by


class Gate:
    """Open until something inside has ended for all."""

    __slots__ = ("_by", "_outer")

    def __init__(self, outer: "Gate | None" = None) -> None:
        """Make an open gate inside another."""
        self._outer = outer
        self._by: Stopped | None = None

    @property
    def closed_by(self) -> Stopped | None:
        """Return what closed this gate or one around it, or None."""
        if self._by is not None:
            return self._by
        return None if self._outer is None else self._outer.closed_by

    def close(self, by: Stopped) -> None:
        """Let nothing new begin; the first reason stays."""
        if self._by is None:
            self._by = by

    def require_open(self) -> None:
        """Let a step begin.

        Errors: ``Withdrawn``.
        """
        by = self.closed_by
        if by is not None:
            raise Withdrawn(by)
