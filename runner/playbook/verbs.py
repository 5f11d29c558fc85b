"""From nodes to the verbs that hold no steps: reads, effects, waits, pauses, calls."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from runner.catalogue.manifest import Manifest
from runner.core.diagnostics import did_you_mean
from runner.core.types import TIMESTAMP
from runner.core.values import value_from_text
from runner.documents.nodes import MappingNode, ScalarNode
from runner.playbook.arguments import build_arguments, build_inputs_of, find_manifest
from runner.playbook.expressions.parse import Expression, parse_expression
from runner.playbook.loops import count_at
from runner.playbook.model import (
    Bare,
    Call,
    Confirm,
    Drift,
    Effect,
    Pause,
    Retry,
    Use,
    Verb,
    Wait,
)
from runner.playbook.paces import RETRY_EVERY, WAIT_EVERY, cadence_of, duration_at, every_at
from runner.playbook.reading import Findings, mapping_at, scalar_at
from runner.playbook.workshop import Workshop, expression_or_true

ATTEMPTS_MAX: Final = 20
_NO_TIME: Final = timedelta(0)


def _build_use(node: MappingNode, path: str, shop: Workshop) -> Verb:
    manifest = find_manifest(scalar_at(node, "uses"), "uses", path, shop)
    if manifest is None:
        return Bare()
    arguments = build_arguments(node, manifest, shop)
    return Use(manifest=manifest, arguments=arguments, retry=_retry(node, shop.findings))


def _build_effect(node: MappingNode, path: str, shop: Workshop) -> Verb:
    manifest = find_manifest(scalar_at(node, "effect"), "effect", path, shop)
    if manifest is None:
        return Bare()
    findings = shop.findings
    within = duration_at(scalar_at(node, "within"), findings)
    return Effect(
        manifest=manifest,
        arguments=build_arguments(node, manifest, shop),
        confirm=_confirm(scalar_at(node, "confirm"), findings),
        within=within or timedelta(seconds=manifest.confirmation.within_s),
        every=every_at(scalar_at(node, "every"), findings) or cadence_of(manifest.confirmation),
        drift=_drift(scalar_at(node, "drift"), manifest, findings),
    )


def _build_wait(step: MappingNode, path: str, shop: Workshop) -> Verb:
    node = mapping_at(step, "wait")
    if node is None:
        shop.gaps.blur(path)
        return Bare()
    manifest = find_manifest(scalar_at(node, "uses"), "wait", path, shop)
    until, fail_if = node.get("until"), node.get("fail_if")
    timeout = duration_at(scalar_at(node, "timeout"), shop.findings)
    if manifest is None:
        return Bare()
    return Wait(
        manifest=manifest,
        arguments=build_arguments(node, manifest, shop),
        until=expression_or_true(until if until is not None else node, shop.findings),
        fail_if=None if fail_if is None else expression_or_true(fail_if, shop.findings),
        every=every_at(scalar_at(node, "every"), shop.findings) or WAIT_EVERY,
        timeout=timeout or _NO_TIME,
    )


def _build_pause(step: MappingNode, _path: str, shop: Workshop) -> Verb:
    node = step.get("pause")
    if isinstance(node, ScalarNode):
        return Pause(length=duration_at(node, shop.findings) or _NO_TIME)
    until = node.get("until") if isinstance(node, MappingNode) else None
    if until is None:
        return Bare()
    return Pause(until=_moment(until, shop.findings) if isinstance(until, ScalarNode) else None)


def _moment(node: ScalarNode, findings: Findings) -> Expression:
    """Read an expression, or a moment written out, which is none."""
    try:
        value_from_text(node.text, TIMESTAMP)
    except ValueError:
        return expression_or_true(node, findings)
    return parse_expression(f'timestamp("{node.text}")', lambda _start, _end: node.span)


def _build_call(node: MappingNode, path: str, shop: Workshop) -> Verb:
    name = scalar_at(node, "playbook")
    playbook = None if name is None else shop.called(name)
    if name is None or playbook is None:
        shop.gaps.blur(path)
        return Bare()
    arguments = build_inputs_of(node, name, playbook, shop)
    return Call(playbook=playbook, arguments=arguments)


SIMPLE_VERBS: Final[Mapping[str, Callable[[MappingNode, str, Workshop], Verb]]] = {
    "uses": _build_use,
    "effect": _build_effect,
    "wait": _build_wait,
    "pause": _build_pause,
    "playbook": _build_call,
}
"""How a step's verb is built, by its key; each takes the step's node and path."""


def _retry(step: MappingNode, findings: Findings) -> Retry | None:
    node = mapping_at(step, "retry")
    if node is None:
        return None
    attempts = count_at(scalar_at(node, "attempts"), ATTEMPTS_MAX, findings)
    every = every_at(scalar_at(node, "every"), findings) or RETRY_EVERY
    return None if attempts is None else Retry(attempts=attempts, every=every)


def _confirm(scalar: ScalarNode | None, findings: Findings) -> Confirm:
    if scalar is None:
        return Confirm.FINAL
    if scalar.text in {each.value for each in Confirm}:
        return Confirm(scalar.text)
    findings.add(
        "wrong-value",
        f'"{scalar.text}" does not say when the step ends',
        scalar.span,
        hint="write final (the default) or accepted",
    )
    return Confirm.FINAL


def _drift(scalar: ScalarNode | None, manifest: Manifest, findings: Findings) -> Drift:
    if scalar is None:
        return Drift.EXACT
    words = [each.value for each in Drift]
    if scalar.text not in words:
        findings.add(
            "wrong-value",
            f'"{scalar.text}" does not say how far the effect may differ from its plan',
            scalar.span,
            hint=did_you_mean(scalar.text, words),
        )
        return Drift.EXACT
    drift = Drift(scalar.text)
    if drift is Drift.AT_MOST and manifest.argument("amount") is None:
        findings.add(
            "wrong-value",
            f"{manifest.name} has no amount that could be less than planned",
            scalar.span,
            hint="write exact (the default) or planned",
        )
    return drift
