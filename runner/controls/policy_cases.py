"""``kind: PolicyTest``: what a policy must say about effects, and whether it does."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from runner.controls.directory import Directory
from runner.controls.policy import (
    EffectFacts,
    Policy,
    Spent,
    Verdict,
    VerdictKind,
    decide,
    sums_asked,
)
from runner.controls.policy_file import UNKNOWN_NAMES, Names, known_names
from runner.controls.reading import Findings, mapping_of, scalar_of, text_of
from runner.core.clock import moment_from_text
from runner.core.diagnostics import did_you_mean
from runner.core.errors import InvalidInput
from runner.core.money import money_from_text
from runner.core.record import record
from runner.core.source import Span
from runner.core.values import duration_from_text
from runner.documents.nodes import MappingNode, Node, ScalarNode, SequenceNode

USUAL_MOMENT: Final = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""When a case is decided that does not say: a Monday at noon, so that no test depends on today."""

_FACTS: Final = ("action", "network", "wallet", "link", "destination", "playbook")


@record
class PolicyCase:
    """One case.

    Shapes: ``rule`` is the name of the rule that must decide, empty where none may match, and None
        where any may.
    """

    name: str
    effect: EffectFacts
    at: datetime
    before: tuple[Spent, ...]
    verdict: VerdictKind
    rule: str | None
    span: Span


@record
class CaseResult:
    """What a policy said about a case, and whether that is what was expected."""

    case: PolicyCase
    verdict: Verdict

    @property
    def passed(self) -> bool:
        """Tell whether the verdict is the one expected."""
        same_rule = self.case.rule is None or self.case.rule == self.verdict.rule
        return self.verdict.kind is self.case.verdict and same_rule


def cases_from_document(node: Node, *, directory: Directory | None) -> tuple[PolicyCase, ...]:
    """Build the cases from a document that fits ``schemas/policy-test.schema.json``.

    Shapes: ``directory`` is what names are checked against, or None to leave them unchecked.
    Errors: ``InvalidInput`` with names nobody knows, and amounts and moments that are none.
    """
    listed = mapping_of(node).get("cases")
    assert isinstance(listed, SequenceNode), "the schema promised a list of cases"
    reader = _Reader(directory)
    cases = tuple(reader.case(mapping_of(item)) for item in listed)
    if reader.findings.found:
        raise InvalidInput(tuple(reader.findings.found))
    return cases


def run_case(policy: Policy, case: PolicyCase) -> CaseResult:
    """Decide a case's effect."""
    asked = sums_asked(policy, case.effect, case.at)
    sums = {each: each.of(case.before) for each in asked}
    return CaseResult(case=case, verdict=decide(policy, case.effect, case.at, sums))


class _Reader:
    """Reads cases and collects what is wrong with them."""

    def __init__(self, directory: Directory | None) -> None:
        self.findings = Findings()
        self._directory = directory
        self._names: Names = known_names(directory)

    def case(self, body: MappingNode) -> PolicyCase:
        """Read one case; what could not be read is missing in it and found."""
        name = scalar_of(body, "name")
        assert name is not None, "the schema promised a name"
        at = self.findings.converted(scalar_of(body, "at"), _moment) or USUAL_MOMENT
        effect = self._effect(mapping_of(body.get("effect")), EffectFacts(action=""))
        expected = mapping_of(body.get("expect"))
        rule = scalar_of(expected, "rule")
        return PolicyCase(
            name=name.text,
            effect=effect,
            at=at,
            before=self._before(body.get("before"), effect, at),
            verdict=VerdictKind(text_of(expected, "verdict")),
            rule=None if rule is None else rule.text,
            span=name.span,
        )

    def _before(self, node: Node | None, effect: EffectFacts, at: datetime) -> tuple[Spent, ...]:
        if node is None:
            return ()
        assert isinstance(node, SequenceNode), "the schema promised a list"
        spent = []
        for item in node:
            body = mapping_of(item)
            ago = self.findings.converted(scalar_of(body, "ago"), duration_from_text)
            if ago is not None:
                spent.append(Spent(facts=self._effect(body, effect), at=at - ago))
        return tuple(spent)

    def _effect(self, body: MappingNode, usual: EffectFacts) -> EffectFacts:
        given = {name: text_of(body, name) or str(getattr(usual, name)) for name in _FACTS}
        for name in _FACTS:
            node = scalar_of(body, name)
            if node is not None:
                self._check(name, node.text, node)
        if body.get("link") is not None and body.get("wallet") is None:
            given["wallet"] = self._wallet_behind(given["link"])
        amount = scalar_of(body, "amount")
        money = self.findings.converted(amount, money_from_text)
        facts = EffectFacts(coin=usual.coin, amount=usual.amount, **given)
        if money is None or amount is None:
            return facts
        self._check("coin", money.coin, amount)
        return replace(facts, coin=money.coin, amount=money.amount)

    def _check(self, name: str, word: str, node: ScalarNode) -> None:
        if self._names.missing(name, word):
            code, what = UNKNOWN_NAMES[name]
            hint = did_you_mean(word, self._names.known[name])
            self.findings.add(code, f'{what} "{word}"', node.span, hint=hint)

    def _wallet_behind(self, link: str) -> str:
        if self._directory is None:
            return ""
        links = {**self._directory.mirror_links, **self._directory.mirrorx_links}
        return links[link].wallet if link in links else ""


def _moment(text: str) -> datetime:
    try:
        return moment_from_text(text)
    except (ValueError, OverflowError) as exc:
        raise ValueError(f"{text!r} is not a moment: write it like 2026-01-05T12:00:00Z") from exc
