"""The policy: ordered rules over effects, the first match decides, and no match denies.

The evaluator is pure. Rules that bound a sum over a window cannot know it, so an evaluation has two
steps: ``sums_asked`` names every sum that may be needed, whoever keeps the books reads them, and
``decide`` is given them. In between nothing may be written, so a store does both in the transaction
that writes the effect's intent.

Words: the *effect* is the one to be decided; *spent* is an effect that counts, because it has an
intent and was not proven to move nothing. A sum is of spent effects of the effect's coin, and of
the effect itself.

Example: ``sum: {window: 24h, at_most: 1000 USDT, per: [link]}`` matches while what one link has
spent in the last 24 hours, and this effect, come to 1,000 USDT or less.

Limits: coins are never added up or converted; a bound that does not name the effect's coin does not
match, whatever the amount.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import PurePath
from types import MappingProxyType
from zoneinfo import ZoneInfo

from runner.core.money import CONTEXT, ZERO, Money
from runner.core.record import record
from runner.core.source import Span

FIELDS = ("action", "coin", "network", "wallet", "link", "destination", "playbook")
"""The facts of an effect that rules match by their text."""

DECISIONS = ("resolve", "lock_break", "state_adopt", "start")
"""What people decide beside plans, as the control section names it."""

SCOPES = ("action", "network", "wallet", "link", "destination", "playbook")
"""The facts a sum can be kept apart by; it is always of one coin."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The days of the week, as ``datetime.weekday`` counts them."""


@record
class EffectFacts:
    """What a rule can see of an effect.

    Shapes: names are the directory's; a fact an effect does not have is empty, its amount zero.
    """

    action: str
    coin: str = ""
    amount: Decimal = ZERO
    network: str = ""
    wallet: str = ""
    link: str = ""
    destination: str = ""
    playbook: str = ""


@record
class Spent:
    """An effect that counts in sums, when its intent was written, and by which run."""

    facts: EffectFacts
    at: datetime
    run_id: str = ""


class VerdictKind(StrEnum):
    """What a rule says, from the mildest to the strictest."""

    ALLOW = "allow"
    APPROVE = "approve"
    DENY = "deny"


@record
class Approval:
    """Whose approval a rule asks for.

    Shapes: ``count`` persons, at least one, of ``groups``; ``delay`` is how long after the plan was
        made an approval can count at the earliest.
    """

    groups: tuple[str, ...]
    count: int = 1
    delay: timedelta = timedelta()


@record
class Verdict:
    """What was decided about one effect.

    Shapes: ``rule`` is the name of the rule that matched, and empty where none did; ``place`` is
        where that rule stands, ``file:line``, and empty with it; ``approval`` is there for APPROVE.
    """

    kind: VerdictKind
    rule: str
    reason: str
    place: str
    approval: Approval | None = None


@record
class Bounds:
    """An amount's limits, by coin.

    Shapes: ``above`` is exclusive, ``at_most`` inclusive. A side that is given matches only coins
        it names.
    """

    above: Mapping[str, Decimal] = field(default_factory=dict)
    at_most: Mapping[str, Decimal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        object.__setattr__(self, "above", MappingProxyType(dict(self.above)))
        object.__setattr__(self, "at_most", MappingProxyType(dict(self.at_most)))

    def problem(self, money: Money) -> str:
        """Say why an amount is outside, or nothing where it is inside."""
        for named, words in ((self.above, "above"), (self.at_most, "at_most")):
            if named and money.coin not in named:
                return f"{words} names no {money.coin or 'amount without a coin'}"
        if self.above and not money.amount > self.above[money.coin]:
            return f"{money} is not above {Money(self.above[money.coin], money.coin)}"
        if self.at_most and not money.amount <= self.at_most[money.coin]:
            return f"{money} is above {Money(self.at_most[money.coin], money.coin)}"
        return ""


@record
class SumBound:
    """Limits of what was spent within a window, this effect included.

    Shapes: ``per`` names the facts, of ``SCOPES``, that spent effects must share with this one; the
        rule's own words about facts hold for them as well.
    """

    window: timedelta
    bounds: Bounds
    per: tuple[str, ...] = ()


@record
class Hours:
    """When a rule matches.

    Shapes: ``days`` are of ``DAYS``, all where empty; ``start`` is inclusive, ``end`` exclusive,
        both None for the whole day; hours that end before they start go on past midnight, and a
        day is then the day they began on.
    """

    zone: ZoneInfo
    days: frozenset[str] = frozenset()
    start: time | None = None
    end: time | None = None

    def problem(self, moment: datetime) -> str:
        """Say why a moment is outside, or nothing where it is inside."""
        local = moment.astimezone(self.zone)
        clock = local.time()
        day = local.weekday()
        if self.start is not None and self.end is not None:
            inside = self.start <= clock < self.end
            if self.start >= self.end:
                inside = clock >= self.start or clock < self.end
                day = (day - 1) % len(DAYS) if clock < self.end else day
            if not inside:
                return (
                    f"{local:%H:%M} {self.zone.key} is outside {self.start:%H:%M}-{self.end:%H:%M}"
                )
        if self.days and DAYS[day] not in self.days:
            return f"{DAYS[day]} in {self.zone.key} is none of {_listed(self.days)}"
        return ""


@record
class Rule:
    """One rule.

    Shapes: ``words`` maps facts, of ``FIELDS``, to the texts one of which must match, where ``*``
        stands for any text; a fact that is not in it may be anything. An empty fact matches
        nothing but a missing word.
    """

    name: str
    reason: str
    verdict: VerdictKind
    span: Span
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hours: Hours | None = None
    amount: Bounds | None = None
    sum: SumBound | None = None
    approval: Approval | None = None

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "words", MappingProxyType(dict(self.words)))

    @property
    def place(self) -> str:
        """Return where the rule stands, as ``file:line``, the file without its folder."""
        return f"{PurePath(self.span.file).name}:{self.span.line}"

    def problem(self, effect: EffectFacts, at: datetime, total: Decimal) -> str:
        """Say why the rule does not match, or nothing where it does.

        Shapes: ``total`` is the rule's sum with the effect in it; any number where it has none.
        """
        wrong = words_problem(self.words, effect)
        if not wrong and self.hours is not None:
            wrong = self.hours.problem(at)
        if not wrong and self.amount is not None:
            wrong = self.amount.problem(Money(effect.amount, effect.coin))
        if not wrong and self.sum is not None:
            wrong = self.sum.bounds.problem(Money(total, effect.coin))
            wrong = wrong and f"the sum: {wrong}"
        return wrong


@record
class Control:
    """Who signs what people decide beside the effects of a plan.

    Shapes: ``decisions`` maps ``resolve``, ``lock_break``, ``state_adopt`` and ``start`` to whose
        signatures each needs; one that is not in it needs none.
    """

    is_plan_signed: bool = False
    decisions: Mapping[str, Approval] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "decisions", MappingProxyType(dict(self.decisions)))


@record
class Policy:
    """All rules, in their order; ``file`` is the name of the file they stand in."""

    rules: tuple[Rule, ...]
    file: str
    control: Control = field(default_factory=Control)


@record
class SumAsked:
    """One sum that an evaluation needs.

    Shapes: of spent effects of ``coin`` at or after ``since`` whose facts match ``words``, as a
        rule's do, and equal ``same``; the effect to be decided is not in it.
    """

    since: datetime
    coin: str
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()
    same: tuple[tuple[str, str], ...] = ()

    def counts(self, spent: Spent) -> bool:
        """Tell whether a spent effect is in the sum."""
        return spent.at >= self.since and self.fits(spent.facts)

    def fits(self, facts: EffectFacts) -> bool:
        """Tell whether effects of such facts are in the sum, whenever they were."""
        return (
            facts.coin == self.coin
            and all(getattr(facts, name) == text for name, text in self.same)
            and not words_problem(dict(self.words), facts)
        )

    def of(self, spent: Iterable[Spent]) -> Decimal:
        """Add up, exactly."""
        total = ZERO
        for each in spent:
            if self.counts(each):
                total = CONTEXT.add(total, each.facts.amount)
        return total


@record
class Tried:
    """One rule on the way to a verdict; ``problem`` says why it did not match, empty if it did."""

    rule: Rule
    problem: str


def sums_asked(policy: Policy, effect: EffectFacts, at: datetime) -> tuple[SumAsked, ...]:
    """Name every sum that deciding an effect may need, each once."""
    asked = (_asked(rule, effect, at) for rule in policy.rules)
    return tuple(dict.fromkeys(each for each in asked if each is not None))


def decide(
    policy: Policy, effect: EffectFacts, at: datetime, sums: Mapping[SumAsked, Decimal]
) -> Verdict:
    """Decide one effect.

    Shapes: ``sums`` has everything that ``sums_asked`` names for the same arguments.
    """
    tried = trace(policy, effect, at, sums)
    if not tried or tried[-1].problem:
        return no_match(policy.file)
    rule = tried[-1].rule
    return Verdict(
        kind=rule.verdict,
        rule=rule.name,
        reason=rule.reason,
        place=rule.place,
        approval=rule.approval,
    )


def trace(
    policy: Policy, effect: EffectFacts, at: datetime, sums: Mapping[SumAsked, Decimal]
) -> tuple[Tried, ...]:
    """Return the rules that were tried, in their order, up to the first that matches."""
    tried = []
    for rule in policy.rules:
        asked = _asked(rule, effect, at)
        total = ZERO if asked is None else CONTEXT.add(sums[asked], effect.amount)
        tried.append(Tried(rule=rule, problem=rule.problem(effect, at, total)))
        if not tried[-1].problem:
            break
    return tuple(tried)


def no_match(file: str) -> Verdict:
    """Return the verdict where no rule matched, or none was written."""
    return Verdict(
        kind=VerdictKind.DENY,
        rule="",
        reason=f"no rule of {file} matches, and what no rule matches is denied",
        place="",
    )


def words_problem(words: Mapping[str, tuple[str, ...]], effect: EffectFacts) -> str:
    """Say which fact has another text than a rule asks for, or nothing."""
    for name, wanted in words.items():
        text: str = getattr(effect, name)
        if not text:
            return f"the effect has no {name}"
        if not any(is_match(word, text) for word in wanted):
            return f"{name} {text} is not {' or '.join(wanted)}"
    return ""


def is_match(word: str, text: str) -> bool:
    """Tell whether a rule's word, in which ``*`` stands for any text, is that text."""
    # Only the star is special: what else fnmatch knows is refused when the policy is read.
    return word == text or ("*" in word and fnmatchcase(text, word))


def _asked(rule: Rule, effect: EffectFacts, at: datetime) -> SumAsked | None:
    if rule.sum is None or words_problem(rule.words, effect):
        return None
    # Words about the coin are about the one coin of the sum.
    words = tuple((name, wanted) for name, wanted in rule.words.items() if name != "coin")
    return SumAsked(
        since=at - rule.sum.window,
        coin=effect.coin,
        words=words,
        same=tuple((name, str(getattr(effect, name))) for name in rule.sum.per),
    )


def _listed(days: Iterable[str]) -> str:
    return ", ".join(sorted(days, key=DAYS.index))
