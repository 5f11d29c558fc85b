"""From nodes to steps: verbs with their arguments, and the modifiers of every verb."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from runner.catalogue.manifest import RAW_PREFIX, ActionKind, Argument, Confirmation, Manifest
from runner.core.diagnostics import did_you_mean
from runner.core.errors import InvalidInput
from runner.core.record import record
from runner.core.values import LiteralInvalid, duration_from_text
from runner.documents.nodes import Entry, MappingNode, Node, ScalarNode
from runner.playbook.expressions.parse import Expression, parse_expression
from runner.playbook.expressions.template import Template, parse_bare, parse_template
from runner.playbook.model import Bare, Confirm, Effect, Every, Let, Step, Use, Verb, Wait
from runner.playbook.names import local_problem
from runner.playbook.reading import (
    Findings,
    entries_at,
    mapping_at,
    scalar_at,
    scalars_of,
    text_at,
)

VERB_KEYS: Final = ("uses", "effect", "wait")
WAIT_EVERY: Final = Every(start=timedelta(seconds=2), end=timedelta(seconds=30))
"""How often a wait looks that does not say it."""

_STEP_KEYS: Final = frozenset({"within", "wait", "uses", "until", "timeout"})
"""Keys that look a little like ``with`` and are not."""

_NO_TIME: Final = timedelta(0)


@dataclass(slots=True)
class Gaps:
    """What could not be built, so that checking says nothing more about it.

    Shapes: ``steps`` holds the paths of steps whose action is not known; ``lets`` pairs of a step's
        path and a name; ``may`` the actions whose limits are not known.
    """

    inputs: set[str] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    lets: set[tuple[str, str]] = field(default_factory=set)
    may: set[str] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        """Tell whether every expression can be judged."""
        return not (self.inputs or self.steps or self.lets)


@record
class Workshop:
    """What building a step needs besides its node."""

    manifests: Mapping[str, Manifest]
    findings: Findings
    gaps: Gaps


def build_step(node: Node, position: int, shop: Workshop) -> Step | None:
    """Build one step; None where the node is no mapping at all.

    Shapes: ``position`` counts from 1.
    """
    if not isinstance(node, MappingNode):
        return None
    id_ = text_at(node, "id")
    path = id_ or f"[{position}]"
    message = node.get("message")
    condition = node.get("if")
    return Step(
        path=path,
        id=id_,
        title=text_at(node, "name") or path,
        verb=_build_verb(node, path, shop),
        lets=tuple(
            let for entry in entries_at(node, "let") if (let := _build_let(entry, path, shop))
        ),
        condition=None if condition is None else _expression_or_true(condition, shop),
        asserts=tuple(
            expression
            for scalar in scalars_of(node.get("assert"))
            if (expression := build_expression(scalar, shop.findings))
        ),
        message=None if message is None else build_template(message, shop.findings),
        span=_place_of(node).span,
    )


def build_template(node: Node, findings: Findings) -> Template | None:
    """Read a text that may hold ``${{ }}``; None, with findings, where it cannot be read."""
    if not isinstance(node, ScalarNode):
        findings.add("wrong-type", "a text or a number is needed here", node.span)
        return None
    try:
        return parse_template(node.text, node.locate)
    except InvalidInput as exc:
        findings.extend(exc.diagnostics)
        return None


def build_expression(node: Node, findings: Findings) -> Expression | None:
    """Read a bare expression; None, with findings, where it cannot be read."""
    if not isinstance(node, ScalarNode):
        findings.add("wrong-type", "an expression is needed here", node.span)
        return None
    try:
        return parse_bare(node.text, node.locate)
    except InvalidInput as exc:
        findings.extend(exc.diagnostics)
        return None


def _expression_or_true(node: Node, shop: Workshop) -> Expression:
    # A stand-in keeps the step's place; the file is refused in any case.
    return build_expression(node, shop.findings) or parse_expression(
        "true", lambda _start, _end: node.span
    )


def _place_of(node: MappingNode) -> Node:
    """Return what a finding about the step as a whole points at: its id, else its first key."""
    return scalar_at(node, "id") or next((entry.key for entry in node.entries), node)


def _build_let(entry: Entry, path: str, shop: Workshop) -> Let | None:
    name = entry.key.text
    problem = local_problem(name)
    if problem:
        shop.findings.add("wrong-value", f"a let cannot have this name: {problem}", entry.key.span)
    expression = build_expression(entry.value, shop.findings)
    if problem or expression is None:
        shop.gaps.lets.add((path, name))
        return None
    return Let(name=name, value=expression)


def _build_verb(node: MappingNode, path: str, shop: Workshop) -> Verb:
    key = next((key for key in VERB_KEYS if key in node), "")
    if not key:
        return Bare()
    if key == "wait":
        inner = mapping_at(node, "wait")
        return Bare() if inner is None else _build_wait(inner, path, shop)
    manifest = _manifest(scalar_at(node, key), key, path, shop)
    if manifest is None:
        return Bare()
    arguments = _build_arguments(node, manifest, shop)
    if key == "uses":
        timeout = _duration(scalar_at(node, "timeout"), shop.findings)
        return Use(manifest=manifest, arguments=arguments, timeout=timeout)
    within = _duration(scalar_at(node, "within"), shop.findings)
    return Effect(
        manifest=manifest,
        arguments=arguments,
        confirm=_confirm(scalar_at(node, "confirm"), shop.findings),
        within=within or timedelta(seconds=manifest.confirmation.within_s),
        every=_every(scalar_at(node, "every"), shop.findings) or _cadence(manifest.confirmation),
    )


def _build_wait(node: MappingNode, path: str, shop: Workshop) -> Verb:
    uses = scalar_at(node, "uses")
    manifest = _manifest(uses, "uses", path, shop)
    until, fail_if = node.get("until"), node.get("fail_if")
    timeout = _duration(scalar_at(node, "timeout"), shop.findings)
    if manifest is None:
        return Bare()
    return Wait(
        manifest=manifest,
        arguments=_build_arguments(node, manifest, shop),
        until=_expression_or_true(until if until is not None else node, shop),
        fail_if=None if fail_if is None else _expression_or_true(fail_if, shop),
        every=_every(scalar_at(node, "every"), shop.findings) or WAIT_EVERY,
        timeout=timeout or _NO_TIME,
    )


def _manifest(scalar: ScalarNode | None, key: str, path: str, shop: Workshop) -> Manifest | None:
    """Find the action a step names; None, with findings, where it cannot be used like this."""
    wanted = key == "effect"
    manifest = None if scalar is None else shop.manifests.get(scalar.text)
    if manifest is not None and manifest.is_effect is wanted:
        return manifest
    shop.gaps.steps.add(path)
    if scalar is None:
        return None
    if manifest is not None:
        shop.findings.add(
            "action-kind",
            f"{manifest.name} {_KIND_WORDS[manifest.kind]}",
            scalar.span,
            hint=_KIND_HINTS[manifest.kind].format(name=manifest.name),
        )
        return None
    shop.findings.add(
        "unknown-action",
        f'no action has the name "{scalar.text}"',
        scalar.span,
        hint=_likely_action(scalar.text, shop.manifests, is_effect=wanted),
    )
    return None


def _likely_action(word: str, manifests: Mapping[str, Manifest], *, is_effect: bool) -> str:
    is_raw = word.startswith(RAW_PREFIX)
    if not is_raw and not is_effect and f"{RAW_PREFIX}{word}" in manifests:
        return f'did you mean "{RAW_PREFIX}{word}"?'
    family = [name for name in manifests if name.startswith(RAW_PREFIX) == is_raw]
    return did_you_mean(word, [name for name in family if manifests[name].is_effect is is_effect])


_KIND_WORDS: Final = {
    ActionKind.READ: "is a read and moves nothing",
    ActionKind.EFFECT: "moves something and is not a read",
    ActionKind.REPEATABLE: "changes something and is not a read",
}
_KIND_HINTS: Final = {
    ActionKind.READ: "write uses: {name}",
    ActionKind.EFFECT: "write effect: {name}, in a step of its own",
    ActionKind.REPEATABLE: "write effect: {name}, in a step of its own",
}


def _build_arguments(
    node: MappingNode, manifest: Manifest, shop: Workshop
) -> Mapping[str, Template]:
    """Build what stands under ``with``, held against what the action takes."""
    arguments: dict[str, Template] = {}
    given = {entry.key.text for entry in entries_at(node, "with")}
    absent = [each for each in manifest.arguments if each.name not in given]
    missing = [each.name for each in absent]
    misspelt: set[str] = set()
    for entry in entries_at(node, "with"):
        name = entry.key.text
        if manifest.argument(name) is None:
            misspelt.update(_nearest(name, missing))
            _refuse_argument(entry, manifest, missing, shop.findings)
            continue
        template = build_template(entry.value, shop.findings)
        if template is not None:
            arguments[name] = template
    # What is misspelt is not missing as well, be it an argument or the word "with".
    lacking = [each for each in absent if _is_needed(each) and each.name not in misspelt]
    if lacking and not _lost_arguments(node):
        _require_arguments(node, manifest, lacking, shop.findings)
    return arguments


def _lost_arguments(node: MappingNode) -> bool:
    """Tell whether arguments were probably given where they could not be found."""
    if "with" in node:
        return mapping_at(node, "with") is None
    keys = [entry.key.text for entry in node.entries if entry.key.text not in _STEP_KEYS]
    return bool(_nearest("with", keys))


def _nearest(word: str, words: Sequence[str]) -> Sequence[str]:
    # Only a mistake pays for it.
    import difflib

    return difflib.get_close_matches(word, words, n=1)


def _refuse_argument(
    entry: Entry, manifest: Manifest, missing: Sequence[str], findings: Findings
) -> None:
    known = missing or [each.name for each in manifest.arguments]
    findings.add(
        "unknown-argument",
        f'{manifest.name} has no argument "{entry.key.text}"',
        entry.key.span,
        hint=did_you_mean(entry.key.text, known) or f"{manifest.name} takes no arguments",
    )


def _is_needed(argument: Argument) -> bool:
    return argument.required and argument.default is None


def _require_arguments(
    node: MappingNode, manifest: Manifest, lacking: Sequence[Argument], findings: Findings
) -> None:
    entry = next(entry for key in ("uses", "effect") if (entry := node.entry(key)))
    for argument in lacking:
        findings.add(
            "missing-argument",
            f'{manifest.name} needs the argument "{argument.name}"',
            entry.value.span,
            hint=f"add {argument.name} under with: {argument.summary or argument.type}",
        )


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


def _cadence(confirmation: Confirmation) -> Every:
    return Every(
        start=timedelta(seconds=confirmation.every_s),
        end=timedelta(seconds=confirmation.every_s_max),
    )


def _duration(scalar: ScalarNode | None, findings: Findings) -> timedelta | None:
    return findings.converted(scalar, _positive_duration, code="literal-invalid")


def _every(scalar: ScalarNode | None, findings: Findings) -> Every | None:
    return findings.converted(scalar, every_from_text, code="literal-invalid")


def _positive_duration(text: str) -> timedelta:
    duration = duration_from_text(text)
    if duration <= _NO_TIME:
        raise LiteralInvalid(f"{text!r} is no time at all")
    return duration


def every_from_text(text: str) -> Every:
    """Read ``5s`` or ``5s..30s``.

    Errors: ``LiteralInvalid``.
    """
    first, dots, last = text.partition("..")
    start = _positive_duration(first)
    end = _positive_duration(last) if dots else start
    if end < start:
        raise LiteralInvalid(f"{text!r} ends below its start: write the shorter pause first")
    return Every(start=start, end=end)
