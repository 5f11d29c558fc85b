"""What a case expects, read and checked against the playbook and the world."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from runner.app.testing.model import (
    AssertWanted,
    BalanceWanted,
    EffectWanted,
    Expect,
    OutputWanted,
    PlanWanted,
    Text,
    VerdictWanted,
)
from runner.app.testing.paths import without_keys
from runner.catalogue.manifests import MANIFESTS
from runner.controls.reading import Findings, entries_of, mapping_of, scalar_of, scalars_of, text_of
from runner.core.diagnostics import CODES, did_you_mean
from runner.core.errors import ExitCode
from runner.core.money import amount_from_stored, money_from_text
from runner.core.source import Span
from runner.core.types import BOOL
from runner.documents.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode
from runner.playbook.build import Draft
from runner.playbook.check import check_playbook
from runner.playbook.expressions.parse import Locate
from runner.playbook.expressions.template import Template
from runner.playbook.model import Effect, Output, Playbook, Step
from runner.playbook.parts import part_from_node
from runner.playbook.reading import Findings as PlaybookFindings
from runner.playbook.workshop import Gaps, build_expression
from runner.sandbox.world import World

_UNKNOWN = "unknown"
BINANCE = "binance:"
"""What stands before the UID of a Binance account among the names of accounts."""


class Expecting:
    """Reads the expectations of one file's cases."""

    def __init__(self, playbook: Playbook, steps: Mapping[str, Step], findings: Findings) -> None:
        """Take the playbook and its steps by path; what is wrong goes into ``findings``."""
        self._playbook = playbook
        self._effects = [path for path, step in steps.items() if isinstance(step.verb, Effect)]
        self._findings = findings
        self._asserts: list[AssertWanted] = []

    def read(self, case: MappingNode, world: World, *, only_plan: bool) -> Expect:
        """Read what one case expects."""
        node = case.get("expect")
        place = case.span if node is None else node.span
        body = case.with_entries({}) if node is None else mapping_of(node)
        exit_code = scalar_of(body, "exit")
        effects = body.entry("effects")
        other_balances = body.entry("other_balances")
        plan = body.get("plan")
        expect = Expect(
            exit_code=self._exit_code(exit_code),
            exit_span=place if exit_code is None else exit_code.span,
            messages=tuple(_texts(body.get("message"))),
            effects=tuple(self._effect(each) for each in entries_of(body, "effects")),
            effects_span=place if effects is None else effects.key.span,
            other_effects="other_effects" in body,
            balances=tuple(self._balances(body.get("balances"), world)),
            others_unchanged=None if other_balances is None else other_balances.key.span,
            outputs=tuple(self._outputs(entries_of(body, "outputs"))),
            asserts=tuple(self._asserted(body.get("asserts"))),
            diagnostics=tuple(self._codes(body)),
            verdicts=tuple(self._verdict(each) for each in entries_of(body, "verdicts")),
            plan=None if plan is None else self._plan(mapping_of(plan), world),
        )
        if only_plan:
            self._refuse_after_plan(body)
        return expect

    def _exit_code(self, scalar: ScalarNode | None) -> ExitCode:
        if scalar is None:
            return ExitCode.DONE
        known = {str(code.value): code for code in ExitCode}
        if scalar.text not in known:
            hint = did_you_mean(scalar.text, known)
            self._findings.add("wrong-value", f"no exit code {scalar.text}", scalar.span, hint=hint)
        return known.get(scalar.text, ExitCode.DONE)

    def _refuse_after_plan(self, body: MappingNode) -> None:
        for key in ("balances", "other_balances", "outputs", "asserts"):
            entry = body.entry(key)
            if entry is not None:
                words = f"{key} cannot be expected of a case that ends with its plan"
                hint = "delete it, or delete only: plan"
                self._findings.add("wrong-value", words, entry.key.span, hint=hint)

    def _effect(self, entry: Entry) -> EffectWanted:
        body = mapping_of(entry.value)
        self._known_effect(entry.key)
        action = scalar_of(body, "action")
        if action is not None and action.text not in MANIFESTS:
            hint = did_you_mean(action.text, MANIFESTS)
            words = f'no action "{action.text}"'
            self._findings.add("unknown-action", words, action.span, hint=hint)
        return EffectWanted(
            path=entry.key.text,
            action=text_of(body, "action"),
            amount=self._findings.converted(scalar_of(body, "amount"), money_from_text),
            state=text_of(body, "state") or "confirmed",
            span=entry.key.span,
        )

    def _known_effect(self, scalar: ScalarNode) -> None:
        if without_keys(scalar.text) not in self._effects:
            words = f'no effect has the path "{scalar.text}"'
            hint = did_you_mean(scalar.text, self._effects)
            self._findings.add("unknown-step", words, scalar.span, hint=hint)

    def _balances(self, node: Node | None, world: World) -> Iterator[BalanceWanted]:
        if node is None:
            return
        accounts = account_names(world)
        coins = {coin.symbol: coin.networks for coin in world.coins}
        for account in mapping_of(node).entries:
            self._known("wrong-value", "account", account.key, accounts)
            for coin in mapping_of(account.value).entries:
                self._known("unknown-coin", "coin", coin.key, coins)
                for network, scalar in _by_network(coin):
                    if network is not None:
                        known = coins.get(coin.key.text, ())
                        self._known("unknown-network", "network", network, known)
                    yield BalanceWanted(
                        account=account.key.text,
                        coin=coin.key.text,
                        network="" if network is None else network.text,
                        amount=self._amount(scalar),
                        span=scalar.span,
                    )

    def _amount(self, scalar: ScalarNode) -> Decimal | None:
        if scalar.text == _UNKNOWN:
            return None
        return self._findings.converted(scalar, amount_from_stored)

    def _known(self, code: str, what: str, scalar: ScalarNode, known: Iterable[str]) -> None:
        if scalar.text not in known:
            hint = did_you_mean(scalar.text, known)
            words = f'this world has no {what} "{scalar.text}"'
            self._findings.add(code, words, scalar.span, hint=hint)

    def _outputs(self, entries: Iterable[Entry]) -> Iterator[OutputWanted]:
        for entry in entries:
            name = entry.key.text
            if name not in self._playbook.outputs:
                hint = did_you_mean(name, self._playbook.outputs) or "it has none"
                words = f'{self._playbook.name} has no output "{name}"'
                self._findings.add("unknown-name", words, entry.key.span, hint=hint)
                continue
            yield OutputWanted(name=name, part=part_from_node(entry.value), span=entry.value.span)

    def _asserted(self, node: Node | None) -> Iterator[AssertWanted]:
        if node is None:
            return
        assert isinstance(node, SequenceNode), "the schema promised a list"
        for item in node:
            found = PlaybookFindings()
            expression = build_expression(item, found)
            self._findings.found += found.found
            if expression is not None:
                wanted = AssertWanted(expression=expression, span=item.span)
                self._asserts.append(wanted)
                yield wanted

    def check_asserts(self) -> None:
        """Check the conditions of all cases as outputs of the playbook are checked."""
        if self._asserts:
            found = PlaybookFindings()
            playbook = with_asserts(self._playbook, self._asserts)
            check_playbook(Draft(playbook=playbook, gaps=Gaps()), MANIFESTS, found, [])
            self._findings.found += found.found

    def _codes(self, body: MappingNode) -> Iterator[Text]:
        for scalar in scalars_of(body, "diagnostics"):
            if scalar.text not in CODES:
                hint = did_you_mean(scalar.text, CODES)
                words = f'no diagnostic has the code "{scalar.text}"'
                self._findings.add("wrong-value", words, scalar.span, hint=hint)
            yield Text(text=scalar.text, span=scalar.span)

    def _verdict(self, entry: Entry) -> VerdictWanted:
        body = mapping_of(entry.value)
        self._known_effect(entry.key)
        rule = scalar_of(body, "rule")
        return VerdictWanted(
            path=entry.key.text,
            verdict=text_of(body, "verdict"),
            rule=None if rule is None else rule.text,
            span=entry.key.span,
        )

    def _plan(self, body: MappingNode, world: World) -> PlanWanted:
        for scalar in scalars_of(body, "undecided"):
            self._known_effect(scalar)
        return PlanWanted(
            undecided=_listed(body, "undecided"),
            warnings=_listed(body, "warnings"),
            projected=tuple(self._balances(body.get("projected"), world)),
            span=body.span,
        )


def with_asserts(playbook: Playbook, asserts: Iterable[AssertWanted]) -> Playbook:
    """Return a playbook whose outputs are conditions of its tests, numbered from 1."""
    outputs = {
        f"assert_{number}": Output(
            name=f"assert_{number}",
            type=BOOL,
            value=Template(
                text=each.expression.text, parts=(each.expression,), locate=_always(each.span)
            ),
            span=each.span,
        )
        for number, each in enumerate(asserts, start=1)
    }
    return replace(playbook, outputs=outputs)


def account_names(world: World) -> Mapping[str, str]:
    """Return the names of a world's accounts and the ids that its ledger has them under."""
    owners: dict[str, str] = {wallet.name: wallet.id for wallet in world.wallets}
    owners |= {link.name: link.id for link in world.mirror_links}
    owners |= {link.name: link.id for link in world.mirrorx_links}
    uids = [link.binance_uid for link in world.mirror_links]
    uids += [link.binance_uid for link in world.mirrorx_links]
    uids += [account.uid for account in world.exchange_accounts]
    return owners | {f"{BINANCE}{uid}": uid for uid in uids}


def _always(span: Span) -> Locate:
    return lambda _start, _end: span


def _texts(node: Node | None) -> Iterator[Text]:
    items = node if isinstance(node, SequenceNode) else (node,)
    for item in items:
        if isinstance(item, ScalarNode):
            yield Text(text=item.text, span=item.span)


def _listed(body: MappingNode, key: str) -> tuple[Text, ...] | None:
    return tuple(_texts(body.get(key))) if key in body else None


def _by_network(coin: Entry) -> Iterator[tuple[ScalarNode | None, ScalarNode]]:
    if isinstance(coin.value, ScalarNode):
        yield None, coin.value
        return
    for entry in mapping_of(coin.value).entries:
        assert isinstance(entry.value, ScalarNode), "the schema promised a scalar"
        yield entry.key, entry.value
