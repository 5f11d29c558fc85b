"""From nodes to the action a step names and the arguments it gives."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from runner.catalogue.manifest import RAW_PREFIX, ActionKind, Argument, Manifest
from runner.core.diagnostics import did_you_mean
from runner.documents.nodes import Entry, MappingNode, ScalarNode
from runner.playbook.expressions.template import Template
from runner.playbook.model import Input, Playbook
from runner.playbook.reading import Findings, entries_at, mapping_at
from runner.playbook.workshop import Workshop, build_template

_STEP_KEYS: Final = frozenset({"within", "wait", "uses", "until", "timeout"})
"""Keys that look a little like ``with`` and are not."""


def find_manifest(
    scalar: ScalarNode | None, key: str, path: str, shop: Workshop
) -> Manifest | None:
    """Find the action a step names; None, with findings, where it cannot be used like this.

    Shapes: ``key`` is ``uses``, ``effect``, or ``wait`` for what stands in a wait.
    """
    wanted = _KINDS_OF[key]
    manifest = None if scalar is None else shop.manifests.get(scalar.text)
    if manifest is not None and manifest.kind in wanted:
        return manifest
    shop.gaps.blur(path)
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
        hint=_likely_action(scalar.text, shop.manifests, is_effect=key == "effect"),
    )
    return None


def _likely_action(word: str, manifests: Mapping[str, Manifest], *, is_effect: bool) -> str:
    is_raw = word.startswith(RAW_PREFIX)
    if not is_raw and not is_effect and f"{RAW_PREFIX}{word}" in manifests:
        return f'did you mean "{RAW_PREFIX}{word}"?'
    family = [name for name in manifests if name.startswith(RAW_PREFIX) == is_raw]
    return did_you_mean(word, [name for name in family if manifests[name].is_effect is is_effect])


_KINDS_OF: Final = {
    "uses": frozenset({ActionKind.READ, ActionKind.NOTIFY}),
    "wait": frozenset({ActionKind.READ}),
    "effect": frozenset({ActionKind.EFFECT, ActionKind.REPEATABLE}),
}
"""Which actions may stand where."""
_KIND_WORDS: Final = {
    ActionKind.READ: "is a read and moves nothing",
    ActionKind.EFFECT: "moves something and is not a read",
    ActionKind.REPEATABLE: "changes something and is not a read",
    ActionKind.NOTIFY: "tells somebody something and is neither a read nor an effect",
}
_KIND_HINTS: Final = {
    ActionKind.READ: "write uses: {name}",
    ActionKind.EFFECT: "write effect: {name}, in a step of its own",
    ActionKind.REPEATABLE: "write effect: {name}, in a step of its own",
    ActionKind.NOTIFY: "write uses: {name}, in a step of its own",
}


def build_arguments(
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


def build_inputs_of(
    node: MappingNode, name: ScalarNode, playbook: Playbook, shop: Workshop
) -> Mapping[str, Template]:
    """Build what stands under ``with``, held against the inputs a called playbook declares."""
    arguments: dict[str, Template] = {}
    given = {entry.key.text for entry in entries_at(node, "with")}
    absent = [each.name for each in playbook.inputs.values() if each.name not in given]
    misspelt: set[str] = set()
    for entry in entries_at(node, "with"):
        if entry.key.text not in playbook.inputs:
            misspelt.update(_nearest(entry.key.text, absent))
            shop.findings.add(
                "unknown-argument",
                f'{playbook.name} declares no input "{entry.key.text}"',
                entry.key.span,
                hint=did_you_mean(entry.key.text, absent or list(playbook.inputs))
                or f"{playbook.name} takes no inputs",
            )
            continue
        template = build_template(entry.value, shop.findings)
        if template is not None:
            arguments[entry.key.text] = template
    if not _lost_arguments(node):
        for declared in _required(playbook.inputs.values(), given | misspelt):
            shop.findings.add(
                "missing-argument",
                f'{playbook.name} needs the input "{declared.name}"',
                name.span,
                hint=f"add {declared.name} under with: {declared.summary or declared.type}",
            )
    return arguments


def _required(inputs: Iterable[Input], given: Collection[str]) -> list[Input]:
    return [each for each in inputs if each.required and each.name not in given]
