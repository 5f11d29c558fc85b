"""``policy.yaml`` -> the policy, with everything that is wrong with it said at once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from runner.catalogue.manifest import ActionKind
from runner.catalogue.manifests import MANIFESTS
from runner.controls.directory import Directory
from runner.controls.policy import (
    DECISIONS,
    FIELDS,
    Approval,
    Bounds,
    Control,
    Hours,
    Policy,
    Rule,
    SumBound,
    VerdictKind,
    is_match,
)
from runner.controls.reading import Findings, mapping_of, scalar_of, scalars_of, text_of
from runner.core.diagnostics import did_you_mean
from runner.core.errors import InvalidInput
from runner.core.money import money_from_text
from runner.core.record import record
from runner.core.values import duration_from_text
from runner.documents.nodes import MappingNode, Node, ScalarNode, SequenceNode

POLICY_FILE = "policy.yaml"

UNKNOWN_NAMES: Final = {
    "action": ("unknown-action", "there is no effect"),
    "coin": ("unknown-coin", "the directory has no coin"),
    "network": ("unknown-network", "the directory has no network"),
    "wallet": ("unknown-wallet", "the directory has no wallet"),
    "link": ("unknown-link", "the directory has no link"),
    "destination": ("unknown-destination", "the directory has no destination"),
}
"""The code and the words for a name of each fact that nobody knows."""


@record
class Names:
    """The texts each fact can have; a fact that is not in it can have any."""

    known: Mapping[str, frozenset[str]]

    def missing(self, name: str, word: str) -> bool:
        """Tell whether a rule's word can match nothing there is."""
        known = self.known.get(name)
        return known is not None and not any(is_match(word, text) for text in known)


def known_names(directory: Directory | None) -> Names:
    """Return the names rules can use; those of the directory only where it is given."""
    effects = frozenset(m.name for m in MANIFESTS.values() if m.kind is not ActionKind.READ)
    if directory is None:
        return Names(known={"action": effects})
    return Names(
        known={
            "action": effects,
            "coin": frozenset(directory.coins),
            "network": directory.networks,
            "wallet": frozenset(directory.wallets),
            "link": frozenset({*directory.mirror_links, *directory.mirrorx_links}),
            # A transfer goes to a wallet, a withdrawal to a destination.
            "destination": frozenset({*directory.destinations, *directory.wallets}),
        }
    )


def policy_from_document(node: Node, *, directory: Directory | None = None) -> Policy:
    """Build the policy from a document that fits ``schemas/policy.schema.json``.

    Shapes: ``directory`` is what names are checked against, or None to leave them unchecked.
    Errors: ``InvalidInput`` with everything a schema cannot see: two rules of one name, names that
        nobody knows, amounts, durations and zones that are none.
    """
    findings = Findings()
    listed = mapping_of(node).get("rules")
    assert isinstance(listed, SequenceNode), "the schema promised a list of rules"
    reader = _Reader(findings, known_names(directory))
    rules = tuple(reader.rule(mapping_of(item)) for item in listed)
    first: dict[str, Rule] = {}
    for rule in rules:
        if first.setdefault(rule.name, rule) is not rule:
            summary = f'two rules are called "{rule.name}"'
            findings.add("duplicate-id", summary, rule.span, hint="a verdict names one rule")
    control = reader.control(mapping_of(node).get("control"))
    if findings.found:
        raise InvalidInput(tuple(findings.found))
    return Policy(rules=rules, file=Path(node.source.name).name, control=control)


class _Reader:
    """Reads rules and collects what is wrong with them."""

    def __init__(self, findings: Findings, names: Names) -> None:
        self._findings = findings
        self._names = names

    def rule(self, body: MappingNode) -> Rule:
        """Read one rule; what could not be read is missing in it and found."""
        name = scalar_of(body, "name")
        assert name is not None, "the schema promised a name"
        kind, approval = self._verdict(body)
        rule = Rule(
            name=name.text,
            reason=text_of(body, "reason"),
            verdict=kind,
            approval=approval,
            span=name.span,
        )
        match = body.get("match")
        return rule if match is None else self._matched(rule, mapping_of(match))

    def _matched(self, rule: Rule, match: MappingNode) -> Rule:
        return replace(
            rule,
            words={
                name: self._words(name, match) for name in FIELDS if match.get(name) is not None
            },
            hours=self._hours(match),
            amount=self._bounds(match.get("amount")),
            sum=self._sum(match),
        )

    def _words(self, name: str, match: MappingNode) -> tuple[str, ...]:
        node = match.get(name)
        items = (node,) if isinstance(node, ScalarNode) else scalars_of(match, name)
        for item in items:
            if self._names.missing(name, item.text):
                star = " that matches" if "*" in item.text else ""
                code, what = UNKNOWN_NAMES[name]
                self._findings.add(
                    code,
                    f'{what}{star} "{item.text}"',
                    item.span,
                    hint=did_you_mean(item.text, self._names.known[name]),
                )
        return tuple(item.text for item in items)

    def _hours(self, match: MappingNode) -> Hours | None:
        node = match.get("time")
        if node is None:
            return None
        body = mapping_of(node)
        zone = self._findings.converted(scalar_of(body, "zone"), zone_from_text) or ZoneInfo("UTC")
        hours = scalar_of(body, "hours")
        start, end = (None, None) if hours is None else _times(hours.text)
        days = frozenset(item.text for item in scalars_of(body, "days"))
        return Hours(zone=zone, days=days, start=start, end=end)

    def _bounds(self, node: Node | None) -> Bounds | None:
        if node is None:
            return None
        body = mapping_of(node)
        return Bounds(above=self._monies(body, "above"), at_most=self._monies(body, "at_most"))

    def _sum(self, match: MappingNode) -> SumBound | None:
        node = match.get("sum")
        if node is None:
            return None
        body = mapping_of(node)
        bounds = self._bounds(body)
        assert bounds is not None, "a sum is a mapping"
        if not bounds.above and not bounds.at_most:
            self._findings.add(
                "missing-key",
                "the sum has no limit",
                node.span,
                hint="add above or at_most, like at_most: 100000 USDT",
            )
        window = self._findings.converted(scalar_of(body, "window"), _window)
        per = tuple(item.text for item in scalars_of(body, "per"))
        return SumBound(window=window or timedelta(days=1), bounds=bounds, per=per)

    def _monies(self, body: MappingNode, key: str) -> dict[str, Decimal]:
        node = body.get(key)
        if node is None:
            return {}
        return monies_from_node(node, self._findings, self._coin_problem)

    def _coin_problem(self, coin: str) -> tuple[str, str]:
        if not self._names.missing("coin", coin):
            return "", ""
        known = self._names.known["coin"]
        return f'the directory has no coin "{coin}"', did_you_mean(coin, known)

    def _verdict(self, body: MappingNode) -> tuple[VerdictKind, Approval | None]:
        node = body.get("verdict")
        if isinstance(node, ScalarNode):
            return VerdictKind(node.text), None
        return VerdictKind.APPROVE, self._approval(mapping_of(mapping_of(node).get("approve")))

    def control(self, node: Node | None) -> Control:
        """Read who signs what people decide."""
        if node is None:
            return Control()
        body = mapping_of(node)
        plan = body.get("plan")
        decisions = {
            name: self._approval(mapping_of(asked))
            for name in DECISIONS
            if (asked := body.get(name)) is not None
        }
        return Control(
            is_plan_signed=plan is not None and text_of(mapping_of(plan), "signed") == "true",
            decisions=decisions,
        )

    def _approval(self, approve: MappingNode) -> Approval:
        count = scalar_of(approve, "count")
        delay = self._findings.converted(scalar_of(approve, "delay"), duration_from_text)
        return Approval(
            groups=tuple(item.text for item in scalars_of(approve, "groups")),
            count=int(count.text) if count is not None else 1,
            delay=delay or timedelta(),
        )


def monies_from_node(
    node: Node,
    findings: Findings,
    coin_problem: Callable[[str], tuple[str, str]],
) -> dict[str, Decimal]:
    """Read one amount or a list of them, each of a coin of its own.

    Shapes: ``coin_problem`` gives a sentence and a hint for a coin nobody knows, else empty texts.
    """
    items: Iterable[Node] = (node,) if isinstance(node, ScalarNode) else _items(node)
    monies: dict[str, Decimal] = {}
    for item in items:
        assert isinstance(item, ScalarNode), "the schema promised amounts"
        money = findings.converted(item, money_from_text)
        if money is None:
            continue
        problem, hint = coin_problem(money.coin)
        if problem:
            findings.add("unknown-coin", problem, item.span, hint=hint)
        if money.coin in monies:
            summary = f"{money.coin} has two limits here"
            findings.add("wrong-value", summary, item.span, hint="write one amount for each coin")
        monies[money.coin] = money.amount
    return monies


def zone_from_text(text: str) -> ZoneInfo:
    """Find a time zone by its name.

    Errors: ``ValueError`` with a sentence for a name this machine does not know.
    """
    try:
        # What is not found is a KeyError; a folder, a path or rubbish are OSError and ValueError.
        return ZoneInfo(text)
    except (KeyError, OSError, ValueError) as exc:
        raise ValueError(
            f"{text!r} is not a time zone this machine knows: write a name like Europe/Zurich, and"
            " see that the system's tzdata is installed"
        ) from exc


def _items(node: Node) -> SequenceNode:
    assert isinstance(node, SequenceNode), "the schema promised a list of amounts"
    return node


def _times(text: str) -> tuple[time, time]:
    start, _, end = text.partition("-")
    return time.fromisoformat(start), time.fromisoformat(end)


def _window(text: str) -> timedelta:
    window = duration_from_text(text)
    if not window:
        raise ValueError("a window must be longer than nothing")
    return window
