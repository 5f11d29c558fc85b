"""Caps: the most that may go through a profile in one effect, one run and one day.

They are the last resort behind a policy with a mistake in it, so they know nothing but counts and
amounts by coin. A coin that a list of amounts does not name has the cap zero.

A day is any 24 hours, so that no calendar's day can hold more either.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from runner.controls.policy import EffectFacts, Spent
from runner.core.money import CONTEXT, ZERO, Money
from runner.core.record import record

DAY = timedelta(hours=24)


@record
class Cap:
    """The most of several effects.

    Shapes: ``count`` is None where nothing limits how many; ``total`` is by coin, and None where
        nothing limits the amounts; ``place`` is where it stands, ``file:line``.
    """

    place: str
    count: int | None = None
    total: Mapping[str, Decimal] | None = None

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        if self.total is not None:
            object.__setattr__(self, "total", MappingProxyType(dict(self.total)))


@record
class Caps:
    """What a profile caps; None where it does not."""

    per_effect: Cap | None = None
    per_run: Cap | None = None
    per_day: Cap | None = None


@record
class Passed:
    """A cap that an effect would pass: its name in the profile, a sentence, and its place."""

    name: str
    reason: str
    place: str


@record
class Counted:
    """Effects that count beside the one to be decided.

    Shapes: ``run`` are those of its own run; ``day`` are those of the last 24 hours.
    """

    run: tuple[Spent, ...] = field(default=())
    day: tuple[Spent, ...] = field(default=())


def passed_cap(caps: Caps, effect: EffectFacts, counted: Counted) -> Passed | None:
    """Return the first cap that an effect would pass, or None."""
    checks = (
        ("per_effect", caps.per_effect, ()),
        ("per_run", caps.per_run, counted.run),
        ("per_day", caps.per_day, counted.day),
    )
    for name, cap, others in checks:
        reason = "" if cap is None else _reason(cap, effect, others)
        if cap is not None and reason:
            return Passed(name=name, reason=f"{name}: {reason}", place=cap.place)
    return None


def since_day(at: datetime) -> datetime:
    """Return the moment from which effects count for a day."""
    return at - DAY


def _reason(cap: Cap, effect: EffectFacts, others: Iterable[Spent]) -> str:
    count, total = 1, effect.amount
    for spent in others:
        count += 1
        if spent.facts.coin == effect.coin:
            total = CONTEXT.add(total, spent.facts.amount)
    if cap.count is not None and count > cap.count:
        return f"this would be effect {count}, the cap is {cap.count}"
    if cap.total is None or not effect.coin:
        return ""
    most = cap.total.get(effect.coin, ZERO)
    if total <= most:
        return ""
    cap_words = f"is {Money(most, effect.coin)}"
    if effect.coin not in cap.total:
        cap_words = f"names only {', '.join(sorted(cap.total)) or 'no coin'}"
    return f"this would come to {Money(total, effect.coin)}, the cap {cap_words}"
