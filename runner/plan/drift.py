"""One difference between what a plan pinned and what holds now."""

from runner.core.record import record


@record
class Drift:
    """One difference: where, what the plan pinned, and what holds now."""

    path: str
    what: str
    planned: str
    now: str

    def __str__(self) -> str:
        """Say it in one line, whatever line breaks somebody has written into the plan."""
        return " ".join(f"{self.path}: {self.what} was {self.planned}, is {self.now}".split())
