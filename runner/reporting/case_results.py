"""What came of playbook tests, as data that every format of a report is made from."""

from runner.core.record import record
from runner.core.source import Span


@record
class Mismatch:
    """One expectation that was not met.

    Shapes: ``what`` names what was looked at, like ``balance of acme/prime-01, USDT``; ``place`` is
        where it was expected.
    """

    what: str
    expected: str
    actual: str
    place: Span


@record
class CaseResult:
    """What came of one case.

    Shapes: it has passed where ``mismatches`` is empty; ``summary`` is what happened, in a few
        words; ``story`` is what a person would have read of the run.
    Units: ``duration_s`` is real time, ``virtual_s`` that of the case's sandbox.
    """

    file: str
    playbook: str
    name: str
    place: Span
    summary: str
    mismatches: tuple[Mismatch, ...] = ()
    story: str = ""
    duration_s: float = 0.0
    virtual_s: float = 0.0

    @property
    def passed(self) -> bool:
        """Tell whether every expectation was met."""
        return not self.mismatches


@record
class Uncovered:
    """A step, or one way it can come out, that no case has shown."""

    path: str
    what: str
    place: Span


@record
class Coverage:
    """How much of one playbook its cases have shown.

    Shapes: ``covered`` of ``total`` goals were reached; ``missing`` are the others, in the order of
        the file.
    """

    playbook: str
    covered: int
    total: int
    missing: tuple[Uncovered, ...]

    @property
    def percent(self) -> int:
        """Return the part covered, rounded down, so that 100 means all."""
        return 100 if not self.total else self.covered * 100 // self.total


@record
class CasesRun:
    """Everything a report of playbook tests is made from.

    Shapes: ``coverage`` is empty unless it was asked for; ``deselected`` counts the cases left out
        by name; ``coverage_min`` is what was asked for at least, in percent.
    """

    cases: tuple[CaseResult, ...]
    coverage: tuple[Coverage, ...] = ()
    deselected: int = 0
    coverage_min: int = 0

    @property
    def failed(self) -> int:
        """Count the cases that have failed."""
        return sum(not case.passed for case in self.cases)

    @property
    def poorly_covered(self) -> tuple[Coverage, ...]:
        """Return the playbooks of which less is covered than was asked for."""
        return tuple(each for each in self.coverage if each.percent < self.coverage_min)
