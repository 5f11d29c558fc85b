"""From nodes to lengths of time: how long something may take, and how often it looks."""

from datetime import timedelta
from typing import Final

from runner.catalogue.manifest import Confirmation
from runner.core.values import LiteralInvalid, duration_from_text
from runner.documents.nodes import ScalarNode
from runner.playbook.model import Every
from runner.playbook.reading import Findings

WAIT_EVERY: Final = Every(start=timedelta(seconds=2), end=timedelta(seconds=30))
"""How often a wait looks that does not say it."""

RETRY_EVERY: Final = Every(start=timedelta(seconds=1), end=timedelta(seconds=30))
"""How long a retry pauses that does not say it."""

_NO_TIME: Final = timedelta(0)


def duration_at(scalar: ScalarNode | None, findings: Findings) -> timedelta | None:
    """Read a positive duration; None, with a finding, where there is none."""
    return findings.converted(scalar, _positive_duration, code="literal-invalid")


def every_at(scalar: ScalarNode | None, findings: Findings) -> Every | None:
    """Read a pace; None, with a finding, where there is none."""
    return findings.converted(scalar, every_from_text, code="literal-invalid")


def every_from_text(text: str) -> Every:
    """Read ``5s`` or ``5s..30s``.

    Errors: ``LiteralInvalid``.
    """
    first, dots, last = text.partition("..")
    start = _positive_duration(first)
    end = _positive_duration(last) if dots else start
    if end < start:
        raise LiteralInvalid(f"{text!r} ends below its start: write the shorter pause first")
    return Every(start=start, end=end)


def cadence_of(confirmation: Confirmation) -> Every:
    """Return how often an action's end is looked for, as its manifest says."""
    return Every(
        start=timedelta(seconds=confirmation.every_s),
        end=timedelta(seconds=confirmation.every_s_max),
    )


def _positive_duration(text: str) -> timedelta:
    duration = duration_from_text(text)
    if duration <= _NO_TIME:
        raise LiteralInvalid(f"{text!r} is no time at all")
    return duration
