"""Many sums of one set of spent effects: each effect is looked at once, and each sum adds groups.

Effects that differ in amount and moment alone form a group; what a sum takes of a group is its
youngest effects, whose totals are kept. So a hundred sums of a hundred thousand effects cost little
more than one, and give exactly what adding up one by one gives.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from operator import attrgetter

from runner.controls.policy import EffectFacts, Spent, SumAsked
from runner.core.money import CONTEXT, ZERO
from runner.core.record import record

_kind_of = attrgetter(*(each.name for each in fields(EffectFacts) if each.name != "amount"))
"""Everything that a sum can ask for, as one value."""


@record
class _Group:
    """Spent effects of one kind, oldest first.

    Shapes: ``totals[i]`` is the sum of the effects from ``moments[i]`` on.
    """

    example: Spent
    moments: tuple[datetime, ...]
    totals: tuple[Decimal, ...]

    def since(self, moment: datetime) -> Decimal:
        """Return the sum from a moment on, inclusive."""
        at = bisect_left(self.moments, moment)
        return self.totals[at] if at < len(self.totals) else ZERO


def sums_of(asked: Iterable[SumAsked], spent: Iterable[Spent]) -> Mapping[SumAsked, Decimal]:
    """Add up every sum, exactly."""
    wanted = tuple(asked)
    if not wanted:
        return {}
    kinds: dict[tuple[str, ...], list[Spent]] = {}
    for each in spent:
        kinds.setdefault(_kind_of(each.facts), []).append(each)
    groups = [_group(members) for members in kinds.values()]
    return {one: _sum(one, groups) for one in wanted}


def _sum(asked: SumAsked, groups: Iterable[_Group]) -> Decimal:
    total = ZERO
    for group in groups:
        if asked.fits(group.example.facts):
            total = CONTEXT.add(total, group.since(asked.since))
    return total


def _group(members: list[Spent]) -> _Group:
    ordered = sorted(members, key=attrgetter("at"))
    totals: list[Decimal] = []
    total = ZERO
    for each in reversed(ordered):
        total = CONTEXT.add(total, each.facts.amount)
        totals.append(total)
    moments = tuple(each.at for each in ordered)
    return _Group(example=ordered[0], moments=moments, totals=tuple(reversed(totals)))
