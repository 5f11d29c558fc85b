"""What is strange about a policy that can be read: rules that never decide anything.

A rule that an earlier one hides, or that nothing can match, is not what its author meant, and the
next reader will believe that it is in force. All of these are warnings: the policy does what it
says, which is why the rules are ordered.

Limits: a rule hidden by several earlier ones together, none of which hides it alone, is not found.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from runner.controls.directory import Directory
from runner.controls.policy import FIELDS, Bounds, Hours, Policy, Rule, SumBound, is_match
from runner.controls.policy_file import Names, known_names
from runner.core.diagnostics import Diagnostic, Severity


def policy_doubts(policy: Policy, *, directory: Directory | None = None) -> tuple[Diagnostic, ...]:
    """Return the warnings about a policy, in the order of its rules.

    Shapes: ``directory`` is what names stand for, or None where it is not known.
    """
    names = known_names(directory)
    found = []
    for index, rule in enumerate(policy.rules):
        impossible = next(_contradictions(rule, directory), "")
        hiding = next((each for each in policy.rules[:index] if _hides(each, rule, names)), None)
        if impossible:
            summary = f'rule "{rule.name}" can never match: {impossible}'
            found.append(_doubt("policy-rule-impossible", summary, rule, "change it or remove it"))
        elif hiding is not None:
            summary = f'rule "{rule.name}" is never reached: "{hiding.name}" decides before it'
            hint = f"move it above line {hiding.span.line}, or remove it"
            found.append(_doubt("policy-rule-unreachable", summary, rule, hint))
    last = policy.rules[-1]
    if not is_catch_all(last):
        summary = "the last rule does not match everything"
        hint = "add a last rule without match: what no rule matches is denied without a reason"
        found.append(_doubt("policy-open-end", summary, last, hint))
    return tuple(found)


def is_catch_all(rule: Rule) -> bool:
    """Tell whether a rule matches every effect at any time."""
    return not rule.words and rule.hours is None and rule.amount is None and rule.sum is None


def _contradictions(rule: Rule, directory: Directory | None) -> Iterator[str]:
    bounds = [each for each in (rule.amount, rule.sum and rule.sum.bounds) if each]
    for each in bounds:
        yield from _empty_bounds(each)
        coins = each.above.keys() or each.at_most.keys()
        if "coin" in rule.words and not _any_match(rule.words["coin"], coins):
            yield f"its limits name no coin that is {' or '.join(rule.words['coin'])}"
    if rule.amount and rule.sum:
        yield from _amount_above_sum(rule.amount, rule.sum.bounds)
    if directory is not None and {"link", "wallet"} <= rule.words.keys():
        links = [*directory.mirror_links.values(), *directory.mirrorx_links.values()]
        meant = [each for each in links if _any_match(rule.words["link"], (each.name,))]
        if not _any_match(rule.words["wallet"], (each.wallet for each in meant)):
            yield "none of its links is of its wallets"


def _empty_bounds(bounds: Bounds) -> Iterator[str]:
    if not bounds.above or not bounds.at_most:
        return
    shared = bounds.above.keys() & bounds.at_most.keys()
    if not shared:
        yield "its limits name different coins"
    elif all(bounds.above[coin] >= bounds.at_most[coin] for coin in shared):
        yield f"no {' or '.join(sorted(shared))} amount is within its limits"


def _amount_above_sum(amount: Bounds, total: Bounds) -> Iterator[str]:
    # The effect itself is part of the sum.
    if not amount.above or not total.at_most:
        return
    shared = amount.above.keys() & total.at_most.keys()
    if all(amount.above[coin] >= total.at_most[coin] for coin in shared):
        yield "an amount it asks for is by itself above the sum it allows"


def _hides(earlier: Rule, later: Rule, names: Names) -> bool:
    """Tell whether everything the later rule matches is decided by the earlier one."""
    return (
        all(_covers_words(earlier, later, name, names) for name in FIELDS)
        and _covers_hours(earlier.hours, later.hours)
        and _covers_bounds(earlier.amount, later.amount, _coins(later, names))
        and _covers_sum(earlier, later, _coins(later, names))
    )


def _covers_words(earlier: Rule, later: Rule, name: str, names: Names) -> bool:
    if name not in earlier.words:
        return True
    meant = _texts(later.words.get(name), names.known.get(name))
    # A fact that a rule asks for must be there, whatever it is.
    if name not in later.words:
        return False
    return all(any(_covers_word(a, b) for a in earlier.words[name]) for b in meant)


def _texts(words: tuple[str, ...] | None, known: frozenset[str] | None) -> tuple[str, ...]:
    """Replace patterns by the names they stand for, where all names are known."""
    if words is None:
        return ()
    if known is None:
        return words
    return tuple(text for text in sorted(known) if _any_match(words, (text,)))


def _covers_word(wide: str, narrow: str) -> bool:
    if "*" not in narrow:
        return is_match(wide, narrow)
    head, star, tail = wide.partition("*")
    return wide == narrow or (bool(star) and not tail and narrow.startswith(head))


def _covers_hours(earlier: Hours | None, later: Hours | None) -> bool:
    if earlier is None or earlier == later:
        return True
    if later is None or earlier.zone.key != later.zone.key:
        return False
    same_hours = earlier.start is None or (earlier.start, earlier.end) == (later.start, later.end)
    return same_hours and (not earlier.days or (bool(later.days) and later.days <= earlier.days))


def _coins(rule: Rule, names: Names) -> frozenset[str] | None:
    """Return the coins a rule can match, or None where they cannot be listed."""
    sides = [
        side.keys()
        for bounds in (rule.amount, rule.sum and rule.sum.bounds)
        if bounds
        for side in (bounds.above, bounds.at_most)
        if side
    ]
    if sides:
        return frozenset.intersection(*map(frozenset, sides))
    words = rule.words.get("coin")
    if words is None:
        return None
    if all("*" not in word for word in words):
        return frozenset(words)
    known = names.known.get("coin")
    return None if known is None else frozenset(c for c in known if _any_match(words, (c,)))


def _covers_bounds(
    earlier: Bounds | None, later: Bounds | None, coins: frozenset[str] | None
) -> bool:
    if earlier is None:
        return True
    if later is None or not coins:
        return False
    return all(
        _is_side_covered(earlier.above, later.above, coin, is_lower=True)
        and _is_side_covered(earlier.at_most, later.at_most, coin, is_lower=False)
        for coin in coins
    )


def _is_side_covered(
    earlier: Mapping[str, Decimal], later: Mapping[str, Decimal], coin: str, *, is_lower: bool
) -> bool:
    if not earlier:
        return True
    if coin not in earlier or coin not in later:
        return False
    return later[coin] >= earlier[coin] if is_lower else later[coin] <= earlier[coin]


def _covers_sum(earlier: Rule, later: Rule, coins: frozenset[str] | None) -> bool:
    # A sum is over what the rule's own words match, so that two rules have one sum only where
    # their words are the same.
    one: SumBound | None = earlier.sum
    other: SumBound | None = later.sum
    if one is None:
        return True
    if other is None or earlier.words != later.words:
        return False
    same = one.window == other.window and sorted(one.per) == sorted(other.per)
    return same and _covers_bounds(one.bounds, other.bounds, coins)


def _any_match(words: Iterable[str], texts: Iterable[str]) -> bool:
    known = list(texts)
    return any(is_match(word, text) for word in words for text in known)


def _doubt(code: str, summary: str, rule: Rule, hint: str) -> Diagnostic:
    return Diagnostic(
        code=code, summary=summary, span=rule.span, hint=hint, severity=Severity.WARNING
    )
