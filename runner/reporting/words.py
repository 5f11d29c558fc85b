"""How exit codes, durations, moments and amounts are said on a screen."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

from runner.core.errors import ExitCode
from runner.core.jsonvalue import JsonValue, canonical_json
from runner.core.money import amount_text

EXIT_WORDS: Mapping[ExitCode, str] = MappingProxyType(
    {
        ExitCode.DONE: "done",
        ExitCode.FAILED: "a step or an effect failed; every effect is final",
        ExitCode.HAS_EFFECTS: "the plan has effects",
        ExitCode.INVALID: "playbook, inputs, settings, store or credentials are invalid",
        ExitCode.ENDED_BEFORE_SENDING: "ended before anything was sent",
        ExitCode.DENIED: "denied",
        ExitCode.NOT_APPROVED: "not approved",
        ExitCode.PLAN_REFUSED: "the plan was refused",
        ExitCode.LOCKED: "something needed is owned by another run",
        ExitCode.UNREACHABLE: "the custodian cannot be reached; nothing is open",
        ExitCode.OUTCOME_UNKNOWN: "outcome unknown: a person must look; do not retry blindly",
        ExitCode.DIFFERENCES: "differences were found",
        ExitCode.NOT_FINAL: "accepted, not final yet",
        ExitCode.ENDED_AFTER_SENDING: "ended after the first send; every sent effect is confirmed",
        ExitCode.USAGE: "the command line makes no sense",
        ExitCode.BUG: "a bug in runner",
        ExitCode.INTERRUPTED: "interrupted",
        ExitCode.TERMINATED: "terminated",
    }
)
"""One phrase for every exit code.

Source: DESIGN section 8, the table of exit codes.
"""

_MINUTE_S = 60
_HOUR_S = 3600
_TEN_S = 10


def spoken_duration(duration_s: float) -> str:
    """Say a duration: ``0.12s``, ``12.3s``, ``1m 05s``, ``2h 03m``.

    Units: seconds; rounded down, so that a deadline is never said to be further away than it is.
    """
    hundredths = max(int(duration_s * 100 + 1e-6), 0)
    seconds = hundredths // 100
    if seconds >= _HOUR_S:
        return f"{seconds // _HOUR_S}h {seconds % _HOUR_S // _MINUTE_S:02d}m"
    if seconds >= _MINUTE_S:
        return f"{seconds // _MINUTE_S}m {seconds % _MINUTE_S:02d}s"
    if seconds >= _TEN_S:
        return f"{seconds}.{hundredths % 100 // 10}s"
    return f"{seconds}.{hundredths % 100:02d}s"


def spoken_time(moment: datetime) -> str:
    """Say the time of a day in UTC: ``12:30:05Z``."""
    return f"{moment.astimezone(UTC):%H:%M:%S}Z"


def spoken_moment(moment: datetime) -> str:
    """Say a moment in UTC to the second: ``2026-11-22 12:30:05Z``."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def spoken_amount(amount: Decimal | None) -> str:
    """Say an amount, or ``?`` where it is not known."""
    return "?" if amount is None else amount_text(amount)


def spoken_value(value: JsonValue) -> str:
    """Say a journalled value: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else canonical_json(value).decode("utf-8")
