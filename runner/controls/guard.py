"""The guard: policy and caps of one profile, as one question before every send.

Everything is pure. ``asked`` says which spent effects an answer needs, ``verdict`` gives it; who
keeps the books reads them in between, in the transaction that writes the intent.
"""

from collections.abc import Iterable
from dataclasses import field
from datetime import datetime

from runner.controls.caps import Caps, Counted, passed_cap, since_day
from runner.controls.policy import (
    EffectFacts,
    Policy,
    Spent,
    Tried,
    Verdict,
    VerdictKind,
    decide,
    sums_asked,
    trace,
)
from runner.controls.sums import sums_of
from runner.core.record import record


@record
class SpentAsked:
    """Which spent effects an answer needs.

    Shapes: those at or after ``since``, none where it is None, and those of the own run as well
        where ``own_run`` is True, whenever they were; of ``coin`` alone, or of all coins where it
        is empty.
    """

    since: datetime | None
    own_run: bool
    coin: str = ""


@record
class Guard:
    """What one profile lets through.

    Shapes: ``policy`` is None where there is no policy file; ``without`` is the verdict then.
    """

    policy: Policy | None
    without: Verdict
    caps: Caps = field(default_factory=Caps)

    def asked(self, effect: EffectFacts, at: datetime) -> SpentAsked:
        """Say which spent effects deciding this one needs."""
        moments = (
            [each.since for each in sums_asked(self.policy, effect, at)] if self.policy else []
        )
        if self.caps.per_day is not None:
            moments.append(since_day(at))
        own_run = self.caps.per_run is not None
        # Caps count effects of every coin, sums those of the effect's own.
        coin = "" if own_run or self.caps.per_day is not None else effect.coin
        return SpentAsked(since=min(moments, default=None), own_run=own_run, coin=coin)

    def verdict(
        self, effect: EffectFacts, at: datetime, spent: Iterable[Spent], *, run_id: str
    ) -> Verdict:
        """Decide one effect of a run.

        Shapes: ``spent`` holds everything that was asked for, without the effect itself; more does
            no harm.
        """
        books = tuple(spent)
        counted = Counted(
            run=tuple(each for each in books if each.run_id == run_id),
            day=tuple(each for each in books if each.at >= since_day(at)),
        )
        passed = passed_cap(self.caps, effect, counted)
        if passed is not None:
            return Verdict(
                kind=VerdictKind.DENY,
                rule=f"caps.{passed.name}",
                reason=passed.reason,
                place=passed.place,
            )
        if self.policy is None:
            return self.without
        sums = sums_of(sums_asked(self.policy, effect, at), books)
        return decide(self.policy, effect, at, sums)

    def trace(self, effect: EffectFacts, at: datetime, spent: Iterable[Spent]) -> tuple[Tried, ...]:
        """Return the rules that are tried for an effect, in their order."""
        if self.policy is None:
            return ()
        books = tuple(spent)
        sums = sums_of(sums_asked(self.policy, effect, at), books)
        return trace(self.policy, effect, at, sums)


def stricter(one: Verdict, other: Verdict) -> Verdict:
    """Return the stricter of two verdicts, the first where they are equally strict."""
    order = tuple(VerdictKind)
    return other if order.index(other.kind) > order.index(one.kind) else one


def open_guard(words: str) -> Guard:
    """Return the guard of a sandbox without a policy: everything passes, and it says so."""
    verdict = Verdict(kind=VerdictKind.ALLOW, rule="", reason=words, place="")
    return Guard(policy=None, without=verdict)


def closed_guard(words: str) -> Guard:
    """Return the guard of a custodian without a policy: nothing passes."""
    verdict = Verdict(kind=VerdictKind.DENY, rule="", reason=words, place="")
    return Guard(policy=None, without=verdict)
